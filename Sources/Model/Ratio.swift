/// An exact fraction. Kept as written, so that no rounding hides in a threshold or a chance.
@frozen public struct Ratio: Hashable, Sendable {
  public var numerator: Int64
  /// Above zero.
  public var denominator: Int64

  public init(_ numerator: Int64, _ denominator: Int64) {
    precondition(denominator > 0, "the denominator of a ratio is above zero")
    self.numerator = numerator
    self.denominator = denominator
  }

  public static let zero = Ratio(0, 1)
  public static let one = Ratio(1, 1)

  public var value: Double { Double(numerator) / Double(denominator) }

  /// The 64-bit threshold of a chance: a uniform word below it happens with this probability.
  /// A ratio of one or more gives the largest word.
  public var threshold: UInt64 {
    if numerator <= 0 { return 0 }
    if numerator >= denominator { return .max }
    let d = UInt64(denominator)
    return d.dividingFullWidth((UInt64(numerator), 0)).quotient
  }
}

/// Events in a span of time, kept as a fraction: `count` events in `per` nanoseconds.
@frozen public struct Rate: Hashable, Sendable {
  public var count: Int64
  public var per: Nanoseconds

  public init(count: Int64, per: Nanoseconds) {
    precondition(count > 0 && per > 0, "a rate is above zero")
    self.count = count
    self.per = per
  }

  public var perSecond: Double { Double(count) * 1e9 / Double(per) }
}
