import Model
import Queries

/// Sliding windows, and tumbling ones with any aggregate (queries.md 3.3, 3.5). A window comes out
/// once, when the watermark reaches its end plus the allowed lateness; a late row counts in the
/// windows that are still open.
final class WindowOperator: Operator {
  private let key: [Int]
  private let size: Nanoseconds
  private let slide: Nanoseconds
  private let offset: Nanoseconds
  private let lateness: Nanoseconds
  private let resolution: Nanoseconds
  private let aggregation: Aggregation
  private let onLate: (UnsafePointer<Int64>, Int64) -> Void

  /// Digest of (key, start); start; null bits of the key; evidence in three words; latest time,
  /// source, sequence; the key columns; the aggregates.
  private var windows: KeyedTable
  private var lists = NodePool(rowWords: 1)
  private var nextEnd = Int64.max
  private var watermark = Int64.min
  private var snapshots: [UInt64: State] = [:]
  private let scratch: UnsafeMutablePointer<Int64>
  private let firstKey = 9
  private var firstAggregate: Int { firstKey + key.count }

  private struct State {
    var windows: KeyedTable
    var lists: NodePool
    var nextEnd: Int64
    var watermark: Int64
  }

  init(
    key: [Int], size: Nanoseconds, slide: Nanoseconds, offset: Nanoseconds,
    lateness: Nanoseconds, resolution: Nanoseconds, aggregation: Aggregation,
    onLate: @escaping (UnsafePointer<Int64>, Int64) -> Void
  ) {
    self.key = key
    self.size = size
    self.slide = slide
    self.offset = offset
    self.lateness = lateness
    self.resolution = resolution
    self.aggregation = aggregation
    self.onLate = onLate
    windows = KeyedTable(words: 9 + key.count + aggregation.words)
    scratch = .allocate(capacity: RowLayout.header + key.count + 1 + aggregation.width)
    super.init(width: key.count + 1 + aggregation.width)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let t = row[0]
    var start = t - floorModulo(t - offset, slide)
    var missed = false
    while start > t - size {
      if watermark >= start &+ size &+ lateness {
        missed = true
        break
      }
      add(row, origin, start)
      start -= slide
    }
    if missed { onLate(row, watermark) }
  }

  private func add(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?, _ start: Int64
  ) {
    var digest = scramble(UInt64(bitPattern: start))
    var nulls: Int64 = 0
    for slot in key.indices {
      let isNull = RowLayout.isNull(row, key[slot])
      if isNull { nulls |= 1 << Int64(slot) }
      let word = isNull ? 0x6e75_6c6c : UInt64(bitPattern: row[RowLayout.header + key[slot]])
      digest = scramble((digest &* 0x9E37_79B9_7F4A_7C15) ^ word &+ (isNull ? 1 : 0))
    }
    let (index, isNew) = windows.findOrAdd(digest == 0 ? 1 : digest)
    if !isNew { windows.touch(index) }
    let window = windows.row(index)
    if isNew {
      window[1] = start
      window[2] = nulls
      window[6] = .min
      for slot in key.indices { window[firstKey + slot] = row[RowLayout.header + key[slot]] }
      nextEnd = min(nextEnd, start &+ size &+ lateness)
    }
    let made = Origin.of(row, origin)
    window[3] &+= Int64(bitPattern: made.evidence.count)
    window[4] &+= Int64(bitPattern: made.evidence.sum)
    window[5] ^= Int64(bitPattern: made.evidence.xor)
    let known = EventID(
      source: UInt32(truncatingIfNeeded: window[7]), sequence: UInt64(bitPattern: window[8]))
    if row[0] > window[6] || (row[0] == window[6] && known < made.latest) {
      window[6] = row[0]
      window[7] = Int64(made.latest.source)
      window[8] = Int64(bitPattern: made.latest.sequence)
    }
    aggregation.add(row, to: window + firstAggregate, lists: &lists)
  }

  package override func advance(to new: Int64) {
    if new <= watermark { return }
    watermark = new
    if new < nextEnd { return }
    nextEnd = .max
    let span = size &+ lateness
    var due: [Int] = []
    for index in 0...windows.mask where windows.row(index)[0] != 0 {
      let end = windows.row(index)[1] &+ span
      if end > new { nextEnd = Swift.min(nextEnd, end) } else { due.append(index) }
    }
    for index in due {
      emit(windows.row(index))
      aggregation.release(windows.row(index) + firstAggregate, &lists)
    }
    windows.remove { $0[1] &+ span <= new }
  }

  private func emit(_ window: UnsafeMutablePointer<Int64>) {
    var nulls = UInt32(truncatingIfNeeded: window[2])
    let columns = scratch + RowLayout.header
    for slot in key.indices { columns[slot] = window[firstKey + slot] }
    columns[key.count] = window[1]
    if !aggregation.finish(
      window + firstAggregate, lists, into: columns, from: key.count + 1, nulls: &nulls)
    {
      hasOverflowed = true
    }
    var origin = Origin(
      evidence: Evidence(
        count: UInt64(bitPattern: window[3]), sum: UInt64(bitPattern: window[4]),
        xor: UInt64(bitPattern: window[5])),
      latest: EventID(
        source: UInt32(truncatingIfNeeded: window[7]), sequence: UInt64(bitPattern: window[8])))
    scratch[0] = window[1] &+ size &- resolution
    scratch[1] = RowLayout.identity(source: origin.latest.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: origin.latest.sequence)
    identify(&origin, scratch, 0...key.count)
    emit(scratch, &origin)
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots[number] = State(
      windows: windows.mark(number), lists: lists.mark(number), nextEnd: nextEnd,
      watermark: watermark)
  }

  package override func restore(_ number: UInt64) {
    guard let state = snapshots[number] else { return }
    windows.restore(state.windows, number)
    lists.restore(state.lists, number)
    (nextEnd, watermark) = (state.nextEnd, state.watermark)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    windows.forget(before: number)
    lists.forget(before: number)
    snapshots = snapshots.filter { $0.key >= number }
  }

  package override var changedLines: Int { windows.memory.changedLines + lists.changedLines }
}
