import Backbones
import CShim
import Commands
import ExternalEngine
import Glibc
import Harness
import KafkaBackbone
import Model
import Processes
import Scenarios
import Workloads

/// A job of the user for a run: where its commands run, what it is told, and where the rows come
/// from that its output is held against.
struct JobSystem {
  let scenario: Scenario
  let job: JobChoice
  /// The file that the scenario was read from: commands run beside it.
  let scenarioPath: String
  /// The folder of the run while it is filled.
  let folder: String

  init?(_ scenario: Scenario, scenarioPath: String, folder: String) {
    guard let job = scenario.engine.job else { return nil }
    self.scenario = scenario
    self.job = job
    self.scenarioPath = scenarioPath
    self.folder = folder
  }

  /// Where commands run.
  var directory: String {
    let beside = Files.parent(scenarioPath)
    guard let own = job.directory else { return Files.realPath(beside) ?? beside }
    let path = own.hasPrefix("/") ? own : "\(beside)/\(own)"
    return Files.realPath(path) ?? path
  }

  private var log: String { "\(Files.realPath(folder) ?? folder)/logs/job.log" }

  /// Starts the job against a cluster whose topics are there.
  func open(_ kafka: KafkaSettings) throws(Problems) -> ExternalEngine {
    if Files.kind(directory) != .folder {
      throw failure(
        "engine.external.directory: \(directory) is no folder",
        hint: "it is meant from the folder of the scenario")
    }
    try Files.makeFolder(Files.parent(log))
    shim_watch_interrupts()
    let plan = JobPlan(
      job: job, directory: directory, told: told(kafka), log: log,
      stateFolder: KafkaSystem.stateFolder, partitions: scenario.resources.partitions,
      isCrashed: isAsked(.crash), isPaused: isAsked(.pause))
    do throws(JobProblem) {
      return try ExternalEngine(plan)
    } catch {
      throw failure(
        error.message, hint: error.hint, code: error.isInterrupted ? .interrupted : .unavailable)
    }
  }

  private func isAsked(_ kind: FaultKind) -> Bool {
    scenario.faults.plan.contains { fault in
      guard case .node(let role, _) = fault.target else { return false }
      return fault.kind == kind && (role == .engine || role == .task)
    }
  }

  private func told(_ kafka: KafkaSettings) -> [(name: String, value: String)] {
    let streams = zip([job.reads.name, job.writes.name], kafka.topics)
    return [
      ("WEIR_RUN", kafka.run), ("WEIR_BOOTSTRAP", kafka.bootstrap), ("WEIR_GROUP", kafka.group),
    ] + streams.map { ("WEIR_TOPIC_\(variableName($0))", $1) }
  }

  /// Letters and digits in capitals, everything else an underscore.
  private func variableName(_ stream: String) -> String {
    String(
      stream.uppercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "_" })
  }

  // Expected rows

  /// Where the rows of each check come from that wants some. What can be wrong with them before the
  /// run is said here. `twin` runs the scenario without faults and gives its history.
  func rowProviders(
    twin: () throws(Problems) -> String
  ) throws(Problems) -> [(check: Int, rows: RowProvider)] {
    var providers: [(check: Int, rows: RowProvider)] = []
    var twinRows: ExpectedRows?
    for (number, check) in scenario.expect.output.enumerated() {
      guard case .equal(_, let source, _) = check.kind else { continue }
      switch source {
      case .file(let path): providers.append((number, fixed(try rows(ofFile: path))))
      case .run(let place): providers.append((number, fixed(try rows(ofRun: place))))
      case .command(let line):
        providers.append((number, { events in rows(ofCommand: line, number, events()) }))
      case .twin:
        if twinRows == nil { twinRows = try rows(ofHistory: try twin(), "the twin run") }
        if let twinRows { providers.append((number, fixed(twinRows))) }
      }
    }
    return providers
  }

  private func fixed(_ rows: ExpectedRows) -> RowProvider { { _ in rows } }

  /// A place that a scenario names: as it is, or beside the scenario.
  private func place(_ path: String) -> String {
    if path.hasPrefix("/") || Files.kind(path) != .missing { return path }
    return "\(Files.parent(scenarioPath))/\(path)"
  }

  private func rows(ofFile path: String) throws(Problems) -> ExpectedRows {
    .rows(lines(try Files.read(place(path), limit: 1 << 28)))
  }

  private func rows(ofRun path: String) throws(Problems) -> ExpectedRows {
    let folder = Files.kind(place(path)) == .folder ? place(path) : try RunLookup.find(path)
    let history = "\(folder)/history.weir"
    if Files.kind(history) != .file {
      throw failure("\(folder) has no history.weir: it is no baseline run")
    }
    return try rows(ofHistory: history, "the baseline run")
  }

  private func rows(ofHistory path: String, _ what: String) throws(Problems) -> ExpectedRows {
    do throws(RunFailure) {
      switch try outputRows(ofHistory: path) {
      case .rows(let rows): return .rows(rows)
      case .problem(let text): return .problem("\(what) gives no rows: \(text)")
      }
    } catch {
      throw failure("\(what) gives no rows: its history cannot be read")
    }
  }

  private func lines(_ bytes: [UInt8]) -> [ExpectedRows.Row] {
    bytes.split(separator: UInt8(ascii: "\n")).map {
      ExpectedRows.Row(key: nil, value: [UInt8]($0))
    }
  }

  /// Runs a command with the events on stdin; what it writes are the rows.
  private func rows(
    ofCommand line: [String], _ number: Int, _ events: [[UInt8]]
  ) -> ExpectedRows {
    let here = Files.realPath(folder) ?? folder
    let (input, output) = ("\(here)/.events-\(number)", "\(here)/.rows-\(number)")
    defer {
      unlink(input)
      unlink(output)
    }
    let name = line.joined(separator: " ")
    do {
      try Files.write(Array(events.joined(separator: [UInt8(ascii: "\n")])) + [10], to: input)
      let process = try Program(
        line, directory: directory,
        variables: job.environment.map { "\($0.name)=\($0.value)" }, log: log, input: input,
        output: output
      ).start()
      let code = wait(process.number)
      if code != 0 {
        return .problem("'\(name)' ended with code \(code); its words are in the log")
      }
      return .rows(lines(try Files.read(output)))
    } catch let problem as ProcessProblem {
      return .problem(problem.message)
    } catch let problems as Problems {
      return .problem(problems.list.first?.message ?? "'\(name)' gave no rows")
    } catch {
      return .problem("'\(name)' gave no rows")
    }
  }

  /// The exit code; ended with its group when it takes too long.
  private func wait(_ process: Int32) -> Int32 {
    let limit = shim_monotonic_ns() + UInt64(job.within)
    while true {
      let code = shim_wait(process, 0)
      if code != -EAGAIN { return code }
      if shim_monotonic_ns() > limit || shim_interrupt_count() > 1 {
        _ = shim_kill(-process, SIGKILL)
        return shim_wait(process, 1)
      }
      usleep(20_000)
    }
  }
}

/// Commands of a scenario run only when the user allows it: a stranger's file must not execute
/// code. All of them are told.
func refuseCommands(
  _ scenario: Scenario, name: String, allowed: Bool
) throws(Problems) {
  guard !allowed, let job = scenario.engine.job else { return }
  let lines = job.commands.map(\.line) + scenario.expect.output.compactMap(\.command)
  let words = lines.map { "'\($0.joined(separator: " "))'" }.joined(separator: ", ")
  let count = lines.count == 1 ? "1 command" : "\(lines.count) commands"
  throw failure(
    "this scenario would run \(count): \(words)",
    hint: "to see them: weir run \(name) --print; to allow them: --allow-commands")
}
