import Model

/// Kinds of faults that this version knows by name only.
let laterFaultKinds = [
  "slow-link", "reset-link", "slow-disk", "disk-full", "torn-write", "clock-skew", "clock-step",
  "throttle", "rebalance", "reshard", "leader-change", "state-store-unavailable",
  "registry-down", "poison", "schema-break", "expire-credentials",
]
private let messageFaults = ["drop", "delay", "duplicate", "reorder", "drop-response"]

private func kinds(_ names: [String]) -> GrammarKey.Belonging {
  .init(selector: "kind", values: names)
}

let plannedFaultKeys: [GrammarKey] = [
  GrammarKey("kind", available(FaultKind.self, later: laterFaultKinds), "what", required: true),
  GrammarKey("target", .target, "whom", required: true),
  GrammarKey(
    "at", .duration(anyDuration), "from the start of the measure phase", required: true),
  GrammarKey("for", .duration(anyDuration), default: "0s", "how long"),
  GrammarKey("ratio", .ratio, default: "100%", "share of messages", of: kinds(messageFaults)),
  GrammarKey(
    "by", .spread, "how much later",
    of: kinds(["delay", "duplicate", "reorder", "clock-skew", "clock-step"])),
  GrammarKey(
    "factor", .number, "how many times slower", of: kinds(["slow-link", "slow-disk"])
  ).ofOtherKind,
  GrammarKey("rate", .rate, "what is left", of: kinds(["throttle"])).ofOtherKind,
  GrammarKey("change", .text, "of the shards", of: kinds(["reshard"])).ofOtherKind,
  GrammarKey(
    "drawn", .truth, default: "false", "written by weir: this fault was drawn from the seed"),
]

let faultKeys: [GrammarKey] = [
  GrammarKey("plan", .list(.section(plannedFaultKeys)), "faults at fixed times"),
  GrammarKey(
    "draw",
    .section([
      GrammarKey(
        "kinds", .list(available(FaultKind.self, later: laterFaultKinds)), "which",
        required: true),
      GrammarKey("count", .count(1...10_000), "how many", required: true),
      GrammarKey("longest", .duration(positiveDuration), default: "5s", "no drawn fault is longer"),
      GrammarKey("at_once", .count(1...10_000), default: "1", "drawn faults that may overlap"),
    ]), "faults drawn from the seed"),
  GrammarKey(
    "guard", available(["survivable"], later: ["none"]), default: "survivable",
    "draws nothing that no configuration survives"),
]

private let commands = GrammarType.list(.text)

let environmentKeys: [GrammarKey] = [
  GrammarKey("nodes", available(["launched", "mine"]), default: "launched", "whose they are"),
  GrammarKey(
    "reach",
    .list(
      .section([
        GrammarKey("kind", available(FaultKind.self, later: laterFaultKinds), "of fault"),
        GrammarKey("target", .text, "node"), GrammarKey("inject", commands, "command"),
        GrammarKey("confirm", commands, "command"), GrammarKey("heal", commands, "command"),
        GrammarKey("within", .duration(positiveDuration), default: "10s", "until confirmed"),
      ])), "commands that carry faults out"),
]

let phaseKeys: [GrammarKey] = [
  GrammarKey("warm_up", .duration(anyDuration), default: "5s", "load, not counted"),
  GrammarKey("measure", .measure, note: "60s; of a trace to-end", "load, counted"),
  GrammarKey("heal", .duration(anyDuration), default: "10s", "load without faults"),
  GrammarKey("drain", .duration(anyDuration), default: "60s", "at most so long for what is left"),
  GrammarKey("limit", .duration(positiveDuration), default: "1h", "of wall time"),
  GrammarKey("stop_early", .truth, default: "false", "end when a threshold cannot be met").later,
]

let probeKeys: [GrammarKey] = [
  GrammarKey("url", .text, "of Prometheus"), GrammarKey("query", .text, "PromQL"),
  GrammarKey("every", .duration(positiveDuration), default: "5s", "between pulls"),
]

let expectKeys: [GrammarKey] = [
  GrammarKey("exactly_once", .truth, default: "false", "each result exactly once"),
  GrammarKey("at_least_once", .truth, default: "false", "no result is lost"),
  GrammarKey("at_most_once", .truth, default: "false", "no result comes twice"),
  GrammarKey("permit", .list(.anomaly), "anomalies that are tolerated"),
  GrammarKey("output", .list(.section(outputKeys)), "what must hold of a job of yours"),
]

let planKeys: [GrammarKey] = [
  GrammarKey("axes", .free(.anything), "path: list of values"),
  GrammarKey("repeats", .count(1...10_000), default: "3", "per point"),
  GrammarKey(
    "search",
    .section([
      GrammarKey("over", .text, "path"), GrammarKey("from", .text, "least"),
      GrammarKey("to", .text, "most"),
      GrammarKey("precision", .ratio, default: "2%", "of the answer"),
      GrammarKey("confidence", .ratio, default: "95%", "of the answer"),
    ]), "for weir capacity"),
  GrammarKey(
    "size_for",
    .list(
      .section([
        GrammarKey("rate", .rate, "wanted"),
        GrammarKey("headroom", .ratio, default: "30%", "above it"),
      ])), "for weir capacity"),
]

let reportKeys: [GrammarKey] = [
  GrammarKey("title", .text, note: "the name", "of the report"),
  GrammarKey("history", available(["full", "witnesses"]), default: "full", "what is kept").later,
  GrammarKey(
    "interval", .duration(.millisecond...Nanoseconds.hour), default: "1s", "between samples"),
  GrammarKey("prices", .path, "for costs in money").later,
]

/// A metric that `expect` may set a threshold on.
public struct GrammarMetric: Sendable {
  /// As in `expect`: `latency.calm.p99`.
  public var name: String
  /// The kinds of value that a threshold on it may have; never empty.
  public var values: [Value]
  /// In a few words.
  public var meaning: String
  /// False when this version does not measure it.
  public var isAvailable: Bool

  /// A kind of value of a threshold.
  public enum Value: String, Sendable { case duration, count, ratio, rate, size, number }
}

/// All metrics but those of probes, whose names are free.
public let scenarioMetrics: [GrammarMetric] = {
  var metrics: [GrammarMetric] = []
  func add(_ name: String, _ values: [GrammarMetric.Value], _ meaning: String, _ now: Bool = true) {
    metrics.append(.init(name: name, values: values, meaning: meaning, isAvailable: now))
  }
  let families = [
    ("latency", "intended instant to visible result"),
    ("latency.calm", "the same outside faults and their recovery"),
    ("latency.ack", "intended instant to acknowledgement"),
    ("latency.engine", "acknowledgement to emission"),
    ("latency.sink", "emission to visible result"),
    ("send_lateness", "of the harness: intended to actual send"),
  ]
  for (family, meaning) in families {
    for quantile in ["p50", "p90", "p99", "p999", "p9999", "max"] {
      add("\(family).\(quantile)", [.duration], meaning)
    }
  }
  add("throughput", [.rate, .ratio], "over the measure phase; ratio: of what was offered")
  add("backlog.max", [.count], "largest backlog")
  add("backlog.end", [.count], "backlog at the end")
  add("backlog.growth", [.ratio], "slope outside faults, of the offered rate")
  add("recovery", [.duration], "of the slowest fault, from its start")
  add("recovery.after_end", [.duration], "of the slowest fault, from its end")
  add("late.dropped", [.count, .ratio], "events that came too late")
  add("dead_letter", [.count, .ratio], "events in the dead-letter stream", false)
  add("cost.cpu", [.duration], "CPU per million events")
  add("cost.bytes", [.size], "bytes per million events", false)
  add("cost.memory", [.size], "memory of the system under test", false)
  return metrics
}()
