import Model
import Statistics

/// A chart with its caption, key, title and description. Positions along x are percentages, along
/// y pixels, so that one picture serves every width without scaling its text.
struct Figure {
  /// One of a fixed set of names, used as id.
  var id: String
  var caption: String
  /// Quantity, scale, statistic and x axis.
  var axes: Markup
  var key: Markup = ""
  var height: Int
  var title: String
  /// What a reader would tell on the phone.
  var description: String
  /// Names of the read-outs, for time charts.
  var series: String = ""
  var body: Markup

  var markup: Markup {
    let readOut: Markup = series.isEmpty ? "" : " data-series=\"\(series)\""
    let keys: Markup = key.isEmpty ? "" : "<ul class=\"key\">\(key)</ul>"
    return """
      <figure id="fig-\(id)" class="chart"\(readOut)>
      <figcaption>\(caption)</figcaption><div class="over"><p class="axes">\(axes)</p>\(keys)</div>
      <div class="area" style="height:\(height)px"><svg role="img" \
      aria-labelledby="fig-\(id)-t fig-\(id)-d" width="100%" height="\(height)">\
      <title id="fig-\(id)-t">\(title)</title><desc id="fig-\(id)-d">\(description)</desc>
      \(body)
      </svg></div>
      </figure>

      """
  }
}

/// Curves in a picture 1000 units wide that stretches with the page while its lines do not.
func stretched(_ curves: Markup, _ height: Int) -> Markup {
  """
  <svg viewBox="0 0 1000 \(height)" preserveAspectRatio="none" width="100%" \
  height="\(height)" aria-hidden="true">\(curves)</svg>
  """
}

/// Horizontal grid lines with labels in the gutter.
func gridLines(_ ticks: [(label: String, y: Double)]) -> Markup {
  Markup(
    ticks.map { tick in
      """
      <line class="g" x1="0" x2="100%" y1="\(tick.y)" y2="\(tick.y)"/>\
      <text x="-8" y="\(tick.y)" dy=".34em" text-anchor="end">\(tick.label)</text>
      """
    })
}

/// Points of a path, as `M` and `L`; a nil breaks the line.
func polyline(_ points: [(x: Double, y: Double)?]) -> Markup {
  var path = Markup()
  var pen = false
  for point in points {
    guard let point else {
      pen = false
      continue
    }
    path += pen ? "L\(point.x) \(point.y)" : "M\(point.x) \(point.y)"
    pen = true
  }
  return path
}

/// What all time charts share: hatched phases, fault bands with their letters, ticks.
struct TimeFrame {
  let axis: TimeAxis
  let faults: [FaultResult]
  let measured: Nanoseconds
  let interrupted: Nanoseconds?

  init(_ axis: TimeAxis, _ findings: Findings) {
    self.axis = axis
    faults = findings.result.faults
    measured = findings.result.rates.measured
    interrupted = findings.result.outcome.interruptedAt.map { $0.ns - findings.warmUp }
  }

  /// Instant from which on nothing counts.
  private var last: Nanoseconds { min(measured, interrupted ?? .max) }

  /// Behind the curves. `words` asks for the fault in words beside its letter, where room is.
  /// Small charts, of half a page, have room for fewer letters.
  func backdrop(_ height: Int, words: Bool, small: Bool = false) -> Markup {
    var body = Markup()
    let zero = axis.percent(0)
    let after = axis.percent(last)
    if zero > 0 {
      body += "<rect class=\"off\" x=\"0\" width=\"\(zero, 3)%\" height=\"\(height)\"/>"
    }
    if after < 100 {
      body += "<rect class=\"off\" x=\"\(after, 3)%\" width=\"\(100 - after, 3)%\" "
      body += "height=\"\(height)\"/>"
    }
    for fault in faults { body += band(fault, height) }
    return body + letters(words: words, room: small ? 3 : 1)
  }

  private func band(_ fault: FaultResult, _ height: Int) -> Markup {
    let from = axis.percent(fault.start)
    let to = axis.percent(fault.start + fault.duration)
    return """
      <rect class="band" x="\(from, 3)%" width="\(to - from, 3)%" height="\(height)"/>\
      <line class="edge" x1="\(from, 3)%" x2="\(from, 3)%" y2="\(height)"/>\
      <line class="edge" x1="\(to, 3)%" x2="\(to, 3)%" y2="\(height)"/>
      """
  }

  /// Letters above the plot: words where the next letter leaves room, none where it would cover
  /// the one before; on phones one every 6 percent.
  private func letters(words: Bool, room: Double) -> Markup {
    var body = Markup()
    var freeFrom = -100.0
    var freeOnPhones = -100.0
    for (index, fault) in faults.enumerated() {
      let x = axis.percent(fault.start)
      let count = Double(min(fault.letter.count, 8))
      let width = room * (1 + 0.9 * count)
      if x < freeFrom || x > 99 { continue }
      let phone = x >= freeOnPhones
      let next = index + 1 < faults.count ? axis.percent(faults[index + 1].start) : 101
      var text: Markup = ""
      freeFrom = x + width
      // 6.7 px a character of a plot about 820 px wide.
      let needed = width + Double(fault.text.count) * 0.82 + 1
      if words && faults.count <= 8 && fault.text.count <= 28 && x + needed <= min(next, 101) {
        text = """
          <tspan class="x" font-weight="400" fill="var(--ink2)" dx="5">\
          \(Escaped(fault.text))</tspan>
          """
      }
      if phone { freeOnPhones = x + 2 + 4 * count }
      let hidden: Markup = phone ? "" : " x"
      body += """
        <text class="b\(hidden)" x="\(x, 3)%" y="-8">\
        \(Escaped(fault.letter, limit: 4))\(text)</text>
        """
    }
    return body
  }

  /// In front of the curves: the base line and its ticks, `below` px under the plot.
  func ticks(_ height: Int) -> Markup {
    var body: Markup =
      "<line class=\"base\" x1=\"0\" x2=\"100%\" y1=\"\(height)\" y2=\"\(height)\"/>"
    let ticks = axis.ticks
    for (index, at) in ticks.at.enumerated() {
      let x = axis.percent(at)
      let anchor: Markup = x > 97 ? "end" : "middle"
      let label = NumberStyle.page.instant(at, decimals: ticks.decimals)
      // Labels with decimals are wide: on phones every second one stays.
      let hidden: Markup = ticks.decimals > 0 && index % 2 == 1 ? " class=\"x\"" : ""
      body += """
        <line class="tick" x1="\(x, 3)%" x2="\(x, 3)%" y1="\(height)" y2="\(height + 4)"/>\
        <text\(hidden) x="\(x, 3)%" y="\(height + 18)" text-anchor="\(anchor)">\(label)</text>
        """
    }
    return body
  }

  /// Names of the hatched phases at the top of one chart, where they fit.
  var phaseNames: Markup {
    let zero = axis.percent(0)
    let after = axis.percent(last)
    var body = Markup()
    if zero >= 8 {
      body += "<text class=\"halo x\" x=\"0\" dx=\"6\" y=\"14\">warm-up</text>"
    }
    if let interrupted, interrupted < axis.end {
      body += """
        <line class="lim" x1="\(after, 3)%" x2="\(after, 3)%" y2="100%"/>\
        <text class="m halo x" x="\(after, 3)%" dx="-5" y="30" text-anchor="end">interrupted</text>
        """
    } else if after <= 93 {
      body += """
        <text class="halo x" x="100%" dx="-6" y="14" text-anchor="end">drain</text>
        """
    }
    return body
  }
}
