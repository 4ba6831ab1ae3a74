import Bytes
import Queries

/// What an expression may name, and how its number is to be compared with a text.
struct NamedColumn: Hashable {
  enum Kind: Hashable {
    case number
    case names([String])
    case text
    case digest
  }

  var name: String
  var kind: Kind
}

/// Why a text is no expression.
struct ExpressionRefusal: Error {
  var message: String
}

/// Reads conditions and values over named columns: `amount >= 100 and status = 'PAID'`. From the
/// weakest binding: or, and, not, comparisons, + and -, then * div mod.
struct ExpressionText {
  private enum Token: Hashable {
    case name(String)
    case number(Int64)
    case text(String)
    case sign(String)
    case end
  }

  /// A value, and what a text beside it means.
  private struct Value {
    var expression: Expression
    var kind = NamedColumn.Kind.number
    var literal: String?
  }

  private var tokens: [Token] = []
  private var next = 0
  private var depth = 0
  private let columns: [NamedColumn]

  /// A condition on a row.
  static func condition(
    _ text: String, _ columns: [NamedColumn]
  ) throws(ExpressionRefusal) -> Predicate {
    var reader = try ExpressionText(text, columns)
    let found = try reader.either()
    try reader.expectEnd()
    return found
  }

  /// A value of a row.
  static func value(
    _ text: String, _ columns: [NamedColumn]
  ) throws(ExpressionRefusal) -> (expression: Expression, kind: NamedColumn.Kind) {
    var reader = try ExpressionText(text, columns)
    let found = try reader.sum()
    try reader.expectEnd()
    if found.literal != nil { throw ExpressionRefusal(message: "a text is no value of a row") }
    return (found.expression, found.kind)
  }

  private init(_ text: String, _ columns: [NamedColumn]) throws(ExpressionRefusal) {
    self.columns = columns
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: " ") || byte == 9 || byte == 10 {
        at += 1
      } else if Self.isDigit(byte) {
        let start = at
        while at < bytes.count, Self.isDigit(bytes[at]) { at += 1 }
        guard let number = Int64(String(decoding: bytes[start..<at], as: UTF8.self)) else {
          throw ExpressionRefusal(message: "a number does not fit 64 bits")
        }
        tokens.append(.number(number))
      } else if Self.isLetter(byte) {
        let start = at
        while at < bytes.count, Self.isLetter(bytes[at]) || Self.isDigit(bytes[at]) { at += 1 }
        tokens.append(.name(String(decoding: bytes[start..<at], as: UTF8.self)))
      } else if byte == UInt8(ascii: "'") {
        guard let end = bytes[(at + 1)...].firstIndex(of: byte) else {
          throw ExpressionRefusal(message: "a text has no closing '")
        }
        tokens.append(.text(String(decoding: bytes[(at + 1)..<end], as: UTF8.self)))
        at = end + 1
      } else {
        let pair = String(decoding: bytes[at..<min(at + 2, bytes.count)], as: UTF8.self)
        if ["<=", ">=", "!="].contains(pair) {
          tokens.append(.sign(pair))
          at += 2
        } else if "=<>+-*(),".utf8.contains(byte) {
          tokens.append(.sign(String(decoding: [byte], as: UTF8.self)))
          at += 1
        } else {
          throw ExpressionRefusal(message: "'\(pair.prefix(1))' has no meaning here")
        }
      }
    }
    tokens.append(.end)
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  private static func isLetter(_ byte: UInt8) -> Bool {
    byte | 32 >= 97 && byte | 32 <= 122 || byte == UInt8(ascii: "_")
  }

  private var token: Token { tokens[next] }

  private mutating func take(_ sign: String) -> Bool {
    if token == .sign(sign) || token == .name(sign) {
      next += 1
      return true
    }
    return false
  }

  private mutating func expect(_ sign: String) throws(ExpressionRefusal) {
    if !take(sign) { throw ExpressionRefusal(message: "\(shown) stands where '\(sign)' is wanted") }
  }

  private func expectEnd() throws(ExpressionRefusal) {
    if token != .end { throw ExpressionRefusal(message: "\(shown) follows a whole expression") }
  }

  private var shown: String {
    switch token {
    case .name(let name): "'\(name)'"
    case .number(let number): String(number)
    case .text(let text): "the text '\(text)'"
    case .sign(let sign): "'\(sign)'"
    case .end: "the end"
    }
  }

  // Conditions

  private mutating func either() throws(ExpressionRefusal) -> Predicate {
    var parts = [try both()]
    while take("or") { parts.append(try both()) }
    return parts.count == 1 ? parts[0] : .or(parts)
  }

  private mutating func both() throws(ExpressionRefusal) -> Predicate {
    var parts = [try negation()]
    while take("and") { parts.append(try negation()) }
    return parts.count == 1 ? parts[0] : .and(parts)
  }

  private mutating func negation() throws(ExpressionRefusal) -> Predicate {
    depth += 1
    defer { depth -= 1 }
    if depth > 40 { throw ExpressionRefusal(message: "it is nested more than 40 deep") }
    if take("not") { return .not(try negation()) }
    if token == .sign("("), opensCondition {
      next += 1
      let inner = try either()
      try expect(")")
      return inner
    }
    return try comparison()
  }

  /// Whether the bracket here holds a condition: a comparison stands in it, or behind it none.
  private var opensCondition: Bool {
    var open = 0
    for place in next..<tokens.count {
      switch tokens[place] {
      case .sign("("): open += 1
      case .sign(")"):
        open -= 1
        if open == 0 { return false }
      case .sign("="), .sign("<"), .sign(">"), .sign("<="), .sign(">="), .sign("!="),
        .name("in"), .name("is"), .name("not"), .name("and"), .name("or"):
        return true
      default: break
      }
    }
    return false
  }

  private mutating func comparison() throws(ExpressionRefusal) -> Predicate {
    let left = try sum()
    if take("is") {
      let negated = take("not")
      try expect("null")
      return negated ? .not(.isNull(left.expression)) : .isNull(left.expression)
    }
    if take("in") { return .among(left.expression, try list(beside: left)) }
    guard case .sign(let sign) = token, ["=", "!=", "<", "<=", ">", ">="].contains(sign) else {
      throw ExpressionRefusal(message: "\(shown) stands where a comparison is wanted")
    }
    next += 1
    let right = try sum()
    let a = try number(left, beside: right)
    let b = try number(right, beside: left)
    switch sign {
    case "=": return equality(a, b)
    case "!=": return .not(equality(a, b))
    case "<": return .less(a, b)
    case ">": return .less(b, a)
    case "<=":
      if case .constant(let limit) = b { return .atMost(a, limit) }
      return .not(.less(b, a))
    default:
      if case .constant(let limit) = b { return .atLeast(a, limit) }
      return .not(.less(a, b))
    }
  }

  private func equality(_ a: Expression, _ b: Expression) -> Predicate {
    if case .constant(let x) = b { return .equal(a, x) }
    if case .constant(let x) = a { return .equal(b, x) }
    return .same(a, b)
  }

  private mutating func list(beside left: Value) throws(ExpressionRefusal) -> [Int64] {
    try expect("(")
    var numbers: [Int64] = []
    repeat {
      let item = try sum()
      guard case .constant(let x) = try number(item, beside: left) else {
        throw ExpressionRefusal(message: "a list behind 'in' holds numbers or texts alone")
      }
      numbers.append(x)
    } while take(",")
    try expect(")")
    return numbers
  }

  /// The number of a value; of a text, what it is as the other side counts.
  private func number(
    _ value: Value, beside other: Value
  ) throws(ExpressionRefusal) -> Expression {
    guard let text = value.literal else { return value.expression }
    switch other.kind {
    case .number: throw ExpressionRefusal(message: "the text '\(text)' is compared with a number")
    case .names(let names):
      guard let index = names.firstIndex(of: text) else {
        throw ExpressionRefusal(
          message: "'\(text)' is none of its names: \(names.joined(separator: ", "))")
      }
      return .constant(Int64(index))
    case .text:
      guard let packed = packedText(text) else {
        throw ExpressionRefusal(message: "the text '\(text)' is longer than seven bytes")
      }
      return .constant(packed)
    case .digest:
      return .constant(Int64(bitPattern: digest64(Array(text.utf8))))
    }
  }

  // Values

  private mutating func sum() throws(ExpressionRefusal) -> Value {
    var left = try product()
    while true {
      if take("+") {
        left = try combine(left, try product()) { .add($0, $1) }
      } else if take("-") {
        left = try combine(left, try product()) { .subtract($0, $1) }
      } else {
        return left
      }
    }
  }

  private mutating func product() throws(ExpressionRefusal) -> Value {
    var left = try unary()
    while true {
      if take("*") {
        left = try combine(left, try unary()) { .multiply($0, $1) }
      } else if take("div") {
        left = try combine(left, try unary()) { .divide($0, $1, .floor) }
      } else if take("mod") {
        left = try combine(left, try unary()) { .modulo($0, $1) }
      } else {
        return left
      }
    }
  }

  private func combine(
    _ a: Value, _ b: Value, _ make: (Expression, Expression) -> Expression
  ) throws(ExpressionRefusal) -> Value {
    if a.kind != .number || b.kind != .number || a.literal != nil || b.literal != nil {
      throw ExpressionRefusal(message: "only numbers are added, multiplied and divided")
    }
    return Value(expression: make(a.expression, b.expression))
  }

  private mutating func unary() throws(ExpressionRefusal) -> Value {
    depth += 1
    defer { depth -= 1 }
    if depth > 40 { throw ExpressionRefusal(message: "it is nested more than 40 deep") }
    if take("-") {
      if case .number(let number) = token {
        next += 1
        return Value(expression: .constant(-number))
      }
      return try combine(Value(expression: .constant(0)), try unary()) { .subtract($0, $1) }
    }
    if take("(") {
      let inner = try sum()
      try expect(")")
      return inner
    }
    switch token {
    case .number(let number):
      next += 1
      return Value(expression: .constant(number))
    case .text(let text):
      next += 1
      return Value(expression: .null, literal: text)
    case .name("null"):
      next += 1
      return Value(expression: .null)
    case .name("time"):
      next += 1
      return Value(expression: .time)
    case .name(let name):
      guard let index = columns.firstIndex(where: { $0.name == name }) else {
        let names = columns.map(\.name).joined(separator: ", ")
        throw ExpressionRefusal(message: "there is no column '\(name)' here, only \(names)")
      }
      next += 1
      return Value(expression: .column(index), kind: columns[index].kind)
    default: throw ExpressionRefusal(message: "\(shown) stands where a value is wanted")
    }
  }
}
