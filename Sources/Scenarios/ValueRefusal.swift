/// Why a text is no value of the wanted type, and the form to write. The message fits behind the
/// name of a key: "load.rate: '20000' has no unit; a rate is wanted".
public struct ValueRefusal: Error, Hashable, Sendable {
  /// What was found, without the name of the key.
  public var message: String
  /// The form to write, nil when the message says it.
  public var hint: String?

  public init(_ message: String, hint: String? = nil) {
    self.message = message
    self.hint = hint
  }
}

/// A number as it was written: digits, and how many of them stand behind the point.
struct DecimalNumber: Hashable {
  /// All digits without the point.
  var digits: Int64
  /// From 0 to 9.
  var decimals: Int

  /// The number times a whole factor, if that is whole and below 2^63.
  func scaled(by factor: Int64) -> Scaled {
    var factor = factor
    var digits = digits
    var decimals = decimals
    while decimals > 0, digits % 10 == 0 {
      digits /= 10
      decimals -= 1
    }
    while decimals > 0, factor % 10 == 0 {
      factor /= 10
      decimals -= 1
    }
    let (product, overflow) = digits.multipliedReportingOverflow(by: factor)
    if overflow { return .tooLarge }
    let power = powerOfTen(decimals)
    return product % power == 0 ? .whole(product / power) : .broken
  }

  enum Scaled: Hashable {
    case whole(Int64)
    case broken
    case tooLarge
  }
}

func powerOfTen(_ exponent: Int) -> Int64 {
  var power: Int64 = 1
  for _ in 0..<exponent { power *= 10 }
  return power
}

/// The strict form of every number in a scenario: digits, at most one point with digits on both
/// sides, at most 9 decimals; no sign, exponent, underscore or leading zero.
struct NumberText {
  /// What stands before the first letter or other sign.
  var number: DecimalNumber
  /// The rest.
  var unit: Substring

  /// Splits a value into its number and unit. `wanted` names the type with its article, such as
  /// "a duration".
  init(_ text: String, wanted: String) throws(ValueRefusal) {
    try refuseTypicalMistakes(text, wanted: wanted)
    let numberText = text.prefix { isDigit($0) || $0 == "." }
    unit = text[numberText.endIndex...]
    number = try decimal(numberText, text, wanted: wanted)
  }
}

func isDigit(_ character: Character) -> Bool { character >= "0" && character <= "9" }

private func refuseTypicalMistakes(_ text: String, wanted: String) throws(ValueRefusal) {
  if text.isEmpty { throw ValueRefusal("the value is empty; \(wanted) is wanted") }
  if text.contains(where: { $0 == " " || $0 == "\t" }) {
    let joined = String(text.filter { $0 != " " && $0 != "\t" })
    throw ValueRefusal(
      "\(quoted(text)) has a space inside",
      hint: joined.isEmpty ? nil : "write \(shortened(joined))"
    )
  }
  if text.first == "-" || text.first == "+" {
    throw ValueRefusal(
      "\(quoted(text)) has a sign",
      hint: text.first == "-"
        ? "no value is below 0" : "write \(shortened(String(text.dropFirst())))")
  }
  if text.first == "." {
    throw ValueRefusal(
      "\(quoted(text)) begins with a point", hint: "write 0\(shortened(text))")
  }
  guard let first = text.first, isDigit(first) else {
    throw ValueRefusal("\(quoted(text)) is not \(wanted)", hint: exampleHint(wanted))
  }
  if text.contains("_") {
    let plain = text.filter { $0 != "_" }
    throw ValueRefusal("\(quoted(text)) has '_' inside", hint: "write \(shortForm(plain))")
  }
  let rest = text.drop { isDigit($0) || $0 == "." }
  if rest.first == "e" || rest.first == "E" {
    let exponent = rest.dropFirst().drop { $0 == "+" }.prefix { isDigit($0) }
    let behind = rest.dropFirst().drop { $0 == "+" }.dropFirst(exponent.count)
    if let power = Int(exponent), power <= 18 {
      let mantissa = text[..<rest.startIndex]
      let digits = shifted(mantissa, by: power)
      let plain = (behind.isEmpty || behind.first == "/" ? shortForm(digits) : digits) + behind
      throw ValueRefusal("\(quoted(text)) has an exponent", hint: "write \(shortened(plain))")
    }
    throw ValueRefusal("\(quoted(text)) has an exponent", hint: "write all digits")
  }
}

private func decimal(
  _ numberText: Substring, _ text: String, wanted: String
) throws(ValueRefusal) -> DecimalNumber {
  let parts = numberText.split(separator: ".", omittingEmptySubsequences: false)
  let rest = text[numberText.endIndex...]
  if parts.count > 2 { throw ValueRefusal("\(quoted(text)) has two points") }
  let decimals = parts.count == 2 ? parts[1] : ""
  if parts.count == 2, decimals.isEmpty {
    throw ValueRefusal(
      "\(quoted(text)) ends its number with a point",
      hint: "write \(parts[0])\(shortened(String(rest)))")
  }
  if parts[0].count > 1, parts[0].first == "0" {
    let plain = parts[0].drop { $0 == "0" }
    let point = parts.count == 2 ? ".\(decimals)" : ""
    let written = (plain.isEmpty ? "0" : String(plain)) + point + rest
    throw ValueRefusal("\(quoted(text)) has a leading zero", hint: "write \(shortened(written))")
  }
  if decimals.count > 9 { throw ValueRefusal("\(quoted(text)) has more than 9 decimals") }
  guard let digits = Int64(parts[0] + decimals) else {
    throw ValueRefusal("\(quoted(text)) is too large")
  }
  return DecimalNumber(digits: digits, decimals: decimals.count)
}

/// Digits with a point moved to the right.
private func shifted(_ mantissa: Substring, by power: Int) -> String {
  let parts = mantissa.split(separator: ".", omittingEmptySubsequences: false)
  var whole = String(parts.first ?? "")
  var fraction = parts.count > 1 ? String(parts[1]) : ""
  for _ in 0..<power {
    whole += fraction.isEmpty ? "0" : String(fraction.removeFirst())
  }
  while whole.count > 1, whole.first == "0" { whole.removeFirst() }
  return fraction.isEmpty ? whole : "\(whole).\(fraction)"
}

/// Whole digits, perhaps with a unit behind, written with k, M or G where that is exact and
/// nothing stands behind.
private func shortForm(_ text: String) -> String {
  guard text.allSatisfy(isDigit), let number = Int64(text) else { return text }
  return formatCount(number)
}

private func exampleHint(_ wanted: String) -> String? {
  switch wanted {
  case "a duration": "a number and ns, us, ms, s, min, h or d, such as 250ms"
  case "a size": "a number and B, kB, MB, GB, KiB, MiB or GiB, such as 64KiB"
  case "a count": "a whole number, such as 500, 10k or 2M"
  case "a rate": "events in a span of time, such as 20k/s"
  case "a ratio": "such as 5%, 0.05 or 1/20"
  case "a speed": "such as 100x, or max"
  default: nil
  }
}
