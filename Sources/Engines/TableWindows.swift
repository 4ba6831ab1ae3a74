import Model
import Queries

/// Makes rows out of the rows of a group.
struct RowMaker {
  let context: TableContext
  let aggregates: [Aggregate]

  /// A row of key columns, further cells and aggregates over members in event order.
  func row(
    _ members: ArraySlice<StoredRow>, key: [Int], cells: [Int64], time: Int64
  ) -> StoredRow? {
    guard let first = members.first else { return nil }
    var made: [Int64?] = key.map { first.value($0) }
    made += cells.map { $0 }
    for aggregate in aggregates { made += value(aggregate, members) }
    var origin = Origin(evidence: Evidence(), latest: first.origin.latest)
    for member in members {
      origin.evidence.add(member.origin.evidence)
      origin.latest = member.origin.latest
    }
    let named = Array(0..<key.count + (cells.isEmpty ? 0 : 1))
    return StoredRow(made, time: time, origin, number: context.number, key: named)
  }

  private func sum(_ values: [Int64]) -> Int64? {
    if values.isEmpty { return nil }
    let sum = Int64(exactly: values.reduce(Int128(0)) { $0 + Int128($1) })
    if sum == nil { context.faults.overflowed = true }
    return sum
  }

  /// The value of an aggregate, in as many columns as it takes.
  private func value(_ aggregate: Aggregate, _ rows: ArraySlice<StoredRow>) -> [Int64?] {
    func values(_ column: Int) -> [Int64] { rows.compactMap { $0.value(column) } }
    func best(_ column: Int, _ by: Int, _ beats: (Int64, Int64) -> Bool) -> Int64? {
      var found: (by: Int64, x: Int64?)?
      for row in rows {
        guard let b = row.value(by) else { continue }
        if let known = found, !beats(b, known.by) { continue }
        found = (b, row.value(column))
      }
      return found?.x
    }
    switch aggregate {
    case .count: return [Int64(rows.count)]
    case .countOf(let c): return [Int64(values(c).count)]
    case .sum(let c): return [sum(values(c))]
    case .mean(let c):
      let all = values(c)
      return [sum(all), Int64(all.count)]
    case .min(let c): return [values(c).min()]
    case .max(let c): return [values(c).max()]
    case .first(let c): return [values(c).first]
    case .last(let c): return [values(c).last]
    case .argMin(let c, let by): return [best(c, by, <)]
    case .argMax(let c, let by): return [best(c, by, >)]
    case .distinct(let c):
      let sorted = values(c).sorted()
      return [Int64(sorted.indices.count { $0 == 0 || sorted[$0] != sorted[$0 - 1] })]
    case .firstDistinct(let n, let c):
      var found: [Int64?] = []
      for x in values(c) where found.count < n && !found.contains(x) { found.append(x) }
      return found + Array(repeating: nil, count: n - found.count)
    case .quantile(let c, let numerator, let denominator):
      let sorted = values(c).sorted()
      if sorted.isEmpty { return [nil] }
      let rank =
        (Int128(numerator) * Int128(sorted.count) + Int128(denominator) - 1)
        / Int128(denominator)
      return [sorted[max(Int(rank), 1) - 1]]
    }
  }
}

extension StoredRow {
  /// A row that an operator makes; `key` are the columns of its result key.
  init(_ cells: [Int64?], time: Int64, _ origin: Origin, number: Int, key: [Int]) {
    var nulls: UInt32 = 0
    for (slot, cell) in cells.enumerated() where cell == nil { nulls |= 1 << UInt32(slot) }
    words =
      [
        time, RowLayout.identity(source: origin.latest.source, nulls: nulls),
        Int64(bitPattern: origin.latest.sequence),
      ] + cells.map { $0 ?? 0 }
    self.origin = origin
    let row = words
    self.origin.identity = row.withUnsafeBufferPointer { words in
      words.baseAddress.map { RowIdentity(number, $0, key) }
    }
  }
}

/// Tumbling and sliding windows as tables (queries.md 3.3).
final class WindowRule: TableRule {
  private let digest: KeyDigest
  private let key: [Int]
  private let size: Nanoseconds
  private let slide: Nanoseconds
  private let offset: Nanoseconds
  private let maker: RowMaker

  init(
    _ context: TableContext, key: [Int], size: Nanoseconds, slide: Nanoseconds,
    offset: Nanoseconds, _ aggregates: [Aggregate]
  ) {
    digest = KeyDigest(key)
    self.key = key
    self.size = size
    self.slide = slide
    self.offset = offset
    maker = RowMaker(context: context, aggregates: aggregates)
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    let t = row[0]
    let key = digest.of(row)
    var places: [Place] = []
    var start = t - floorModulo(t - offset, slide)
    while start > t - size {
      if settled >= start &+ size &+ context.lateness {
        missed = true
        break
      }
      places.append(Place(key: key, start: start))
      start -= slide
    }
    return places
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    let end = group.start &+ size
    if limit < end {
      due = end
      return []
    }
    let row = maker.row(
      group.left[...], key: key, cells: [group.start], time: end - context.resolution)
    return row.map { [$0] } ?? []
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    let end = group.start &+ size &+ context.lateness
    if settled >= end { group = TableGroup() } else { due = end }
  }
}

/// Sessions as tables (queries.md 3.4).
final class SessionRule: TableRule {
  private let digest: KeyDigest
  private let key: [Int]
  private let gap: Nanoseconds
  private let maker: RowMaker

  init(_ context: TableContext, key: [Int], gap: Nanoseconds, _ aggregates: [Aggregate]) {
    digest = KeyDigest(key)
    self.key = key
    self.gap = gap
    maker = RowMaker(context: context, aggregates: aggregates)
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    if settled > row[0] &+ gap &+ context.lateness {
      missed = true
      return []
    }
    return [Place(digest: digest.of(row), start: 0)]
  }

  private func sessions(_ rows: [StoredRow]) -> [Range<Int>] {
    var found: [Range<Int>] = []
    var first = 0
    for place in rows.indices {
      let next = place + 1
      if next == rows.count || rows[next].time - rows[place].time > gap {
        found.append(first..<next)
        first = next
      }
    }
    return found
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    sessions(group.left).compactMap { range in
      let end = group.left[range.upperBound - 1].time &+ gap
      if limit <= end {
        due = min(due, end + 1)
        return nil
      }
      let start = group.left[range.lowerBound].time
      return maker.row(
        group.left[range], key: key, cells: [start, end], time: end - context.resolution)
    }
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    var kept: [StoredRow] = []
    for range in sessions(group.left) {
      let end = group.left[range.upperBound - 1].time &+ gap &+ context.lateness
      if settled > end { continue }
      due = min(due, end + 1)
      kept += group.left[range]
    }
    if kept.count < group.left.count { group.left = kept }
  }
}

/// All rows of a key (queries.md 3.5); its rows get their last time at the end of the run.
final class TotalRule: TableRule {
  private let digest: KeyDigest
  private let key: [Int]
  private let maker: RowMaker

  init(_ context: TableContext, key: [Int], _ aggregates: [Aggregate]) {
    digest = KeyDigest(key)
    self.key = key
    maker = RowMaker(context: context, aggregates: aggregates)
    super.init(context)
  }

  override var readsEnd: Bool { true }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    [Place(digest: digest.of(row), start: 0)]
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    let latest = group.left.last?.time ?? 0
    let row = maker.row(
      group.left[...], key: key, cells: [], time: limit == .max ? context.run.greatest : latest)
    return row.map { [$0] } ?? []
  }
}

/// The first rows of a group of one time, in an order (queries.md 3.6).
final class TopRule: TableRule {
  private let digest: KeyDigest
  private let group: [Int]
  private let terms: [SortColumn]
  private let count: Int

  init(_ context: TableContext, group: [Int], order: [SortColumn], count: Int) {
    digest = KeyDigest(group)
    self.group = group
    terms = order
    self.count = count
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    return [Place(key: digest.of(row), start: row[0])]
  }

  override func precedes(_ a: StoredRow, _ b: StoredRow) -> Bool {
    StoredRow.precedes(a, b, terms) ?? StoredRow.precedes(a, b)
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    if limit <= group.start {
      due = group.start + 1
      return []
    }
    return group.left.prefix(count).enumerated().map { place, row in
      var made = row
      made.words.append(Int64(place + 1))
      let id = self.group + [context.width]
      made.origin.identity = made.words.withUnsafeBufferPointer { words in
        words.baseAddress.map { RowIdentity(rank: context.number, $0, id) }
      }
      return made
    }
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    if settled > group.start { group = TableGroup() } else { due = group.start + 1 }
  }
}
