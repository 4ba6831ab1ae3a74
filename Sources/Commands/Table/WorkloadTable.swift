import Model

extension CommandSpec {
  static let workload = CommandSpec(
    ["workload"], section: "EVIDENCE", "a workload of your own, as a file",
    members: [workloadNew, workloadCheck])

  static let workloadNew = CommandSpec(
    ["workload", "new"], "begin one from a schema",
    details: [
      "Writes a workload file from an Avro schema: one stream, each field with a kernel that fits "
        + "its type, and one query. Edit it, check it, and name it in a scenario: workload: "
        + "{kind: orders.workload.yaml}. The form is described in docs/workload-files.md."
    ],
    options: [
      OptionSpec("schema", .path("AVSC"), "the Avro schema of one record; required"),
      OptionSpec("out", .path("FILE"), "NAME.workload.yaml, which must not be there; required"),
    ],
    examples: [
      ExampleSpec(
        "weir workload new --schema order.avsc --out orders.workload.yaml", "a first draft"),
      ExampleSpec(
        "weir workload new --schema a.avsc --out a.workload.yaml --json", "for a program"),
    ],
    exits: [
      ExitMeaning(.holds, "the file is written"),
      ExitMeaning(.usage, "no schema that can be used, or the file is there already"),
    ])

  static let workloadCheck = CommandSpec(
    ["workload", "check"], "hold one against the rules, and try it",
    details: [
      "Reports every mistake of the file with line and column; without any, generates the first "
        + "events of each stream, decodes them again and says what they are like."
    ],
    arguments: [ArgumentSpec("FILE", .file, "the workload file")],
    options: [
      OptionSpec("events", .text("N"), "events to generate of each stream", standard: "10k")
    ],
    examples: [
      ExampleSpec("weir workload check orders.workload.yaml", "check it"),
      ExampleSpec("weir workload check orders.workload.yaml --events 1M", "try more of it"),
    ],
    exits: [
      ExitMeaning(.holds, "the file can be run"),
      ExitMeaning(.usage, "mistakes in the file, each told with its place"),
    ])
}
