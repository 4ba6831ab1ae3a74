import Model
import Scenarios
import Testing

@Suite struct OverrideTests {
  private let faults = file(
    "faults:", "  plan:", "    - {kind: crash, target: engine, at: 20s, for: 1s}",
    "    - {kind: pause, target: broker, at: 30s, for: 1s}")

  @Test func `keys that the file leaves out can be set, from left to right`() throws {
    let result = try scenario(
      faults,
      [
        .set("sink.kind=append"), .set("load.rate=5k/s"), .set("load.rate=6k/s"),
        .seed("9"), .set("backbone.kafka.producer.linger.ms=20"),
        .set("expect.latency.p99=< 100ms"), .set("expect.throughput=>= 99%"),
        .set("workload.parameters={cards: 20M}"), .set("workload.parameters.fraud=4%"),
      ])
    #expect(result.sink.kind == .append)
    #expect(result.load == .constant(Rate(count: 6000, per: .second)))
    #expect(result.seed == 9)
    #expect(result.expect.thresholds.map(\.text) == ["< 100ms", ">= 99%"])
    #expect(result.workload.parameters[0].value == .count(20_000_000))
    #expect(result.workload.parameters[2].value == .ratio(Ratio(1, 25)))
  }

  @Test func `lists are reached by index and grow by plus`() throws {
    let result = try scenario(
      faults,
      [
        .set("faults.plan.1.for=5s"),
        .set("faults.plan.+={kind: crash, target: engine, at: 9s}"),
        .set("faults.plan.2.for=2s"),
      ])
    #expect(result.faults.plan.map(\.at) == [9 * .second, 20 * .second, 30 * .second])
    #expect(result.faults.plan.map(\.duration) == [2 * .second, .second, 5 * .second])
    #expect(try scenario(faults, [.unset("faults.plan.0")]).faults.plan.count == 1)
    #expect(try scenario(faults, [.set("faults={}")]).faults.plan.isEmpty)
    #expect(
      complaints(faults, [.set("faults.plan.2.for=5s")])
        == "--set 'faults.plan.2.for=5s':13: error: faults.plan has 2 elements; "
        + "there is none at 2; elements are counted from 0; + appends one\n")
    #expect(complaints(faults, [.set("faults.plan.last.for=5s")]).contains("'last' is no index"))
  }

  @Test func `mistakes are placed in the override`() {
    #expect(
      complaints(faults, [.set("load.rat=5k/s")])
        == "--set 'load.rat=5k/s':6: error: unknown key 'rat' in load; did you mean 'rate'?\n")
    #expect(
      complaints(faults, [.set("load.rate=5")])
        == "--set 'load.rate=5':11: error: load.rate: '5' has no unit; "
        + "a rate is wanted; write 5/s\n"
    )
    #expect(
      complaints(faults, [.set("faults={plan: [{kind: crahs, target: engine, at: 1s}]}")])
        .hasPrefix(
          "--set 'faults={plan: [{kind: crahs, target: engine, at: 1s}]}':23: error: "
            + "faults.plan.0.kind: no such choice: 'crahs'; did you mean 'crash'?"))
    #expect(
      complaints(faults, [.seed("x")]) == "--seed 'x':1: error: seed: 'x' is not a seed; "
        + "a whole number from 0 to 2^64 - 1, digits only\n")
    #expect(complaints(faults, [.set("load.rate")]).contains("there is no '=' in it"))
    #expect(complaints(faults, [.set("load.rate=")]).contains("load.rate has no value"))
    #expect(complaints(faults, [.set("=5")]).contains("has an empty name"))
    #expect(complaints(faults, [.set("load..rate=5")]).contains("has an empty name"))
    #expect(complaints(faults, [.set("load={shape: constant")]).contains("not YAML"))
    #expect(complaints(faults, [.unset("load.rat")]).contains("did you mean 'rate'?"))
    #expect(
      complaints(faults, [.unset("expect.latency.p98")]).contains("did you mean 'latency.p90'?"))
    #expect(complaints(faults, [.unset("workload.parameters.card")]).contains("'cards'?"))
    #expect(complaints(faults, [.unset("expect.latency.p99")]) == "")
    #expect(complaints(faults, [.unset("load.rate")]).contains("load.rate is missing"))
    #expect(complaints(faults, [.set("seed.x=5")]).contains("seed: a mapping where one value"))
  }

  @Test func `shorthands stand for their keys`() throws {
    let wall = try scenario(faults, [.clock("wall"), .backbone("null"), .set("faults={}")])
    #expect(wall.clock == .wall && wall.backbone.kind == .null)
    let replay = try scenario(file(), [.trace("a/b.trace"), .speed("max")])
    #expect(replay.workload.trace == "a/b.trace")
    #expect(replay.load == .trace(speed: nil, idleCap: nil))
    #expect(replay.phases.measure == nil)
    let kinesis = complaints(faults, [.backbone("kinesis"), .engine("flink")])
    #expect(kinesis.contains("--backbone 'kinesis':1: error: backbone.kind: 'kinesis' is not"))
    #expect(kinesis.contains("engine.kind: 'flink' is not in this version"))
    let kafka = try scenario(file(), [.backbone("kafka://h:9092")])
    #expect(kafka.backbone.kind == .kafka && kafka.backbone.bootstrap == "h:9092")
  }

  @Test func `unset goes back to the default`() throws {
    let text = file("sink: {kind: append}", "seed: 4")
    let result = try scenario(text, [.unset("sink.kind"), .unset("seed"), .unset("report.title")])
    #expect(result.sink.kind == .transactional && result.seed == 1)
  }

  @Test func `a resolved scenario can be overridden again`() throws {
    let first = try scenario(faults)
    let second = try overrideScenario(first, with: [.seed("77")], catalog: testCatalog).get()
    #expect(second.scenario.seed == 77 && second.scenario.faults == first.faults)
  }
}
