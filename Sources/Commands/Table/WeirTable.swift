import Model

extension CommandTable {
  /// The command line of Weir: every command, option, argument, default and exit code of this
  /// version. Nothing is listed that does not exist.
  public static let weir = CommandTable(
    program: "weir", version: weirVersion,
    purpose: "benchmark, simulate and replay real-time data streaming",
    commands: [
      .demo, .doctor, .list, .run, .replay, .verify, .report, .trace, .workload, .conformance,
      .validate, .bench, .selftest, .completions, .help,
    ],
    everywhere: [
      OptionSpec("help", short: "h", "help: -h fits one screen, --help says all"),
      OptionSpec("version", "the version, and nothing else"),
      OptionSpec("quiet", short: "q", "problems only"),
      OptionSpec("verbose", short: "v", "say on stderr what is read, and where it was found"),
      OptionSpec("json", "the result as one JSON document, also on failure"),
      OptionSpec(
        "color", .choice(["auto", "always", "never"]), "colour in messages", standard: "auto"),
      OptionSpec(
        "progress", .choice(["auto", "live", "log", "none"]),
        "one live line, a line per phase and fault, or nothing", standard: "auto"),
    ],
    planned: [
      "explore", "sweep", "capacity", "choose", "gate", "serve", "calibrate",
    ],
    environment: [
      ("WEIR_HOME", "folder that holds scenarios/ and datasets/ [that of the program]"),
      ("WEIR_SYSTEMS", "folder with unpacked systems, such as kafka; for weir doctor"),
      ("KAFKA_HOME, JAVA_HOME", "where Kafka and Java are; for weir doctor"),
      ("NO_COLOR, CLICOLOR_FORCE, FORCE_COLOR", "colour off, or on without a terminal"),
      ("TERM, COLUMNS", "kind and width of the terminal"),
    ])
}

extension CommandSpec {
  static let demo = CommandSpec(
    ["demo"], section: "FIRST", "a first run, no server needed",
    details: [
      "Runs scenarios/demo.yaml in virtual time: card payments are judged exactly once while the "
        + "engine crashes, messages are late or doubled and acknowledgements get lost. Prints the "
        + "summary and where the report is. The same as: weir run demo."
    ],
    options: [.out],
    examples: [
      ExampleSpec("weir demo", "runs it and writes reports/demo/HASH/report.html"),
      ExampleSpec("weir demo --json | jq .verdict", "only the verdict"),
    ],
    exits: runExits)

  static let run = CommandSpec(
    ["run"], section: "RUN", "run a scenario",
    details: [
      "Runs a scenario from events to verdict and writes the report into a run folder: "
        + "reports/NAME/HASH/, HASH being the first eight digits of the history hash, so that the "
        + "same run goes to the same place.",
      "A scenario name is a file, or a name below scenarios/ of the current folder, of WEIR_HOME, "
        + "or of the program; .yaml may be left out, and the domain too while the rest is unique.",
      "Overrides are applied from left to right before anything is checked. The first Ctrl-C "
        + "ends the load, drains and judges what there is; the second stops at once.",
    ],
    arguments: [.scenario],
    options: [
      OptionSpec(
        "seed", .count("N", 0...UInt64.max, words: ["random"]),
        "seed of every draw; random: one that is printed", standard: "of the scenario"),
      OptionSpec(
        "clock", .choice(["virtual", "wall"]), "simulated time, or the same paced by real time",
        standard: "of the scenario"),
      OptionSpec(
        "backbone", .text("KIND"),
        "what carries the records: embedded, kafka, null, or kafka://HOST:PORT",
        standard: "of the scenario"),
      OptionSpec(
        "engine", .choice(["embedded", "external"]), "what computes", standard: "of the scenario"),
      OptionSpec("trace", .path("FILE"), "events from this trace instead of the generator"),
      OptionSpec(
        "speed", .text("FACTOR|max"), "of a trace: 1x is its own time, 100x a hundredth of it",
        standard: "of the scenario"),
      .set, .unset, .out,
      OptionSpec(
        "allow-commands", "run the commands of the scenario; else they are listed and refused"),
      OptionSpec("print", "print the resolved scenario; nothing is run"),
    ],
    examples: [
      ExampleSpec("weir run finance/fraud-detection", "a run with two faults, exactly once"),
      ExampleSpec(
        "weir run fraud-detection --seed 9 --set sink.kind=append",
        "another seed, and a sink that promises less"),
      ExampleSpec(
        "weir run replay --trace payments.trace --speed 100x", "a recorded stream, 100 times faster"
      ),
      ExampleSpec("weir run demo --print", "every default and override, in the file's own form"),
    ],
    exits: runExits)

  static let replay = CommandSpec(
    ["replay"], section: "RUN", "repeat a run, or run a trace",
    details: [
      "Repeats a virtual or paced run from its folder alone and compares the history entry by "
        + "entry. With a trace, runs scenarios/replay.yaml with it."
    ],
    arguments: [
      ArgumentSpec("RUN|TRACE", .run, "a run folder, first digits of its hash, or a trace file")
    ],
    options: [
      OptionSpec("speed", .text("FACTOR|max"), "of a trace only", standard: "of replay.yaml"),
      OptionSpec("out", .path("DIR"), "of a trace only: the run folder"),
    ],
    examples: [
      ExampleSpec("weir replay 5f0c2be1", "the run of that hash below reports/"),
      ExampleSpec("weir replay payments.trace --speed 10x", "a trace through the pipeline"),
    ],
    exits: [
      ExitMeaning(.holds, "the same history, and its verdict was valid (other verdicts: theirs)"),
      ExitMeaning(.inconclusive, "it differs, and was recorded by another version"),
      ExitMeaning(.internalError, "it differs under the same version"),
    ])

  static let verify = CommandSpec(
    ["verify"], section: "EVIDENCE", "judge a recorded history",
    details: [
      "Reads a history and says what it proves, from its entries alone. A damaged or cut history "
        + "is judged up to its last whole block and never called valid."
    ],
    arguments: [
      ArgumentSpec("HISTORY|RUN", .run, "a history file, a run folder, or digits of its hash")
    ],
    options: [
      OptionSpec(
        "explain", .text("CLASS[/N]|all"), "tell cases in full, such as S2 or S2/1",
        standard: "none"
      )
    ],
    examples: [
      ExampleSpec("weir verify c81e07f2", "the verdict, by class"),
      ExampleSpec("weir verify c81e07f2 --explain S2/1", "one duplicate, entry by entry"),
    ],
    exits: [
      ExitMeaning(.holds, "valid"), ExitMeaning(.violated, "invalid"),
      ExitMeaning(.inconclusive, "damaged, cut, or the evidence does not decide"),
    ])

  static let report = CommandSpec(
    ["report"], section: "EVIDENCE", "render a run again",
    details: [
      "Judges the history of a run folder again and renders every file of the report; the same "
        + "folder gives the same bytes."
    ],
    arguments: [ArgumentSpec("RUN", .run, "a run folder, or the first digits of its hash")],
    options: [
      OptionSpec("out", .path("DIR"), "where to write", standard: "the run folder itself")
    ],
    examples: [
      ExampleSpec("weir report 5f0c2be1", "writes report.html and the rest again"),
      ExampleSpec("weir report reports/demo/b0e77a52 --out /tmp/demo", "elsewhere"),
    ],
    exits: [ExitMeaning(.holds, "written")])
}

extension OptionSpec {
  static let set = OptionSpec(
    "set", .text("PATH=VALUE"), repeatable: true, "override a key of the scenario")
  static let unset = OptionSpec(
    "unset", .text("PATH"), repeatable: true, "go back to the default of a key")
  static let out = OptionSpec(
    "out", .path("DIR"), "the run folder itself", standard: "reports/NAME/HASH")
}

extension ArgumentSpec {
  static let scenario = ArgumentSpec(
    "SCENARIO", .scenario, "a file, or a name below scenarios/: weir list scenarios")
}

private let runExits = [
  ExitMeaning(.holds, "valid, every limit met"),
  ExitMeaning(.violated, "an invariant is violated; it wins over the next three"),
  ExitMeaning(.missed, "a limit of expect is missed"),
  ExitMeaning(.inconclusive, "the evidence does not decide"),
  ExitMeaning(.notUsable, "the run proves nothing: the harness was late, a fault had no effect"),
]
