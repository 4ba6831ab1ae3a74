import Draws
import Model
import Scenarios

/// The streams of an arena. Lanes: scores by server group, then their matches, then the reports
/// that are sent again, then corrections; lane of part p and group i: p · groups + i. A match
/// belongs to the group of its seat. The event clock runs faster than the run, by load.rate over
/// the population's own rate.
struct LeaderboardSource: EventSource {
  enum Part: Int, CaseIterable {
    case scores
    case matches
    case again
    case corrections
  }

  let groups: Int
  private let book: ArenaBook
  private let encoder: LeaderboardEncoder
  private let delays: [SendDelay]
  /// Blocks of 2^level milliseconds of event time.
  private let level: Int
  /// Run time for a unit of event time, in 2^-40.
  private let slowness: Int128
  private let startMillis: Int64
  /// Milliseconds of event time between markers by part; 0 where there are none.
  private let markerEvery: [Int64]
  private let partitions: Int

  private static let longestLevel = 21
  private static let mostEvents = 4_096.0

  init(
    seed: UInt64, settings: LeaderboardSettings, groups: Int, rate: Rate, start: Timestamp,
    partitions: Int
  ) throws(Problems) {
    let arena = Arena(seed: seed, settings: settings)
    // Two results of a match in half of the seats.
    let natural = arena.modes.reduce(0) { $0 + Double($1.seats) / Double($1.slot) * 1_000 }
    let own = natural / Double(groups)
    var level = Self.longestLevel
    while level > 0 && own * Double(1 << level) / 1_000 > Self.mostEvents { level -= 1 }
    let speed = rate.perSecond / natural
    if speed < 1e-6 || speed > 1e9 {
      throw refusal(
        "a rate of \(rate.perSecond)/s is too far from the \(natural)/s of so many players",
        hint: "take other players or another rate")
    }
    self.groups = groups
    self.level = level
    self.partitions = partitions
    slowness = Int128(1_099_511_627_776 / speed)
    startMillis = floorMillis(start)
    book = ArenaBook(
      arena: arena, settings: settings, begin: startMillis, lanes: groups, span: 1 << level)
    encoder = LeaderboardEncoder(arena: arena)
    let family = DrawFamily(seed: seed, component: "gaming.leaderboards", purpose: "delay")
    delays = (0..<groups).map {
      SendDelay(
        family: family, lane: $0, median: 300 * .millisecond, sigma: 0.5, cap: 5 * .second,
        spacing: 1_000)
    }
    // Every tenth of a second of run time, but no oftener than every thirty of event time.
    let interval = max(30, Int64(speed / 10)) * 1_000
    markerEvery = Part.allCases.map { part in
      let events = part == .scores ? own : part == .matches ? own / 2 : 0
      let expected = events * Double(interval) / 1_000 / Double(partitions)
      return part.rawValue > 1 || expected >= 10 ? 0 : interval
    }
  }

  var modes: [ArenaMode] { book.arena.modes }

  var laneCount: Int { groups * Part.allCases.count }

  private func run(_ eventTime: Nanoseconds) -> Nanoseconds {
    Nanoseconds(truncatingIfNeeded: (Int128(eventTime) * slowness) >> 40)
  }

  /// An event of a block: when it is sent, on the clock of events in nanoseconds from the start,
  /// the instant in milliseconds since 1970 at which there was something to send, and what it was.
  private struct Planned {
    var at: Nanoseconds
    var millis: Int64
    var content: LeaderboardEncoder.Content

    init(_ at: Nanoseconds, _ millis: Int64, _ content: LeaderboardEncoder.Content) {
      self.at = at
      self.millis = millis
      self.content = content
    }
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    let (number, group) = lane.quotientAndRemainder(dividingBy: groups)
    let part = Part.allCases[number]
    let planned = planned(index, part, group)
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: UInt64(index) << UInt64(BlockGrid.sequenceBits),
      count: planned.count, byteCapacity: planned.count * LeaderboardEncoder.longest + 16,
      columnCount: part == .matches ? MatchColumn.sources.count : ScoreColumn.sources.count)
    var out = RecordWriter(block.bytes)
    for (i, event) in planned.enumerated() {
      block.intendedAt[i] = run(event.at)
      encoder.write(event.content, isMatch: part == .matches, i, of: block, &out)
    }
    return block
  }

  private func planned(_ index: Int, _ part: Part, _ group: Int) -> [Planned] {
    let first = startMillis + Int64(index) << Int64(level)
    let range = first..<first + 1 << Int64(level)
    let delay = delays[group]
    func sent(_ millis: Int64) -> Nanoseconds { delay.sendTime(Int(millis - startMillis)) }
    var planned: [Planned] = []
    switch part {
    case .scores:
      for match in book.matches(range, lane: group) {
        let at = sent(match.end)
        planned.append(Planned(at, match.end, .result(match, white: true)))
        planned.append(Planned(at, match.end, .result(match, white: false)))
      }
    case .matches:
      for match in book.matches(range, lane: group) {
        planned.append(Planned(sent(match.end), match.end, .match(match)))
      }
    case .again:
      let sentMillis = { (match: ArenaMatch) in startMillis + sent(match.end) / BlockGrid.stamp }
      for (at, match) in book.retries(range, lane: group, sent: sentMillis) {
        let instant = (at - startMillis) * BlockGrid.stamp
        planned.append(Planned(instant, at, .result(match, white: true)))
        planned.append(Planned(instant, at, .result(match, white: false)))
      }
    case .corrections:
      for decision in book.decisions(range, lane: group) {
        let at = sent(decision.at)
        planned.append(Planned(at, decision.at, .correction(decision, white: true)))
        planned.append(Planned(at, decision.at, .correction(decision, white: false)))
      }
    }
    return withMarkers(planned, range, part, sent)
  }

  /// Markers come in front of what there is to send at the same instant.
  private func withMarkers(
    _ planned: [Planned], _ range: Range<Int64>, _ part: Part, _ sent: (Int64) -> Nanoseconds
  ) -> [Planned] {
    let every = markerEvery[part.rawValue]
    if every == 0 { return planned }
    var all: [Planned] = []
    var next = 0
    var millis = (range.lowerBound + every - 1) / every * every
    while millis < range.upperBound {
      while next < planned.count, planned[next].millis < millis {
        all.append(planned[next])
        next += 1
      }
      let marker = Planned(sent(millis), millis, .marker(millis))
      for _ in 0..<partitions { all.append(marker) }
      millis += every
    }
    return all + planned[next...]
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    Int(sequence >> UInt64(BlockGrid.sequenceBits))
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: run((Int64(index) << Int64(level)) * BlockGrid.stamp))
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let late: Int64 =
      switch Part.allCases[lane / groups] {
      case .scores, .matches: 0
      case .again: ArenaBook.longestRetry
      case .corrections: ArenaBook.reach
      }
    let millis = startMillis + max(0, Int64(index) << Int64(level) - late)
    return millis / 1_000 * 1_000 * .millisecond
  }
}
