import Model
import Queries

extension TableRule {
  /// True when a row is behind the watermark by more than the lateness, and the window behind.
  func isLate(_ row: UnsafePointer<Int64>, _ settled: Int64) -> Bool {
    row[0] < lowered(settled, by: context.lateness &+ context.slack) || settled == .max
  }
}

extension [StoredRow] {
  /// Of rows in order of time: how many have a time of at most `time`.
  func count(until time: Int64) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if self[middle].time <= time { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

extension StoredRow {
  /// A left row with a right one behind it; without one its columns are null.
  func joined(_ right: StoredRow?, width: Int, rightWidth: Int) -> StoredRow {
    var made = self
    let mask: Int64 = (1 << Int64(rightWidth)) - 1
    let nulls = right.map { $0.words[1] >> 32 & mask } ?? mask
    made.words[1] |= nulls << Int64(32 + width)
    if let right {
      made.words += right.words[RowLayout.header...]
      made.origin.evidence.add(right.origin.evidence)
    } else {
      made.words += Array(repeating: 0, count: rightWidth)
    }
    return made
  }
}

/// Each left row with the last right one at its instant (queries.md 3.8).
final class AsOfRule: TableRule {
  private let join: AsOfJoin
  private let digests: [KeyDigest]
  private let at: Formula?
  private let rightWidth: Int

  init(_ context: TableContext, _ join: AsOfJoin, rightWidth: Int) {
    self.join = join
    digests = [KeyDigest(join.leftKey), KeyDigest(join.rightKey)]
    at = join.at.map { Formula.compile($0, context.faults) }
    self.rightWidth = rightWidth
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    if isLate(row, settled) {
      missed = true
      return []
    }
    if side == 1 && join.rightKey.contains(where: { RowLayout.isNull(row, $0) }) { return [] }
    return [Place(digest: digests[side].of(row), start: 0)]
  }

  /// The instant that a left row asks for; nil when it has none.
  private func instant(_ row: StoredRow) -> Int64? {
    guard let at else { return row.time }
    var instant: Int64?
    row.use { instant = at.value($0) }
    if let instant, instant > row.time {
      context.faults.fail("at after event time: \(instant), in a row of \(row.time)")
    }
    return instant
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    var made: [StoredRow] = []
    for row in group.left {
      if row.time >= limit && limit < .max {
        due = row.time + 1
        break
      }
      var right: StoredRow?
      if let instant = instant(row) {
        let count = group.right.count(until: instant)
        right = count == 0 ? nil : group.right[count - 1]
      }
      if right == nil && join.kind == .inner { continue }
      made.append(row.joined(right, width: context.width, rightWidth: rightWidth))
    }
    return made
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    let kept = lowered(settled, by: context.lateness &+ context.slack)
    let gone = group.left.firstIndex { $0.time >= kept && kept < .max } ?? group.left.count
    group.left.removeFirst(gone)
    if let first = group.left.first {
      due = min(due, first.time &+ context.lateness &+ context.slack + 1)
    }
    guard let back = join.at == nil ? 0 : join.back, kept < .max else { return }
    // The newest version at or before the oldest instant that may still be asked for, and all
    // newer.
    let oldest = lowered(min(kept, group.left.first?.time ?? kept), by: back)
    let count = group.right.count(until: oldest)
    if count > 1 { group.right.removeFirst(count - 1) }
  }
}

/// All pairs of rows that are near each other (queries.md 3.7).
final class IntervalRule: TableRule {
  private let join: IntervalJoin
  private let digests: [KeyDigest]
  private let rightWidth: Int

  init(_ context: TableContext, _ join: IntervalJoin, rightWidth: Int) {
    self.join = join
    digests = [KeyDigest(join.leftKey), KeyDigest(join.rightKey)]
    self.rightWidth = rightWidth
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    if isLate(row, settled) {
      missed = true
      return []
    }
    let key = side == 0 ? join.leftKey : join.rightKey
    let isNull = key.contains { RowLayout.isNull(row, $0) }
    if isNull && (side == 1 || join.kind == .inner) { return [] }
    return [Place(digest: digests[side].of(row), start: 0)]
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    var made: [StoredRow] = []
    for left in group.left {
      let first = group.right.count(until: left.time &+ join.lower - 1)
      let last = group.right.count(until: left.time &+ join.upper)
      for right in group.right[first..<max(first, last)] { made.append(pair(left, right)) }
      if first < last || join.kind == .inner { continue }
      if limit > left.time &+ join.upper {
        made.append(pair(left, nil))
      } else {
        due = min(due, left.time &+ join.upper + 1)
      }
    }
    return made
  }

  private func pair(_ left: StoredRow, _ right: StoredRow?) -> StoredRow {
    var made = left.joined(right, width: context.width, rightWidth: rightWidth)
    made.origin.identity = RowIdentity(
      [Int64(context.number)] + left.identity.words + (right?.identity.words ?? [-1]))
    guard let right else { return made }
    if left.time < right.time { made.origin.latest = right.origin.latest }
    if join.takesRightTime { made.words[0] = right.time }
    return made
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    // A right row outlives the left ones that it is paired with.
    let rightSpan = -join.lower &+ max(0, join.upper)
    func prune(_ rows: inout [StoredRow], _ span: Nanoseconds) {
      let limit = lowered(settled, by: span &+ context.lateness)
      let gone = rows.firstIndex { $0.time >= limit && limit < .max } ?? rows.count
      rows.removeFirst(gone)
      if let first = rows.first { due = min(due, first.time &+ span &+ context.lateness + 1) }
    }
    prune(&group.left, join.upper)
    prune(&group.right, rightSpan)
  }
}

/// First rows of equal ones (queries.md 3.11), where they may be corrected or a window stands
/// behind.
final class DeduplicateRule: TableRule {
  private let digest: KeyDigest
  private let horizon: Nanoseconds

  init(_ context: TableContext, by columns: [Int], horizon: Nanoseconds) {
    digest = KeyDigest(columns)
    self.horizon = horizon
    super.init(context)
  }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    if isLate(row, settled) {
      missed = true
      return []
    }
    return [Place(digest: digest.of(row), start: 0)]
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    var kept: [StoredRow] = []
    for row in group.left {
      if row.time >= limit && limit < .max {
        due = row.time + 1
        break
      }
      if let last = kept.last, row.time - last.time < horizon { continue }
      kept.append(row)
    }
    return kept
  }

  override func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {
    if settled == .max {
      group = TableGroup()
      return
    }
    let fixed = lowered(settled, by: context.lateness &+ context.slack)
    var left: [StoredRow] = []
    var last: Int64?
    var waits = Int64.max
    for row in group.left {
      let isKept = last.map { row.time - $0 >= horizon } ?? true
      if isKept { last = row.time }
      // A horizon without end has no end to wait for.
      let end: Int64? =
        !isKept ? row.time + 1 : horizon == .max ? nil : row.time &+ horizon
      if let end, fixed >= end { continue }
      left.append(row)
      if let end { waits = min(waits, end) }
    }
    group.left = left
    if waits < .max { due = min(due, waits &+ context.lateness &+ context.slack) }
  }
}
