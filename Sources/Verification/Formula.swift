import Model
import Queries

/// What an expression reads: the columns of a row, of the rows bound before it, and its time.
protocol CellSource {
  /// Nil for null.
  func cell(_ column: Int) -> Int64?
  func bound(_ step: Int, _ column: Int) -> Int64?
  var time: Int64 { get }
}

/// A row of a store.
struct RowCells: CellSource {
  let row: UnsafeMutablePointer<Int64>
  let nulls: UInt64
  let time: Int64

  @inline(__always) init(_ rows: Rows, _ index: Int) {
    row = rows.row(index)
    nulls = rows.heads[index].nulls
    time = rows.heads[index].time
  }

  @inline(__always) func cell(_ column: Int) -> Int64? {
    nulls &>> UInt64(column) & 1 != 0 ? nil : row[column]
  }

  @inline(__always) func bound(_ step: Int, _ column: Int) -> Int64? { nil }
}

/// An expression or a condition, laid out flat so that it is computed without reference counting.
final class Formula {
  private enum Kind {
    case column, constant, null, bound, time
    case add, subtract, multiply, divideFloor, divideHalfEven, divideHalfUp, modulo
    case coalesce, smaller, greater, choose, zone
    case equal, among, atLeast, atMost, less, same, isNull, all, any, not
  }

  private struct Node {
    var kind: Kind
    /// A column, the step of a bound row, or the number of a zone map.
    var column = 0
    /// The column of a bound row.
    var second = 0
    var constant: Int64 = 0
    /// Where the children or values begin, and how many.
    var first = 0
    var count = 0
  }

  private let nodes: [Node]
  private let children: [Int]
  private let values: [Int64]
  private let maps: [ZoneMap]
  private let root: Int
  /// A value did not fit 64 bits: the plan has no answer there.
  private(set) var overflowed = false

  init(_ expression: Expression) {
    var made = Layout()
    root = made.lay(expression)
    (nodes, children, values, maps) = (made.nodes, made.children, made.values, made.maps)
  }

  init(_ predicate: Predicate) {
    var made = Layout()
    root = made.lay(predicate)
    (nodes, children, values, maps) = (made.nodes, made.children, made.values, made.maps)
  }

  @inline(__always) func value<Source: CellSource>(of source: Source) -> Int64? {
    value(root, source)
  }

  /// True, false, or nil for unknown.
  @inline(__always) func truth<Source: CellSource>(of source: Source) -> Bool? {
    truth(root, source)
  }

  private func value<Source: CellSource>(_ place: Int, _ source: Source) -> Int64? {
    let node = nodes[place]
    switch node.kind {
    case .column: return source.cell(node.column)
    case .constant: return node.constant
    case .bound: return source.bound(node.column, node.second)
    case .time: return source.time
    case .coalesce:
      for child in node.first..<node.first &+ node.count {
        if let found = value(children[child], source) { return found }
      }
      return nil
    case .choose:
      let isTrue = truth(children[node.first], source) == true
      return value(children[node.first &+ (isTrue ? 1 : 2)], source)
    case .null, .equal, .among, .atLeast, .atMost, .less, .same, .isNull, .all, .any, .not:
      return nil
    case .add, .subtract, .multiply, .divideFloor, .divideHalfEven, .divideHalfUp, .modulo,
      .smaller, .greater, .zone:
      guard let a = value(children[node.first], source),
        let b = value(children[node.first &+ 1], source)
      else { return nil }
      return compute(node, a, b)
    }
  }

  private func compute(_ node: Node, _ a: Int64, _ b: Int64) -> Int64? {
    switch node.kind {
    case .add: return fitting(Int128(a) + Int128(b))
    case .subtract: return fitting(Int128(a) - Int128(b))
    case .multiply: return fitting(Int128(a) * Int128(b))
    case .smaller: return min(a, b)
    case .greater: return max(a, b)
    case .zone: return maps[node.column].zoneNumber(latitude: a, longitude: b)
    case .modulo: return b == 0 ? nil : fitting(Int128(a) - floorDivided(a, b) * Int128(b))
    default:
      if b == 0 { return nil }
      let (dividend, divisor) = b > 0 ? (Int128(a), Int128(b)) : (-Int128(a), -Int128(b))
      let low = floorDivided(a, b)
      let twice = 2 * (dividend - low * divisor)
      switch node.kind {
      case .divideHalfEven:
        let isUp = twice > divisor || (twice == divisor && low % 2 != 0)
        return fitting(isUp ? low + 1 : low)
      case .divideHalfUp: return fitting(twice >= divisor ? low + 1 : low)
      default: return fitting(low)
      }
    }
  }

  private func fitting(_ wide: Int128) -> Int64? {
    guard let value = Int64(exactly: wide) else {
      overflowed = true
      return nil
    }
    return value
  }

  /// The greatest integer that is not above a / b; b is not 0.
  private func floorDivided(_ a: Int64, _ b: Int64) -> Int128 {
    let (x, y) = (Int128(a), Int128(b))
    let quotient = x / y
    return x % y != 0 && (x < 0) != (y < 0) ? quotient - 1 : quotient
  }

  private func truth<Source: CellSource>(_ place: Int, _ source: Source) -> Bool? {
    let node = nodes[place]
    switch node.kind {
    case .all: return combined(node, source, decisive: false)
    case .any: return combined(node, source, decisive: true)
    case .not: return truth(children[node.first], source).map { !$0 }
    default: break
    }
    // The left side is a column in nearly all conditions.
    let left = nodes[children[node.first]]
    let found =
      left.kind == .column ? source.cell(left.column) : value(children[node.first], source)
    if node.kind == .isNull { return found == nil }
    guard let found else { return nil }
    switch node.kind {
    case .equal: return found == node.constant
    case .atLeast: return found >= node.constant
    case .atMost: return found <= node.constant
    case .less: return value(children[node.first &+ 1], source).map { found < $0 }
    case .same: return value(children[node.first &+ 1], source).map { found == $0 }
    default:
      for index in node.column..<node.column &+ node.second where values[index] == found {
        return true
      }
      return false
    }
  }

  private func combined<Source: CellSource>(
    _ node: Node, _ source: Source, decisive: Bool
  ) -> Bool? {
    var result: Bool? = !decisive
    for index in node.first..<node.first &+ node.count {
      let part = truth(children[index], source)
      if part == decisive { return decisive }
      if part == nil { result = nil }
    }
    return result
  }
}

extension Formula {
  /// Lays expressions and conditions out.
  private struct Layout {
    var nodes: [Node] = []
    var children: [Int] = []
    var values: [Int64] = []
    var maps: [ZoneMap] = []

    mutating func lay(_ expression: Expression) -> Int {
      switch expression {
      case .column(let c): add(Node(kind: .column, column: c))
      case .constant(let v): add(Node(kind: .constant, constant: v))
      case .null: add(Node(kind: .null))
      case .bound(let step, let c): add(Node(kind: .bound, column: step, second: c))
      case .time: add(Node(kind: .time))
      case .add(let a, let b): pair(.add, a, b)
      case .subtract(let a, let b): pair(.subtract, a, b)
      case .multiply(let a, let b): pair(.multiply, a, b)
      case .divide(let a, let b, .floor): pair(.divideFloor, a, b)
      case .divide(let a, let b, .halfEven): pair(.divideHalfEven, a, b)
      case .divide(let a, let b, .halfUp): pair(.divideHalfUp, a, b)
      case .modulo(let a, let b): pair(.modulo, a, b)
      case .smaller(let a, let b): pair(.smaller, a, b)
      case .greater(let a, let b): pair(.greater, a, b)
      case .coalesce(let parts): add(Node(kind: .coalesce), parts.map { lay($0) })
      case .choose(let condition, let a, let b):
        add(Node(kind: .choose), [lay(condition), lay(a), lay(b)])
      case .zone(let latitude, let longitude, let map): zone(latitude, longitude, map)
      }
    }

    private mutating func zone(_ a: Expression, _ b: Expression, _ map: ZoneMap) -> Int {
      let parts = [lay(a), lay(b)]
      maps.append(map)
      return add(Node(kind: .zone, column: maps.count - 1), parts)
    }

    mutating func lay(_ predicate: Predicate) -> Int {
      switch predicate {
      case .equal(let e, let v): add(Node(kind: .equal, constant: v), [lay(e)])
      case .atLeast(let e, let v): add(Node(kind: .atLeast, constant: v), [lay(e)])
      case .atMost(let e, let v): add(Node(kind: .atMost, constant: v), [lay(e)])
      case .among(let e, let list): among(e, list)
      case .less(let a, let b): pair(.less, a, b)
      case .same(let a, let b): pair(.same, a, b)
      case .isNull(let e): add(Node(kind: .isNull), [lay(e)])
      case .and(let parts): add(Node(kind: .all), parts.map { lay($0) })
      case .or(let parts): add(Node(kind: .any), parts.map { lay($0) })
      case .not(let part): add(Node(kind: .not), [lay(part)])
      }
    }

    private mutating func among(_ expression: Expression, _ list: [Int64]) -> Int {
      let part = lay(expression)
      values += list
      return add(
        Node(kind: .among, column: values.count - list.count, second: list.count), [part])
    }

    private mutating func pair(_ kind: Kind, _ a: Expression, _ b: Expression) -> Int {
      add(Node(kind: kind), [lay(a), lay(b)])
    }

    private mutating func add(_ node: Node, _ parts: [Int] = []) -> Int {
      var node = node
      node.first = children.count
      node.count = parts.count
      children += parts
      nodes.append(node)
      return nodes.count - 1
    }
  }
}

extension ZoneMap {
  /// Number of the zone that holds a place, nil when none does.
  func zoneNumber(latitude: Int64, longitude: Int64) -> Int64? {
    let y = Int128(latitude) - Int128(originLatitude)
    let x = ((Int128(longitude) - Int128(originLongitude)) * Int128(longitudeScale)) >> 16
    let side = Int128(cell)
    if y < 0 || x < 0 || y >= side * Int128(rows) || x >= side * Int128(columns) { return nil }
    let place = Int(y / side) * columns + Int(x / side)
    guard zones.indices.contains(place), let zone = zones[place] else { return nil }
    if zone.corners.isEmpty {
      let (dx, dy) = (x - Int128(zone.x), y - Int128(zone.y))
      return dx * dx + dy * dy <= Int128(zone.radius) * Int128(zone.radius) ? zone.number : nil
    }
    // A ray to the right leaves the zone if it crosses an odd number of its edges.
    var isInside = false
    var from = zone.corners[zone.corners.count - 1]
    for to in zone.corners {
      let (low, high) = from.y < to.y ? (from, to) : (to, from)
      if Int128(low.y) <= y && y < Int128(high.y) {
        let side =
          (Int128(high.x) - Int128(low.x)) * (y - Int128(low.y))
          - (x - Int128(low.x)) * (Int128(high.y) - Int128(low.y))
        if side > 0 { isInside.toggle() }
      }
      from = to
    }
    return isInside ? zone.number : nil
  }
}
