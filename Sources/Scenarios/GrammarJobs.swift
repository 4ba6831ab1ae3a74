import Model

private func check(_ names: String...) -> GrammarKey.Belonging {
  .init(selector: "check", values: names)
}

let externalKeys: [GrammarKey] = [
  GrammarKey("start", .list(.text), "command that starts the job; it may stay in the foreground"),
  GrammarKey("ready", .list(.text), "command, repeated until it exits 0"),
  GrammarKey("stop", .list(.text), note: "SIGTERM", "command that ends the job in order"),
  GrammarKey("kill", .list(.text), note: "SIGKILL", "command of a crash fault"),
  GrammarKey("restart", .list(.text), note: "start", "command after a crash fault"),
  GrammarKey("directory", .path, note: "the scenario's folder", "where commands run"),
  GrammarKey("environment", .free(.text), "variables of the commands"),
  GrammarKey("within", .duration(positiveDuration), default: "2min", "limit of each step"),
  GrammarKey("reads", .list(.name), "its input stream"),
  GrammarKey("writes", .list(.name), "its output stream"),
  GrammarKey("flush", .duration(positiveDuration), "event time that must follow the last event"),
  GrammarKey(
    "group", .text, note: "one of the run, in WEIR_GROUP",
    "its consumer group; none: it commits no positions"),
  GrammarKey(
    "quiet", .duration(positiveDuration), default: "2s", "the output is over after so long"),
]

let streamKeys: [GrammarKey] = [
  GrammarKey("topic", .text, "an existing topic").later,
  GrammarKey("key", .text, note: "of the workload", "field").later,
  GrammarKey("encoding", available(StreamEncoding.self), default: "avro", "of the values"),
  GrammarKey(
    "locator", .text, default: "fields", "where an event's identity is: fields, field:F, digest"),
  GrammarKey(
    "isolation", available(["read-committed", "read-uncommitted"]), default: "read-committed",
    "of its readers"),
]

/// A check of `expect.output`.
let outputKeys: [GrammarKey] = [
  GrammarKey(
    "check", available(["unique", "each-once", "count", "sum", "equal"]), "what must hold",
    required: true),
  GrammarKey("stream", .name, "of the output", required: true),
  GrammarKey("where", .free(.text), "only records whose fields have these values"),
  GrammarKey(
    "by", .list(.text), "fields that name a row", of: check("unique", "count", "sum", "equal"),
    required: true),
  GrammarKey("reads", .name, "the input", of: check("each-once", "count", "sum")),
  GrammarKey(
    "times", available(OutputCheck.Times.self), default: "exactly", "how often",
    of: check("each-once")),
  GrammarKey("equals", .text, "field with the number", of: check("count", "sum"), required: true),
  GrammarKey("of", .text, "integer field of the input", of: check("sum"), required: true),
  GrammarKey(
    "per", .list(.text), "fields of the input, as by", of: check("count", "sum"), required: true),
  GrammarKey(
    "window", .duration(positiveDuration), "the last of by is its start", of: check("count", "sum")
  ),
  GrammarKey(
    "combine", available(OutputCheck.Tally.Combine.self), default: "last",
    "of several rows: the last one counts, or they are parts", of: check("count", "sum")),
  GrammarKey(
    "to", .text, "twin, run:DIR, file:PATH or command", of: check("equal"), required: true),
  GrammarKey(
    "run", .list(.text), "command: events on stdin, rows on stdout", of: check("equal")),
  GrammarKey("ignore", .list(.text), "fields that may differ", of: check("equal")),
]
