import Model
import Statistics

extension Page {
  var anomalies: Section {
    var body = promises
    let bad = findings.notPermitted
    if !bad.isEmpty {
      body += "<h3>Not permitted</h3>\n"
      var used: Set<String> = []
      for anomaly in bad {
        let anchor = Page.anchor(anomaly.id)
        body += witness(anomaly, anchor.flatMap { used.insert($0).inserted ? $0 : nil })
      }
    }
    if !findings.permitted.isEmpty { body += "<h3>Permitted</h3>" + permittedTable }
    body += "<h3>Looked for</h3>" + lookedFor
    return Section(
      "anomalies", "Anomalies",
      """
      <p>Facts first, then judgement: what was found, what each part promises, and so what is a \
      violation.</p>
      """, body)
  }

  /// Where many classes are violated, each is told once, so that the page stays within its size;
  /// the rest is in `result.json`.
  private var isBrief: Bool { findings.notPermitted.count > 10 }

  private var promises: Markup {
    if result.anomalies.promises.isEmpty {
      return "<p>No part of this configuration promises anything.</p>\n"
    }
    let rows = result.anomalies.promises.map { promise in
      let kept =
        switch promise.kept {
        case .valid: status(.good, "yes")
        case .unknown: status(.open, "unknown")
        case .invalid: status(.bad, "no")
        }
      return Table.Row(
        cells: ["\(Escaped(promise.part))", "\(promise.promise)", kept],
        kind: promise.kept == .invalid ? "bad" : "")
    }
    return Table(
      name: "Promises and whether they were kept",
      columns: [.words("part"), .text("promises here"), .words("kept")], rows: rows
    ).markup
  }

  private func witness(_ anomaly: Anomaly, _ anchor: String?) -> Markup {
    let id: Markup = anchor.map { " id=\"\($0)\"" } ?? ""
    let times = "\(style.count(anomaly.count)) \(plural(anomaly.count, "time", "times"))"
    let why: Markup = anomaly.reason.isEmpty ? "" : "<p>\(sentence(anomaly.reason))</p>\n"
    var body = Markup()
    for (index, told) in anomaly.witnesses.prefix(isBrief ? 1 : 3).enumerated() {
      if index == 1 { body += "<p>Another one:</p>\n" }
      body += story(told)
    }
    if let first = anomaly.witnesses.first { body += entries(first, anomaly) }
    body += others(anomaly)
    let lead =
      anomaly.witnesses.isEmpty
      ? "" : anomaly.count > 1 ? " One of the \(style.count(anomaly.count)), told in full:" : ""
    return """
      <article class="wit fail"\(id)><h3><span class="fail">\u{2717} \
      \(Escaped("\(anomaly.id) \(anomaly.name)"))</span>, \(times)</h3>
      \(why)<p>\(sentence(anomaly.definition))\(lead)</p>
      \(body)</article>

      """
  }

  /// One sentence with a capital and a full stop.
  private func sentence(_ text: String) -> String {
    let start = text.capitalizedFirst
    return start.isEmpty || start.hasSuffix(".") ? start : start + "."
  }

  private func story(_ witness: Witness) -> Markup {
    let steps = Markup(
      witness.story.prefix(8).map { step in
        """
        <li><time>\(style.instant(step.at.ns - findings.warmUp, decimals: 3))</time>\
        <span>\(sentence(step.sentence))</span></li>

        """
      })
    return """
      <ol class="story">
      \(steps)</ol>
      <p class="so">\(sentence(witness.conclusion))</p>

      """
  }

  private func entries(_ witness: Witness, _ anomaly: Anomaly) -> Markup {
    let numbers = witness.story.prefix(8).map { style.count($0.entry) }
    if numbers.isEmpty { return "" }
    let word = plural(
      numbers.count, "The history entry that proves it", "The history entries that prove it")
    return """
      <p class="note">\(word): <span class="mono">\(numbers.joined(separator: "; "))</span>. \
      <code>weir verify \(findings.run) --explain \(Escaped(anomaly.id, limit: 20))/1</code> tells \
      the same from the history.</p>

      """
  }

  private func others(_ anomaly: Anomaly) -> Markup {
    if anomaly.others.isEmpty { return "" }
    let listed = anomaly.others.prefix(isBrief ? 20 : 200).map {
      "\($0.source):\(style.count($0.sequence))"
    }
    let more = anomaly.count - anomaly.witnesses.count - listed.count
    let rest: Markup = more > 0 ? ", and \(style.count(more)) more" : ""
    let noun = Escaped(result.identity.eventNoun, limit: 40)
    return """
      <details><summary>\(listed.count) other \(noun) (source:sequence)</summary>\
      <p class="mono" style="max-width:none">\
      \(Escaped(listed.joined(separator: ", "), limit: 8_000))\
      \(rest)</p></details>

      """
  }

  private var permittedTable: Markup {
    let rows = findings.permitted.map { anomaly in
      let first = anomaly.witnesses.first?.story.first
      let place: Markup =
        first.map { "; first: \(String($0.sentence.prefix(300))), entry \(style.count($0.entry))" }
        ?? ""
      return Table.Row(cells: [
        "\(Escaped("\(anomaly.id) \(anomaly.name)"))", "\(style.count(anomaly.count))",
        "\(anomaly.definition)\(place)", "\(anomaly.reason)",
      ])
    }
    return Table(
      name: "Permitted anomalies",
      columns: [
        .words("class"), .number("count"), .text("what was seen"), .text("permitted because"),
      ], rows: rows
    ).markup
  }

  private var lookedFor: Markup {
    if result.anomalies.classes.isEmpty {
      return "<p>No anomaly class was looked for.</p>\n"
    }
    var groups: [(name: String, items: [AnomalyResult.ClassResult])] = []
    for item in result.anomalies.classes {
      let name = Page.group(item.id)
      if groups.last?.name == name {
        groups[groups.count - 1].items.append(item)
      } else {
        groups.append((name, [item]))
      }
    }
    let grid = Markup(
      groups.map { group in
        """
        <span>\(group.name)</span><ul class="cls">\(Markup(group.items.map(cell)))</ul>

        """
      })
    return """
      <p class="note" style="margin:0 0 14px">\(classCounts)</p><div class="grp">
      \(grid)</div>\(reasons)

      """
  }

  private var classCounts: String {
    var text = findings.classSentence.capitalizedFirst + "."
    let struck = findings.classes(.notApplicable)
    if struck > 0 { text += " \(struck) \(plural(struck, "does", "do")) not apply (struck)." }
    if findings.classes(.permitted) > 0 { text += " \u{2022} is found and permitted." }
    if findings.classes(.violation) > 0 { text += " \u{2717} is a violation." }
    let open = findings.classes(.unknown)
    return text + (open == 0 ? " No check ended unknown." : " ? is a check that did not decide.")
  }

  private static func group(_ id: String) -> String {
    switch id.first {
    case "L": "log"
    case "T": "transactions"
    case "C": "consumers, groups"
    case "E": "engine, windows"
    case "S": "sink, end to end"
    case "D": "data"
    case "V": "liveness"
    default: "other"
    }
  }

  private func cell(_ item: AnomalyResult.ClassResult) -> Markup {
    let (kind, sign, words): (Markup, String, String) =
      switch item.state {
      case .clean: ("", "", "clean")
      case .permitted: (" class=\"per\"", "\u{2022} ", "found, permitted")
      case .violation: (" class=\"bad\"", "\u{2717} ", "violation")
      case .notApplicable: (" class=\"na\"", "", "not applicable")
      case .unknown: (" class=\"open\"", "? ", "unknown")
      }
    let told = Escaped("\(item.name): \(words)")
    return """
      <li\(kind) title="\(told)">\(sign)\(Escaped(item.id, limit: 8))<span class="vh"> \(told)\
      </span></li>
      """
  }

  /// Why classes do not apply or are unknown, folded: one line a reason.
  private var reasons: Markup {
    var list: [(reason: String, ids: [String])] = []
    for item in result.anomalies.classes
    where item.state == .notApplicable || item.state == .unknown {
      let reason = item.reason.isEmpty ? "no reason was given" : item.reason
      if let index = list.firstIndex(where: { $0.reason == reason }) {
        list[index].ids.append(item.id)
      } else {
        list.append((reason, [item.id]))
      }
    }
    if list.isEmpty { return "" }
    let rows = list.prefix(60).map { entry in
      Table.Row(cells: [
        "\(Escaped(entry.ids.joined(separator: ", "), limit: 600))", "\(Escaped(entry.reason))",
      ])
    }
    let table = Table(
      name: "Why classes do not apply",
      columns: [.text("classes"), .text("reason")], rows: Array(rows))
    return """
      <details><summary>Why classes do not apply or are unknown</summary>\(table.markup)</details>
      """
  }
}
