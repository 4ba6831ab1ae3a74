/// The nearest whole number, halves to even, by addition alone: the standard library's `rounded`
/// needs the mathematical library. Beyond 2^51 a value is returned as it is.
public func halfToEven(_ value: Double) -> Double {
  let magnitude = abs(value)
  if !(magnitude < 2_251_799_813_685_248) { return value }
  // Adding 2^52 leaves no bits for a fraction, and addition rounds to nearest even.
  let whole = (magnitude + 4_503_599_627_370_496) - 4_503_599_627_370_496
  return value < 0 ? -whole : whole
}

/// The greatest whole number that is not above a value between -2^62 and 2^62.
public func floored(_ value: Double) -> Int {
  let cut = Int(value)
  return Double(cut) > value ? cut - 1 : cut
}

/// The least whole number that is not below a value between -2^62 and 2^62.
public func ceiled(_ value: Double) -> Int {
  let cut = Int(value)
  return Double(cut) < value ? cut + 1 : cut
}
