import Model
import Statistics

/// The document `metrics.prom`: the key figures in the text format of OpenMetrics 1.0, ended by
/// `# EOF`. Durations are in seconds, as that format wants.
public func renderOpenMetrics(_ result: RunResult) -> String {
  let findings = Findings(result, .plain)
  var lines: [String] = []
  func family(_ name: String, _ unit: String, _ help: String) {
    lines.append("# TYPE \(name) gauge")
    if !unit.isEmpty { lines.append("# UNIT \(name) \(unit)") }
    lines.append("# HELP \(name) \(help)")
  }
  family("weir_run", "", "Always 1; the labels say what ran.")
  let labels = [
    ("scenario", result.identity.scenario), ("run", findings.run),
    ("seed", "\(result.identity.seed)"), ("clock", result.identity.clock.rawValue),
    ("verdict", findings.word), ("version", result.identity.version),
  ]
  lines.append("weir_run{" + labels.map { "\($0.0)=\(label($0.1))" }.joined(separator: ",") + "} 1")
  family("weir_exit_code", "", "Exit code of the run.")
  lines.append("weir_exit_code \(result.outcome.code.rawValue)")
  family("weir_latency_seconds", "seconds", "Intended instant to visible, measure phase.")
  for (scope, histogram) in [("all", result.latency.all), ("calm", result.latency.calm)] {
    for quantile in Findings.quantiles {
      guard let value = findings.quantile(histogram, quantile.over, quantile.of) else { continue }
      let name = coordinate(Double(quantile.over) / Double(quantile.of), 3)
      lines.append(
        "weir_latency_seconds{scope=\"\(scope)\",quantile=\"\(name)\"} \(Double(value) / 1e9)")
    }
    if let most = findings.maximum(histogram) {
      lines.append("weir_latency_seconds{scope=\"\(scope)\",quantile=\"1\"} \(Double(most) / 1e9)")
    }
  }
  for (name, help, value) in amounts(result) {
    family(name, "", help)
    lines.append("\(name) \(value)")
  }
  family("weir_anomalies", "", "Cases found, by class.")
  for anomaly in result.anomalies.found {
    lines.append(
      "weir_anomalies{class=\(label(anomaly.id)),permitted=\"\(anomaly.permitted)\"} "
        + "\(anomaly.count)")
  }
  return lines.joined(separator: "\n") + "\n# EOF\n"
}

private func amounts(_ result: RunResult) -> [(String, String, String)] {
  [
    ("weir_offered_events_per_second", "Offered by the schedule.", "\(result.rates.offered)"),
    ("weir_throughput_events_per_second", "Read by the engine.", "\(result.rates.achieved)"),
    ("weir_events", "Events sent.", "\(result.usage.events)"),
    ("weir_backlog_max_events", "Greatest backlog.", "\(result.rates.backlogMaximum)"),
    ("weir_backlog_end_events", "Backlog after the drain.", "\(result.rates.backlogEnd)"),
    ("weir_results_due", "Results due by the oracle.", "\(result.oracle.due)"),
    ("weir_results_missing", "Results due and not found.", "\(result.oracle.missing)"),
    ("weir_results_extra", "Results found and not due.", "\(result.oracle.extra)"),
    ("weir_results_different", "Results of another value.", "\(result.oracle.different)"),
  ]
}

private func label(_ text: String) -> String {
  var quoted = "\""
  for character in Escaped(text).terminal {
    if character == "\"" || character == "\\" { quoted += "\\" }
    quoted.append(character)
  }
  return quoted + "\""
}
