import Model
import Statistics

/// The document `summary.md`: the page without charts, for pull requests and archives. The same
/// order, numbers and words; what a chart would show stands as its caption. No HTML, no images.
public func renderSummaryMarkdown(_ result: RunResult) -> String {
  var page = MarkdownPage(findings: Findings(result, .page))
  page.verdict()
  if page.findings.showsMeasurements { page.latency() } else { page.harness() }
  page.thresholds()
  if page.findings.showsMeasurements {
    page.charts()
    page.stages()
  }
  page.anomalies()
  page.oracle()
  if page.findings.showsMeasurements { page.harness() }
  page.rest()
  return page.text
}

private struct MarkdownPage {
  let findings: Findings
  var text = ""

  var result: RunResult { findings.result }
  var style: NumberStyle { findings.style }

  init(findings: Findings) { self.findings = findings }

  mutating func line(_ line: String = "") { text += line + "\n" }

  /// Running text, with everything in it escaped.
  func words(_ text: String) -> String { Escaped(text, limit: 1_000).markdown }

  /// A key of the grammar as code; anything else as text.
  func code(_ key: String) -> String {
    let signs = "._-<>=% \u{2264}\u{2265}\u{A0}"
    let plain = key.allSatisfy { character in
      signs.contains(character) || (character.isASCII && (character.isLetter || character.isNumber))
    }
    return plain ? Escaped(key).markdownCode : words(key)
  }

  mutating func heading(_ title: String) {
    line()
    line("## " + title)
    line()
  }

  /// A table padded to its widest cells; columns of numbers are aligned to the right. Cells are
  /// Markdown already.
  mutating func table(_ head: [String], right: Set<Int> = [], _ rows: [[String]]) {
    let columns = head.indices.map { index in
      ([head] + rows).map { $0[index].count }.max() ?? 1
    }
    func row(_ cells: [String]) -> String {
      let parts = cells.indices.map { index in
        let gap = String(repeating: " ", count: columns[index] - cells[index].count)
        return right.contains(index) ? gap + cells[index] : cells[index] + gap
      }
      return "| " + parts.joined(separator: " | ") + " |"
    }
    // A table wider than 100 columns is written without padding.
    let width = columns.reduce(1) { $0 + $1 + 3 }
    let compact = { (cells: [String]) in "| " + cells.joined(separator: " | ") + " |" }
    line(width <= 100 ? row(head) : compact(head))
    line(
      "|"
        + head.indices.map { index in
          let dashes = String(repeating: "-", count: width <= 100 ? columns[index] + 1 : 3)
          return right.contains(index) ? dashes + ":" : ":" + dashes
        }.joined(separator: "|") + "|")
    for cells in rows { line(width <= 100 ? row(cells) : compact(cells)) }
  }

  private func sign(_ sign: Findings.Sign) -> String {
    switch sign {
    case .good: "\u{2713} "
    case .bad: "\u{2717} "
    case .open: "? "
    case .none: ""
    }
  }

  mutating func verdict() {
    line(
      "# \(sign(findings.sign))\(findings.word): "
        + words(result.outcome.sentence.capitalizedFirst))
    line()
    for judgement in [findings.correctness, findings.performance, findings.fitness] {
      let text = words(findings.signs(judgement.sentence))
      line("- \(sign(judgement.sign))**\(judgement.head).**" + (text.isEmpty ? "" : " " + text))
    }
    line()
    line("    " + Escaped(result.identity.command, limit: 2_000).terminal)
  }

  mutating func latency() {
    line()
    if result.outcome.saturated {
      line("The system is saturated: latency has no steady value.")
      return
    }
    let names = Findings.quantiles.filter { $0.name != "p90" }
    func row(_ name: String, _ histogram: LatencyHistogram) -> [String] {
      [name] + names.map { findings.text(findings.quantile(histogram, $0.over, $0.of)) } + [
        findings.text(findings.maximum(histogram))
      ]
    }
    var rows = [row("all", result.latency.all)]
    if findings.hasFaults { rows.append(row("outside faults", result.latency.calm)) }
    table(["latency"] + names.map(\.name) + ["max"], right: [1, 2, 3, 4], rows)
    line()
    for figure in findings.keyFigures.dropFirst(4) {
      let bad = figure.isBad ? "\u{2717} " : ""
      line("- \(figure.label): \(bad)\(words(figure.value)) (\(words(figure.note)))")
    }
  }

  mutating func thresholds() {
    heading("Thresholds")
    if result.thresholds.isEmpty {
      line("The scenario sets no limits.")
      return
    }
    table(
      ["threshold", "expected", "measured", "margin", "result"], right: [1, 2],
      findings.thresholds.map { threshold in
        let outcome =
          switch threshold.outcome {
          case .met: "\u{2713} met"
          case .missed: "\u{2717} missed"
          case .undecided: "? undecided: " + words(threshold.reason)
          case .notApplicable: "not applicable: " + words(threshold.reason)
          }
        return [
          code(threshold.metric), code(findings.spaced(threshold.expected)),
          words(findings.signs(threshold.measured)), words(findings.signs(threshold.margin)),
          outcome,
        ]
      })
  }

  mutating func charts() {
    heading("Latency, rate and backlog")
    if !result.outcome.saturated { line("- " + words(findings.percentileCaption)) }
    line("- " + words(findings.heatCaption))
    line("- " + words(findings.rateCaption))
    line("- " + words(findings.backlogCaption))
    if findings.hasFaults {
      line()
      table(
        ["fault", "from", "for", "stall", "peak backlog", "caught up after start"],
        right: [1, 2, 3, 4, 5],
        result.faults.map { fault in
          [
            words("\(fault.letter) \(fault.text)"), style.instant(fault.start),
            style.duration(fault.duration), style.duration(fault.stall),
            style.count(fault.peakBacklog),
            fault.caughtUpAfterStart.map { style.duration($0) } ?? "never",
          ]
        })
    }
  }

  mutating func stages() {
    if result.latency.stages.isEmpty { return }
    heading("Stages")
    line(words(findings.stageCaption))
    line()
    table(
      ["stage", "p50", "p99", "max"], right: [1, 2, 3],
      result.latency.stages.map { stage in
        [
          words(stage.name), findings.text(findings.quantile(stage.histogram, 50, 100)),
          findings.text(findings.quantile(stage.histogram, 99, 100)),
          findings.text(findings.maximum(stage.histogram)),
        ]
      })
  }

  mutating func anomalies() {
    heading("Anomalies")
    line(words(findings.classSentence.capitalizedFirst) + ".")
    for anomaly in result.anomalies.found {
      line()
      let state = anomaly.permitted ? "permitted" : "\u{2717} not permitted"
      line(
        "### \(words("\(anomaly.id) \(anomaly.name)")), \(style.count(anomaly.count)) "
          + "\(plural(anomaly.count, "time", "times")), \(state)")
      line()
      let reason = words(anomaly.reason.capitalizedFirst)
      line("\(words(anomaly.definition.capitalizedFirst)). \(reason)")
      guard let witness = anomaly.witnesses.first, !anomaly.permitted else { continue }
      line()
      for (index, step) in witness.story.prefix(8).enumerated() {
        let at = style.instant(step.at.ns - findings.warmUp, decimals: 3)
        line("\(index + 1). \(at): \(words(step.sentence)) (entry \(style.count(step.entry)))")
      }
      line()
      line("**\(words(witness.conclusion))**")
    }
  }

  mutating func oracle() {
    heading("Oracle")
    let oracle = result.oracle
    table(
      ["output", "due", "found", "missing", "extra", "different"], right: [1, 2, 3, 4, 5],
      [
        [
          words(result.identity.resultNoun), style.count(oracle.due), style.count(oracle.found),
          style.count(oracle.missing), style.count(oracle.extra), style.count(oracle.different),
        ]
      ])
    if !oracle.ledger.isEmpty {
      line()
      table(
        ["where events ended", "events"], right: [1],
        oracle.ledger.map { [words($0.name), style.count($0.count)] })
    }
  }

  mutating func harness() {
    heading("Harness")
    line("- " + words(findings.signs(findings.fitness.text).capitalizedFirst))
    for check in result.harness.checks {
      let state = check.fit ? "\u{2713}" : "\u{2717}"
      line("- \(state) \(words(check.name)): \(words(findings.signs(check.found)))")
    }
    line(
      "- History: \(style.count(result.harness.historyEntries)) entries, hash "
        + "`\(result.identity.historyHash.text)`")
  }

  mutating func rest() {
    heading("Cost")
    if let total = findings.perMillion(findings.busy), !result.cost.parts.isEmpty {
      let parts = result.cost.parts.map {
        "\($0.name) \(style.three(findings.perMillion($0.busy) ?? 0))"
      }
      line(
        "\(style.three(total)) CPU-s per million events, \(words(result.cost.basis)): "
          + words(parts.joined(separator: ", ")) + ".")
    } else {
      line("No cost was recorded.")
    }
    heading("Environment")
    if result.environment.isEmpty { line("Nothing was recorded.") }
    for fact in result.environment { line("- \(words(fact.name)): \(words(fact.value))") }
    heading("Files")
    line(
      "`report.html`, `result.json`, `junit.xml`, `latency.hlog`, `metrics.prom`, "
        + "`scenario.yaml`, `history.weir`")
  }
}
