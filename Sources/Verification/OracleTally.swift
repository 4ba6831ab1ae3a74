import Model
import Queries

/// One aggregate over rows that come in event order.
struct Tally {
  private var count: Int64 = 0
  private var total: Int128 = 0
  private var kept: Int64?
  private var by: Int64 = 0
  private var values: [Int64] = []

  /// Takes one row; `cell` gives its columns, nil for null.
  mutating func take(_ aggregate: Aggregate, _ cell: (Int) -> Int64?) {
    switch aggregate {
    case .count: count += 1
    case .countOf(let c): if cell(c) != nil { count += 1 }
    case .sum(let c), .mean(let c):
      guard let x = cell(c) else { return }
      count += 1
      total += Int128(x)
    case .min(let c): if let x = cell(c) { kept = kept.map { Swift.min($0, x) } ?? x }
    case .max(let c): if let x = cell(c) { kept = kept.map { Swift.max($0, x) } ?? x }
    case .first(let c): if kept == nil { kept = cell(c) }
    case .last(let c): if let x = cell(c) { kept = x }
    case .argMin(let c, let by): takeExtreme(cell(c), cell(by)) { $0 < $1 }
    case .argMax(let c, let by): takeExtreme(cell(c), cell(by)) { $0 > $1 }
    case .distinct(let c), .quantile(let c, _, _): if let x = cell(c) { values.append(x) }
    case .firstDistinct(let n, let c):
      if let x = cell(c), values.count < n, !values.contains(x) { values.append(x) }
    }
  }

  /// Of equals the first stays: rows come in event order.
  private mutating func takeExtreme(
    _ x: Int64?, _ by: Int64?, _ beats: (Int64, Int64) -> Bool
  ) {
    guard let by else { return }
    if count > 0 && !beats(by, self.by) { return }
    count += 1
    self.by = by
    kept = x
  }

  /// The columns that it gives; the flag says whether a sum was too great for 64 bits.
  func columns(_ aggregate: Aggregate) -> (cells: [Int64?], overflow: Bool) {
    switch aggregate {
    case .count, .countOf: return ([count], false)
    case .sum, .mean:
      let sum = count == 0 ? nil : Int64(exactly: total)
      let overflow = count > 0 && sum == nil
      if case .mean = aggregate { return ([sum, count], overflow) }
      return ([sum], overflow)
    case .min, .max, .first, .last, .argMin, .argMax: return ([kept], false)
    case .distinct: return ([Int64(Set(values).count)], false)
    case .firstDistinct(let n, _):
      return (values + Array(repeating: nil, count: n - values.count), false)
    case .quantile(_, let numerator, let denominator):
      if values.isEmpty { return ([nil], false) }
      let n = Int128(values.count) * Int128(numerator)
      let whole = n / Int128(denominator)
      let rank = n % Int128(denominator) == 0 ? whole : whole + 1
      return ([values.sorted()[Swift.max(Int(rank), 1) - 1]], false)
    }
  }
}

/// What the rows of one window or session of a key come to.
struct OracleGroup {
  let key: [Int64?]
  private(set) var tallies: [Tally]
  private(set) var evidence = Evidence()
  private(set) var last: RowHead

  init(_ rows: Rows, _ index: Int, key columns: [Int], aggregates: Int) {
    key = columns.map { rows.isNull(index, $0) ? nil : rows.row(index)[$0] }
    tallies = .init(repeating: Tally(), count: aggregates)
    last = rows.heads[index]
  }

  mutating func take(_ rows: Rows, _ index: Int, _ aggregates: [Aggregate]) {
    let row = rows.row(index)
    for (place, aggregate) in aggregates.enumerated() {
      tallies[place].take(aggregate) { rows.isNull(index, $0) ? nil : row[$0] }
    }
    evidence.add(rows.evidence(index))
    last = rows.heads[index]
  }
}

extension OracleStep {
  /// Puts out a row that this operator made, with time and result key.
  func putOut(
    _ cells: [Int64?], time: Int64, identity: [Int64?], evidence: Evidence, last: RowHead,
    number: Int, serial: UInt64
  ) {
    var head = last
    head.time = time
    head.origin = UInt32(number)
    head.high = 0
    head.low = serial
    head.nulls = 0
    let rows = output.rows
    let index = rows.add(head, evidence: evidence)
    rows.setIdentity(index, identity)
    for (column, cell) in cells.enumerated() {
      rows.row(index)[column] = cell ?? 0
      if cell == nil { rows.heads[index].nulls |= 1 << UInt64(column) }
    }
    output.pick(index)
  }

  /// The columns of a group's aggregates.
  func columns(_ group: OracleGroup, _ aggregates: [Aggregate]) -> [Int64?] {
    var cells: [Int64?] = []
    for (place, aggregate) in aggregates.enumerated() {
      let (values, overflow) = group.tallies[place].columns(aggregate)
      cells += values
      if overflow { overflowed = true }
    }
    return cells
  }
}
