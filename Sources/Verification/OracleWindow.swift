import Model
import Queries

/// Tumbling windows with counts, sums, least and greatest values. Rows come in event order, so one
/// window start is open at a time: when a row of a later one comes, or the frontier has passed the
/// end, everything of it is complete.
final class WindowStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let size: Nanoseconds
  private let offset: Nanoseconds
  private let aggregates: [Aggregate]
  private let resolution: Nanoseconds
  private let ordered: Bool
  private let number: UInt32
  private var open: Int64?
  /// Key digest to group.
  private let table = DigestTable()
  private var groups: [Group] = []
  private var serial: UInt64 = 0

  private struct Group {
    var keyCells: [Int64]
    var keyNulls: UInt64
    /// Of each aggregate: rows that count, and the exact value so far.
    var counts: [Int64]
    var values: [Int128]
    var evidence = Evidence()
    var last: RowHead
  }

  /// True when it knows all of the aggregates; `SlidingStep` knows the others.
  static func knows(_ aggregates: [Aggregate]) -> Bool {
    for aggregate in aggregates {
      switch aggregate {
      case .count, .sum, .min, .max: continue
      default: return false
      }
    }
    return true
  }

  init(
    _ input: OracleStep, key: [Int], size: Nanoseconds, offset: Nanoseconds,
    aggregates: [Aggregate], resolution: Nanoseconds, ordered: Bool, number: Int
  ) {
    self.input = input
    self.key = key
    self.size = size
    self.offset = offset
    self.aggregates = aggregates
    self.resolution = resolution
    self.ordered = ordered
    self.number = UInt32(number)
    super.init(output: RowPicks(rows: Rows(width: key.count + 1 + aggregates.count)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if isDropped(from.rows.heads[index]) { continue }
      let time = from.rows.heads[index].time
      var into = (time - offset) % size
      if into < 0 { into += size }
      let start = time - into
      if open != start {
        close()
        open = start
      }
      add(from.rows, index)
    }
    frontier = input.frontier
    if let start = open, frontier == .max || start + size <= frontier { close() }
  }

  private func add(_ rows: Rows, _ index: Int) {
    let digest = rows.digest(index, key)
    let place: Int
    if let known = table.value(of: digest) {
      place = Int(known)
    } else {
      place = groups.count
      groups.append(newGroup(rows, index))
      table.set(digest, UInt64(place))
    }
    let row = rows.row(index)
    for (a, aggregate) in aggregates.enumerated() {
      switch aggregate {
      case .count: groups[place].counts[a] += 1
      case .sum(let c): fold(place, a, rows.isNull(index, c) ? nil : row[c]) { $0 + $1 }
      case .min(let c): fold(place, a, rows.isNull(index, c) ? nil : row[c]) { min($0, $1) }
      case .max(let c): fold(place, a, rows.isNull(index, c) ? nil : row[c]) { max($0, $1) }
      default: break
      }
    }
    groups[place].evidence.add(rows.evidence(index))
    groups[place].last = rows.heads[index]
  }

  @inline(__always) private func fold(
    _ place: Int, _ a: Int, _ value: Int64?, _ join: (Int128, Int128) -> Int128
  ) {
    guard let value else { return }
    let old = groups[place].values[a]
    let first = groups[place].counts[a] == 0
    groups[place].values[a] = first ? Int128(value) : join(old, Int128(value))
    groups[place].counts[a] += 1
  }

  private func newGroup(_ rows: Rows, _ index: Int) -> Group {
    var nulls: UInt64 = 0
    for (place, column) in key.enumerated() where rows.isNull(index, column) {
      nulls |= 1 << UInt64(place)
    }
    return Group(
      keyCells: key.map { rows.isNull(index, $0) ? 0 : rows.row(index)[$0] }, keyNulls: nulls,
      counts: .init(repeating: 0, count: aggregates.count),
      values: .init(repeating: 0, count: aggregates.count), last: rows.heads[index])
  }

  /// Puts out the open window, by key.
  private func close() {
    guard let start = open else { return }
    open = nil
    groups.sort { a, b in Self.precedes(a, b) }
    for group in groups { putOut(group, start) }
    groups.removeAll(keepingCapacity: true)
    table.removeAll()
  }

  private static func precedes(_ a: Group, _ b: Group) -> Bool {
    for column in a.keyCells.indices {
      let aNull = a.keyNulls >> UInt64(column) & 1 != 0
      let bNull = b.keyNulls >> UInt64(column) & 1 != 0
      if aNull != bNull { return aNull }
      if a.keyCells[column] != b.keyCells[column] { return a.keyCells[column] < b.keyCells[column] }
    }
    return false
  }

  private func putOut(_ group: Group, _ start: Int64) {
    serial += 1
    var head = group.last
    head.time = start + size - resolution
    head.origin = number
    head.high = 0
    head.low = serial
    head.nulls = group.keyNulls
    let index = output.rows.add(head, evidence: group.evidence)
    if ordered {
      let key = key.indices.map { place in
        group.keyNulls >> UInt64(place) & 1 != 0 ? nil : Optional(group.keyCells[place])
      }
      output.rows.setIdentity(index, key + [start])
    }
    let row = output.rows.row(index)
    for (place, cell) in group.keyCells.enumerated() { row[place] = cell }
    row[key.count] = start
    for (a, aggregate) in aggregates.enumerated() {
      let column = key.count + 1 + a
      var value: Int64? = nil
      if case .count = aggregate {
        value = group.counts[a]
      } else if group.counts[a] > 0 {
        value = Int64(exactly: group.values[a])
        if value == nil { overflowed = true }
      }
      row[column] = value ?? 0
      if value == nil { output.rows.heads[index].nulls |= 1 << UInt64(column) }
    }
    output.pick(index)
  }
}
