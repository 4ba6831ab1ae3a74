import Model

/// Two runs of one scenario held against each other: one in the model, one on a real system. What
/// decides is the verdict, the counts and the classes of anomalies; rates and latencies are told
/// with their difference, and decide only where a tolerance was asked for.
public struct Agreement: Sendable {
  /// How one thing came out.
  public enum Outcome: String, Sendable {
    case agrees
    case differs
    /// One side does not know.
    case undecided
  }

  /// A number of the model beside that of the real system.
  public struct Count: Hashable, Sendable {
    public var name: String
    public var model: UInt64
    public var real: UInt64

    public init(name: String, model: UInt64, real: UInt64) {
      self.name = name
      self.model = model
      self.real = real
    }

    public var agrees: Bool { model == real }
  }

  /// Correctness of both runs.
  public var verdicts: (model: Verdict, real: Verdict)
  /// Events and results, in the nouns of the workload.
  public var counts: [Count]
  /// Ids of the classes that the model showed, and that the real system showed, in the order of
  /// the catalogue.
  public var predicted: [String]
  public var seen: [String]
  public var measures: [AgreementMeasure]
  /// Parameters of the model's costs by what they rest on: "measured", "published", "assumed".
  public var costs: [Count]
  /// Why a run proves nothing; empty when both do.
  public var unusable: String
  /// Someone ended one of the runs.
  public var isInterrupted: Bool

  /// - Parameter tolerances: Greatest difference by metric, as a share of the model's value; the
  ///   names are those of `AgreementMeasure.names`.
  public init(
    model: RunResult, real: RunResult, tolerances: [(metric: String, share: Ratio)] = []
  ) {
    verdicts = (model.outcome.correctness, real.outcome.correctness)
    let (events, results) = (model.identity.eventNoun, model.identity.resultNoun)
    counts = [
      Count(name: events, model: model.usage.events, real: real.usage.events),
      Count(name: "\(results) due", model: model.oracle.due, real: real.oracle.due),
      Count(name: "\(results) found", model: model.oracle.found, real: real.oracle.found),
    ]
    predicted = Self.classes(of: model)
    seen = Self.classes(of: real)
    measures = AgreementMeasure.all(model: model, real: real, tolerances: tolerances)
    costs = ["measured", "published", "assumed"].map { basis in
      let count = model.harness.costs.filter { $0.basis == basis }.count
      return Count(name: basis, model: UInt64(count), real: 0)
    }
    unusable = ""
    for (name, run) in [("model", model), (real.identity.backbone, real)] where unusable.isEmpty {
      if !run.outcome.usable { unusable = "\(name): \(run.outcome.usableReason)" }
    }
    isInterrupted = model.outcome.interruptedAt != nil || real.outcome.interruptedAt != nil
  }

  private static func classes(of run: RunResult) -> [String] {
    let found = Set(run.anomalies.found.map(\.id))
    let known = run.anomalies.classes.map(\.id).filter(found.contains)
    return known + run.anomalies.found.map(\.id).filter { !known.contains($0) }
  }

  /// Classes that the real system showed and the model did not.
  public var unpredicted: [String] { seen.filter { !predicted.contains($0) } }

  public var verdict: Outcome {
    if verdicts.model == .unknown || verdicts.real == .unknown { return .undecided }
    return verdicts.model == verdicts.real ? .agrees : .differs
  }

  /// True when something that decides is not the same on both sides. Counts decide only between
  /// runs whose verdicts are known: a history that was cut counts less by itself.
  public var isRefuted: Bool {
    if verdict == .differs || !unpredicted.isEmpty { return true }
    return verdict == .agrees && counts.contains { !$0.agrees }
  }

  /// Interrupted wins, since then nothing can be the same; a difference wins over a run that proves
  /// nothing, that over what is undecided, and that over a missed tolerance.
  public var code: ExitCode {
    if isInterrupted { return .interrupted }
    if isRefuted { return .violated }
    if !unusable.isEmpty { return .notUsable }
    if verdict == .undecided || measures.contains(where: { $0.outcome == .undecided }) {
      return .inconclusive
    }
    return measures.contains { $0.outcome == .missed } ? .missed : .holds
  }
}

/// A figure of both runs and its difference.
public struct AgreementMeasure: Hashable, Sendable {
  public enum Outcome: String, Sendable {
    /// No tolerance was asked for.
    case reported
    case within
    case missed
    /// A tolerance was asked for, and one side has too few samples.
    case undecided
  }

  /// Such as `latency.calm.p99`.
  public var metric: String
  /// Nanoseconds, or events per second; nil: fewer than ten samples lie above it.
  public var model: Double?
  public var real: Double?
  public var tolerance: Ratio?

  public init(metric: String, model: Double?, real: Double?, tolerance: Ratio? = nil) {
    self.metric = metric
    self.model = model
    self.real = real
    self.tolerance = tolerance
  }

  public var isTime: Bool { metric.hasPrefix("latency") }

  /// (real - model) / model; nil when a side is missing or the model's is zero.
  public var difference: Double? {
    guard let model, let real, model > 0 else { return nil }
    return (real - model) / model
  }

  public var outcome: Outcome {
    guard let tolerance else { return .reported }
    guard let difference else { return .undecided }
    return abs(difference) <= tolerance.value ? .within : .missed
  }

  private static let quantiles: [(name: String, numerator: UInt64, denominator: UInt64)] = [
    ("p50", 1, 2), ("p90", 9, 10), ("p99", 99, 100), ("p99.9", 999, 1_000), ("max", 1, 1),
  ]

  /// Names that a tolerance may have.
  public static var names: [String] {
    ["throughput"]
      + ["latency.", "latency.calm."].flatMap { part in quantiles.map { part + $0.name } }
  }

  static func all(
    model: RunResult, real: RunResult, tolerances: [(metric: String, share: Ratio)]
  ) -> [AgreementMeasure] {
    var all = [
      AgreementMeasure(
        metric: "throughput", model: model.rates.achieved, real: real.rates.achieved)
    ]
    all += latencies("latency.", model.latency.all, real.latency.all)
    let asksCalm = tolerances.contains { $0.metric.hasPrefix("latency.calm.") }
    if !model.faults.isEmpty || asksCalm {
      all += latencies("latency.calm.", model.latency.calm, real.latency.calm)
    }
    for index in all.indices {
      all[index].tolerance = tolerances.first { $0.metric == all[index].metric }?.share
    }
    return all
  }

  private static func latencies(
    _ part: String, _ model: LatencyHistogram, _ real: LatencyHistogram
  ) -> [AgreementMeasure] {
    quantiles.map { quantile in
      AgreementMeasure(
        metric: part + quantile.name, model: value(quantile, of: model),
        real: value(quantile, of: real))
    }
  }

  private static func value(
    _ quantile: (name: String, numerator: UInt64, denominator: UInt64),
    of histogram: LatencyHistogram
  ) -> Double? {
    let (numerator, denominator) = (quantile.numerator, quantile.denominator)
    // The greatest value is one that was seen; every other needs ten samples above it.
    if numerator < denominator && !histogram.supports(numerator, denominator) { return nil }
    return histogram.quantile(numerator, denominator).map(Double.init)
  }
}
