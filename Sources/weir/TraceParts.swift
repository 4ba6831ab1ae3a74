import Commands
import Glibc
import Model
import Scenarios
import Statistics
import Traces

extension Session {
  func traceExport() throws(Problems) -> ExitCode {
    let path = invocation.arguments[0]
    let out = try required("to")
    let format = try exportFormat(of: out)
    let isPiped = out == "-"
    if isPiped && console.json {
      throw failure("--json and --to - both write to stdout", hint: "give --to a file")
    }
    if isPiped && format.isBinary && isatty(1) == 1 {
      throw failure(
        "\(format.rawValue) is binary and stdout is a terminal", hint: "give --to a file, or a pipe"
      )
    }
    let count: UInt64
    do {
      count = try exportTrace(
        path, to: isPiped ? .standardOutput : .file(out), format: format,
        stream: invocation.value("stream"))
    } catch {
      throw failure(error.text)
    }
    if isPiped { return .holds }
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-trace-export/1")), ("format", .string(format.rawValue)),
          ("events", .integer(Int64(clamping: count))),
        ]))
    } else if !console.quiet {
      console.result("\(NumberStyle.plain.count(count)) events in \(asciiEscaped(out))\n")
    }
    return .holds
  }

  /// As told, else by what the name ends with.
  private func exportFormat(of out: String) throws(Problems) -> ExportFormat {
    if let told = invocation.value("format") {
      if let format = ExportFormat(rawValue: told) { return format }
    } else if let dot = out.lastIndex(of: "."),
      let format = ExportFormat(rawValue: String(out[out.index(after: dot)...]))
    {
      return format
    }
    let names = ExportFormat.allCases.map(\.rawValue).joined(separator: ", ")
    throw failure(
      "the name '\(asciiEscaped(out))' tells no format", hint: "give --format: one of \(names)")
  }

  func traceSlice() throws(Problems) -> ExitCode {
    let out = try required("out")
    if out == "-" { throw failure("a trace is written to a file, not to stdout") }
    var start = TraceStart.beginning
    var stop = TraceStop.end
    if let text = invocation.value("from") {
      if let sequence = UInt64(text) {
        start = .sequence(sequence)
      } else {
        start = .eventTime(try read("from", text, parseInstant))
      }
    }
    if let text = invocation.value("to") {
      if let sequence = UInt64(text) {
        stop = .sequence(sequence)
      } else {
        stop = .eventTime(try read("to", text, parseInstant))
      }
    }
    do {
      let written = try sliceTrace(
        invocation.arguments[0], to: out, from: start, until: stop,
        stream: invocation.value("stream"), key: invocation.value("key").map { Array($0.utf8) },
        skippingDamage: invocation.has("skip-damage"))
      say(written, schema: "weir-trace-slice/1")
    } catch {
      let damaged = error.reason == .damaged || error.reason == .truncated
      throw failure(error.text, hint: damaged ? "to keep what is whole: --skip-damage" : nil)
    }
    return .holds
  }

  func traceCompare() throws(Problems) -> ExitCode {
    let fields = invocation.value("fields").map { text in
      text.split(separator: ",").map(String.init)
    }
    let comparison: TraceComparison
    do {
      comparison = try compareTraces(
        invocation.arguments[0], invocation.arguments[1], fields: fields)
    } catch {
      throw failure(error.text)
    }
    let code: ExitCode = comparison.passes ? .holds : .missed
    if console.json {
      console.document(document(comparison, code))
    } else if !console.quiet {
      for line in comparison.text.split(separator: "\n") {
        console.result(asciiEscaped(String(line)) + "\n")
      }
    }
    return code
  }

  private func document(_ comparison: TraceComparison, _ code: ExitCode) -> JSONValue {
    let decimal = { (value: Double?) in
      value.map { JSONValue.decimal(NumberStyle.plain.decimal($0, 6).filter { $0 != "," }) }
        ?? .null
    }
    return .object([
      ("schema", .string("weir-trace-compare/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      (
        "gates",
        .array(
          comparison.gates.map { gate in
            .object([
              ("statistic", .string(gate.statistic)), ("real", decimal(gate.real)),
              ("synthetic", decimal(gate.synthetic)),
              ("least", decimal(gate.allowed?.lowerBound)),
              ("most", decimal(gate.allowed?.upperBound)), ("passes", .bool(gate.passes)),
            ])
          })
      ),
    ])
  }
}
