import Draws
import Model

/// What the anti-cheat team, or the operator, decides on a match after it.
struct ArenaDecision: Sendable {
  enum Kind: Int, Sendable {
    /// The winner cheated: the points go to the opponent.
    case void
    /// The verdict is taken back on appeal.
    case restore
    /// The server failed: the match does not count.
    case annul
  }

  var kind: Kind
  /// Milliseconds since 1970.
  var at: Int64
  var match: ArenaMatch
}

/// The matches of an arena and what is decided on them, found by time. What was asked for last is
/// kept.
struct ArenaBook: Sendable {
  let arena: Arena
  private let settings: LeaderboardSettings
  /// Matches that ended before are not part of the run; milliseconds since 1970.
  private let begin: Int64
  private let lanes: Int
  private let cheaters: [[Int]]
  private let verdictDelay: QuantileTable
  private let slots: [Memo<[[ArenaMatch]]>]
  private let pages: Memo<[ArenaDecision]>

  /// Milliseconds of a page of decisions: those on the matches of the slots that begin in it.
  static let page: Int64 = 3_600_000
  /// Milliseconds after which no verdict is spoken any more.
  private static let longestVerdict = 36.0 * 3_600_000
  /// Milliseconds from the beginning of a match's slot to the last decision on it, at most.
  static let reach: Int64 = 41 * 3_600_000

  /// `span` is how many milliseconds those who walk along look at together.
  init(arena: Arena, settings: LeaderboardSettings, begin: Int64, lanes: Int, span: Int64) {
    self.arena = arena
    self.settings = settings
    self.begin = begin
    self.lanes = lanes
    cheaters = arena.modes.map { arena.cheaters($0.number) }
    let median = portableLog(Double(settings.verdictMedian))
    let sigma = settings.verdictSpread
    let within =
      sigma == 0 ? 1 : normalShare((portableLog(Self.longestVerdict) - median) / sigma)
    verdictDelay = QuantileTable(range: 30_000...Int64(Self.longestVerdict)) { p in
      portableExp(median + sigma * normalQuantile(p * within))
    }
    slots = arena.modes.map { Memo(slots: 1, held: Int(2 * span / $0.slot) + 6) }
    pages = Memo(slots: 1, held: Int(Self.reach / Self.page + 2 * span / Self.page) + 6)
  }

  /// Matches of a lane whose end lies in a range, by the end.
  func matches(_ range: Range<Int64>, lane: Int) -> [ArenaMatch] {
    var found: [ArenaMatch] = []
    for mode in arena.modes {
      let first = range.lowerBound / mode.slot
      let last = (range.upperBound - 1) / mode.slot
      for slot in first...last {
        let own = slots[mode.number].get(Int(slot), slot: 0) { seated(mode, slot) }[lane]
        let from = own.firstPlace { $0.end >= range.lowerBound }
        found += own[from..<own.firstPlace { $0.end >= range.upperBound }]
      }
    }
    found.sort { ($0.end, $0.id) < ($1.end, $1.id) }
    return found
  }

  private func seated(_ mode: ArenaMode, _ slot: Int64) -> [[ArenaMatch]] {
    let seating = arena.seating(mode, slot)
    var byLane = [[ArenaMatch]](repeating: [], count: lanes)
    for seat in 0..<seating.inUse {
      let match = arena.match(seat, seating)
      if match.end >= begin { byLane[seat % lanes].append(match) }
    }
    for lane in 0..<lanes { byLane[lane].sort { ($0.end, $0.id) < ($1.end, $1.id) } }
    return byLane
  }

  /// Decisions of a range on matches of a lane, in their order.
  func decisions(_ range: Range<Int64>, lane: Int) -> [ArenaDecision] {
    var found: [ArenaDecision] = []
    let first = (range.lowerBound - Self.reach) / Self.page
    for page in max(0, first)...range.upperBound / Self.page {
      let all = pages.get(Int(page), slot: 0) { decisions(page: page) }
      let from = all.firstPlace { $0.at >= range.lowerBound }
      for decision in all[from...] {
        if decision.at >= range.upperBound { break }
        if decision.match.seat % lanes == lane { found.append(decision) }
      }
    }
    found.sort { ($0.at, $0.match.id) < ($1.at, $1.match.id) }
    return found
  }

  private func decisions(page: Int64) -> [ArenaDecision] {
    var found: [ArenaDecision] = []
    let range = page * Self.page..<(page + 1) * Self.page
    for mode in arena.modes {
      var slot = (range.lowerBound + mode.slot - 1) / mode.slot
      while slot * mode.slot < range.upperBound {
        let seating = arena.seating(mode, slot)
        for rank in cheaters[mode.number] {
          let seat = seating.seat(ofRank: rank)
          if seat < seating.inUse { appendVerdict(&found, seat, seating, cheat: rank) }
        }
        let draws = seating.decisionDraws
        for seat in picks(seating.inUse, every: settings.annulledEvery, draws, word: 0) {
          let match = arena.match(seat, seating)
          let wait = 600_000 + Int64(draws.below(1_200_001, UInt64(seat) << 3 | 1))
          if match.end >= begin && !isVoided(match, draws) {
            found.append(ArenaDecision(kind: .annul, at: match.end + wait, match: match))
          }
        }
        slot += 1
      }
    }
    found.sort { ($0.at, $0.match.id) < ($1.at, $1.match.id) }
    return found
  }

  private func isVoided(_ match: ArenaMatch, _ draws: DrawStream) -> Bool {
    match.isWonByCheat && draws.word(UInt64(match.seat) << 3 | 2) < settings.voidThreshold
  }

  private func appendVerdict(
    _ found: inout [ArenaDecision], _ seat: Int, _ seating: Seating, cheat: Int
  ) {
    let match = arena.match(seat, seating)
    let draws = seating.decisionDraws
    let winner = match.points == 2 ? match.players.0 : match.players.1
    // Of two cheats the winner is the one that counts.
    if match.end < begin || winner != seating.mode.firstPlayer + cheat || !isVoided(match, draws) {
      return
    }
    let base = UInt64(seat) << 3
    let spoken = match.end + verdictDelay.sample(draws.word(base | 3))
    found.append(ArenaDecision(kind: .void, at: spoken, match: match))
    if draws.word(base | 4) < settings.appealThreshold {
      let wait = 3_600_000 + Int64(draws.below(7_200_001, base | 5))
      found.append(ArenaDecision(kind: .restore, at: spoken + wait, match: match))
    }
  }

  /// Reports that a server sends a second time in a range, and when: milliseconds since 1970.
  /// `sent` says when the first one was.
  func retries(
    _ range: Range<Int64>, lane: Int, sent: (ArenaMatch) -> Int64
  ) -> [(at: Int64, match: ArenaMatch)] {
    var found: [(at: Int64, match: ArenaMatch)] = []
    if settings.retryEvery == 0 { return found }
    for mode in arena.modes {
      let first = max(0, range.lowerBound - Self.longestRetry) / mode.slot
      for slot in first...range.upperBound / mode.slot {
        let seating = arena.seating(mode, slot)
        let draws = seating.decisionDraws
        for seat in picks(seating.inUse, every: settings.retryEvery, draws, word: 6)
        where seat % lanes == lane {
          let match = arena.match(seat, seating)
          let at = sent(match) + 2_000 + Int64(draws.below(18_001, UInt64(seat) << 3 | 7))
          if match.end >= begin && range.contains(at) { found.append((at, match)) }
        }
      }
    }
    found.sort { ($0.at, $0.match.id) < ($1.at, $1.match.id) }
    return found
  }

  /// Milliseconds from the end of a match to the last retry of its report.
  static let longestRetry: Int64 = 26_000

  /// One seat of every so many; 0: none.
  private func picks(_ seats: Int, every: Int, _ draws: DrawStream, word: UInt64) -> [Int] {
    if every == 0 { return [] }
    return stride(from: 0, to: seats, by: every).compactMap { first in
      let seat = first + Int(draws.below(UInt64(every), UInt64(first) << 3 | word))
      return seat < seats ? seat : nil
    }
  }
}

extension RandomAccessCollection where Index == Int {
  /// The first place for which a condition holds that never turns false again.
  func firstPlace(where holds: (Element) -> Bool) -> Int {
    var low = startIndex
    var high = endIndex
    while low < high {
      let middle = (low + high) / 2
      if holds(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
