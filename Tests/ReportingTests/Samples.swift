import Model
import Reporting
import Statistics

/// Made-up runs, one for each variant of the report; the same on every call.
enum Sample: String, CaseIterable {
  case valid, invalid, missed, inconclusive, notUsable, interrupted, empty, crowded, hostile
  case calm, live, one

  /// Made once: the tests share them.
  static let results: [Sample: RunResult] = Dictionary(
    uniqueKeysWithValues: allCases.map { ($0, $0.made()) })

  /// The run folder of each, made once too.
  static let folders: [Sample: [String: [UInt8]]] = results.mapValues { run in
    Dictionary(uniqueKeysWithValues: runFiles(run).map { ($0.name, $0.bytes) })
  }

  var result: RunResult { Sample.results[self] ?? made() }

  func text(_ file: String) -> String {
    String(decoding: Sample.folders[self]?[file] ?? [], as: UTF8.self)
  }

  private func made() -> RunResult {
    switch self {
    case .valid: return base()
    case .invalid: return invalidRun()
    case .missed: return saturatedRun()
    case .inconclusive: return inconclusiveRun()
    case .notUsable: return notUsableRun()
    case .interrupted: return interruptedRun()
    case .empty: return emptyRun()
    case .crowded: return crowdedRun()
    case .hostile: return hostileRun()
    case .calm: return calmRun()
    case .live: return liveRun()
    case .one: return oneRun()
    }
  }
}

/// A small generator, so that samples look alive and never change.
struct Noise {
  var state: UInt64 = 42

  mutating func next(_ bound: Int64) -> Int64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return Int64(state >> 33) % bound
  }

  /// Around one, seldom up to about two.
  mutating func factor() -> Double {
    let sum = (0..<4).reduce(0) { total, _ in total + next(1_000) }
    let tail = next(40) == 0 ? Double(next(1_000)) / 900 : 0
    return 0.75 + Double(sum) / 8_000 + tail
  }
}

/// The load, faults and queue that a sample is made from.
struct Plan {
  var rate: Int64 = 10_000
  var capacity: Int64 = 22_000
  var perSample = 20
  var step: Nanoseconds = 500 * .millisecond
  var warmUp = 20
  var measure = 120
  var drain = 20
  var faults: [FaultResult] = [
    FaultResult(
      letter: "A", text: "crash engine", start: 15 * .second, duration: 2 * .second, drawn: false,
      confirmed: true, healed: true, stall: 2_310 * .millisecond, peakBacklog: 55_160,
      caughtUpAfterStart: 3_250 * .millisecond, recoveredAfterEnd: 1_250 * .millisecond),
    FaultResult(
      letter: "B", text: "pause broker-1", start: 35 * .second, duration: .second, drawn: true,
      confirmed: true, healed: true, stall: 1_040 * .millisecond, peakBacklog: 24_115,
      caughtUpAfterStart: 1_500 * .millisecond, recoveredAfterEnd: 500 * .millisecond),
  ]
}

private func inFault(_ plan: Plan, _ at: Nanoseconds, margin: Nanoseconds) -> FaultResult? {
  plan.faults.first { at >= $0.start && at < $0.start + $0.duration + margin }
}

/// Runs a plan through a queue, sample by sample.
func measured(_ plan: Plan) -> (LatencyResult, RateResult) {
  var noise = Noise()
  var latency = LatencyResult()
  var stages = ["ack", "engine", "sink"].map {
    LatencyResult.Stage(name: $0, meaning: "", histogram: .init())
  }
  stages[0].meaning = "intended instant to acknowledgement"
  stages[1].meaning = "acknowledgement to emission by the engine"
  stages[2].meaning = "emission to visibility"
  var samples: [RateResult.Sample] = []
  var producer: Int64 = 0
  var log: Int64 = 0
  var most: (UInt64, Nanoseconds) = (0, 0)
  for index in -plan.warmUp..<(plan.measure + plan.drain) {
    let start = Nanoseconds(index) * plan.step
    let fault = inFault(plan, start, margin: 300 * .millisecond)
    let offered = index < plan.measure ? plan.rate + noise.next(300) - 150 : 0
    producer += offered
    let broker = fault?.text.contains("broker") == true
    let acked = broker ? 0 : min(producer, plan.capacity * 2)
    producer -= acked
    log += acked
    let through = fault != nil ? 0 : min(log, plan.capacity)
    log -= through
    let engine = through > 0 ? plan.rate * 4 : 0
    samples.append(
      RateResult.Sample(
        start: start,
        phase: index < 0 ? "warm_up" : index < plan.measure ? "measure" : "drain",
        offered: UInt64(offered), acknowledged: UInt64(acked), through: UInt64(through),
        results: UInt64(through / 500), backlogProducer: UInt64(producer),
        backlogLog: UInt64(log), backlogEngine: UInt64(engine)))
    let waiting = UInt64(producer + log + engine)
    if waiting > most.0 { most = (waiting, start) }
    var histogram = LatencyHistogram()
    var parts = [LatencyHistogram](repeating: .init(), count: 3)
    for _ in 0..<(through > 0 ? plan.perSample : 0) {
      let ack = Int64(4e6 * noise.factor()) + producer * 10_000
      let read = Int64(380e6 * noise.factor()) + log * 10_000
      let sink = Int64(1e6 * noise.factor())
      let total = ack + read + sink
      histogram.record(total)
      for (part, value) in [ack, read, sink].enumerated() {
        parts[part].record(value)
        guard index >= 0 && index < plan.measure else { continue }
        stages[part].histogram.record(value)
        if log < 6_000 { stages[part].calm.record(value) }
      }
      guard index >= 0 && index < plan.measure else { continue }
      latency.all.record(total)
      latency.fromActualSend.record(max(1, total - producer * 10_000 - log * 4_000))
      if log < 6_000 { latency.calm.record(total) }
    }
    latency.overTime.append(.init(start: start, histogram: histogram))
    for part in 0..<3 { stages[part].overTime.append(.init(start: start, histogram: parts[part])) }
  }
  latency.stages = stages
  let seconds = Double(plan.measure) * Double(plan.step) / 1e9
  let total = samples.filter { $0.phase == "measure" }
  let rates = RateResult(
    interval: plan.step, samples: samples,
    offered: Double(total.reduce(0) { $0 + $1.offered }) / seconds,
    achieved: Double(total.reduce(0) { $0 + $1.through }) / seconds,
    offeredCount: total.reduce(0) { $0 + $1.offered }, shape: "open loop, constant",
    backlogMaximum: most.0, backlogMaximumAt: most.1, backlogEnd: 0, backlogGrowth: 0,
    measured: Nanoseconds(plan.measure) * plan.step)
  return (latency, rates)
}

/// The catalogue with every class clean, but those given.
func classes(
  _ states: [String: (AnomalyResult.ClassResult.State, Int)] = [:]
) -> [AnomalyResult.ClassResult] {
  let groups = [("L", 16), ("T", 13), ("C", 20), ("E", 17), ("S", 8), ("D", 9), ("V", 9)]
  let names = ["S2": "sink-duplicate", "C4": "restart-duplicate", "L3": "lost-write"]
  var list: [AnomalyResult.ClassResult] = []
  for (letter, count) in groups {
    for number in 1...count {
      let id = letter + "\(number)"
      let unused = letter == "T" && number > 4 || letter == "C" && number > 7
      let (state, found) = states[id] ?? (unused ? .notApplicable : .clean, 0)
      list.append(
        .init(
          id: id, name: names[id] ?? "class-\(number)", state: state, count: found,
          reason: state == .notApplicable
            ? (letter == "T" ? "the run has no transactions" : "the run has no queues")
            : state == .unknown ? "the history ends before its proof" : ""))
    }
  }
  return list
}

let permittedReread = Anomaly(
  id: "C4", name: "restart-duplicate",
  definition: "records processed by a group more than once", count: 4_820,
  witnesses: [
    Witness(
      events: [EventID(source: 3, sequence: 140)],
      story: [
        Citation(
          entry: 162_348, at: Instant(ns: 27_912 * .millisecond),
          sentence: "the engine read requests/3 again from offset 468,364")
      ], conclusion: "So the record was read twice.")
  ], permitted: true,
  reason: "records read again from checkpoint 99: state is promised, not single reads")

let scenarioText = """
  # Demonstrates: payments reach their alerts exactly once through crashes and stalls.
  weir: 1
  name: finance/fraud-detection
  seed: 4217
  workload:
    kind: fraud-detection
    parameters: {cards: 100M, fraud: 4%, velocity_limit: 5}
    sources: 8
  load: {shape: constant, rate: 20k/s, arrivals: workload}
  sink: {kind: transactional, stream: alerts}
  expect:
    latency.p99: "< 5s"
    latency.calm.p99: "< 750ms"

  """

func base(_ plan: Plan = Plan()) -> RunResult {
  let (latency, rates) = measured(plan)
  let alerts = latency.all.count
  return RunResult(
    identity: RunIdentity(
      version: "0.1.0", scenario: "finance/fraud-detection",
      description: "Payments reach their alerts exactly once through crashes and stalls.",
      title: nil, seed: 4217, backbone: "embedded", engine: "embedded", sink: "transactional",
      workload: "fraud-detection", clock: .virtual, eventNoun: "payments", resultNoun: "alerts",
      scenarioText: scenarioText, scenarioDigest: Digest128(high: 7, low: 9),
      historyHash: Digest128(high: 0x5f0c_2be1_9d7a_44e0, low: 0x8c33_91a6_f2e7_d05b),
      command: "weir run finance/fraud-detection --seed 4217", overrides: ["--seed 4217"]),
    outcome: RunOutcome(
      code: .holds, correctness: .valid,
      sentence: "1,600,000 payments gave 3,187 alerts, each exactly once, through 2 faults."),
    latency: latency, rates: rates,
    thresholds: [
      ThresholdResult(
        metric: "latency.p99", expected: "< 5s", measured: "2.41 s", margin: "52 % below",
        share: 0.48, outcome: .met),
      ThresholdResult(
        metric: "latency.calm.p99", expected: "< 750ms", measured: "562 ms", margin: "25 % below",
        share: 0.75, outcome: .met),
      ThresholdResult(
        metric: "throughput", expected: ">= 99%", measured: "100.0 %", margin: "1.0 point above",
        share: nil, outcome: .met),
      ThresholdResult(
        metric: "backlog.end", expected: "= 0", measured: "0 events", margin: "", share: nil,
        outcome: .met),
      ThresholdResult(
        metric: "recovery", expected: "< 10s", measured: "3.25 s", margin: "68 % below",
        share: 0.325, outcome: .met),
    ],
    anomalies: AnomalyResult(
      found: [permittedReread], classes: classes(["C4": (.permitted, 4_820)]),
      promises: [
        .init(part: "producer", promise: "no duplicate, order kept per partition", kept: .valid),
        .init(part: "engine", promise: "state as if each event came once", kept: .valid),
        .init(part: "end to end", promise: "each alert exactly once", kept: .valid),
      ]),
    oracle: OracleResult(
      due: alerts, found: alerts, missing: 0, extra: 0, different: 0,
      attribution: [
        .init(name: "duplicate", count: 0), .init(name: "loss", count: 0),
        .init(name: "unexplained", count: 0),
      ],
      ledger: [
        .init(name: "in a result or its state", count: 1_599_680),
        .init(name: "to the dead-letter stream", count: 320),
        .init(name: "outcome unknown", count: 0),
      ], lateDropped: 0, regime: "complete", greatestDisorder: 186 * .millisecond),
    faults: plan.faults,
    harness: HarnessResult(
      historyEntries: 501_912, historyBytes: 12_400_000, historyWhole: true,
      checks: [
        .init(name: "faults confirmed and healed", found: "2 of 2", fit: true),
        .init(name: "checkers", found: "7 of 7 ended", fit: true),
      ],
      costs: [
        .init(name: "client.per_record", value: "1.2 us", basis: "assumed"),
        .init(name: "broker.per_request", value: "45 us", basis: "assumed"),
        .init(name: "link.delay", value: "250 us", basis: "published"),
      ]),
    cost: CostResult(
      basis: "model (assumed)",
      parts: [
        .init(name: "engine", busy: 36_800 * .millisecond),
        .init(name: "broker", busy: 8_000 * .millisecond),
      ], events: 1_600_000),
    usage: Usage(
      events: 1_600_000, payloadBytes: 91_000_000, requests: 64_210, deliveries: 1_604_820,
      retainedBytes: 110_000_000, wall: 1_310 * .millisecond, cpu: 1_220 * .millisecond,
      peakMemory: 64_000_000, simulated: 80_300 * .millisecond),
    environment: [
      .init(name: "machine", value: "2 cores, 23.4 GiB memory"),
      .init(name: "system", value: "Debian 12, Linux 6.1.0"),
    ])
}
