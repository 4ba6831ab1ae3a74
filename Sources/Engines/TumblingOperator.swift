import Model
import Queries

/// Windows [s, s + size) with s = offset modulo size, per key (queries.md 3.3). A window comes out
/// once, when the watermark reaches its end plus the allowed lateness.
final class TumblingOperator: Operator {
  private let key: [Int]
  private let size: Nanoseconds
  private let offset: Nanoseconds
  private let lateness: Nanoseconds
  private let aggregates: [Aggregate]
  private let resolution: Nanoseconds
  private let onLate: (UnsafePointer<Int64>, Int64) -> Void
  private let losesTimers: Bool

  /// Digest of (key, start); start; null bits of the key; evidence in three words; latest time,
  /// source, sequence; rows; the key columns; two words for each aggregate: the value, 1 when
  /// there is one; of a sum the low word, and its high word doubled plus that 1.
  private var windows: KeyedTable
  private var nextEnd = Int64.max
  private var watermark = Int64.min
  private var snapshots: [UInt64: (KeyedTable, Int64, Int64)] = [:]
  private let scratch: UnsafeMutablePointer<Int64>
  private let firstKey = 10
  private var firstAggregate: Int { firstKey + key.count }

  /// Aggregates of which two words are enough; `WindowOperator` has the others.
  static func covers(_ aggregates: [Aggregate]) -> Bool {
    aggregates.allSatisfy {
      switch $0 {
      case .count, .sum, .min, .max: true
      default: false
      }
    }
  }

  init(
    key: [Int], size: Nanoseconds, offset: Nanoseconds, lateness: Nanoseconds,
    resolution: Nanoseconds, aggregates: [Aggregate], defects: Set<EngineDefect> = [],
    onLate: @escaping (UnsafePointer<Int64>, Int64) -> Void
  ) {
    self.key = key
    self.size = size
    self.offset = offset
    self.lateness = lateness
    self.aggregates = aggregates
    self.resolution = resolution
    self.onLate = onLate
    losesTimers = defects.contains(.lostTimer)
    windows = KeyedTable(words: 10 + key.count + 2 * aggregates.count)
    scratch = .allocate(capacity: RowLayout.header + key.count + 1 + aggregates.count)
    super.init(width: key.count + 1 + aggregates.count)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let t = row[0]
    let start = t - floorModulo(t - offset, size)
    if watermark >= start &+ size &+ lateness {
      onLate(row, watermark)
      return
    }
    var digest = scramble(UInt64(bitPattern: start))
    var nulls: UInt32 = 0
    for slot in key.indices {
      let isNull = RowLayout.isNull(row, key[slot])
      if isNull { nulls |= 1 << UInt32(slot) }
      let word = isNull ? 0x6e75_6c6c : UInt64(bitPattern: row[RowLayout.header + key[slot]])
      digest = scramble((digest &* 0x9E37_79B9_7F4A_7C15) ^ word &+ (isNull ? 1 : 0))
    }
    let (index, isNew) = windows.findOrAdd(digest == 0 ? 1 : digest)
    if !isNew { windows.touch(index) }
    let window = windows.row(index)
    if isNew { open(window, start: start, nulls: nulls, row) }
    addOrigin(window, row, origin)
    for slot in aggregates.indices {
      fold(aggregates[slot], row, window + firstAggregate + 2 * slot)
    }
  }

  private func open(
    _ window: UnsafeMutablePointer<Int64>, start: Int64, nulls: UInt32,
    _ row: UnsafePointer<Int64>
  ) {
    window[1] = start
    window[2] = Int64(nulls)
    window[6] = .min
    for slot in key.indices { window[firstKey + slot] = row[RowLayout.header + key[slot]] }
    nextEnd = min(nextEnd, start &+ size &+ lateness)
  }

  private func addOrigin(
    _ window: UnsafeMutablePointer<Int64>, _ row: UnsafePointer<Int64>,
    _ origin: UnsafePointer<Origin>?
  ) {
    let id = EventID(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2]))
    let evidence = origin?.pointee.evidence ?? Evidence(source: id.source, sequence: id.sequence)
    let latest = origin?.pointee.latest ?? id
    window[3] &+= Int64(bitPattern: evidence.count)
    window[4] &+= Int64(bitPattern: evidence.sum)
    window[5] ^= Int64(bitPattern: evidence.xor)
    let known = EventID(
      source: UInt32(truncatingIfNeeded: window[7]), sequence: UInt64(bitPattern: window[8]))
    if row[0] > window[6] || (row[0] == window[6] && known < latest) {
      window[6] = row[0]
      window[7] = Int64(latest.source)
      window[8] = Int64(bitPattern: latest.sequence)
    }
    window[9] &+= 1
  }

  private func fold(
    _ aggregate: Aggregate, _ row: UnsafePointer<Int64>, _ cell: UnsafeMutablePointer<Int64>
  ) {
    let column: Int
    switch aggregate {
    case .count:
      cell[0] += 1
      cell[1] = 1
      return
    case .sum(let c), .min(let c), .max(let c): column = c
    default: return
    }
    if RowLayout.isNull(row, column) { return }
    let x = row[RowLayout.header + column]
    let isFirst = cell[1] == 0
    switch aggregate {
    case .sum:
      let (low, carry) = UInt64(bitPattern: cell[0]).addingReportingOverflow(
        UInt64(bitPattern: x))
      cell[0] = Int64(bitPattern: low)
      cell[1] = cell[1] &+ 2 &* ((x >> 63) &+ (carry ? 1 : 0)) | 1
      return
    case .min: cell[0] = isFirst ? x : Swift.min(cell[0], x)
    case .max: cell[0] = isFirst ? x : Swift.max(cell[0], x)
    default: break
    }
    cell[1] = 1
  }

  package override func advance(to new: Int64) {
    if new <= watermark { return }
    watermark = new
    if new < nextEnd { return }
    nextEnd = .max
    let span = size &+ lateness
    windows.eachRow { window in
      let end = window[1] &+ span
      if end > new {
        nextEnd = Swift.min(nextEnd, end)
      } else if !(losesTimers && UInt64(bitPattern: window[0]) % 64 == 0) {
        emit(window)
      }
    }
    windows.remove { $0[1] &+ span <= new }
  }

  private func emit(_ window: UnsafeMutablePointer<Int64>) {
    var nulls = UInt32(truncatingIfNeeded: window[2])
    for slot in key.indices { scratch[RowLayout.header + slot] = window[firstKey + slot] }
    scratch[RowLayout.header + key.count] = window[1]
    for slot in aggregates.indices {
      let cell = window + firstAggregate + 2 * slot
      let place = key.count + 1 + slot
      scratch[RowLayout.header + place] = cell[0]
      if cell[1] == 0 || !fits(aggregates[slot], cell) { nulls |= 1 << UInt32(place) }
    }
    let latest = EventID(
      source: UInt32(truncatingIfNeeded: window[7]), sequence: UInt64(bitPattern: window[8]))
    scratch[0] = window[1] &+ size &- resolution
    scratch[1] = RowLayout.identity(source: latest.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: latest.sequence)
    var origin = Origin(
      evidence: Evidence(
        count: UInt64(bitPattern: window[3]), sum: UInt64(bitPattern: window[4]),
        xor: UInt64(bitPattern: window[5])),
      latest: latest)
    identify(&origin, scratch, 0...key.count)
    emit(scratch, &origin)
  }

  /// False for a sum whose high word is not the sign of its low one.
  private func fits(_ aggregate: Aggregate, _ cell: UnsafeMutablePointer<Int64>) -> Bool {
    guard case .sum = aggregate, cell[1] >> 1 != cell[0] >> 63 else { return true }
    hasOverflowed = true
    return false
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots[number] = (windows.mark(number), nextEnd, watermark)
  }

  package override func restore(_ number: UInt64) {
    guard let (table, end, time) = snapshots[number] else { return }
    windows.restore(table, number)
    (nextEnd, watermark) = (end, time)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    windows.forget(before: number)
    snapshots = snapshots.filter { $0.key >= number }
  }

  package override var changedLines: Int { windows.memory.changedLines }
}

/// The remainder of floor division: never negative for a positive divisor.
@inline(__always) func floorModulo(_ a: Int64, _ b: Int64) -> Int64 {
  let rest = a % b
  return rest < 0 ? rest + b : rest
}
