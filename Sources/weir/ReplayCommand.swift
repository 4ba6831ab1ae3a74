import Commands
import History
import Model
import Scenarios
import Statistics

extension Session {
  /// Repeats a run from its folder and compares the histories, or runs a trace.
  func replay() throws(Problems) -> ExitCode {
    let word = invocation.arguments[0]
    if Files.kind(word) == .file { return try replayTrace(word) }
    for option in ["speed", "out"] where invocation.has(option) {
      throw failure("--\(option) goes with a trace; a run is repeated as it was")
    }
    let source = try RunLookup.find(word)
    let recorded = try RecordedRun("\(source)/history.weir")
    if recorded.clock == "live" {
      throw failure(
        "\(source) was a live run, which cannot be repeated bit for bit",
        hint: "run it anew: weir run \(shellQuoted("\(source)/scenario.yaml"))")
    }
    if recorded.end != .complete {
      throw failure("the history of \(source) is not whole: weir verify \(shellQuoted(source))")
    }
    let path = "\(source)/scenario.yaml"
    var virtual = Overrides()
    // A paced run has the history of virtual time, so nobody need wait for it again.
    virtual.changes = [.clock("virtual")]
    let loaded = try loadScenario(
      FoundScenario(path: path, name: Files.lastPart(Files.parent(source))), virtual)
    let folder = try RunFolder(beside: source)
    defer { folder.discard() }
    let result = try record(loaded, at: path, in: folder, overrides: [], command: "weir replay")
    if result.identity.historyHash.text == recorded.hash {
      say(recorded, result)
      return result.outcome.code
    }
    let difference = try RecordedRun.firstDifference(
      "\(source)/history.weir", "\(folder.partial)/history.weir")
    throw Self.differs(source, recorded, difference)
  }

  private func replayTrace(_ path: String) throws(Problems) -> ExitCode {
    var session = self
    session.invocation.options.insert(.init("trace", path), at: 0)
    return try session.runScenario("replay")
  }

  private func say(_ recorded: RecordedRun, _ result: RunResult) {
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-replay/1")), ("same", .bool(true)),
          ("exit_code", .integer(Int64(result.outcome.code.rawValue))),
          ("entries", .integer(Int64(clamping: recorded.entryCount))),
          ("history_hash", .string(recorded.hash)),
          ("verdict", .string("\(result.outcome.correctness)")),
        ]))
    } else if !console.quiet {
      let count = NumberStyle.plain.count(recorded.entryCount)
      console.result(
        "SAME  \(count) of \(count) history entries, history hash \(recorded.hash); "
          + "verdict \(result.outcome.correctness)\n")
    }
  }

  private static func differs(
    _ source: String, _ recorded: RecordedRun, _ difference: RecordedRun.Difference?
  ) -> Problems {
    let text = difference?.text ?? "the entries are the same, the hashes are not"
    if recorded.version != weirVersion {
      return failure(
        "the replay differs from \(source), recorded by weir \(recorded.version), "
          + "this is \(weirVersion); \(text)", code: .inconclusive)
    }
    return Problems(
      [
        Problem(
          file: "weir",
          message: "the replay differs from \(source), recorded by the same version", hint: text)
      ], code: .internalError)
  }
}
