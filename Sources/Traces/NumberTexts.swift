import Model

/// Three significant digits without an exponent: 1.10, 19.4, 488; in full from 1000 on.
func threeDigits(_ value: Double) -> String {
  if !value.isFinite { return "-" }
  if value == 0 { return "0" }
  let isNegative = value < 0
  let size = value.magnitude
  if size >= 999.5 { return (isNegative ? "-" : "") + grouped(UInt64(size.rounded())) }
  var decimals = 2
  var bound = 9.995
  while decimals > 0 && size >= bound {
    decimals -= 1
    bound *= 10
  }
  var small = size
  while small < 0.9995 && decimals < 12 {
    decimals += 1
    small *= 10
  }
  return (isNegative ? "-" : "") + fixed(size, decimals: decimals)
}

/// A number of at most 10^6 with so many decimals.
func fixed(_ value: Double, decimals: Int) -> String {
  var scale = 1.0
  for _ in 0..<decimals { scale *= 10 }
  let whole = UInt64((value * scale).rounded())
  if decimals == 0 { return String(whole) }
  var digits = String(whole)
  while digits.count <= decimals { digits = "0" + digits }
  let point = digits.index(digits.endIndex, offsetBy: -decimals)
  return digits[..<point] + "." + digits[point...]
}

/// 19.4 KiB.
func sizeText(_ bytes: UInt64) -> String {
  var value = Double(bytes)
  for unit in ["B", "KiB", "MiB", "GiB"] {
    if value < 1024 { return unit == "B" ? "\(bytes) B" : "\(threeDigits(value)) \(unit)" }
    value /= 1024
  }
  return "\(threeDigits(value)) TiB"
}

/// 1 h 16 min 3 s; below a second in ms, us or ns.
func spanText(_ span: Nanoseconds) -> String {
  if span < .second {
    if span >= .millisecond { return "\(threeDigits(Double(span) / 1e6)) ms" }
    return span >= .microsecond ? "\(threeDigits(Double(span) / 1e3)) us" : "\(span) ns"
  }
  var rest = span / .second
  var parts: [String] = []
  for (unit, seconds) in [("d", Int64(86_400)), ("h", 3_600), ("min", 60), ("s", 1)] {
    if rest >= seconds { parts.append("\(rest / seconds) \(unit)") }
    rest %= seconds
  }
  return parts.joined(separator: " ")
}

/// 1 %, 0.5 %.
func percentText(_ ratio: Ratio) -> String {
  let value = ratio.value * 100
  if value == value.rounded() && value.magnitude < 1e6 { return "\(Int64(value)) %" }
  return "\(threeDigits(value)) %"
}
