import Model
import Reporting
import Statistics
import Testing

@Suite struct AgreementTextTests {
  @Test func `the table names what differs, in columns of plain text`() {
    let model = Sample.valid.result
    var real = Sample.live.result
    let same = Agreement(model: model, real: model, tolerances: [("latency.p50", Ratio(1, 10))])
    let page = renderAgreement(same, system: "kafka 4.3.1")
    let lines = page.split(separator: "\n").map(String.init)
    #expect(lines[0].contains("kafka 4.3.1") && lines[0].hasSuffix("difference"))
    #expect(page.contains("\nverdict ") && page.contains("agrees\n"))
    #expect(page.contains("0.0 %, within 10.0 %"))
    #expect(lines.last?.hasPrefix("AGREES  costs of the model: ") == true)
    real.outcome.correctness = .invalid
    real.oracle = model.oracle
    real.usage.events = model.usage.events + 2
    real.anomalies.found = [
      Anomaly(id: "S2\u{1B}[", name: "", definition: "", count: 1, witnesses: [])
    ]
    let other = renderAgreement(Agreement(model: model, real: real), system: "kafka\u{7}")
    #expect(other.contains("differs by 2\n"))
    #expect(other.contains("DIFFERS  the verdicts; the count of "))
    #expect(other.utf8.allSatisfy { $0 == 10 || $0 >= 32 && $0 < 127 })
  }
}
