import Draws
import Model

/// The delay of a lane's channel between an event and its sending, first in, first out: knots at
/// equal distances, each at least its predecessor less that distance, straight lines between. A
/// function of the place in time, not of what went before.
struct SendDelay: Sendable {
  /// Stamps between knots.
  let spacing: Int
  private let raw: QuantileTable
  private let draws: DrawStream
  /// Knots before the first that can still hold it up: cap / spacing.
  private let reach: Int

  /// A raw delay is log-normal with this median and deviation of the logarithm, at most `cap`,
  /// which is a multiple of the spacing.
  init(
    family: DrawFamily, lane: Int, median: Nanoseconds, sigma: Double,
    cap: Nanoseconds = 200 * .millisecond, spacing: Int = 10
  ) {
    draws = family.stream(UInt64(lane))
    self.spacing = spacing
    reach = Int(cap / (Nanoseconds(spacing) * BlockGrid.stamp))
    raw = QuantileTable(range: 0...cap) { p in
      Double(median) * portableExp(sigma * normalQuantile(p))
    }
  }

  /// The knots around `count` stamps from `first` on: the first stands at ⌊first/spacing⌋·spacing.
  func knots(first: Int, count: Int) -> [Nanoseconds] {
    let from = floorDivide(first, spacing)
    let to = floorDivide(first + count, spacing) + 1
    var knots: [Nanoseconds] = []
    knots.reserveCapacity(to - from + 1)
    var delay: Nanoseconds = 0
    let step = Nanoseconds(spacing) * BlockGrid.stamp
    for k in (from - reach)...to {
      delay = max(raw.sample(draws.word(UInt64(bitPattern: Int64(k)))), delay - step)
      if k >= from { knots.append(delay) }
    }
    return knots
  }

  /// When the events of one stamp are sent: the instant at its beginning.
  func sendTime(_ stamp: Int) -> Nanoseconds {
    let from = floorDivide(stamp, spacing)
    let step = Nanoseconds(spacing) * BlockGrid.stamp
    var before: Nanoseconds = 0
    var delay: Nanoseconds = 0
    for k in (from - reach)...(from + 1) {
      before = delay
      delay = max(raw.sample(draws.word(UInt64(bitPattern: Int64(k)))), delay - step)
    }
    let between = (delay - before) * Nanoseconds(stamp - from * spacing) / Nanoseconds(spacing)
    return Nanoseconds(stamp) * BlockGrid.stamp + before + between
  }

  /// When the events of `count` stamps from `first` on are sent: the instant at the beginning of
  /// each stamp, one more than there are stamps. Never falls.
  func sendTimes(first: Int, count: Int) -> [Nanoseconds] {
    let knots = knots(first: first, count: count)
    var times = [Nanoseconds](repeating: 0, count: count + 1)
    var knot = 0
    var place = first - floorDivide(first, spacing) * spacing
    for i in 0...count {
      let between = (knots[knot + 1] - knots[knot]) * Nanoseconds(place) / Nanoseconds(spacing)
      times[i] = Nanoseconds(first + i) * BlockGrid.stamp + knots[knot] + between
      place += 1
      if place == spacing {
        place = 0
        knot += 1
      }
    }
    return times
  }
}

func floorDivide(_ a: Int, _ b: Int) -> Int {
  let quotient = a / b
  return a < quotient * b ? quotient - 1 : quotient
}
