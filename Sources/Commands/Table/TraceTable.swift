import Model

extension CommandSpec {
  static let trace = CommandSpec(
    ["trace"], section: "EVIDENCE", "record, import, inspect traces",
    members: [
      traceRecord, traceImport, traceExport, traceGenerate, traceInfo, traceCat, traceStats,
      traceCompare, traceSlice, traceFit, traceVerify,
    ])

  static let traceImport = CommandSpec(
    ["trace", "import"], "a file of rows becomes a trace",
    details: [
      "Reads CSV, JSON lines or an Avro object container file, plain or compressed with zstd; the "
        + "first bytes tell which it is. A mapping file says which column is the time, the key and "
        + "the stream. Bad rows are reported with line and column, counted, and "
        + "kept in a side file; above the allowed share nothing is written."
    ],
    arguments: [ArgumentSpec("FILE", .file, "CSV, JSON lines or Avro, plain or .zst")],
    options: [
      OptionSpec("mapping", .path("MAP"), "the mapping file; required"),
      OptionSpec("out", .path("TRACE"), "the trace to write; required"),
      OptionSpec("max-bad", .text("RATIO"), "share of bad rows allowed", standard: "1%"),
      OptionSpec("bad", .path("FILE"), "where bad rows are kept", standard: "TRACE.bad"),
      OptionSpec(
        "key", .text("env:NAME|file:PATH"),
        "the key of the mapping's pseudonyms, 16 bytes or more"),
    ],
    examples: [
      ExampleSpec(
        "weir trace import day.csv.zst --mapping day.yaml --out day.trace", "import one file"),
      ExampleSpec(
        "weir trace import day.csv --mapping day.yaml --out day.trace --max-bad 0%",
        "not one bad row is allowed"),
    ],
    exits: [
      ExitMeaning(.holds, "the trace is written"),
      ExitMeaning(.usage, "too many bad rows, a wrong mapping, or an unreadable file"),
    ])

  static let traceExport = CommandSpec(
    ["trace", "export"], "as CSV, JSON lines or Avro",
    details: [
      "Writes every event in the order of send time. JSON lines are those of trace cat; CSV and "
        + "Avro (an object container file, codec zstandard) need one stream with one schema. What "
        + "is binary is not written to a terminal."
    ],
    arguments: [.traceFile],
    options: [
      OptionSpec("to", .path("FILE"), "where to; - is stdout; required"),
      OptionSpec(
        "format", .choice(["csv", "jsonl", "avro"]), "what to write", standard: "by suffix"),
      OptionSpec("stream", .text("NAME"), "only this stream"),
    ],
    examples: [
      ExampleSpec("weir trace export fraud.trace --to fraud.csv", "for a spreadsheet"),
      ExampleSpec(
        "weir trace export fraud.trace --to - --format jsonl", "to another program"),
    ],
    exits: [ExitMeaning(.holds, "the file is written")])

  static let traceSlice = CommandSpec(
    ["trace", "slice"], "a part of a trace as a trace",
    details: [
      "Keeps the events of a range, a stream or a key; their sequences stay. --from is included, "
        + "--to is not. Both are instants of event time, such as 2026-01-01T00:00:00Z, or, as "
        + "plain numbers, sequences of every source."
    ],
    arguments: [.traceFile],
    options: [
      OptionSpec("out", .path("TRACE"), "the trace to write; required"),
      OptionSpec("from", .text("INSTANT|N"), "first instant or sequence", standard: "all"),
      OptionSpec("to", .text("INSTANT|N"), "instant or sequence to stop at", standard: "all"),
      OptionSpec("stream", .text("NAME"), "only this stream"),
      OptionSpec("key", .text("KEY"), "only this key"),
      OptionSpec("skip-damage", "leave out what cannot be read of a damaged or cut trace"),
    ],
    examples: [
      ExampleSpec(
        "weir trace slice fraud.trace --out minute.trace --to 2026-01-01T00:01:00Z",
        "the first minute"),
      ExampleSpec(
        "weir trace slice damaged.trace --out whole.trace --skip-damage", "what is whole"),
    ],
    exits: [ExitMeaning(.holds, "the trace is written")])

  static let traceGenerate = CommandSpec(
    ["trace", "generate"], "events of a workload, written down",
    details: [
      "Writes what the generator of a scenario's workload produces: the same bytes on every "
        + "machine. A workload name stands for its defaults. Streams that the query does not read "
        + "are left out. With --shard 2/8 only the sources of the second of eight parts are "
        + "written; all parts together are the whole."
    ],
    arguments: [ArgumentSpec("WORKLOAD|SCENARIO", .workload, "a workload, or a scenario")],
    options: [
      OptionSpec("out", .path("TRACE"), "the trace to write; required"),
      OptionSpec(
        "events", .text("N"), "how many events, such as 100k; this or --for is required"),
      OptionSpec("for", .text("DURATION"), "events of the first DURATION, such as 30s"),
      OptionSpec(
        "seed", .count("N", 0...UInt64.max, words: []), "seed of every draw",
        standard: "of the scenario"),
      OptionSpec("shard", .text("I/N"), "only this part of the sources", standard: "1/1"),
      .set,
    ],
    examples: [
      ExampleSpec(
        "weir trace generate finance/fraud-detection --events 1M --out fraud.trace",
        "a million payments"),
      ExampleSpec(
        "weir trace generate fraud-detection --for 10s --seed 3 --out ten.trace", "ten seconds"),
    ],
    exits: [ExitMeaning(.holds, "the trace is written")])

  static let traceInfo = CommandSpec(
    ["trace", "info"], "streams, span, size, origin",
    arguments: [.traceFile],
    options: [OptionSpec("blocks", "one line for each block as well")],
    examples: [
      ExampleSpec("weir trace info fraud.trace", "an overview"),
      ExampleSpec("weir trace info fraud.trace --blocks", "and every block"),
    ],
    exits: [ExitMeaning(.holds, "printed")])

  static let traceCat = CommandSpec(
    ["trace", "cat"], "events as JSON lines",
    arguments: [.traceFile],
    options: [
      OptionSpec(
        "from", .text("INSTANT"), "skip events before it, such as 2026-01-01T00:00:00Z"),
      OptionSpec("limit", .count("N", 0...UInt64.max, words: []), "stop after N events"),
      OptionSpec("stream", .text("NAME"), "only this stream"),
      OptionSpec("key", .text("KEY"), "only this key"),
    ],
    examples: [
      ExampleSpec("weir trace cat fraud.trace --limit 3", "the first three events"),
      ExampleSpec("weir trace cat fraud.trace | jq .value", "values, through another tool"),
    ],
    exits: [ExitMeaning(.holds, "printed")])

  static let traceStats = CommandSpec(
    ["trace", "stats"], "rate, bursts, shared time stamps",
    arguments: [.traceFile],
    options: [OptionSpec("stream", .text("NAME"), "only this stream")],
    examples: [
      ExampleSpec("weir trace stats fraud.trace", "how its events lie in event time"),
      ExampleSpec("weir trace stats fraud.trace --json", "for a script"),
    ],
    exits: [ExitMeaning(.holds, "printed")])

  static let traceCompare = CommandSpec(
    ["trace", "compare"], "is a made trace like a real one?",
    details: [
      "A gate per statistic. The index of dispersion in 1 s and 60 s may differ by a factor of 2; "
        + "the share of events with the time stamp of the one before by 10 points; the share out "
        + "of order, the shares of the top key and of the top 1 % of the keys, and the delays of "
        + "arrival by a factor of 1.5; mean and standard deviation of the natural logarithm of "
        + "each numeric field, where it is above 0, by 10 %.",
      "What neither trace has is left out; what only one has fails. Numbers are those of the "
        + "fields, in their units.",
    ],
    arguments: [
      ArgumentSpec("REAL", .trace, "the trace to be like"),
      ArgumentSpec("SYNTHETIC", .trace, "the trace that is judged"),
    ],
    options: [
      OptionSpec("fields", .text("NAME,..."), "numeric fields", standard: "all that both have")
    ],
    examples: [
      ExampleSpec("weir trace compare real.trace made.trace", "every gate"),
      ExampleSpec(
        "weir trace compare real.trace made.trace --fields amount", "of the fields only one"),
    ],
    exits: [ExitMeaning(.holds, "all gates pass"), ExitMeaning(.missed, "a gate fails")])

  static let traceVerify = CommandSpec(
    ["trace", "verify"], "is every block whole?",
    arguments: [.traceFile],
    examples: [
      ExampleSpec("weir trace verify fraud.trace", "checks every checksum"),
      ExampleSpec("weir trace verify fraud.trace --json", "for a script"),
    ],
    exits: [ExitMeaning(.holds, "whole"), ExitMeaning(.violated, "damaged")])
}

extension ArgumentSpec {
  static let traceFile = ArgumentSpec("TRACE", .trace, "a trace file")
}
