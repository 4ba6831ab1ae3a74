import Model
import Statistics

/// A model held against a real system, for the terminal: ASCII, three columns and a last line that
/// says whether they agree. `system` names the real one, such as "kafka 4.3.1".
public func renderAgreement(_ agreement: Agreement, system: String) -> String {
  let page = AgreementPage(agreement: agreement, system: Escaped(system, limit: 40).terminal)
  return page.text
}

private struct AgreementPage {
  let agreement: Agreement
  let system: String
  private let style = NumberStyle.plain

  var text: String {
    var rows = [["", "model", system, "difference"]]
    let verdicts = agreement.verdicts
    rows.append(
      ["verdict", word(verdicts.model), word(verdicts.real), agreement.verdict.rawValue])
    for count in agreement.counts {
      let name = Escaped(count.name, limit: 30).terminal
      rows.append(
        [name, style.count(count.model), style.count(count.real), difference(count)])
    }
    rows.append(
      ["anomaly classes", list(agreement.predicted), list(agreement.seen), classes])
    for measure in agreement.measures { rows.append(row(measure)) }
    return table(rows) + last + "\n"
  }

  private func word(_ verdict: Verdict) -> String {
    switch verdict {
    case .valid: "valid"
    case .unknown: "unknown"
    case .invalid: "invalid"
    }
  }

  private func difference(_ count: Agreement.Count) -> String {
    if count.agrees { return "agrees" }
    let size = count.real > count.model ? count.real - count.model : count.model - count.real
    return "differs by \(style.count(size))"
  }

  private func list(_ classes: [String]) -> String {
    if classes.isEmpty { return "none" }
    return classes.map { Escaped($0, limit: 20).terminal }.joined(separator: " ")
  }

  private var classes: String {
    let more = agreement.unpredicted
    if more.isEmpty { return "agrees (seen must be within predicted)" }
    return "differs: \(list(more)) not predicted"
  }

  private func row(_ measure: AgreementMeasure) -> [String] {
    let shown = { (value: Double?) in
      guard let value else { return "-" }
      return measure.isTime ? style.duration(Nanoseconds(value)) : style.rate(value)
    }
    let name = measure.metric.split(separator: ".", maxSplits: 1).joined(separator: " ")
      .replacing("calm.", with: "calm ")
    return [name, shown(measure.model), shown(measure.real), change(measure)]
  }

  private func change(_ measure: AgreementMeasure) -> String {
    var text = "-"
    if let difference = measure.difference {
      text = style.percent(difference)
      if difference > 0, text.first?.isNumber == true { text = "+" + text }
    }
    guard let tolerance = measure.tolerance else { return text }
    let limit = style.percent(tolerance.value)
    switch measure.outcome {
    case .reported: return text
    case .within: return "\(text), within \(limit)"
    case .missed: return "\(text), MISSED: at most \(limit)"
    case .undecided: return "\(text), undecided: too few samples"
    }
  }

  private func table(_ rows: [[String]]) -> String {
    let widths = (0..<4).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      var line = padded(row[0], widths[0])
      for column in 1..<3 {
        line += "  " + String(repeating: " ", count: widths[column] - row[column].count)
        line += row[column]
      }
      return line + "  " + row[3]
    }.joined(separator: "\n") + "\n"
  }

  private var last: String {
    let costs = agreement.costs.map { "\($0.model) \($0.name)" }.joined(separator: ", ")
    switch agreement.code {
    case .holds: return "AGREES  costs of the model: \(costs)"
    case .violated: return "DIFFERS  " + reasons.joined(separator: "; ")
    case .missed:
      return "MISSED  " + missed.joined(separator: ", ") + "; costs of the model: \(costs)"
    case .inconclusive: return "INCONCLUSIVE  the evidence of one side does not decide"
    case .notUsable:
      return "NOT USABLE  " + Escaped(agreement.unusable, limit: 400).terminal
    default: return "INTERRUPTED  nothing can be said of runs that were not whole"
    }
  }

  private var reasons: [String] {
    var reasons: [String] = []
    if agreement.verdict == .differs { reasons.append("the verdicts") }
    for count in agreement.counts where !count.agrees {
      reasons.append("the count of \(Escaped(count.name, limit: 30).terminal)")
    }
    if !agreement.unpredicted.isEmpty {
      reasons.append("classes that the model did not show: \(list(agreement.unpredicted))")
    }
    return reasons
  }

  private var missed: [String] {
    agreement.measures.filter { $0.outcome == .missed }.map { measure in
      "\(measure.metric) is off by more than \(style.percent(measure.tolerance?.value ?? 0))"
    }
  }
}
