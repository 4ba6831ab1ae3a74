import Model

/// Units of time, the largest first.
let timeUnits: [(name: String, length: Nanoseconds)] = [
  ("d", .day), ("h", .hour), ("min", .minute), ("s", .second), ("ms", .millisecond),
  ("us", .microsecond), ("ns", 1),
]
private let sizeUnits: [(name: String, length: Int64)] = [
  ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("TB", 1_000_000_000_000),
  ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000), ("B", 1),
]
let countSuffixes: [(name: String, factor: Int64)] = [
  ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000),
]
/// Units that a rate may be given in.
let rateUnits: [(name: String, length: Nanoseconds)] = [
  ("s", .second), ("min", .minute), ("h", .hour), ("d", .day),
]

/// No duration is longer.
public let longestDuration: Nanoseconds = 3650 * .day
/// No size is larger.
public let largestSize: Int64 = 1 << 40

/// `number ( "ns" | "us" | "ms" | "s" | "min" | "h" | "d" )`: a whole number of nanoseconds, at
/// most 3650 days.
public func parseDuration(_ text: String) throws(ValueRefusal) -> Nanoseconds {
  let value = try NumberText(text, wanted: "a duration")
  if value.unit.isEmpty {
    throw ValueRefusal(
      "\(quoted(text)) has no unit; a duration is wanted",
      hint: text == "0" ? "write 0s" : "write \(text)ms or \(text)s")
  }
  guard let unit = timeUnits.first(where: { $0.name == value.unit }) else {
    throw refuseTimeUnit(text, value.unit)
  }
  switch value.number.scaled(by: unit.length) {
  case .whole(let length) where length <= longestDuration: return length
  case .broken:
    throw ValueRefusal("\(quoted(text)) is no whole number of nanoseconds")
  default: throw ValueRefusal("\(quoted(text)) is above 3650d")
  }
}

private func refuseTimeUnit(_ text: String, _ unit: Substring) -> ValueRefusal {
  if let total = mixedDuration(text) {
    return ValueRefusal("\(quoted(text)) mixes units", hint: "write \(total)")
  }
  let number = text[..<unit.startIndex]
  let message = "\(quoted(String(unit))) is no unit of time"
  switch unit.lowercased() {
  case "m", "mins", "minute", "minutes", "mn":
    return ValueRefusal(message, hint: "minutes are written \(number)min")
  case "sec", "secs", "second", "seconds": return ValueRefusal(message, hint: "write \(number)s")
  case "msec", "millis", "milliseconds", "ms":
    return ValueRefusal(message, hint: "write \(number)ms")
  case "\u{b5}s", "\u{3bc}s", "usec", "micros", "us":
    return ValueRefusal(message, hint: "write \(number)us")
  case "nanos", "ns": return ValueRefusal(message, hint: "write \(number)ns")
  case "hr", "hrs", "hour", "hours", "h": return ValueRefusal(message, hint: "write \(number)h")
  case "day", "days", "d": return ValueRefusal(message, hint: "write \(number)d")
  default: return ValueRefusal(message, hint: "units of time are ns, us, ms, s, min, h, d")
  }
}

/// What `1h30min` should have been, in its smallest unit.
private func mixedDuration(_ text: String) -> String? {
  var rest = text[...]
  var parts: [(Int64, Nanoseconds, String)] = []
  while !rest.isEmpty {
    let digits = rest.prefix(while: isDigit)
    let name = rest.dropFirst(digits.count).prefix { !isDigit($0) }
    let known = name == "m" ? "min" : String(name)
    guard let number = Int64(digits), let unit = timeUnits.first(where: { $0.name == known }) else {
      return nil
    }
    parts.append((number, unit.length, unit.name))
    rest = rest.dropFirst(digits.count + name.count)
  }
  guard parts.count > 1, let smallest = parts.min(by: { $0.1 < $1.1 }) else { return nil }
  var total: Int64 = 0
  for part in parts {
    let (product, overflow) = part.0.multipliedReportingOverflow(by: part.1)
    let (sum, carried) = total.addingReportingOverflow(product)
    if overflow || carried { return nil }
    total = sum
  }
  return "\(total / smallest.1)\(smallest.2)"
}

/// `duration [ ".." duration ]`: median and 99th percentile, the second not below the first.
public func parseSpread(_ text: String) throws(ValueRefusal) -> Spread {
  guard let dots = text.firstRange(of: "..") else { return Spread(try parseDuration(text)) }
  let median = try parseDuration(String(text[..<dots.lowerBound]))
  let p99 = try parseDuration(String(text[dots.upperBound...]))
  if p99 < median {
    throw ValueRefusal(
      "\(quoted(text)) falls: the median comes first, then the 99th percentile",
      hint: "write \(formatDuration(p99))..\(formatDuration(median))")
  }
  if median == 0, p99 > 0 {
    throw ValueRefusal("\(quoted(text)) has a median of 0, which is no log-normal duration")
  }
  return Spread(median: median, p99: p99)
}

/// `number ( "B" | "kB" | "MB" | "GB" | "TB" | "KiB" | "MiB" | "GiB" | "TiB" )`: whole bytes, at
/// most 1 TiB.
public func parseSize(_ text: String) throws(ValueRefusal) -> Int64 {
  let value = try NumberText(text, wanted: "a size")
  if value.unit.isEmpty {
    throw ValueRefusal("\(quoted(text)) has no unit; a size is wanted", hint: "write \(text)B")
  }
  guard let unit = sizeUnits.first(where: { $0.name == value.unit }) else {
    let number = text[..<value.unit.startIndex]
    let letter = value.unit.prefix(1).uppercased()
    var hint = "units of size are B, kB, MB, GB, TB, KiB, MiB, GiB, TiB"
    if "KMGT".contains(letter), value.unit.count <= 3 {
      let decimalLetter = letter == "K" ? "k" : letter
      hint = "write \(number)\(letter)iB or \(number)\(decimalLetter)B"
    } else if letter == "B" {
      hint = "write \(number)B"
    }
    throw ValueRefusal("\(quoted(String(value.unit))) is no unit of size", hint: hint)
  }
  switch value.number.scaled(by: unit.length) {
  case .whole(let bytes) where bytes <= largestSize: return bytes
  case .broken: throw ValueRefusal("\(quoted(text)) is no whole number of bytes")
  default: throw ValueRefusal("\(quoted(text)) is above 1TiB")
  }
}

/// `number [ "k" | "M" | "G" ]`: a whole number once scaled, below 2^63; k is 1,000.
public func parseCount(_ text: String) throws(ValueRefusal) -> Int64 {
  let value = try NumberText(text, wanted: "a count")
  let factor = try countFactor(value.unit, text, what: "a count")
  switch value.number.scaled(by: factor) {
  case .whole(let count): return count
  case .broken: throw ValueRefusal("\(quoted(text)) is not a whole number")
  case .tooLarge: throw ValueRefusal("\(quoted(text)) is too large", hint: "at most 2^63 - 1")
  }
}

private func countFactor(
  _ suffix: Substring, _ text: String, what: String
) throws(ValueRefusal) -> Int64 {
  if suffix.isEmpty { return 1 }
  if let known = countSuffixes.first(where: { $0.name == suffix }) { return known.factor }
  let number = text[..<suffix.startIndex]
  let hint: String
  switch suffix {
  case "K": hint = "write \(number)k"
  case "m", "mio", "Mio", "mln": hint = "write \(number)M"
  case "g", "B", "bn": hint = "write \(number)G"
  default: hint = "k, M or G, or nothing"
  }
  throw ValueRefusal("\(quoted(String(suffix))) is no suffix of \(what)", hint: hint)
}

/// `number [ "k" | "M" | "G" ] "/" ( "s" | "min" | "h" | "d" )`: above 0, at most 1G/s. A rate that
/// is no whole number in its unit is kept over ten, a hundred, ... of that unit.
public func parseRate(_ text: String) throws(ValueRefusal) -> Rate {
  let value = try NumberText(text, wanted: "a rate")
  let parts = value.unit.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
  if parts.count < 2 { throw refuseRateWithoutUnit(text, value.unit) }
  let factor = try countFactor(parts[0], text, what: "a rate")
  guard let unit = rateUnits.first(where: { $0.name == parts[1] }) else {
    let start = text[..<parts[1].startIndex]
    let hint = ["m", "minute"].contains(parts[1]) ? "write \(start)min" : "write \(start)s"
    throw ValueRefusal("\(quoted("/" + parts[1])) is no unit of a rate", hint: hint)
  }
  var decimals = 0
  var count: Int64?
  while count == nil {
    switch value.number.scaled(by: factor) {
    case .tooLarge: throw ValueRefusal("\(quoted(text)) is above 1G/s")
    case .whole(let whole): count = whole
    case .broken:
      decimals += 1
      let (scaled, overflow) = factor.multipliedReportingOverflow(by: powerOfTen(decimals))
      if overflow { throw ValueRefusal("\(quoted(text)) is above 1G/s") }
      if case .whole(let whole) = value.number.scaled(by: scaled) { count = whole }
    }
  }
  let whole = count ?? 0
  if whole == 0 { throw ValueRefusal("\(quoted(text)) is 0; a rate is above 0") }
  let (per, overflow) = unit.length.multipliedReportingOverflow(by: powerOfTen(decimals))
  if overflow || per > longestDuration * 10 {
    throw ValueRefusal("\(quoted(text)) is too small a rate")
  }
  // Above one event in a nanosecond.
  if whole > per { throw ValueRefusal("\(quoted(text)) is above 1G/s") }
  return Rate(count: whole, per: per)
}

private func refuseRateWithoutUnit(_ text: String, _ unit: Substring) -> ValueRefusal {
  let number = text[..<unit.startIndex]
  if unit.isEmpty || countSuffixes.contains(where: { $0.name == unit }) {
    return ValueRefusal(
      "\(quoted(text)) has no unit; a rate is wanted", hint: "write \(text)/s")
  }
  let suffix = unit.first.map { "kMG".contains($0) ? String($0) : ($0 == "K" ? "k" : "") } ?? ""
  return ValueRefusal(
    "\(quoted(String(unit))) is no unit of a rate", hint: "write \(number)\(suffix)/s")
}
