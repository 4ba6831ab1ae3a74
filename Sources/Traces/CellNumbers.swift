@inline(__always)
func equal(_ bytes: UnsafeRawBufferPointer, _ text: [UInt8]) -> Bool {
  bytes.count == text.count && bytes.elementsEqual(text)
}

/// Bytes of a zigzag varint.
@inline(__always)
func varintSize(_ value: Int64) -> Int {
  let bits = UInt64(bitPattern: value << 1 ^ value >> 63) | 1
  return (70 &- bits.leadingZeroBitCount) / 7
}

/// One to eighteen digits and nothing else, times a unit; nil for all else.
@inline(__always)
func wholeNumber(_ bytes: UnsafeRawBufferPointer, times unit: Int64) -> Int64? {
  if bytes.count == 0 || bytes.count > 18 { return nil }
  var number: Int64 = 0
  for byte in bytes {
    let digit = byte &- 0x30
    if digit > 9 { return nil }
    number = number &* 10 &+ Int64(digit)
  }
  let (product, overflow) = number.multipliedReportingOverflow(by: unit)
  return overflow ? nil : product
}

/// A finite decimal number, with or without an exponent.
func doubleNumber(_ bytes: UnsafeRawBufferPointer) -> Double? {
  if let exact = exactDouble(bytes) { return exact }
  let isNumber = bytes.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
  guard isNumber, let number = Double(String(decoding: bytes, as: UTF8.self)), number.isFinite
  else { return nil }
  return number
}

/// At most fifteen digits and a point: both the digits and the power of ten are exact doubles, so
/// that their quotient is the nearest double (Clinger, "How to read floating point numbers
/// accurately", 1990). Nil for everything else.
@inline(__always)
private func exactDouble(_ bytes: UnsafeRawBufferPointer) -> Double? {
  if bytes.count == 0 || bytes.count > 17 { return nil }
  let isNegative = bytes[0] == UInt8(ascii: "-")
  var number: Int64 = 0
  var digits = 0
  var divisor: Int64 = 0
  for at in (isNegative ? 1 : 0)..<bytes.count {
    let digit = bytes[at] &- 0x30
    if digit <= 9 {
      number = number &* 10 &+ Int64(digit)
      digits &+= 1
      divisor = divisor &* 10
    } else if bytes[at] == UInt8(ascii: ".") && divisor == 0 {
      divisor = 1
    } else {
      return nil
    }
  }
  if digits == 0 || digits > 15 { return nil }
  let size = Double(number) / Double(divisor == 0 ? 1 : divisor)
  return isNegative ? -size : size
}

/// A decimal number as a whole number of 10^-scale; nil when it is none, does not fit, or has more
/// decimals that are not zero.
func decimalNumber(_ bytes: UnsafeRawBufferPointer, scale: Int) -> Int64? {
  if scale == 0, let whole = wholeNumber(bytes, times: 1) { return whole }
  var at = 0
  var isNegative = false
  if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
    isNegative = bytes[at] == UInt8(ascii: "-")
    at += 1
  }
  var number: Int64 = 0
  var digits = 0
  var decimals = -1
  while at < bytes.count {
    let byte = bytes[at]
    at += 1
    if byte == UInt8(ascii: ".") && decimals < 0 && scale > 0 {
      decimals = 0
      continue
    }
    let digit = byte &- 0x30
    if digit > 9 { return nil }
    digits += 1
    if decimals >= scale {
      if digit != 0 { return nil }
      continue
    }
    if decimals >= 0 { decimals += 1 }
    let (tenfold, a) = number.multipliedReportingOverflow(by: 10)
    let (next, b) =
      isNegative
      ? tenfold.subtractingReportingOverflow(Int64(digit))
      : tenfold.addingReportingOverflow(Int64(digit))
    if a || b { return nil }
    number = next
  }
  if digits == 0 { return nil }
  for _ in max(decimals, 0)..<max(scale, decimals, 0) {
    let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
    if overflow { return nil }
    number = tenfold
  }
  return number
}

/// Rounded down, also below zero.
func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
  let quotient = number / divisor
  return number % divisor < 0 ? quotient - 1 : quotient
}
