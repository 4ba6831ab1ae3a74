/// A JSON value whose members keep their order. Text goes in escaped only.
indirect enum JSONValue {
  case null
  case bool(Bool)
  case integer(Int64)
  case unsigned(UInt64)
  /// Written with the shortest digits that give the number back; not a number is `null`.
  case number(Double)
  case text(Escaped)
  case list([JSONValue])
  case object([(String, JSONValue)])

  static func name(_ text: String) -> JSONValue { .text(Escaped(text)) }
  static func sentence(_ text: String) -> JSONValue { .text(Escaped(text, limit: 1_000)) }
  static func optional(_ value: Int64?) -> JSONValue { value.map { .integer($0) } ?? .null }

  /// Two spaces a level; what holds no lists or objects stands on one line.
  func written(indent: Int = 0) -> String {
    switch self {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .integer(let value): return "\(value)"
    case .unsigned(let value): return "\(value)"
    case .number(let value): return value.isFinite ? "\(value)" : "null"
    case .text(let value): return value.json
    case .list(let values):
      let parts = values.map { $0.written(indent: indent + 2) }
      return JSONValue.frame("[", parts, "]", flat: values.allSatisfy(\.isLeaf), indent)
    case .object(let members):
      let parts = members.map { "\"\($0.0)\": " + $0.1.written(indent: indent + 2) }
      let flat = indent > 0 && members.allSatisfy { $0.1.isLeaf }
      return JSONValue.frame("{", parts, "}", flat: flat, indent)
    }
  }

  private var isLeaf: Bool {
    switch self {
    case .list, .object: false
    default: true
    }
  }

  private static func frame(
    _ open: String, _ parts: [String], _ close: String, flat: Bool, _ indent: Int
  ) -> String {
    if parts.isEmpty { return open + close }
    if flat { return open + parts.joined(separator: ", ") + close }
    let margin = "\n" + String(repeating: " ", count: indent)
    return open + parts.map { margin + "  " + $0 }.joined(separator: ",") + margin + close
  }
}
