import Draws

/// How many events lie in each block of a lane, burstier than chance in the way a profile says, and
/// known for any block alone. A span of 2^23 stamps has its quota of events; a node gives a
/// binomial part of them to its left half; below one second the halves are equal, so that the
/// events of a block are spread evenly over its stamps.
struct CountCascade: Sendable {
  static let spanLevel = 23

  private let family: DrawFamily
  private let quota: Quota
  /// Stamps by which the spans of this lane are shifted; a multiple of every block length.
  private let shift: Int
  /// By level: how far the left half's share is from one half.
  private let lean: [Double]
  private let grid: BlockGrid

  /// Levels at and below this one are split evenly: 2^10 ms.
  private static let evenLevel = 10

  /// `rate` is the mean number of events per stamp. `unevenness` scales how far the profile's
  /// second moments are above those of a steady rate.
  init(
    family: DrawFamily, lane: Int, rate: Double, grid: BlockGrid, profile: RateProfile,
    unevenness: Double
  ) {
    let own = family.indexed(UInt64(lane))
    let start = own.stream(0)
    self.family = own.indexed(1)
    self.grid = grid
    quota = Quota(rate * Double(1 << Self.spanLevel), phase: start.word(0))
    shift = Int(start.below(1 << 13, 1)) << Self.evenLevel
    lean = (0...Self.spanLevel).map { level in
      if level <= Self.evenLevel { return 0 }
      let wide = profile.moment(1 << level, unevenness)
      let narrow = profile.moment(1 << (level - 1), unevenness)
      let factor = min(max(narrow / wide, 1), 4.0 / 3)
      return (factor - 1).squareRoot() / 2
    }
  }

  /// Events of a block.
  func count(block: Int) -> Int {
    let stamp = grid.firstStamp(of: block) + shift
    let span = stamp >> Self.spanLevel
    let draws = family.stream(UInt64(bitPattern: Int64(span)))
    let place = stamp & ((1 << Self.spanLevel) - 1)
    var events = quota.count(span)
    var node: UInt64 = 1
    var level = Self.spanLevel
    while level > grid.level && events > 0 {
      let left = draws.binomial(events, leftShare(draws, node, level), node << 8)
      let goesRight = (place >> (level - 1)) & 1
      events = goesRight == 0 ? left : events - left
      node = node << 1 | UInt64(goesRight)
      level -= 1
    }
    return events
  }

  private func leftShare(_ draws: DrawStream, _ node: UInt64, _ level: Int) -> Double {
    let lean = lean[level]
    if lean == 0 { return 0.5 }
    return draws.word(node << 8 | 255) >> 63 == 0 ? 0.5 + lean : 0.5 - lean
  }

  /// Adds the block's events to `counts`, one number for each stamp of the block, and returns how
  /// many they are.
  func place(block: Int, into counts: UnsafeMutablePointer<UInt32>) -> Int {
    let events = count(block: block)
    // A word places six events at ten bits each.
    let draws = family.indexed(2).stream(UInt64(bitPattern: Int64(block)))
    let mask = UInt64(1 << grid.level) - 1
    var left = events
    var next: UInt64 = 0
    while left > 0 {
      var word = draws.word(next)
      next &+= 1
      for _ in 0..<min(left, 6) {
        counts[Int(truncatingIfNeeded: word & mask)] &+= 1
        word >>= 10
      }
      left -= 6
    }
    return events
  }
}

/// The relative second moment of a rate at several time scales: 1 + (D - 1)/(mean count), D the
/// index of dispersion of counts in windows of that length.
struct RateProfile: Sendable {
  /// Stamps and moment, from short to long; straight lines between them in logarithms.
  let points: [(stamps: Double, moment: Double)]

  /// Card payments, measured on the card fraud data of Worldline and ULB: one source of 1.0955
  /// requests a second.
  static let cards = RateProfile(points: [
    (1_000, 1.86), (10_000, 1.72), (60_000, 1.46), (300_000, 1.12), (1_800_000, 1.04),
    (8_388_608, 1),
  ])
  static let cardsRate = 1.0955

  /// Orders that come in through the web: a guess, no open click stream of size exists.
  static let web = RateProfile(points: [
    (1_000, 1.3), (10_000, 1.2), (60_000, 1.12), (600_000, 1.05), (8_388_608, 1),
  ])

  func moment(_ stamps: Int, _ unevenness: Double) -> Double {
    1 + (measured(Double(stamps)) - 1) * unevenness
  }

  private func measured(_ stamps: Double) -> Double {
    if stamps <= points[0].stamps { return points[0].moment }
    for (a, b) in zip(points, points.dropFirst()) where stamps < b.stamps {
      let place = portableLog(stamps / a.stamps) / portableLog(b.stamps / a.stamps)
      return a.moment * portableExp(place * portableLog(b.moment / a.moment))
    }
    return points[points.count - 1].moment
  }
}
