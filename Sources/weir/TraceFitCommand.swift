import Commands
import Glibc
import Model
import Scenarios
import Statistics
import Traces
import Workloads

extension Session {
  /// `weir trace fit`: a workload file from a trace, and how far the two are alike.
  func traceFit() throws(Problems) -> ExitCode {
    let path = invocation.arguments[0]
    let out = try required("out")
    if !out.hasSuffix(OwnWorkload.suffix) {
      throw failure("--out \(out) does not end with \(OwnWorkload.suffix)")
    }
    if Files.kind(out) != .missing {
      throw failure("\(out) is there already", hint: "take another name, or remove it")
    }
    let plain = Files.lastPart(out).dropLast(OwnWorkload.suffix.count)
    let fit: TraceFit
    let comparison: TraceComparison
    do throws(TraceError) {
      fit = try fitWorkload(path, stream: invocation.value("stream"), name: String(plain))
    } catch {
      throw failure(error.text)
    }
    // What cannot be read again is a defect, and is not written.
    let file = try parseWorkloadFile(Array(fit.text.utf8), file: out)
    let twin = "\(out).\(getpid()).trace"
    defer { unlink(twin) }
    do throws(TraceError) {
      try generate(file, fit, like: path, to: twin)
      comparison = try compareTraces(path, twin).withoutMissing
    } catch {
      throw failure(error.text)
    }
    try Files.write(Array(fit.text.utf8), to: out)
    say(fit, comparison, out)
    return comparison.passes ? .holds : .missed
  }

  /// As many events as the trace has, at most a million, at its rate.
  private func generate(
    _ file: WorkloadFile, _ fit: TraceFit, like path: String, to twin: String
  ) throws(TraceError) {
    let statistics = try traceStatistics(path, stream: invocation.value("stream"))
    let perDay = max(Int64((fit.perSecond * 86_400).rounded()), 1)
    let workload: Workload
    do throws(Problems) {
      workload = try workloadKind(file, name: file.name).make(
        WorkloadChoice(
          kind: file.name, query: "copy", sources: fit.sources,
          start: Timestamp(ns: 1_767_225_600 * .second)),
        .constant(Rate(count: perDay, per: .day)), 1)
    } catch {
      throw TraceError(.request, file: twin, message: error.list.first?.message ?? "no workload")
    }
    _ = try generateTrace(
      from: workload.source, stream: workload.stream,
      schema: TraceSchema(id: workload.schemaID, json: workload.schema), origin: "fitted",
      until: .events(min(statistics.events, 1_000_000)),
      runZero: Timestamp(ns: 1_767_225_600 * .second), to: twin)
  }

  private func say(_ fit: TraceFit, _ comparison: TraceComparison, _ out: String) {
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-trace-fit/1")), ("file", .string(out)),
          ("gates", .integer(Int64(comparison.gates.count))),
          ("passed", .integer(Int64(comparison.passed))),
          ("shortcomings", .array(fit.shortcomings.map { .string($0) })),
        ]))
    } else if !console.quiet {
      console.result(comparison.text + "\n")
      for text in fit.shortcomings { console.note("not in the file: \(text)") }
    }
  }
}

extension TraceComparison {
  /// Only what the real trace has can be held against the other.
  fileprivate var withoutMissing: TraceComparison {
    TraceComparison(gates: gates.filter { $0.real != nil })
  }
}
