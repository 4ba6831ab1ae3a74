import Model
import Statistics

/// The document `result.json`, schema `weir-result/1`: every figure of the page for programs.
/// Durations are whole nanoseconds, counts whole numbers, seeds and hashes strings; a quantile with
/// fewer than ten samples above it is null. The keys are described in `docs/result-schema.md`.
public func renderResultJSON(_ result: RunResult) -> String {
  let findings = Findings(result, .plain)
  let outcome = result.outcome
  let members: [(String, JSONValue)] = [
    ("schema", .name("weir-result/1")),
    ("verdict", .name(verdictKey(findings.word))),
    ("exit_code", .integer(Int64(outcome.code.rawValue))),
    ("sentence", .sentence(outcome.sentence)),
    ("correctness", .name(verdictName(outcome.correctness))),
    ("correctness_reason", .sentence(outcome.correctnessReason)),
    ("usable", .bool(outcome.usable)),
    ("usable_reason", .sentence(outcome.usableReason)),
    ("saturated", .bool(outcome.saturated)),
    ("interrupted_at_ns", .optional(outcome.interruptedAt?.ns)),
    ("history_hash", .name(result.identity.historyHash.text)),
    ("identity", identity(result.identity)),
    ("events", .unsigned(result.usage.events)),
    ("anomalies", .list(result.anomalies.found.map(anomaly))),
    ("classes", .list(result.anomalies.classes.map(anomalyClass))),
    ("promises", .list(result.anomalies.promises.map(promise))),
    ("latency_ns", latency(result.latency.all, findings)),
    ("latency_calm_ns", latency(result.latency.calm, findings)),
    ("latency_actual_send_ns", latency(result.latency.fromActualSend, findings)),
    ("stages", .list(result.latency.stages.map { stage($0, findings) })),
    ("offered_events_per_second", .number(result.rates.offered)),
    ("throughput_events_per_second", .number(result.rates.achieved)),
    ("backlog", backlog(result.rates)),
    ("thresholds", .list(findings.thresholds.map(threshold))),
    ("faults", .list(result.faults.map(fault))),
    ("oracle", oracle(result.oracle)),
    ("harness", harness(result.harness, findings)),
    ("cost", cost(result.cost)),
    ("usage", usage(result.usage)),
    ("environment", .object(facts(result.environment))),
    ("samples", samples(result, findings)),
  ]
  return JSONValue.object(members).written() + "\n"
}

private func verdictKey(_ word: String) -> String {
  String(word.lowercased().map { $0 == " " ? "-" : $0 })
}

private func verdictName(_ verdict: Verdict) -> String {
  switch verdict {
  case .valid: "valid"
  case .unknown: "unknown"
  case .invalid: "invalid"
  }
}

private func identity(_ identity: RunIdentity) -> JSONValue {
  .object([
    ("version", .name(identity.version)),
    ("scenario", .name(identity.scenario)),
    ("description", .sentence(identity.description)),
    ("title", identity.title.map { .name($0) } ?? .null),
    ("seed", .name("\(identity.seed)")),
    ("clock", .name(identity.clock.rawValue)),
    ("workload", .name(identity.workload)),
    ("backbone", .name(identity.backbone)),
    ("engine", .name(identity.engine)),
    ("sink", .name(identity.sink)),
    ("event_noun", .name(identity.eventNoun)),
    ("result_noun", .name(identity.resultNoun)),
    ("scenario_digest", .name(identity.scenarioDigest.text)),
    ("command", .sentence(identity.command)),
    ("overrides", .list(identity.overrides.map { .name($0) })),
  ])
}

private func anomaly(_ anomaly: Anomaly) -> JSONValue {
  .object([
    ("class", .name(anomaly.id)),
    ("name", .name(anomaly.name)),
    ("definition", .sentence(anomaly.definition)),
    ("count", .integer(Int64(anomaly.count))),
    ("permitted", .bool(anomaly.permitted)),
    ("reason", .sentence(anomaly.reason)),
    ("witness", anomaly.witnesses.first.map(witness) ?? .null),
    ("others", .list(anomaly.others.prefix(200).map { .name($0.text) })),
  ])
}

private func witness(_ witness: Witness) -> JSONValue {
  .object([
    ("events", .list(witness.events.prefix(200).map { .name($0.text) })),
    (
      "story",
      .list(
        witness.story.map {
          .object([
            ("entry", .unsigned($0.entry)), ("at_ns", .integer($0.at.ns)),
            ("sentence", .sentence($0.sentence)),
          ])
        })
    ),
    ("conclusion", .sentence(witness.conclusion)),
  ])
}

private func anomalyClass(_ result: AnomalyResult.ClassResult) -> JSONValue {
  let states: [AnomalyResult.ClassResult.State: String] = [
    .clean: "clean", .permitted: "permitted", .violation: "violation",
    .notApplicable: "not-applicable", .unknown: "unknown",
  ]
  return .object([
    ("class", .name(result.id)), ("name", .name(result.name)),
    ("state", .name(states[result.state] ?? result.state.rawValue)),
    ("count", .integer(Int64(result.count))), ("reason", .sentence(result.reason)),
  ])
}

private func promise(_ promise: AnomalyResult.Promise) -> JSONValue {
  .object([
    ("part", .name(promise.part)), ("promise", .sentence(promise.promise)),
    ("kept", .name(verdictName(promise.kept))),
  ])
}

private func latency(_ histogram: LatencyHistogram, _ findings: Findings) -> JSONValue {
  var members: [(String, JSONValue)] = Findings.quantiles.map {
    ($0.key, .optional(findings.quantile(histogram, $0.over, $0.of)))
  }
  members.append(("max", .optional(findings.maximum(histogram))))
  members.append(("count", .unsigned(histogram.count)))
  members.append(("not_positive", .unsigned(histogram.notPositive)))
  return .object(members)
}

private func stage(_ stage: LatencyResult.Stage, _ findings: Findings) -> JSONValue {
  .object([
    ("name", .name(stage.name)), ("meaning", .sentence(stage.meaning)),
    ("latency_ns", latency(stage.histogram, findings)),
    ("total_ns", .number(stage.histogram.total)),
  ])
}

private func backlog(_ rates: RateResult) -> JSONValue {
  .object([
    ("max", .unsigned(rates.backlogMaximum)), ("max_at_ns", .integer(rates.backlogMaximumAt)),
    ("end", .unsigned(rates.backlogEnd)), ("growth_ratio", .number(rates.backlogGrowth)),
  ])
}

private func threshold(_ threshold: ThresholdResult) -> JSONValue {
  let outcome = threshold.outcome == .notApplicable ? "not-applicable" : threshold.outcome.rawValue
  return .object([
    ("metric", .name(threshold.metric)), ("expected", .name(threshold.expected)),
    ("measured", .name(threshold.measured)), ("margin", .name(threshold.margin)),
    ("share", threshold.share.map { .number($0) } ?? .null), ("outcome", .name(outcome)),
    ("reason", .sentence(threshold.reason)),
  ])
}

private func fault(_ fault: FaultResult) -> JSONValue {
  .object([
    ("letter", .name(fault.letter)), ("fault", .sentence(fault.text)),
    ("start_ns", .integer(fault.start)), ("duration_ns", .integer(fault.duration)),
    ("drawn", .bool(fault.drawn)), ("confirmed", .bool(fault.confirmed)),
    ("healed", .bool(fault.healed)), ("stall_ns", .integer(fault.stall)),
    ("peak_backlog", .unsigned(fault.peakBacklog)),
    ("caught_up_after_start_ns", .optional(fault.caughtUpAfterStart)),
    ("recovered_after_end_ns", .optional(fault.recoveredAfterEnd)),
  ])
}

private func counts(_ list: [OracleResult.Count]) -> JSONValue {
  .list(list.map { .object([("name", .name($0.name)), ("count", .unsigned($0.count))]) })
}

private func oracle(_ oracle: OracleResult) -> JSONValue {
  .object([
    ("due", .unsigned(oracle.due)), ("found", .unsigned(oracle.found)),
    ("missing", .unsigned(oracle.missing)), ("extra", .unsigned(oracle.extra)),
    ("different", .unsigned(oracle.different)), ("attribution", counts(oracle.attribution)),
    ("ledger", counts(oracle.ledger)), ("late_dropped", .unsigned(oracle.lateDropped)),
    ("regime", .name(oracle.regime)),
    ("greatest_disorder_ns", .integer(oracle.greatestDisorder)),
  ])
}

private func harness(_ harness: HarnessResult, _ findings: Findings) -> JSONValue {
  .object([
    ("send_lateness_ns", latency(harness.sendLateness, findings)),
    ("send_lateness_limit_ns", .integer(harness.sendLatenessLimit)),
    ("history_entries", .unsigned(harness.historyEntries)),
    ("history_bytes", .unsigned(harness.historyBytes)),
    ("history_whole", .bool(harness.historyWhole)),
    (
      "checks",
      .list(
        harness.checks.map {
          .object([
            ("name", .name($0.name)), ("found", .sentence($0.found)), ("fit", .bool($0.fit)),
          ])
        })
    ),
    (
      "cost_parameters",
      .list(
        harness.costs.map {
          .object([
            ("name", .name($0.name)), ("value", .name($0.value)), ("basis", .name($0.basis)),
          ])
        })
    ),
  ])
}

private func cost(_ cost: CostResult) -> JSONValue {
  .object([
    ("basis", .name(cost.basis)), ("events", .unsigned(cost.events)),
    (
      "parts",
      .list(cost.parts.map { .object([("name", .name($0.name)), ("busy_ns", .integer($0.busy))]) })
    ),
  ])
}

private func usage(_ usage: Usage) -> JSONValue {
  .object([
    ("events", .unsigned(usage.events)), ("payload_bytes", .unsigned(usage.payloadBytes)),
    ("requests", .unsigned(usage.requests)), ("deliveries", .unsigned(usage.deliveries)),
    ("retained_bytes", .unsigned(usage.retainedBytes)), ("wall_ns", .integer(usage.wall)),
    ("cpu_ns", .integer(usage.cpu)), ("peak_memory_bytes", .unsigned(usage.peakMemory)),
    ("simulated_ns", .integer(usage.simulated)),
  ])
}

/// Names come from the machine; one that repeats would make a damaged object.
private func facts(_ facts: [EnvironmentFact]) -> [(String, JSONValue)] {
  [
    ("facts", .list(facts.map { .object([("name", .name($0.name)), ("value", .name($0.value))]) }))
  ]
}

/// One row for each interval, with the columns named once.
private func samples(_ result: RunResult, _ findings: Findings) -> JSONValue {
  let columns = [
    "start_ns", "phase", "offered", "acknowledged", "through", "results", "backlog_producer",
    "backlog_log", "backlog_engine", "p50_ns", "p99_ns", "max_ns",
  ]
  var latencies: [Nanoseconds: LatencyHistogram] = [:]
  for interval in result.latency.overTime { latencies[interval.start] = interval.histogram }
  let rows = result.rates.samples.map { sample -> JSONValue in
    let histogram = latencies[sample.start] ?? .init()
    return .list([
      .integer(sample.start), .name(sample.phase), .unsigned(sample.offered),
      .unsigned(sample.acknowledged), .unsigned(sample.through), .unsigned(sample.results),
      .unsigned(sample.backlogProducer), .unsigned(sample.backlogLog),
      .unsigned(sample.backlogEngine),
      .optional(findings.quantile(histogram, 50, 100)),
      .optional(findings.quantile(histogram, 99, 100)), .optional(findings.maximum(histogram)),
    ])
  }
  return .object([
    ("interval_ns", .integer(result.rates.interval)),
    ("columns", .list(columns.map { .name($0) })), ("rows", .list(rows)),
  ])
}
