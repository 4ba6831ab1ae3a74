/// Exponential and logarithm from + - × ÷ alone. The C library's versions differ in their last bits
/// between processors; these give the same bits everywhere, since IEEE 754 defines each operation
/// exactly and Swift never contracts two into one.

private let ln2High = 0x1.62e42fee00000p-1
private let ln2Low = 0x1.a39ef35793c76p-33

/// 2^(j/64) for j in 0..<64.
private let powers: [Double] = (0..<64).map { j in
  seriesExp(Double(j) * (ln2High + ln2Low) / 64)
}

/// The Taylor series, for arguments of magnitude below one.
private func seriesExp(_ x: Double) -> Double {
  var sum = 1.0
  for k in stride(from: 24.0, through: 1, by: -1) { sum = 1 + x / k * sum }
  return sum
}

/// e^x, exact to about two units in the last place; 0 below -708 and infinite above 709.
public func portableExp(_ x: Double) -> Double {
  if !(x > -708) { return x.isNaN ? x : 0 }
  if x > 709 { return .infinity }
  // x = n·ln2/64 + r with |r| <= ln2/128.
  let scaled = x * (64 / 0x1.62e42fefa39efp-1)
  let n = Int(scaled < 0 ? scaled - 0.5 : scaled + 0.5)
  let r = (x - Double(n) * (ln2High / 64)) - Double(n) * (ln2Low / 64)
  let tail = r * (1 + r * (1.0 / 2 + r * (1.0 / 6 + r * (1.0 / 24 + r * (1.0 / 120)))))
  let power = powers[n & 63]
  return (power + power * tail)
    * Double(bitPattern: UInt64(bitPattern: Int64((n >> 6) + 1_023)) << 52)
}

/// The natural logarithm, exact to about two units in the last place; NaN below zero.
public func portableLog(_ x: Double) -> Double {
  if !(x > 0) { return x == 0 ? -.infinity : .nan }
  if x == .infinity { return x }
  var exponent = Double(x.exponent)
  var m = x.significand
  if m > 0x1.6a09e667f3bcdp0 {
    m /= 2
    exponent += 1
  }
  // ln m = 2·artanh((m - 1)/(m + 1)), |s| <= 0.172.
  let s = (m - 1) / (m + 1)
  let square = s * s
  var sum = 0.0
  for k in stride(from: 23.0, through: 3, by: -2) { sum = (sum + 1 / k) * square }
  return exponent * ln2High + (2 * s + (2 * s * sum + exponent * ln2Low))
}

/// 2^x.
public func portableExp2(_ x: Double) -> Double { portableExp(x * 0x1.62e42fefa39efp-1) }

/// The logarithm to base two.
public func portableLog2(_ x: Double) -> Double { portableLog(x) / 0x1.62e42fefa39efp-1 }
