import Bytes
import Model
import Statistics

extension Page {
  var oracle: Section {
    let oracle = result.oracle
    func wrong(_ count: UInt64) -> Markup {
      count == 0 ? "0" : "<span class=\"fail\">\u{2717} \(style.count(count))</span>"
    }
    let table = Table(
      name: "Oracle comparison",
      columns: [
        .words("output"), .number("due"), .number("found"), .number("missing"), .number("extra"),
        .number("different"),
      ],
      rows: [
        Table.Row(cells: [
          "\(Escaped(result.identity.resultNoun))", "\(style.count(oracle.due))",
          "\(style.count(oracle.found))", wrong(oracle.missing), wrong(oracle.extra),
          wrong(oracle.different),
        ])
      ])
    let sum = oracle.missing + oracle.extra + oracle.different
    let causes = oracle.attribution.map { "\($0.name) \(style.count($0.count))" }
      .joined(separator: ", ")
    let attribution =
      causes.isEmpty
      ? ""
      : sum == 0
        ? "Nothing differs, so there is nothing to put down to a cause."
        : "The \(style.count(sum)) differences are put down to: \(causes)."
    var body = table.markup
    body += "<p class=\"note\">\(attribution) \(regimeText)</p>\n"
    if !oracle.ledger.isEmpty {
      let rows = oracle.ledger.map {
        Table.Row(cells: ["\(Escaped($0.name))", "\(style.count($0.count))"])
      }
      let total = oracle.ledger.reduce(0) { $0 + $1.count }
      let end = Table.Row(
        cells: ["\(Escaped(result.identity.eventNoun)) in all", "\(style.count(total))"],
        kind: "sum")
      body += "<h3>Every event accounted for</h3>"
      body +=
        Table(
          name: "Ledger of events",
          columns: [.words("where it ended"), .number("events")], isNarrow: true, rows: rows + [end]
        ).markup
    }
    return Section(
      "oracle", "Oracle",
      """
      <p>The plain computation over the whole trace says what must come out. It shares no code \
      with the engine.</p>
      """, body)
  }

  private var regimeText: String {
    let oracle = result.oracle
    var text = oracle.regime.isEmpty ? "" : "Regime: \(oracle.regime)"
    if oracle.greatestDisorder > 0 {
      text +=
        (text.isEmpty ? "" : "; ") + "greatest disorder "
        + style.duration(oracle.greatestDisorder)
    }
    if oracle.lateDropped > 0 {
      text +=
        (text.isEmpty ? "" : "; ") + "\(style.count(oracle.lateDropped)) late events were "
        + "legally dropped"
    }
    return text.isEmpty ? "" : text + "."
  }

  var harness: Section {
    var body = Markup()
    if !result.outcome.usable {
      body += """
        <p><b class="unk">? Not usable.</b> \(result.outcome.usableReason). No statement on the \
        system can be made.</p>

        """
    }
    if let chart = latenessChart { body += chart.markup }
    body += checks
    if !result.harness.costs.isEmpty {
      let rows = result.harness.costs.map {
        Table.Row(cells: [
          "\(Escaped($0.name))", "\(Escaped(findings.signs($0.value)))", "\(Escaped($0.basis))",
        ])
      }
      body += "<h3>Cost model</h3>"
      body +=
        Table(
          name: "Parameters of the cost model",
          columns: [.words("parameter"), .number("value"), .words("basis")], isNarrow: true,
          rows: rows
        ).markup
    }
    return Section(
      "harness", "Harness",
      """
      <p>Was the instrument fit to measure? If any line fails, the run is not usable (exit code \
      4), whatever the charts show.</p>
      """, body)
  }

  private var checks: Markup {
    let harness = result.harness
    var rows: [(name: Markup, found: String, limit: String, fit: Bool)] = []
    if findings.isVirtual {
      rows.append(("send lateness", "on schedule by construction", "virtual time", true))
    } else {
      let late = harness.sendLateness
      let limit = harness.sendLatenessLimit
      let p99 = findings.quantile(late, 99, 100)
      let value =
        p99.map { style.duration($0, beside: limit) + " at p99" }
        ?? (late.count == 0
          ? "none late" : "at most " + style.duration(late.maximum, beside: limit))
      rows.append(
        (
          "send lateness", value, "<\u{A0}\(style.chosen(limit))",
          (p99 ?? findings.maximum(late) ?? 0) < limit
        ))
    }
    let size =
      "\(style.count(harness.historyEntries)) entries, \(style.bytes(harness.historyBytes))"
    rows.append(
      (
        "history", size + (harness.historyWhole ? ", whole" : ", not whole"), "whole",
        harness.historyWhole
      ))
    for check in harness.checks {
      rows.append(("\(Escaped(check.name))", findings.signs(check.found), "", check.fit))
    }
    let body = Markup(
      rows.map { row in
        """
        <tr role="row"\(row.fit ? "" : " class=\"bad\"" as Markup)><th role="rowheader" \
        scope="row">\(row.name)</th><td role="cell" data-l="found">\
        <span>\(Escaped(row.found, limit: 400))</span></td><td role="cell" data-l="limit">\
        <span>\(row.limit.isEmpty ? style.none : row.limit)</span></td>\
        <td role="cell">\(row.fit ? status(.good, "fit") : status(.bad, "not fit"))</td></tr>

        """
      })
    let heads = Markup(
      ["check", "found", "limit", "result"].map {
        "<th role=\"columnheader\" scope=\"col\">\($0)</th>"
      })
    return """
      <div class="scroll" tabindex="0" role="region" aria-label="Harness health">\
      <table role="table" class="cards"><caption class="vh">Harness health</caption>\
      <thead role="rowgroup"><tr role="row">\(heads)</tr></thead><tbody role="rowgroup">
      \(body)</tbody></table></div>

      """
  }

  private var latenessChart: Figure? {
    let intervals = result.harness.sendLatenessOverTime
    guard !intervals.isEmpty, let axis = TimeAxis(result) else { return nil }
    let frame = TimeFrame(axis, findings)
    let columns = TimeBins.merged(intervals, axis)
    let high = { (histogram: LatencyHistogram) -> Nanoseconds? in
      histogram.supports(99, 100)
        ? histogram.quantile(99, 100) : histogram.count > 0 ? histogram.maximum : nil
    }
    let values = columns.compactMap(high)
    guard let least = values.min(), let most = values.max() else { return nil }
    let limit = max(result.harness.sendLatenessLimit, 1)
    let scale = LogAxis(from: min(least, limit), to: max(most, limit))
    let height = 92
    let points = columns.enumerated().map { index, histogram in
      high(histogram).map {
        (x: axis.x(index) + 500 / Double(columns.count), y: scale.y($0, Double(height)))
      }
    }
    let at = scale.y(limit, Double(height))
    let label = at > 20 ? at - 6 : at + 14
    var body = frame.backdrop(height, words: false) + gridLines(scale.ticks(Double(height)))
    body += """
      <line class="lim" x1="0" x2="100%" y1="\(at)" y2="\(at)"/><text class="m halo" \
      x="\(axis.percent(0), 3)%" dx="6" y="\(label)">limit \(style.chosen(limit))</text>
      """
    body += stretched("<path class=\"ln a\" d=\"\(polyline(points))\"/>", height)
    body += frame.ticks(height)
    return Figure(
      id: "late", caption: findings.latenessCaption,
      axes: "send lateness p99, log scale, against time (min:s)", height: height,
      title: "Send lateness over time",
      description: "p99 of actual minus intended send in each column, from "
        + "\(style.duration(least)) to \(style.duration(most)).",
      series: findings.showsMeasurements ? "late" : "", body: body)
  }

  var cost: Section {
    let cost = result.cost
    var body = Markup()
    if cost.parts.isEmpty || cost.events == 0 {
      body += "<p>No cost was recorded.</p>\n"
    } else {
      let row = { (name: Markup, busy: Nanoseconds, kind: Markup) in
        let per = findings.perMillion(busy).map { style.three($0) + "\u{A0}s" } ?? style.none
        return Table.Row(cells: [name, "\(per)", "\(style.duration(busy))"], kind: kind)
      }
      let rows = cost.parts.map { row("\(Escaped($0.name))", $0.busy, "") }
      body +=
        Table(
          name: "CPU time",
          caption: "CPU time, \(Escaped(cost.basis)), shared by \(style.count(cost.events)) events",
          columns: [.words("part"), .number("per million events"), .number("in all")],
          isNarrow: true,
          rows: rows + [row("system under test", findings.busy, "sum")]
        ).markup
    }
    return Section(
      "cost", "Cost",
      "<p>What the work took, with the harness kept apart from what it measures.</p>",
      body + harnessUsage)
  }

  private var harnessUsage: Markup {
    let usage = result.usage
    let rows: [(Markup, String)] = [
      ("events, payload", "\(style.count(usage.events)), \(style.bytes(usage.payloadBytes))"),
      ("requests, deliveries", "\(style.count(usage.requests)), \(style.count(usage.deliveries))"),
      ("retained in the log", style.bytes(usage.retainedBytes)),
      ("CPU time of Weir", style.duration(usage.cpu)),
      ("peak memory of Weir", style.bytes(usage.peakMemory)),
      (
        "length of the run",
        style.duration(usage.simulated)
          + ", taken in \(style.duration(usage.wall))"
      ),
    ]
    let items = Markup(rows.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>\n" })
    return "<h3>Moved and spent</h3><dl class=\"env\">\n\(items)</dl>\n"
  }

  var configuration: Section {
    let identity = result.identity
    let items: [(Markup, String)] = [
      ("scenario", identity.scenario), ("workload", identity.workload),
      ("backbone", identity.backbone), ("engine", identity.engine), ("sink", identity.sink),
      ("clock", identity.clock.rawValue), ("seed", "\(identity.seed)"),
      (
        "beyond the file",
        identity.overrides.isEmpty
          ? "nothing" : identity.overrides.joined(separator: " ")
      ),
      ("digest", identity.scenarioDigest.text),
    ]
    let list = Markup(items.map { "<dt>\($0.0)</dt><dd>\(Escaped($0.1, limit: 600))</dd>\n" })
    return Section(
      "configuration", "Configuration",
      """
      <p>The scenario as it was run, every default and <code class="w">--set</code> resolved.</p>
      """,
      """
      <dl class="env">
      \(list)</dl>
      <details><summary>scenario.yaml</summary><pre tabindex="0" role="region" \
      aria-label="scenario.yaml"><code>\
      \(Escaped(identity.scenarioText, limit: 30_000, lines: true))\
      </code></pre></details>

      """)
  }

  var environment: Section {
    let items = Markup(
      result.environment.map { "<dt>\(Escaped($0.name))</dt><dd>\(Escaped($0.value))</dd>\n" })
    let body: Markup =
      items.isEmpty
      ? "<p>Nothing was recorded about the machine.</p>\n" : "<dl class=\"env\">\n\(items)</dl>\n"
    return Section(
      "environment", "Environment", "<p>Read at the start of the run.</p>", body)
  }

  func files(_ files: [(name: String, bytes: [UInt8])]) -> Section {
    let contents: [String: Markup] = [
      "result.json": "every figure of this page for programs, schema weir-result/1",
      "summary.md": "this page without charts",
      "junit.xml": "a test case for each anomaly class and threshold",
      "latency.hlog": "latencies by interval, for the tools of HdrHistogram",
      "metrics.prom": "key figures as OpenMetrics",
      "scenario.yaml": "the resolved scenario",
    ]
    var rows = files.map { file in
      let digest = sha256(file.bytes).prefix(8).map { byte in
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
      }.joined()
      return Table.Row(cells: [
        "\(Escaped(file.name))", contents[file.name] ?? "",
        "\(style.bytes(UInt64(file.bytes.count)))",
        "<span class=\"mono\">\(digest)</span>",
      ])
    }
    rows.append(
      Table.Row(cells: [
        "history.weir", "what happened, entry by entry: the evidence",
        "\(style.bytes(result.harness.historyBytes))", "<span class=\"mono\">its own hash</span>",
      ]))
    let table = Table(
      name: "Files of the run",
      caption: """
        history hash <span class="mono" style="display:inline">\
        \(result.identity.historyHash.text)</span>
        """,
      columns: [
        .words("file"), .text("content"), .number("size"), .words("SHA-256, first 16 digits"),
      ], rows: rows)
    return Section(
      "files", "Files", "<p>The run folder. This page was made from it alone.</p>", table.markup)
  }
}
