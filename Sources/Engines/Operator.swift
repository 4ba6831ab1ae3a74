import Model
import Queries

/// One step of a plan as it runs in a task: rows come in by `push`, time by `advance`. It can be
/// saved at a checkpoint and brought back there.
package class Operator {
  /// Owned by the program; read without counting references, which costs more than the call.
  private var followers: UnsafeMutablePointer<Unmanaged<Operator>>
  private var followerCount = 0
  /// Columns of the rows that it emits.
  let width: Int
  /// A sum did not fit an int64; its column was null in the row that came out.
  package var hasOverflowed = false

  init(width: Int) {
    self.width = width
    followers = .allocate(capacity: Self.mostFollowers)
  }

  deinit { followers.deallocate() }

  /// More operators than this never read one; a plan that does is refused.
  static let mostFollowers = 32

  var isFull: Bool { followerCount == Self.mostFollowers - 1 }

  /// The follower must live as long as this operator is used.
  func follow(with next: Operator) {
    precondition(followerCount < Self.mostFollowers, "an operator has at most 32 followers")
    followers[followerCount] = Unmanaged.passUnretained(next)
    followerCount += 1
  }

  /// Takes a row; the memory is the caller's. `origin` is nil when the row is one event.
  package func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {}

  /// The row will be pushed soon: a chance to ask memory for what it will need. Returns a word
  /// that depends on it, so that the reading is not optimised away.
  func expect(_ row: UnsafePointer<Int64>) -> Int64 { 0 }

  /// No row with a time below the watermark will come.
  package func advance(to watermark: Int64) {}

  /// Remembers the state of now under a checkpoint's number.
  package func checkpoint(_ number: UInt64) {}
  package func restore(_ number: UInt64) {}
  /// Checkpoints before this one will not be asked for any more.
  package func forget(before number: UInt64) {}
  /// Lines of state that changed since the last checkpoint, for its cost.
  package var changedLines: Int { 0 }

  @inline(__always) final func emit(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?
  ) {
    for index in 0..<followerCount {
      followers[index]._withUnsafeGuaranteedRef { $0.push(row, origin) }
    }
  }

  /// What the followers expect of a row that they will get unchanged.
  @inline(__always) final func passOnExpectation(_ row: UnsafePointer<Int64>) -> Int64 {
    var sum: Int64 = 0
    for index in 0..<followerCount {
      sum &+= followers[index]._withUnsafeGuaranteedRef { $0.expect(row) }
    }
    return sum
  }
}

/// Passes rows on as they are: the input, and unions.
final class Passage: Operator {
  override func expect(_ row: UnsafePointer<Int64>) -> Int64 {
    passOnExpectation(row)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    emit(row, origin)
  }
}

final class FilterOperator: Operator {
  private let condition: Condition

  init(width: Int, _ predicate: Predicate) {
    condition = Condition.compile(predicate)
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    if condition.test(row) == .yes { emit(row, origin) }
  }
}

final class SelectOperator: Operator {
  private let expressions: [Expression]
  private let scratch: UnsafeMutablePointer<Int64>

  init(_ expressions: [Expression]) {
    self.expressions = expressions
    scratch = .allocate(capacity: RowLayout.header + expressions.count)
    super.init(width: expressions.count)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    var nulls: UInt32 = 0
    for index in expressions.indices {
      var value: Int64 = 0
      switch expressions[index] {
      case .column(let column):
        if RowLayout.isNull(row, column) {
          nulls |= 1 << UInt32(index)
        } else {
          value = row[RowLayout.header + column]
        }
      case .constant(let constant): value = constant
      case .null, .bound: nulls |= 1 << UInt32(index)
      default: preconditionFailure("refused by the rules")
      }
      scratch[RowLayout.header + index] = value
    }
    scratch[0] = row[0]
    scratch[1] = RowLayout.identity(source: RowLayout.source(row), nulls: nulls)
    scratch[2] = row[2]
    emit(scratch, origin)
  }
}

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
    end.pointee = row[0] &+ horizon
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
