import Model

/// `number "%" | number | digits "/" digits`: from 0 to 1, as a fraction in lowest terms.
public func parseRatio(_ text: String) throws(ValueRefusal) -> Ratio {
  let value = try NumberText(text, wanted: "a ratio")
  let denominator = powerOfTen(value.number.decimals)
  switch value.unit {
  case "":
    if value.number.digits > denominator {
      let hint = value.number.digits <= 100 * denominator ? "did you mean \(text)%?" : nil
      throw ValueRefusal("\(shortened(text)) is above 1", hint: hint)
    }
    return reduced(value.number.digits, denominator)
  case "%":
    if value.number.digits > 100 * denominator {
      throw ValueRefusal("\(shortened(text)) is above 100%")
    }
    return reduced(value.number.digits, denominator * 100)
  default:
    return try fraction(text, value)
  }
}

private func fraction(_ text: String, _ value: NumberText) throws(ValueRefusal) -> Ratio {
  guard value.unit.first == "/" else {
    let number = text[..<value.unit.startIndex]
    throw ValueRefusal(
      "\(quoted(String(value.unit))) is no unit of a ratio", hint: "write \(number)%")
  }
  let below = value.unit.dropFirst()
  guard value.number.decimals == 0, !below.isEmpty, below.allSatisfy(isDigit) else {
    throw ValueRefusal(
      "\(quoted(text)) is not a ratio", hint: "a fraction has whole numbers, such as 1/1000")
  }
  guard below.first != "0" || below == "0" else {
    throw ValueRefusal("\(quoted(text)) has a leading zero")
  }
  guard let denominator = Int64(below) else { throw ValueRefusal("\(quoted(text)) is too large") }
  if denominator == 0 { throw ValueRefusal("\(quoted(text)) divides by 0") }
  if value.number.digits > denominator { throw ValueRefusal("\(shortened(text)) is above 1") }
  return reduced(value.number.digits, denominator)
}

/// A fraction in lowest terms; zero is 0/1.
func reduced(_ numerator: Int64, _ denominator: Int64) -> Ratio {
  var a = numerator
  var b = denominator
  while b != 0 { (a, b) = (b, a % b) }
  return a == 0 ? .zero : Ratio(numerator / a, denominator / a)
}

/// `number [ "x" ] | "max"`: above 0; nil is `max`, as fast as it goes.
public func parseSpeed(_ text: String) throws(ValueRefusal) -> Ratio? {
  if text == "max" { return nil }
  let value = try NumberText(text, wanted: "a speed")
  guard value.unit.isEmpty || value.unit == "x" else {
    throw ValueRefusal(
      "\(quoted(String(value.unit))) is no unit of a speed",
      hint: "write \(text[..<value.unit.startIndex])x")
  }
  if value.number.digits == 0 { throw ValueRefusal("\(quoted(text)) is 0; a speed is above 0") }
  let speed = reduced(value.number.digits, powerOfTen(value.number.decimals))
  if speed.numerator / speed.denominator >= 1_000_000_000 {
    throw ValueRefusal("\(quoted(text)) is above 1000000000x", hint: "write max")
  }
  return speed
}

/// `true` or `false`.
public func parseTruth(_ text: String) throws(ValueRefusal) -> Bool {
  switch text {
  case "true": return true
  case "false": return false
  default:
    let hint: String
    switch text.lowercased() {
    case "yes", "on", "y", "1", "true": hint = "write true"
    case "no", "off", "n", "0", "false": hint = "write false"
    default: hint = "true or false"
    }
    throw ValueRefusal("\(quoted(text)) is not a truth value", hint: hint)
  }
}

/// A whole number from 0 to 2^64 - 1.
public func parseSeed(_ text: String) throws(ValueRefusal) -> UInt64 {
  let plain = !text.isEmpty && text.allSatisfy(isDigit) && (text.first != "0" || text.count == 1)
  guard plain, let seed = UInt64(text) else {
    throw ValueRefusal(
      "\(quoted(text)) is not a seed", hint: "a whole number from 0 to 2^64 - 1, digits only")
  }
  return seed
}

/// `( "<" | "<=" | ">" | ">=" | "=" ) [ " " ] value`, split; the value is not looked at.
public func parseComparison(
  _ text: String
) throws(ValueRefusal) -> (comparison: Comparison, value: String) {
  for comparison in [Comparison.atMost, .atLeast, .below, .above, .equal]
  where text.hasPrefix(comparison.rawValue) {
    var value = text.dropFirst(comparison.rawValue.count)
    if comparison == .equal, value.first == "=" {
      throw ValueRefusal("\(quoted(text)) compares with '=='", hint: "write '='")
    }
    if value.first == " " { value = value.dropFirst() }
    if value.isEmpty { throw ValueRefusal("\(quoted(text)) has no value behind the comparison") }
    return (comparison, String(value))
  }
  let hint =
    text.first.map(isDigit) == true ? "write \"< \(shortened(text))\", or another of them" : nil
  throw ValueRefusal(
    "\(quoted(text)) has no comparison; one of < <= > >= = is wanted", hint: hint)
}

/// Where a secret is read from; the secret itself never stands in a file.
public enum SecretPlace: Hashable, Sendable {
  case environment(String)
  case file(String)

  /// As written.
  public var text: String {
    switch self {
    case .environment(let name): "env:\(name)"
    case .file(let path): "file:\(path)"
    }
  }
}

/// `"env:" NAME | "file:" PATH`. Refuses a literal without repeating it.
public func parseSecret(_ text: String) throws(ValueRefusal) -> SecretPlace {
  if text.hasPrefix("env:"), text.count > 4 {
    let name = text.dropFirst(4)
    let plain = name.utf8.allSatisfy {
      $0 == UInt8(ascii: "_") || (0x30...0x39).contains($0) || (0x41...0x5A).contains($0)
        || (0x61...0x7A).contains($0)
    }
    if plain { return .environment(String(name)) }
  } else if text.hasPrefix("file:"), text.count > 5 {
    return .file(String(text.dropFirst(5)))
  }
  throw ValueRefusal("a secret may not stand in a scenario", hint: "write env:NAME or file:PATH")
}
