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
  /// Its number in the plan.
  var number = 0
  /// Rows that it makes carry their identity, since something behind it puts them in order.
  var identifies = false
  /// How far its rows may lie behind its watermark, and how far those that change.
  var hold: Nanoseconds = 0
  var lateHold: Nanoseconds?
  /// No row with a time below this will come or change any more. Behind the watermark of `advance`
  /// only where results are corrected.
  package var settled = Int64.min

  init(width: Int) {
    self.width = width
    followers = .allocate(capacity: Self.mostFollowers)
  }

  deinit { followers.deallocate() }

  /// More operators than this never read one; a plan that does is refused.
  static let mostFollowers = 32

  var isFull: Bool { followerCount == Self.mostFollowers - 1 }

  /// The follower must live as long as this operator is used.
  package func follow(with next: Operator) {
    precondition(followerCount < Self.mostFollowers, "an operator has at most 32 followers")
    followers[followerCount] = Unmanaged.passUnretained(next)
    followerCount += 1
  }

  /// Takes a row; the memory is the caller's. `origin` is nil when the row is one event.
  package func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {}

  /// A row that was pushed is withdrawn; only where results are corrected.
  package func retract(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    preconditionFailure("rows of a final result are not withdrawn")
  }

  /// The row will be pushed soon: a chance to ask memory for what it will need. Returns a word
  /// that depends on it, so that the reading is not optimised away.
  func expect(_ row: UnsafePointer<Int64>) -> Int64 { 0 }

  /// No row with a time below the watermark will come.
  package func advance(to watermark: Int64) {}

  /// Below what no row that it puts out from now on will lie, when it heard a watermark.
  func passes(_ watermark: Int64) -> Int64 { lowered(watermark, by: hold) }

  /// Below what no row that it puts out or changes from now on will lie.
  final func passesSettled(_ watermark: Int64) -> Int64 {
    lateHold.map { lowered(settled, by: $0) } ?? passes(watermark)
  }

  /// Rows that wait here for the watermark.
  var waitingRows: Int { 0 }

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

  @inline(__always) final func withdraw(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?
  ) {
    for index in 0..<followerCount {
      followers[index]._withUnsafeGuaranteedRef { $0.retract(row, origin) }
    }
  }

  /// Names a row that the operator made by the columns of its result key, if that is wanted.
  @inline(__always) final func identify(
    _ origin: inout Origin, _ row: UnsafePointer<Int64>, _ columns: some Collection<Int>
  ) {
    if identifies { origin.identity = RowIdentity(number, row, columns) }
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

/// A watermark less a while; the ends stay what they are.
func lowered(_ watermark: Int64, by length: Nanoseconds) -> Int64 {
  if watermark == .max { return .max }
  let low = watermark.subtractingReportingOverflow(length)
  return low.overflow ? .min : low.partialValue
}
