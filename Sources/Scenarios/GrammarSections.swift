import Model

private func shape(_ name: String) -> GrammarKey.Belonging {
  .init(selector: "shape", values: [name])
}

let workloadKeys: [GrammarKey] = [
  GrammarKey(
    "kind", .workload, "one of weir list workloads: decides events, query and oracle",
    required: true),
  GrammarKey("parameters", .parameters, note: "of the kind", "weir list workloads KIND shows them"),
  GrammarKey("query", .name, note: "the kind's first", "what is computed"),
  GrammarKey(
    "sources", .count(1...65_536), note: "of the kind", "independent senders of events"),
  GrammarKey("trace", .path, "events from this trace in place of the generator"),
  GrammarKey(
    "start", .instant, default: "2026-01-01T00:00:00Z", "event time of the first instant"),
  GrammarKey("late", .section(lateKeys), note: "of the kind", "events that come late").later,
  GrammarKey("missing_keys", .ratio, note: "of the kind", "events without key").later,
  GrammarKey("corrections", .ratio, note: "of the kind", "events corrected afterwards").later,
  GrammarKey("clock_error", .spread, note: "of the kind", "clocks of the sources off").later,
]

private let lateKeys: [GrammarKey] = [
  GrammarKey("ratio", .ratio, "share of the events"),
  GrammarKey("by", .spread, "by how much"),
]

let loadKeys: [GrammarKey] = [
  GrammarKey(
    "shape",
    available(["constant", "trace"], later: ["ramp", "steps", "diurnal", "burst", "closed"]),
    "how the rate changes", required: true),
  GrammarKey("rate", .rate, "events offered", of: shape("constant"), required: true),
  GrammarKey(
    "speed", .speed, default: "1x", "the trace's own instants divided by it", of: shape("trace")),
  GrammarKey("idle_cap", .duration(anyDuration), "longer gaps are cut to it", of: shape("trace")),
  GrammarKey("from", .rate, "first rate", of: shape("ramp")).ofOtherKind,
  GrammarKey("to", .rate, "last rate", of: shape("ramp")).ofOtherKind,
  GrammarKey(
    "steps",
    .list(
      .section([
        GrammarKey("rate", .rate, "rate of the step"),
        GrammarKey("for", .duration(positiveDuration), "its length"),
      ])), "one rate after the other", of: shape("steps")
  ).ofOtherKind,
  GrammarKey("mean", .rate, "mean rate", of: shape("diurnal")).ofOtherKind,
  GrammarKey("amplitude", .ratio, "share of the mean", of: shape("diurnal")).ofOtherKind,
  GrammarKey(
    "period", .duration(positiveDuration), default: "1d", "of the wave", of: shape("diurnal")
  ).ofOtherKind,
  GrammarKey("base", .rate, "rate between bursts", of: shape("burst")).ofOtherKind,
  GrammarKey("peak", .rate, "rate in a burst", of: shape("burst")).ofOtherKind,
  GrammarKey("every", .duration(positiveDuration), "from burst to burst", of: shape("burst"))
    .ofOtherKind,
  GrammarKey("for", .duration(positiveDuration), "length of a burst", of: shape("burst"))
    .ofOtherKind,
  GrammarKey("clients", .count(1...1_000_000), "closed loop", of: shape("closed")).ofOtherKind,
  GrammarKey(
    "think", .duration(anyDuration), default: "0s", "between requests", of: shape("closed")
  ).ofOtherKind,
  GrammarKey(
    "arrivals", available(["workload", "regular", "poisson"]), default: "workload",
    "how instants scatter inside the shape"
  ).later,
]

let schemaKeys: [GrammarKey] = [
  GrammarKey("registry", .text, default: "embedded", "embedded, none, or a URL"),
  GrammarKey(
    "compatibility",
    available([
      "none", "backward", "forward", "full", "backward-transitive", "forward-transitive",
      "full-transitive",
    ]), default: "backward", "what the registry demands"),
  GrammarKey(
    "evolve",
    .list(
      .section([
        GrammarKey("stream", .name, "which stream"),
        GrammarKey("at", .duration(anyDuration), "from the start of the measure phase"),
        GrammarKey(
          "change", available(["compatible", "backward-only", "forward-only", "breaking"]), "what"),
        GrammarKey(
          "on_refused", available(["go-on", "stop"]), default: "go-on", "what senders then do"),
      ])), "changes of schema"),
  GrammarKey(
    "invalid",
    .section([
      GrammarKey("ratio", .ratio, "share of the events"),
      GrammarKey(
        "kinds",
        .list(
          available([
            "missing-field", "wrong-type", "out-of-range", "unknown-schema", "truncated",
          ])), "how they are made"),
    ]), "invalid events"),
  GrammarKey("dead_letter", .name, default: "dead-letter", "where they must end"),
]

/// Defaults of `backbone.costs`; assumed.
private let costKeys: [GrammarKey] = [
  GrammarKey("link", .spread, default: "250us..1ms", "one way over the network; assumed"),
  GrammarKey("request", .spread, default: "50us", "broker time for a request; assumed"),
  GrammarKey("record", .spread, default: "100ns", "broker time for a record; assumed"),
  GrammarKey("batch", .spread, default: "2us", "broker time for a batch; assumed"),
  GrammarKey("byte", .spread, default: "0s", "broker time for a byte; assumed"),
  GrammarKey("fsync", .spread, default: "500us..2ms", "one flush to the disk; assumed"),
]

let backboneKeys: [GrammarKey] = [
  GrammarKey(
    "kind",
    available(
      BackboneKind.self, later: ["disk-log", "rabbitmq", "kinesis", "pubsub"]),
    default: "embedded", "the log; null measures the harness alone"),
  GrammarKey("bootstrap", .hosts, note: "launched", "a cluster of yours"),
  GrammarKey(
    "security",
    .section([
      GrammarKey("tls", .truth, default: "false", "encrypted connections"),
      GrammarKey("ca", .path, "certificates to trust"),
      GrammarKey("mechanism", .text, "of SASL"),
      GrammarKey("user", .secret, "of SASL"),
      GrammarKey("password", .secret, "of SASL"),
    ]), "how to log in to a cluster of yours"
  ),
  GrammarKey(
    "acks", available(Acknowledgement.self), default: "all", "what an acknowledgement waits for"),
  GrammarKey("idempotent", .truth, default: "true", "the log drops what a producer sends again"),
  GrammarKey("costs", .section(costKeys), "of client, link and broker"),
  GrammarKey(
    "embedded",
    .section([
      GrammarKey("fsync", available(FsyncPolicy.self), default: "batch", "when the log is flushed"),
      GrammarKey("segment", .size, default: "64MiB", "length of a segment").later,
    ]), "of the embedded log"),
  GrammarKey(
    "kafka",
    .section([
      GrammarKey("replication", .count(1...100), note: "brokers, at most 3", "copies"),
      GrammarKey("min_in_sync", .count(1...100), note: "2, or 1 if one broker", "copies written"),
      GrammarKey("broker", .free(.text), "options of Kafka's brokers"),
      GrammarKey("producer", .free(.text), "options of librdkafka's producer"),
      GrammarKey("consumer", .free(.text), "options of librdkafka's consumer"),
    ]), "of Kafka"),
  GrammarKey(
    "rabbitmq",
    .section([
      GrammarKey(
        "queue", available(["classic", "quorum", "stream"]), default: "quorum", "type of queue"),
      GrammarKey("prefetch", .count(1...65_535), default: "100", "unacknowledged messages"),
      GrammarKey("confirms", .truth, default: "true", "publisher confirms"),
    ]), "of RabbitMQ"
  ).ofOtherKind,
  GrammarKey(
    "kinesis",
    .section([
      GrammarKey("endpoint", .text, "URL"), GrammarKey("region", .text, "region"),
    ]), "of Kinesis"
  ).ofOtherKind,
  GrammarKey(
    "pubsub",
    .section([
      GrammarKey("endpoint", .text, "URL"), GrammarKey("project", .text, "project"),
      GrammarKey("exactly_once", .truth, default: "false", "exactly-once delivery"),
      GrammarKey("ordering", .truth, default: "false", "ordering keys"),
    ]), "of Pub/Sub"
  ).ofOtherKind,
]

let engineKeys: [GrammarKey] = [
  GrammarKey(
    "kind", available(EngineKind.self, later: ["flink", "spark"]), default: "embedded",
    "what computes"),
  GrammarKey("guarantee", available(Guarantee.self), default: "exactly-once", "what is configured"),
  GrammarKey(
    "checkpoint_interval", .duration(.millisecond...longestDuration), default: "1s",
    "of checkpoints or of micro-batches"),
  GrammarKey(
    "restart_delay", .duration(anyDuration), default: "300ms",
    "from the end of a crash fault to the first read"),
  GrammarKey(
    "watermark_delay", .duration(anyDuration), note: "of the query", "how late events may be"),
  GrammarKey(
    "allowed_lateness", .duration(anyDuration), note: "of the query",
    "how long a closed result takes events"),
  GrammarKey("idle_after", .duration(positiveDuration), note: "off", "silent sources").later,
  GrammarKey(
    "costs",
    .section([
      GrammarKey("record", .spread, default: "23us", "task time for a record; assumed"),
      GrammarKey("state", .spread, default: "50ns", "for a row of state at a checkpoint; assumed"),
      GrammarKey("checkpoint", .spread, default: "5ms..20ms", "for a checkpoint; assumed"),
    ]), "of the engine's tasks"),
  GrammarKey(
    "embedded",
    .section([
      GrammarKey(
        "strategy", available(EngineStrategy.self), default: "continuous", "how records are taken")
    ]), "of the embedded engine"),
  GrammarKey(
    "flink",
    .section([
      GrammarKey("gateway", .text, "URL of the SQL gateway"),
      GrammarKey("options", .free(.text), "options of Flink"),
    ]), "of Flink"
  ).ofOtherKind,
  GrammarKey(
    "spark",
    .section([
      GrammarKey("master", .text, "URL of the master"),
      GrammarKey("options", .free(.text), "options of Spark"),
    ]), "of Spark"
  ).ofOtherKind,
  GrammarKey("external", .section(externalKeys), "a job of yours"),
]

let sinkKeys: [GrammarKey] = [
  GrammarKey(
    "kind", available(SinkKind.self, later: ["two-phase"]), default: "transactional",
    "how results are written"),
  GrammarKey("stream", .name, default: "results", "where to"),
]

let resourceKeys: [GrammarKey] = [
  GrammarKey("brokers", .count(1...1_000), default: "1", "the embedded log has one"),
  GrammarKey("partitions", .count(1...65_536), default: "8", "of each stream"),
  GrammarKey("shards", .count(1...65_536), note: "partitions", "of Kinesis").later,
  GrammarKey("slots", .count(1...65_536), default: "2", "engine tasks"),
]
