import Model
import Queries

/// A row inside the engine: words in raw memory. Word 0 is the event time in nanoseconds (floored
/// to the resolution of the plan), word 1 the source with the null bits of the columns above it,
/// word 2 the sequence; the columns follow.
package enum RowLayout {
  package static let header = 3

  @inline(__always) static func source(_ row: UnsafePointer<Int64>) -> UInt32 {
    UInt32(truncatingIfNeeded: row[1])
  }

  @inline(__always) static func nulls(_ row: UnsafePointer<Int64>) -> UInt32 {
    UInt32(truncatingIfNeeded: row[1] >> 32)
  }

  @inline(__always) static func isNull(_ row: UnsafePointer<Int64>, _ column: Int) -> Bool {
    row[1] >> Int64(32 + column) & 1 != 0
  }

  @inline(__always) package static func identity(source: UInt32, nulls: UInt32) -> Int64 {
    Int64(bitPattern: UInt64(nulls) << 32 | UInt64(source))
  }
}

/// What a row was made of, when that is more than the event whose identity it has.
package struct Origin {
  var evidence: Evidence
  /// The latest contributing event in event order.
  var latest: EventID
}

/// Result of a predicate: three-valued, as in SQL.
enum Truth { case no, yes, unknown }

/// A predicate as a tree of small objects: compiled once, asked for each row.
class Condition {
  func test(_ row: UnsafePointer<Int64>) -> Truth { .unknown }

  static func compile(_ predicate: Predicate) -> Condition {
    switch predicate {
    case .equal(let value, let wanted): Between(value, wanted, wanted)
    case .atLeast(let value, let low): Between(value, low, .max)
    case .atMost(let value, let high): Between(value, .min, high)
    case .among(let value, let list): Among(value, list)
    case .and(let parts): Junction(parts, stopsAt: .no)
    case .or(let parts): Junction(parts, stopsAt: .yes)
    case .not(let inner): Negation(compile(inner))
    case .less(let a, let b): Comparison(a, b, isLess: true)
    case .isNull(let value): Negation(Comparison(value, value, isLess: false))
    case .same(let a, let b): Comparison(a, b, isLess: false)
    }
  }
}

private final class Between: Condition {
  private let value: Expression
  private let column: Int
  private let low: Int64
  private let high: Int64

  init(_ value: Expression, _ low: Int64, _ high: Int64) {
    self.value = value
    if case .column(let index) = value { column = index } else { column = -1 }
    self.low = low
    self.high = high
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    if column >= 0 {
      if RowLayout.isNull(row, column) { return .unknown }
      let x = row[RowLayout.header + column]
      return x >= low && x <= high ? .yes : .no
    }
    guard case .constant(let x) = value else { return .unknown }
    return x >= low && x <= high ? .yes : .no
  }
}

private final class Among: Condition {
  private let value: Expression
  private let list: [Int64]

  init(_ value: Expression, _ list: [Int64]) {
    self.value = value
    self.list = list
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    let x: Int64
    switch value {
    case .column(let column):
      if RowLayout.isNull(row, column) { return .unknown }
      x = row[RowLayout.header + column]
    case .constant(let constant): x = constant
    case .null, .bound: return .unknown
    default: preconditionFailure("refused by the rules")
    }
    for candidate in list where candidate == x { return .yes }
    return .no
  }
}

private final class Comparison: Condition {
  private let a: Expression
  private let b: Expression
  private let isLess: Bool

  init(_ a: Expression, _ b: Expression, isLess: Bool) {
    self.a = a
    self.b = b
    self.isLess = isLess
  }

  override func test(_ row: UnsafePointer<Int64>) -> Truth {
    guard let x = Self.value(a, row), let y = Self.value(b, row) else { return .unknown }
    return (isLess ? x < y : x == y) ? .yes : .no
  }

  private static func value(_ expression: Expression, _ row: UnsafePointer<Int64>) -> Int64? {
    switch expression {
    case .column(let column):
      RowLayout.isNull(row, column) ? nil : row[RowLayout.header + column]
    case .constant(let constant): constant
    case .null, .bound: nil
    default: preconditionFailure("refused by the rules")
    }
  }
}

/// Several conditions in one, read without counting references: they are asked for every row.
struct Conditions {
  private let owned: [Condition]
  private let parts: UnsafeMutablePointer<Unmanaged<Condition>>
  let count: Int

  /// The memory behind the list lives as long as the program: conditions are compiled once.
  init(_ predicates: [Predicate]) {
    owned = predicates.map(Condition.compile)
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

  init(_ parts: [Predicate], stopsAt: Truth) {
    self.parts = Conditions(parts)
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

/// Digest of the key columns of a row; never zero. One column keeps distinct keys distinct.
struct KeyDigest {
  private let columns: [Int]
  /// The column when there is one: the usual case needs no list.
  private let only: Int

  init(_ columns: [Int]) {
    self.columns = columns
    only = columns.count == 1 ? columns[0] : -1
  }

  @inline(__always) func of(_ row: UnsafePointer<Int64>) -> UInt64 {
    var digest: UInt64 = 0
    if only >= 0 {
      digest = Self.fold(digest, row, only)
    } else {
      for column in columns { digest = Self.fold(digest, row, column) }
    }
    return digest == 0 ? 1 : digest
  }

  @inline(__always) private static func fold(
    _ digest: UInt64, _ row: UnsafePointer<Int64>, _ column: Int
  ) -> UInt64 {
    let isNull = RowLayout.isNull(row, column)
    let word = isNull ? 0x6e75_6c6c : UInt64(bitPattern: row[RowLayout.header + column])
    return scramble((digest &* 0x9E37_79B9_7F4A_7C15) ^ word &+ (isNull ? 1 : 0))
  }
}

@inline(__always) func scramble(_ word: UInt64) -> UInt64 {
  var x = word &+ 0x9E37_79B9_7F4A_7C15
  x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
  x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
  return x ^ (x >> 31)
}
