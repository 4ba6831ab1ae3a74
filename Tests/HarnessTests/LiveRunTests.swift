import Backbones
import Harness
import Model
import Scenarios
import Scheduling
import Statistics
import Testing

@Suite struct LiveRunTests {
  func liveScenario(rate: Int64) -> Scenario {
    var scenario = smallScenario("pass-through", query: "copy", rate: rate)
    scenario.backbone.kind = .null
    scenario.clock = .wall
    scenario.phases = Phases(
      warmUp: 100 * .millisecond, measure: 600 * .millisecond, heal: 0, drain: .second,
      limit: .minute)
    return scenario
  }

  @Test func `the null backbone is driven in real time`() throws {
    let result = try run(liveScenario(rate: 500))
    #expect(result.identity.clock == .live)
    #expect(result.usage.events > 300)
    #expect(result.outcome.correctness == .unknown, "\(result.story)")
    #expect(result.anomalies.found.isEmpty)
    #expect(result.harness.sendLateness.count > 0)
  }

  @Test func `a sender that cannot keep up makes the run unusable`() throws {
    let result = try run(liveScenario(rate: 3_000_000))
    #expect(!result.outcome.usable, "\(result.story)")
    #expect(result.outcome.code == .notUsable)
    #expect(!result.outcome.usableReason.isEmpty)
  }

  @Test func `the null backbone refuses virtual time`() {
    var scenario = liveScenario(rate: 500)
    scenario.clock = .virtual
    #expect(throws: RunFailure.self) { try run(scenario) }
  }

  @Test func `it acknowledges through its descriptor and delivers nothing`() {
    let backbone = NullBackbone()
    var outbox = Outbox()
    let batch = RecordBatch(source: 0, partition: 1, capacity: 1, byteCapacity: 8)
    let bytes: [UInt8] = [1]
    batch.append(
      sequence: 0, intendedAt: 0, keyAndValue: bytes, keyLength: RecordEntry.noKey, valueLength: 1)
    for _ in 0..<2 {
      backbone.handle(
        .submit(ClientID(.producer, 0), .input, [batch], transaction: 0), at: .zero,
        outbox: &outbox)
    }
    #expect(outbox.isEmpty)
    var pacer = WallPacer(descriptors: [backbone.descriptor])
    defer { pacer.close() }
    guard case .completions = pacer.wait(until: pacer.now + 10 * .second) else {
      Issue.record("the descriptor did not wake the pacer")
      return
    }
    backbone.collect(at: .zero, outbox: &outbox)
    let bases = outbox.completions.compactMap { completion -> Int64? in
      if case .submitted(_, _, _, .acknowledged(let base)) = completion { base } else { nil }
    }
    #expect(bases == [0, 1])
    #expect(!backbone.capabilities.reads)
    #expect(
      backbone.control(.crash, node: 0, at: .zero, outbox: &outbox) == .refused)
  }
}
