import Backbones
import Engines
import Model
import Scenarios
import Statistics
import Workloads

/// What a run needs to know beyond its scenario.
public struct RunRequest {
  /// With every draw carried out: what `resolved` returned.
  public var scenario: Scenario
  /// The scenario as YAML; stands in the history, so that a history alone can be judged. The clock
  /// in it is virtual unless the run is live: virtual and paced runs have the same history.
  public var scenarioText: String
  /// The command that repeats the run, and what it asks for beyond the file.
  public var command: String
  public var overrides: [String]
  /// Where the history is written; nil keeps none.
  public var historyPath: String?
  /// The file that `workload.trace` means.
  public var tracePath: String?
  /// Kinds of workload besides those of this version: read from files.
  public var ownKinds: [WorkloadKind] = []
  /// What the caller knows of the machine, for the report.
  public var environment: [MachineFacts.Fact] = []
  public var version: String
  /// Opens the real system of a live run: what fills the port, from the registry of the caller.
  /// It is also told how many input streams there are: each has partitions of its own.
  public var openLive: ((Scenario, Int) throws(RunFailure) -> LiveSystem)?
  /// Rows that checks of the output expect, by the index of the check.
  public var expectedRows: [(check: Int, rows: RowProvider)] = []
  /// Deliberate defects, for tests of the tests.
  public var logDefects: Set<LogDefect> = []
  public var engineDefects: Set<EngineDefect> = []

  public init(
    scenario: Scenario, scenarioText: String, command: String, overrides: [String] = [],
    historyPath: String?, tracePath: String? = nil, version: String
  ) {
    self.scenario = scenario
    self.scenarioText = scenarioText
    self.command = command
    self.overrides = overrides
    self.historyPath = historyPath
    self.tracePath = tracePath
    self.version = version
  }
}

/// What a live run has outside of this process.
public struct LiveSystem {
  public var backbone: any LiveBackbone
  /// A job of the user; nil: Weir's own engine computes.
  public var engine: (any Engine)?

  public init(backbone: any LiveBackbone, engine: (any Engine)? = nil) {
    self.backbone = backbone
    self.engine = engine
  }

  /// Lets everything go.
  func close() {
    engine?.close()
    backbone.close()
  }
}

/// What a run is doing, for the terminal; figures since the last report.
public struct RunProgress: Sendable {
  public var phase: String
  /// Run time, and where the load ends.
  public var now: Instant
  public var endOfLoad: Instant
  public var sent: UInt64
  public var read: UInt64
  public var backlog: UInt64
  public var faultsSoFar: Int
  public var faultsPlanned: Int
}

/// Why a run could not begin or go on.
public enum RunFailure: Error, Sendable {
  /// Bad input: exit code 64.
  case problems(Problems)
  /// A system that the run needs is not there: exit code 69.
  case unavailable(Problems)
  /// The history cannot be kept: exit code 4 or 64.
  case history(String)
  /// A defect of Weir: exit code 70.
  case internalError(String)
}
