import Model
import Scenarios
import Statistics

/// Holds what was measured against the limits of a scenario.
struct ThresholdJudge {
  let result: RunResult
  let lateDropped: UInt64
  let sent: UInt64
  /// Reads that sink and engine were busy with, for limits on cost.
  let costPerMillion: Nanoseconds?

  private let style = NumberStyle.plain

  /// What was measured, in the type of the limit.
  private enum Measured {
    case duration(Nanoseconds)
    case count(UInt64)
    case share(Double)
    case rate(Double)
    case undecided(String)
    case notApplicable(String)
  }

  func judge(_ threshold: Threshold) -> ThresholdResult {
    let measured = measure(threshold)
    let expected = "\(threshold.comparison.rawValue) \(limitText(threshold.limit))"
    func open(_ outcome: ThresholdResult.Outcome, _ reason: String) -> ThresholdResult {
      ThresholdResult(
        metric: threshold.metric, expected: expected, measured: "-", margin: "-", share: nil,
        outcome: outcome, reason: reason)
    }
    switch measured {
    case .undecided(let reason): return open(.undecided, reason)
    case .notApplicable(let reason): return open(.notApplicable, reason)
    default: break
    }
    let (value, limit, text) = numbers(measured, threshold.limit)
    guard let value, let limit else {
      return open(.notApplicable, "this limit has another unit than its metric")
    }
    let met = compare(value, threshold.comparison, limit)
    return ThresholdResult(
      metric: threshold.metric, expected: expected, measured: text,
      margin: margin(value, limit, threshold.comparison, met, measured),
      share: limit == 0 ? nil : value / limit, outcome: met ? .met : .missed)
  }

  private func compare(_ value: Double, _ comparison: Comparison, _ limit: Double) -> Bool {
    switch comparison {
    case .below: value < limit
    case .atMost: value <= limit
    case .above: value > limit
    case .atLeast: value >= limit
    case .equal: value == limit
    }
  }

  private func margin(
    _ value: Double, _ limit: Double, _ comparison: Comparison, _ met: Bool, _ measured: Measured
  ) -> String {
    if value == limit { return "exactly" }
    let side = value < limit ? "below" : "above"
    if case .share = measured {
      return "\(style.decimal(abs(value - limit) * 100, 1)) points \(side)"
    }
    if limit == 0 { return "\(style.three(abs(value - limit))) \(side)" }
    return "\(style.percent(abs(value - limit) / limit, decimals: 0)) \(side)"
  }

  private func numbers(
    _ measured: Measured, _ limit: Threshold.Limit
  ) -> (value: Double?, limit: Double?, text: String) {
    switch (measured, limit) {
    case (.duration(let x), .duration(let y)):
      return (Double(x), Double(y), style.duration(x, beside: y))
    case (.count(let x), .count(let y)): return (Double(x), Double(y), style.count(x))
    case (.count(let x), .ratio(let y)):
      let share = sent == 0 ? 0 : Double(x) / Double(sent)
      return (share, y.value, style.percent(share))
    case (.share(let x), .ratio(let y)): return (x, y.value, style.percent(x))
    case (.rate(let x), .rate(let y)): return (x, y.perSecond, style.rate(x))
    case (.rate(let x), .ratio(let y)):
      let share = result.rates.offered == 0 ? 1 : x / result.rates.offered
      return (min(share, 1), y.value, style.percent(min(share, 1)))
    default: return (nil, nil, "-")
    }
  }

  // Metrics

  private func measure(_ threshold: Threshold) -> Measured {
    let parts = threshold.metric.split(separator: ".").map(String.init)
    switch parts[0] {
    case "latency": return latency(parts)
    case "throughput": return .rate(result.rates.achieved)
    case "backlog":
      switch parts.last {
      case "max": return .count(result.rates.backlogMaximum)
      case "end": return .count(result.rates.backlogEnd)
      default: return .share(max(0, result.rates.backlogGrowth))
      }
    case "recovery": return recovery(afterEnd: parts.last == "after_end")
    case "late": return .count(lateDropped)
    case "send_lateness":
      if result.identity.clock == .virtual {
        return .notApplicable("virtual time: on schedule by construction")
      }
      return quantile(result.harness.sendLateness, parts[1])
    case "cost":
      guard parts[1] == "cpu", let cost = costPerMillion else {
        return .notApplicable("not measured in this version")
      }
      return .duration(cost)
    default: return .notApplicable("not measured in this version")
    }
  }

  private func latency(_ parts: [String]) -> Measured {
    if result.outcome.saturated {
      return .notApplicable("the system is saturated: latency has no steady value")
    }
    if parts.count == 2 { return quantile(result.latency.all, parts[1]) }
    if parts[1] == "calm" { return quantile(result.latency.calm, parts[2]) }
    guard let stage = result.latency.stages.first(where: { $0.name == parts[1] }) else {
      return .notApplicable("the stage was not measured")
    }
    return quantile(stage.histogram, parts[2])
  }

  private func quantile(_ histogram: LatencyHistogram, _ name: String) -> Measured {
    let known: [String: (UInt64, UInt64)] = [
      "p50": (50, 100), "p90": (90, 100), "p99": (99, 100), "p999": (999, 1_000),
      "p9999": (9_999, 10_000),
    ]
    if name == "max" {
      return histogram.count == 0
        ? .undecided("no result was seen") : .duration(histogram.maximum)
    }
    guard let (over, of) = known[name] else { return .notApplicable("no such quantile") }
    guard histogram.supports(over, of), let value = histogram.quantile(over, of) else {
      let needed = 10 * of / (of - over)
      return .undecided(
        "\(style.count(histogram.count)) samples; \(name) needs \(style.count(needed))")
    }
    return .duration(value)
  }

  private func recovery(afterEnd: Bool) -> Measured {
    if result.faults.isEmpty { return .notApplicable("no fault was planned") }
    var slowest: Nanoseconds = 0
    for fault in result.faults {
      guard let time = afterEnd ? fault.recoveredAfterEnd : fault.caughtUpAfterStart else {
        return .duration(.max)
      }
      slowest = max(slowest, time)
    }
    return .duration(slowest)
  }

  private func limitText(_ limit: Threshold.Limit) -> String {
    switch limit {
    case .duration(let value): formatDuration(value)
    case .count(let value): formatCount(value)
    case .ratio(let value): formatRatio(value)
    case .rate(let value): formatRate(value)
    case .size(let value): formatSize(value)
    }
  }
}
