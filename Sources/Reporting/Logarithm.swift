/// The decimal logarithm of a number above zero, to about 1e-15, by addition, multiplication and
/// division alone: the mathematical library may differ between machines, a page may not.
///
/// ln(m) = 2·artanh((m-1)/(m+1)) with m in [√½, √2); see Abramowitz and Stegun, 4.1.27.
func log10(_ value: Double) -> Double {
  guard value > 0, value.isFinite else { return 0 }
  var exponent = Double(value.exponent)
  var m = value.significand
  if m > 1.4142135623730951 {
    m /= 2
    exponent += 1
  }
  let t = (m - 1) / (m + 1)
  let square = t * t
  var term = t
  var sum = 0.0
  var odd = 1.0
  while odd < 40 {
    sum += term / odd
    term *= square
    odd += 2
  }
  return (2 * sum + exponent * 0.6931471805599453) * 0.4342944819032518
}
