import History
import Model
import Queries
import Scenarios
import Testing
import Verification

@Suite struct DamagedHistoryTests {
  @Test func `a history that was cut is never valid`() throws {
    for bytes in [1, 40, 400] {
      let outcome = try SmallRun().judged(damage: { $0.removeLast(bytes) }, flushEach: true)
      #expect(outcome.verdict == .unknown)
      #expect(outcome.assessment.reason.contains("history"))
      #expect(outcome.assessment.classes.allSatisfy { $0.state != .clean })
    }
  }

  @Test func `a history with a changed byte is never valid`() throws {
    for place in [60, 300, 900] {
      let outcome = try SmallRun().judged(damage: { $0[place] ^= 0x10 }, flushEach: true)
      #expect(outcome.verdict == .unknown)
    }
  }

  @Test func `a run that was cut is not valid, and what was found stays`() throws {
    var run = SmallRun()
    run.replace(
      "run ended",
      with: Step(kind: .runEnded, at: 14, name: "run ended") {
        $0.number(0)
        $0.text("interrupted")
      })
    #expect(try run.judged().verdict == .unknown)
    #expect(try run.judged().assessment.reason == "the run was cut before its end: interrupted")
    run.replace("polled 0@10", with: run.polled(0, 10, 1, evens, at: 5, wrongBy: 1))
    #expect(try run.judged().verdict == .invalid)
  }

  @Test func `a run that did nothing is not valid`() throws {
    var run = SmallRun()
    run.steps = run.steps.filter { $0.kind == .engineStarted || $0.kind == .runEnded }
    run.endOfLoad = Instant(ns: 0)
    #expect(try run.judged().verdict == .unknown)
  }

  @Test func `nothing that was sent and not shown is forgotten`() throws {
    var run = SmallRun()
    run.steps.removeAll { $0.kind == .observed }
    #expect(try run.judged().found == ["S1 4"])
    run.steps.removeAll { $0.kind == .emitted }
    #expect(try run.judged().found == ["E2 4"])
  }

  @Test(arguments: 0..<60) func `random entries never stop the judge`(seed: Int) {
    var dice = Dice(seed)
    var bytes: [UInt8] = []
    for _ in 0..<200 {
      bytes.append(UInt8(dice.below(32)))
      for _ in 0..<dice.below(12) {
        bytes.append(UInt8(dice.below(4) == 0 ? dice.below(256) : dice.below(8)))
      }
    }
    let run = SmallRun()
    let judge = Judge(
      context: JudgeContext(
        workload: run.workload, endOfLoad: nil, partitions: 2, sink: .transactional))
    bytes.withUnsafeBytes { judge.observe(block: $0, firstEntry: 0, startAt: .zero) }
    let judgement = judge.finish(.complete)
    #expect(
      assess(judgement, judge.tell(judgement), under: .init(), plan: run.plan).verdict != .valid)
  }

  @Test(arguments: 0..<60) func `whole entries in random order never stop the judge`(seed: Int)
    throws
  {
    var dice = Dice(seed)
    var run = SmallRun()
    for _ in 0..<1 + dice.below(6) {
      let step = run.steps.remove(at: dice.below(run.steps.count))
      if dice.below(2) == 0 { run.steps.insert(step, at: dice.below(run.steps.count)) }
      if dice.below(3) == 0 { run.steps.insert(step, at: dice.below(run.steps.count)) }
    }
    let outcome = try run.judged()
    let results = outcome.judgement.results
    #expect(
      results.attribution.reduce(0) { $0 + $1.count }
        == results.missing + results.extra + results.different)
  }
}

@Suite struct CatalogueTests {
  @Test func `the catalogue has its 93 classes, each once`() {
    #expect(catalogue.count == 93)
    #expect(Set(catalogue.map(\.id)).count == 93)
    #expect(anomalyClass("S2")?.name == "sink-duplicate")
  }

  @Test func `every class has a state, and only checked ones are clean`() throws {
    let outcome = try SmallRun().judged()
    #expect(outcome.assessment.classes.map(\.id) == catalogue.map(\.id))
    for (state, named) in zip(outcome.assessment.classes, catalogue) where state.state == .clean {
      #expect(named.isChecked)
    }
    for state in outcome.assessment.classes where state.state != .clean {
      #expect(!state.reason.isEmpty)
    }
  }

  @Test func `promises name only classes of the catalogue, and none twice`() {
    for guarantee in Guarantee.allCases {
      for sink in SinkKind.allCases {
        let configuration = Configuration(
          isIdempotent: false, guarantee: guarantee, sink: sink, expected: guarantee)
        for part in promises(configuration) {
          let ids = part.forbids + part.allows.map(\.id)
          #expect(ids.allSatisfy { anomalyClass($0) != nil })
          #expect(Set(ids).count == ids.count)
        }
      }
    }
  }

  @Test func `a scenario may permit a class`() throws {
    var run = SmallRun()
    run.replace("polled 0@10", with: run.polled(0, 10, 1, evens, at: 5, wrongBy: 1))
    let outcome = try run.judged(.init(permit: ["D1"]))
    #expect(outcome.verdict == .valid)
    #expect(outcome.anomaly("D1")?.reason == "the scenario permits it")
  }
}
