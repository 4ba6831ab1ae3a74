import Bytes
import Model
import Statistics

/// The page `report.html`: self-contained, without anything from elsewhere, readable without
/// script, colour or network, in light, dark and print, on desktop and phone. The same result gives
/// the same bytes.
public func renderReport(_ result: RunResult) -> String {
  report(result, files: runFilesWithoutPage(result)).text
}

func report(_ result: RunResult, files: [(name: String, bytes: [UInt8])]) -> Markup {
  let page = Page(result)
  let script = pageScript.text
  let digest = base64(sha256(Array(script.utf8)))
  let policy: Markup = """
    default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-\(digest)'
    """
  let sections = page.sections(files: files)
  let links = Markup(
    sections.map { "<li><a href=\"#\($0.id)\">\($0.title)</a></li>" })
  let heading = Escaped(result.identity.title ?? result.identity.scenario)
  return """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width,initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="\(policy)">
    <title>\(page.findings.word): \(heading), run \(page.findings.run) \u{B7} Weir</title>
    <style>
    \(pageStyle)</style>
    </head>
    <body>
    \(pageTop)
    <div class="page">
    <header class="top">\(pageMark)<span>\(heading) \u{B7} run \(page.findings.run) \u{B7} seed \
    \("\(result.identity.seed)")</span></header>
    <main id="main">
    \(page.verdict)
    <nav aria-label="Contents"><ol>\(links)</ol></nav>
    \(Markup(sections.map(\.body)))</main>
    <footer><p>Rendered by weir \(Escaped(result.identity.version)) from the run folder. The same \
    folder gives the same bytes.</p></footer>
    </div>
    \(page.readOuts)</body>
    </html>

    """
}

/// Link for keyboards, and the pattern that hatched areas use.
private let pageTop: Markup = """
  <a class="skip" href="#main">Skip to the verdict</a><svg width="0" height="0" \
  style="position:absolute" aria-hidden="true"><defs><pattern id="hatch" width="6" height="6" \
  patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line x1="0" y1="0" x2="0" y2="6" \
  stroke="var(--line)" stroke-width="2"/></pattern></defs></svg>
  """

private let pageMark: Markup = """
  <span class="mark"><svg viewBox="0 0 24 16" aria-hidden="true">\
  <path d="M1 4h8c3 0 2.5 8 5.5 8H23M1 8h5"/></svg>Weir</span>
  """

/// One run on one page.
struct Page {
  let result: RunResult
  let findings: Findings
  let style = NumberStyle.page
  /// Shared by all time charts; nil when a run has no samples, or may not be drawn.
  let frame: TimeFrame?
  let bins: TimeBins?

  struct Section {
    var id: String
    var title: String
    var body: Markup

    init(_ id: String, _ title: String, heading: String? = nil, _ lead: Markup, _ body: Markup) {
      self.id = id
      self.title = title
      self.body = section(id, heading ?? title, lead, body)
    }
  }

  init(_ result: RunResult) {
    self.result = result
    findings = Findings(result, .page)
    if let axis = TimeAxis(result), findings.showsMeasurements {
      frame = TimeFrame(axis, findings)
      bins = TimeBins(result, axis)
    } else {
      frame = nil
      bins = nil
    }
  }

  /// In the order of the report; a harness that was not fit comes first.
  func sections(files: [(name: String, bytes: [UInt8])]) -> [Section] {
    var list = [figures, thresholds]
    if findings.showsMeasurements {
      list += [percentiles, time, rate, stages].compactMap(\.self)
    }
    list += [anomalies, oracle]
    if findings.showsMeasurements {
      list.append(harness)
    } else {
      list.insert(harness, at: 0)
    }
    return list + [cost, configuration, environment, self.files(files)]
  }

  var verdict: Markup {
    let kind = Page.kind(findings.sign)
    let sign =
      switch findings.sign {
      case .good: "\u{2713}"
      case .bad: "\u{2717}"
      case .open, .none: "?"
      }
    let judgements = Markup(
      [findings.correctness, findings.performance, findings.fitness].map(judged))
    let loop: Markup =
      result.rates.shape.hasPrefix("closed")
      ? "<p class=\"why\">Closed loop: the load waits for the system.</p>" : ""
    let code = "exit code \(result.outcome.code.rawValue)"
    return """
      <div class="verdict" id="verdict">
      <span class="badge \(kind)"><span aria-hidden="true">\(sign)</span>\(findings.word) \
      <small>\(code)</small></span>
      <h1>\(result.outcome.sentence.capitalizedFirst)</h1>
      <p class="why">\(asSentence(result.identity.description))</p>\(loop)
      <ul class="judged">
      \(judgements)</ul>
      <div class="cmd"><p>\(again)</p><pre tabindex="0" role="region" \
      aria-label="Commands"><code>\(Escaped(result.identity.command, limit: 2_000))</code>
      <code>weir verify \(findings.run)</code></pre></div>
      </div>
      """
  }

  /// What repeats exactly, and what does not.
  private var again: String {
    result.identity.clock == .live
      ? "Run it again (events and fault plan repeat exactly, wall-clock timings vary), or judge it "
        + "again from the history alone:"
      : "Run it again (everything repeats exactly, to the last entry of the history), or judge it "
        + "again from the history alone:"
  }

  private func judged(_ judgement: Judgement) -> Markup {
    let sign =
      switch judgement.sign {
      case .good: "\u{2713} "
      case .bad: "\u{2717} "
      case .open: "? "
      case .none: ""
      }
    var link: Markup = ""
    if judgement.head.hasPrefix("Correctness"), let first = findings.notPermitted.first,
      let anchor = Page.anchor(first.id)
    {
      link = " <a href=\"#\(anchor)\">The witness</a>"
    }
    let text = findings.signs(judgement.sentence)
    return """
      <li class="\(Page.kind(judgement.sign))"><b>\(sign)\(judgement.head)</b>\
      <span>\(Escaped(text, limit: 1_500))\(link)</span></li>

      """
  }

  static func kind(_ sign: Findings.Sign) -> String {
    switch sign {
    case .good: "pass"
    case .bad: "fail"
    case .open: "unk"
    case .none: "none"
    }
  }

  /// Class ids of the catalogue, such as `S2`, serve as ids of the page; nothing else does.
  static func anchor(_ id: String) -> String? {
    let letters = id.prefix { $0.isASCII && $0.isUppercase }
    let digits = id.dropFirst(letters.count)
    let whole = !letters.isEmpty && !digits.isEmpty && id.utf8.count <= 6
    return whole && digits.allSatisfy { $0.isASCII && $0.isNumber } ? id : nil
  }
}

/// With a capital and a full stop.
private func asSentence(_ text: String) -> String {
  guard let first = text.first else { return text }
  let capital = first.uppercased() + text.dropFirst()
  return ".!?".contains(capital.last ?? " ") ? capital : capital + "."
}
