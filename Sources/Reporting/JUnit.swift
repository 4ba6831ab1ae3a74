import Model
import Statistics

/// The document `junit.xml`: one test case for each anomaly class that applies, and one for each
/// threshold. Violated and missed are failures; undecided thresholds are errors, and so are unknown
/// classes when the verdict is unknown. What was not looked for or does not apply is skipped.
public func renderJUnit(_ result: RunResult) -> String {
  var suite = JUnitSuite(result)
  suite.addClasses()
  suite.addThresholds()
  suite.addHarness()
  let scenario = Escaped(result.identity.scenario).xml
  let totals = suite.totals
  return """
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="weir" \(totals)>
    <testsuite name="\(scenario)" \(totals)>
    <properties>
    <property name="verdict" value="\(Escaped(suite.findings.word).xml)"/>
    <property name="seed" value="\(result.identity.seed)"/>
    <property name="history_hash" value="\(result.identity.historyHash.text)"/>
    </properties>
    \(suite.cases.joined(separator: "\n"))
    </testsuite>
    </testsuites>

    """
}

/// Test cases and their counts.
private struct JUnitSuite {
  let result: RunResult
  let findings: Findings
  private let scenario: String
  private(set) var cases: [String] = []
  private var failures = 0
  private var errors = 0
  private var skipped = 0

  init(_ result: RunResult) {
    self.result = result
    findings = Findings(result, .plain)
    scenario = Escaped(result.identity.scenario).xml
  }

  var totals: String {
    "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"\(skipped)\""
  }

  mutating func addClasses() {
    for item in result.anomalies.classes where item.state != .notApplicable {
      var child = ""
      if item.state == .violation {
        failures += 1
        let anomaly = result.anomalies.found.first { $0.id == item.id && !$0.permitted }
        child = element("failure", "found \(item.count) times", story(anomaly, findings))
      } else if item.state == .unknown && result.outcome.correctness == .unknown {
        errors += 1
        child = element("error", "unknown: \(item.reason)", "")
      } else if item.state == .unknown {
        skipped += 1
        child = element("skipped", item.reason, "")
      }
      let name = Escaped("\(item.id) \(item.name)").xml
      cases.append(testCase(scenario + ".anomalies", name, child))
    }
  }

  mutating func addThresholds() {
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
  }

  mutating func addHarness() {
    if result.outcome.usable { return }
    errors += 1
    cases.append(
      testCase(
        scenario + ".harness", "fit to measure",
        element("error", result.outcome.usableReason, "")))
  }
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
