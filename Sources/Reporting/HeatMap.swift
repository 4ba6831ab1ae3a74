import Model
import Statistics

/// Latency over time as a heat map: a cell is one column of the time axis by a tenth of a decade,
/// its darkness the number of results in it.
struct HeatMap {
  let findings: Findings
  let frame: TimeFrame
  let bins: TimeBins
  private static let plot = 220

  func figure() -> Figure? {
    guard let axis = valueAxis else { return nil }
    let cells = counted(axis)
    let cuts = HeatMap.cuts(cells.flatMap(\.self).max() ?? 1)
    let under = bins.columns.map(\.latency.notPositive)
    let hasUnder = under.contains { $0 > 0 }
    let height = HeatMap.plot + (hasUnder ? 30 : 0)
    var body = frame.backdrop(height, words: true)
    body += gridLines(axis.ticks(Double(HeatMap.plot)))
    body += """
      <svg class="heat" viewBox="0 0 \(axisColumns) \(axis.rows)" preserveAspectRatio="none" \
      width="100%" height="\(HeatMap.plot)" aria-hidden="true">\(paths(cells, cuts))</svg>
      """
    if hasUnder { body += underRow(under, cuts) }
    body += limitLine(axis) + frame.phaseNames + frame.ticks(height)
    let noun = Escaped(findings.result.identity.resultNoun, limit: 40)
    return Figure(
      id: "heat", caption: findings.heatCaption,
      axes: "latency from intended instant to visible, log scale, against time (min:s)",
      key: key(cuts, noun), height: height, title: "Latency over time as a heat map",
      description: findings.heatDescription(frame.axis.bin),
      series: "p50 p99 max", body: body)
  }

  private var axisColumns: Int { frame.axis.columns }

  private var valueAxis: LogAxis? {
    var least = Nanoseconds.max
    var most: Nanoseconds = 0
    for column in bins.columns where column.latency.count > 0 {
      least = min(least, column.latency.minimum)
      most = max(most, column.latency.maximum)
    }
    if most == 0 { return nil }
    // A limit up to a decade away is worth its room: it says how far off the data are.
    if let limit = findings.latencyLimit?.limit, limit <= most * 10, limit >= least / 10 {
      least = min(least, limit)
      most = max(most, limit)
    }
    return LogAxis(from: least, to: most)
  }

  private func counted(_ axis: LogAxis) -> [[UInt64]] {
    bins.columns.map { column in
      var rows = [UInt64](repeating: 0, count: axis.rows)
      column.latency.forEachBucket { low, _, count in
        rows[min(max(LogAxis.row(low) - axis.low, 0), axis.rows - 1)] += count
      }
      return rows
    }
  }

  /// At most six levels from 1 on the 1-2-5 ladder, up to about half of the densest cell.
  static func cuts(_ most: UInt64) -> [UInt64] {
    var ladder: [UInt64] = [1]
    var power: UInt64 = 1
    while ladder.count < 60 {
      for factor in [2, 5, 10] as [UInt64] { ladder.append(factor * power) }
      power *= 10
      if power > most { break }
    }
    let usable = ladder.prefix { $0 == 1 || $0 <= max(most / 2, 1) }
    if usable.count <= 6 { return Array(usable) }
    let last = usable.count - 1
    return (0..<6).map { usable[($0 * last + 2) / 5] }
  }

  /// One path for each level; neighbours of one level in a row are joined.
  private func paths(_ cells: [[UInt64]], _ cuts: [UInt64]) -> Markup {
    let rows = cells.first?.count ?? 0
    var levels = [Markup](repeating: "", count: cuts.count)
    for row in 0..<rows {
      var column = 0
      while column < cells.count {
        let level = HeatMap.level(cells[column][row], cuts)
        var end = column + 1
        while end < cells.count && HeatMap.level(cells[end][row], cuts) == level { end += 1 }
        if let level {
          let width = end - column
          levels[level] += "M\(column) \(rows - 1 - row)h\(width)v1h\(-width)z"
        }
        column = end
      }
    }
    var body = Markup()
    for (index, path) in levels.enumerated() where !path.isEmpty {
      body += "<path class=\"q\(HeatMap.shade(index, of: cuts.count))\" d=\"\(path)\"/>"
    }
    return body
  }

  private static func level(_ count: UInt64, _ cuts: [UInt64]) -> Int? {
    cuts.lastIndex { count >= $0 }
  }

  /// Few levels are spread over the six shades.
  private static func shade(_ level: Int, of count: Int) -> Int {
    count < 2 ? 5 : 1 + level * 5 / (count - 1)
  }

  private func underRow(_ under: [UInt64], _ cuts: [UInt64]) -> Markup {
    var path = Markup()
    for (column, count) in under.enumerated() where count > 0 { path += "M\(column) 0h1v1h-1z" }
    return """
      <svg class="heat" y="\(HeatMap.plot + 16)" viewBox="0 0 \(axisColumns) 1" \
      preserveAspectRatio="none" width="100%" height="10" aria-hidden="true">\
      <path class="q5" d="\(path)"/></svg>\
      <text x="-8" y="\(HeatMap.plot + 21)" dy=".34em" text-anchor="end">\u{2264}\u{A0}0</text>
      """
  }

  private func limitLine(_ axis: LogAxis) -> Markup {
    guard let (limit, words) = findings.latencyLimit, LogAxis.row(limit) >= axis.low,
      LogAxis.row(limit) <= axis.high
    else { return "" }
    let style = NumberStyle.page
    let y = axis.y(limit, Double(HeatMap.plot))
    // Above the line, unless the plot ends there.
    let text = y > 22 ? y - 6 : y + 14
    return """
      <line class="lim" x1="0" x2="100%" y1="\(y)" y2="\(y)"/>\
      <text class="m halo" x="\(frame.axis.percent(0), 3)%" dx="6" y="\(text)">\
      \(style.chosen(limit)): limit<tspan class="x"> \(words)</tspan></text>
      """
  }

  private func key(_ cuts: [UInt64], _ noun: Escaped) -> Markup {
    let boxes = Markup(
      cuts.indices.map { index in
        """
        <i class="box" style="background:var(--q\(HeatMap.shade(index, of: cuts.count)))"></i>
        """
      })
    let numbers = cuts.map { NumberStyle.page.count($0) }.joined(separator: " \u{B7} ")
    return """
      <li class="ramp">\(noun) per cell <span>\(boxes)</span> \(numbers) and more</li>
      """
  }
}

extension Findings {
  /// The limit that the heat map shows, and its words: the first of p99 outside faults, p99, then
  /// any other quantile.
  var latencyLimit: (limit: Nanoseconds, words: String)? {
    let wanted = ["latency.calm.p99", "latency.p99"]
    let all = result.thresholds.filter { $0.metric.hasPrefix("latency.") }
    let ordered = wanted.compactMap { name in all.first { $0.metric == name } } + all
    for threshold in ordered {
      guard let limit = limitInNanoseconds(threshold.expected), limit > 0 else { continue }
      let name = threshold.metric.split(separator: ".").last.map(String.init) ?? ""
      let scope = threshold.metric.hasPrefix("latency.calm.") && hasFaults ? " outside faults" : ""
      return (limit, "for \(name)\(scope)")
    }
    return nil
  }
}
