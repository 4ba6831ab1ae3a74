import Model

/// How measured values are written for people: three significant digits, counts in full with
/// commas, a unit on everything, halves to even, from integers. The same digits everywhere; only
/// the signs differ between a page and plain text.
public enum NumberStyle: Sendable {
  /// ASCII: `us`, a plain space, `-`.
  case plain
  /// `µs`, a no-break space before the unit, U+2212 for minus.
  case page

  private var gap: String { self == .plain ? " " : "\u{A0}" }
  private var minus: String { self == .plain ? "-" : "\u{2212}" }
  /// What stands where there is no value.
  public var none: String { self == .plain ? "-" : "\u{2013}" }

  /// A unit, its size, and the least value that is written in it.
  private struct Unit {
    var name: String
    var size: UInt64
    var from: UInt64

    init(_ name: String, _ size: UInt64, from: UInt64? = nil) {
      self.name = name
      self.size = size
      self.from = from ?? size
    }
  }

  /// Three significant digits in the greatest unit that fits, after rounding.
  private func scaled(_ value: UInt64, _ units: [Unit]) -> String {
    var index = units.count - 1
    while index > 0 && value < units[index].from { index -= 1 }
    while true {
      let (text, whole) = NumberStyle.threeDigits(value, units[index].size)
      let next = index + 1 < units.count ? units[index + 1].from / units[index].size : .max
      if whole < next { return text + gap + units[index].name }
      index += 1
    }
  }

  private var times: [Unit] {
    [
      Unit("ns", 1), Unit(self == .plain ? "us" : "\u{B5}s", 1_000), Unit("ms", 1_000_000),
      Unit("s", 1_000_000_000), Unit("min", 60_000_000_000, from: 600_000_000_000),
      Unit("h", 3_600_000_000_000, from: 36_000_000_000_000),
    ]
  }

  /// `value / size` with three significant digits (all digits from 100 on), and its whole part
  /// after rounding. Below `size` there are no units to fall back to, so decimals are kept.
  static func threeDigits(
    _ value: UInt64, _ size: UInt64, digits: Int = 3
  ) -> (text: String, whole: UInt64) {
    var decimals = 0
    if size > 1 {
      var floor = value / size
      decimals = digits - 1
      while floor >= 10 && decimals > 0 {
        floor /= 10
        decimals -= 1
      }
    }
    while true {
      var power: UInt64 = 1
      for _ in 0..<decimals { power *= 10 }
      let (high, low) = value.multipliedFullWidth(by: power)
      let (quotient, rest) = size.dividingFullWidth((high % size, low))
      let up = rest > size - rest || (rest == size - rest && quotient % 2 == 1)
      let rounded = up ? quotient + 1 : quotient
      let whole = rounded / power
      // 9.996 became 10.00: one decimal less keeps three digits.
      if decimals > 0 && decimals + String(whole).utf8.count > digits && whole > 0 {
        decimals -= 1
        continue
      }
      if decimals == 0 { return (grouped(String(whole)), whole) }
      let fraction = String(rounded % power)
      let zeros = String(repeating: "0", count: decimals - fraction.utf8.count)
      return (grouped(String(whole)) + "." + zeros + fraction, whole)
    }
  }

  private static func grouped(_ digits: String) -> String {
    var text = ""
    let count = digits.utf8.count
    for (index, digit) in digits.enumerated() {
      if index > 0 && (count - index) % 3 == 0 { text.append(",") }
      text.append(digit)
    }
    return text
  }

  /// A count, exact: `1,600,000`.
  public func count(_ value: some BinaryInteger) -> String {
    let text = NumberStyle.grouped(String(value.magnitude))
    return value < 0 ? minus + text : text
  }

  /// A length of time: `398 ms`, `2.41 s`, `17.5 min`.
  public func duration(_ value: Nanoseconds) -> String {
    let text = scaled(value.magnitude, times)
    return value < 0 ? minus + text : text
  }

  /// A length of time that was chosen, not measured, without digits that say nothing: `500 ms`.
  public func chosen(_ value: Nanoseconds) -> String {
    let unit = times.last { value.magnitude >= $0.from && value.magnitude % $0.size == 0 }
    guard let unit, value >= 0 else { return duration(value) }
    return count(value.magnitude / unit.size) + gap + unit.name
  }

  /// A length of time with as many digits as it takes to stay on the right side of a limit:
  /// 49.97 ms against 50 ms is not printed as `50.0 ms`.
  public func duration(_ value: Nanoseconds, beside limit: Nanoseconds?) -> String {
    guard let limit, value != limit, value > 0, limit > 0 else { return duration(value) }
    if duration(value) != duration(limit) { return duration(value) }
    let unit = times.last { value.magnitude >= $0.from } ?? times[0]
    for digits in 4...19 {
      let mine = NumberStyle.threeDigits(value.magnitude, unit.size, digits: digits).text
      let other = NumberStyle.threeDigits(limit.magnitude, unit.size, digits: digits).text
      if mine != other { return mine + gap + unit.name }
    }
    return duration(value)
  }

  /// An instant from the start of the measure phase: `m:ss.s`, with 0 to 3 decimals, cut, not
  /// rounded, so that it never names a later instant.
  public func instant(_ value: Nanoseconds, decimals: Int = 1) -> String {
    let step: UInt64 =
      decimals <= 0
      ? 1_000_000_000
      : [100_000_000, 10_000_000, 1_000_000][
        min(decimals, 3) - 1]
    let ticks = value.magnitude / step
    let perSecond = 1_000_000_000 / step
    let seconds = ticks / perSecond
    let second = seconds % 60
    var text = "\(seconds / 60):" + (second < 10 ? "0" : "") + "\(second)"
    if decimals > 0 {
      let fraction = String(ticks % perSecond)
      let zeros = String(repeating: "0", count: min(decimals, 3) - fraction.utf8.count)
      text += "." + zeros + fraction
    }
    return value < 0 && ticks > 0 ? minus + text : text
  }

  /// A rate as a whole number: `20,000/s`; below ten, three digits: `1.10/s`.
  public func rate(_ perSecond: Double) -> String {
    let value = clamped(perSecond)
    if value >= 10 || value == 0 { return count(UInt64(halfToEven(value))) + "/s" }
    return decimal(value, 2) + "/s"
  }

  /// Bytes by powers of two: `61.0 MiB`.
  public func bytes(_ value: UInt64) -> String {
    scaled(
      value,
      [
        Unit("B", 1), Unit("KiB", 1 << 10), Unit("MiB", 1 << 20), Unit("GiB", 1 << 30),
        Unit("TiB", 1 << 40),
      ])
  }

  /// Three digits with `k`, `M` or `G`, for axes: `50 k`.
  public func short(_ value: UInt64) -> String {
    for (name, size) in [("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)] as [(String, UInt64)]
    where value >= size {
      var text = NumberStyle.threeDigits(value, size).text
      if text.contains(".") {
        while text.last == "0" { text.removeLast() }
        if text.last == "." { text.removeLast() }
      }
      return text + gap + name
    }
    return "\(value)"
  }

  /// A share as a percentage with fixed decimals: `99.7 %`. 100 is written only for a share that
  /// is one or more, and 0 only for one that is zero.
  public func percent(_ share: Double, decimals: Int = 1) -> String {
    var power = 1.0
    for _ in 0..<decimals { power *= 10 }
    var ticks = halfToEven(abs(clamped(share, signed: true)) * 100 * power)
    if abs(share) < 1 && ticks >= 100 * power { ticks = 100 * power - 1 }
    if share != 0 && ticks == 0 {
      let least = decimal(1 / power, decimals)
      return "under" + gap + least + gap + "%"
    }
    return (share < 0 ? minus : "") + decimal(ticks / power, decimals) + gap + "%"
  }

  /// A number with fixed decimals, halves to even.
  public func decimal(_ value: Double, _ decimals: Int) -> String {
    var power = 1.0
    for _ in 0..<decimals { power *= 10 }
    let ticks = UInt64(min(halfToEven(abs(value) * power), 9e18))
    let whole = NumberStyle.grouped(String(ticks / UInt64(power)))
    let sign = value < 0 && ticks > 0 ? minus : ""
    if decimals == 0 { return sign + whole }
    let fraction = String(ticks % UInt64(power))
    return sign + whole + "." + String(repeating: "0", count: decimals - fraction.utf8.count)
      + fraction
  }

  /// Three significant digits of any amount that is not negative: `28.0`, `0.0312`.
  public func three(_ value: Double) -> String {
    let value = clamped(value)
    if value == 0 { return "0" }
    if value >= 100 { return decimal(value, 0) }
    var decimals = value >= 10 ? 1 : 2
    var least = 1.0
    while value < least && decimals < 9 {
      least /= 10
      decimals += 1
    }
    return decimal(value, decimals)
  }

  private func clamped(_ value: Double, signed: Bool = false) -> Double {
    if value.isNaN { return 0 }
    return min(max(value, signed ? -1e15 : 0), 1e15)
  }
}
