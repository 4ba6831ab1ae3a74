import Scenarios

/// A rule as POSIX has it in the variable TZ: `CET-1CEST,M3.5.0,M10.5.0/3`.
struct ZoneRule: Hashable {
  /// A day of every year, and a time of that day by the clocks in force before it.
  struct Day: Hashable {
    enum Kind: Hashable {
      /// Day 1 to 365; 29 February is not counted.
      case julian(Int64)
      /// Day 0 to 365; 29 February is counted.
      case zeroBased(Int64)
      /// Month 1 to 12, week 1 to 5 (5: the last), weekday 0 (Sunday) to 6.
      case weekday(month: Int64, week: Int64, day: Int64)
    }

    var kind: Kind
    /// Seconds after midnight, also below zero and above a day.
    var time: Int64 = 7_200

    /// Local seconds since 1970 of that moment in a year.
    func seconds(in year: Int64) -> Int64 {
      let first = daysSince1970(year, 1, 1)
      let day: Int64
      switch kind {
      case .julian(let number):
        day = first + number - (daysInMonth(year, 2) == 29 && number >= 60 ? 0 : 1)
      case .zeroBased(let number): day = first + number
      case .weekday(let month, let week, let weekday):
        let start = daysSince1970(year, month, 1)
        // 1 January 1970 was a Thursday.
        let firstWeekday = ((start + 4) % 7 + 7) % 7
        var number = (weekday - firstWeekday + 7) % 7 + (week - 1) * 7
        while number >= daysInMonth(year, month) { number -= 7 }
        day = start + number
      }
      return day * 86_400 + time
    }
  }

  struct Summer: Hashable {
    var offset: Int64
    var from: Day
    var to: Day
  }

  /// Seconds east of UTC.
  var standard: Int64
  var summer: Summer?

  /// Nil when the text is no such rule.
  init?(_ text: [UInt8]) {
    var cursor = RuleCursor(text)
    guard cursor.name(), let west = cursor.time() else { return nil }
    standard = -west
    if cursor.isAtEnd { return }
    guard cursor.name() else { return nil }
    var offset = standard + 3_600
    if cursor.next != UInt8(ascii: ",") {
      guard let west = cursor.time() else { return nil }
      offset = -west
    }
    guard cursor.take(","), let from = cursor.day(), cursor.take(","), let to = cursor.day(),
      cursor.isAtEnd
    else { return nil }
    summer = Summer(offset: offset, from: from, to: to)
  }
}

private struct RuleCursor {
  private let text: [UInt8]
  private var at = 0

  init(_ text: [UInt8]) { self.text = text }

  var isAtEnd: Bool { at == text.count }
  var next: UInt8 { at < text.count ? text[at] : 0 }

  mutating func take(_ letter: Unicode.Scalar) -> Bool {
    if next != UInt8(ascii: letter) { return false }
    at += 1
    return true
  }

  /// Three letters or more, or anything between angle brackets.
  mutating func name() -> Bool {
    if take("<") {
      while !isAtEnd && next != UInt8(ascii: ">") { at += 1 }
      return take(">")
    }
    let start = at
    while (0x41...0x5A).contains(next & 0xDF) { at += 1 }
    return at - start >= 3
  }

  mutating func number(_ range: ClosedRange<Int64>) -> Int64? {
    var value: Int64 = 0
    let start = at
    while next &- 0x30 <= 9, at - start < 4 {
      value = value * 10 + Int64(next - 0x30)
      at += 1
    }
    return at > start && range.contains(value) ? value : nil
  }

  /// Hours, minutes and seconds with a sign, as seconds.
  mutating func time() -> Int64? {
    let isNegative = take("-")
    if !isNegative { _ = take("+") }
    guard var seconds = number(0...167).map({ $0 * 3_600 }) else { return nil }
    for unit in [Int64(60), 1] where take(":") {
      guard let part = number(0...59) else { return nil }
      seconds += part * unit
    }
    return isNegative ? -seconds : seconds
  }

  mutating func day() -> ZoneRule.Day? {
    let kind: ZoneRule.Day.Kind
    if take("M") {
      guard let month = number(1...12), take("."), let week = number(1...5), take("."),
        let day = number(0...6)
      else { return nil }
      kind = .weekday(month: month, week: week, day: day)
    } else if take("J") {
      guard let day = number(1...365) else { return nil }
      kind = .julian(day)
    } else {
      guard let day = number(0...365) else { return nil }
      kind = .zeroBased(day)
    }
    var result = ZoneRule.Day(kind: kind)
    if take("/") {
      guard let time = time() else { return nil }
      result.time = time
    }
    return result
  }
}
