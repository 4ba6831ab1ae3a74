import Model
import Queries

/// The rows that belong together in a table operator, and what was made of them.
struct TableGroup {
  /// In the order of the operator; the right side only in joins.
  var left: [StoredRow] = []
  var right: [StoredRow] = []
  /// Rows that count at present, as they were put out.
  var shown: [StoredRow] = []
  /// Start of the window.
  var start: Int64 = 0
  /// It is on the list of groups to be looked at.
  var isDirty = false

  var isEmpty: Bool { left.isEmpty && right.isEmpty && shown.isEmpty }
}

/// What a table operator computes, group by group. Rows of a group always stand in one order, so
/// that the result depends on nothing else.
class TableRule {
  /// The row's groups, by digest, with the start of the window; nil for one that is closed.
  struct Place {
    var digest: UInt64
    var start: Int64

    init(digest: UInt64, start: Int64) {
      self.digest = digest
      self.start = start
    }

    /// A key's window. Unlike on both sides, since a key may be a start.
    init(key: UInt64, start: Int64) {
      let time = scramble(UInt64(bitPattern: start))
      self.init(digest: scramble((key &* 0x9E37_79B9_7F4A_7C15) ^ time), start: start)
    }
  }

  let context: TableContext

  init(_ context: TableContext) { self.context = context }

  /// Where a row belongs; `missed` when part of it came too late (queries.md 3.1).
  func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    []
  }

  /// Order of the rows of a group.
  func precedes(_ a: StoredRow, _ b: StoredRow) -> Bool { StoredRow.precedes(a, b) }

  /// The result of a group when the watermark is at `limit`, and the least watermark at which
  /// something more of it is due.
  func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] { [] }

  /// Lets go of what nothing can change any more, so that what is left still gives the same rows
  /// but for those that went; `due` as in `compute`, for the settled watermark.
  func prune(_ group: inout TableGroup, settled: Int64, due: inout Int64) {}

  /// True when the end of the run changes groups that nothing else changed.
  var readsEnd: Bool { false }
}

/// What a rule knows of its operator.
struct TableContext {
  let number: Int
  /// Columns of the left input.
  let width: Int
  let resolution: Nanoseconds
  let lateness: Nanoseconds
  /// By how much later a row may be in front of a window.
  let slack: Nanoseconds
  let run: RunProgress
  let faults: ProgramFaults
}

/// An operator that is defined over the whole table of its input: it keeps the rows of each group,
/// computes the group anew when one of them changes or time goes on, and puts out what differs from
/// before. Where results are final, a group is computed when nothing can change it any more.
final class TableOperator: Operator {
  private let rule: TableRule
  /// Rows come out when they are due, and are corrected; otherwise they wait for the lateness.
  private let corrects: Bool
  private let lateness: Nanoseconds
  private let onLate: (UnsafePointer<Int64>, Int64) -> Void
  private let rowWidths: [Int]

  private var groups = KeyedStates<TableGroup>()
  /// Groups to be looked at, by the watermark that makes rows due and by the settled one.
  private var dueQueue = DueQueue()
  private var expiryQueue = DueQueue()
  private var dirty: [UInt64] = []
  /// Digests of all groups, where the end of the run changes them.
  private var all: [UInt64] = []
  private var limit = Int64.min
  private var kept = Int64.min
  private var snapshots = ValueSnapshots<State>()

  private struct State {
    var groups: KeyedStates<TableGroup>
    var dueQueue: DueQueue
    var expiryQueue: DueQueue
    var dirty: [UInt64]
    var all: [UInt64]
    var limit: Int64
    var kept: Int64
  }

  init(
    _ rule: TableRule, width: Int, inputWidths: [Int], corrects: Bool,
    onLate: @escaping (UnsafePointer<Int64>, Int64) -> Void
  ) {
    self.rule = rule
    self.corrects = corrects
    lateness = rule.context.lateness
    self.onLate = onLate
    rowWidths = inputWidths
    super.init(width: width)
  }

  /// The way in for one side of a join.
  final class Side: Operator {
    private unowned let table: TableOperator
    private let side: Int

    init(_ table: TableOperator, _ side: Int) {
      self.table = table
      self.side = side
      super.init(width: table.rowWidths[side])
    }

    package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
      table.add(row, origin, side)
    }

    package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
      table.remove(row, origin, side)
    }
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    add(row, origin, 0)
  }

  package override func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    remove(row, origin, 0)
  }

  private func add(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?, _ side: Int
  ) {
    var missed = false
    let places = rule.places(row, side: side, settled: kept, missed: &missed)
    let made = StoredRow(row, origin, width: rowWidths[side])
    snapshots.words += made.words.count * places.count
    for place in places {
      if !corrects && row[0] < limit && displaces(made, side, place) {
        missed = true
        continue
      }
      let isNew = groups.update(place.digest, default: TableGroup(start: place.start)) { group in
        let isNew = group.isEmpty
        insert(made, side, &group)
        mark(&group, place.digest)
        return isNew
      }
      if isNew && rule.readsEnd { all.append(place.digest) }
    }
    if missed { onLate(row, kept) }
  }

  private func remove(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?, _ side: Int
  ) {
    var missed = false
    let gone = StoredRow(row, origin, width: rowWidths[side])
    for place in rule.places(row, side: side, settled: kept, missed: &missed)
    where groups[place.digest] != nil {
      groups.update(place.digest, default: TableGroup()) { group in
        let identity = gone.identity
        if side == 0 {
          if let index = group.left.firstIndex(where: { $0.identity == identity }) {
            group.left.remove(at: index)
          }
        } else if let index = group.right.firstIndex(where: { $0.identity == identity }) {
          group.right.remove(at: index)
        }
        mark(&group, place.digest)
      }
    }
  }

  private func insert(_ row: StoredRow, _ side: Int, _ group: inout TableGroup) {
    func put(_ rows: inout [StoredRow]) {
      var (low, high) = (0, rows.count)
      if let last = rows.last, !rule.precedes(row, last) { low = high }
      while low < high {
        let middle = (low + high) / 2
        if rule.precedes(row, rows[middle]) { high = middle } else { low = middle + 1 }
      }
      rows.insert(row, at: low)
    }
    if side == 0 { put(&group.left) } else { put(&group.right) }
  }

  private func mark(_ group: inout TableGroup, _ digest: UInt64) {
    if group.isDirty { return }
    group.isDirty = true
    dirty.append(digest)
  }

  /// True when a row that came late would change one that came out for good.
  private func displaces(_ row: StoredRow, _ side: Int, _ place: TableRule.Place) -> Bool {
    guard var group = groups[place.digest] else { return false }
    insert(row, side, &group)
    var due = Int64.max
    let now = rule.compute(group, limit: limit, due: &due)
    return group.shown.contains { old in
      !now.contains { $0.identity == old.identity && $0.words == old.words }
    }
  }

  // Results

  package override func advance(to watermark: Int64) {
    let new = corrects ? watermark : lowered(watermark, by: lateness)
    let isEnd = new == .max && limit < .max
    limit = max(limit, new)
    kept = max(kept, settled)
    while let (_, digest) = dueQueue.take(until: limit) { touch(digest) }
    while let (_, digest) = expiryQueue.take(until: kept) { touch(digest) }
    if isEnd && rule.readsEnd {
      for digest in all { touch(digest) }
    }
    if dirty.isEmpty { return }
    let digests = dirty
    dirty.removeAll(keepingCapacity: true)
    for digest in digests { settle(digest) }
  }

  private func touch(_ digest: UInt64) {
    if groups[digest] == nil { return }
    groups.update(digest, default: TableGroup()) { mark(&$0, digest) }
  }

  private func settle(_ digest: UInt64) {
    guard var group = groups[digest] else { return }
    groups[digest] = nil
    group.isDirty = false
    snapshots.words += 8
    var due = Int64.max
    let now = rule.compute(group, limit: limit, due: &due)
    put(now, instead: group.shown)
    group.shown = now
    var expiry = Int64.max
    let size = group.left.count + group.right.count
    rule.prune(&group, settled: kept, due: &expiry)
    if group.left.count + group.right.count < size {
      // What was made of rows that are gone stays as it is.
      var ignored = Int64.max
      group.shown =
        group.left.isEmpty ? [] : rule.compute(group, limit: limit, due: &ignored)
    }
    if group.isEmpty { return }
    if due < .max { dueQueue.add(at: due, key: digest) }
    if expiry < .max { expiryQueue.add(at: expiry, key: digest) }
    groups[digest] = group
  }

  /// Puts out what differs.
  private func put(_ now: [StoredRow], instead before: [StoredRow]) {
    var known: [RowIdentity: StoredRow] = [:]
    for row in before { known[row.identity] = row }
    var fresh: [StoredRow] = []
    for row in now {
      if let old = known.removeValue(forKey: row.identity) {
        if old.words == row.words && old.origin.evidence == row.origin.evidence { continue }
        withdraw(old)
      }
      fresh.append(row)
    }
    for row in before where known[row.identity] != nil { withdraw(row) }
    for row in fresh {
      var origin = row.origin
      row.use { emit($0, &origin) }
    }
  }

  private func withdraw(_ row: StoredRow) {
    var origin = row.origin
    row.use { withdraw($0, &origin) }
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots.keep(
      State(
        groups: groups, dueQueue: dueQueue, expiryQueue: expiryQueue, dirty: dirty, all: all,
        limit: limit, kept: kept), number)
  }

  package override func restore(_ number: UInt64) {
    guard let old = snapshots.restore(number) else { return }
    (groups, dueQueue, expiryQueue) = (old.groups, old.dueQueue, old.expiryQueue)
    (dirty, all, limit, kept) = (old.dirty, old.all, old.limit, old.kept)
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
