import Model
import Statistics

/// Where the time went: shares of the total for each stage, and the stages over time as small
/// charts with equal axes.
struct StageCharts {
  let findings: Findings
  let frame: TimeFrame?

  private var stages: [LatencyResult.Stage] { findings.result.latency.stages }
  private static let height = 92

  /// Bars that add up to the whole: sums may be added, percentiles not.
  func shares() -> Markup {
    var rows = row("all", stages.map(\.histogram.total))
    if findings.hasFaults && stages.contains(where: { $0.calm.count > 0 }) {
      rows = row("outside faults", stages.map(\.calm.total)) + rows
    }
    let key = Markup(
      stages.enumerated().map { index, stage in
        "<li><i class=\"box k\(index % 4 + 1)\"></i>\(Escaped(stage.name, limit: 40))</li>"
      })
    return """
      <figure id="fig-share" class="chart"><figcaption>\(findings.stageCaption)</figcaption>\
      <div class="over"><p class="axes">share of the total time in each stage; total on the right\
      </p><ul class="key">\(key)</ul></div><div class="share" style="margin-top:12px">\(rows)</div>\
      </figure>
      """
  }

  private func row(_ name: String, _ totals: [Double]) -> Markup {
    let sum = totals.reduce(0, +)
    if sum <= 0 { return "" }
    let style = NumberStyle.page
    var bars = Markup()
    var label = name + ": "
    for (index, total) in totals.enumerated() {
      let share = total / sum
      let percent = style.percent(share)
      let stage = Escaped(stages[index].name, limit: 40)
      label += "\(stages[index].name) \(percent), "
      if share < 0.004 { continue }
      let words: Markup =
        share > 0.24
        ? "\(stage) \(percent)"
        : share > 0.15
          ? "<span class=\"x\">\(stage)</span> \(percent)"
          : share > 0.07 ? "<span class=\"x\">\(percent)</span>" : ""
      bars += """
        <span class="k\(index % 4 + 1)" style="flex:\(share * 100, 3) 0 0">\(words)</span>
        """
    }
    return """
      <span>\(name)</span><div class="t" role="img" aria-label="\(String(label.dropLast(2)))">\
      \(bars)</div><span class="r">\(style.duration(Nanoseconds(min(sum, 9e18))))</span>
      """
  }

  /// p50 and p99 of each stage over time; empty when nobody kept them.
  func panels() -> Markup {
    guard let frame, stages.contains(where: { !$0.overTime.isEmpty }) else { return "" }
    let columns = stages.map { TimeBins.merged($0.overTime, frame.axis) }
    var least = Nanoseconds.max
    var most: Nanoseconds = 0
    for histogram in columns.joined() {
      guard let middle = histogram.quantile(50, 100) else { continue }
      least = min(least, middle)
      most = max(most, StageCharts.high(histogram) ?? middle)
    }
    if most == 0 { return "" }
    let axis = LogAxis(from: least, to: most)
    let panels = Markup(
      stages.indices.map { panel(stages[$0], $0, columns[$0], axis, frame).markup })
    return """
      <div class="over" style="margin:40px 0 14px"><p class="axes">stage latency, log scale, \
      against time (min:s); the same axes in all</p><ul class="key"><li><i class="a"></i>p99, or \
      the maximum of under 1,000</li><li><i class="o"></i>p50</li></ul></div>\
      <div class="multi">\(panels)</div>
      """
  }

  private static func high(_ histogram: LatencyHistogram) -> Nanoseconds? {
    histogram.supports(99, 100)
      ? histogram.quantile(99, 100) : histogram.count > 0 ? histogram.maximum : nil
  }

  private func panel(
    _ stage: LatencyResult.Stage, _ index: Int, _ columns: [LatencyHistogram], _ axis: LogAxis,
    _ frame: TimeFrame
  ) -> Figure {
    let height = StageCharts.height
    let points = { (value: (LatencyHistogram) -> Nanoseconds?) in
      polyline(
        columns.enumerated().map { column, histogram in
          value(histogram).map {
            (frame.axis.x(column) + 500 / Double(columns.count), axis.y($0, Double(height)))
          }
        })
    }
    let curves: Markup = """
      <path class="ln o thin" d="\(points { $0.quantile(50, 100) })"/>\
      <path class="ln a" d="\(points(StageCharts.high))"/>
      """
    let body =
      frame.backdrop(height, words: false, small: true)
      + gridLines(axis.ticks(Double(height), apart: 24))
      + stretched(curves, height) + frame.ticks(height)
    let p99 = findings.quantile(stage.histogram, 99, 100)
    let caption =
      p99.map { "\(stage.name): p99 \(findings.style.duration($0))" }
      ?? "\(stage.name): max \(findings.text(findings.maximum(stage.histogram)))"
    return Figure(
      id: "stage-\(index)", caption: caption.capitalizedFirst, axes: "\(stage.meaning)",
      height: height, title: "Latency of a stage over time",
      description: "p50 and p99 in each column on a logarithmic scale. \(caption).",
      series: "stage\(index)", body: body)
  }
}
