import Commands
import Model
import Scenarios
import Schemas
import Statistics
import Workloads

extension Session {
  /// `weir workload new`: a first draft from a schema.
  func workloadNew() throws(Problems) -> ExitCode {
    let schemaPath = try required("schema")
    let out = try required("out")
    if !out.hasSuffix(OwnWorkload.suffix) {
      throw failure("--out \(out) does not end with \(OwnWorkload.suffix)")
    }
    if Files.kind(out) != .missing {
      throw failure("\(out) is there already", hint: "take another name, or remove it")
    }
    let text = try Files.text(schemaPath, limit: OwnWorkload.limit)
    let plain = Files.lastPart(out).dropLast(OwnWorkload.suffix.count)
    let draft: WorkloadDraft
    do throws(SchemaError) {
      draft = try WorkloadDraft(schema: try AvroSchema.parse(text), name: String(plain))
    } catch {
      throw failure("\(schemaPath): \(error.message)")
    }
    try Files.write(Array(draft.text.utf8), to: out)
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-workload-new/1")), ("file", .string(out)),
          ("fields", .integer(Int64(draft.fieldCount))),
        ]))
    } else if !console.quiet {
      console.result(
        "1 stream, \(draft.fieldCount) fields, each with a kernel by its type; edit it, then: "
          + "weir workload check \(shellQuoted(out))\n")
    }
    return .holds
  }

  /// `weir workload check`: every mistake, or what the first events are like.
  func workloadCheck() throws(Problems) -> ExitCode {
    let path = invocation.arguments[0]
    let wanted = try invocation.value("events").map { (text) throws(Problems) in
      try read("events", text, parseCount)
    }
    let bytes = try Files.read(path, limit: OwnWorkload.limit + 1)
    if bytes.count > OwnWorkload.limit {
      throw failure("\(path) is longer than a workload file can be")
    }
    let file = try parseWorkloadFile(bytes, file: path)
    let samples = try sampleStreams(of: file, events: Int(wanted ?? 10_000))
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-workload-check/1")), ("name", .string(file.name)),
          (
            "streams",
            .array(
              samples.map { sample in
                .object([
                  ("name", .string(sample.name)), ("events", .integer(Int64(sample.events))),
                  ("bytes", .integer(Int64(sample.bytes))),
                  ("keys", .integer(Int64(sample.keys))),
                ])
              })
          ), ("queries", .array(file.queries.map { .string($0.name) })),
        ]))
    } else if !console.quiet {
      for sample in samples { console.result(sample.line) }
      let queries = file.queries.map(\.name) + ["copy", "count"]
      console.result(
        "queries: \(queries.joined(separator: ", ")); run it: workload: {kind: "
          + "\(Files.lastPart(path))} in a scenario\n")
    }
    return .holds
  }
}
