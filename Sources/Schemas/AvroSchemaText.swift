extension AvroSchema {
  /// The schema as JSON on one line; parsing it gives an equal schema. A named type is written out
  /// where it stands first and named after that.
  public var json: String {
    var written: [String] = []
    let space = namespace.map { ",\"namespace\":\"\($0)\"" } ?? ""
    let list = fields.map { field in
      "{\"name\":\"\(field.name)\",\"type\":\(Self.text(field.type, &written))}"
    }
    return "{\"type\":\"record\",\"name\":\"\(name)\"\(space),\"fields\":["
      + list.joined(separator: ",") + "]}"
  }

  private static func text(_ type: AvroType, _ written: inout [String]) -> String {
    switch type {
    case .int: return "\"int\""
    case .long: return "\"long\""
    case .boolean: return "\"boolean\""
    case .float: return "\"float\""
    case .double: return "\"double\""
    case .string: return "\"string\""
    case .bytes: return "\"bytes\""
    case .timestampMillis: return "{\"type\":\"long\",\"logicalType\":\"timestamp-millis\"}"
    case .timestampMicros: return "{\"type\":\"long\",\"logicalType\":\"timestamp-micros\"}"
    case .fixed(let name, let size):
      if written.contains(name) { return "\"\(name)\"" }
      written.append(name)
      return "{\"type\":\"fixed\",\"name\":\"\(name)\",\"size\":\(size)}"
    case .enumeration(let name, let symbols):
      if written.contains(name) { return "\"\(name)\"" }
      written.append(name)
      let list = symbols.map { "\"\($0)\"" }.joined(separator: ",")
      return "{\"type\":\"enum\",\"name\":\"\(name)\",\"symbols\":[\(list)]}"
    case .nullable(let inner, let nullFirst):
      let text = text(inner, &written)
      return nullFirst ? "[\"null\",\(text)]" : "[\(text),\"null\"]"
    }
  }
}
