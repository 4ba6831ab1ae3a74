import Model
import Statistics
import Testing

/// What decides whether a model agrees with a real system: each difference against the nearest
/// pair of runs that agree.
@Suite struct AgreementTests {
  private static func histogram(_ values: [Int64], times: UInt64 = 1) -> LatencyHistogram {
    var histogram = LatencyHistogram()
    for value in values { histogram.record(value, times: times) }
    return histogram
  }

  private static func anomaly(_ id: String, permitted: Bool) -> Anomaly {
    Anomaly(id: id, name: id, definition: "", count: 1, witnesses: [], permitted: permitted)
  }

  /// A run that is right: 400 events gave 30 results, and C4 was seen and permitted.
  private func made(_ change: (inout RunResult) -> Void = { _ in }) -> RunResult {
    let hash = Digest128(high: 2, low: 1)
    var run = RunResult(
      identity: RunIdentity(
        version: "0", scenario: "s", description: "", title: nil, seed: 1, backbone: "kafka",
        engine: "embedded", sink: "transactional", workload: "w", clock: .live,
        eventNoun: "payments", resultNoun: "alerts", scenarioText: "", scenarioDigest: hash,
        historyHash: hash, command: "", overrides: []),
      outcome: RunOutcome(code: .holds, correctness: .valid, sentence: "."),
      latency: LatencyResult(
        all: Self.histogram(Array(1...1_000).map { $0 * 1_000_000 })),
      rates: RateResult(
        interval: .second, samples: [], offered: 100, achieved: 100, offeredCount: 400,
        shape: "", backlogMaximum: 0, backlogMaximumAt: 0, backlogEnd: 0, backlogGrowth: 0,
        measured: .second),
      thresholds: [],
      anomalies: AnomalyResult(
        found: [Self.anomaly("C4", permitted: true)],
        classes: [
          .init(id: "C4", name: "", state: .permitted), .init(id: "S2", name: "", state: .clean),
        ], promises: []),
      oracle: OracleResult(
        due: 30, found: 30, missing: 0, extra: 0, different: 0, attribution: [], ledger: [],
        lateDropped: 0, regime: "complete", greatestDisorder: 0),
      faults: [],
      harness: HarnessResult(
        historyEntries: 1, historyBytes: 1, historyWhole: true, checks: [],
        costs: [.init(name: "link", value: "1 ms", basis: "assumed")]),
      cost: CostResult(basis: "", parts: [], events: 400),
      usage: Usage(
        events: 400, payloadBytes: 0, requests: 0, deliveries: 0, retainedBytes: 0, wall: 0,
        cpu: 0, peakMemory: 0, simulated: 0),
      environment: [])
    change(&run)
    return run
  }

  private func code(
    model: RunResult? = nil, real: RunResult? = nil,
    tolerances: [(metric: String, share: Ratio)] = []
  ) -> ExitCode {
    Agreement(model: model ?? made(), real: real ?? made(), tolerances: tolerances).code
  }

  @Test func `equal runs agree, and so do runs that differ only in speed`() {
    #expect(code() == .holds)
    let slow = made {
      $0.latency.all = Self.histogram(Array(1...1_000).map { $0 * 9_000_000 })
      $0.rates.achieved = 50
    }
    #expect(code(real: slow) == .holds)
    let agreement = Agreement(model: made(), real: slow)
    #expect(agreement.measures[0].difference == -0.5)
    #expect(agreement.measures[1].metric == "latency.p50")
    #expect(agreement.measures[1].difference.map { abs($0 - 8) < 0.01 } == true)
    #expect(agreement.costs.map(\.model) == [0, 0, 1])
  }

  @Test func `another verdict is a difference; two invalid runs agree`() {
    let wrong = made { $0.outcome.correctness = .invalid }
    #expect(code(real: wrong) == .violated)
    #expect(code(model: wrong) == .violated)
    #expect(code(model: wrong, real: wrong) == .holds)
  }

  @Test func `one event or one result more is a difference`() {
    #expect(code(real: made { $0.usage.events = 401 }) == .violated)
    #expect(code(real: made { $0.oracle.due = 29 }) == .violated)
    #expect(code(real: made { $0.oracle.found = 29 }) == .violated)
  }

  @Test func `a class that the model did not show is a difference, not the reverse`() {
    let more = made {
      $0.anomalies.found = ["S2", "C4"].map { Self.anomaly($0, permitted: true) }
    }
    let none = made { $0.anomalies.found = [] }
    #expect(code(real: more) == .violated)
    #expect(Agreement(model: made(), real: more).unpredicted == ["S2"])
    #expect(code(model: more) == .holds)
    #expect(code(real: none) == .holds)
    #expect(code(model: none) == .violated)
    #expect(Agreement(model: more, real: none).predicted == ["C4", "S2"])
  }

  @Test func `what is unknown, unusable or interrupted is not called agreement`() {
    let unknown = made { $0.outcome.correctness = .unknown }
    #expect(code(real: unknown) == .inconclusive)
    // A history that was cut counts less by itself: no proof against the model.
    #expect(
      code(
        real: made {
          $0.outcome.correctness = .unknown
          $0.oracle.found = 3
        }) == .inconclusive)
    let late = made {
      $0.outcome.usable = false
      $0.outcome.usableReason = "send lateness"
    }
    #expect(code(real: late) == .notUsable)
    #expect(
      code(
        real: made {
          $0.outcome.usable = false
          $0.oracle.found = 29
        }) == .violated)
    #expect(code(real: made { $0.outcome.interruptedAt = .zero }) == .interrupted)
  }

  @Test func `a tolerance decides at its edge, and needs samples`() {
    let slower = made { $0.rates.achieved = 90 }
    #expect(code(real: slower, tolerances: [("throughput", Ratio(1, 10))]) == .holds)
    #expect(code(real: slower, tolerances: [("throughput", Ratio(99, 1_000))]) == .missed)
    // Of a thousand samples only one lies above p99.9.
    #expect(code(tolerances: [("latency.p99.9", .one)]) == .inconclusive)
    #expect(code(tolerances: [("latency.p99", .zero)]) == .holds)
    #expect(code(tolerances: [("latency.calm.p50", .one)]) == .inconclusive)
    let faulty = made {
      $0.faults = [
        FaultResult(
          letter: "A", text: "", start: 0, duration: 1, drawn: false, confirmed: true,
          healed: true, stall: 0, peakBacklog: 0, caughtUpAfterStart: 0, recoveredAfterEnd: 0)
      ]
    }
    let metrics = Agreement(model: faulty, real: faulty).measures.map(\.metric)
    #expect(metrics == AgreementMeasure.names)
  }
}
