import Backbones
import CShim
import Commands
import Faults
import Glibc
import Harness
import KafkaBackbone
import Model
import Scenarios
import Statistics

/// What the command line asks of the run loop and of the judges. Everything that the commands need
/// of `Harness` goes through here.

/// Runs a scenario: carries out its draws, keeps the history in `folder`, and beside it what the
/// machine spent.
func execute(
  _ loaded: LoadedScenario, scenarioPath: String, overrides: [String], command: String,
  folder: String, progress: @escaping (RunProgress) -> Void
) throws(Problems) -> RunResult {
  var scenario = loaded.scenario
  scenario.faults = resolveFaults(of: scenario)
  let job = JobSystem(scenario, scenarioPath: scenarioPath, folder: folder)
  // The scenario in the run folder finds the job from there.
  scenario.engine.job?.directory = job?.directory
  var timeless = scenario
  if scenario.backbone.kind == .embedded { timeless.clock = .virtual }
  var request = RunRequest(
    scenario: scenario, scenarioText: printScenario(timeless), command: command,
    overrides: overrides, historyPath: "\(folder)/history.weir",
    tracePath: traceFile(scenario, beside: scenarioPath), version: weirVersion)
  if let own = try OwnWorkload.find(scenario.workload.kind, beside: scenarioPath) {
    request.ownKinds = [own.kind]
    // The folder alone suffices to run again.
    try Files.write(own.bytes, to: "\(folder)/\(Files.lastPart(own.path))")
  }
  request.environment = Environment.facts
  request.openLive = { (scenario: Scenario, inputs: Int) throws(RunFailure) in
    try openLiveSystem(scenario, inputs: inputs, scenarioPath: scenarioPath, folder: folder)
  }
  if let job {
    request.expectedRows = try job.rowProviders { () throws(Problems) in
      try runTwin(of: loaded, scenarioPath: scenarioPath, folder: folder, progress: progress)
    }
  }
  let execution: Execution
  do throws(RunFailure) {
    execution = try execute(request, progress: progress)
  } catch {
    throw problems(error)
  }
  try Files.write(Array(execution.machine.text.utf8), to: "\(folder)/\(machineFile)")
  return execution.result
}

/// The same run without faults, kept in a folder inside of that of the run. Returns its history.
private func runTwin(
  of loaded: LoadedScenario, scenarioPath: String, folder: String,
  progress: @escaping (RunProgress) -> Void
) throws(Problems) -> String {
  var twin = loaded
  twin.scenario.faults = FaultSection()
  twin.scenario.expect.thresholds = []
  twin.scenario.expect.output.removeAll { check in
    if case .equal = check.kind { true } else { false }
  }
  // Without checks of its own it is judged by that it came to its end.
  let place = "\(folder)/twin"
  try Files.makeFolder(place)
  _ = try execute(
    twin, scenarioPath: scenarioPath, overrides: [], command: "twin of \(loaded.scenario.name)",
    folder: place, progress: progress)
  return "\(place)/history.weir"
}

/// Runs a scenario without keeping its history, for benches.
func executeUnrecorded(_ loaded: LoadedScenario) throws(Problems) -> RunResult {
  let request = RunRequest(
    scenario: loaded.scenario, scenarioText: loaded.resolved, command: "weir bench",
    historyPath: nil, version: weirVersion)
  do throws(RunFailure) {
    return try execute(request).result
  } catch {
    throw problems(error)
  }
}

/// The registry of live backbones and engines: fills the ports of a run with real systems.
private func openLiveSystem(
  _ scenario: Scenario, inputs: Int, scenarioPath: String, folder: String
) throws(RunFailure) -> LiveSystem {
  switch scenario.backbone.kind {
  case .kafka:
    do throws(Problems) {
      let kafka = try KafkaSystem(scenario: scenario, inputs: inputs, folder: folder).open()
      guard let job = JobSystem(scenario, scenarioPath: scenarioPath, folder: folder) else {
        return LiveSystem(backbone: kafka)
      }
      do throws(Problems) {
        return LiveSystem(backbone: kafka, engine: try job.open(kafka.settings))
      } catch {
        kafka.close()
        throw error
      }
    } catch {
      throw .unavailable(error)
    }
  case .embedded, .null:
    throw .internalError("backbone \(scenario.backbone.kind.rawValue) needs no system")
  }
}

/// Facts of a run folder beside its history.
let machineFile = "machine.txt"

/// Where the trace of a scenario is: as named, or beside the scenario; nil when it is nowhere.
private func traceFile(_ scenario: Scenario, beside scenarioPath: String) -> String? {
  guard let trace = scenario.workload.trace else { return nil }
  var candidates = [trace] + candidatePaths(trace, ofScenario: scenarioPath)
  candidates += ScenarioLookup().homes.map { "\($0)/\(trace)" }
  return candidates.first { Files.kind($0) == .file }
}

/// Judges a history file from its entries, with the facts of its run folder when there are any.
func judge(history: String) throws(Problems) -> RunResult {
  let folder = Files.parent(history)
  var machine: MachineFacts?
  if Files.kind("\(folder)/\(machineFile)") == .file {
    machine = MachineFacts(parsing: try Files.text("\(folder)/\(machineFile)", limit: 1 << 22))
  }
  do throws(RunFailure) {
    return try judgeHistory(
      path: history, machine: machine,
      ownKinds: { (scenario) throws(Problems) in
        try OwnWorkload.find(scenario.workload.kind, beside: history).map { [$0.kind] } ?? []
      },
      traceFile: { traceFile($0, beside: "scenarios/x.yaml") },
      parse: { (text: String) throws(Problems) in
        let bytes = Array(text.utf8)
        let own = try OwnWorkload.find(in: bytes, Overrides(), beside: history)
        return try loadScenario(
          bytes: bytes, file: history, name: "history", catalog: Catalogue.forLoader(own)
        ).get().scenario
      })
  } catch {
    throw problems(error)
  }
}

/// The result of a run folder as it was reported, from its history and what stands beside it.
func readRun(folder: String) throws(Problems) -> RunResult {
  try judge(history: "\(folder)/history.weir")
}

func problems(_ failure: RunFailure) -> Problems {
  switch failure {
  case .problems(let problems), .unavailable(let problems): problems
  case .history(let message): weir.failure(message)
  case .internalError(let message): weir.failure(message, code: .internalError)
  }
}

/// The lines of a report's environment: what the numbers were taken on.
private enum Environment {
  static var facts: [MachineFacts.Fact] {
    var facts = [
      MachineFacts.Fact(name: "cores", value: "\(sysconf(Int32(_SC_NPROCESSORS_ONLN)))"),
      MachineFacts.Fact(
        name: "memory",
        value: NumberStyle.plain.bytes(
          UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)))))),
    ]
    var system = utsname()
    if uname(&system) == 0 {
      facts.append(.init(name: "system", value: text(system.sysname) + " " + text(system.release)))
      facts.append(.init(name: "processor", value: text(system.machine)))
    }
    return facts
  }

  private static func text<T>(_ field: T) -> String {
    withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
