import Model
import Queries

/// Keeps the first row of each `by` in event order, and drops those that follow less than
/// `horizon` after a kept one (queries.md 3.11). Its rows come in event order.
final class DeduplicateOperator: Operator {
  private let digest: KeyDigest
  private let horizon: Nanoseconds
  /// Key; end of the horizon of the kept row.
  private var kept = KeyedTable(words: 2)
  private var snapshots: [UInt64: KeyedTable] = [:]

  init(width: Int, by columns: [Int], horizon: Nanoseconds) {
    digest = KeyDigest(columns)
    self.horizon = horizon
    super.init(width: width)
  }

  override func expect(_ row: UnsafePointer<Int64>) -> Int64 {
    kept.expect(digest.of(row)) &+ passOnExpectation(row)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let (index, isNew) = kept.findOrAdd(digest.of(row))
    let end = kept.row(index) + 1
    if !isNew {
      if row[0] < end.pointee { return }
      kept.touch(index)
    }
    let until = row[0].addingReportingOverflow(horizon)
    end.pointee = until.overflow ? .max : until.partialValue
    emit(row, origin)
  }

  package override func advance(to watermark: Int64) { kept.now = watermark }

  package override func checkpoint(_ number: UInt64) { snapshots[number] = kept.mark(number) }

  package override func restore(_ number: UInt64) {
    guard let table = snapshots[number] else { return }
    kept.restore(table, number)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    kept.forget(before: number)
    for old in snapshots.keys.sorted() where old < number {
      if var table = snapshots.removeValue(forKey: old) { kept.recycle(&table) }
    }
  }

  package override var changedLines: Int { kept.memory.changedLines }
}
