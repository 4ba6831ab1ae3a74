import Model
import Statistics

/// What a run says, worked out once, so that page, summary and terminal cannot disagree: the
/// verdict in words, the three judgements, counts and quantiles as text in one number style.
struct Findings {
  let result: RunResult
  let style: NumberStyle

  init(_ result: RunResult, _ style: NumberStyle) {
    self.result = result
    self.style = style
  }

  /// The four signs of a status; colour is never the only one.
  enum Sign: Sendable { case good, bad, open, none }

  /// The verdict in capitals, with the words of the command line.
  var word: String {
    switch result.outcome.code {
    case .holds: "VALID"
    case .violated: "INVALID"
    case .missed: "MISSED"
    case .inconclusive: "INCONCLUSIVE"
    case .notUsable: "NOT USABLE"
    case .interrupted: "INTERRUPTED"
    case .usage, .unavailable, .internalError: "NOT JUDGED"
    }
  }

  var sign: Sign {
    switch result.outcome.code {
    case .holds: .good
    case .violated, .missed: .bad
    default: .open
    }
  }

  /// The first eight digits of the history hash: the name of the run.
  var run: String { String(result.identity.historyHash.text.prefix(8)) }

  var hasFaults: Bool { !result.faults.isEmpty }
  var isVirtual: Bool { result.identity.clock == .virtual }
  /// Latency figures and charts of an unusable run would convince and be wrong.
  var showsMeasurements: Bool { result.outcome.code != .notUsable }

  /// Length of the warm-up: instants of the run begin there, figures at the measure phase.
  var warmUp: Nanoseconds {
    let first = min(
      result.rates.samples.first?.start ?? 0, result.latency.overTime.first?.start ?? 0)
    return max(0, -first)
  }

  // Quantiles

  static let quantiles: [(name: String, key: String, over: UInt64, of: UInt64)] = [
    ("p50", "p50", 50, 100), ("p90", "p90", 90, 100), ("p99", "p99", 99, 100),
    ("p99.9", "p999", 999, 1000),
  ]

  /// The value of a quantile; nil with fewer than ten samples above it.
  func quantile(_ histogram: LatencyHistogram, _ over: UInt64, _ of: UInt64) -> Nanoseconds? {
    histogram.supports(over, of) ? histogram.quantile(over, of) : nil
  }

  func text(_ value: Nanoseconds?) -> String {
    value.map { style.duration($0) } ?? style.none
  }

  func maximum(_ histogram: LatencyHistogram) -> Nanoseconds? {
    histogram.count > 0 ? histogram.maximum : nil
  }

  // Counts

  func classes(_ state: AnomalyResult.ClassResult.State) -> Int {
    result.anomalies.classes.count { $0.state == state }
  }

  /// "61 of 92 anomaly classes apply: 60 clean, 1 found and permitted".
  var classSentence: String {
    let total = result.anomalies.classes.count
    if total == 0 { return "no anomaly class was looked for" }
    let apply = total - classes(.notApplicable)
    var parts = ["\(classes(.clean)) clean"]
    if classes(.permitted) > 0 { parts.append("\(classes(.permitted)) found and permitted") }
    if classes(.violation) > 0 { parts.append("\(classes(.violation)) violated") }
    let unlooked = result.anomalies.classes.count {
      $0.state == .unknown && $0.reason.hasPrefix("not looked for")
    }
    if classes(.unknown) > unlooked { parts.append("\(classes(.unknown) - unlooked) unknown") }
    if unlooked > 0 { parts.append("\(unlooked) not looked for") }
    return "\(apply) of \(total) anomaly classes apply: " + parts.joined(separator: ", ")
  }

  var notPermitted: [Anomaly] { result.anomalies.found.filter { !$0.permitted } }
  var permitted: [Anomaly] { result.anomalies.found.filter(\.permitted) }

  /// How often classes were seen: nil when none of them was looked for to the end.
  func seen(_ ids: [String]) -> (count: Int?, violated: Bool, reason: String) {
    let mine = result.anomalies.classes.filter { ids.contains($0.id) }
    let looked = mine.filter { $0.state != .notApplicable && $0.state != .unknown }
    if looked.isEmpty {
      let unknown = mine.first { $0.state == .unknown }
      guard let first = unknown ?? mine.first else { return (nil, false, "not looked for") }
      return (nil, false, unknown == nil ? "not applicable" : "unknown: " + first.reason)
    }
    return (
      looked.reduce(0) { $0 + $1.count }, looked.contains { $0.state == .violation }, ""
    )
  }

  // Thresholds

  /// Failures first, then what is undecided, else in the order of the scenario.
  var thresholds: [ThresholdResult] {
    let order: [ThresholdResult.Outcome] = [.missed, .undecided, .met, .notApplicable]
    return order.flatMap { outcome in result.thresholds.filter { $0.outcome == outcome } }
  }

  func thresholds(_ outcome: ThresholdResult.Outcome) -> Int {
    result.thresholds.count { $0.outcome == outcome }
  }

  /// The met upper limit of which most is used.
  var tightest: ThresholdResult? {
    var best: ThresholdResult?
    for threshold in result.thresholds
    where threshold.outcome == .met && !threshold.expected.hasPrefix(">") {
      guard let share = threshold.share else { continue }
      if share > (best?.share ?? 0) { best = threshold }
    }
    return best
  }

  // Recovery

  /// The fault that took longest to catch up; one that never did comes before all others.
  var slowestFault: FaultResult? {
    if let never = result.faults.first(where: { $0.caughtUpAfterStart == nil }) { return never }
    return result.faults.max { ($0.caughtUpAfterStart ?? 0) < ($1.caughtUpAfterStart ?? 0) }
  }

  // Cost

  var busy: Nanoseconds { result.cost.parts.reduce(0) { $0 + $1.busy } }

  /// CPU seconds for a million events; nil when there is nothing to share by.
  func perMillion(_ busy: Nanoseconds) -> Double? {
    result.cost.events == 0
      ? nil : Double(busy) / 1e9 * (1e6 / Double(result.cost.events))
  }

  var achievedShare: Double? {
    result.rates.offered > 0 ? result.rates.achieved / result.rates.offered : nil
  }
}

/// `1 alert`, `2 alerts`: the nouns of a scenario are plural.
func plural(_ count: some BinaryInteger, _ one: String, _ many: String) -> String {
  count == 1 ? one : many
}
