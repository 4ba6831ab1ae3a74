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

/// The rows that an operator hands on: some of the rows of a store, in event order.
final class RowPicks {
  var rows: Rows
  private(set) var picks: UnsafeMutablePointer<Int32>
  private(set) var count = 0
  private var capacity = 256

  init(rows: Rows) {
    self.rows = rows
    picks = .allocate(capacity: capacity)
  }

  deinit { picks.deallocate() }

  @inline(__always) func pick(_ index: Int) {
    if count == capacity {
      let wider = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
      wider.update(from: picks, count: count)
      picks.deallocate()
      picks = wider
      capacity *= 2
    }
    picks[count] = Int32(truncatingIfNeeded: index)
    count &+= 1
  }

  func removeAll() { count = 0 }

  /// Picks all rows of the store, sorted into event order.
  func pickAllSorted() {
    removeAll()
    for index in 0..<rows.count { pick(index) }
    let heads = rows.heads
    var buffer = UnsafeMutableBufferPointer(start: picks, count: count)
    buffer.sort { RowHead.precedes(heads[Int($0)], heads[Int($1)]) }
  }
}

/// A predicate laid out flat, so that a row is tested without reference counting.
final class Condition {
  private enum Kind { case equal, among, atLeast, atMost, all, any, not }
  private enum Operand { case column(Int), constant(Int64), null }
  private struct Node {
    var kind: Kind
    var operand: Operand = .null
    var bound: Int64 = 0
    /// Where the values or children begin in `values` or `children`, and how many.
    var first = 0
    var count = 0
  }

  private var nodes: UnsafeMutablePointer<Node>
  private var values: [Int64] = []
  private var children: [Int] = []
  private let nodeCount: Int

  init(_ predicate: Predicate) {
    nodeCount = Condition.size(predicate)
    nodes = .allocate(capacity: nodeCount)
    nodes.initialize(repeating: Node(kind: .all), count: nodeCount)
    var next = 0
    _ = lay(predicate, &next)
  }

  deinit { nodes.deallocate() }

  private static func size(_ predicate: Predicate) -> Int {
    switch predicate {
    case .and(let parts), .or(let parts): 1 + parts.reduce(0) { $0 + size($1) }
    case .not(let part): 1 + size(part)
    case .equal, .among, .atLeast, .atMost: 1
    }
  }

  private func lay(_ predicate: Predicate, _ next: inout Int) -> Int {
    let place = next
    next += 1
    switch predicate {
    case .equal(let e, let v): nodes[place] = Node(kind: .equal, operand: operand(e), bound: v)
    case .atLeast(let e, let v): nodes[place] = Node(kind: .atLeast, operand: operand(e), bound: v)
    case .atMost(let e, let v): nodes[place] = Node(kind: .atMost, operand: operand(e), bound: v)
    case .among(let e, let list):
      nodes[place] = Node(
        kind: .among, operand: operand(e), first: values.count, count: list.count)
      values += list
    case .and(let parts): layParts(.all, parts, place, &next)
    case .or(let parts): layParts(.any, parts, place, &next)
    case .not(let part): layParts(.not, [part], place, &next)
    }
    return place
  }

  private func layParts(_ kind: Kind, _ parts: [Predicate], _ place: Int, _ next: inout Int) {
    let places = parts.map { lay($0, &next) }
    nodes[place] = Node(kind: kind, first: children.count, count: places.count)
    children += places
  }

  private func operand(_ expression: Expression) -> Operand {
    switch expression {
    case .column(let c): .column(c)
    case .constant(let v): .constant(v)
    case .null: .null
    }
  }

  @inline(__always) func holds(_ row: UnsafeMutablePointer<Int64>, _ nulls: UInt64) -> Bool {
    truth(0, row, nulls) == true
  }

  /// Nil is the third truth value.
  private func truth(_ place: Int, _ row: UnsafeMutablePointer<Int64>, _ nulls: UInt64) -> Bool? {
    let node = nodes[place]
    switch node.kind {
    case .all: return combined(node, row, nulls, decisive: false)
    case .any: return combined(node, row, nulls, decisive: true)
    case .not: return truth(children[node.first], row, nulls).map { !$0 }
    case .equal, .among, .atLeast, .atMost: break
    }
    let value: Int64
    switch node.operand {
    case .null: return nil
    case .constant(let v): value = v
    case .column(let c):
      if nulls &>> UInt64(c) & 1 != 0 { return nil }
      value = row[c]
    }
    switch node.kind {
    case .equal: return value == node.bound
    case .atLeast: return value >= node.bound
    case .atMost: return value <= node.bound
    default:
      for index in node.first..<node.first &+ node.count where values[index] == value {
        return true
      }
      return false
    }
  }

  private func combined(
    _ node: Node, _ row: UnsafeMutablePointer<Int64>, _ nulls: UInt64, decisive: Bool
  ) -> Bool? {
    var result: Bool? = !decisive
    for index in node.first..<node.first &+ node.count {
      let part = truth(children[index], row, nulls)
      if part == decisive { return decisive }
      if part == nil { result = nil }
    }
    return result
  }
}
