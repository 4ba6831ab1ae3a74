/// A JSON document whose members keep their order. Seeds and hashes are strings, counts and
/// nanoseconds are integers; there are no floating-point numbers in it but those given as text.
public indirect enum JSONValue: Sendable {
  case string(String)
  case integer(Int64)
  /// Digits ready for print, for measures with a fixed number of decimals.
  case decimal(String)
  case bool(Bool)
  case null
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// Two blanks a level and a newline at the end.
  public func render() -> String {
    var out = ""
    write(to: &out, level: 0)
    return out + "\n"
  }

  private func write(to out: inout String, level: Int) {
    switch self {
    case .string(let text): out += Self.quoted(text)
    case .integer(let number): out += String(number)
    case .decimal(let digits): out += digits
    case .bool(let value): out += value ? "true" : "false"
    case .null: out += "null"
    case .array(let values):
      Self.list(to: &out, level, "[", "]", values) { value, out in
        value.write(to: &out, level: level + 1)
      }
    case .object(let members):
      Self.list(to: &out, level, "{", "}", members) { member, out in
        out += Self.quoted(member.0) + ": "
        member.1.write(to: &out, level: level + 1)
      }
    }
  }

  private static func list<Element>(
    to out: inout String, _ level: Int, _ open: String, _ close: String, _ elements: [Element],
    _ write: (Element, inout String) -> Void
  ) {
    if elements.isEmpty {
      out += open + close
      return
    }
    out += open
    for (index, element) in elements.enumerated() {
      out += index == 0 ? "\n" : ",\n"
      out += spaces(2 * (level + 1))
      write(element, &out)
    }
    out += "\n" + spaces(2 * level) + close
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      default:
        if scalar.value < 0x20 || scalar.value == 0x7f {
          let hex = String(scalar.value, radix: 16)
          out += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
        } else {
          out.unicodeScalars.append(scalar)
        }
      }
    }
    return out + "\""
  }
}
