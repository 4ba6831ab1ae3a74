import Model
import Statistics

/// The offered, acknowledged and read rates over time, and the backlog under them.
struct RateCharts {
  let findings: Findings
  let frame: TimeFrame
  let bins: TimeBins

  func rates() -> Figure {
    let height = 132
    let columns = bins.columns
    let most =
      columns.flatMap {
        [$0.perSecond($0.offered), $0.perSecond($0.acknowledged), $0.perSecond($0.through)]
      }.max() ?? 0
    let axis = LinearAxis(to: most)
    func line(_ rate: (TimeBins.Column) -> Double) -> Markup {
      steps(columns.map { axis.y(rate($0), Double(height)) })
    }
    let curves: Markup = """
      <path class="ln o dash" d="\(line { $0.perSecond($0.offered) })"/>\
      <path class="ln i dot" d="\(line { $0.perSecond($0.acknowledged) })"/>\
      <path class="ln a" d="\(line { $0.perSecond($0.through) })"/>
      """
    var body = frame.backdrop(height, words: true)
    body += gridLines(axis.ticks("/s", Double(height)))
    body += stretched(curves, height) + frame.ticks(height)
    let style = NumberStyle.page
    return Figure(
      id: "rate", caption: findings.rateCaption,
      axes: "events per second, mean of \(style.chosen(frame.axis.bin)), against time (min:s)",
      key: """
        <li><i class="o dash"></i>offered</li><li><i class="i dot"></i>acknowledged</li>\
        <li><i class="a"></i>read by the engine</li>
        """,
      height: height, title: "Offered and achieved rate over time",
      description: """
        Over the measure phase \(style.rate(findings.result.rates.offered)) were offered and \
        \(style.rate(findings.result.rates.achieved)) read by the engine; the highest rate in a \
        column is \(style.rate(most)).
        """,
      series: "offered acked through", body: body)
  }

  /// A rate as steps, from edge to edge of the columns.
  private func steps(_ heights: [Double]) -> Markup {
    var path = Markup()
    var last = ""
    for (index, y) in heights.enumerated() {
      let text = coordinate(y)
      if index == 0 {
        path += "M0 \(y)"
      } else if text != last {
        path += "H\(frame.axis.x(index))V\(y)"
      }
      last = text
    }
    return path + "H1000"
  }

  func backlog() -> Figure {
    let height = 110
    let columns = bins.columns
    let most = columns.map(\.waiting).max() ?? 0
    let axis = LinearAxis(to: Double(most))
    let width = 1000 / Double(max(columns.count, 1))
    func y(_ count: UInt64) -> Double { axis.y(Double(count), Double(height)) }
    let x = columns.indices.map { (Double($0) + 0.5) * width }
    let floor = columns.indices.map { _ in Double(height) }
    let first = columns.map { y($0.producer) }
    let second = columns.map { y($0.producer + $0.log) }
    let third = columns.map { y($0.waiting) }
    let hasEngine = columns.contains { $0.engine > 0 }
    var curves: Markup = """
      <path class="fillI" d="\(area(x, floor, first))"/>\
      <path class="fillA" d="\(area(x, first, second))"/>
      """
    if hasEngine { curves += "<path class=\"fillE\" d=\"\(area(x, second, third))\"/>" }
    let line = polyline(zip(x, third).map { ($0, $1) })
    curves += "<path class=\"ln a\" d=\"\(line)\"/>"
    var body = frame.backdrop(height, words: false)
    body += gridLines(axis.ticks("", Double(height)))
    body += stretched(curves, height) + peak(columns, y, height) + frame.ticks(height)
    let engine: Markup =
      hasEngine ? "<li><i class=\"box fillE\"></i>read, waiting for the watermark</li>" : ""
    let style = NumberStyle.page
    return Figure(
      id: "backlog", caption: findings.backlogCaption,
      axes: "events waiting, most in each \(style.chosen(frame.axis.bin)), against time (min:s)",
      key: """
        <li><i class="box fillI"></i>not yet acknowledged</li>\
        <li><i class="box fillA"></i>in the log, not yet read</li>\(engine)
        """,
      height: height, title: "Backlog over time",
      description: """
        At most \(style.count(findings.result.rates.backlogMaximum)) events waited, at \
        \(style.instant(findings.result.rates.backlogMaximumAt)); at the end \
        \(style.count(findings.result.rates.backlogEnd)).
        """,
      series: "waiting producer log engine", body: body)
  }

  /// The area between two lines, left out where it has no height.
  private func area(_ x: [Double], _ foot: [Double], _ head: [Double]) -> Markup {
    var path = Markup()
    var index = 0
    while index < x.count {
      var end = index
      while end < x.count && coordinate(foot[end]) != coordinate(head[end]) { end += 1 }
      if end > index {
        // The neighbours without height close the area at its ends.
        let from = max(index - 1, 0)
        let to = min(end, x.count - 1)
        let up = (from...to).map { i in (x[i], head[i]) as (x: Double, y: Double)? }
        path += polyline(up)
        for i in (from...to).reversed() { path += "L\(x[i]) \(foot[i])" }
        path += "z"
      }
      index = max(end, index + 1)
    }
    return path
  }

  /// The greatest backlog as a dot's label, beside the curve on the side that has room.
  private func peak(
    _ columns: [TimeBins.Column], _ y: (UInt64) -> Double, _ height: Int
  ) -> Markup {
    guard let at = columns.indices.max(by: { columns[$0].waiting < columns[$1].waiting }),
      columns[at].waiting > 0, !findings.result.outcome.saturated
    else { return "" }
    let x = (Double(at) + 0.5) * 100 / Double(columns.count)
    let left = x > 70
    let anchor: Markup = left ? "end" : "start"
    let top = min(max(y(columns[at].waiting) + 5, 11), Double(height) - 8)
    return """
      <text class="m halo" x="\(x, 3)%" dx="\(left ? -12 : 12)" y="\(top)" \
      text-anchor="\(anchor)">\(NumberStyle.page.count(columns[at].waiting)) events</text>
      """
  }
}
