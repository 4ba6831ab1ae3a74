import Model
import Scenarios

/// How a column writes instants.
struct TimeForm: Hashable, Sendable {
  enum Kind: Hashable, Sendable {
    case iso
    /// A decimal number of units of so many nanoseconds since 1970.
    case epoch(Int64)
    case pattern([Element])
  }

  /// A part of a pattern. Numbers: least and greatest count of digits.
  enum Element: Hashable, Sendable {
    case year, shortYear
    case month(Int, Int)
    case day(Int, Int)
    case hour(Int, Int)
    case hourOfHalf(Int, Int)
    case minute(Int, Int)
    case second(Int, Int)
    case fraction, half, zone
    case literal(UInt8)
  }

  var kind: Kind
  /// As the mapping has it; iso is spelled out.
  var text: String
  /// For texts that do not say; nil: they must.
  var zone: Zone?
  /// Whether instants may be finer than a millisecond.
  var isFine: Bool

  static let isoText = "yyyy-MM-dd'T'HH:mm:ssZ"

  /// Nil when the text is no form.
  init?(_ text: String, zone: Zone?) {
    self.zone = zone
    self.text = text
    isFine = false
    switch text {
    case "iso":
      kind = .iso
      self.text = Self.isoText
    case "epoch-s": kind = .epoch(.second)
    case "epoch-ms": kind = .epoch(.millisecond)
    case "epoch-us":
      kind = .epoch(.microsecond)
      isFine = true
    case "epoch-ns":
      kind = .epoch(1)
      isFine = true
    default:
      guard let elements = Self.elements(text) else { return nil }
      kind = .pattern(elements)
    }
  }

  private static func elements(_ text: String) -> [Element]? {
    var elements: [Element] = []
    let bytes = Array(text.utf8)
    var at = 0
    while at < bytes.count {
      let letter = bytes[at]
      if letter == UInt8(ascii: "'") {
        guard let end = bytes[(at + 1)...].firstIndex(of: letter) else { return nil }
        for byte in bytes[(at + 1)..<end] { elements.append(.literal(byte)) }
        at = end + 1
        continue
      }
      var count = 1
      while at + count < bytes.count && bytes[at + count] == letter { count += 1 }
      if (0x41...0x5A).contains(letter) || (0x61...0x7A).contains(letter) {
        guard let element = element(letter, count) else { return nil }
        elements.append(element)
      } else {
        for _ in 0..<count { elements.append(.literal(letter)) }
      }
      at += count
    }
    let hasDate =
      elements.contains { $0 == .year || $0 == .shortYear }
      && elements.contains { if case .month = $0 { true } else { false } }
      && elements.contains { if case .day = $0 { true } else { false } }
    return hasDate ? elements : nil
  }

  private static func element(_ letter: UInt8, _ count: Int) -> Element? {
    let least = count
    let greatest = 2
    if letter == UInt8(ascii: "y") {
      return count == 4 ? .year : count == 2 ? .shortYear : nil
    }
    if letter == UInt8(ascii: "S") { return .fraction }
    if letter == UInt8(ascii: "a") && count == 1 { return .half }
    if (letter == UInt8(ascii: "X") || letter == UInt8(ascii: "Z")) && count <= 3 { return .zone }
    if count > 2 { return nil }
    switch letter {
    case UInt8(ascii: "M"): return .month(least, greatest)
    case UInt8(ascii: "d"): return .day(least, greatest)
    case UInt8(ascii: "H"): return .hour(least, greatest)
    case UInt8(ascii: "h"): return .hourOfHalf(least, greatest)
    case UInt8(ascii: "m"): return .minute(least, greatest)
    case UInt8(ascii: "s"): return .second(least, greatest)
    default: return nil
    }
  }

  /// Nanoseconds since 1970, nil when the bytes are not of this form or no instant of the years
  /// 1678 to 2261.
  func parse(_ bytes: UnsafeRawBufferPointer) -> Int64? {
    var cursor = TimeCursor(bytes)
    switch kind {
    case .epoch(let unit): return cursor.epoch(unit)
    case .iso: return cursor.iso(zone)
    case .pattern(let elements): return cursor.pattern(elements, zone)
    }
  }

  /// Whether a text is refused only because the clocks of the zone never showed it.
  func skips(_ text: String) -> Bool {
    var other = self
    other.zone = .utc
    var copy = text
    return copy.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      return parse(bytes) == nil && other.parse(bytes) != nil
    }
  }

  /// A form that reads a text; to suggest one to who wrote another.
  static func guess(_ text: String) -> String? {
    let candidates = [
      "iso", "M/d/yyyy H:mm", "M/d/yyyy H:mm:ss", "M/d/yyyy h:mm a", "d.M.yyyy H:mm",
      "d.M.yyyy H:mm:ss", "d/M/yyyy H:mm", "yyyy-MM-dd", "yyyy/MM/dd HH:mm:ss", "M/d/yyyy",
      "d.M.yyyy",
    ]
    var copy = text
    return copy.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      for candidate in candidates {
        if let form = TimeForm(candidate, zone: .utc), form.parse(bytes) != nil { return candidate }
      }
      if bytes.allSatisfy({ (0x30...0x39).contains($0) }) {
        switch bytes.count {
        case 9...10: return "epoch-s"
        case 12...13: return "epoch-ms"
        case 15...16: return "epoch-us"
        case 18...19: return "epoch-ns"
        default: return nil
        }
      }
      return nil
    }
  }
}

/// Seconds east of UTC of `Z`, `UTC` or `+01:00`; nil for anything else.
func zoneOffset(_ text: String) -> Int64? {
  if text == "UTC" { return 0 }
  var copy = text
  return copy.withUTF8 { utf8 in
    var cursor = TimeCursor(UnsafeRawBufferPointer(utf8))
    guard let offset = cursor.zone(), cursor.isAtEnd else { return nil }
    return offset
  }
}

/// Reads the parts of an instant.
struct TimeCursor {
  private let bytes: UnsafeRawBufferPointer
  private var at = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  var isAtEnd: Bool { at == bytes.count }

  private mutating func number(_ least: Int, _ greatest: Int) -> Int64? {
    var value: Int64 = 0
    var count = 0
    while count < greatest, at < bytes.count, case let digit = bytes[at] &- 0x30, digit < 10 {
      value = value * 10 + Int64(digit)
      count += 1
      at += 1
    }
    return count >= least ? value : nil
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    if at < bytes.count && bytes[at] == byte {
      at += 1
      return true
    }
    return false
  }

  /// Up to nine decimals as nanoseconds; further ones must be zeros.
  private mutating func fraction() -> Int64? {
    var value: Int64 = 0
    var count = 0
    while at < bytes.count, case let digit = bytes[at] &- 0x30, digit < 10 {
      if count < 9 { value = value * 10 + Int64(digit) } else if digit > 0 { return nil }
      count += 1
      at += 1
    }
    if count == 0 { return nil }
    for _ in count..<max(count, 9) { value *= 10 }
    return value
  }

  mutating func zone() -> Int64? {
    if take(UInt8(ascii: "Z")) { return 0 }
    let isWest = at < bytes.count && bytes[at] == UInt8(ascii: "-")
    if !take(UInt8(ascii: "+")) && !take(UInt8(ascii: "-")) { return nil }
    guard let hours = number(2, 2) else { return nil }
    _ = take(UInt8(ascii: ":"))
    let minutes = number(2, 2) ?? 0
    if hours > 18 || minutes > 59 { return nil }
    let seconds = (hours * 60 + minutes) * 60
    return isWest ? -seconds : seconds
  }

  mutating func epoch(_ unit: Int64) -> Int64? {
    let isNegative = take(UInt8(ascii: "-"))
    var whole: Int64 = 0
    var count = 0
    while at < bytes.count, case let digit = bytes[at] &- 0x30, digit < 10 {
      let (tenfold, a) = whole.multipliedReportingOverflow(by: 10)
      let (sum, b) = tenfold.addingReportingOverflow(Int64(digit))
      if a || b { return nil }
      whole = sum
      count += 1
      at += 1
    }
    var part: Int64 = 0
    if take(UInt8(ascii: ".")) {
      guard let decimals = fraction() else { return nil }
      let product = decimals.multipliedFullWidth(by: unit)
      let (quotient, rest) = Int64.second.dividingFullWidth(product)
      if rest != 0 { return nil }
      part = quotient
    }
    let (scaled, a) = whole.multipliedReportingOverflow(by: unit)
    let (value, b) = scaled.addingReportingOverflow(part)
    if count == 0 || !isAtEnd || a || b { return nil }
    return isNegative ? -value : value
  }

  mutating func iso(_ standard: Zone?) -> Int64? {
    var parts = TimeParts()
    guard let year = number(4, 4), take(UInt8(ascii: "-")), let month = number(2, 2),
      take(UInt8(ascii: "-")), let day = number(2, 2)
    else { return nil }
    (parts.year, parts.month, parts.day) = (year, month, day)
    if !take(UInt8(ascii: "T")) && !take(UInt8(ascii: " ")) { return nil }
    guard let hour = number(2, 2), take(UInt8(ascii: ":")), let minute = number(2, 2) else {
      return nil
    }
    (parts.hour, parts.minute) = (hour, minute)
    if take(UInt8(ascii: ":")) {
      guard let second = number(2, 2) else { return nil }
      parts.second = second
      if take(UInt8(ascii: ".")) {
        guard let fraction = fraction() else { return nil }
        parts.fraction = fraction
      }
    }
    let told = zone()
    return finish(parts, told: told, else: standard)
  }

  /// The instant of the parts, by the offset that the text tells or else by the zone.
  private func finish(_ parts: TimeParts, told: Int64?, else zone: Zone?) -> Int64? {
    guard isAtEnd, let local = parts.localSeconds else { return nil }
    let seconds: Int64
    if let told {
      seconds = local - told
    } else {
      guard let instant = zone?.instant(ofLocal: local) else { return nil }
      seconds = instant
    }
    return seconds * .second + parts.fraction
  }

  mutating func pattern(_ elements: [TimeForm.Element], _ standard: Zone?) -> Int64? {
    var parts = TimeParts()
    var east: Int64?
    for element in elements {
      switch element {
      case .literal(let byte): if !take(byte) { return nil }
      case .half:
        let isEvening = at < bytes.count && bytes[at] | 0x20 == UInt8(ascii: "p")
        let isMorning = at < bytes.count && bytes[at] | 0x20 == UInt8(ascii: "a")
        if !isEvening && !isMorning { return nil }
        at += 1
        if !take(UInt8(ascii: "M")) && !take(UInt8(ascii: "m")) { return nil }
        parts.isEvening = isEvening
      case .zone:
        guard let told = zone() else { return nil }
        east = told
      case .fraction:
        guard let value = fraction() else { return nil }
        parts.fraction = value
      default:
        if !numbered(element, into: &parts) { return nil }
      }
    }
    return finish(parts, told: east, else: standard)
  }

  private mutating func numbered(
    _ element: TimeForm.Element, into parts: inout TimeParts
  ) -> Bool {
    switch element {
    case .year: return take(4, 4, into: &parts.year)
    case .shortYear:
      if !take(2, 2, into: &parts.year) { return false }
      parts.year += parts.year < 70 ? 2000 : 1900
      return true
    case .month(let a, let b): return take(a, b, into: &parts.month)
    case .day(let a, let b): return take(a, b, into: &parts.day)
    case .hour(let a, let b): return take(a, b, into: &parts.hour)
    case .hourOfHalf(let a, let b): return take(a, b, into: &parts.hourOfHalf)
    case .minute(let a, let b): return take(a, b, into: &parts.minute)
    case .second(let a, let b): return take(a, b, into: &parts.second)
    default: return false
    }
  }

  @inline(__always) private mutating func take(
    _ least: Int, _ greatest: Int, into part: inout Int64
  ) -> Bool {
    guard let value = number(least, greatest) else { return false }
    part = value
    return true
  }
}

/// An instant in parts.
struct TimeParts {
  var year: Int64 = 0
  var month: Int64 = 0
  var day: Int64 = 0
  var hour: Int64 = 0
  /// 1 to 12; 0 when the hour is told otherwise.
  var hourOfHalf: Int64 = 0
  var isEvening = false
  var minute: Int64 = 0
  var second: Int64 = 0
  var fraction: Int64 = 0

  /// Seconds since 1970 by the local clock; nil when there is no such day or time of day.
  var localSeconds: Int64? {
    var hour = hour
    if hourOfHalf > 0 {
      if hourOfHalf > 12 { return nil }
      hour = hourOfHalf % 12 + (isEvening ? 12 : 0)
    }
    guard (1678...2261).contains(year), (1...12).contains(month), day >= 1,
      day <= daysInMonth(year, month), hour < 24, minute < 60, second < 60
    else { return nil }
    return ((daysSince1970(year, month, day) * 24 + hour) * 60 + minute) * 60 + second
  }
}
