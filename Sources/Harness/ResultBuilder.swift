import Backbones
import Bytes
import Faults
import History
import Model
import Scenarios
import Statistics
import Verification
import Workloads

/// Makes the result of a run out of what was recorded and judged.
struct ResultBuilder {
  let facts: RunFacts
  let recorder: Recorder
  let verdicts: Verdicts
  private let style = NumberStyle.plain

  init(facts: RunFacts, recorder: Recorder, verdicts: Verdicts) {
    self.facts = facts
    self.recorder = recorder
    self.verdicts = verdicts
  }

  func build() -> RunResult {
    let faults = FaultAnalysis(recorder: recorder, plan: facts.scenario.faults.plan)
    let troubled = faults.troubled
    let rates = rates(troubled)
    let usability = usability(faults.results)
    var result = RunResult(
      identity: identity, outcome: RunOutcome(code: .holds, correctness: .valid, sentence: ""),
      latency: latency(troubled), rates: rates, thresholds: [], anomalies: anomalies,
      oracle: oracle, faults: faults.results, harness: harness(faults.results), cost: cost,
      usage: usage, environment: environment)
    result.outcome = RunOutcome(
      code: .holds, correctness: verdicts.assessment.verdict,
      correctnessReason: verdicts.assessment.reason, usable: usability.isEmpty,
      usableReason: usability.joined(separator: "; "), saturated: isSaturated(rates),
      interruptedAt: facts.interruptedAt, sentence: "")
    let events = result.cost.events
    let busy = result.cost.parts.reduce(0) { $0 + $1.busy }
    let judge = ThresholdJudge(
      result: result, lateDropped: verdicts.judgement.lateDropped, sent: facts.sent,
      costPerMillion: events == 0 ? nil : Int64(Double(busy) * 1e6 / Double(events)))
    result.thresholds = facts.scenario.expect.thresholds.map(judge.judge)
    for threshold in result.thresholds
    where threshold.metric.hasPrefix("send_lateness") && threshold.outcome == .missed {
      result.outcome.usable = false
      result.outcome.usableReason = lateSender(threshold.measured)
    }
    result.outcome.code = code(result)
    result.outcome.sentence = Sentence(result: result, facts: facts, verdicts: verdicts).text
    return result
  }

  private func lateSender(_ measured: String) -> String {
    "the harness was the bottleneck: send lateness \(measured)"
  }

  /// A proof wins over everything; then what cannot be used, what does not decide, what is missed.
  private func code(_ result: RunResult) -> ExitCode {
    if result.outcome.interruptedAt != nil { return .interrupted }
    if result.outcome.correctness == .invalid { return .violated }
    if !result.outcome.usable { return .notUsable }
    if result.outcome.correctness == .unknown { return .inconclusive }
    if result.thresholds.contains(where: { $0.outcome == .undecided }) { return .inconclusive }
    if result.thresholds.contains(where: { $0.outcome == .missed }) { return .missed }
    return .holds
  }

  // Identity

  private var identity: RunIdentity {
    let scenario = facts.scenario
    let text = Array(facts.scenarioText.utf8)
    return RunIdentity(
      version: facts.version, scenario: scenario.name, description: scenario.description,
      title: scenario.report.title, seed: scenario.seed,
      backbone: scenario.backbone.kind.rawValue, engine: scenario.engine.kind.rawValue,
      sink: scenario.engine.job == nil ? scenario.sink.kind.rawValue : "of the job",
      workload: scenario.workload.kind, clock: facts.clock,
      eventNoun: facts.workload.eventNoun, resultNoun: facts.workload.resultNoun,
      scenarioText: facts.scenarioText,
      scenarioDigest: text.withUnsafeBytes { digest128($0) }, historyHash: facts.hash,
      command: facts.machine.command, overrides: facts.machine.overrides)
  }

  // Latency

  private func latency(_ troubled: [Range<Nanoseconds>]) -> LatencyResult {
    var calm = LatencyHistogram()
    let interval = recorder.interval
    for (bin, histogram) in recorder.measuredOverTime.sorted(by: { $0.key < $1.key }) {
      let span = Int64(bin) * interval..<Int64(bin + 1) * interval
      if !troubled.contains(where: { $0.overlaps(span) }) { calm.merge(histogram) }
    }
    let late = recorder.all.notPositive
    return LatencyResult(
      all: recorder.all, calm: calm, fromActualSend: recorder.fromActualSend,
      stages: [
        .init(
          name: "ack", meaning: "intended instant to acknowledgement",
          histogram: recorder.stageAck),
        .init(
          name: "engine", meaning: "acknowledgement to the row that the engine hands on",
          histogram: recorder.stageEngine),
        .init(
          name: "sink", meaning: "row handed on to visible for readers",
          histogram: recorder.stageSink),
      ],
      overTime: recorder.overTime.sorted { $0.key < $1.key }.map {
        .init(start: Int64($0.key) * interval, histogram: $0.value)
      },
      notPositiveReason: late == 0 ? "" : "results were visible before their last event was due")
  }

  // Rates

  private func rates(_ troubled: [Range<Nanoseconds>]) -> RateResult {
    let interval = recorder.interval
    let samples = recorder.bins.indices.map { index -> RateResult.Sample in
      let bin = recorder.bins[index]
      return RateResult.Sample(
        start: Int64(index + recorder.firstBin) * interval, phase: bin.phase,
        offered: bin.offered, acknowledged: bin.acknowledged, through: bin.through,
        results: bin.results, backlogProducer: bin.backlogProducer, backlogLog: bin.backlogLog,
        backlogEngine: bin.backlogEngine)
    }
    let measured = max(facts.measured, 1)
    let seconds = Double(measured) / 1e9
    let peak = recorder.fineBacklog.enumerated().max { $0.element < $1.element }
    return RateResult(
      interval: interval, samples: samples,
      offered: Double(recorder.offeredInMeasure) / seconds,
      achieved: min(
        Double(recorder.readInMeasure), Double(recorder.offeredInMeasure)) / seconds,
      offeredCount: recorder.offeredInMeasure, shape: shape,
      backlogMaximum: peak?.element ?? 0,
      backlogMaximumAt: Int64(peak?.offset ?? 0) * Recorder.fine - recorder.measureStart.ns,
      backlogEnd: recorder.backlog, backlogGrowth: growth(troubled), measured: measured)
  }

  private var shape: String {
    switch facts.scenario.load {
    case .constant: "open loop, constant"
    case .trace(let speed?, _): "open loop, a trace at \(formatSpeed(speed))"
    case .trace(nil, _): "open loop, a trace as fast as it goes"
    }
  }

  /// Slope of the backlog outside faults in the measure phase, by least squares over the fine
  /// steps, as a share of the offered rate.
  private func growth(_ troubled: [Range<Nanoseconds>]) -> Double {
    let first = Int(recorder.measureStart.ns / Recorder.fine)
    let last = min(Int(recorder.measureEnd.ns / Recorder.fine), recorder.fineBacklog.count)
    if last - first < 100 || recorder.offeredInMeasure == 0 { return 0 }
    var n = 0.0
    var sums = (x: 0.0, y: 0.0, xx: 0.0, xy: 0.0)
    for step in first..<last {
      let at = Int64(step) * Recorder.fine - recorder.measureStart.ns
      if troubled.contains(where: { $0.contains(at) }) { continue }
      let x = Double(step) * Double(Recorder.fine) / 1e9
      let y = Double(recorder.fineBacklog[step])
      n += 1
      sums = (sums.x + x, sums.y + y, sums.xx + x * x, sums.xy + x * y)
    }
    let spread = n * sums.xx - sums.x * sums.x
    if n < 100 || spread <= 0 { return 0 }
    let slope = (n * sums.xy - sums.x * sums.y) / spread
    let offered = Double(recorder.offeredInMeasure) / (Double(facts.measured) / 1e9)
    return slope / offered
  }

  /// Above capacity the backlog grows steadily; a hundredth of the offered rate is no noise.
  private func isSaturated(_ rates: RateResult) -> Bool {
    facts.delivers && rates.backlogGrowth > 0.01
  }

  // The rest

  private var anomalies: AnomalyResult {
    let assessment = verdicts.assessment
    return AnomalyResult(
      found: assessment.anomalies,
      classes: assessment.classes.map {
        AnomalyResult.ClassResult(
          id: $0.id, name: $0.name, state: .init(rawValue: $0.state.rawValue) ?? .unknown,
          count: $0.count, reason: $0.reason)
      },
      promises: assessment.promises.map {
        AnomalyResult.Promise(part: $0.part, promise: $0.promise, kept: $0.kept)
      })
  }

  private var oracle: OracleResult {
    let judgement = verdicts.judgement
    let results = judgement.results
    return OracleResult(
      due: results.due, found: results.found, missing: results.missing, extra: results.extra,
      different: results.different,
      attribution: results.attribution.map { .init(name: $0.cause.name, count: $0.count) },
      ledger: judgement.ledger.rows.map { .init(name: $0.name, count: $0.count) },
      lateDropped: judgement.lateDropped,
      // When a job closes its windows is its own matter.
      regime: facts.scenario.engine.job != nil
        ? "" : judgement.regimeIsComplete ? "complete" : "lossy",
      greatestDisorder: judgement.greatestDisorder)
  }

  /// Why the run cannot be used; empty when it can.
  private func usability(_ faults: [FaultResult]) -> [String] {
    var reasons: [String] = []
    if !facts.machine.historyFailure.isEmpty { reasons.append(facts.machine.historyFailure) }
    let reached = facts.interruptedAt.map { $0 - recorder.measureStart } ?? .max
    for fault in faults where !fault.confirmed && fault.start <= reached {
      reasons.append("fault \(fault.letter) (\(fault.text)) was not confirmed: it changed nothing")
    }
    let lateness = facts.machine.sendLateness
    if let late = lateness.quantile(99, 100), lateness.supports(99, 100),
      facts.clock == .live, late > latenessLimit
    {
      reasons.append(
        lateSender("p99 \(style.duration(late)) (limit \(style.duration(latenessLimit)))"))
    }
    return reasons
  }

  /// A live sender that is later than this at p99 measures itself; a scenario may say less.
  private var latenessLimit: Nanoseconds {
    for threshold in facts.scenario.expect.thresholds
    where threshold.metric == "send_lateness.p99" {
      if case .duration(let limit) = threshold.limit { return limit }
    }
    return 20 * .millisecond
  }

  private func harness(_ faults: [FaultResult]) -> HarnessResult {
    let confirmed = faults.count { $0.confirmed }
    let healed = faults.count { $0.healed }
    return HarnessResult(
      sendLateness: facts.machine.sendLateness, sendLatenessLimit: latenessLimit,
      historyEntries: facts.historyEntries, historyBytes: facts.machine.historyBytes,
      historyWhole: facts.machine.historyFailure.isEmpty && verdicts.judgement.end == .complete,
      checks: [
        .init(
          name: "faults confirmed and healed",
          found: faults.isEmpty
            ? "none planned" : "\(confirmed) and \(healed) of \(faults.count)",
          fit: confirmed == faults.count && healed == faults.count
            || facts.interruptedAt != nil),
        .init(
          name: "events accounted for",
          found: "\(style.count(verdicts.judgement.ledger.sent)) of \(style.count(facts.sent))",
          fit: verdicts.judgement.ledger.addsUp),
        .init(
          name: "zero or negative latencies", found: style.count(recorder.all.notPositive),
          fit: recorder.all.notPositive == 0),
      ],
      costs: facts.clock == .live ? [] : costParameters)
  }

  private var costParameters: [HarnessResult.CostParameter] {
    let backbone = facts.scenario.backbone.costs
    let engine = facts.scenario.engine.costs
    let all: [(String, Spread)] = [
      ("link, one way", backbone.link), ("broker, a request", backbone.request),
      ("broker, a record", backbone.record), ("broker, a batch", backbone.batch),
      ("broker, a byte", backbone.byte), ("broker, a flush", backbone.fsync),
      ("engine, a record", engine.record), ("engine, a changed line of state", engine.state),
      ("engine, a checkpoint", engine.checkpoint),
    ]
    return all.map { name, spread in
      let value =
        spread.median == spread.p99
        ? style.duration(spread.median)
        : "\(style.duration(spread.median)) to \(style.duration(spread.p99)) (p50 to p99)"
      return .init(name: name, value: value, basis: "assumed")
    }
  }

  private var cost: CostResult {
    CostResult(
      basis: facts.clock == .live ? "measured" : "model (assumed)",
      parts: facts.delivers
        ? [
          .init(name: "engine", busy: facts.machine.engineBusy),
          .init(name: "broker", busy: facts.machine.brokerBusy),
        ] : [],
      events: facts.sent)
  }

  private var usage: Usage {
    let machine = facts.machine
    return Usage(
      events: facts.sent, payloadBytes: machine.payloadBytes, requests: machine.requests,
      deliveries: machine.deliveries, retainedBytes: machine.retainedBytes, wall: machine.wall,
      cpu: machine.cpu, peakMemory: machine.peakMemory, simulated: machine.ended)
  }

  private var environment: [EnvironmentFact] {
    [
      EnvironmentFact(name: "weir", value: facts.version),
      EnvironmentFact(name: "clock", value: facts.clock.rawValue),
    ] + facts.machine.environment.map { EnvironmentFact(name: $0.name, value: $0.value) }
  }
}
