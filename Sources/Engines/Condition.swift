import Model
import Queries

/// Result of a predicate: three-valued, as in SQL.
enum Truth { case no, yes, unknown }

/// A predicate as a tree of small objects: compiled once, asked for each row.
class Condition {
  func test(_ row: UnsafePointer<Int64>) -> Truth { .unknown }

  static func compile(_ predicate: Predicate, _ faults: ProgramFaults) -> Condition {
    func of(_ expression: Expression) -> Formula { Formula.compile(expression, faults) }
    return switch predicate {
    case .equal(let value, let wanted): Between(of(value), wanted, wanted)
    case .atLeast(let value, let low): Between(of(value), low, .max)
    case .atMost(let value, let high): Between(of(value), .min, high)
    case .among(let value, let list): Among(of(value), list)
    case .and(let parts): Junction(Conditions(parts, faults), stopsAt: .no)
    case .or(let parts): Junction(Conditions(parts, faults), stopsAt: .yes)
    case .not(let inner): Negation(compile(inner, faults))
    case .less(let a, let b): Comparison(of(a), of(b), isLess: true)
    case .same(let a, let b): Comparison(of(a), of(b), isLess: false)
    case .isNull(let value): Absent(of(value))
    }
  }
}

private final class Between: Condition {
  private let value: Formula
  private let column: Int
  private let low: Int64
  private let high: Int64

  init(_ value: Formula, _ low: Int64, _ high: Int64) {
    self.value = value
    column = (value as? ColumnFormula)?.column ?? -1
    self.low = low
    self.high = high
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    if column >= 0 {
      if RowLayout.isNull(row, column) { return .unknown }
      let x = row[RowLayout.header + column]
      return x >= low && x <= high ? .yes : .no
    }
    guard let x = value.value(row) else { return .unknown }
    return x >= low && x <= high ? .yes : .no
  }
}

private final class Among: Condition {
  private let value: Formula
  private let column: Int
  private let list: [Int64]

  init(_ value: Formula, _ list: [Int64]) {
    self.value = value
    column = (value as? ColumnFormula)?.column ?? -1
    self.list = list
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    let x: Int64
    if column >= 0 {
      if RowLayout.isNull(row, column) { return .unknown }
      x = row[RowLayout.header + column]
    } else {
      guard let computed = value.value(row) else { return .unknown }
      x = computed
    }
    for candidate in list where candidate == x { return .yes }
    return .no
  }
}

private final class Comparison: Condition {
  private let a: Formula
  private let b: Formula
  private let isLess: Bool

  init(_ a: Formula, _ b: Formula, isLess: Bool) {
    self.a = a
    self.b = b
    self.isLess = isLess
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    guard let x = a.value(row), let y = b.value(row) else { return .unknown }
    return (isLess ? x < y : x == y) ? .yes : .no
  }
}

private final class Absent: Condition {
  private let value: Formula

  init(_ value: Formula) { self.value = value }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    value.value(row) == nil ? .yes : .no
  }
}

/// Several conditions in one, read without counting references: they are asked for every row.
struct Conditions {
  private let owned: [Condition]
  private let parts: UnsafeMutablePointer<Unmanaged<Condition>>
  let count: Int

  /// The memory behind the list lives as long as the program: conditions are compiled once.
  init(_ predicates: [Predicate], _ faults: ProgramFaults) {
    owned = predicates.map { Condition.compile($0, faults) }
    count = owned.count
    parts = .allocate(capacity: max(count, 1))
    for (index, part) in owned.enumerated() { parts[index] = .passUnretained(part) }
  }

  @inline(__always) func test(_ index: Int, _ row: UnsafePointer<Int64>) -> Truth {
    parts[index]._withUnsafeGuaranteedRef { $0.test(row) }
  }
}

private final class Junction: Condition {
  private let parts: Conditions
  private let stopsAt: Truth

  init(_ parts: Conditions, stopsAt: Truth) {
    self.parts = parts
    self.stopsAt = stopsAt
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    var unknown = false
    for index in 0..<parts.count {
      let truth = parts.test(index, row)
      if truth == stopsAt { return truth }
      if truth == .unknown { unknown = true }
    }
    if unknown { return .unknown }
    return stopsAt == .no ? .yes : .no
  }
}

private final class Negation: Condition {
  private let inner: Condition

  init(_ inner: Condition) { self.inner = inner }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    switch inner.test(row) {
    case .yes: .no
    case .no: .yes
    case .unknown: .unknown
    }
  }
}
