import Backbones
import Engines
import Faults
import Harness
import Model
import Scenarios
import Statistics
import Testing

/// What a checker is worth shows when something is wrong: each defect must be found and named.
@Suite struct PlantedDefectTests {
  struct Planted: Sendable, CustomTestStringConvertible {
    var log: Set<LogDefect> = []
    var engine: Set<EngineDefect> = []
    var kind = "fraud-detection"
    var query = "decisions"
    var faults: [PlannedFault] = []
    /// Classes of which at least one must be found and not permitted.
    var named: Set<String>

    var testDescription: String {
      (log.map(\.rawValue) + engine.map(\.rawValue)).joined(separator: ", ")
    }

    var scenario: Scenario { smallScenario(kind, query: query, faults: faults) }
  }

  static let planted: [Planted] = [
    Planted(engine: [.ruleOffByOne], named: ["E1"]),
    Planted(engine: [.lostTimer], kind: "pass-through", query: "count", named: ["E2"]),
    Planted(engine: [.staleRestore], faults: [Fault.crash(.engine)], named: ["E2", "S3"]),
    Planted(
      engine: [.staleRestore], kind: "pass-through", query: "count",
      faults: [Fault.crash(.engine)], named: ["E4"]),
    Planted(engine: [.skipsReplay], faults: [Fault.crash(.engine)], named: ["E2"]),
    Planted(
      log: [.skipsDeduplication], faults: [Fault.message(.dropResponse)], named: ["L2"]),
    Planted(log: [.showsAborted], faults: [Fault.crash(.engine)], named: ["T1"]),
    Planted(log: [.dropsAcknowledged], named: ["L3"]),
    Planted(log: [.losesTail], faults: [Fault.crash(.broker)], named: ["L13", "L3", "L16"]),
    Planted(log: [.reorders], named: ["L1", "L14"]),
    Planted(log: [.forgetsPositions], faults: [Fault.crash(.engine)], named: ["S3", "T11"]),
  ]

  @Test(arguments: planted)
  func `a planted defect is found and named`(planted: Planted) throws {
    let result = try run(planted.scenario, log: planted.log, engine: planted.engine)
    #expect(result.outcome.correctness == .invalid, "\(result.story)")
    #expect(result.outcome.code == .violated, "\(result.story)")
    #expect(!planted.named.isDisjoint(with: result.violations), "\(result.story)")
  }

  @Test(arguments: planted)
  func `and without it the same run is valid`(planted: Planted) throws {
    let result = try run(planted.scenario)
    #expect(result.outcome.correctness == .valid, "\(result.story)")
  }

  @Test func `no defect was forgotten`() {
    for defect in LogDefect.allCases {
      #expect(Self.planted.contains { $0.log.contains(defect) }, "\(defect)")
    }
    for defect in EngineDefect.allCases {
      #expect(Self.planted.contains { $0.engine.contains(defect) }, "\(defect)")
    }
  }
}
