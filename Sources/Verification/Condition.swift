import Queries

/// A predicate laid out flat, so that a row is tested without reference counting.
final class Condition {
  private enum Kind { case equal, among, atLeast, atMost, less, same, isNull, all, any, not }
  private struct Node {
    var kind: Kind
    /// A column, or one of the two below it.
    var column = Node.null
    var constant: Int64 = 0
    var bound: Int64 = 0
    /// The right side of `less` and `same`: a column, or one of the two below.
    var other = Node.null
    /// Where the values or children begin in `values` or `children`, and how many.
    var first = 0
    var count = 0

    static let null = -1
    static let isConstant = -2
  }

  private let nodes: UnsafeMutablePointer<Node>
  private var lists: [Int64] = []
  private var places: [Int] = []
  private let values: UnsafeMutablePointer<Int64>
  private let children: UnsafeMutablePointer<Int>

  init(_ predicate: Predicate) {
    let size = Condition.size(predicate)
    nodes = .allocate(capacity: size.nodes)
    nodes.initialize(repeating: Node(kind: .all), count: size.nodes)
    values = .allocate(capacity: max(size.values, 1))
    children = .allocate(capacity: size.nodes)
    var next = 0
    _ = lay(predicate, &next)
    for (place, value) in lists.enumerated() { values[place] = value }
    for (place, child) in places.enumerated() { children[place] = child }
  }

  deinit {
    nodes.deallocate()
    values.deallocate()
    children.deallocate()
  }

  private static func size(_ predicate: Predicate) -> (nodes: Int, values: Int) {
    switch predicate {
    case .and(let parts), .or(let parts):
      parts.map { size($0) }.reduce((1, 0)) { ($0.0 + $1.nodes, $0.1 + $1.values) }
    case .not(let part): (1 + size(part).nodes, size(part).values)
    case .among(_, let list): (1, list.count)
    case .equal, .atLeast, .atMost, .less, .same, .isNull: (1, 0)
    }
  }

  private func lay(_ predicate: Predicate, _ next: inout Int) -> Int {
    let place = next
    next += 1
    switch predicate {
    case .equal(let e, let v): nodes[place] = node(.equal, e, v)
    case .atLeast(let e, let v): nodes[place] = node(.atLeast, e, v)
    case .atMost(let e, let v): nodes[place] = node(.atMost, e, v)
    case .among(let e, let list):
      nodes[place] = node(.among, e, 0)
      nodes[place].first = lists.count
      nodes[place].count = list.count
      lists += list
    case .and(let parts): layParts(.all, parts, place, &next)
    case .or(let parts): layParts(.any, parts, place, &next)
    case .not(let part): layParts(.not, [part], place, &next)
    case .less(let a, let b): nodes[place] = pair(.less, a, b)
    case .same(let a, let b): nodes[place] = pair(.same, a, b)
    case .isNull(let e): nodes[place] = node(.isNull, e, 0)
    }
    return place
  }

  private func layParts(_ kind: Kind, _ parts: [Predicate], _ place: Int, _ next: inout Int) {
    let laid = parts.map { lay($0, &next) }
    nodes[place] = Node(kind: kind, first: places.count, count: laid.count)
    places += laid
  }

  private func node(_ kind: Kind, _ expression: Expression, _ bound: Int64) -> Node {
    switch expression {
    case .column(let c): Node(kind: kind, column: c, bound: bound)
    case .constant(let v): Node(kind: kind, column: Node.isConstant, constant: v, bound: bound)
    case .null, .bound: Node(kind: kind, bound: bound)
    default: preconditionFailure("no engine runs this plan")
    }
  }

  private func pair(_ kind: Kind, _ a: Expression, _ b: Expression) -> Node {
    var made = node(kind, a, 0)
    let right = node(kind, b, 0)
    made.other = right.column
    made.bound = right.constant
    return made
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
    case .isNull:
      return node.column >= 0
        ? nulls &>> UInt64(node.column) & 1 != 0 : node.column != Node.isConstant
    case .equal, .among, .atLeast, .atMost, .less, .same: break
    }
    let value: Int64
    if node.column >= 0 {
      if nulls &>> UInt64(node.column) & 1 != 0 { return nil }
      value = row[node.column]
    } else if node.column == Node.isConstant {
      value = node.constant
    } else {
      return nil
    }
    switch node.kind {
    case .equal: return value == node.bound
    case .atLeast: return value >= node.bound
    case .atMost: return value <= node.bound
    case .less, .same:
      var right = node.bound
      if node.other >= 0 {
        if nulls &>> UInt64(node.other) & 1 != 0 { return nil }
        right = row[node.other]
      } else if node.other == Node.null {
        return nil
      }
      return node.kind == .less ? value < right : value == right
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
