import Backbones
import Engines
import Faults
import Harness
import Model
import Scenarios
import Statistics
import Testing

/// Whole runs of the shop and the arena, a few seconds long: reservations live for a second, and
/// ten hours of matches pass.
@Suite struct ShopRunTests {
  struct Application: Sendable, CustomTestStringConvertible {
    var kind: String
    var query: String
    var testDescription: String { "\(kind) \(query)" }

    func scenario(
      sink: SinkKind = .transactional, strategy: EngineStrategy = .continuous,
      faults: [PlannedFault] = []
    ) -> Scenario {
      var scenario = smallScenario(sink: sink, faults: faults)
      let isShop = kind == "inventory"
      scenario.workload = WorkloadChoice(
        kind: kind,
        parameters: isShop
          ? [
            .init(name: "skus", value: .count(64)), .init(name: "ttl", value: .duration(.second)),
            .init(name: "block", value: .duration(610 * .second)),
          ]
          : [
            .init(name: "players", value: .count(1_024)),
            .init(name: "cheats", value: .ratio(Ratio(1, 10))),
          ],
        query: query, sources: 2, start: scenario.workload.start, partitions: 4)
      scenario.load = .constant(Rate(count: isShop ? 60 : 1_500, per: .second))
      scenario.engine.watermarkDelay = nil
      scenario.engine.strategy = strategy
      scenario.phases.measure = 2_500 * .millisecond
      return scenario
    }
  }

  static let applications = [
    Application(kind: "inventory", query: "stock"),
    Application(kind: "inventory", query: "outcome"),
    Application(kind: "leaderboards", query: "board"),
  ]

  @Test(arguments: applications)
  func `a run is valid through a crash, doubled and late messages`(
    _ application: Application
  ) throws {
    for faults in [
      [], [Fault.crash(.engine)], [Fault.message(.duplicate)], [Fault.message(.delay)],
    ] {
      let result = try run(application.scenario(faults: faults))
      #expect(result.outcome.correctness == .valid, "\(result.story)")
      #expect(result.violations.isEmpty, "\(result.story)")
      #expect(result.oracle.due > 50, "\(result.story)")
    }
    let batches = try run(
      application.scenario(strategy: .microBatch, faults: [Fault.crash(.engine)]))
    #expect(batches.outcome.correctness == .valid, "\(batches.story)")
  }

  /// In `outcome` the last row of an order counts, and it comes again as it was.
  @Test(arguments: [applications[0]])
  func `a run is invalid with an append sink that sees a crash`(
    _ application: Application
  ) throws {
    let result = try run(
      application.scenario(sink: .append, faults: [Fault.crash(.engine)]))
    #expect(result.outcome.correctness == .invalid, "\(result.story)")
    #expect(result.outcome.code == .violated, "\(result.story)")
  }

  struct Planted: Sendable, CustomTestStringConvertible {
    var log: Set<LogDefect> = []
    var engine: Set<EngineDefect> = []
    var application = ShopRunTests.applications[0]
    var faults: [PlannedFault] = []

    var testDescription: String {
      (log.map(\.rawValue) + engine.map(\.rawValue)).joined(separator: ", ")
        + " in \(application)"
    }
  }

  /// The anomalies of the pages' tables, as far as the harness has them to plant.
  static let planted = [
    // Pieces stay reserved.
    Planted(engine: [.lostTimer]),
    // A reservation is lost, or a confirmation.
    Planted(log: [.dropsAcknowledged]),
    // A receipt is processed twice.
    Planted(log: [.skipsDeduplication], faults: [Fault.message(.dropResponse)]),
    // A decision stands there that was taken back.
    Planted(log: [.showsAborted], faults: [Fault.crash(.engine)]),
    Planted(engine: [.staleRestore], faults: [Fault.crash(.engine)]),
    Planted(engine: [.skipsReplay], faults: [Fault.crash(.engine)]),
    // A capture is lost.
    Planted(log: [.dropsAcknowledged], application: applications[1]),
    // A win is lost, and one is counted twice.
    Planted(log: [.dropsAcknowledged], application: applications[2]),
    Planted(
      engine: [.skipsReplay], application: applications[2], faults: [Fault.crash(.engine)]),
  ]

  @Test(arguments: planted)
  func `what goes wrong in these worlds is found`(_ planted: Planted) throws {
    let result = try run(
      planted.application.scenario(faults: planted.faults), log: planted.log,
      engine: planted.engine)
    #expect(result.outcome.correctness == .invalid, "\(result.story)")
    #expect(!result.violations.isEmpty, "\(result.story)")
  }
}
