import Draws
import Faults
import Model
import Scenarios
import Testing

@Suite struct MessageFaultTests {
  func fault(
    _ kind: FaultKind, _ target: FaultTarget, ratio: Ratio = .one, by: Spread? = nil
  ) -> PlannedFault {
    PlannedFault(kind: kind, target: target, at: 0, duration: .second, ratio: ratio, by: by)
  }

  func crossing(
    _ role: ClientRole, _ direction: WireCrossing.Direction, _ content: WireCrossing.Content,
    client: Int32 = 0
  ) -> WireCrossing {
    WireCrossing(role: role, client: client, direction: direction, content: content)
  }

  let produce = WireCrossing(role: .producer, client: 0, direction: .request, content: .produce)

  @Test func `nothing happens before a fault begins and after it ends`() {
    let faults = MessageFaults(seed: 1)
    #expect(!faults.isActive)
    #expect(faults.fate(of: produce, at: .zero) == .pass)
    faults.begin(fault(.drop, .node(.producer, index: nil)), index: 3)
    #expect(faults.isActive && faults.fate(of: produce, at: .zero) == .drop)
    #expect(faults.takeConfirmed() == [3])
    #expect(faults.fate(of: produce, at: .zero) == .drop)
    #expect(faults.takeConfirmed() == [], "confirmed once")
    faults.end(index: 3)
    #expect(!faults.isActive && faults.fate(of: produce, at: .zero) == .pass)
  }

  @Test func `each kind has its fate`() {
    let by = Spread(5 * .millisecond)
    let kinds: [(FaultKind, Fate)] = [
      (.drop, .drop), (.delay, .delay(5 * .millisecond)), (.reorder, .delay(5 * .millisecond)),
      (.duplicate, .duplicate(after: 5 * .millisecond)),
    ]
    for (kind, fate) in kinds {
      let faults = MessageFaults(seed: 1)
      faults.begin(fault(kind, .node(.producer, index: nil), by: by), index: 0)
      #expect(faults.fate(of: produce, at: .zero) == fate)
      #expect(faults.fate(of: crossing(.producer, .response, .produce), at: .zero) == .pass)
      #expect(faults.fate(of: crossing(.sink, .request, .produce), at: .zero) == .pass)
    }
    let lost = MessageFaults(seed: 1)
    lost.begin(fault(.dropResponse, .node(.producer, index: nil)), index: 0)
    #expect(lost.fate(of: produce, at: .zero) == .pass)
    #expect(lost.fate(of: crossing(.producer, .response, .produce), at: .zero) == .drop)
  }

  @Test func `a fault of a consumer acts on its fetches`() {
    let faults = MessageFaults(seed: 1)
    faults.begin(fault(.drop, .node(.consumer, index: nil)), index: 0)
    #expect(faults.fate(of: crossing(.consumer, .request, .fetch), at: .zero) == .drop)
    #expect(faults.fate(of: crossing(.consumer, .request, .other), at: .zero) == .pass)
    #expect(faults.fate(of: produce, at: .zero) == .pass)
  }

  @Test func `an index means one client, from one`() {
    let faults = MessageFaults(seed: 1)
    faults.begin(fault(.drop, .node(.producer, index: 2)), index: 0)
    #expect(faults.fate(of: crossing(.producer, .request, .produce, client: 0), at: .zero) == .pass)
    #expect(faults.fate(of: crossing(.producer, .request, .produce, client: 1), at: .zero) == .drop)
  }

  @Test func `a partition of a link stops one direction or both`() {
    let both = MessageFaults(seed: 1)
    both.begin(fault(.partition, .link(.producer, .broker, bothWays: true)), index: 0)
    let out = MessageFaults(seed: 1)
    out.begin(fault(.partition, .link(.producer, .broker, bothWays: false)), index: 0)
    let back = MessageFaults(seed: 1)
    back.begin(fault(.partition, .link(.broker, .producer, bothWays: false)), index: 0)
    let answer = crossing(.producer, .response, .produce)
    #expect([produce, answer].map { both.fate(of: $0, at: .zero) } == [.drop, .drop])
    #expect([produce, answer].map { out.fate(of: $0, at: .zero) } == [.drop, .pass])
    #expect([produce, answer].map { back.fate(of: $0, at: .zero) } == [.pass, .drop])
    #expect(both.fate(of: crossing(.sink, .request, .other), at: .zero) == .pass)
  }

  @Test func `the engine's links are those of its readers and its sink`() {
    let faults = MessageFaults(seed: 1)
    faults.begin(fault(.partition, .link(.engine, .broker, bothWays: true)), index: 0)
    #expect(faults.fate(of: crossing(.consumer, .request, .fetch), at: .zero) == .drop)
    #expect(faults.fate(of: crossing(.sink, .request, .other), at: .zero) == .drop)
    #expect(faults.fate(of: produce, at: .zero) == .pass)
  }

  @Test func `a ratio is met, and the same messages are hit again`() {
    func hits(seed: UInt64) -> [Bool] {
      let faults = MessageFaults(seed: seed)
      faults.begin(
        fault(.drop, .node(.producer, index: nil), ratio: Ratio(1, 10)), index: 0)
      return (0..<5_000).map { _ in faults.fate(of: produce, at: .zero) == .drop }
    }
    let count = hits(seed: 1).count { $0 }
    #expect(count > 400 && count < 600)
    #expect(hits(seed: 1) == hits(seed: 1))
    #expect(hits(seed: 1) != hits(seed: 2))
  }

  @Test func `a further fault changes nothing for the others`() {
    func fates(alone: Bool) -> [Fate] {
      let faults = MessageFaults(seed: 9)
      if !alone {
        faults.begin(fault(.drop, .node(.sink, index: nil), ratio: Ratio(1, 2)), index: 1)
      }
      faults.begin(
        fault(
          .delay, .node(.producer, index: nil), ratio: Ratio(1, 3),
          by: Spread(median: 10, p99: 1_000)), index: 0)
      return (0..<200).map { _ in faults.fate(of: produce, at: .zero) }
    }
    #expect(fates(alone: true) == fates(alone: false))
    for case .delay(let length) in fates(alone: true) { #expect((10...1_000).contains(length)) }
  }
}

@Suite struct FaultScheduleTests {
  func scenario(_ seed: UInt64, _ draw: FaultDraw?, plan: [PlannedFault] = []) -> Scenario {
    var scenario = Scenario(
      name: "s", description: "", seed: seed,
      workload: WorkloadChoice(
        kind: "pass-through", query: "copy", sources: 1, start: Timestamp(ns: 0)),
      load: .constant(Rate(count: 1, per: .second)))
    scenario.faults = FaultSection(plan: plan, draw: draw)
    scenario.phases.measure = 20 * .second
    return scenario
  }

  let kinds: [FaultKind] = [.crash, .pause, .delay, .duplicate, .dropResponse, .partition]

  @Test(arguments: 1...40 as ClosedRange<UInt64>)
  func `drawn faults stay within their budget`(seed: UInt64) {
    let draw = FaultDraw(kinds: kinds, count: 6, longest: 3 * .second, atOnce: 2)
    let plan = resolveFaults(of: scenario(seed, draw)).plan
    #expect(plan.count <= 6 && plan.count >= 3)
    #expect(plan.map(\.at) == plan.map(\.at).sorted())
    for fault in plan {
      #expect(fault.drawn && kinds.contains(fault.kind))
      #expect(fault.at >= 0 && fault.duration > 0 && fault.duration <= 3 * .second)
      #expect(fault.at + fault.duration <= 20 * .second)
      // Overlaps are greatest at the start of some fault.
      let open = plan.count { $0.at <= fault.at && fault.at < $0.at + $0.duration }
      #expect(open <= 2, "seed \(seed): \(open) at once")
    }
  }

  @Test func `the same seed draws the same faults, another seed others`() {
    let draw = FaultDraw(kinds: kinds, count: 4, longest: .second, atOnce: 1)
    let one = resolveFaults(of: scenario(1, draw))
    #expect(one == resolveFaults(of: scenario(1, draw)))
    #expect(one.plan != resolveFaults(of: scenario(2, draw)).plan)
    #expect(one.draw == nil)
  }

  @Test func `written faults stay as they are, in order of their start`() {
    let late = PlannedFault(
      kind: .crash, target: .node(.engine, index: nil), at: 5 * .second, duration: .second)
    let soon = PlannedFault(
      kind: .pause, target: .node(.broker, index: nil), at: .second, duration: .second)
    #expect(resolveFaults(of: scenario(1, nil, plan: [late, soon])).plan == [soon, late])
    #expect(late.text == "crash engine" && !late.isMessageFault)
    let delay = PlannedFault(
      kind: .delay, target: .node(.producer, index: nil), at: 0, ratio: Ratio(1, 10))
    #expect(delay.text == "delay producer, 1/10" && delay.isMessageFault)
  }

  @Test func `nothing is drawn where nothing fits`() {
    var short = scenario(1, FaultDraw(kinds: kinds, count: 4, longest: .second, atOnce: 1))
    short.phases.measure = nil
    #expect(resolveFaults(of: short).plan.isEmpty)
    let none = scenario(1, FaultDraw(kinds: [], count: 4, longest: .second, atOnce: 1))
    #expect(resolveFaults(of: none).plan.isEmpty)
  }
}
