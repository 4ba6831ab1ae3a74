import Commands
import Model
import Scenarios
import Statistics
import Traces

extension Session {
  func traceImport() throws(Problems) -> ExitCode {
    let file = invocation.arguments[0]
    let mapping = try required("mapping")
    let out = try required("out")
    var most: Ratio?
    if let text = invocation.value("max-bad") { most = try read("max-bad", text, parseRatio) }
    let bytes = try Files.read(mapping, limit: 1 << 20)
    let key = try invocation.value("key").map { (text) throws(Problems) in
      try readPseudonymKey(text)
    }
    do throws(ImportError) {
      let summary = try importFile(
        path: file, mapping: bytes, mappingFile: mapping, out: out,
        badPath: invocation.value("bad") ?? out + ".bad", maximumBad: most, pseudonyms: key)
      if !summary.problems.isEmpty { console.diagnostic(renderProblems(summary.problems)) }
      if console.json {
        console.document(document(summary))
      } else if !console.quiet {
        console.result(summary.text + "\n")
      }
      return .holds
    } catch {
      switch error {
      case .mapping(let problems): throw problems
      case .file(let error): throw failure(error.text)
      case .tooManyBad(let summary, let text):
        console.diagnostic(renderProblems(summary.problems) + text)
        if console.json {
          let first = text.split(separator: "\n").first.map(String.init) ?? text
          let all = summary.problems + [Problem(file: "weir", message: first)]
          console.document(ProblemText.json(Problems(all)))
        }
        return .usage
      }
    }
  }

  private func document(_ summary: ImportSummary) -> JSONValue {
    .object([
      ("schema", .string("weir-trace-import/1")),
      ("rows", .integer(Int64(clamping: summary.rows))),
      ("events", .integer(Int64(clamping: summary.events))),
      ("bad", .integer(Int64(clamping: summary.bad))),
      ("left_out", .integer(Int64(clamping: summary.leftOut))),
      ("first_event_time", .string(formatInstant(summary.first))),
      ("last_event_time", .string(formatInstant(summary.last))),
      ("bytes", .integer(Int64(clamping: summary.bytes))),
      (
        "problems",
        .array(
          summary.problems.map {
            .object([
              ("file", .string($0.file)),
              ("line", $0.line.map { .integer(Int64($0)) } ?? .null),
              ("column", $0.column.map { .integer(Int64($0)) } ?? .null),
              ("message", .string($0.message)),
            ])
          })
      ),
    ])
  }

  func traceInfo() throws(Problems) -> ExitCode {
    let info = try readInfo(invocation.arguments[0])
    if console.json {
      console.document(document(info))
    } else {
      console.result(asciiLines(info.text))
      if invocation.has("blocks") {
        console.result(asciiLines(info.blockLines.joined(separator: "\n")))
      }
    }
    return .holds
  }

  private func readInfo(_ path: String) throws(Problems) -> TraceInfo {
    do {
      return try Traces.traceInfo(path)
    } catch {
      let damaged = error.reason == .damaged || error.reason == .truncated
      throw failure(
        error.text, hint: damaged ? "see what is whole: weir trace verify \(path)" : nil)
    }
  }

  /// Names in a trace are a stranger's: nothing in them reaches the terminal but plain text.
  private func asciiLines(_ text: String) -> String {
    text.split(separator: "\n").map { asciiEscaped(String($0)) + "\n" }.joined()
  }

  private func document(_ info: TraceInfo) -> JSONValue {
    .object([
      ("schema", .string("weir-trace-info/1")), ("format", .integer(Int64(info.format))),
      ("events", .integer(Int64(clamping: info.events))),
      ("blocks", .integer(Int64(info.blocks.count))),
      ("bytes", .integer(Int64(clamping: info.bytes))),
      ("wire_bytes", .integer(Int64(clamping: info.wireBytes))),
      ("origin", .string(info.origin)),
      ("first_event_time", info.span.map { .string(formatInstant($0.lowerBound)) } ?? .null),
      ("last_event_time", info.span.map { .string(formatInstant($0.upperBound)) } ?? .null),
      ("out_of_order", .integer(Int64(clamping: info.outOfOrder))),
      (
        "streams",
        .array(
          info.streams.map {
            .object([
              ("name", .string($0.name)), ("events", .integer(Int64(clamping: $0.events))),
              ("sources", .integer(Int64($0.sources))),
              ("without_key", .integer(Int64(clamping: $0.withoutKey))),
              ("undecodable", .integer(Int64(clamping: $0.undecodable))),
              ("schemas", .array($0.schemas.map { .string($0.json) })),
            ])
          })
      ),
    ])
  }

  func traceCat() throws(Problems) -> ExitCode {
    var start = TraceStart.beginning
    if let text = invocation.value("from") {
      start = .eventTime(try read("from", text, parseInstant))
    }
    var waiting = ""
    do {
      try traceLines(
        invocation.arguments[0], from: start, limit: invocation.count("limit"),
        stream: invocation.value("stream"), key: invocation.value("key").map { Array($0.utf8) }
      ) { line in
        waiting += line + "\n"
        if waiting.utf8.count > 1 << 16 {
          console.result(waiting)
          waiting = ""
        }
        return true
      }
    } catch {
      console.result(waiting)
      throw failure(error.text)
    }
    console.result(waiting)
    return .holds
  }

  func traceVerify() throws(Problems) -> ExitCode {
    let path = invocation.arguments[0]
    let damage: TraceDamage?
    do {
      damage = try verifyTrace(path)
    } catch {
      throw failure(error.text)
    }
    let code: ExitCode = damage == nil ? .holds : .violated
    if console.json {
      console.document(document(damage, code))
    } else if let damage {
      for place in damage.places { console.diagnostic(place.text + "\n") }
      console.result(damage.text.split(separator: "\n").last.map { $0 + "\n" } ?? "")
    } else if !console.quiet {
      let info = try readInfo(path)
      let style = NumberStyle.plain
      console.result(
        "WHOLE  \(style.count(info.blocks.count)) blocks, \(style.count(info.events)) events\n")
    }
    return code
  }

  private func document(_ damage: TraceDamage?, _ code: ExitCode) -> JSONValue {
    .object([
      ("schema", .string("weir-trace-verify/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      ("whole", .bool(damage == nil)),
      ("damaged_blocks", .integer(Int64(damage?.damagedBlocks ?? 0))),
      ("places", .array((damage?.places ?? []).map { .string($0.text) })),
    ])
  }

  /// The value of an option that a command cannot do without.
  func required(_ name: String) throws(Problems) -> String {
    if let value = invocation.value(name) { return value }
    throw failure(
      "weir \(invocation.command.name) needs --\(name): "
        + "weir \(invocation.command.name) -h")
  }

  /// Reads the value of an option as scenarios do.
  func read<Value>(
    _ option: String, _ text: String, _ parse: (String) throws(ValueRefusal) -> Value
  ) throws(Problems) -> Value {
    do throws(ValueRefusal) {
      return try parse(text)
    } catch {
      throw Problems([
        Problem(file: "weir", message: "--\(option): \(error.message)", hint: error.hint)
      ])
    }
  }
}
