import Model
import Scenarios

/// Boards of an online arena, with verdicts that come hours later. See
/// `docs/workloads/leaderboards.md`.
let leaderboards = WorkloadKind(
  name: "leaderboards", domain: "gaming",
  summary: "Every match pays points; boards stay right when matches are voided hours later.",
  queries: [WorkloadQuery(name: "board", summary: "The best players of each mode and hour.")],
  defaultSources: 4, parameters: leaderboardParameters, make: makeLeaderboards)

private let leaderboardParameters = [
  count("players", 16_384, 64...10_000_000, "players", "Players of all modes.", "assumed"),
  share("tournament", Ratio(18, 100), "Seats whose match begins with the slot.", "measured"),
  share("open_slots", Ratio(6, 100), "Slots in which anybody may meet anybody.", "measured"),
  share("cheats", Ratio(1, 100), "Players who cheat, in seven of ten matches.", "assumed"),
  share("void", Ratio(8, 10), "Matches won by cheating that are voided.", "assumed"),
  share(
    "appeal", Ratio(5, 100), "Verdicts that are taken back one to three hours later.", "assumed"),
  share("annulled", Ratio(1, 1_000), "Matches annulled since a server failed.", "assumed"),
  duration(
    "verdict_median", 1_200 * .second, .second...36_000 * .second,
    "Half of the verdicts are spoken so soon after the match."),
  count(
    "verdict_spread", 140, 0...300, "hundredths", "Deviation of the logarithm of that time.",
    "assumed"),
  share("retry", Ratio(1, 1_000), "Match reports that a server sends twice.", "assumed"),
  duration(
    "window", 3_600 * .second, 60 * .second...86_400 * .second, "What one board is about."),
  count("top", 50, 1...1_000, "players", "Ranks of a board.", "assumed"),
  duration(
    "claim", 72_000 * .second, 60 * .second...86_400 * .second,
    "Decisions later than this after the match do not count."),
  duration(
    "lateness", 86_400 * .second, 3_660 * .second...172_800 * .second,
    "How long a board takes corrections; at least claim and an hour."),
]

/// The parameters as numbers.
struct LeaderboardSettings: Hashable, Sendable {
  var players: Int
  var tournamentThreshold: UInt64
  var openThreshold: UInt64
  var cheats: Ratio
  var voidThreshold: UInt64
  var appealThreshold: UInt64
  /// One seat in so many; 0: none.
  var annulledEvery: Int
  /// One report in so many; 0: none.
  var retryEvery: Int
  /// Milliseconds.
  var verdictMedian: Int64
  var verdictSpread: Double
  var window: Nanoseconds
  var top: Int
  var claim: Nanoseconds
  var lateness: Nanoseconds

  init(_ choice: WorkloadChoice) throws(Problems) {
    let values = ParameterValues(choice, declared: leaderboardParameters)
    func threshold(_ name: String) throws(Problems) -> UInt64 {
      let share = try values.ratio(name).value
      return share >= 1 ? .max : UInt64(share * 18_446_744_073_709_551_616)
    }
    func every(_ name: String) throws(Problems) -> Int {
      let share = try values.ratio(name).value
      return share == 0 ? 0 : Int((1 / share).rounded())
    }
    players = Int(try values.count("players"))
    tournamentThreshold = try threshold("tournament")
    openThreshold = try threshold("open_slots")
    cheats = try values.ratio("cheats")
    voidThreshold = try threshold("void")
    appealThreshold = try threshold("appeal")
    annulledEvery = try every("annulled")
    retryEvery = try every("retry")
    verdictMedian = try values.duration("verdict_median") / .millisecond
    verdictSpread = Double(try values.count("verdict_spread")) / 100
    window = try values.duration("window")
    top = Int(try values.count("top"))
    claim = try values.duration("claim")
    lateness = try values.duration("lateness")
    for length in [window, claim, lateness] where length % .millisecond != 0 {
      throw refusal("a duration of leaderboards is not a whole number of milliseconds")
    }
    if lateness < claim + 3_600 * .second {
      throw refusal(
        "a lateness of leaderboards below claim and an hour: which decisions count would depend"
          + " on when they arrive", hint: "take a longer lateness or a shorter claim")
    }
  }
}

@Sendable private func makeLeaderboards(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let rate = try constantRate(load, choice)
  let settings = try LeaderboardSettings(choice)
  if choice.query != "board" {
    throw refusal("the workload leaderboards has no query \(choice.query)", hint: "take board")
  }
  let groups = choice.sources
  let source = try LeaderboardSource(
    seed: seed, settings: settings, groups: groups, rate: rate, start: choice.start,
    partitions: choice.partitions)
  let parts = LeaderboardSource.Part.allCases
  return Workload(
    kind: choice.kind, source: source, streams: [LeaderboardSchemas.scores],
    // Nobody asks about matches.
    laneStream: parts.flatMap { [Int?](repeating: $0 == .matches ? nil : 0, count: groups) },
    eventNoun: "scores", resultNoun: "ranks", plan: boardPlan(settings),
    lateLanes: Set(2 * groups..<4 * groups), contracts: leaderboardContracts(source.modes))
}
