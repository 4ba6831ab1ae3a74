import Model
import Statistics

/// Latency by percentile, one division of the x axis for each nine: -log10(1-p).
struct PercentileChart {
  let findings: Findings
  private static let height = 320
  /// Points of a curve in one division.
  private static let perNine = 20

  private typealias Point = (x: Double, value: Nanoseconds)

  func figure() -> Figure? {
    let latency = findings.result.latency
    if latency.all.count == 0 { return nil }
    let nines = max(2, ceiled(log10(Double(latency.all.count))))
    let all = curve(latency.all)
    // A curve that lies on another says nothing in the chart; the table has its figures.
    let naive = latency.fromActualSend == latency.all ? [] : curve(latency.fromActualSend)
    let calm = findings.hasFaults && latency.calm != latency.all ? curve(latency.calm) : []
    let everything = (all + naive + calm).map(\.value)
    let axis = LogAxis(
      from: max(everything.min() ?? 1, 1), to: max(everything.max() ?? 1, 1))
    let scale = { (points: [Point]) in
      points.map { point in
        (
          x: point.x / Double(nines) * 1000,
          y: axis.y(point.value, Double(PercentileChart.height))
        )
      }
    }
    let (a, n, c) = (scale(all), scale(naive), scale(calm))
    var curves = Markup()
    if !n.isEmpty {
      curves += "<path class=\"fillA\" d=\"\(polyline(a + n.reversed()))z\"/>"
    }
    if !c.isEmpty { curves += "<path class=\"ln o thin\" d=\"\(polyline(c))\"/>" }
    if !n.isEmpty { curves += "<path class=\"ln i dash\" d=\"\(polyline(n))\"/>" }
    curves += "<path class=\"ln a\" d=\"\(polyline(a))\"/>"
    var body = gridLines(axis.ticks(Double(PercentileChart.height)))
    body += ticks(nines) + stretched(curves, PercentileChart.height)
    body += end(a.last, latency.all.maximum)
    return Figure(
      id: "pct", caption: findings.percentileCaption,
      axes: "latency, log scale, against percentile, one division per nine",
      key: key(naive: !n.isEmpty, calm: !c.isEmpty), height: PercentileChart.height,
      title: "Latency by percentile", description: description, body: body)
  }

  /// Values at evenly spaced x, then the maximum at the place of the last sample.
  private func curve(_ histogram: LatencyHistogram) -> [Point] {
    if histogram.count == 0 { return [] }
    let count = Double(histogram.count)
    let end = log10(count)
    var ranks: [(x: Double, rank: UInt64)] = []
    // 10^(-1/20), multiplied up: no power function is needed.
    var left = 1.0
    var step = 0
    while true {
      let x = Double(step) / Double(PercentileChart.perNine)
      if x >= end { break }
      ranks.append((x, UInt64(max(1, ceiled((1 - left) * count)))))
      left *= 0.8912509381337456
      step += 1
    }
    var points: [Point] = []
    var next = 0
    var seen: UInt64 = 0
    histogram.forEachBucket { low, width, bucket in
      seen += bucket
      while next < ranks.count && ranks[next].rank <= seen {
        points.append((ranks[next].x, min(low + width - 1, histogram.maximum)))
        next += 1
      }
    }
    points.append((end, histogram.maximum))
    return points
  }

  private func ticks(_ nines: Int) -> Markup {
    var body = Markup()
    let height = PercentileChart.height
    var marks: [(label: String, x: Double)] = [("50\u{A0}%", log10(2.0))]
    for nine in 1..<max(nines, 2) {
      let label =
        nine == 1
        ? "90" : nine == 2 ? "99" : "99." + String(repeating: "9", count: nine - 2)
      marks.append((label + "\u{A0}%", Double(nine)))
    }
    for (index, mark) in marks.enumerated() {
      let x = mark.x / Double(nines) * 100
      // On phones the long labels stand too close: every second one stays.
      let hidden: Markup =
        nines > 4 && index > 0 && (marks.count - 1 - index) % 2 == 1 ? " class=\"x\"" : ""
      body += """
        <line class="g" x1="\(x, 3)%" x2="\(x, 3)%" y2="\(height)"/>\
        <line class="tick" x1="\(x, 3)%" x2="\(x, 3)%" y1="\(height)" y2="\(height + 4)"/>\
        <text\(hidden) x="\(x, 3)%" y="\(height + 18)" text-anchor="middle">\(mark.label)</text>
        """
    }
    return body + "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"\(height)\" y2=\"\(height)\"/>"
  }

  /// The maximum is a dot with its value.
  private func end(_ point: (x: Double, y: Double)?, _ most: Nanoseconds) -> Markup {
    guard let point else { return "" }
    let x = point.x / 10
    // The maximum is the highest value there is, so above it the label crosses no line.
    let y = point.y - 8
    let anchor: Markup = x < 40 ? "start" : "end"
    return """
      <circle cx="\(x, 3)%" cy="\(point.y)" r="3" fill="var(--accent)"/>\
      <text class="b halo" x="\(x, 3)%" y="\(y)" text-anchor="\(anchor)" \
      style="fill:var(--accent)">\
      max \(NumberStyle.page.duration(most))</text>
      """
  }

  private func key(naive: Bool, calm: Bool) -> Markup {
    var key: Markup = "<li><i class=\"a\"></i>intended</li>"
    if naive {
      key += "<li><i class=\"i dash\"></i>actual send</li>"
      key += "<li><i class=\"box fillA\"></i>omitted wait</li>"
    }
    if calm { key += "<li><i class=\"o\"></i>intended, outside faults</li>" }
    return key
  }

  private var description: String {
    let latency = findings.result.latency
    var text = "Curves rise with the percentile. From the intended instant: "
    text += Findings.quantiles.map {
      "\($0.name) \(findings.text(findings.quantile(latency.all, $0.over, $0.of)))"
    }.joined(separator: ", ")
    text += ", maximum \(findings.text(findings.maximum(latency.all)))."
    if let naive = findings.quantile(latency.fromActualSend, 99, 100) {
      text += " From the actual send: p99 \(findings.text(naive))."
    }
    return text + " The same values stand in the table beside the chart."
  }
}
