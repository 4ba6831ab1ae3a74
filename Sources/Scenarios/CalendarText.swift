import Model

/// An RFC 3339 instant with zone, such as `2026-01-01T00:00:00Z`, to the nanosecond. Years 1678 to
/// 2261.
public func parseInstant(_ text: String) throws(ValueRefusal) -> Timestamp {
  let wrong = ValueRefusal(
    "\(quoted(text)) is not an instant", hint: "RFC 3339 with zone: 2026-01-01T00:00:00Z")
  let bytes = Array(text.utf8)
  guard bytes.count >= 20, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
    bytes[10] == UInt8(ascii: "T"), bytes[13] == UInt8(ascii: ":"), bytes[16] == UInt8(ascii: ":"),
    let year = number(bytes[0..<4]), let month = number(bytes[5..<7]),
    let day = number(bytes[8..<10]), let hour = number(bytes[11..<13]),
    let minute = number(bytes[14..<16]), let second = number(bytes[17..<19])
  else { throw wrong }
  var rest = bytes[19...]
  var fraction: Int64 = 0
  if rest.first == UInt8(ascii: ".") {
    let digits = rest.dropFirst().prefix { (0x30...0x39).contains($0) }
    guard (1...9).contains(digits.count), let value = number(digits) else { throw wrong }
    fraction = value * powerOfTen(9 - digits.count)
    rest = rest.dropFirst(digits.count + 1)
  }
  guard let offset = zone(Array(rest)) else { throw wrong }
  guard (1678...2261).contains(year), (1...12).contains(month),
    day >= 1, day <= daysInMonth(year, month), hour < 24, minute < 60, second < 60
  else { throw ValueRefusal("\(quoted(text)) is no day and time of the years 1678 to 2261") }
  let days = daysSince1970(year, month, day)
  let seconds = ((days * 24 + hour) * 60 + minute) * 60 + second - offset
  return Timestamp(ns: seconds * .second + fraction)
}

/// The instant in UTC, with as many decimals as it needs.
public func formatInstant(_ timestamp: Timestamp) -> String {
  var seconds = timestamp.ns / .second
  var fraction = timestamp.ns % .second
  if fraction < 0 {
    fraction += .second
    seconds -= 1
  }
  var days = seconds / 86_400
  var rest = seconds % 86_400
  if rest < 0 {
    rest += 86_400
    days -= 1
  }
  let (year, month, day) = civil(days)
  var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T"
  text += "\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))"
  if fraction > 0 {
    var digits = padded(fraction, 9)
    while digits.last == "0" { digits.removeLast() }
    text += ".\(digits)"
  }
  return text + "Z"
}

private func padded(_ number: Int64, _ width: Int) -> String {
  let digits = String(number)
  return String(repeating: "0", count: max(0, width - digits.count)) + digits
}

private func number(_ digits: ArraySlice<UInt8>) -> Int64? {
  var value: Int64 = 0
  for digit in digits {
    guard (0x30...0x39).contains(digit) else { return nil }
    value = value * 10 + Int64(digit - 0x30)
  }
  return value
}

/// Seconds east of UTC.
private func zone(_ text: [UInt8]) -> Int64? {
  if text == [UInt8(ascii: "Z")] { return 0 }
  guard text.count == 6, text[3] == UInt8(ascii: ":"), let hours = number(text[1..<3]),
    let minutes = number(text[4..<6]), hours < 24, minutes < 60
  else { return nil }
  let seconds = hours * 3600 + minutes * 60
  switch text[0] {
  case UInt8(ascii: "+"): return seconds
  case UInt8(ascii: "-"): return -seconds
  default: return nil
  }
}

package func daysInMonth(_ year: Int64, _ month: Int64) -> Int64 {
  switch month {
  case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
  case 4, 6, 9, 11: 30
  default: 31
  }
}

/// Days of the proleptic Gregorian calendar (Hinnant, "chrono-compatible low-level date
/// algorithms", 2013); years above 0.
package func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
  let y = month <= 2 ? year - 1 : year
  let era = y / 400
  let yearOfEra = y - era * 400
  let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
  let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
  return era * 146_097 + dayOfEra - 719_468
}

private func civil(_ days: Int64) -> (Int64, Int64, Int64) {
  let z = days + 719_468
  let era = z / 146_097
  let dayOfEra = z - era * 146_097
  let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
  let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
  let shifted = (5 * dayOfYear + 2) / 153
  let day = dayOfYear - (153 * shifted + 2) / 5 + 1
  let month = shifted < 10 ? shifted + 3 : shifted - 9
  return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
}
