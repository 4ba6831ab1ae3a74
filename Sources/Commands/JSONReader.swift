/// Why a text is no JSON, and where.
public struct JSONError: Error, Hashable, Sendable {
  public var message: String
  /// Bytes from the beginning.
  public var offset: Int

  public init(message: String, offset: Int) {
    self.message = message
    self.offset = offset
  }
}

extension JSONValue {
  /// Reads one document of RFC 8259. Numbers keep their digits; members keep their order; at most
  /// 64 levels.
  public init(parsing text: String) throws(JSONError) {
    var reader = JSONReader(Array(text.utf8))
    self = try reader.document()
  }

  /// The member of an object, nil when there is none.
  public subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.0 == name }?.1
  }

  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  public var integer: Int64? {
    if case .integer(let number) = self { number } else { nil }
  }

  public var truth: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  public var elements: [JSONValue]? {
    if case .array(let elements) = self { elements } else { nil }
  }
}

private struct JSONReader {
  let bytes: [UInt8]
  var at = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() throws(JSONError) -> JSONValue {
    let value = try value(depth: 0)
    skipBlanks()
    if at < bytes.count { throw error("something behind the document") }
    return value
  }

  private func error(_ message: String) -> JSONError { JSONError(message: message, offset: at) }

  private mutating func skipBlanks() {
    while at < bytes.count, [0x20, 0x09, 0x0a, 0x0d].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ byte: Character) -> Bool {
    skipBlanks()
    guard at < bytes.count, bytes[at] == byte.asciiValue else { return false }
    at += 1
    return true
  }

  private mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
    guard bytes[at...].starts(with: word.utf8) else { throw error("no value") }
    at += word.utf8.count
    return value
  }

  private mutating func value(depth: Int) throws(JSONError) -> JSONValue {
    skipBlanks()
    if depth > 64 { throw error("more than 64 levels") }
    guard at < bytes.count else { throw error("the text ends before a value") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object(depth)
    case UInt8(ascii: "["): return try array(depth)
    case UInt8(ascii: "\""): return .string(try string())
    case UInt8(ascii: "t"): return try word("true", .bool(true))
    case UInt8(ascii: "f"): return try word("false", .bool(false))
    case UInt8(ascii: "n"): return try word("null", .null)
    default: return try number()
    }
  }

  private mutating func object(_ depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var members: [(String, JSONValue)] = []
    if take("}") { return .object(members) }
    repeat {
      skipBlanks()
      guard at < bytes.count, bytes[at] == UInt8(ascii: "\"") else { throw error("no name") }
      let name = try string()
      if !take(":") { throw error("no ':' behind a name") }
      members.append((name, try value(depth: depth + 1)))
    } while take(",")
    if !take("}") { throw error("an object does not end") }
    return .object(members)
  }

  private mutating func array(_ depth: Int) throws(JSONError) -> JSONValue {
    at += 1
    var elements: [JSONValue] = []
    if take("]") { return .array(elements) }
    repeat {
      elements.append(try value(depth: depth + 1))
    } while take(",")
    if !take("]") { throw error("an array does not end") }
    return .array(elements)
  }

  private mutating func number() throws(JSONError) -> JSONValue {
    let start = at
    while at < bytes.count, "+-.eE0123456789".utf8.contains(bytes[at]) { at += 1 }
    let digits = String(decoding: bytes[start..<at], as: UTF8.self)
    if let integer = Int64(digits), digits.first != "+" { return .integer(integer) }
    guard digits.last?.isNumber == true, Double(digits) != nil else {
      at = start
      throw error("no value")
    }
    return .decimal(digits)
  }

  private mutating func string() throws(JSONError) -> String {
    at += 1
    var out: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      if byte == UInt8(ascii: "\"") {
        at += 1
        guard let text = String(validating: out, as: UTF8.self) else {
          throw error("a string that is not UTF-8")
        }
        return text
      }
      if byte < 0x20 { throw error("a control character in a string") }
      at += 1
      if byte != UInt8(ascii: "\\") {
        out.append(byte)
        continue
      }
      out += try escape()
    }
    throw error("a string does not end")
  }

  private mutating func escape() throws(JSONError) -> [UInt8] {
    guard at < bytes.count else { throw error("a string does not end") }
    let byte = bytes[at]
    at += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [byte]
    case UInt8(ascii: "n"): return [0x0a]
    case UInt8(ascii: "r"): return [0x0d]
    case UInt8(ascii: "t"): return [0x09]
    case UInt8(ascii: "b"): return [0x08]
    case UInt8(ascii: "f"): return [0x0c]
    case UInt8(ascii: "u"):
      var unit = try hexUnit()
      if 0xd800..<0xdc00 ~= unit, at + 1 < bytes.count, bytes[at] == UInt8(ascii: "\\"),
        bytes[at + 1] == UInt8(ascii: "u")
      {
        at += 2
        let low = try hexUnit()
        if 0xdc00..<0xe000 ~= low { unit = 0x10000 + (unit - 0xd800) << 10 + (low - 0xdc00) }
      }
      guard let scalar = Unicode.Scalar(unit) else { throw error("half of a surrogate pair") }
      return Array(String(Character(scalar)).utf8)
    default: throw error("an unknown escape")
    }
  }

  private mutating func hexUnit() throws(JSONError) -> UInt32 {
    guard at + 4 <= bytes.count,
      let unit = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
      bytes[at] != UInt8(ascii: "+")
    else { throw error("\\u without four digits") }
    at += 4
    return unit
  }
}
