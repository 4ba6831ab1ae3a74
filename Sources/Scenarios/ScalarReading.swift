import Model

/// A scalar under a key of this type.
func readScalar(_ text: String, as type: GrammarType) throws(ValueRefusal) -> ReadValue {
  switch type {
  case .version: return try readVersion(text)
  case .seed: return .seed(try parseSeed(text))
  case .name: return .text(try readName(text))
  case .text, .path: return .text(try readText(text))
  case .truth: return .truth(try parseTruth(text))
  case .count(let range):
    return .count(try within(range, try parseCount(text), formatCount))
  case .duration(let range):
    return .duration(try within(range, try parseDuration(text), formatDuration))
  case .measure:
    if text == "to-end" { return .toEnd }
    return .duration(try within(positiveDuration, try parseDuration(text), formatDuration))
  case .spread: return .spread(try parseSpread(text))
  case .size: return .size(try parseSize(text))
  case .rate: return .rate(try parseRate(text))
  case .ratio: return .ratio(try parseRatio(text))
  case .speed: return .speed(try parseSpeed(text))
  case .instant: return .instant(try parseInstant(text))
  case .number: return try readNumber(text)
  case .hosts: return .text(try readHosts(text))
  case .target: return .target(try parseTarget(text))
  case .secret: return .secret(try parseSecret(text))
  case .anomaly: return .text(try readAnomaly(text))
  case .choice(let choices): return .text(try readChoice(text, choices))
  case .anything: return .unused
  case .workload, .parameters, .section, .list, .free, .expectations:
    throw ValueRefusal("text where \(type.text) is wanted")
  }
}

private func readVersion(_ text: String) throws(ValueRefusal) -> ReadValue {
  if text == "1" { return .count(1) }
  if text.allSatisfy(isDigit), text.first != "0", !text.isEmpty {
    throw ValueRefusal(
      "\(shortened(text)) was written for a later Weir; this one reads grammar 1",
      hint: "take a newer Weir, or the scenario of this one")
  }
  throw ValueRefusal("\(quoted(text)) is no version of the grammar", hint: "write weir: 1")
}

func isNameCharacter(_ byte: UInt8) -> Bool {
  switch byte {
  case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
  case UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."): true
  default: false
  }
}

/// Letters, digits, `.`, `_`, `-`, in parts joined by `/`; no part begins with a point, since names
/// become folders.
private func readName(_ text: String) throws(ValueRefusal) -> String {
  let parts = text.split(separator: "/", omittingEmptySubsequences: false)
  let isName =
    text.utf8.count <= 200
    && parts.allSatisfy { !$0.isEmpty && $0.first != "." && $0.utf8.allSatisfy(isNameCharacter) }
  if isName { return text }
  throw ValueRefusal(
    "\(quoted(text)) is not a name", hint: "letters, digits, '.', '_', '-', parts joined by '/'")
}

private func readText(_ text: String) throws(ValueRefusal) -> String {
  if text.isEmpty { throw ValueRefusal("the text is empty") }
  if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
    throw ValueRefusal("\(quoted(text)) has control characters")
  }
  if text.utf8.count > 4096 { throw ValueRefusal("the text is longer than 4096 bytes") }
  return text
}

private func readNumber(_ text: String) throws(ValueRefusal) -> ReadValue {
  let value = try NumberText(text, wanted: "a number")
  if value.unit.isEmpty { return .unused }
  throw ValueRefusal("\(quoted(text)) is not a number", hint: "digits, perhaps with a point")
}

private func readHosts(_ text: String) throws(ValueRefusal) -> String {
  for host in text.split(separator: ",", omittingEmptySubsequences: false) {
    let parts = host.split(separator: ":", omittingEmptySubsequences: false)
    let port = parts.count == 2 ? UInt16(parts[1]) : nil
    if parts.first?.isEmpty != false || port == nil || port == 0 || host.contains(" ") {
      throw ValueRefusal(
        "\(quoted(String(host))) is not a host with its port", hint: "write HOST:PORT,HOST:PORT")
    }
  }
  return text
}

/// A letter or two and a number, as in `C4`.
private func readAnomaly(_ text: String) throws(ValueRefusal) -> String {
  let letters = text.utf8.prefix { (0x41...0x5A).contains($0) }
  let digits = text.utf8.dropFirst(letters.count)
  let isID =
    (1...2).contains(letters.count) && (1...3).contains(digits.count)
    && digits.allSatisfy { (0x30...0x39).contains($0) }
  if isID { return text }
  throw ValueRefusal("\(quoted(text)) is no anomaly id", hint: "such as C4: weir list checkers")
}

private func readChoice(_ text: String, _ choices: [GrammarChoice]) throws(ValueRefusal) -> String {
  let available = choices.filter(\.isAvailable).map(\.name)
  guard let choice = choices.first(where: { $0.name == text }) else {
    let near = nearestName(to: text, in: choices.map(\.name))
    throw ValueRefusal(
      "no such choice: \(quoted(text))",
      hint: near.map { "did you mean '\($0)'?" } ?? knownNames(available))
  }
  if choice.isAvailable { return text }
  throw ValueRefusal("\(quoted(text)) is not in this version", hint: knownNames(available))
}

private func within<Bound: Comparable>(
  _ range: ClosedRange<Bound>, _ value: Bound, _ format: (Bound) -> String
) throws(ValueRefusal) -> Bound {
  let hint = "from \(format(range.lowerBound)) to \(format(range.upperBound))"
  if value < range.lowerBound {
    throw ValueRefusal("\(format(value)) is below \(format(range.lowerBound))", hint: hint)
  }
  if value > range.upperBound {
    throw ValueRefusal("\(format(value)) is above \(format(range.upperBound))", hint: hint)
  }
  return value
}

/// A threshold on a metric: `< 250ms`, `>= 99%`.
func readThreshold(_ text: String, _ metric: GrammarMetric) throws(ValueRefusal) -> Threshold {
  let (comparison, value) = try parseComparison(text)
  let limit: Threshold.Limit
  switch limitKind(value, metric.values) {
  case .duration: limit = .duration(try parseDuration(value))
  case .count, .number: limit = .count(try parseCount(value))
  case .ratio: limit = .ratio(try parseRatio(value))
  case .rate: limit = .rate(try parseRate(value))
  case .size: limit = .size(try parseSize(value))
  }
  return Threshold(metric: metric.name, comparison: comparison, limit: limit)
}

/// Which of the kinds that a metric takes a text means.
private func limitKind(_ text: String, _ kinds: [GrammarMetric.Value]) -> GrammarMetric.Value {
  guard kinds.contains(.ratio), let other = kinds.first(where: { $0 != .ratio }) else {
    return kinds[0]
  }
  if text.hasSuffix("%") { return .ratio }
  guard let slash = text.firstIndex(of: "/") else { return text.contains(".") ? .ratio : other }
  let below = text[text.index(after: slash)...]
  return below.first.map(isDigit) == true ? .ratio : other
}
