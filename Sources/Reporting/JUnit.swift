import Model
import Statistics

/// The document `junit.xml`: one test case for each anomaly class that applies, and one for each
/// threshold. Violated and missed are failures, unknown and undecided are errors, what does not
/// apply is skipped.
public func renderJUnit(_ result: RunResult) -> String {
  let findings = Findings(result, .plain)
  let scenario = Escaped(result.identity.scenario).xml
  var cases: [String] = []
  var failures = 0
  var errors = 0
  var skipped = 0
  for item in result.anomalies.classes where item.state != .notApplicable {
    let name = Escaped("\(item.id) \(item.name)").xml
    var child = ""
    if item.state == .violation {
      failures += 1
      let anomaly = result.anomalies.found.first { $0.id == item.id && !$0.permitted }
      child = element("failure", "found \(item.count) times", story(anomaly, findings))
    } else if item.state == .unknown {
      errors += 1
      child = element("error", "unknown: \(item.reason)", "")
    }
    cases.append(testCase(scenario + ".anomalies", name, child))
  }
  for threshold in findings.thresholds {
    var child = ""
    let text =
      "\(threshold.measured), wanted \(threshold.expected)"
      + (threshold.margin.isEmpty ? "" : " (\(threshold.margin))")
    switch threshold.outcome {
    case .met: break
    case .missed:
      failures += 1
      child = element("failure", text, "")
    case .undecided:
      errors += 1
      child = element("error", "undecided: \(threshold.reason)", text)
    case .notApplicable:
      skipped += 1
      child = element("skipped", threshold.reason, "")
    }
    cases.append(testCase(scenario + ".thresholds", Escaped(threshold.metric).xml, child))
  }
  if !result.outcome.usable {
    errors += 1
    cases.append(
      testCase(
        scenario + ".harness", "fit to measure",
        element("error", result.outcome.usableReason, "")))
  }
  let totals =
    "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\""
  return """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="weir" \(totals)>
    <testsuite name="\(scenario)" \(totals)>
    <properties>
    <property name="verdict" value="\(Escaped(findings.word).xml)"/>
    <property name="seed" value="\(result.identity.seed)"/>
    <property name="history_hash" value="\(result.identity.historyHash.text)"/>
    </properties>
    \(cases.joined(separator: "\n"))
    </testsuite>
    </testsuites>

    """
}

private func testCase(_ group: String, _ name: String, _ child: String) -> String {
  let start = "<testcase classname=\"\(group)\" name=\"\(name)\""
  return child.isEmpty ? start + "/>" : start + ">\n\(child)\n</testcase>"
}

private func element(_ name: String, _ message: String, _ body: String) -> String {
  let start = "<\(name) message=\"\(Escaped(message, limit: 1_000).xml)\""
  if body.isEmpty { return start + "/>" }
  return start + ">\(Escaped(body, limit: 4_000, lines: true).xml)</\(name)>"
}

private func story(_ anomaly: Anomaly?, _ findings: Findings) -> String {
  guard let anomaly, let witness = anomaly.witnesses.first else { return "" }
  let steps = witness.story.prefix(8).map {
    "\(findings.style.instant($0.at.ns - findings.warmUp, decimals: 3))  \($0.sentence)"
      + " (entry \($0.entry))"
  }
  return (steps + [witness.conclusion]).joined(separator: "\n")
}
