import Draws
import Model

/// The delay of a lane's channel between an event and its sending, first in, first out: knots every
/// ten milliseconds, each at least its predecessor less ten, straight lines between. A function of
/// the place in time, not of what went before.
struct SendDelay: Sendable {
  /// Stamps between knots.
  static let spacing = 10
  private static let cap: Nanoseconds = 200 * .millisecond
  /// Knots before the first that can still hold it up: cap / spacing.
  private static let reach = 20

  private let raw: QuantileTable
  private let draws: DrawStream

  /// A raw delay is log-normal with this median and deviation of the logarithm, at most 200 ms.
  init(family: DrawFamily, lane: Int, median: Nanoseconds, sigma: Double) {
    draws = family.stream(UInt64(lane))
    raw = QuantileTable(range: 0...Self.cap) { p in
      Double(median) * portableExp(sigma * normalQuantile(p))
    }
  }

  /// The knots around `count` stamps from `first` on: the first stands at ⌊first/10⌋·10.
  func knots(first: Int, count: Int) -> [Nanoseconds] {
    let from = floorDivide(first, Self.spacing)
    let to = floorDivide(first + count, Self.spacing) + 1
    var knots: [Nanoseconds] = []
    knots.reserveCapacity(to - from + 1)
    var delay: Nanoseconds = 0
    let step = Nanoseconds(Self.spacing) * BlockGrid.stamp
    for k in (from - Self.reach)...to {
      delay = max(raw.sample(draws.word(UInt64(bitPattern: Int64(k)))), delay - step)
      if k >= from { knots.append(delay) }
    }
    return knots
  }
}

func floorDivide(_ a: Int, _ b: Int) -> Int {
  let quotient = a / b
  return a < quotient * b ? quotient - 1 : quotient
}
