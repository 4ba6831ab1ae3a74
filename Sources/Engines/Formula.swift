import Model
import Queries

/// What went wrong while a program ran: the plan has no answer then.
package final class ProgramFaults {
  /// A value did not fit an int64; its column was null in the row that came out.
  package var overflowed = false
  /// A rule of the plan was broken, such as a timer in the past; the run fails.
  package var failure: String?

  package init() {}

  func fail(_ text: String) { failure = failure ?? text }
}

/// An expression as a tree of small objects: compiled once, asked for each row. Nil is null.
class Formula {
  func value(_ row: UnsafePointer<Int64>) -> Int64? { nil }

  static func compile(_ expression: Expression, _ faults: ProgramFaults) -> Formula {
    func of(_ inner: Expression) -> Formula { compile(inner, faults) }
    func arithmetic(
      _ a: Expression, _ b: Expression, _ operation: Arithmetic.Operation
    ) -> Formula {
      Arithmetic(of(a), of(b), operation, faults)
    }
    return switch expression {
    case .column(let column): ColumnFormula(column)
    case .constant(let value): ConstantFormula(value)
    case .null, .bound: Formula()
    case .time: TimeFormula()
    case .add(let a, let b): arithmetic(a, b, .add)
    case .subtract(let a, let b): arithmetic(a, b, .subtract)
    case .multiply(let a, let b): arithmetic(a, b, .multiply)
    case .divide(let a, let b, let rounding): arithmetic(a, b, .divide(rounding))
    case .modulo(let a, let b): arithmetic(a, b, .modulo)
    case .smaller(let a, let b): arithmetic(a, b, .smaller)
    case .greater(let a, let b): arithmetic(a, b, .greater)
    case .coalesce(let parts): FirstPresent(parts.map(of))
    case .choose(let condition, let a, let b):
      Choice(Condition.compile(condition, faults), of(a), of(b))
    case .zone(let latitude, let longitude, let map): ZoneFormula(of(latitude), of(longitude), map)
    }
  }
}

final class ColumnFormula: Formula {
  let column: Int

  init(_ column: Int) { self.column = column }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? {
    RowLayout.isNull(row, column) ? nil : row[RowLayout.header + column]
  }
}

private final class ConstantFormula: Formula {
  private let constant: Int64

  init(_ constant: Int64) { self.constant = constant }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? { constant }
}

private final class TimeFormula: Formula {
  override func value(_ row: UnsafePointer<Int64>) -> Int64? { row[0] }
}

private final class Arithmetic: Formula {
  enum Operation {
    case add, subtract, multiply
    case divide(Rounding)
    case modulo, smaller, greater
  }

  private let a: Formula
  private let b: Formula
  private let operation: Operation
  private let faults: ProgramFaults

  init(_ a: Formula, _ b: Formula, _ operation: Operation, _ faults: ProgramFaults) {
    self.a = a
    self.b = b
    self.operation = operation
    self.faults = faults
  }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? {
    guard let x = a.value(row), let y = b.value(row) else { return nil }
    switch operation {
    case .add: return checked(x.addingReportingOverflow(y))
    case .subtract: return checked(x.subtractingReportingOverflow(y))
    case .multiply: return checked(x.multipliedReportingOverflow(by: y))
    case .smaller: return min(x, y)
    case .greater: return max(x, y)
    case .divide(let rounding):
      if y == 0 { return nil }
      guard let quotient = Int64(exactly: quotient(Int128(x), Int128(y), rounding)) else {
        faults.overflowed = true
        return nil
      }
      return quotient
    case .modulo:
      if y == 0 { return nil }
      return Int64(Int128(x) - quotient(Int128(x), Int128(y), .floor) * Int128(y))
    }
  }

  private func checked(_ result: (partialValue: Int64, overflow: Bool)) -> Int64? {
    if !result.overflow { return result.partialValue }
    faults.overflowed = true
    return nil
  }
}

/// a / b rounded as queries.md 5.2 says; b is not zero.
func quotient(_ a: Int128, _ b: Int128, _ rounding: Rounding) -> Int128 {
  func floor(_ a: Int128, _ b: Int128) -> Int128 {
    let quotient = a / b
    return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient
  }
  let (a, b) = b < 0 ? (-a, -b) : (a, b)
  switch rounding {
  case .floor: return floor(a, b)
  case .halfUp: return floor(2 * a + b, 2 * b)
  case .halfEven:
    let q = floor(a, b)
    let twice = 2 * (a - q * b)
    return twice > b || (twice == b && q % 2 != 0) ? q + 1 : q
  }
}

private final class FirstPresent: Formula {
  private let parts: [Formula]

  init(_ parts: [Formula]) { self.parts = parts }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? {
    for part in parts {
      if let value = part.value(row) { return value }
    }
    return nil
  }
}

private final class Choice: Formula {
  private let condition: Condition
  private let a: Formula
  private let b: Formula

  init(_ condition: Condition, _ a: Formula, _ b: Formula) {
    self.condition = condition
    self.a = a
    self.b = b
  }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? {
    condition.test(row) == .yes ? a.value(row) : b.value(row)
  }
}

/// Looks a place up in the one cell of the grid that can hold its zone.
private final class ZoneFormula: Formula {
  private let latitude: Formula
  private let longitude: Formula
  private let map: ZoneMap

  init(_ latitude: Formula, _ longitude: Formula, _ map: ZoneMap) {
    self.latitude = latitude
    self.longitude = longitude
    self.map = map
  }

  override func value(_ row: UnsafePointer<Int64>) -> Int64? {
    guard let latitude = latitude.value(row), let longitude = longitude.value(row) else {
      return nil
    }
    let y = latitude &- map.originLatitude
    let x = ((longitude &- map.originLongitude) &* map.longitudeScale) >> 16
    let line = floorDivision(y, map.cell)
    let column = floorDivision(x, map.cell)
    if line < 0 || line >= Int64(map.rows) || column < 0 || column >= Int64(map.columns) {
      return nil
    }
    guard let zone = map.zones[Int(line) * map.columns + Int(column)] else { return nil }
    return zone.holds(x, y) ? zone.number : nil
  }
}

extension ZoneMap.Zone {
  /// Inside of the circle or, with corners, by the crossing number: an edge counts for a place at
  /// the height of its lower end and not at that of its upper end.
  fileprivate func holds(_ x: Int64, _ y: Int64) -> Bool {
    if corners.isEmpty {
      let (dx, dy) = (x - self.x, y - self.y)
      return dx * dx + dy * dy <= radius * radius
    }
    var isInside = false
    for (index, end) in corners.enumerated() {
      let start = corners[index == 0 ? corners.count - 1 : index - 1]
      if (start.y > y) == (end.y > y) { continue }
      // x < start.x + (y - start.y) * (end.x - start.x) / (end.y - start.y), without a quotient.
      let left = (x - start.x) * (end.y - start.y)
      let right = (y - start.y) * (end.x - start.x)
      if end.y > start.y ? left < right : left > right { isInside.toggle() }
    }
    return isInside
  }
}

extension Expression {
  /// The expression with every column and bound column put somewhere else.
  func placing(_ place: (Expression) -> Expression) -> Expression {
    func of(_ inner: Expression) -> Expression { inner.placing(place) }
    return switch self {
    case .column, .bound: place(self)
    case .constant, .null, .time: self
    case .add(let a, let b): .add(of(a), of(b))
    case .subtract(let a, let b): .subtract(of(a), of(b))
    case .multiply(let a, let b): .multiply(of(a), of(b))
    case .divide(let a, let b, let rounding): .divide(of(a), of(b), rounding)
    case .modulo(let a, let b): .modulo(of(a), of(b))
    case .smaller(let a, let b): .smaller(of(a), of(b))
    case .greater(let a, let b): .greater(of(a), of(b))
    case .coalesce(let parts): .coalesce(parts.map(of))
    case .choose(let condition, let a, let b):
      .choose(condition.placing(place), of(a), of(b))
    case .zone(let a, let b, let map): .zone(of(a), of(b), map)
    }
  }
}

extension Predicate {
  func placing(_ place: (Expression) -> Expression) -> Predicate {
    switch self {
    case .equal(let e, let v): .equal(e.placing(place), v)
    case .among(let e, let list): .among(e.placing(place), list)
    case .atLeast(let e, let v): .atLeast(e.placing(place), v)
    case .atMost(let e, let v): .atMost(e.placing(place), v)
    case .and(let parts): .and(parts.map { $0.placing(place) })
    case .or(let parts): .or(parts.map { $0.placing(place) })
    case .not(let part): .not(part.placing(place))
    case .less(let a, let b): .less(a.placing(place), b.placing(place))
    case .same(let a, let b): .same(a.placing(place), b.placing(place))
    case .isNull(let e): .isNull(e.placing(place))
    }
  }
}
