import Model

/// A duration as the scenario grammar writes it, exactly: in the largest unit that divides it, but
/// seconds up to two minutes. Not below 0.
public func formatDuration(_ length: Nanoseconds) -> String {
  if length == 0 { return "0s" }
  for unit in timeUnits where length % unit.length == 0 {
    if unit.length == .minute, length < 2 * .minute { continue }
    return "\(length / unit.length)\(unit.name)"
  }
  return "\(length)ns"
}

/// `500us..2ms`, or one duration when it is constant.
public func formatSpread(_ spread: Spread) -> String {
  spread.median == spread.p99
    ? formatDuration(spread.median)
    : "\(formatDuration(spread.median))..\(formatDuration(spread.p99))"
}

/// A count with the largest suffix that divides it: `10k`, `20M`, `1548`.
public func formatCount(_ count: Int64) -> String {
  for suffix in countSuffixes where count != 0 && count % suffix.factor == 0 {
    return "\(count / suffix.factor)\(suffix.name)"
  }
  return String(count)
}

/// Bytes with the largest binary unit that divides them: `64KiB`, `1000B`.
public func formatSize(_ bytes: Int64) -> String {
  for (name, shift) in [("TiB", 40), ("GiB", 30), ("MiB", 20), ("KiB", 10)]
  where bytes != 0 && bytes % (1 << Int64(shift)) == 0 {
    return "\(bytes >> Int64(shift))\(name)"
  }
  return "\(bytes)B"
}

/// A ratio from 0 to 1, exactly: in per cent where that needs at most 9 decimals, else as a
/// fraction.
public func formatRatio(_ ratio: Ratio) -> String {
  for decimals in 0...9 {
    let scale = powerOfTen(decimals + 2)
    let (product, overflow) = ratio.numerator.multipliedReportingOverflow(by: scale)
    if overflow { break }
    if product % ratio.denominator == 0 {
      return decimalText(product / ratio.denominator, decimals: decimals) + "%"
    }
  }
  return "\(ratio.numerator)/\(ratio.denominator)"
}

/// A rate, exactly: `20k/s`, `0.5/min`. A rate that no scenario could have given (its span is not
/// a unit, or ten, a hundred, ... of it) is written for a second, to 9 decimals.
public func formatRate(_ rate: Rate) -> String {
  for decimals in 0...9 {
    for unit in rateUnits {
      let (span, overflow) = unit.length.multipliedReportingOverflow(by: powerOfTen(decimals))
      if overflow || span != rate.per { continue }
      let number =
        decimals == 0 ? formatCount(rate.count) : decimalText(rate.count, decimals: decimals)
      return "\(number)/\(unit.name)"
    }
  }
  let scaled = rate.count.multipliedFullWidth(by: .second)
  let whole = rate.per.dividingFullWidth(scaled)
  let fraction = rate.per.dividingFullWidth(whole.remainder.multipliedFullWidth(by: .second))
  let digits = String(fraction.quotient)
  let zeros = String(repeating: "0", count: 9 - digits.count)
  return "\(whole.quotient).\(zeros)\(digits)/s"
}

/// `100x`, or `max` for nil.
public func formatSpeed(_ speed: Ratio?) -> String {
  guard let speed else { return "max" }
  for decimals in 0...9 {
    let (product, overflow) = speed.numerator.multipliedReportingOverflow(by: powerOfTen(decimals))
    if overflow { break }
    if product % speed.denominator == 0 {
      return decimalText(product / speed.denominator, decimals: decimals) + "x"
    }
  }
  return "\(speed.numerator)/\(speed.denominator)x"
}

private func decimalText(_ number: Int64, decimals: Int) -> String {
  if decimals == 0 { return String(number) }
  let digits = String(number)
  let padded = String(repeating: "0", count: max(0, decimals + 1 - digits.count)) + digits
  return "\(padded.dropLast(decimals)).\(padded.suffix(decimals))"
}
