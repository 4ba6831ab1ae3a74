import Model
import Statistics

/// The summary for the terminal: ASCII, at most `width` columns (60 to 120), words instead of
/// signs, the order and the numbers of the page. It ends in a line feed.
///
/// - Parameters:
///   - folder: Where the run folder is, for the FILES line; nil when nothing was written.
///   - color: Whether status words may be coloured; they say the same without.
public func renderTerminalSummary(
  _ result: RunResult, folder: String?, width: Int, color: Bool
) -> String {
  var page = TerminalPage(width: min(max(width, 60), 120), color: color)
  let findings = Findings(result, .plain)
  page.verdict(findings)
  if findings.showsMeasurements {
    page.latency(findings)
    page.rates(findings)
    page.recovery(findings)
  }
  page.otherLimits(findings)
  page.anomalies(findings)
  page.rest(findings, folder: folder)
  return page.text
}

/// What the machine spent, for standard error: it differs between repetitions of one run.
public func usageLine(_ result: RunResult) -> String {
  let style = NumberStyle.plain
  let usage = result.usage
  var line = "took \(style.duration(usage.wall)), "
  line += "\(style.three(Double(usage.cpu) / 1e9)) CPU-s, \(style.bytes(usage.peakMemory))"
  if result.identity.clock != .live, usage.wall > 0 {
    let factor = Double(usage.simulated) / Double(usage.wall)
    line += "; \(style.three(Double(usage.simulated) / 1e9)) simulated s"
    line += ", \(style.three(factor)) times real time"
  }
  return line
}

/// Lines of text with columns.
private struct TerminalPage {
  let width: Int
  let color: Bool
  var text = ""
  private static let limitColumn = 74
  private static let resultColumn = 91

  init(width: Int, color: Bool) {
    self.width = width
    self.color = color
  }

  mutating func line(_ line: String) {
    var end = line[...]
    while end.last == " " { end.removeLast() }
    text += end + "\n"
  }

  /// Breaks at spaces; further lines start at `hang`. A word longer than a line stays whole.
  mutating func wrapped(_ start: String, _ words: String, hang: Int) {
    var current = start
    var empty = true
    for word in words.split(separator: " ") {
      if !empty && current.count + 1 + word.count > width {
        line(current)
        current = String(repeating: " ", count: hang)
        empty = true
      }
      current += (empty ? "" : " ") + word
      empty = false
    }
    line(current)
  }

  func paint(_ word: String, _ sign: Findings.Sign) -> String {
    if !color { return word }
    switch sign {
    case .good: return "\u{1B}[32m\(word)\u{1B}[0m"
    case .bad: return "\u{1B}[31m\(word)\u{1B}[0m"
    case .open: return "\u{1B}[33m\(word)\u{1B}[0m"
    case .none: return word
    }
  }

  mutating func verdict(_ findings: Findings) {
    let sentence = Escaped(findings.result.outcome.sentence, limit: 1_000).terminal
    let before = text.count
    wrapped(findings.word + "  ", sentence, hang: 2)
    if color {
      text =
        String(text.prefix(before)) + paint(findings.word, findings.sign)
        + text.dropFirst(before + findings.word.count)
    }
    for (name, judgement) in [
      ("correctness", findings.correctness), ("performance", findings.performance),
      ("harness", findings.fitness),
    ] {
      var words = Escaped(judgement.text, limit: 2_000).terminal
      if judgement.word == "VIOLATED", let first = findings.notPermitted.first {
        let id = Escaped(first.id, limit: 20).terminal
        words += ": weir verify \(findings.run) --explain \(id)/1"
      }
      let mark = padded(judgement.word, 8)
      let at = text.count
      wrapped("  " + padded(name, 12) + " " + mark + " ", words, hang: 24)
      if color {
        text =
          String(text.prefix(at + 15)) + paint(judgement.word, judgement.sign)
          + text.dropFirst(at + 15 + judgement.word.count)
      }
    }
    line("")
  }

  /// The end of a row: a limit, and how it was held.
  mutating func row(
    _ start: String, limits: [(String, ThresholdResult)], at limitColumn: Int = limitColumn
  ) {
    var row = start
    for (shown, threshold) in limits {
      var column = limitColumn
      if row.count + 2 > column {
        line(row)
        row = ""
      }
      row = padded(row, column) + shown
      column = max(TerminalPage.resultColumn, row.count + 2)
      let (word, sign) = held(threshold)
      row = padded(row, column)
      if row.count + word.count > width { row = squeezed(row, limitColumn) }
      line(row + (color ? paint(word, sign) : word))
      row = ""
    }
    if limits.isEmpty { line(row) }
  }

  /// On a narrow terminal the limit goes to a line of its own.
  private mutating func squeezed(_ row: String, _ limitAt: Int) -> String {
    if row.count > limitAt {
      line(String(row.prefix(limitAt)))
      let limit = row.dropFirst(limitAt).split(separator: " ").joined(separator: " ")
      return "      " + padded(limit, 22) + " "
    }
    return row
  }

  func held(_ threshold: ThresholdResult) -> (String, Findings.Sign) {
    let margin = Escaped(threshold.margin).terminal
    let reason = Escaped(threshold.reason).terminal
    let tail = { (text: String) in text.isEmpty ? "" : ", " + text }
    return switch threshold.outcome {
    case .met: ("ok" + tail(margin), .good)
    case .missed: ("MISSED" + tail(margin), .bad)
    case .undecided: ("OPEN" + tail(reason), .open)
    case .notApplicable: ("-" + tail(reason), .none)
    }
  }

  mutating func latency(_ findings: Findings) {
    let result = findings.result
    let all = result.latency.all
    if result.outcome.saturated {
      let growth = result.rates.backlogGrowth
      let rate = findings.style.rate(growth * result.rates.offered)
      wrapped(
        "LATENCY  ",
        "no steady value: the system is saturated, the backlog grew by \(rate) "
          + "(\(findings.style.percent(growth)) of offered)", hang: 9)
      return
    }
    let noun = Escaped(result.identity.resultNoun).terminal
    wrapped(
      "LATENCY  ",
      "intended instant to visible; \(findings.style.count(all.count)) "
        + "\(noun) of the measure phase", hang: 9)
    if all.count == 0 && all.notPositive == 0 {
      line("  nothing was measured")
      return
    }
    let names = Findings.quantiles.map(\.name) + ["max"]
    line(padded("", 19) + names.map { right($0, 10) }.joined())
    quantiles("all", all, prefix: "latency.", findings)
    if findings.hasFaults {
      quantiles("outside faults", result.latency.calm, prefix: "latency.calm.", findings)
    }
    if all.notPositive > 0 {
      let reason = Escaped(result.latency.notPositiveReason, limit: 1_000).terminal
      wrapped(
        "  ", "zero or negative: \(findings.style.count(all.notPositive)); \(reason)", hang: 4)
    }
  }

  private mutating func quantiles(
    _ name: String, _ histogram: LatencyHistogram, prefix: String, _ findings: Findings
  ) {
    var row = padded("  " + name, 19)
    for quantile in Findings.quantiles {
      row += right(findings.text(findings.quantile(histogram, quantile.over, quantile.of)), 10)
    }
    row += right(findings.text(findings.maximum(histogram)), 10)
    let calm = "latency.calm."
    let limits = findings.thresholds.filter {
      $0.metric.hasPrefix(prefix) && (prefix == calm || !$0.metric.hasPrefix(calm))
    }.map {
      let metric = String($0.metric.dropFirst(prefix.count))
      return (Escaped(metric + " " + findings.spaced($0.expected)).terminal, $0)
    }
    self.row(row, limits: limits)
  }

  mutating func rates(_ findings: Findings) {
    let rates = findings.result.rates
    let style = findings.style
    line("RATES")
    let shape = Escaped(rates.shape).terminal
    line("  " + padded("offered", 11) + right(style.rate(rates.offered), 16) + "    " + shape)
    let share = findings.achievedShare.map { style.percent($0) + " of offered" } ?? ""
    row(
      "  " + padded("achieved", 11) + right(style.rate(rates.achieved), 16) + "    " + share,
      limits: limits(findings, ["throughput"], drop: true))
    var backlog = "max \(style.count(rates.backlogMaximum))"
    if rates.backlogMaximum > 0 { backlog += " at \(when(rates.backlogMaximumAt, style))" }
    backlog += ", end \(style.count(rates.backlogEnd))"
    backlog += ", growth \(style.percent(rates.backlogGrowth))"
    row(
      "  " + padded("backlog", 13) + backlog,
      limits: limits(findings, ["backlog.end", "backlog.growth", "backlog.max"], drop: false))
  }

  private func limits(
    _ findings: Findings, _ metrics: [String], drop: Bool
  ) -> [(String, ThresholdResult)] {
    findings.thresholds.filter { metrics.contains($0.metric) }.map {
      let expected = findings.spaced($0.expected)
      let last = $0.metric.split(separator: ".").last.map(String.init) ?? $0.metric
      return (Escaped(drop ? expected : last + " " + expected).terminal, $0)
    }
  }

  private func when(_ instant: Nanoseconds, _ style: NumberStyle) -> String {
    if abs(instant) >= .minute { return style.instant(instant) }
    return style.decimal(Double(instant / 100_000_000) / 10, 1) + " s"
  }

  mutating func recovery(_ findings: Findings) {
    let faults = findings.result.faults
    let recovery = limits(findings, ["recovery"], drop: true)
    if faults.isEmpty {
      for limit in recovery { row("RECOVERY  no faults", limits: [limit]) }
      return
    }
    line(
      padded("RECOVERY", 38) + right("from", 6) + right("for", 9) + right("peak backlog", 15)
        + "   caught up after its start")
    let slowest = faults.firstIndex { $0.letter == findings.slowestFault?.letter }
    for (index, fault) in faults.prefix(12).enumerated() {
      let style = findings.style
      var name = "  " + padded(Escaped(fault.letter).terminal, 3)
      name += Escaped(fault.text, limit: 60).terminal
      if !fault.confirmed { name += " (not confirmed)" }
      if name.count > 37 {
        line(name)
        name = ""
      }
      let caught = fault.caughtUpAfterStart.map { style.duration($0) } ?? "never"
      let start =
        padded(name, 35) + right(when(fault.start, style), 9)
        + right(style.duration(fault.duration), 9)
        + right(style.count(fault.peakBacklog), 15) + "   " + caught
      // The limit holds for the slowest fault, so it stands beside that one.
      row(start, limits: index == slowest ? recovery : [], at: 80)
    }
    if faults.count > 12 { line("  and \(faults.count - 12) more faults in the report") }
  }

  /// Limits that have no row of their own above.
  mutating func otherLimits(_ findings: Findings) {
    let shown = ["throughput", "recovery", "backlog.end", "backlog.growth", "backlog.max"]
    let all = findings.thresholds.filter {
      !findings.showsMeasurements
        || (!shown.contains($0.metric)
          && (!$0.metric.hasPrefix("latency.") || findings.result.outcome.saturated))
    }
    if all.isEmpty { return }
    line("LIMITS")
    for threshold in all {
      let name = Escaped(threshold.metric).terminal
      let measured = Escaped(threshold.measured).terminal
      row(
        "  " + padded(name, 26) + " " + measured,
        limits: [(Escaped(findings.spaced(threshold.expected)).terminal, threshold)])
    }
  }

  mutating func anomalies(_ findings: Findings) {
    let found = findings.result.anomalies.found
    line("ANOMALIES" + (found.isEmpty ? "  none found" : ""))
    for anomaly in found {
      let id = Escaped("\(anomaly.id) \(anomaly.name)").terminal
      let reason = anomaly.reason.isEmpty ? anomaly.definition : anomaly.reason
      let count = findings.style.count(anomaly.count)
      let start =
        "  " + padded(anomaly.permitted ? "permitted" : "VIOLATED", 10) + " " + padded(id, 20)
        + right(count, 10) + "  "
      wrapped(start, Escaped(reason, limit: 1_000).terminal, hang: 45)
      if let conclusion = anomaly.witnesses.first?.conclusion, !anomaly.permitted {
        wrapped(
          padded("", 13), Escaped(conclusion, limit: 1_000).terminal, hang: 13)
        let id = Escaped(anomaly.id, limit: 20).terminal
        line(padded("", 13) + "weir verify \(findings.run) --explain \(id)/1")
      }
    }
  }

  mutating func rest(_ findings: Findings, folder: String?) {
    let style = findings.style
    let cost = findings.result.cost
    if let total = findings.perMillion(findings.busy), !cost.parts.isEmpty {
      let noun = Escaped(findings.result.identity.eventNoun).terminal
      let parts = cost.parts.map {
        Escaped($0.name).terminal + " " + style.three(findings.perMillion($0.busy) ?? 0)
      }
      wrapped(
        padded("COST, " + Escaped(cost.basis).terminal, 37) + " ",
        "\(style.three(total)) CPU-s per million \(noun): " + parts.joined(separator: ", "),
        hang: 38)
    }
    let harness = findings.result.harness
    wrapped(
      padded("HARNESS", 38),
      "\(style.count(harness.historyEntries)) history entries, history hash "
        + findings.result.identity.historyHash.text, hang: 38)
    if let folder {
      let path = Escaped(folder, limit: 1_000).terminal
      line("FILES  \(path)/report.html, and result.json summary.md junit.xml ...")
    }
    let again =
      findings.result.identity.clock == .live
      ? Escaped(findings.result.identity.command, limit: 2_000).terminal
      : "weir replay \(findings.run)"
    line("AGAIN  \(again)")
  }
}

/// Left-aligned in at least `width` columns.
func padded(_ text: String, _ width: Int) -> String {
  text + String(repeating: " ", count: max(0, width - text.count))
}

/// Right-aligned in `width` columns, with one space before it if it is too long.
func right(_ text: String, _ width: Int) -> String {
  text.count < width ? String(repeating: " ", count: width - text.count) + text : " " + text
}
