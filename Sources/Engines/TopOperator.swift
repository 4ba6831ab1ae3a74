import Model
import Queries

/// The first rows of each window and group (queries.md 3.6). All rows of a window have its time.
final class TopOperator: Operator {
  private let count: Int
  private let terms: [SortColumn]
  private let group: [SortColumn]
  /// Columns of the result key: the group and the rank.
  private let key: [Int]
  private var waiting: [StoredRow] = []
  private var snapshots = ValueSnapshots<[StoredRow]>()
  private let scratch: UnsafeMutablePointer<Int64>

  /// `identity`: the columns of the input's result key, the last tie-break.
  init(inputWidth: Int, group: [Int], order: [SortColumn], identity: [Int], count: Int) {
    self.count = count
    key = group + [inputWidth]
    self.group = group.map { SortColumn($0) }
    terms = self.group + order + identity.map { SortColumn($0) }
    scratch = .allocate(capacity: RowLayout.header + inputWidth + 1)
    super.init(width: inputWidth + 1)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    waiting.append(StoredRow(row, origin, width: width - 1))
    snapshots.words += RowLayout.header + width
  }

  package override func advance(to watermark: Int64) {
    var ready = waiting.filter { $0.time < watermark || watermark == .max }
    if ready.isEmpty { return }
    waiting.removeAll { $0.time < watermark || watermark == .max }
    ready.sort { a, b in
      if a.time != b.time { return a.time < b.time }
      return StoredRow.precedes(a, b, terms) ?? false
    }
    var rank = 0
    for (index, row) in ready.enumerated() {
      let isNew =
        index == 0 || ready[index - 1].time != row.time
        || StoredRow.precedes(ready[index - 1], row, group) != nil
      rank = isNew ? 1 : rank + 1
      if rank > count { continue }
      for (place, word) in row.words.enumerated() { scratch[place] = word }
      scratch[RowLayout.header + width - 1] = Int64(rank)
      var origin = row.origin
      if identifies { origin.identity = RowIdentity(rank: number, scratch, key) }
      emit(scratch, &origin)
    }
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(waiting, number) }

  package override func restore(_ number: UInt64) {
    if let rows = snapshots.restore(number) { waiting = rows }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
