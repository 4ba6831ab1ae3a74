import Model

extension CommandSpec {
  static let traceRecord = CommandSpec(
    ["trace", "record"], "a live topic becomes a trace",
    details: [
      "Reads every partition of a topic and keeps what a captured stream has: partition, offset, "
        + "headers, broker time, and values that do not decode, as bytes. A lane for each "
        + "partition; sequences are the offsets. Joins no group and commits nothing. Ends after "
        + "--limit, --for or --to-end, whichever is first; Ctrl-C ends it too, and what was "
        + "recorded is whole.",
      "With --allow or --pseudonym only what is named reaches the disk: fields of the value by "
        + "name, :key, :header.NAME, and :undecodable for values that do not decode. A pseudonym "
        + "is HMAC-SHA-256 under the key: equal values stay equal, the key stands nowhere. Both "
        + "happen in memory, before the first byte is written.",
    ],
    options: [
      OptionSpec("backbone", .text("URL"), "kafka://HOST:PORT[,HOST:PORT...]; required"),
      OptionSpec("topic", .text("T"), "the topic; required"),
      OptionSpec("out", .path("TRACE"), "the trace to write; required"),
      OptionSpec("for", .text("DURATION"), "stop after this time, such as 10min"),
      OptionSpec("limit", .count("N", 1...UInt64.max, words: []), "stop after N records"),
      OptionSpec("to-end", "stop where the topic ended when the recording began"),
      OptionSpec(
        "from", .text("PLACE"), "beginning, or end: only what comes from now on",
        standard: "beginning"),
      OptionSpec(
        "decode", .choice(["avro", "json", "raw"]), "what the values are",
        standard: "avro with --avsc, else raw"),
      OptionSpec(
        "avsc", .text("[ID=]FILE"), repeatable: true,
        "an Avro schema of the values; without ID, that of the first framed value"),
      OptionSpec(
        "time", .text("FIELD"), "the field that has the event time",
        standard: "the record's own time"),
      OptionSpec("allow", .text("FIELD,..."), "keep these, and nothing that is not named"),
      OptionSpec("pseudonym", .text("FIELD,..."), "keep these under a pseudonym"),
      OptionSpec(
        "key", .text("env:NAME|file:PATH"), "the key of pseudonyms, 16 bytes or more"),
      OptionSpec("resume", "go on with TRACE, recorded before with the same settings"),
      OptionSpec(
        "client", .text("NAME=VALUE"), repeatable: true,
        "an option of librdkafka; VALUE may be env:NAME"),
    ],
    examples: [
      ExampleSpec(
        "weir trace record --backbone kafka://k1:9092 --topic payments --for 10min --out p.trace",
        "ten minutes, all of it"),
      ExampleSpec(
        "weir trace record --backbone kafka://k1:9092 --topic payments --to-end --out p.trace "
          + "--avsc p.avsc --allow amount --pseudonym card --key env:MASK_KEY",
        "masked: only what is named reaches the disk"),
    ],
    exits: [
      ExitMeaning(.holds, "recorded as asked"),
      ExitMeaning(.unavailable, "no broker answers, or no more; what was recorded is kept"),
      ExitMeaning(.interrupted, "ended by Ctrl-C; what was recorded is kept"),
    ])
}
