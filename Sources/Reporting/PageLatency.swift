import Model
import Statistics

extension Page {
  var percentiles: Section? {
    if result.outcome.saturated { return nil }
    guard let chart = PercentileChart(findings: findings).figure() else {
      let under = result.latency.all.notPositive
      let words: Markup =
        under > 0
        ? """
        <p>All \(style.count(under)) latencies are zero or negative: \
        \(result.latency.notPositiveReason)</p>

        """
        : """
        <p>No \(result.identity.resultNoun) became visible in the measure phase: there is nothing \
        to draw.</p>

        """
      return Section("percentiles", "Percentiles", heading: "Latency by percentile", "", words)
    }
    let lead: Markup = """
      <p>Every division to the right adds a nine. The shaded wait is what a tool leaves out when \
      it starts its clock only once the client lets it send.</p>
      """
    return Section(
      "percentiles", "Percentiles", heading: "Latency by percentile", lead,
      "<div class=\"pair\">\(chart.markup)<div>\(percentileTable)</div></div>\n")
  }

  private var percentileTable: Markup {
    let latency = result.latency
    var columns: [(String, LatencyHistogram)] = [("intended", latency.all)]
    if latency.fromActualSend.count > 0 { columns.append(("actual send", latency.fromActualSend)) }
    if findings.hasFaults { columns.append(("outside faults", latency.calm)) }
    var rows = (Findings.quantiles + [("p99.99", "p9999", 9_999, 10_000)]).map {
      name, _, over, of in
      let needed = 10 * of / (of - over)
      let short: Markup =
        latency.all.supports(over, of)
        ? "" : "<small>needs \(NumberStyle.page.short(needed))</small>"
      return Table.Row(
        cells: ["\(name)\(short)"]
          + columns.map { "\(findings.text(findings.quantile($0.1, over, of)))" })
    }
    rows.append(
      Table.Row(cells: ["max"] + columns.map { "\(findings.text(findings.maximum($0.1)))" }))
    rows.append(
      Table.Row(
        cells: ["\(Escaped(result.identity.resultNoun, limit: 40))"]
          + columns.map { "\(style.count($0.1.count))" }))
    if latency.all.notPositive > 0 {
      rows.append(
        Table.Row(
          cells: ["zero or negative"] + columns.map { "\(style.count($0.1.notPositive))" }))
    }
    let table = Table(
      name: "Latency percentiles",
      columns: [.words("")] + columns.map { .number("\($0.0)") }, rows: rows)
    let why: Markup =
      latency.all.notPositive > 0
      ? "<p class=\"note\">Zero or negative: \(latency.notPositiveReason)</p>" : ""
    return table.markup + why
  }

  var time: Section? {
    guard let frame, let bins,
      let chart = HeatMap(findings: findings, frame: frame, bins: bins).figure()
    else { return nil }
    var lead = Markup()
    if findings.hasFaults {
      lead += "<p>The same faults mark every time chart:</p>"
      let told = result.faults.count > 8 ? 3 : 8
      for fault in result.faults.prefix(told) {
        let drawn: Markup = fault.drawn ? ", drawn from the seed" : ""
        lead += """
          <p><span class="faultkey">\(Escaped(fault.letter, limit: 4))</span> \
          \(style.instant(fault.start)) \(Escaped(fault.text)), \
          for \(style.chosen(fault.duration))\(drawn).</p>
          """
      }
      if result.faults.count > told {
        lead += "<p>and \(result.faults.count - told) more, in the recovery table.</p>"
      }
    }
    lead += "<p>0:00 is the start of the measure phase. Hatched: not counted.</p>"
    return Section("time", "Latency over time", lead, chart.markup)
  }

  var rate: Section? {
    guard let frame, let bins else { return nil }
    let charts = RateCharts(findings: findings, frame: frame, bins: bins)
    let open = result.rates.shape.hasPrefix("open")
    let openLoop: Markup =
      open
      ? """
       It does not wait for the system: what cannot be taken at once becomes backlog.
      """ : ""
    let lead: Markup = """
      <p>The load is \(Escaped(result.rates.shape)).\(openLoop)</p>
      """
    var body = charts.rates().markup + charts.backlog().markup
    if findings.hasFaults { body += recoveryTable }
    body += numbers(frame, bins)
    return Section("rate", "Rate and backlog", lead, body)
  }

  private var recoveryTable: Markup {
    let rows = result.faults.map { fault in
      var note: Markup = ""
      if fault.drawn { note += "<small>drawn from the seed</small>" }
      if !fault.confirmed { note += "<small>\(status(.open, "not confirmed"))</small>" }
      if !fault.healed { note += "<small>\(status(.open, "not healed"))</small>" }
      let after =
        fault.recoveredAfterEnd.map { $0 <= 0 ? "before it" : style.duration($0) } ?? "never"
      return Table.Row(cells: [
        """
        <span class="faultkey">\(Escaped(fault.letter, limit: 4))</span> \
        \(Escaped(fault.text))\(note)
        """,
        "\(style.instant(fault.start))", "\(style.chosen(fault.duration))",
        "\(style.duration(fault.stall))", "\(style.count(fault.peakBacklog))",
        "\(fault.caughtUpAfterStart.map { style.duration($0) } ?? "never")", "\(after)",
      ])
    }
    let table = Table(
      name: "Recovery per fault",
      columns: [
        .words("fault"), .number("from"), .number("for"), .number("no progress"),
        .number("peak backlog"), .number("caught up<br>after its start"),
        .number("recovered<br>after its end"),
      ], rows: rows)
    return """
      <h3>Recovery</h3>\(table.markup)<p class="note">Caught up and recovered: the backlog is back \
      to its level before the fault.</p>

      """
  }

  /// Everything in the charts as numbers, folded away: at most 40 rows.
  private func numbers(_ frame: TimeFrame, _ bins: TimeBins) -> Markup {
    let group = max(1, (bins.columns.count + 39) / 40)
    let step = frame.axis.bin * Nanoseconds(group)
    var rows: [Table.Row] = []
    for first in stride(from: 0, to: bins.columns.count, by: group) {
      let part = bins.columns[first..<min(first + group, bins.columns.count)]
      var latency = LatencyHistogram()
      for column in part { latency.merge(column.latency) }
      let seconds = part.reduce(0) { $0 + $1.seconds }
      let rate = { (count: (TimeBins.Column) -> UInt64) -> Markup in
        let sum = part.reduce(0) { $0 + count($1) }
        return "\(style.count(UInt64(seconds > 0 ? halfToEven(Double(sum) / seconds) : 0)))"
      }
      let from = frame.axis.start + Nanoseconds(first) * frame.axis.bin
      rows.append(
        Table.Row(cells: [
          "\(style.instant(from, decimals: step < .second ? 3 : 0))", rate(\.offered),
          rate(\.acknowledged), rate(\.through),
          "\(style.count(part.map(\.waiting).max() ?? 0))",
          "\(findings.text(findings.quantile(latency, 50, 100)))",
          "\(findings.text(findings.quantile(latency, 99, 100)))",
          "\(findings.text(findings.maximum(latency)))",
        ]))
    }
    let table = Table(
      name: "Time series",
      columns: [
        .words("from"), .number("offered/s"), .number("acknowledged/s"), .number("read/s"),
        .number("backlog max"), .number("p50"), .number("p99"), .number("max"),
      ], rows: rows)
    return """
      <details><summary>The numbers behind the time charts, every \(style.chosen(step))\
      </summary>\(table.markup)</details>

      """
  }

  var stages: Section? {
    let stages = result.latency.stages.filter { $0.histogram.count > 0 }
    if stages.isEmpty { return nil }
    let charts = StageCharts(findings: findings, frame: frame)
    let rows = result.latency.stages.map { stage in
      Table.Row(
        cells: ["\(Escaped(stage.name))<small>\(Escaped(stage.meaning))</small>"]
          + stageCells(stage.histogram)
          + (hasCalmStages ? stageCells(stage.calm, short: true) : []))
    }
    var sum: [Markup] = ["intended \u{2192} visible"] + stageCells(result.latency.all)
    if hasCalmStages { sum += stageCells(result.latency.calm, short: true) }
    var columns: [Table.Column] = [.words("stage")]
    columns += ["p50", "p90", "p99", "p99.9", "max"].map { .number("\($0)") }
    if hasCalmStages {
      columns += ["p50", "p99"].map { .number("\($0)<br>outside faults") }
    }
    let table = Table(
      name: "Latency per stage",
      caption: """
        Percentiles of the stages do not add up to those of the whole: different \
        \(Escaped(result.identity.resultNoun, limit: 40)) are slow in different stages.
        """,
      columns: columns, rows: rows + [Table.Row(cells: sum, kind: "sum")])
    return Section(
      "stages", "Stages",
      """
      <p>Instants on one clock cut each latency into stages, so a stall shows where the event was \
      standing.</p>
      """,
      charts.shares() + charts.panels() + "<h3>Percentiles per stage</h3>" + table.markup)
  }

  private var hasCalmStages: Bool {
    findings.hasFaults && result.latency.stages.contains { $0.calm.count > 0 }
  }

  private func stageCells(_ histogram: LatencyHistogram, short: Bool = false) -> [Markup] {
    let names = short ? ["p50", "p99"] : ["p50", "p90", "p99", "p99.9"]
    var cells: [Markup] = Findings.quantiles.filter { names.contains($0.name) }.map {
      "\(findings.text(findings.quantile(histogram, $0.over, $0.of)))"
    }
    if !short { cells.append("\(findings.text(findings.maximum(histogram)))") }
    return cells
  }
}
