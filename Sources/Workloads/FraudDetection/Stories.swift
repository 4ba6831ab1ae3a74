import Draws
import Model

/// The stories of one lane.
struct Stories: Sendable {
  private let lines: [Line]
  private let world: CardWorld
  private let grid: BlockGrid

  /// Stories of one kind.
  fileprivate struct Line: Sendable {
    let kind: StoryKind
    let steps: Int
    let longest: Int
    /// Stories per slot times 2^32, and the phase.
    let quota: UInt64
    let phase: UInt64
    let gaps: DrawStream
    /// A word for each step, and up to 64 for each story.
    let stepDraws: DrawStream
    let storyDraws: DrawStream
  }

  /// Which step of which story, relative to the slot of its block: 10 bits of stamp, 3 of kind, 11
  /// of slots back to the start, 20 of number, 6 of step. Sorting these sorts the steps.
  typealias Step = UInt64

  /// `rate` is the mean number of all requests of the lane per stamp.
  init(
    family: DrawFamily, lane: Int, rate: Double, settings: FraudSettings, world: CardWorld,
    grid: BlockGrid
  ) {
    self.world = world
    self.grid = grid
    let own = family.indexed(UInt64(lane))
    lines = StoryKind.allCases.map { kind in
      let share = (kind.isFraud ? settings.fraud : settings.honest).value
      let perSlot = rate * 1_024 * share * kind.storiesPerRequest
      let kindDraws = own.indexed(UInt64(kind.rawValue))
      return Line(
        kind: kind, steps: kind.steps, longest: kind.longest,
        quota: UInt64(perSlot * 4_294_967_296), phase: kindDraws.stream(0).word(0) & 0xffff_ffff,
        gaps: kindDraws.stream(1), stepDraws: kindDraws.stream(2),
        storyDraws: kindDraws.stream(3))
    }
  }

  /// The steps that fall into a block, in order.
  func steps(in block: Int) -> [Step] {
    let first = grid.firstStamp(of: block)
    let slot = first >> BlockGrid.usualLevel
    let offset = UInt64(first & 1_023)
    let width = UInt64(1 << grid.level)
    var found: [Step] = []
    for line in lines where line.quota > 0 {
      // The fraction of slot · quota in 2^-32: its carry is the number of stories of a slot.
      var before = UInt64(bitPattern: Int64(slot)) &* line.quota &+ line.phase
      for back in 0...line.longest {
        let count = ((before & 0xffff_ffff) &+ line.quota) >> 32
        before &-= line.quota
        if count == 0 { continue }
        let start = slot - back
        guard let step = line.step(atGap: back, start: start) else { continue }
        for number in 0..<count {
          let word = line.stepDraws.word(line.counter(start, number) | UInt64(step))
          let stamp = (word & 1_023) &- offset
          if stamp >= width { continue }
          found.append(
            stamp << 40 | UInt64(line.kind.rawValue) << 37 | UInt64(back) << 26 | number << 6
              | UInt64(step))
        }
      }
    }
    found.sort()
    return found
  }

  static func stamp(_ step: Step) -> Int { Int(truncatingIfNeeded: step >> 40) }

  /// The request of a step that `steps(in:)` gave for the same block.
  func request(_ step: Step, block: Int, day: UInt64) -> CardRequest {
    let line = lines[Int((step >> 37) & 7)]
    let slot = grid.firstStamp(of: block) >> BlockGrid.usualLevel
    let start = slot - Int((step >> 26) & 0x7ff)
    let counter = line.counter(start, (step >> 6) & 0xf_ffff)
    let index = Int(step & 63)
    let own = line.stepDraws.word(counter | UInt64(index))
    let story = { (word: UInt64) in line.storyDraws.word(counter | word) }
    func remote(card: UInt64, category: Int, city: Int, merchant: UInt64) -> CardRequest {
      var request = CardRequest()
      request.card = world.token(card)
      request.category = category
      request.city = city
      request.merchant = world.merchant(city, category, merchant)
      request.entry = CardWorld.entry(isPresent: false, (own >> 16) & 0xffff)
      return request
    }
    var request: CardRequest
    switch line.kind {
    case .burst:
      request = remote(
        card: world.quietCard(story(0)), category: 11, city: world.anyCity(story(1)),
        merchant: own << 20)
      request.amount = Self.amount(own, 2_000...9_900)
    case .drain:
      request = remote(
        card: world.quietCard(story(0)), category: index < 2 ? 8 : 7,
        city: world.anyCity(story(1)), merchant: own << 20)
      request.amount = Self.amount(own, index < 2 ? 50...200 : 20_000...150_000)
    case .clone:
      request = clone(card: world.quietCard(story(0)), index: index, own: own, far: story(1))
    case .merchantTest:
      request = remote(
        card: world.quietCard(story(UInt64(index % 40))), category: 11,
        city: world.anyCity(story(40)), merchant: story(41))
      request.amount = Self.amount(own, 50...500)
    case .retry:
      request = world.ordinary(line.storyDraws, counter, day: day)
    case .taps:
      let card = world.activeCard(story(0))
      request = remote(
        card: card, category: MerchantCategory.transitIndex, city: world.home(card),
        merchant: own << 20)
      request.entry = .contactless
      request.amount = Self.amount(own, 150...400)
    }
    return request
  }

  private func clone(card: UInt64, index: Int, own: UInt64, far: UInt64) -> CardRequest {
    var request = CardRequest()
    let home = world.home(card)
    request.card = world.token(card)
    request.category = index == 0 ? 0 : 7
    request.city = index == 0 ? home : world.farCity(from: home, far)
    request.merchant = world.merchant(request.city, request.category, own << 20)
    request.entry = index == 0 ? .chip : .magstripe
    request.amount = Self.amount(own, index == 0 ? 500...9_000 : 5_000...90_000)
    return request
  }

  private static func amount(_ word: UInt64, _ range: ClosedRange<Int64>) -> Int64 {
    let choices = UInt64(range.upperBound - range.lowerBound + 1)
    return range.lowerBound + Int64(word.multipliedFullWidth(by: choices).high)
  }
}

extension Stories.Line {
  /// Where the words of story `number` of a slot begin; 64 each.
  @inline(__always) func counter(_ start: Int, _ number: UInt64) -> UInt64 {
    UInt64(bitPattern: Int64(start)) << 26 | number << 6
  }

  /// The step that comes `back` slots after the start, if any; gaps are at least two slots, so
  /// there is at most one.
  @inline(__always) func step(atGap back: Int, start: Int) -> Int? {
    if back == 0 { return 0 }
    var word = gaps.word(UInt64(bitPattern: Int64(start)))
    var gone = 0
    for step in 1..<steps {
      let gap = kind.gap(before: step)
      let (choice, rest) = word.multipliedFullWidth(by: gap.choices)
      word = rest
      gone += gap.least + Int(truncatingIfNeeded: choice)
      if gone >= back { return gone == back ? step : nil }
    }
    return nil
  }
}
