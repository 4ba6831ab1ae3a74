import Draws
import Model

/// One main lane of requests: which events lie in a block, when they are sent, and what is in them,
/// for all of a block or for one event alone.
struct RequestLane: Sendable {
  let lane: Int
  let grid: BlockGrid
  private let cascade: CountCascade
  private let stories: Stories
  private let delay: SendDelay
  private let contents: DrawFamily
  private let world: CardWorld
  private let startMillis: Int64

  /// `rate` is the mean number of requests of the lane per millisecond.
  init(
    seed: UInt64, lane: Int, rate: Double, settings: FraudSettings, world: CardWorld,
    grid: BlockGrid, startMillis: Int64
  ) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "finance.fraud", purpose: purpose)
    }
    self.lane = lane
    self.grid = grid
    self.world = world
    self.startMillis = startMillis
    // A lane is as uneven as a merger of card sources of the measured size, at most 64 of them, so
    // that a lane of a high rate stays near it.
    let merged = min(max(rate * 1_000 / RateProfile.cardsRate, 1), 64)
    cascade = CountCascade(
      family: family("count"), lane: lane,
      rate: rate * (1 - settings.fraud.value - settings.honest.value), grid: grid,
      profile: .cards, unevenness: 1 / merged)
    stories = Stories(
      family: family("story"), lane: lane, rate: rate, settings: settings, world: world, grid: grid)
    delay = SendDelay(
      family: family("delay"), lane: lane, median: 35 * .millisecond, sigma: 0.45)
    contents = family("request").indexed(UInt64(lane))
  }

  /// Which events a block has, without what is in them.
  func outline(block: Int) -> BlockOutline {
    let outline = BlockOutline(stamps: 1 << grid.level)
    outline.ordinary = cascade.place(block: block, into: outline.counts)
    outline.steps = stories.steps(in: block)
    return outline
  }

  /// The words of a block's ordinary requests, eight for each.
  func draws(block: Int) -> DrawStream { contents.stream(UInt64(block)) }

  /// Event time of a stamp in milliseconds since 1970.
  func millis(_ stamp: Int) -> Int64 { startMillis &+ Int64(stamp) }

  static func day(_ millis: Int64) -> UInt64 { UInt64(max(millis, 0)) / 86_400_000 }

  func storyRequest(_ step: Stories.Step, block: Int, millis: Int64) -> CardRequest {
    stories.request(step, block: block, day: Self.day(millis))
  }

  @inline(__always) func ordinaryRequest(
    _ ordinal: Int, _ draws: DrawStream, millis: Int64
  ) -> CardRequest {
    world.ordinary(draws, UInt64(truncatingIfNeeded: ordinal) << 3, day: Self.day(millis))
  }

  /// When the events of each stamp of a block are sent: run time at the beginning of each stamp,
  /// one more than there are stamps. Never falls.
  func sendTimes(block: Int) -> [Nanoseconds] {
    delay.sendTimes(first: grid.firstStamp(of: block), count: 1 << grid.level)
  }

  /// The event at a place in the block, alone.
  func event(_ index: Int, block: Int, outline: BlockOutline) -> (CardRequest, millis: Int64) {
    let place = outline.place(of: index)
    let millis = millis(grid.firstStamp(of: block) + place.stamp)
    switch place.origin {
    case .ordinary(let ordinal):
      return (ordinaryRequest(ordinal, draws(block: block), millis: millis), millis)
    case .story(let step):
      return (storyRequest(step, block: block, millis: millis), millis)
    }
  }
}

/// Which events a block has: a count of ordinary ones for each stamp, and the steps of stories. In
/// a stamp the ordinary ones come first. Filled once by a lane.
final class BlockOutline {
  let stamps: Int
  let counts: UnsafeMutablePointer<UInt32>
  fileprivate(set) var ordinary = 0
  fileprivate(set) var steps: [Stories.Step] = []

  var count: Int { ordinary + steps.count }

  fileprivate init(stamps: Int) {
    self.stamps = stamps
    counts = .allocate(capacity: stamps)
    counts.initialize(repeating: 0, count: stamps)
  }

  deinit { counts.deallocate() }

  enum Origin {
    /// By its number among the ordinary events of the block.
    case ordinary(Int)
    case story(Stories.Step)
  }

  /// Where the event at a place in the block comes from.
  func place(of index: Int) -> (stamp: Int, origin: Origin) {
    var before = 0
    var nextStep = 0
    for stamp in 0..<stamps {
      let ordinary = Int(counts[stamp])
      if index < before + nextStep + ordinary {
        return (stamp, .ordinary(index - nextStep))
      }
      before += ordinary
      while nextStep < steps.count, Stories.stamp(steps[nextStep]) == stamp {
        if before + nextStep == index { return (stamp, .story(steps[nextStep])) }
        nextStep += 1
      }
    }
    preconditionFailure("a block has no event at its place \(index)")
  }
}
