/// A strict reader of JSON for tests: it takes RFC 8259 and nothing more, and refuses repeated
/// keys.
struct StrictJSON {
  indirect enum Value: Equatable {
    case null
    case bool(Bool)
    case number(String)
    case text(String)
    case list([Value])
    case object([String: Value])

    subscript(_ key: String) -> Value? {
      if case .object(let members) = self { return members[key] }
      return nil
    }
  }

  struct Damaged: Error, CustomStringConvertible {
    var description: String
  }

  private let bytes: [UInt8]
  private var at = 0
  /// Every key that was read, without its place.
  private(set) var keys: Set<String> = []

  private init(_ text: String) { bytes = Array(text.utf8) }

  static func read(_ text: String) throws -> (value: Value, keys: Set<String>) {
    var reader = StrictJSON(text)
    reader.skip()
    let value = try reader.value()
    reader.skip()
    if reader.at != reader.bytes.count { throw reader.damage("text after the end") }
    return (value, reader.keys)
  }

  private func damage(_ what: String) -> Damaged { Damaged(description: "\(what) at \(at)") }

  private mutating func skip() {
    while at < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[at]) { at += 1 }
  }

  private mutating func take(_ text: String) -> Bool {
    let wanted = Array(text.utf8)
    guard at + wanted.count <= bytes.count, Array(bytes[at..<at + wanted.count]) == wanted else {
      return false
    }
    at += wanted.count
    return true
  }

  private mutating func value() throws -> Value {
    guard at < bytes.count else { throw damage("no value") }
    switch bytes[at] {
    case UInt8(ascii: "{"): return try object()
    case UInt8(ascii: "["): return try list()
    case UInt8(ascii: "\""): return .text(try string())
    default: break
    }
    if take("null") { return .null }
    if take("true") { return .bool(true) }
    if take("false") { return .bool(false) }
    return try number()
  }

  private mutating func object() throws -> Value {
    at += 1
    var members: [String: Value] = [:]
    skip()
    if take("}") { return .object(members) }
    while true {
      skip()
      let key = try string()
      skip()
      if !take(":") { throw damage("no colon") }
      skip()
      if members.updateValue(try value(), forKey: key) != nil { throw damage("key twice") }
      keys.insert(key)
      skip()
      if take("}") { return .object(members) }
      if !take(",") { throw damage("no comma") }
    }
  }

  private mutating func list() throws -> Value {
    at += 1
    var values: [Value] = []
    skip()
    if take("]") { return .list(values) }
    while true {
      skip()
      values.append(try value())
      skip()
      if take("]") { return .list(values) }
      if !take(",") { throw damage("no comma") }
    }
  }

  private mutating func string() throws -> String {
    if !take("\"") { throw damage("no string") }
    var text: [UInt8] = []
    while at < bytes.count {
      let byte = bytes[at]
      at += 1
      if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
      if byte < 0x20 { throw damage("a control character") }
      if byte != UInt8(ascii: "\\") {
        text.append(byte)
        continue
      }
      text += try escape()
    }
    throw damage("an open string")
  }

  private mutating func escape() throws -> [UInt8] {
    guard at < bytes.count else { throw damage("an open escape") }
    let kind = bytes[at]
    at += 1
    let plain: [Character: UInt8] = [
      "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
    ]
    if let byte = plain[Character(UnicodeScalar(kind))] { return [byte] }
    guard kind == UInt8(ascii: "u"), at + 4 <= bytes.count,
      let code = UInt32(String(decoding: bytes[at..<at + 4], as: UTF8.self), radix: 16),
      let scalar = UnicodeScalar(code)
    else { throw damage("a bad escape") }
    at += 4
    return Array(String(Character(scalar)).utf8)
  }

  private mutating func number() throws -> Value {
    let start = at
    _ = take("-")
    let whole = digits()
    if whole == 0 || (whole > 1 && bytes[at - whole] == UInt8(ascii: "0")) {
      throw damage("a bad number")
    }
    if take("."), digits() == 0 { throw damage("a bad fraction") }
    if take("e") || take("E") {
      if !take("+") { _ = take("-") }
      if digits() == 0 { throw damage("a bad exponent") }
    }
    return .number(String(decoding: bytes[start..<at], as: UTF8.self))
  }

  private mutating func digits() -> Int {
    let start = at
    while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { at += 1 }
    return at - start
  }
}
