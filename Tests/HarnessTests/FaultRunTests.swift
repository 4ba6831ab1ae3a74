import Backbones
import Engines
import Faults
import Harness
import Model
import Scenarios
import Statistics
import Testing

@Suite struct FaultRunTests {
  static let survivable: [PlannedFault] =
    [
      Fault.crash(.engine), Fault.crash(.broker), Fault.pause, Fault.partition,
    ]
    + [FaultTarget.Role.producer, .consumer, .sink].flatMap { role in
      [FaultKind.dropResponse, .delay, .duplicate, .drop, .reorder].map { Fault.message($0, role) }
    }

  @Test(arguments: survivable)
  func `a transactional sink is valid under every kind of fault`(fault: PlannedFault) throws {
    let result = try run(smallScenario(faults: [fault]))
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    #expect(result.outcome.code == .holds, "\(result.story)")
    #expect(result.faults.map(\.confirmed) == [true], "\(fault.text) changed nothing")
    #expect(result.faults.map(\.healed) == [true])
  }

  @Test func `the leader of a partition is the one broker of the embedded log`() throws {
    for (kind, stream) in [(FaultKind.crash, "requests"), (.pause, "results")] {
      let scenario = smallScenario()
      let fault = PlannedFault(
        kind: kind,
        target: .leader(
          stream: stream == "results" ? scenario.sink.stream : stream, partition: 0),
        at: 300 * .millisecond, duration: 200 * .millisecond)
      let result = try run(smallScenario(faults: [fault]))
      #expect(result.outcome.correctness == .valid, "\(result.story)")
      #expect(result.faults.map(\.confirmed) == [true] && result.faults.map(\.healed) == [true])
    }
  }

  @Test func `windows come out once under crashes of both`() throws {
    let faults = [
      Fault.crash(.engine, at: 300 * .millisecond), Fault.crash(.broker, at: 600 * .millisecond),
      Fault.crash(.engine, at: 1_000 * .millisecond),
    ]
    let scenario = smallScenario("pass-through", query: "count", faults: faults)
    let result = try run(scenario)
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    #expect(result.oracle.due > 100)
  }

  @Test(
    arguments: [
      [], [Fault.crash(.engine)], [Fault.crash(.engine, at: 317 * .millisecond), Fault.pause],
      [Fault.crash(.broker), Fault.crash(.engine, at: 1_000 * .millisecond)],
    ] as [[PlannedFault]])
  func `micro-batches are valid, a planned one runs again after a crash`(
    faults: [PlannedFault]
  ) throws {
    for (kind, query) in [("fraud-detection", "decisions"), ("pass-through", "count")] {
      var scenario = smallScenario(kind, query: query, faults: faults)
      scenario.engine.strategy = .microBatch
      let result = try run(scenario)
      #expect(result.outcome.correctness == .valid, "\(result.story)")
      #expect(result.oracle.due > 100)
    }
  }

  @Test func `an engine and a broker that are down at once come back`() throws {
    var broker = Fault.crash(.broker)
    broker.duration = 500 * .millisecond
    for sink in [SinkKind.transactional, .upsert] {
      let result = try run(smallScenario(sink: sink, faults: [broker, Fault.crash(.engine)]))
      #expect(result.outcome.correctness == .valid, "\(sink): \(result.story)")
    }
  }

  @Test func `an append sink doubles results when the engine crashes, and a witness proves it`()
    throws
  {
    let path = temporaryPath("append")
    defer { remove(path) }
    let scenario = smallScenario(sink: .append, faults: [Fault.crash(.engine)])
    let result = try run(scenario, path: path)
    #expect(result.outcome.code == .violated)
    #expect(result.outcome.correctness == .invalid)
    #expect(result.violations == ["S2"], "\(result.story)")
    let doubled = try #require(result.anomalies.found.first { $0.id == "S2" })
    let witness = try #require(doubled.witnesses.first)
    #expect(!witness.events.isEmpty)
    #expect(witness.story.count >= 2 && witness.story.count <= 8, "\(witness.story)")
    #expect(witness.conclusion.hasPrefix("So "))
    for citation in witness.story { #expect(citation.entry > 0 && !citation.sentence.isEmpty) }
  }

  @Test func `an upsert sink forgives what an append sink does not`() throws {
    let result = try run(smallScenario(sink: .upsert, faults: [Fault.crash(.engine)]))
    #expect(result.outcome.correctness == .valid, "\(result.story)")
  }

  @Test(arguments: [true, false])
  func `lost responses double records of a producer that is not idempotent`(isIdempotent: Bool)
    throws
  {
    var scenario = smallScenario(
      "pass-through", query: "copy", faults: [Fault.message(.dropResponse)])
    scenario.backbone.idempotent = isIdempotent
    let result = try run(scenario)
    let found = result.anomalies.found.map(\.id)
    #expect(found.contains("L2") == !isIdempotent, "\(result.story)")
    #expect(!found.contains("L1"), "a second copy is no wrong place: \(result.story)")
    #expect((result.outcome.correctness == .valid) == isIdempotent, "\(result.story)")
  }

  @Test func `faults drawn from the seed are carried out, and the run stays valid`() throws {
    var scenario = smallScenario()
    scenario.seed = 11
    scenario.faults = FaultSection(
      plan: [],
      draw: FaultDraw(
        kinds: [.delay, .duplicate, .dropResponse, .crash, .pause], count: 4,
        longest: 200 * .millisecond, atOnce: 2))
    scenario.faults = resolveFaults(of: scenario)
    #expect(scenario.faults.plan.count >= 3)
    let result = try run(scenario)
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    #expect(result.faults.map(\.letter) == Array(["A", "B", "C", "D"].prefix(result.faults.count)))
  }

  @Test func `how the system came through a pause is told`() throws {
    var pause = Fault.pause
    pause.duration = 400 * .millisecond
    let result = try run(smallScenario(faults: [pause]))
    let fault = try #require(result.faults.first)
    #expect(fault.start == pause.at && fault.duration == pause.duration)
    #expect(fault.stall >= 300 * .millisecond && fault.stall <= 600 * .millisecond)
    #expect(fault.peakBacklog > 200)
    let caughtUp = try #require(fault.caughtUpAfterStart)
    #expect(caughtUp >= pause.duration)
    #expect(fault.recoveredAfterEnd == caughtUp - pause.duration)
  }

  @Test func `rates add up to what was sent`() throws {
    let result = try run(smallScenario())
    let offered = result.rates.samples.reduce(0) { $0 + $1.offered }
    #expect(UInt64(offered) == result.usage.events)
    #expect(result.oracle.ledger.reduce(0) { $0 + $1.count } == result.usage.events)
    #expect(result.oracle.found == result.oracle.due)
    #expect(result.latency.all.count > 0 && result.latency.all.notPositive == 0)
  }
}

@Suite struct ManyFaultsTests {
  /// Seven faults of any kind at once or one after the other, drawn anew for each seed.
  static func scenario(_ seed: UInt64) -> Scenario {
    let isEven = seed % 2 == 0
    var scenario =
      isEven
      ? smallScenario(rate: 600)
      : smallScenario(
        "pass-through", query: "count", rate: 600, sink: seed % 3 == 0 ? .upsert : .transactional)
    scenario.seed = seed
    scenario.faults = FaultSection(
      plan: [],
      draw: FaultDraw(
        kinds: [.crash, .pause, .partition, .drop, .delay, .duplicate, .reorder, .dropResponse],
        count: 7, longest: 400 * .millisecond, atOnce: 3))
    scenario.faults = resolveFaults(of: scenario)
    return scenario
  }

  @Test(arguments: 1...8 as ClosedRange<UInt64>)
  func `a log that loses what it acknowledged stops no one`(seed: UInt64) throws {
    var scenario = smallScenario("pass-through", query: "count", rate: 600)
    scenario.seed = seed
    scenario.backbone.fsync = .interval
    // The sink, too, has written what the log then lost: its next requests are refused.
    scenario.faults.plan = [Fault.crash(.broker, at: 1_200 * .millisecond)]
    let result = try run(scenario)
    #expect(result.outcome.correctness != .unknown, "\(result.story)")
  }

  @Test(arguments: 1...12 as ClosedRange<UInt64>)
  func `many faults at once leave every result there once`(seed: UInt64) throws {
    let result = try run(Self.scenario(seed))
    #expect(result.outcome.correctness == .valid, "\(result.story)")
  }
}

@Suite struct OverloadTests {
  @Test func `a load above capacity is told, and misses its limit`() throws {
    var scenario = smallScenario("pass-through", query: "count")
    scenario.engine.costs.record = Spread(4 * .millisecond)
    scenario.phases.measure = 2_500 * .millisecond
    scenario.expect.thresholds = [
      Threshold(metric: "throughput", comparison: .atLeast, limit: .ratio(Ratio(99, 100)))
    ]
    let result = try run(scenario)
    #expect(result.outcome.saturated)
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    #expect(result.outcome.code == .missed, "\(result.story)")
    #expect(result.thresholds.map(\.outcome) == [.missed])
  }
}
