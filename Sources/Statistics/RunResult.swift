import Model

/// Everything a report says about one run. Made by the harness, rendered by `Reporting`; it holds
/// no clock, path or process id that a virtual run would not repeat, except in `usage` and
/// `environment`.
public struct RunResult: Sendable {
  public var identity: RunIdentity
  public var outcome: RunOutcome
  public var latency: LatencyResult
  public var rates: RateResult
  public var thresholds: [ThresholdResult]
  public var anomalies: AnomalyResult
  public var oracle: OracleResult
  public var faults: [FaultResult]
  public var harness: HarnessResult
  public var cost: CostResult
  public var usage: Usage
  public var environment: [EnvironmentFact]

  public init(
    identity: RunIdentity, outcome: RunOutcome, latency: LatencyResult, rates: RateResult,
    thresholds: [ThresholdResult], anomalies: AnomalyResult, oracle: OracleResult,
    faults: [FaultResult], harness: HarnessResult, cost: CostResult, usage: Usage,
    environment: [EnvironmentFact]
  ) {
    self.identity = identity
    self.outcome = outcome
    self.latency = latency
    self.rates = rates
    self.thresholds = thresholds
    self.anomalies = anomalies
    self.oracle = oracle
    self.faults = faults
    self.harness = harness
    self.cost = cost
    self.usage = usage
    self.environment = environment
  }
}

/// What ran.
public struct RunIdentity: Sendable {
  public var version: String
  /// Scenario name, its first sentence, title of the report if it has one.
  public var scenario: String
  public var description: String
  public var title: String?
  public var seed: UInt64
  public var backbone: String
  public var engine: String
  public var sink: String
  public var workload: String
  public var clock: RunClock
  /// Plural nouns for sentences: "payments", "alerts".
  public var eventNoun: String
  public var resultNoun: String
  /// The resolved scenario as YAML, and its XXH3-128.
  public var scenarioText: String
  public var scenarioDigest: Digest128
  public var historyHash: Digest128
  /// The command that repeats the run.
  public var command: String
  /// What the command line asked for beyond the file, such as `--seed 7`.
  public var overrides: [String]

  public init(
    version: String, scenario: String, description: String, title: String?, seed: UInt64,
    backbone: String, engine: String, sink: String, workload: String, clock: RunClock,
    eventNoun: String, resultNoun: String, scenarioText: String, scenarioDigest: Digest128,
    historyHash: Digest128, command: String, overrides: [String]
  ) {
    self.version = version
    self.scenario = scenario
    self.description = description
    self.title = title
    self.seed = seed
    self.backbone = backbone
    self.engine = engine
    self.sink = sink
    self.workload = workload
    self.clock = clock
    self.eventNoun = eventNoun
    self.resultNoun = resultNoun
    self.scenarioText = scenarioText
    self.scenarioDigest = scenarioDigest
    self.historyHash = historyHash
    self.command = command
    self.overrides = overrides
  }
}

/// How the events of the run were waited for.
public enum RunClock: String, Sendable, CaseIterable {
  case virtual
  /// Models, each event held back until its instant.
  case paced
  /// A real system.
  case live
}

/// Three questions that are never mixed, and the code that follows.
public struct RunOutcome: Sendable {
  public var code: ExitCode
  /// Whether the results are right: valid, unknown or invalid.
  public var correctness: Verdict
  /// Cause of an unknown or invalid verdict, one sentence without full stop; empty when valid.
  public var correctnessReason: String
  /// Whether the harness was fit to measure; false gives code 4.
  public var usable: Bool
  public var usableReason: String
  /// True when the offered rate was above capacity: latency then has no steady value.
  public var saturated: Bool
  public var interruptedAt: Instant?
  /// One sentence: what was checked or what went wrong, with numbers, ending in a full stop.
  public var sentence: String

  public init(
    code: ExitCode, correctness: Verdict, correctnessReason: String = "", usable: Bool = true,
    usableReason: String = "", saturated: Bool = false, interruptedAt: Instant? = nil,
    sentence: String
  ) {
    self.code = code
    self.correctness = correctness
    self.correctnessReason = correctnessReason
    self.usable = usable
    self.usableReason = usableReason
    self.saturated = saturated
    self.interruptedAt = interruptedAt
    self.sentence = sentence
  }
}

/// What the system under test took, by the model or measured.
public struct CostResult: Sendable {
  /// "model (assumed)" or "measured".
  public var basis: String
  /// Part ("engine", "broker") and its busy time in nanoseconds over the whole run.
  public var parts: [Part]
  /// Events that the busy time is shared by.
  public var events: UInt64

  public struct Part: Sendable {
    public var name: String
    public var busy: Nanoseconds

    public init(name: String, busy: Nanoseconds) {
      self.name = name
      self.busy = busy
    }
  }

  public init(basis: String, parts: [Part], events: UInt64) {
    self.basis = basis
    self.parts = parts
    self.events = events
  }
}

/// What was moved, and what the machine spent. Everything after `retainedBytes` differs between
/// repetitions of one run.
public struct Usage: Sendable {
  public var events: UInt64
  public var payloadBytes: UInt64
  public var requests: UInt64
  public var deliveries: UInt64
  public var retainedBytes: UInt64
  public var wall: Nanoseconds
  public var cpu: Nanoseconds
  public var peakMemory: UInt64
  /// Length of the run on its own clock.
  public var simulated: Nanoseconds

  public init(
    events: UInt64, payloadBytes: UInt64, requests: UInt64, deliveries: UInt64,
    retainedBytes: UInt64, wall: Nanoseconds, cpu: Nanoseconds, peakMemory: UInt64,
    simulated: Nanoseconds
  ) {
    self.events = events
    self.payloadBytes = payloadBytes
    self.requests = requests
    self.deliveries = deliveries
    self.retainedBytes = retainedBytes
    self.wall = wall
    self.cpu = cpu
    self.peakMemory = peakMemory
    self.simulated = simulated
  }
}

/// One line of the environment fingerprint, such as "cores", "2".
public struct EnvironmentFact: Sendable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}
