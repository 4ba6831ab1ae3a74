import Draws
import Model
import Scenarios
import Testing

@Suite struct PrinterTests {
  @Test(arguments: UInt64(0)..<200)
  func `a printed scenario loads as the same scenario`(seed: UInt64) throws {
    var random = RandomScenario(seed: seed)
    let drawn = random.scenario()
    let text = printScenario(drawn)
    var expected = drawn
    if drawn.faults.plan.contains(where: \.drawn) { expected.faults.draw = nil }
    switch load(text) {
    case .success(let loaded):
      #expect(loaded.scenario == expected, "\(text)")
      #expect(loaded.resolved == printScenario(expected))
    case .failure(let problems):
      Issue.record("\(renderProblems(problems.list))\n\(text)")
    }
  }

  @Test func `every key that is read is printed, and its default is that of the values`() throws {
    let smallest = try scenario(file())
    let made = Scenario(
      name: "try", description: "a test", workload: smallest.workload, load: smallest.load)
    #expect(smallest == made)
    let text = printScenario(
      try scenario(
        file(
          "engine: {watermark_delay: 1s, allowed_lateness: 2s}", "report: {title: 'A: b'}",
          "faults:", "  plan: [{kind: crash, target: engine, at: 1s}]",
          "  draw: {kinds: [delay], count: 1}", "expect: {permit: [C4]}"),
        [.trace("x.trace"), .set("load.idle_cap=1s"), .set("phases.measure=60s")]))
    let real = printScenario(
      try scenario(
        file(
          "backbone: {kind: kafka, bootstrap: 'h:1', kafka: {replication: 1, min_in_sync: 1,",
          "  broker: {a: 1}, producer: {b: 2}, consumer: {c: 3}},",
          "  security: {tls: true, ca: c, mechanism: plain, user: 'env:U', password: 'env:P'}}")))
    let job = printScenario(try scenario(JobTests.whole))
    let names = (text + real + job).split(separator: "\n").map {
      $0.trimmingPrefix { $0 == " " }.prefix { $0 != ":" }
    }
    for line in grammarLines() where line.isAvailable {
      let name = line.path.split(separator: ".").last ?? ""
      let elsewhere = [
        "plan.*", "expect.", "load.rate", "costs.record", "streams.", "environment",
      ]
      if elsewhere.contains(where: line.path.contains) { continue }
      #expect(names.contains(name), "\(line.path)")
    }
  }

  @Test func `a resolved scenario reads like a file`() throws {
    let loaded = try load(
      file("faults: {plan: [{kind: drop, target: producer, at: 1s, for: 2s, ratio: 1/3}]}")
    ).get()
    #expect(
      loaded.resolved.hasPrefix(
        """
        # Demonstrates: a test.
        weir: 1
        name: try
        seed: 1
        demonstrates: valid
        workload:
          kind: fraud-detection
          parameters:
            cards: 10M
            merchants: 50k
            fraud: 0.172%
        """))
    #expect(
      loaded.resolved.contains(
        """
        faults:
          plan:
            - {kind: drop, target: producer, at: 1s, for: 2s, ratio: 1/3}
          guard: survivable
        clock: virtual
        phases:
          warm_up: 5s
          measure: 60s
        """))
  }
}

/// A scenario drawn from a seed, within what the grammar can say.
struct RandomScenario {
  private let draws: DrawStream
  private var counter: UInt64 = 0

  init(seed: UInt64) {
    draws = DrawFamily(seed: seed, component: "tests", purpose: "scenarios").stream(0)
  }

  private mutating func below(_ bound: UInt64) -> UInt64 {
    counter += 1
    return draws.below(bound, counter)
  }

  private mutating func coin() -> Bool { below(2) == 0 }

  private mutating func one<Element>(_ elements: [Element]) -> Element {
    elements[Int(below(UInt64(elements.count)))]
  }

  private mutating func duration(_ low: Nanoseconds = 0) -> Nanoseconds {
    low + Int64(below(10_000)) * one([1, 1_000, .millisecond, .second, 60 * .millisecond])
  }

  private mutating func spread() -> Spread {
    let median = duration(1)
    return coin() ? Spread(median) : Spread(median: median, p99: median + duration())
  }

  private mutating func ratio() -> Ratio {
    let denominator = Int64(below(1000)) + 1
    let numerator = Int64(below(UInt64(denominator))) + 1
    var (a, b) = (numerator, denominator)
    while b != 0 { (a, b) = (b, a % b) }
    return Ratio(numerator / a, denominator / a)
  }

  private mutating func text() -> String {
    let letters: [Character] = ["a", "Z", "0", " ", ":", "#", "\"", "\\", "'", "{", "-", "é", "%"]
    return "t" + String((0..<below(20)).map { _ in one(letters) }) + "."
  }

  private mutating func faults(_ measure: Nanoseconds) -> FaultSection {
    var plan: [PlannedFault] = []
    let isDrawn = coin()
    for _ in 0..<below(6) {
      let kind = one(FaultKind.allCases)
      let target: FaultTarget
      var by: Spread?
      var share = Ratio.one
      switch kind {
      case .crash, .pause: target = coin() ? .node(.engine, index: nil) : .node(.broker, index: 1)
      case .partition: target = .link(.broker, one([.producer, .engine, .sink]), bothWays: coin())
      default:
        target = .node(one([.producer, .consumer, .sink]), index: coin() ? 1 : nil)
        share = ratio()
        if kind == .delay { by = spread() }
      }
      let length = Int64(below(UInt64(measure))) + 1
      let at = Int64(below(UInt64(measure - length + 1)))
      plan.append(
        .init(
          kind: kind, target: target, at: at, duration: length, ratio: share, by: by,
          drawn: isDrawn && coin()))
    }
    let sorted = plan.enumerated().sorted {
      ($0.element.at, $0.offset) < ($1.element.at, $1.offset)
    }
    let draw = FaultDraw(kinds: [.crash, .delay], count: 3, longest: measure, atOnce: 2)
    return FaultSection(plan: sorted.map(\.element), draw: coin() ? draw : nil)
  }

  private mutating func expectations() -> Expectations {
    var expect = Expectations(guarantee: coin() ? one(Guarantee.allCases) : nil)
    if coin() { expect.permit = ["C4", "T3"] }
    for metric in scenarioMetrics where metric.isAvailable && coin() {
      let limit: Threshold.Limit
      switch one(metric.values) {
      case .duration: limit = .duration(duration())
      case .count, .number: limit = .count(Int64(below(1 << 40)))
      case .ratio: limit = .ratio(ratio())
      case .rate: limit = .rate(Rate(count: Int64(below(1_000_000)) + 1, per: .second))
      case .size: limit = .size(Int64(below(1 << 40)))
      }
      expect.thresholds.append(
        .init(metric: metric.name, comparison: one(Comparison.allCases), limit: limit))
    }
    return expect
  }

  mutating func scenario() -> Scenario {
    let kind = testCatalog.workloads[Int(below(2))]
    let parameters = kind.parameters.map {
      WorkloadChoice.Parameter(name: $0.name, value: $0.defaultValue)
    }
    let isTrace = coin()
    let acks = one(Acknowledgement.allCases)
    let measure = duration(1)
    var result = Scenario(
      name: one(["a", "finance/x-1", "deep/er/n.a_me"]),
      description: one(["plain words", "Does \"it\" work: yes #1 of 2", "\u{e9}t\u{e9}", "a"])
        + String(repeating: " and more words", count: Int(below(20))),
      demonstrates: one(Demonstration.allCases), seed: draws.word(9999),
      workload: .init(
        kind: kind.name, parameters: parameters, query: one(kind.queries),
        sources: Int(below(65_536)) + 1, trace: isTrace ? text() : nil,
        start: Timestamp(ns: Int64(below(1 << 62)))),
      load: isTrace
        ? .trace(speed: coin() ? nil : Ratio(Int64(below(1000)) + 1, 1), idleCap: nil)
        : .constant(one([Rate(count: 7, per: 10 * .second), Rate(count: 1500, per: .hour)])))
    result.backbone = .init(
      kind: .embedded, acks: acks, idempotent: acks == .all && coin(),
      costs: .init(link: spread(), request: spread(), record: spread(), batch: spread()),
      fsync: one(FsyncPolicy.allCases))
    result.engine = .init(
      guarantee: one(Guarantee.allCases), checkpointInterval: duration(.millisecond),
      restartDelay: duration(), watermarkDelay: coin() ? duration() : nil,
      allowedLateness: coin() ? duration() : nil, costs: .init(record: spread()),
      strategy: one(EngineStrategy.allCases))
    result.sink = .init(kind: one(SinkKind.allCases), stream: one(["results", "a.b_c-1"]))
    result.resources = .init(partitions: Int(below(100)) + 1, slots: Int(below(100)) + 1)
    result.workload.partitions = result.resources.partitions
    result.faults = faults(measure)
    result.clock = one(ClockKind.allCases)
    result.phases = .init(
      warmUp: duration(), measure: measure, heal: duration(), drain: duration(), limit: duration(1))
    result.expect = expectations()
    result.report = .init(title: coin() ? text() : nil, interval: .second)
    return result
  }
}
