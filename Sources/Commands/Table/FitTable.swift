import Model

extension CommandSpec {
  static let traceFit = CommandSpec(
    ["trace", "fit"], "a workload file that is like it",
    details: [
      "Fits one stream of a trace: how its events arrive, are late and are keyed, and how each "
        + "field is spread, taken for independent of the others. Writes the workload file, "
        + "generates as many events from it, at most a million, and compares the two by the gates "
        + "of trace compare. What the file cannot say of the trace is told."
    ],
    arguments: [.traceFile],
    options: [
      OptionSpec("out", .path("FILE"), "NAME.workload.yaml, which must not be there; required"),
      OptionSpec("stream", .text("NAME"), "this stream", standard: "the first"),
    ],
    examples: [
      ExampleSpec("weir trace fit day.trace --out day.workload.yaml", "make more of the same"),
      ExampleSpec(
        "weir trace fit day.trace --stream orders --out o.workload.yaml", "one stream of several"),
    ],
    exits: [
      ExitMeaning(.holds, "written, and every gate passes"),
      ExitMeaning(.missed, "written, and a gate fails"),
    ])
}
