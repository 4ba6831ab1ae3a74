import Model
import Scenarios

/// An issuer's near-real-time rules on card authorisations. See
/// `docs/workloads/fraud-detection.md`.
let fraudDetection = WorkloadKind(
  name: "fraud-detection", domain: "finance",
  summary: "Card payments with fraud among them; cards that misbehave are declined and blocked.",
  queries: [
    WorkloadQuery(
      name: "alerts", summary: "Requests declined for velocity or block, and drained cards."),
    WorkloadQuery(name: "decisions", summary: "What was decided on each request."),
  ],
  defaultSources: 8, parameters: fraudParameters, make: makeFraudDetection)

private let fraudParameters = [
  count(
    "cards", 10_000_000, 1_000...1 << 40, "cards",
    "Cards of the issuer; below 2,000 times the rate a second, honest cards reach the limit.",
    "assumed"),
  count("merchants", 50_000, 5_000...1 << 22, "merchants", "Merchants in all cities.", "assumed"),
  share(
    "fraud", Ratio(172, 100_000), most: Ratio(1, 2),
    "Requests that belong to bursts, drains, clones and merchant tests.", "published"),
  share(
    "honest", Ratio(1_548, 100_000), most: Ratio(1, 2),
    "Requests that belong to honest retries and series of transit taps.", "assumed"),
  count(
    "velocity_limit", 6, 2...1_000, "requests",
    "Requests of a card within the velocity window at which one is declined.", "assumed"),
  duration(
    "velocity_window", 60 * .second, .millisecond ... .day,
    "Length of the velocity window, both ends included."),
  duration(
    "block", 900 * .second, .millisecond ... .day,
    "How long a card is blocked after a decline for velocity."),
  duration(
    "drain_window", 600 * .second, .millisecond ... .day,
    "Longest time from the first step of a drain to the last."),
  count(
    "again_every", 2_000, 0...1 << 40, "requests",
    "One request in so many is sent a second time by the acquirer; 0: none.", "assumed"),
  duration(
    "duplicate_horizon", 60 * .second, .millisecond ... .day,
    "How long a request is remembered to recognise its copy."),
]

/// The parameters as numbers.
struct FraudSettings: Hashable, Sendable {
  var cards: UInt64
  var merchants: Int
  var fraud: Ratio
  var honest: Ratio
  var velocityLimit: Int64
  var velocityWindow: Nanoseconds
  var block: Nanoseconds
  var drainWindow: Nanoseconds
  /// 0: no copies.
  var againEvery: Int
  var duplicateHorizon: Nanoseconds

  init(_ choice: WorkloadChoice) throws(Problems) {
    let values = ParameterValues(choice, declared: fraudParameters)
    cards = UInt64(try values.count("cards"))
    merchants = Int(try values.count("merchants"))
    fraud = try values.ratio("fraud")
    honest = try values.ratio("honest")
    velocityLimit = try values.count("velocity_limit")
    velocityWindow = try values.duration("velocity_window")
    block = try values.duration("block")
    drainWindow = try values.duration("drain_window")
    againEvery = Int(try values.count("again_every"))
    duplicateHorizon = try values.duration("duplicate_horizon")
    if fraud.value + honest.value > 0.9 {
      throw refusal("fraud and honest together take more than nine requests in ten")
    }
    for length in [velocityWindow, block, drainWindow, duplicateHorizon]
    where length % .millisecond != 0 {
      throw refusal("a duration of fraud-detection is not a whole number of milliseconds")
    }
  }
}

@Sendable private func makeFraudDetection(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let settings = try FraudSettings(choice)
  guard let plan = fraudPlan(query: choice.query, settings) else {
    throw refusal(
      "the workload fraud-detection has no query \(choice.query)",
      hint: "take alerts or decisions; the others are not in this version")
  }
  let source = try RequestSource(
    seed: seed, settings: settings, lanes: choice.sources,
    rate: constantRate(load, choice), start: choice.start)
  return Workload(
    kind: choice.kind, source: source, stream: "requests", eventNoun: "payments",
    resultNoun: choice.query, plan: plan, schema: RequestSource.schema,
    schemaID: RequestSource.schemaID,
    lateLanes: settings.againEvery > 0 ? [choice.sources] : [])
}
