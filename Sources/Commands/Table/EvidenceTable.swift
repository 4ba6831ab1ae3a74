import Model

extension CommandSpec {
  static let doctor = CommandSpec(
    ["doctor"], section: "FIRST", "what is here, what is missing",
    details: [
      "Looks at the machine, the libraries and the systems that runs can use, says how to get "
        + "what is missing, and answers in its last line what can be run. Starts nothing."
    ],
    options: [
      OptionSpec(
        "need", .text("SYSTEM"), repeatable: true,
        "fail unless this system can be used: swift, libraries, java, kafka")
    ],
    examples: [
      ExampleSpec("weir doctor", "everything"),
      ExampleSpec("weir doctor --need java --quiet", "in a script: silent, 0 or 69"),
    ],
    exits: [
      ExitMeaning(.holds, "everything needed is there"),
      ExitMeaning(.unavailable, "a system named by --need, or a library, is not"),
    ])

  static let list = CommandSpec(
    ["list"], section: "FIRST", "workloads, faults, scenarios ...",
    details: [
      "Without a kind, an overview. With a name, the details: parameters with unit, default and "
        + "range, targets of a fault, meaning of an anomaly class."
    ],
    arguments: [
      ArgumentSpec(
        "KIND", .word, required: false, "one of: " + listKinds.joined(separator: " "),
        choices: listKinds),
      ArgumentSpec("NAME", .word, required: false, "one of the kind, or the start of a name"),
    ],
    options: [
      OptionSpec("schema", "of keys: the JSON Schema of scenarios, for editors")
    ],
    examples: [
      ExampleSpec("weir list scenarios finance", "scenarios of one domain"),
      ExampleSpec("weir list checkers S2", "what an anomaly class means"),
      ExampleSpec("weir list keys load", "keys of one section of a scenario"),
    ],
    exits: [ExitMeaning(.holds, "listed")])

  static let bench = CommandSpec(
    ["bench"], section: "TRUST", "Weir's own speed",
    details: [
      "Measures Weir itself. Each repetition is a process of its own; CPU time and peak memory "
        + "are the kernel's. The value is the median, the interval that of the median at 95 % or "
        + "more, without assumptions on the distribution; it needs six repetitions. A name stands "
        + "for all benches that begin with it and a hyphen: replay for replay-1x and the others. "
        + "What takes minutes, such as replay-drift, is run only under its whole name."
    ],
    arguments: [
      ArgumentSpec(
        "NAME", .word, required: false, many: true, "benches to run; without a name all of them")
    ],
    options: [
      OptionSpec(
        "repeat", .count("N", 1...1000, words: []), "repetitions of each bench",
        standard: "of the bench"),
      OptionSpec("require", "a missed target is an error"),
    ],
    examples: [
      ExampleSpec("weir bench", "every bench, with targets"),
      ExampleSpec("weir bench pipeline --require", "one bench, as a gate"),
    ],
    exits: [
      ExitMeaning(.holds, "measured; with --require, every target met"),
      ExitMeaning(.missed, "with --require: a target is missed"),
    ])

  static let conformance = CommandSpec(
    ["conformance"], section: "TRUST", "check a backbone",
    details: [
      "Holds a backbone against the suite of checks, by capability: ordering, repeats, "
        + "transactions, fencing, positions, records, restart. With --broken the suite itself is "
        + "checked: backbones that do one thing wrong on purpose must each be rejected."
    ],
    arguments: [ArgumentSpec("BACKBONE", .word, "embedded, or kafka: a broker that Weir launches")],
    options: [
      OptionSpec(
        "only", .text("PREFIX"), "checks whose id begins so, such as transactions",
        standard: "all"),
      OptionSpec("broken", "the suite against backbones that it must reject"),
    ],
    examples: [
      ExampleSpec("weir conformance embedded", "the reference against every check"),
      ExampleSpec("weir conformance kafka", "a real broker, launched for it"),
      ExampleSpec("weir conformance embedded --broken", "and the suite against broken ones"),
    ],
    exits: [
      ExitMeaning(.holds, "every check that applies passed; with --broken, every one is rejected"),
      ExitMeaning(.violated, "a check failed; with --broken, one got through"),
      ExitMeaning(.inconclusive, "no check could be tried"),
    ])

  static let validate = CommandSpec(
    ["validate"], section: "TRUST", "model against reality",
    details: [
      "Runs a scenario twice, in the model in virtual time and on a real system, and puts both "
        + "side by side. The verdicts, the counts of events and results, and the classes of "
        + "anomalies decide: those seen must be among those that the model showed. Rates and "
        + "latencies are reported with their difference, and decide where --tolerance asks.",
      "Both runs keep their folders. The model has one broker, whatever resources.brokers says; "
        + "faults that only a cluster has are refused.",
    ],
    arguments: [.scenario],
    options: [
      OptionSpec(
        "against", .text("KIND"),
        "kafka, kafka://HOST:PORT, or embedded: the model again, paced by real time; required"),
      OptionSpec(
        "tolerance", .text("METRIC=RATIO"), repeatable: true,
        "greatest difference of a figure, such as latency.p50=25%"),
      OptionSpec(
        "seed", .count("N", 0...UInt64.max, words: []), "seed of every draw",
        standard: "of the scenario"),
      .set, .unset,
      OptionSpec(
        "out", .path("DIR"), "folder for both run folders, model and real",
        standard: "reports/NAME/HASH each"),
    ],
    examples: [
      ExampleSpec(
        "weir validate fraud-detection --against kafka --set load.rate=5k/s",
        "on a launched broker"),
      ExampleSpec(
        "weir validate pass-through --against embedded --tolerance latency.p99=50%",
        "no server: virtual against real time"),
    ],
    exits: [
      ExitMeaning(.holds, "verdict, counts and classes agree, and every tolerance is kept"),
      ExitMeaning(.violated, "one of them differs; it wins over the next three"),
      ExitMeaning(.missed, "a figure is off by more than its tolerance"),
      ExitMeaning(.inconclusive, "a verdict is unknown, or a tolerance has too few samples"),
      ExitMeaning(.notUsable, "a run proves nothing: the harness was late, a fault had no effect"),
    ])

  static let completions = CommandSpec(
    ["completions"], section: "TRUST", "for bash, zsh, fish",
    details: [
      "Prints a script that completes commands, options, choices, and the names of scenarios and "
        + "runs. The script says how to install it."
    ],
    arguments: [
      ArgumentSpec(
        "SHELL", .word, "one of: " + Completions.shells.joined(separator: " "),
        choices: Completions.shells)
    ],
    examples: [
      ExampleSpec(
        "weir completions bash > ~/.local/share/bash-completion/completions/weir", "for bash"),
      ExampleSpec("weir completions fish | source", "for this fish"),
    ],
    exits: [ExitMeaning(.holds, "printed")])

  static let help = CommandSpec(
    ["help"], section: "TRUST", "help, and the manual page",
    arguments: [
      ArgumentSpec(
        "COMMAND", .word, required: false, many: true, "one command; without it the whole program")
    ],
    options: [OptionSpec("man", "as a manual page (mdoc)")],
    examples: [
      ExampleSpec("weir help trace import", "the same as weir trace import --help"),
      ExampleSpec("weir help --man > weir.1", "a manual page"),
    ],
    exits: [ExitMeaning(.holds, "printed")])
}

/// What `weir list` can list.
public let listKinds = [
  "workloads", "backbones", "engines", "faults", "checkers", "scenarios", "keys", "costs",
]
