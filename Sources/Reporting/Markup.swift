import Statistics

/// A piece of HTML. Literals are markup; whatever is interpolated is escaped, unless it is a piece
/// of markup itself. There is no way to put a string in without that.
struct Markup: ExpressibleByStringInterpolation, Sendable {
  private(set) var text: String

  init() { text = "" }
  init(stringLiteral value: String) { text = value }
  init(stringInterpolation: Pieces) { text = stringInterpolation.text }

  /// A JSON block, whose strings hold no character that could end a script element.
  init(escapedJSON value: JSONValue) { text = value.written() }

  /// Several pieces one after the other.
  init(_ pieces: [Markup]) {
    text = ""
    for piece in pieces { text += piece.text }
  }

  var isEmpty: Bool { text.isEmpty }

  static func + (a: Markup, b: Markup) -> Markup {
    var both = a
    both.text += b.text
    return both
  }

  static func += (a: inout Markup, b: Markup) { a.text += b.text }

  struct Pieces: StringInterpolationProtocol {
    fileprivate var text = ""

    init(literalCapacity: Int, interpolationCount: Int) {}

    mutating func appendLiteral(_ literal: String) { text += literal }
    mutating func appendInterpolation(_ piece: Markup) { text += piece.text }
    mutating func appendInterpolation(_ name: Escaped) { text += name.html }
    mutating func appendInterpolation(_ number: Int) { text += "\(number)" }

    /// Sentences of up to 1,000 characters; names have their own limit in `Escaped`.
    mutating func appendInterpolation(_ words: String) {
      text += Escaped(words, limit: 1_000).html
    }

    /// Coordinates: at most `decimals` decimals, no trailing zeros.
    mutating func appendInterpolation(_ value: Double, _ decimals: Int = 1) {
      text += coordinate(value, decimals)
    }
  }
}

/// A coordinate with at most `decimals` decimals, halves to even, without trailing zeros.
func coordinate(_ value: Double, _ decimals: Int = 1) -> String {
  var power = 1.0
  for _ in 0..<decimals { power *= 10 }
  let bounded = value.isNaN ? 0 : min(max(value, -1e9), 1e9)
  let ticks = Int(halfToEven(bounded * power))
  let scale = Int(power)
  let whole = abs(ticks) / scale
  var fraction = String(abs(ticks) % scale)
  fraction = String(repeating: "0", count: max(0, decimals - fraction.utf8.count)) + fraction
  while fraction.utf8.last == UInt8(ascii: "0") { fraction.removeLast() }
  let sign = ticks < 0 ? "-" : ""
  return decimals == 0 || fraction.isEmpty ? "\(sign)\(whole)" : "\(sign)\(whole).\(fraction)"
}
