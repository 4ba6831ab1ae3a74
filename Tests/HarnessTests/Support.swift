import Backbones
import CShim
import Engines
import Faults
import Harness
import Model
import Scenarios
import Statistics
import Testing

/// A folder-less place for the file of one test.
func temporaryPath(_ name: String) -> String {
  "/tmp/weir-harness-\(shim_monotonic_ns())-\(name)"
}

func readFile(_ path: String) -> [UInt8] {
  let file = shim_open_file(path)
  if file < 0 { return [] }
  defer { shim_close(file) }
  let size = Int(shim_file_size(file))
  return [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
    filled = max(0, shim_read_at(file, buffer.baseAddress, size, 0))
  }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
  let file = shim_create_file(path, 0)
  _ = shim_write_all(file, bytes, bytes.count)
  shim_close(file)
}

func remove(_ path: String) { _ = shim_remove(path) }

/// A run of two seconds and a bit: few events, many checkpoints.
func smallScenario(
  _ kind: String = "fraud-detection", query: String = "decisions", rate: Int64 = 1_000,
  sink: SinkKind = .transactional, faults: [PlannedFault] = []
) -> Scenario {
  var parameters: [WorkloadChoice.Parameter] = []
  if kind == "fraud-detection" {
    parameters = [
      .init(name: "cards", value: .count(100_000)),
      .init(name: "fraud", value: .ratio(Ratio(1, 5))),
      .init(name: "velocity_limit", value: .count(4)),
      .init(name: "again_every", value: .count(200)),
    ]
  } else {
    parameters = [
      .init(name: "keys", value: .count(20)),
      .init(name: "window", value: .duration(100 * .millisecond)),
      .init(name: "payload", value: .count(8)),
    ]
  }
  var scenario = Scenario(
    name: "small", description: "A small run",
    workload: WorkloadChoice(
      kind: kind, parameters: parameters, query: query, sources: 3,
      start: Timestamp(ns: 1_700_000_000 * .second)),
    load: .constant(Rate(count: rate, per: .second)))
  scenario.engine.checkpointInterval = 100 * .millisecond
  scenario.engine.restartDelay = 50 * .millisecond
  scenario.engine.watermarkDelay = 100 * .millisecond
  scenario.sink.kind = sink
  scenario.resources = Resources(brokers: 1, partitions: 4, slots: 2)
  scenario.phases = Phases(
    warmUp: 200 * .millisecond, measure: 1_500 * .millisecond, heal: 300 * .millisecond,
    drain: 20 * .second, limit: .minute)
  scenario.faults.plan = faults
  scenario.expect.guarantee = .exactlyOnce
  return scenario
}

/// Faults by short names, in the middle of the load.
enum Fault {
  static func crash(_ role: FaultTarget.Role, at: Nanoseconds = 700 * .millisecond) -> PlannedFault
  {
    PlannedFault(
      kind: .crash, target: .node(role, index: nil), at: at, duration: 200 * .millisecond)
  }

  static let pause = PlannedFault(
    kind: .pause, target: .node(.broker, index: nil), at: 600 * .millisecond,
    duration: 300 * .millisecond)

  static func message(
    _ kind: FaultKind, _ role: FaultTarget.Role = .producer, ratio: Ratio = Ratio(1, 20)
  ) -> PlannedFault {
    PlannedFault(
      kind: kind, target: .node(role, index: nil), at: 100 * .millisecond, duration: .second,
      ratio: ratio, by: Spread(median: 5 * .millisecond, p99: 60 * .millisecond))
  }

  static let partition = PlannedFault(
    kind: .partition, target: .link(.producer, .broker, bothWays: true), at: 500 * .millisecond,
    duration: 300 * .millisecond)
}

/// Runs a scenario; the history goes to `path`, or is not kept.
func run(
  _ scenario: Scenario, path: String? = nil, log: Set<LogDefect> = [],
  engine: Set<EngineDefect> = []
) throws(RunFailure) -> RunResult {
  var timeless = scenario
  if scenario.backbone.kind == .embedded { timeless.clock = .virtual }
  var request = RunRequest(
    scenario: scenario, scenarioText: printScenario(timeless), command: "a test",
    historyPath: path, version: "test")
  request.logDefects = log
  request.engineDefects = engine
  return try execute(request).result
}

extension RunResult {
  /// Classes found that nothing permits, by id.
  var violations: [String] { anomalies.found.filter { !$0.permitted }.map(\.id) }

  /// Everything a failed test wants to print.
  var story: String {
    let found = anomalies.found.map { "\($0.id)x\($0.count)\($0.permitted ? " permitted" : "")" }
    return "\(outcome.correctness) \(outcome.correctnessReason) code \(outcome.code.rawValue) "
      + "usable \(outcome.usable) \(outcome.usableReason) \(found) due \(oracle.due)"
  }
}
