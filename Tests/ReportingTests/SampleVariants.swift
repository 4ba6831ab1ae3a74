import Model
import Statistics

func invalidRun() -> RunResult {
  var run = sharedBase
  run.identity.command += " --set sink.kind=append"
  run.identity.sink = "append"
  run.outcome = RunOutcome(
    code: .violated, correctness: .invalid, correctnessReason: "10 alerts were written twice",
    sentence: "10 of 3,187 alerts were written twice when the engine restarted "
      + "(exactly once was expected).")
  run.anomalies.found.insert(sinkDuplicate, at: 0)
  run.anomalies.classes = classes(["C4": (.permitted, 4_820), "S2": (.violation, 10)])
  run.anomalies.promises[2].kept = .invalid
  run.oracle.extra = 10
  run.oracle.attribution[0].count = 10
  return run
}

private let sinkDuplicate = Anomaly(
  id: "S2", name: "sink-duplicate", definition: "an effect that is present twice at the sink",
  count: 10,
  witnesses: [
    Witness(
      events: [EventID(source: 3, sequence: 1_405_628)],
      story: [
        step(146_557, 24_815, "the engine completed checkpoint 23, up to requests/17 @ 468,363"),
        step(146_992, 24_900, "source 3 sent payment 3:1,405,628, acknowledged at 468,549"),
        step(147_043, 24_910, "rule velocity raised an alert for it; the sink wrote row 45,369"),
        step(147_500, 25_000, "fault A: the engine was killed; the last checkpoint is 23"),
        step(162_347, 27_911, "the engine restored checkpoint 23 and read again from 468,364"),
        step(162_648, 27_970, "the same payment raised the same alert; the sink wrote row 45,406"),
      ], conclusion: "So one payment has two alert rows: 45,369 and 45,406.")
  ], others: (0..<9).map { EventID(source: $0 % 4, sequence: 1_405_122 + UInt64($0) * 37) },
  permitted: false, reason: "the scenario expects each alert exactly once")

private func step(_ entry: UInt64, _ milliseconds: Int64, _ sentence: String) -> Citation {
  Citation(entry: entry, at: Instant(ns: milliseconds * .millisecond), sentence: sentence)
}

private let sharedBase = base()
private let sharedCalm = quietRun()

func calmRun() -> RunResult { sharedCalm }

private func quietRun() -> RunResult {
  var plan = Plan()
  plan.faults = []
  var run = base(plan)
  run.outcome.sentence = "1,600,000 payments gave 3,187 alerts, each exactly once."
  run.thresholds.removeAll { $0.metric == "recovery" || $0.metric == "latency.calm.p99" }
  run.anomalies.found = []
  run.anomalies.classes = classes()
  run.latency.calm = run.latency.all
  return run
}

func saturatedRun() -> RunResult {
  var plan = Plan()
  plan.faults = []
  plan.rate = 30_000
  var run = base(plan)
  run.outcome = RunOutcome(
    code: .missed, correctness: .valid, saturated: true,
    sentence: "throughput 44.0 k/s of 60.0 k/s offered: the system is saturated.")
  run.thresholds = [
    ThresholdResult(
      metric: "latency.p99", expected: "< 5s", measured: "-", margin: "", share: nil,
      outcome: .notApplicable, reason: "no steady value: the backlog grew by 16,000/s"),
    ThresholdResult(
      metric: "throughput", expected: ">= 99%", measured: "73.3 %", margin: "25.7 points below",
      share: 0.74, outcome: .missed),
    ThresholdResult(
      metric: "backlog.end", expected: "= 0", measured: "0 events", margin: "", share: nil,
      outcome: .met),
  ]
  run.rates.backlogGrowth = 0.266
  run.anomalies.found = []
  run.anomalies.classes = classes()
  return run
}

func inconclusiveRun() -> RunResult {
  var run = calmRun()
  run.outcome = RunOutcome(
    code: .inconclusive, correctness: .unknown,
    correctnessReason: "the history ends at entry 204,511 of a block that is damaged",
    sentence: "the history is damaged after entry 204,511: what follows was not judged.")
  run.anomalies.classes = classes(["L3": (.unknown, 0), "S2": (.unknown, 0)])
  run.anomalies.promises[2].kept = .unknown
  run.thresholds[0].outcome = .undecided
  run.thresholds[0].reason = "9 samples above p99, 10 are needed"
  run.harness.historyWhole = false
  return run
}

func liveRun() -> RunResult {
  var run = sharedBase
  run.identity.clock = .live
  run.identity.command = "weir run finance/fraud-detection --clock wall --seed 4217"
  var noise = Noise()
  for interval in run.latency.overTime {
    var histogram = LatencyHistogram()
    for _ in 0..<200 { histogram.record(Int64(120_000 * noise.factor())) }
    run.harness.sendLateness.merge(histogram)
    run.harness.sendLatenessOverTime.append(.init(start: interval.start, histogram: histogram))
  }
  run.harness.sendLatenessLimit = 5 * .millisecond
  run.harness.costs = []
  run.cost.basis = "measured"
  // The clocks of two machines: some results seem to come before their cause.
  run.latency.all.record(-20_000, times: 3)
  run.latency.overTime[60].histogram.record(-20_000, times: 3)
  run.latency.notPositiveReason = "two clocks, which agree to 250 us only"
  return run
}

func notUsableRun() -> RunResult {
  var run = liveRun()
  run.outcome = RunOutcome(
    code: .notUsable, correctness: .valid, usable: false,
    usableReason: "send lateness p99 1.84 s (limit 5 ms), senders at 99 % of 2 cores",
    sentence: "the harness was the bottleneck: send lateness p99 1.84 s (limit 5 ms).")
  run.harness.sendLateness.record(1_840 * .millisecond, times: 200_000)
  run.harness.sendLatenessOverTime[60].histogram.record(1_840 * .millisecond, times: 20_000)
  run.harness.checks[0].fit = false
  return run
}

func interruptedRun() -> RunResult {
  var plan = Plan()
  plan.faults.removeLast()
  plan.measure = 68
  plan.drain = 8
  var run = base(plan)
  run.outcome = RunOutcome(
    code: .interrupted, correctness: .valid, interruptedAt: Instant(ns: 44 * .second),
    sentence: "after 34 s of 60 s: 680,000 of 1,200,000 payments judged; valid so far.")
  run.rates.measured = 60 * .second
  return run
}

func emptyRun() -> RunResult {
  var run = calmRun()
  run.outcome.sentence = "no payment was sent: there was nothing to judge."
  run.outcome.code = .inconclusive
  run.outcome.correctness = .unknown
  run.outcome.correctnessReason = "no event was sent"
  run.latency = LatencyResult()
  run.rates = RateResult(
    interval: 100 * .millisecond, samples: [], offered: 0, achieved: 0, offeredCount: 0,
    shape: "open loop, constant", backlogMaximum: 0, backlogMaximumAt: 0, backlogEnd: 0,
    backlogGrowth: 0, measured: 0)
  run.thresholds = []
  run.anomalies = AnomalyResult(found: [], classes: [], promises: [])
  run.oracle = OracleResult(
    due: 0, found: 0, missing: 0, extra: 0, different: 0, attribution: [], ledger: [],
    lateDropped: 0, regime: "", greatestDisorder: 0)
  run.cost = CostResult(basis: "", parts: [], events: 0)
  run.environment = []
  run.usage = Usage(
    events: 0, payloadBytes: 0, requests: 0, deliveries: 0, retainedBytes: 0, wall: 0, cpu: 0,
    peakMemory: 0, simulated: 0)
  run.harness.historyEntries = 0
  run.harness.checks = []
  run.harness.costs = []
  return run
}

/// One event that became visible, in a run of a second.
func oneRun() -> RunResult {
  var run = emptyRun()
  run.outcome = RunOutcome(code: .holds, correctness: .valid, sentence: "1 payment gave 1 alert.")
  run.latency.all.record(3_600 * .second)
  run.latency.calm = run.latency.all
  run.latency.overTime = [.init(start: 0, histogram: run.latency.all)]
  run.rates.samples = (0..<10).map {
    .init(start: $0 * 100 * .millisecond, phase: "measure", offered: $0 == 0 ? 1 : 0)
  }
  run.rates.offered = 1
  run.rates.achieved = 1
  run.rates.measured = .second
  run.usage.events = 1
  return run
}

private func crowdedFault(_ index: Int) -> FaultResult {
  let letter = index < 26 ? String(UnicodeScalar(UInt8(65 + index))) : "\(index + 1)"
  let start: Nanoseconds = 1_000 + Nanoseconds(index) * 1_400
  let last = index == 39
  return FaultResult(
    letter: letter,
    text: index % 3 == 0 ? "pause broker-\(index % 5)" : "drop-response producer, 1/1000",
    start: start * .millisecond, duration: 200 * .millisecond, drawn: true, confirmed: true,
    healed: index != 7, stall: 500 * .millisecond, peakBacklog: 10_000,
    caughtUpAfterStart: last ? nil : 800 * .millisecond,
    recoveredAfterEnd: last ? nil : 600 * .millisecond)
}

func crowdedRun() -> RunResult {
  var plan = Plan()
  plan.faults = (0..<40).map(crowdedFault)
  var run = base(plan)
  run.outcome.sentence =
    "1,600,000 payments gave 3,187 alerts, each exactly once, through 40 faults."
  run.anomalies.found = run.anomalies.classes.map {
    Anomaly(
      id: $0.id, name: $0.name, definition: "a class of the catalogue", count: 1_000_000,
      witnesses: permittedReread.witnesses,
      others: (0..<200).map { EventID(source: 1, sequence: $0) }, permitted: false,
      reason: "it was promised")
  }
  run.anomalies.found.append(permittedReread)
  run.outcome.code = .violated
  run.outcome.correctness = .invalid
  return run
}

let hostileTexts = [
  "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "</style><b>", "nul\0nul",
  "esc\u{1B}[31mred", "\u{202E}reversed", "]]>", "`code` | cell", "http://evil.example/url(",
]

/// Hostile text in every place that takes text from outside.
func hostileRun() -> RunResult {
  let all = hostileTexts.joined(separator: " ")
  var run = invalidRun()
  run.identity.version = all
  run.identity.scenario = all
  run.identity.description = all
  run.identity.title = all
  run.identity.backbone = all
  run.identity.engine = all
  run.identity.sink = all
  run.identity.workload = all
  run.identity.eventNoun = all
  run.identity.resultNoun = all
  run.identity.scenarioText = all + "\n" + all
  run.identity.command = all
  run.identity.overrides = [all]
  run.outcome.sentence = all
  run.outcome.correctnessReason = all
  run.rates.shape = all
  run.latency.notPositiveReason = all
  run.latency.stages[0].name = all
  run.latency.stages[1].meaning = all
  run.thresholds[0] = ThresholdResult(
    metric: all, expected: all, measured: all, margin: all, share: 2, outcome: .missed,
    reason: all)
  run.faults[0].letter = all
  run.faults[1].text = String(repeating: "k", count: 1 << 20)
  run.anomalies.found[0].id = all
  run.anomalies.found[0].name = all
  run.anomalies.found[0].definition = all
  run.anomalies.found[0].reason = all
  run.anomalies.found[0].witnesses[0].story[0].sentence = all
  run.anomalies.found[0].witnesses[0].conclusion = all
  run.anomalies.classes[0].id = all
  run.anomalies.classes[0].name = all
  run.anomalies.classes[1].state = .unknown
  run.anomalies.classes[1].reason = all
  run.anomalies.promises[0].part = all
  run.anomalies.promises[0].promise = all
  run.oracle.attribution[0].name = all
  run.oracle.ledger[0].name = all
  run.oracle.regime = all
  run.harness.checks[0].name = all
  run.harness.checks[0].found = all
  run.harness.costs[0] = .init(name: all, value: all, basis: all)
  run.cost.basis = all
  run.cost.parts[0].name = all
  run.environment = [.init(name: all, value: all)]
  return run
}
