import CShim
import Commands
import Faults
import Glibc
import Harness
import Model
import Reporting
import Scenarios
import Statistics

extension Session {
  /// Runs a scenario and writes its folder: `run`, `demo`, and `replay` of a trace.
  func runScenario(_ word: String) throws(Problems) -> ExitCode {
    let found = try ScenarioLookup().find(word)
    console.detail("the scenario is \(found.path)")
    let overrides = try Overrides(invocation.options)
    if let seed = overrides.drawnSeed { console.note("seed \(seed)") }
    let loaded = try loadScenario(found, overrides)
    if invocation.has("print") {
      printResolved(loaded)
      return .holds
    }
    let folder = try RunFolder(scenario: loaded.scenario.name, out: invocation.value("out"))
    console.detail("the run is written to \(folder.partial)")
    let result = try record(
      loaded, at: found.path, in: folder, overrides: overrides.texts,
      command: (["weir run", found.name] + overrides.texts
        + (loaded.scenario.engine.job == nil ? [] : ["--allow-commands"])).joined(separator: " "))
    let place = try finish(result, folder)
    say(result, place: place)
    return result.outcome.code
  }

  /// With the faults that the seed draws, as the run would have them.
  private func printResolved(_ loaded: LoadedScenario) {
    var scenario = loaded.scenario
    scenario.faults = resolveFaults(of: scenario)
    let text = printScenario(scenario)
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-scenario/1")), ("name", .string(loaded.scenario.name)),
          ("scenario", .string(text)),
        ]))
    } else {
      console.result(text)
    }
  }

  /// Runs, with progress and interrupts; the folder is taken back when that fails, and kept as
  /// evidence of a defect.
  func record(
    _ loaded: LoadedScenario, at path: String, in folder: RunFolder, overrides: [String],
    command: String
  ) throws(Problems) -> RunResult {
    let line = ProgressLine(console, choice: invocation.value("progress"))
    defer { line.end() }
    shim_watch_interrupts()
    do {
      try refuseCommands(
        loaded.scenario, name: loaded.scenario.name, allowed: invocation.has("allow-commands"))
      return try execute(
        loaded, scenarioPath: path, overrides: overrides, command: command,
        folder: folder.partial, progress: line.show)
    } catch {
      if error.code != .internalError {
        folder.discard()
        throw error
      }
      throw Problems(
        error.list.map {
          Problem(
            file: $0.file, message: $0.message,
            hint: "The evidence so far is in \(folder.partial)/history.weir")
        }, code: error.code)
    }
  }

  /// Writes everything that is rendered from a result and gives the folder its name.
  func finish(_ result: RunResult, _ folder: RunFolder) throws(Problems) -> String {
    do {
      for file in runFiles(result) { try folder.write(file.bytes, as: file.name) }
      return try folder.finish(hash: result.identity.historyHash.text)
    } catch {
      folder.discard()
      throw error
    }
  }

  /// The summary on stdout, what the machine spent on stderr.
  private func say(_ result: RunResult, place: String) {
    if console.json {
      console.result(renderResultJSON(result))
    } else {
      let summary = renderTerminalSummary(
        result, folder: place, width: console.width, color: console.colorResults)
      if !console.quiet {
        console.result(summary)
      } else if result.outcome.code != .holds {
        console.result(summary.prefix { $0 != "\n" } + "\n")
      }
    }
    console.note(usageLine(result))
  }
}

/// What the command line changes of a scenario, in the order in which it was given.
struct Overrides {
  var changes: [ScenarioOverride] = []
  /// As they would be typed again, such as `--seed 7`.
  var texts: [String] = []
  /// The seed that `--seed random` drew.
  var drawnSeed: UInt64?

  /// No changes.
  init() {}

  init(_ options: [Invocation.GivenOption]) throws(Problems) {
    for option in options {
      var value = option.value
      switch option.name {
      case "set": changes.append(.set(value))
      case "unset": changes.append(.unset(value))
      case "seed":
        if value == "random" {
          let seed = try Self.drawSeed()
          drawnSeed = seed
          value = String(seed)
        }
        changes.append(.seed(value))
      case "clock": changes.append(.clock(value))
      case "backbone": changes.append(.backbone(value))
      case "engine": changes.append(.engine(value))
      case "trace": changes.append(.trace(value))
      case "speed": changes.append(.speed(value))
      default: continue
      }
      texts.append("--\(option.name) \(shellQuoted(value))")
    }
  }

  /// One more change, behind those that were given.
  mutating func add(_ change: ScenarioOverride, _ text: String) {
    changes.append(change)
    texts.append(text)
  }

  private static func drawSeed() throws(Problems) -> UInt64 {
    var seed: UInt64 = 0
    let status = withUnsafeMutableBytes(of: &seed) { getentropy($0.baseAddress, $0.count) }
    if status != 0 { throw failure("the system gives no random seed: \(Files.reason(errno))") }
    return seed
  }
}

/// The word as a shell takes it: in single quotes unless it is plain.
func shellQuoted(_ word: String) -> String {
  let plain = word.utf8.allSatisfy {
    switch $0 {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"):
      true
    default: "_-./=:,@%+".utf8.contains($0)
    }
  }
  if plain && !word.isEmpty { return word }
  return "'"
    + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''")
    + "'"
}
