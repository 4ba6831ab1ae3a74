import Model
import Statistics

/// The one script of the page: a cursor in all time charts at once and a line of values under
/// each. Everything it shows stands in the tables too.
let pageScript: Markup = #"""
  (() => {
  const S = JSON.parse(document.getElementById("series").textContent), N = S.time.length;
  let at = 0;
  const charts = [...document.querySelectorAll("[data-series]")].map((figure, n) => {
    const area = figure.querySelector(".area"), keys = figure.dataset.series.split(" ");
    const cursor = area.appendChild(document.createElement("i"));
    const out = figure.appendChild(document.createElement("output"));
    cursor.className = "cur"; cursor.hidden = true; area.tabIndex = 0;
    if (!n) out.textContent = "Point at a time chart, or focus it and use arrow keys, for values.";
    const point = e => {
      const r = area.getBoundingClientRect(); show((e.clientX - r.left) / r.width * N | 0); };
    area.addEventListener("pointermove", point); area.addEventListener("pointerdown", point);
    area.addEventListener("keydown", e => {
      const d = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
      if (d) { e.preventDefault(); show(at + d); } });
    return { cursor, out, keys }; });
  function show(i) {
    at = Math.max(0, Math.min(N - 1, i));
    for (const { cursor, out, keys } of charts) {
      cursor.hidden = false; cursor.style.left = (at + .5) / N * 100 + "%";
      const told = keys.map(k => S[k][0] + " " + S[k][1][at]);
      out.textContent = S.time[at] + ": " + told.join(", "); } }
  })()
  """#

extension Page {
  /// The block of formatted strings and the script; nothing when there are no time charts.
  var readOuts: Markup {
    guard let frame, let bins else { return "" }
    let axis = frame.axis
    let decimals = axis.bin >= .second ? 0 : axis.bin >= 100_000_000 ? 1 : 3
    let times = (0..<axis.columns).map { column in
      let from = axis.start + Nanoseconds(column) * axis.bin
      return style.instant(from, decimals: decimals) + " to "
        + style.instant(from + axis.bin, decimals: decimals)
    }
    var members: [(String, JSONValue)] = [("time", .list(times.map { .name($0) }))]
    func add(_ key: String, _ name: String, _ values: [String]) {
      members.append((key, .list([.name(name), .list(values.map { .name($0) })])))
    }
    for (key, name, over, of) in [("p50", "p50", 50, 100), ("p99", "p99", 99, 100)]
      as [(String, String, UInt64, UInt64)]
    {
      add(
        key, name,
        bins.columns.map {
          findings.text(findings.quantile($0.latency, over, of))
        })
    }
    add("max", "max", bins.columns.map { findings.text(findings.maximum($0.latency)) })
    let rates: [(String, String, (TimeBins.Column) -> UInt64)] = [
      ("offered", "offered", \.offered), ("acked", "acknowledged", \.acknowledged),
      ("through", "read", \.through),
    ]
    for (key, name, count) in rates {
      add(key, name, bins.columns.map { style.rate($0.perSecond(count($0))) })
    }
    let waits: [(String, String, (TimeBins.Column) -> UInt64)] = [
      ("waiting", "waiting", \.waiting), ("producer", "not acknowledged", \.producer),
      ("log", "in the log", \.log), ("engine", "in the engine", \.engine),
    ]
    for (key, name, count) in waits { add(key, name, bins.columns.map { style.count(count($0)) }) }
    for (index, stage) in result.latency.stages.enumerated() where !stage.overTime.isEmpty {
      let columns = TimeBins.merged(stage.overTime, axis)
      add(
        "stage\(index)", "p50, max",
        columns.map {
          findings.text(findings.quantile($0, 50, 100)) + ", "
            + findings.text(findings.maximum($0))
        })
    }
    if !result.harness.sendLatenessOverTime.isEmpty {
      let lateness = TimeBins.merged(result.harness.sendLatenessOverTime, axis)
      add("late", "latest", lateness.map { findings.text(findings.maximum($0)) })
    }
    return scriptBlock(.object(members))
  }

  private func scriptBlock(_ data: JSONValue) -> Markup {
    let block = Markup(escapedJSON: data)
    return """
      <script type="application/json" id="series">\(block)</script>
      <script>\(pageScript)</script>

      """
  }
}
