/// Text that came from outside, made harmless once and for all: nothing else of a run gets into a
/// page, a summary or a terminal.
///
/// Control, bidirectional, zero-width and private-use characters are written out as `\u{XXXX}`,
/// bytes that are not UTF-8 as `\xHH`. What is longer than the limit is cut, with its full length.
/// The properties then add what each target needs on top.
public struct Escaped: Hashable, Sendable {
  /// The visible text; safe against control sequences, not yet for any markup.
  private let visible: String

  /// Names and sentences. `lines` keeps line feeds, for text in a block of its own.
  public init(_ name: String, limit: Int = 256, lines: Bool = false) {
    var text = Limited(limit: limit)
    for scalar in name.unicodeScalars {
      if lines && scalar == "\n" {
        text.append("\n", length: 1)
      } else if Escaped.isHidden(scalar) {
        text.append("\\u{" + Escaped.hex(scalar.value, digits: 4) + "}", length: nil)
      } else {
        text.append(scalar)
      }
    }
    visible = text.finished
  }

  /// Names that arrived as bytes and should be UTF-8, but may not be.
  public init(bytes: [UInt8], limit: Int = 256) {
    var text = Limited(limit: limit)
    var parser = Unicode.UTF8.ForwardParser()
    var iterator = bytes.makeIterator()
    var at = 0
    parsing: while true {
      switch parser.parseScalar(from: &iterator) {
      case .valid(let encoded):
        at += encoded.count
        let scalar = Unicode.UTF8.decode(encoded)
        if Escaped.isHidden(scalar) {
          text.append("\\u{" + Escaped.hex(scalar.value, digits: 4) + "}", length: nil)
        } else {
          text.append(scalar)
        }
      case .error(let length):
        for byte in bytes[at..<min(at + length, bytes.count)] {
          text.append("\\x" + Escaped.hex(UInt32(byte), digits: 2), length: nil)
        }
        at += length
      case .emptyInput: break parsing
      }
    }
    visible = text.finished
  }

  /// Payloads: printable ASCII stays, backslash is doubled, all else is `\xHH`.
  public init(payload: [UInt8], limit: Int = 256) {
    var text = Limited(limit: limit)
    for byte in payload {
      if byte == 0x5C {
        text.append("\\\\", length: nil)
      } else if byte >= 0x20 && byte < 0x7F {
        text.append(Unicode.Scalar(byte))
      } else {
        text.append("\\x" + Escaped.hex(UInt32(byte), digits: 2), length: nil)
      }
    }
    visible = text.finished
  }

  public var isEmpty: Bool { visible.isEmpty }

  /// For text and double-quoted attributes of HTML alike.
  public var html: String {
    replacing { scalar in
      switch scalar {
      case "&": "&amp;"
      case "<": "&lt;"
      case ">": "&gt;"
      case "\"": "&quot;"
      case "'": "&#39;"
      default: nil
      }
    }
  }

  /// For text and attributes of XML 1.0. What that forbids is already written out.
  public var xml: String { html }

  /// A JSON string with its quotes, fit to stand inside a `script` element.
  public var json: String {
    let inner = replacing { scalar in
      switch scalar {
      case "\"": "\\\""
      case "\\": "\\\\"
      case "\n": "\\n"
      case "<", ">", "&", "\u{2028}", "\u{2029}": "\\u" + Escaped.hex(scalar.value, digits: 4)
      default: nil
      }
    }
    return "\"" + inner + "\""
  }

  /// Running text of Markdown: nothing in it starts markup, HTML or a table cell.
  public var markdown: String {
    var first = true
    return replacing { scalar in
      defer { first = false }
      switch scalar {
      case "\\", "`", "*", "_", "[", "]", "|", "~", "$": return "\\\(scalar)"
      case "<": return "&lt;"
      case ">": return "&gt;"
      case "&": return "&amp;"
      case "#", "-", "+", "=": return first ? "\\\(scalar)" : nil
      default: return nil
      }
    }
  }

  /// A code span of Markdown, with a fence longer than any inside.
  public var markdownCode: String {
    var longest = 0
    var run = 0
    for scalar in visible.unicodeScalars {
      run = scalar == "`" ? run + 1 : 0
      longest = max(longest, run)
    }
    let fence = String(repeating: "`", count: longest + 1)
    let pad = longest > 0 || visible.isEmpty ? " " : ""
    return fence + pad + replacing { $0 == "|" ? "\\|" : nil } + pad + fence
  }

  /// ASCII only, so that a log looks the same in every locale.
  public var terminal: String {
    replacing { $0.isASCII ? nil : "\\u{" + Escaped.hex($0.value, digits: 4) + "}" }
  }

  private func replacing(_ substitute: (Unicode.Scalar) -> String?) -> String {
    var text = ""
    for scalar in visible.unicodeScalars {
      if let other = substitute(scalar) {
        text += other
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  /// Characters that do not show, or change how their neighbours show.
  private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
    if scalar.isASCII { return scalar.value < 0x20 || scalar.value == 0x7F }
    if scalar.value & 0xFFFE == 0xFFFE { return true }
    return switch scalar.properties.generalCategory {
    case .control, .format, .privateUse, .lineSeparator, .paragraphSeparator, .surrogate: true
    default: false
    }
  }

  private static func hex(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.utf8.count)) + text
  }
}

/// Text that stops growing at a limit and counts on.
private struct Limited {
  let limit: Int
  var text = ""
  var length = 0
  var full = false

  init(limit: Int) { self.limit = limit }

  mutating func append(_ scalar: Unicode.Scalar) {
    length += 1
    if length > limit { full = true }
    if !full { text.unicodeScalars.append(scalar) }
  }

  /// An escape stands whole or not at all.
  mutating func append(_ escape: String, length known: Int?) {
    length += known ?? escape.utf8.count
    if length > limit { full = true }
    if !full { text += escape }
  }

  var finished: String {
    full ? text + "... (\(length) characters)" : text
  }
}
