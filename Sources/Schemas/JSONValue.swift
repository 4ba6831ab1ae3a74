/// A JSON document, as far as a schema needs one. Members keep their order.
indirect enum JSONValue: Hashable {
  case null
  case boolean(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  struct Member: Hashable {
    var name: String
    var value: JSONValue
  }

  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }
}

/// Reads one JSON document; refuses anything after it, and nesting beyond 64.
struct JSONParser {
  private let bytes: [UInt8]
  private var at = 0

  static func parse(_ text: String) throws(SchemaError) -> JSONValue {
    var parser = JSONParser(bytes: Array(text.utf8))
    let value = try parser.value(depth: 0)
    parser.space()
    if parser.at != parser.bytes.count { throw parser.error("text after the document") }
    return value
  }

  private init(bytes: [UInt8]) { self.bytes = bytes }

  private func error(_ message: String) -> SchemaError {
    SchemaError("the schema is not JSON: \(message) at byte \(at)")
  }

  private var next: UInt8? { at < bytes.count ? bytes[at] : nil }

  private mutating func space() {
    while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { at += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    space()
    if next != character.asciiValue { return false }
    at += 1
    return true
  }

  private mutating func value(depth: Int) throws(SchemaError) -> JSONValue {
    if depth > 64 { throw error("nesting beyond 64") }
    space()
    switch next {
    case UInt8(ascii: "{"): return try object(depth: depth)
    case UInt8(ascii: "["): return try array(depth: depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .boolean(true))
    case UInt8(ascii: "f"): return try word("false", .boolean(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    case UInt8(ascii: "-"): return number()
    case let byte? where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"): return number()
    case nil: throw error("the text ends early")
    default: throw error("an unexpected character")
    }
  }

  private mutating func word(_ text: String, _ value: JSONValue) throws(SchemaError) -> JSONValue {
    for byte in text.utf8 {
      if next != byte { throw error("an unknown word") }
      at += 1
    }
    return value
  }

  private mutating func number() -> JSONValue {
    let start = at
    while let byte = next, "+-.eE0123456789".utf8.contains(byte) { at += 1 }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func object(depth: Int) throws(SchemaError) -> JSONValue {
    at += 1
    var members: [JSONValue.Member] = []
    if take("}") { return .object(members) }
    repeat {
      space()
      if next != UInt8(ascii: "\"") { throw error("no name of a member") }
      let name = try string()
      if !take(":") { throw error("no colon") }
      members.append(JSONValue.Member(name: name, value: try value(depth: depth + 1)))
    } while take(",")
    if !take("}") { throw error("an object without an end") }
    return .object(members)
  }

  private mutating func array(depth: Int) throws(SchemaError) -> JSONValue {
    at += 1
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat { elements.append(try value(depth: depth + 1)) } while take(",")
    if !take("]") { throw error("an array without an end") }
    return .array(elements)
  }

  private mutating func string() throws(SchemaError) -> String {
    at += 1
    var text: [UInt8] = []
    while let byte = next {
      at += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else {
          throw error("text that is not UTF-8")
        }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw error("a control character in a text")
      default: text.append(byte)
      }
    }
    throw error("a text without an end")
  }

  private mutating func escape(into text: inout [UInt8]) throws(SchemaError) {
    guard let byte = next else { throw error("a text without an end") }
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "n"): text.append(0x0a)
    case UInt8(ascii: "r"): text.append(0x0d)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0c)
    case UInt8(ascii: "u"):
      guard at + 4 <= bytes.count,
        let code = UInt32(String(decoding: bytes[at..<(at + 4)], as: UTF8.self), radix: 16),
        let scalar = Unicode.Scalar(code)
      else { throw error("an escape that is no character") }
      at += 4
      text.append(contentsOf: String(Character(scalar)).utf8)
    default: throw error("an unknown escape")
    }
  }
}
