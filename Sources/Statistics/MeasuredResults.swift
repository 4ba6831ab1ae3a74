import Model

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
    /// The same outside faults and their recovery; empty when nobody kept it apart.
    public var calm: LatencyHistogram
    /// Over the whole run, like `LatencyResult.overTime`; empty when nobody kept it.
    public var overTime: [Interval]

    public init(
      name: String, meaning: String, histogram: LatencyHistogram,
      calm: LatencyHistogram = .init(), overTime: [Interval] = []
    ) {
      self.name = name
      self.meaning = meaning
      self.histogram = histogram
      self.calm = calm
      self.overTime = overTime
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
  /// Send lateness over the whole run, like `LatencyResult.overTime`; empty in virtual time, or
  /// when nobody kept it.
  public var sendLatenessOverTime: [LatencyResult.Interval]
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
    costs: [CostParameter], sendLatenessOverTime: [LatencyResult.Interval] = []
  ) {
    self.sendLateness = sendLateness
    self.sendLatenessLimit = sendLatenessLimit
    self.sendLatenessOverTime = sendLatenessOverTime
    self.historyEntries = historyEntries
    self.historyBytes = historyBytes
    self.historyWhole = historyWhole
    self.checks = checks
    self.costs = costs
  }
}
