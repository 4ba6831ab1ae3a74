import Model
import Queries

/// What every row has besides its columns.
struct RowHead {
  /// Event time, floored to the resolution of the plan.
  var time: Int64
  /// Identity, for the order among rows of one time: number of the operator that made it (0 for
  /// events), then source and sequence of an event, or the place in that operator's output; there
  /// `high` is the index of the result key in `Rows.identities`.
  var origin: UInt32
  var high: UInt32
  var low: UInt64
  /// Bit c is set when column c is null.
  var nulls: UInt64
  /// The latest contributing event, and when it was to be sent.
  var source: UInt32
  /// Index into `Rows.evidences`; -1: the event `source:sequence` alone.
  var evidence: Int32
  var sequence: UInt64
  var intendedAt: Int64

  /// Event order (queries.md 1.4).
  @inline(__always) static func precedes(_ a: RowHead, _ b: RowHead) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.origin != b.origin { return a.origin < b.origin }
    if a.origin == 0 && a.high != b.high { return a.high < b.high }
    return a.low < b.low
  }
}

/// Rows of one width in flat memory.
final class Rows {
  let width: Int
  private(set) var heads: UnsafeMutablePointer<RowHead>
  private(set) var cells: UnsafeMutablePointer<Int64>
  private(set) var evidences: [Evidence] = []
  /// Result keys of rows that an operator made, where something that follows orders by them.
  private(set) var identities: [[Int64?]] = []
  private(set) var count = 0
  private var capacity = 256

  init(width: Int) {
    self.width = width
    heads = .allocate(capacity: capacity)
    cells = .allocate(capacity: capacity * max(width, 1))
  }

  deinit {
    heads.deallocate()
    cells.deallocate()
  }

  @inline(__always) func row(_ index: Int) -> UnsafeMutablePointer<Int64> {
    cells + index &* width
  }

  /// Adds a row whose columns the caller fills; returns its index.
  @inline(__always) func add(_ head: RowHead) -> Int {
    if count == capacity { grow() }
    heads[count] = head
    count &+= 1
    return count &- 1
  }

  /// Adds a row made of several events.
  func add(_ head: RowHead, evidence: Evidence) -> Int {
    let index = add(head)
    heads[index].evidence = Int32(truncatingIfNeeded: evidences.count)
    evidences.append(evidence)
    return index
  }

  /// Adds a row with identity, evidence and lineage of another one; the caller fills the columns.
  func addLike(_ other: Rows, _ index: Int) -> Int {
    let head = other.heads[index]
    let made =
      head.evidence < 0 ? add(head) : add(head, evidence: other.evidences[Int(head.evidence)])
    if head.origin != 0 && !other.identities.isEmpty {
      setIdentity(made, other.identities[Int(head.high)])
    }
    return made
  }

  func setIdentity(_ index: Int, _ identity: [Int64?]) {
    heads[index].high = UInt32(truncatingIfNeeded: identities.count)
    identities.append(identity)
  }

  /// Number of the operator and result key; of an event 0, source and sequence.
  func identity(_ index: Int) -> [Int64?] {
    let head = heads[index]
    if head.origin == 0 {
      return [0, Int64(head.high), Int64(bitPattern: head.low)]
    }
    return [Int64(head.origin)] + (identities.isEmpty ? [] : identities[Int(head.high)])
  }

  /// Adds a copy of a row of the same width.
  func addCopy(_ other: Rows, _ index: Int) {
    let copy = addLike(other, index)
    row(copy).update(from: other.row(index), count: width)
  }

  @inline(__always) func evidence(_ index: Int) -> Evidence {
    let head = heads[index]
    if head.evidence < 0 { return Evidence(source: head.source, sequence: head.sequence) }
    return evidences[Int(head.evidence)]
  }

  @inline(__always) func isNull(_ index: Int, _ column: Int) -> Bool {
    heads[index].nulls &>> UInt64(column) & 1 != 0
  }

  func removeAll() {
    count = 0
    evidences.removeAll(keepingCapacity: true)
    identities.removeAll(keepingCapacity: true)
  }

  private func grow() {
    let moreHeads = UnsafeMutablePointer<RowHead>.allocate(capacity: capacity * 2)
    moreHeads.update(from: heads, count: count)
    heads.deallocate()
    heads = moreHeads
    let moreCells = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * 2 * max(width, 1))
    moreCells.update(from: cells, count: count * width)
    cells.deallocate()
    cells = moreCells
    capacity *= 2
  }

  /// Digest of some columns of a row: two rows have the same key exactly when these are equal, but
  /// for a chance of 2^-64 with keys of several columns.
  @inline(__always) func digest(_ index: Int, _ columns: [Int]) -> UInt64 {
    let row = row(index)
    if columns.count == 1 {
      let column = columns[0]
      if isNull(index, column) { return 0x6E75_6C6C_6B65_7931 }
      return scattered(UInt64(bitPattern: row[column]))
    }
    var hash: UInt64 = 0x243F_6A88_85A3_08D3
    for column in columns {
      let null = isNull(index, column)
      hash = scattered(hash &+ (null ? 0x6E75_6C6C : scattered(UInt64(bitPattern: row[column]))))
    }
    return hash
  }
}

extension Rows {
  /// Order of the values in some columns: null before everything, integers by value; nil when
  /// they are equal.
  func keyPrecedes(_ a: Int, _ b: Int, _ columns: [Int]) -> Bool? {
    for column in columns {
      let aNull = isNull(a, column)
      let bNull = isNull(b, column)
      if aNull != bNull { return aNull }
      if !aNull && row(a)[column] != row(b)[column] { return row(a)[column] < row(b)[column] }
    }
    return nil
  }
}

/// Order of result keys: value by value, null before everything, a prefix first.
func identityPrecedes(_ a: [Int64?], _ b: [Int64?]) -> Bool {
  for (x, y) in zip(a, b) where x != y {
    guard let x else { return true }
    guard let y else { return false }
    return x < y
  }
  return a.count < b.count
}
