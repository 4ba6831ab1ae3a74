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

/// Latencies from the intended instant, in nanoseconds, of results in the measure phase.
public struct LatencyResult: Sendable {
  /// To visibility at the sink.
  public var all: LatencyHistogram
  /// The same outside faults and their recovery; equal to `all` without faults.
  public var calm: LatencyHistogram
  /// From the actual send instead of the intended one: what a naive clock would have shown.
  public var fromActualSend: LatencyHistogram
  /// Where the time went: intended to acknowledged, acknowledged to emitted by the engine, emitted
  /// to visible. Names as in thresholds: "ack", "engine", "sink".
  public var stages: [Stage]
  /// Over the whole run, by the instant at which a result became visible; for the heat map.
  public var overTime: [Interval]
  /// Why values are zero or negative, when there are any.
  public var notPositiveReason: String

  public struct Stage: Sendable {
    public var name: String
    /// In words: "intended instant to acknowledgement".
    public var meaning: String
    public var histogram: LatencyHistogram

    public init(name: String, meaning: String, histogram: LatencyHistogram) {
      self.name = name
      self.meaning = meaning
      self.histogram = histogram
    }
  }

  public struct Interval: Sendable {
    /// Start, from the start of the measure phase; negative in the warm-up.
    public var start: Nanoseconds
    public var histogram: LatencyHistogram

    public init(start: Nanoseconds, histogram: LatencyHistogram) {
      self.start = start
      self.histogram = histogram
    }
  }

  public init(
    all: LatencyHistogram = .init(), calm: LatencyHistogram = .init(),
    fromActualSend: LatencyHistogram = .init(), stages: [Stage] = [], overTime: [Interval] = [],
    notPositiveReason: String = ""
  ) {
    self.all = all
    self.calm = calm
    self.fromActualSend = fromActualSend
    self.stages = stages
    self.overTime = overTime
    self.notPositiveReason = notPositiveReason
  }
}

/// Rates and backlog, sampled at even intervals over the whole run.
public struct RateResult: Sendable {
  /// Length of one sample.
  public var interval: Nanoseconds
  /// In order of time, without holes.
  public var samples: [Sample]
  /// Over the measure phase, events per second: offered by the schedule, and read by the engine.
  public var offered: Double
  public var achieved: Double
  public var offeredCount: UInt64
  /// In words: "open loop, constant".
  public var shape: String
  public var backlogMaximum: UInt64
  /// When the maximum was seen, from the start of the measure phase.
  public var backlogMaximumAt: Nanoseconds
  /// After the drain.
  public var backlogEnd: UInt64
  /// Slope of the backlog outside faults in the measure phase, as a share of the offered rate.
  public var backlogGrowth: Double
  /// Length of the measure phase.
  public var measured: Nanoseconds

  public struct Sample: Sendable {
    /// Start, from the start of the measure phase; negative in the warm-up.
    public var start: Nanoseconds
    public var phase: String
    public var offered: UInt64
    public var acknowledged: UInt64
    /// Read by the engine.
    public var through: UInt64
    public var results: UInt64
    /// At the end of the interval: intended but not yet acknowledged; in the log but not yet read;
    /// read but waiting in the engine for the watermark.
    public var backlogProducer: UInt64
    public var backlogLog: UInt64
    public var backlogEngine: UInt64

    public init(
      start: Nanoseconds, phase: String, offered: UInt64 = 0, acknowledged: UInt64 = 0,
      through: UInt64 = 0, results: UInt64 = 0, backlogProducer: UInt64 = 0,
      backlogLog: UInt64 = 0, backlogEngine: UInt64 = 0
    ) {
      self.start = start
      self.phase = phase
      self.offered = offered
      self.acknowledged = acknowledged
      self.through = through
      self.results = results
      self.backlogProducer = backlogProducer
      self.backlogLog = backlogLog
      self.backlogEngine = backlogEngine
    }
  }

  public init(
    interval: Nanoseconds, samples: [Sample], offered: Double, achieved: Double,
    offeredCount: UInt64, shape: String, backlogMaximum: UInt64, backlogMaximumAt: Nanoseconds,
    backlogEnd: UInt64, backlogGrowth: Double, measured: Nanoseconds
  ) {
    self.interval = interval
    self.samples = samples
    self.offered = offered
    self.achieved = achieved
    self.offeredCount = offeredCount
    self.shape = shape
    self.backlogMaximum = backlogMaximum
    self.backlogMaximumAt = backlogMaximumAt
    self.backlogEnd = backlogEnd
    self.backlogGrowth = backlogGrowth
    self.measured = measured
  }
}

/// One expectation held against what was measured. Texts are ready for print: ASCII, with units.
public struct ThresholdResult: Sendable {
  public enum Outcome: String, Sendable { case met, missed, undecided, notApplicable }
  /// As written: `latency.p99`.
  public var metric: String
  /// As written: `< 250ms`.
  public var expected: String
  public var measured: String
  /// How far on the right side, in words: "52 % below", "1.0 point above"; or by how much missed.
  public var margin: String
  /// Measured as a share of the limit, for the bar; nil when the limit is zero or not applicable.
  public var share: Double?
  public var outcome: Outcome
  /// Why it is undecided or does not apply.
  public var reason: String

  public init(
    metric: String, expected: String, measured: String, margin: String, share: Double?,
    outcome: Outcome, reason: String = ""
  ) {
    self.metric = metric
    self.expected = expected
    self.measured = measured
    self.margin = margin
    self.share = share
    self.outcome = outcome
    self.reason = reason
  }
}

/// What was looked for and what was found.
public struct AnomalyResult: Sendable {
  /// Not permitted first, then permitted; within each by id.
  public var found: [Anomaly]
  /// The whole catalogue, in its order.
  public var classes: [ClassResult]
  /// What was promised: by whom, and what.
  public var promises: [Promise]

  public struct ClassResult: Sendable {
    public enum State: String, Sendable { case clean, permitted, violation, notApplicable, unknown }
    public var id: String
    public var name: String
    public var state: State
    public var count: Int
    /// Why it does not apply or is unknown.
    public var reason: String

    public init(id: String, name: String, state: State, count: Int = 0, reason: String = "") {
      self.id = id
      self.name = name
      self.state = state
      self.count = count
      self.reason = reason
    }
  }

  public struct Promise: Sendable {
    /// "producer", "log", "engine", "sink", "end to end".
    public var part: String
    /// What this part promises in this configuration, one sentence.
    public var promise: String
    public var kept: Verdict

    public init(part: String, promise: String, kept: Verdict) {
      self.part = part
      self.promise = promise
      self.kept = kept
    }
  }

  public init(found: [Anomaly], classes: [ClassResult], promises: [Promise]) {
    self.found = found
    self.classes = classes
    self.promises = promises
  }
}

/// The results against the oracle, and a ledger in which every event ends somewhere.
public struct OracleResult: Sendable {
  /// Result rows due by the oracle, found equal, missing, extra, and different in value.
  public var due: UInt64
  public var found: UInt64
  public var missing: UInt64
  public var extra: UInt64
  public var different: UInt64
  /// Differences by cause, in a fixed order; they add up to missing + extra + different.
  public var attribution: [Count]
  /// Events by where they ended; they add up to the events sent.
  public var ledger: [Count]
  /// Late events that the watermark proves were legally dropped.
  public var lateDropped: UInt64
  /// "complete" or "lossy", and the greatest disorder seen in nanoseconds.
  public var regime: String
  public var greatestDisorder: Nanoseconds

  public struct Count: Sendable {
    public var name: String
    public var count: UInt64

    public init(name: String, count: UInt64) {
      self.name = name
      self.count = count
    }
  }

  public init(
    due: UInt64, found: UInt64, missing: UInt64, extra: UInt64, different: UInt64,
    attribution: [Count], ledger: [Count], lateDropped: UInt64, regime: String,
    greatestDisorder: Nanoseconds
  ) {
    self.due = due
    self.found = found
    self.missing = missing
    self.extra = extra
    self.different = different
    self.attribution = attribution
    self.ledger = ledger
    self.lateDropped = lateDropped
    self.regime = regime
    self.greatestDisorder = greatestDisorder
  }
}

/// One fault and how the system came through it.
public struct FaultResult: Sendable {
  /// "A", "B", ... by start; numbers beyond 26.
  public var letter: String
  /// In words: "crash engine", "drop-response producer, 1/1000".
  public var text: String
  /// From the start of the measure phase.
  public var start: Nanoseconds
  public var duration: Nanoseconds
  public var drawn: Bool
  public var confirmed: Bool
  public var healed: Bool
  /// Longest time without a record read by the engine while the fault or its recovery lasted.
  public var stall: Nanoseconds
  public var peakBacklog: UInt64
  /// From the start of the fault to the backlog of before it; nil when it did not come back.
  public var caughtUpAfterStart: Nanoseconds?
  /// The same from its end, 0 where it recovered before.
  public var recoveredAfterEnd: Nanoseconds?

  public init(
    letter: String, text: String, start: Nanoseconds, duration: Nanoseconds, drawn: Bool,
    confirmed: Bool, healed: Bool, stall: Nanoseconds, peakBacklog: UInt64,
    caughtUpAfterStart: Nanoseconds?, recoveredAfterEnd: Nanoseconds?
  ) {
    self.letter = letter
    self.text = text
    self.start = start
    self.duration = duration
    self.drawn = drawn
    self.confirmed = confirmed
    self.healed = healed
    self.stall = stall
    self.peakBacklog = peakBacklog
    self.caughtUpAfterStart = caughtUpAfterStart
    self.recoveredAfterEnd = recoveredAfterEnd
  }
}

/// Whether the instrument was fit.
public struct HarnessResult: Sendable {
  /// Actual minus intended send, wall time only; empty in virtual time.
  public var sendLateness: LatencyHistogram
  /// Limit of its p99.
  public var sendLatenessLimit: Nanoseconds
  public var historyEntries: UInt64
  public var historyBytes: UInt64
  public var historyWhole: Bool
  /// Further checks: name, what was found, verdict.
  public var checks: [Check]
  /// Parameters of the cost model: name, value, "assumed", "published" or "measured".
  public var costs: [CostParameter]

  public struct Check: Sendable {
    public var name: String
    public var found: String
    public var fit: Bool

    public init(name: String, found: String, fit: Bool) {
      self.name = name
      self.found = found
      self.fit = fit
    }
  }

  public struct CostParameter: Sendable {
    public var name: String
    public var value: String
    public var basis: String

    public init(name: String, value: String, basis: String) {
      self.name = name
      self.value = value
      self.basis = basis
    }
  }

  public init(
    sendLateness: LatencyHistogram = .init(), sendLatenessLimit: Nanoseconds = 0,
    historyEntries: UInt64, historyBytes: UInt64, historyWhole: Bool, checks: [Check],
    costs: [CostParameter]
  ) {
    self.sendLateness = sendLateness
    self.sendLatenessLimit = sendLatenessLimit
    self.historyEntries = historyEntries
    self.historyBytes = historyBytes
    self.historyWhole = historyWhole
    self.checks = checks
    self.costs = costs
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
