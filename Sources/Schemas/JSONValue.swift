/// A JSON document, as far as a schema needs one. Members keep their order, numbers their text.
public indirect enum JSONValue: Hashable, Sendable {
  case null
  case boolean(Bool)
  case number(String)
  case string(String)
  case array([JSONValue])
  case object([Member])

  /// A name and its value in an object.
  public struct Member: Hashable, Sendable {
    public var name: String
    public var value: JSONValue

    public init(name: String, value: JSONValue) {
      self.name = name
      self.value = value
    }
  }

  /// The member of that name, nil when there is none or this is no object.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name.utf8.elementsEqual(name.utf8) }?.value
  }

  /// The text of a string, nil for anything else.
  public var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }
}

/// Reads one JSON document (RFC 8259); refuses anything after it, two members of one name, and
/// nesting beyond 64.
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
    case UInt8(ascii: "-"): return try number()
    case let byte? where byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"): return try number()
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

  private mutating func number() throws(SchemaError) -> JSONValue {
    let start = at
    if next == UInt8(ascii: "-") { at += 1 }
    let whole = at
    try digits()
    if bytes[whole] == UInt8(ascii: "0"), at > whole + 1 {
      throw error("a number that begins with 0")
    }
    if next == UInt8(ascii: ".") {
      at += 1
      try digits()
    }
    if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
      at += 1
      if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { at += 1 }
      try digits()
    }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  /// Passes at least one digit.
  private mutating func digits() throws(SchemaError) {
    let start = at
    while let byte = next, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { at += 1 }
    if at == start { throw error("a number without digits") }
  }

  private mutating func object(depth: Int) throws(SchemaError) -> JSONValue {
    at += 1
    var members: [JSONValue.Member] = []
    // Bytes: two texts of other bytes are two names, whatever Unicode says of them.
    var names: Set<[UInt8]> = []
    if take("}") { return .object(members) }
    repeat {
      space()
      if next != UInt8(ascii: "\"") { throw error("no name of a member") }
      let name = try string()
      if !names.insert(Array(name.utf8)).inserted { throw error("a second member \(name)") }
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
      text.append(contentsOf: String(Character(try scalar())).utf8)
    default: throw error("an unknown escape")
    }
  }

  /// The character of an escape whose "\u" has been passed; one beyond the first 65,536 is told as
  /// two surrogates.
  private mutating func scalar() throws(SchemaError) -> Unicode.Scalar {
    var code = try hexadecimal()
    if code >= 0xd800, code < 0xdc00 {
      guard next == UInt8(ascii: "\\") else { throw error("half a surrogate pair") }
      at += 1
      guard next == UInt8(ascii: "u") else { throw error("half a surrogate pair") }
      at += 1
      let low = try hexadecimal()
      guard low >= 0xdc00, low < 0xe000 else { throw error("half a surrogate pair") }
      code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)
    }
    guard let scalar = Unicode.Scalar(code) else { throw error("an escape that is no character") }
    return scalar
  }

  private mutating func hexadecimal() throws(SchemaError) -> UInt32 {
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
        throw error("an escape that is no character")
      }
      code = code << 4 | UInt32(digit)
      at += 1
    }
    return code
  }
}

extension JSONValue {
  /// One document of any kind; nil when the text is none.
  public init?(parsing text: String) {
    do throws(SchemaError) {
      self = try JSONParser.parse(text)
    } catch {
      return nil
    }
  }

  /// The value below a path of names, nil when there is none.
  public func value(at path: [String]) -> JSONValue? {
    path.reduce(Optional(self)) { $0?[$1] }
  }

  /// The document without spaces, members by their names: equal documents have equal texts.
  public var canonicalText: String { text(sorted: true) }

  /// The document without spaces, members in their order.
  public var plainText: String { text(sorted: false) }
}

extension SchemaValue {
  /// The value as plain JSON: branches of unions without their names, bytes as a text of the
  /// characters 0 to 255, numbers that JSON has no form for as texts.
  public var json: JSONValue {
    switch self {
    case .null: .null
    case .boolean(let value): .boolean(value)
    case .int(let value): .number(String(value))
    case .long(let value): .number(String(value))
    case .float(let value): value.isFinite ? .number("\(value)") : .string("\(value)")
    case .double(let value): value.isFinite ? .number("\(value)") : .string("\(value)")
    case .bytes(let bytes), .fixed(let bytes):
      .string(String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) })))
    case .string(let text), .enumeration(let text): .string(text)
    case .array(let values): .array(values.map(\.json))
    case .map(let members), .record(let members):
      .object(members.map { JSONValue.Member(name: $0.name, value: $0.value.json) })
    }
  }
}
