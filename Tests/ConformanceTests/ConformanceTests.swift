import Backbones
import Conformance
import Model
import Testing

@Suite struct ConformanceTests {
  @Test(arguments: [LogSettings.Flush.never, .batch])
  func `the embedded log passes every check`(flush: LogSettings.Flush) {
    let report = runConformance(subject: .embedded { $0.flush = flush })
    for line in report.lines where line.outcome != .passed {
      Issue.record("\(line.check.id): \(line.outcome)")
    }
    #expect(report.conforms)
    #expect(report.code == .holds)
  }

  @Test func `a log that flushes now and then promises nothing over a crash`() {
    let reason = "acknowledged before it is on the disk"
    let subject = ConformanceSubject.embedded(withheld: [.restart: reason]) {
      $0.flush = .interval(.second)
    }
    let report = runConformance(subject: subject)
    #expect(report.conforms, "\(report.failed)")
    #expect(report.outcome(of: "restart.twice") == .notPromised(reason))
  }

  @Test func `and would fail if it did`() {
    let report = runConformance(
      subject: .embedded { $0.flush = .interval(.second) }, only: "restart.acknowledged")
    #expect(report.failed == ["restart.acknowledged-survives"])
    #expect(report.code == .violated)
  }

  @Test func `a log without idempotence is found out`() {
    let report = runConformance(subject: .embedded { $0.idempotent = false }, only: "idempotence.")
    #expect(report.failed.contains("idempotence.lost-response"))
    #expect(report.failed.contains("idempotence.doubled-request"))
  }

  @Test(arguments: brokenLogs.map(\.name))
  func `a broken log is rejected by name`(name: String) throws {
    let broken = try #require(brokenLogs.first { $0.name == name })
    let report = runConformance(subject: broken.subject, only: broken.rejectedBy)
    guard case .failed(let reason) = report.outcome(of: broken.rejectedBy) else {
      Issue.record("\(name) passed \(broken.rejectedBy)")
      return
    }
    #expect(!reason.isEmpty)
    #expect(!report.conforms)
  }

  @Test func `every planted defect is among the broken logs`() {
    for defect in LogDefect.allCases {
      #expect(brokenLogs.contains { $0.name == defect.rawValue })
    }
    #expect(brokenLogs.count >= 10)
  }

  @Test func `checks have names of their own and belong to their capability`() {
    #expect(conformanceChecks.count >= 10)
    #expect(Set(conformanceChecks.map(\.id)).count == conformanceChecks.count)
    for capability in ConformanceCapability.allCases {
      #expect(conformanceChecks.contains { $0.capability == capability }, "\(capability)")
    }
    for check in conformanceChecks {
      #expect(check.id.hasPrefix(check.capability.rawValue + "."))
      #expect(!check.sentence.hasSuffix("."))
    }
  }

  @Test func `what a subject lacks is skipped or not promised, never passed`() {
    let model = ConformanceSubject.embedded()
    let distant = ConformanceSubject(name: "distant", hasWire: false, hasNodes: false) {
      (shape, _) throws(CheckFailure) in try model.make(shape, nil)
    }
    let report = runConformance(subject: distant)
    #expect(report.conforms, "\(report.failed)")
    for line in report.lines where !line.check.needs.isEmpty {
      guard case .skipped = line.outcome else {
        Issue.record("\(line.check.id): \(line.outcome)")
        continue
      }
    }
  }

  @Test func `a model under the wall clock passes as it does in virtual time`() {
    let report = runConformance(subject: .embedded(isPaced: true), only: "transactions.committed")
    #expect(report.conforms, "\(report.failed)")
  }
}
