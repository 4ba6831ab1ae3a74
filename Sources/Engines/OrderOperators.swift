import Model
import Queries

/// Puts events into event order for operators that want it: they wait until the watermark less the
/// lateness is beyond their time. What comes later is late for those operators.
final class EventOrderOperator: Operator {
  private var buffer: SortBuffer
  private let lateness: Nanoseconds
  private let onLate: (UnsafePointer<Int64>, Int64) -> Void
  /// The last watermark, and below what every row has been handed on.
  private var heard = Int64.min
  private var passed = Int64.min
  /// What was read ahead; kept so that it is read.
  private var expected: Int64 = 0
  private var snapshots: [UInt64: (heard: Int64, rows: [Int64])] = [:]
  /// Memory of a snapshot that is not needed any more.
  private var spare: [Int64] = []

  init(
    width: Int, bucket: Nanoseconds, lateness: Nanoseconds,
    onLate: @escaping (UnsafePointer<Int64>, Int64) -> Void
  ) {
    buffer = SortBuffer(rowWords: RowLayout.header + width, width: bucket)
    self.lateness = lateness
    self.onLate = onLate
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if row[0] < passed {
      onLate(row, heard)
    } else {
      buffer.add(row)
    }
  }

  override func passes(_ watermark: Int64) -> Int64 {
    let low = lowered(watermark, by: lateness)
    return low == .min ? .min : buffer.floor(low)
  }

  package override func advance(to watermark: Int64) {
    if watermark <= heard { return }
    heard = watermark
    let new = passes(watermark)
    if new <= passed { return }
    passed = new
    var sum: Int64 = 0
    buffer.release(below: new) {
      sum &+= passOnExpectation($0)
    } _: {
      emit($0, nil)
    }
    expected = sum
  }

  override var waitingRows: Int { buffer.count }

  package override func checkpoint(_ number: UInt64) {
    snapshots[number] = (heard, buffer.contents(reusing: spare))
    spare = []
  }

  package override func restore(_ number: UInt64) {
    guard let old = snapshots[number] else { return }
    heard = old.heard
    passed = passes(heard)
    buffer.restore(old.rows, watermark: passed)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    for old in snapshots.keys.sorted() where old < number {
      if let snapshot = snapshots.removeValue(forKey: old) { spare = snapshot.rows }
    }
  }

  package override var changedLines: Int { buffer.count }
}

/// Puts rows that operators made into event order for operators that want it.
final class OrderOperator: Operator {
  private let lateness: Nanoseconds
  private var waiting: [StoredRow] = []
  private var snapshots = ValueSnapshots<[StoredRow]>()

  init(width: Int, lateness: Nanoseconds) {
    self.lateness = lateness
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    waiting.append(StoredRow(row, origin, width: width))
    snapshots.words += RowLayout.header + width
  }

  override func passes(_ watermark: Int64) -> Int64 { lowered(watermark, by: lateness) }

  package override func advance(to watermark: Int64) {
    let limit = passes(watermark)
    func isReady(_ row: StoredRow) -> Bool { row.time < limit || limit == .max }
    var ready = waiting.filter(isReady)
    if ready.isEmpty { return }
    waiting.removeAll(where: isReady)
    // A stable sort: rows of one identity keep the order in which they came.
    ready = StoredRow.inOrder(ready)
    for row in ready {
      var origin = row.origin
      row.use { emit($0, &origin) }
    }
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(waiting, number) }

  package override func restore(_ number: UInt64) {
    if let rows = snapshots.restore(number) { waiting = rows }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
