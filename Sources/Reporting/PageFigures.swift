import Model
import Statistics

/// One of the key figures.
struct KeyFigure {
  var label: String
  var value: String
  var note: String
  var isBad = false
}

extension Findings {
  /// How good, in twelve numbers.
  var keyFigures: [KeyFigure] {
    latencyFigures + [
      KeyFigure(
        label: "Offered", value: events(result.rates.offered), note: result.rates.shape),
      KeyFigure(
        label: "Achieved", value: events(result.rates.achieved),
        note: achievedShare.map { style.percent($0) + " of offered" } ?? "nothing was offered"),
      recoveryFigure, costFigure,
    ] + resultFigures
  }

  private func events(_ rate: Double) -> String {
    let text = style.rate(rate).dropLast(2)
    return text + (style == .page ? "\u{A0}" : " ") + "events/s"
  }

  private var latencyFigures: [KeyFigure] {
    if result.outcome.saturated {
      let growth = result.rates.backlogGrowth
      return [
        KeyFigure(
          label: "Latency", value: style.none, note: "no steady value: saturated"),
        KeyFigure(
          label: "Backlog growth", value: events(growth * result.rates.offered),
          note: style.percent(growth) + " of the offered rate", isBad: true),
        KeyFigure(
          label: "Backlog, most", value: style.count(result.rates.backlogMaximum),
          note: "at " + style.instant(result.rates.backlogMaximumAt)),
        KeyFigure(
          label: "Backlog at the end", value: style.count(result.rates.backlogEnd),
          note: "after the drain"),
      ]
    }
    let all = result.latency.all
    let wanted = Findings.quantiles.filter { $0.name != "p90" }
    var figures = wanted.map { name, key, over, of in
      KeyFigure(
        label: "Latency \(name)", value: text(quantile(all, over, of)),
        note: latencyNote(key, over, of))
    }
    let calm = maximum(result.latency.calm)
    figures.append(
      KeyFigure(
        label: "Latency max", value: text(maximum(all)),
        note: all.count == 0
          ? "nothing was measured"
          : hasFaults ? text(calm) + " outside faults" : limitNote("max")))
    return figures
  }

  private func latencyNote(_ key: String, _ over: UInt64, _ of: UInt64) -> String {
    let all = result.latency.all
    if !all.supports(over, of) {
      let needed = 10 * of / (of - over)
      return "needs \(style.count(needed)), has \(style.count(all.count))"
    }
    if !hasFaults { return limitNote(key) }
    guard let calm = quantile(result.latency.calm, over, of) else {
      return "too few outside faults"
    }
    return style.duration(calm) + " outside faults"
  }

  private func limitNote(_ key: String) -> String {
    let limit = result.thresholds.first {
      $0.metric == "latency.\(key)" || $0.metric == "latency.calm.\(key)"
    }
    return limit.map { "limit " + spaced($0.expected) } ?? ""
  }

  private var recoveryFigure: KeyFigure {
    let label = "Recovery, slowest fault"
    guard let slowest = slowestFault else {
      return KeyFigure(label: label, value: style.none, note: "no faults in this run")
    }
    guard let time = slowest.caughtUpAfterStart else {
      return KeyFigure(
        label: label, value: style.none, note: "\(slowest.letter) was not recovered from",
        isBad: true)
    }
    var note = "from the start of \(slowest.letter)"
    let other = result.faults.first { $0.letter != slowest.letter }
    if result.faults.count == 2, let other {
      note += "; \(other.letter) \(text(other.caughtUpAfterStart))"
    }
    return KeyFigure(label: label, value: style.duration(time), note: note)
  }

  private var costFigure: KeyFigure {
    let label = "Cost per million events"
    guard let total = perMillion(busy), !result.cost.parts.isEmpty else {
      return KeyFigure(label: label, value: style.none, note: "no cost was recorded")
    }
    let gap = style == .page ? "\u{A0}" : " "
    return KeyFigure(
      label: label, value: style.three(total) + gap + "CPU-s", note: result.cost.basis)
  }

  private var resultFigures: [KeyFigure] {
    let oracle = result.oracle
    let results = "of \(style.count(oracle.due)) \(result.identity.resultNoun) due"
    let judged = oracle.due > 0 || oracle.found > 0 || oracle.extra > 0
    let lost = KeyFigure(
      label: "Lost", value: judged ? style.count(oracle.missing) : style.none,
      note: judged ? results : "nothing was due", isBad: oracle.missing > 0)
    return [
      lost, counted("Duplicated", ["S2"], results), counted("Reordered", ["L14", "S7"], "per key"),
      unknownFigure,
    ]
  }

  private func counted(_ label: String, _ ids: [String], _ note: String) -> KeyFigure {
    let (count, violated, reason) = seen(ids)
    return KeyFigure(
      label: label, value: count.map { style.count($0) } ?? style.none,
      note: count == nil ? reason : note, isBad: violated)
  }

  private var unknownFigure: KeyFigure {
    let label = "Outcome unknown"
    guard let entry = result.oracle.ledger.first(where: { $0.name.contains("unknown") }) else {
      return KeyFigure(label: label, value: style.none, note: "not in the ledger")
    }
    return KeyFigure(
      label: label, value: style.count(entry.count),
      note: "of \(style.count(result.usage.events)) \(result.identity.eventNoun)")
  }

  /// A threshold's metric in words.
  func words(_ metric: String) -> String {
    switch metric {
    case "exactly_once": return "Exactly once, end to end"
    case "recovery": return "Recovery, slowest fault"
    case "throughput": return "Throughput of offered"
    case "backlog.end": return "Backlog at the end of the drain"
    case "backlog.growth": return "Growth of the backlog"
    case "backlog.max": return "Greatest backlog"
    default: break
    }
    let parts = metric.split(separator: ".").map(String.init)
    guard parts.first == "latency", let last = parts.last, parts.count >= 2 else { return metric }
    let name = last == "max" ? "maximum" : last == "p999" ? "p99.9" : last
    if parts.count == 2 { return "Latency \(name)" + (hasFaults ? ", faults included" : "") }
    if parts[1] == "calm" { return "Latency \(name), outside faults" }
    return "Latency \(name), stage \(parts[1])"
  }
}

extension Page {
  var figures: Section {
    let identity = result.identity
    let measured = result.latency.all.count + result.latency.all.notPositive
    let count: Markup =
      measured == 0
      ? "Nothing was measured."
      : """
      \(style.count(measured)) \(identity.resultNoun) in \(style.chosen(result.rates.measured))\
      \(findings.hasFaults ? ", faults included" : "").
      """
    let lead: Markup = """
      <p>Latency runs from the intended send instant to \(identity.resultNoun) being visible at \
      the sink. \(count)</p>
      """
    let items = Markup(findings.keyFigures.map(figure))
    if findings.showsMeasurements {
      return Section("figures", "Key figures", lead, "<dl class=\"figs\">\(items)</dl>\n")
    }
    return Section(
      "figures", "Key figures", "<p>The harness was not fit: these figures say nothing.</p>",
      """
      <details><summary>Measured, not to be used</summary><dl class="figs small">\(items)</dl>\
      </details>

      """)
  }

  private func figure(_ figure: KeyFigure) -> Markup {
    // The number large, its unit small: they part at the no-break space.
    let parts = figure.value.split(separator: "\u{A0}", maxSplits: 1).map(String.init)
    let unit: Markup = parts.count > 1 ? " <span>\(parts[1])</span>" : ""
    let bad: Markup = figure.isBad ? " fail" : ""
    let sign: Markup = figure.isBad ? "\u{2717} " : ""
    return """
      <div><dt>\(figure.label)</dt><dd class="n\(bad)">\(sign)\(parts.first ?? "")\(unit)</dd>\
      <dd class="s">\(Escaped(figure.note))</dd></div>
      """
  }

  var thresholds: Section {
    if result.thresholds.isEmpty {
      return Section(
        "thresholds", "Thresholds", "<p>What the scenario expects.</p>",
        "<p>The scenario sets no limits: nothing was missed, and nothing was promised.</p>\n")
    }
    let heads = Markup(
      [
        ("threshold", false), ("expected", true), ("measured", true), ("margin", false),
        ("result", false),
      ].map { title, right in
        let kind: Markup = right ? " class=\"r\"" : ""
        return "<th role=\"columnheader\" scope=\"col\"\(kind)>\(title)</th>"
      })
    let rows = Markup(findings.thresholds.map(row))
    let calm: Markup =
      findings.hasFaults
      ? """
      \u{201C}Outside faults\u{201D} leaves out each fault and its recovery. Recovery runs from \
      the start of a fault to the backlog of before it.
      """ : ""
    return Section(
      "thresholds", "Thresholds", "<p>What the scenario expects, failures first.</p>",
      """
      <div class="scroll" tabindex="0" role="region" aria-label="Thresholds"><table role="table" \
      class="cards"><caption class="vh">Thresholds</caption><thead role="rowgroup"><tr role="row">\
      \(heads)</tr></thead><tbody role="rowgroup">
      \(rows)</tbody></table></div>
      <p class="note">\(calm) The bar shows how much of the limit was used.</p>

      """)
  }

  private func row(_ threshold: ThresholdResult) -> Markup {
    let missed = threshold.outcome == .missed
    let kind: Markup = missed ? " class=\"bad\"" : ""
    let state =
      switch threshold.outcome {
      case .met: status(.good, "met")
      case .missed: status(.bad, "missed")
      case .undecided: status(.open, "undecided")
      case .notApplicable: status(.none, "not applicable")
      }
    let margin = findings.signs(threshold.margin)
    let bar: Markup =
      threshold.share.map { share in
        let over: Markup = missed ? " class=\"over\"" : ""
        let width = min(max(share, 0), 1) * 100
        return """
          <span class="bar" aria-hidden="true"><i\(over) style="width:\(width, 0)%"></i></span>
          """
      } ?? ""
    let reason: Markup =
      threshold.reason.isEmpty ? "" : "<small>\(Escaped(threshold.reason, limit: 400))</small>"
    return """
      <tr role="row"\(kind)><th role="rowheader" scope="row">\(findings.words(threshold.metric))\
      <small><code>\(Escaped(threshold.metric))</code></small></th><td class="r" role="cell" \
      data-l="expected">\(Escaped(findings.spaced(threshold.expected)))</td><td class="r wr" \
      role="cell" data-l="measured"><span>\(Escaped(findings.signs(threshold.measured)))\
      \(reason)</span></td><td class="w" role="cell" data-l="margin"><span>\(bar)\
      \(Escaped(margin.isEmpty ? style.none : margin))</span></td><td role="cell">\(state)</td></tr>

      """
  }
}
