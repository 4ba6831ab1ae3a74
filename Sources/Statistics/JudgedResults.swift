import Model

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
