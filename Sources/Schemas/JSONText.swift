extension JSONValue {
  /// The document without spaces; members in their order, or by the bytes of their names.
  func text(sorted: Bool) -> String {
    switch self {
    case .null: return "null"
    case .boolean(let value): return value ? "true" : "false"
    case .number(let text): return text
    case .string(let text): return quoted(text)
    case .array(let elements):
      return "[" + elements.map { $0.text(sorted: sorted) }.joined(separator: ",") + "]"
    case .object(let members):
      let ordered = sorted ? members.sorted { before($0.name, $1.name) } : members
      return "{" + ordered.map { $0.text(sorted: sorted) }.joined(separator: ",") + "}"
    }
  }
}

extension JSONValue.Member {
  func text(sorted: Bool) -> String { quoted(name) + ":" + value.text(sorted: sorted) }
}

/// The order of the bytes, the same on every machine.
func before(_ a: String, _ b: String) -> Bool { a.utf8.lexicographicallyPrecedes(b.utf8) }

func same(_ a: String, _ b: String) -> Bool { a.utf8.elementsEqual(b.utf8) }

/// A text in quotes, escaped only where JSON demands it.
func quoted(_ text: String) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var bytes: [UInt8] = [UInt8(ascii: "\"")]
  for byte in text.utf8 {
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
    case 0..<0x20:
      bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    default: bytes.append(byte)
    }
  }
  bytes.append(UInt8(ascii: "\""))
  return String(decoding: bytes, as: UTF8.self)
}
