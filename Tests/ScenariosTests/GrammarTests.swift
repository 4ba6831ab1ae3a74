import CShim
import Model
import Scenarios
import Testing

@Suite struct GrammarTests {
  @Test(arguments: [
    "demo", "finance/fraud-detection", "finance/fraud-append-sink", "pass-through", "replay",
  ])
  func `the scenarios of the repository are valid and resolve to themselves`(name: String) throws {
    let bytes = try contents("scenarios/\(name).yaml")
    let loaded = try loadScenario(
      bytes: bytes, file: "\(name).yaml", name: name, catalog: testCatalog
    ).get()
    #expect(loaded.scenario.name == name)
    #expect(try scenario(loaded.resolved) == loaded.scenario)
    #expect(!loaded.scenario.description.isEmpty)
  }

  @Test func `the append scenario is the one that shows an invalid verdict`() throws {
    let bytes = try contents("scenarios/finance/fraud-append-sink.yaml")
    let loaded = try loadScenario(bytes: bytes, file: "f", name: "f", catalog: testCatalog).get()
    #expect(loaded.scenario.demonstrates == .invalid && loaded.scenario.sink.kind == .append)
    #expect(
      loaded.scenario.description
        == "an append sink writes alerts twice when the engine restarts")
  }

  @Test(arguments: [
    ("streams: {requests: {encoding: json}}", "streams belongs to engine kind external"),
    ("schema: {registry: embedded}", "schema is not in this version"),
    ("probes: {lag: {url: 'http://a', query: b}}", "probes is not in this version"),
    ("plan: {repeats: 5}", "plan is not in this version"),
    ("environment: {nodes: mine}", "environment is not in this version"),
    ("schedule: {a: b}", "schedule is not in this version"),
    ("backbone: {kind: disk-log}", "backbone.kind: 'disk-log' is not in this version"),
    ("backbone: {embedded: {segment: 64MiB}}", "backbone.embedded.segment is not in this version"),
    ("engine: {kind: flink}", "engine.kind: 'flink' is not in this version"),
    ("engine: {idle_after: 1s}", "engine.idle_after is not in this version"),
    ("sink: {kind: two-phase}", "sink.kind: 'two-phase' is not in this version"),
    ("resources: {shards: 3}", "resources.shards is not in this version"),
    ("phases: {stop_early: true}", "phases.stop_early is not in this version"),
    ("report: {history: full}", "report.history is not in this version"),
    ("report: {prices: a.yaml}", "report.prices is not in this version"),
    ("expect: {probe.lag.last: '< 5'}", "expect.probe.lag.last is not in this version"),
    ("expect: {dead_letter: '= 0'}", "expect.dead_letter is not in this version"),
    ("expect: {output: []}", "expect.output belongs to engine kind external"),
    ("faults: {guard: none}", "faults.guard: 'none' is not in this version"),
    (
      "faults: {plan: [{kind: throttle, target: broker, at: 1s, for: 1s, rate: 1/s}]}",
      "faults.plan.0.kind: 'throttle' is not in this version"
    ),
  ])
  func `what does not exist yet is known and refused once`(line: String, message: String) {
    let shown = complaints(file(line))
    #expect(shown.contains(message), "\(shown)")
    #expect(shown.split(separator: "\n").filter { $0.contains("error:") }.count == 1, "\(shown)")
  }

  @Test func `load shapes and workload keys of later versions are refused`() {
    let ramp = complaints(
      file().replacing("constant, rate: 20k/s", with: "ramp, from: 1/s, to: 5/s"))
    #expect(ramp.contains("load.shape: 'ramp' is not in this version"))
    #expect(!ramp.contains("unknown key"))
    let late = complaints(
      file().replacing("fraud-detection}", with: "fraud-detection, late: {ratio: 1%, by: 1s}}"))
    #expect(late.contains("workload.late is not in this version"))
    #expect(
      complaints(file().replacing("fraud-detection", with: "fleet"))
        .contains("workload.kind: 'fleet' is not in this version"))
    #expect(
      complaints(file().replacing("fraud-detection", with: "my.workload.yaml"))
        .contains("there is no such file: 'my.workload.yaml'"))
  }

  @Test func `mappings of kinds that are not in use are validated all the same`() {
    #expect(complaints(file("backbone: {kafka: {producer: {linger.ms: 5}}}")) == "")
    #expect(
      complaints(file("backbone: {kafka: {producr: {linger.ms: 5}}}"))
        .contains("unknown key 'producr' in backbone.kafka"))
    #expect(
      complaints(file("backbone: {rabbitmq: {prefetch: 0}}"))
        .contains("backbone.rabbitmq.prefetch: 0 is below 1"))
  }

  @Test func `one mistake gives one problem`() {
    for (line, message) in [
      ("seed: ", "seed has no value"), ("sink: append", "sink: text is no mapping of keys"),
      ("engine: {checkpoint_interval: [1s]}", "a list where one value is wanted"),
      ("engine: {checkpoint_interval: 100us}", "100us is below 1ms"),
      ("faults: {plan: {}}", "faults.plan: a mapping is no list"),
      ("phases: {mesure: 5s}", "unknown key 'mesure' in phases"),
      ("expect: {latency.p98: '< 5s'}", "unknown key 'latency.p98' in expect"),
      ("expect: {latency: {p99: '< 5s'}}", "did you mean 'latency.p50'?"),
      ("expect: {latency.p99: 5s}", "has no comparison"),
      ("expect: {latency.p99: '< 5'}", "'5' has no unit; a duration is wanted"),
      (
        "expect: {exactly_once: true, at_least_once: true}", "another invariant is already expected"
      ),
      ("expect: {permit: [banana]}", "'banana' is no anomaly id"),
      ("load: {shape: constant, rate: 5/s}", "'load' is given twice in the file"),
      ("name: ../up", "'../up' is not a name"),
      ("resources: {brokers: 3}", "has one broker, not 3"),
      ("backbone: {acks: 1}", "idempotent producers need acks: all"),
      ("backbone: {kind: 'null'}\nclock: virtual", "in wall time only"),
      ("phases: {measure: to-end}", "only a trace has an end"),
      ("x: 1", "unknown key 'x' in the file"), ("seed: *a", "alias '*a' is not allowed"),
      ("seed: !!int 5", "tag '!!int' is not allowed"), ("<<: {a: b}", "merge key '<<'"),
      ("? [a, b]\n: c", "a key is a list"), ("---\nseed: 5", "a second document begins here"),
      ("clock: yes", "no such choice: 'yes'"), ("backbone: {idempotent: yes}", "write true"),
    ] {
      let shown = complaints(file(line))
      #expect(shown.contains(message), "\(line): \(shown)")
      #expect(shown.split(separator: "\n").filter { $0.contains("error:") }.count == 1, "\(shown)")
    }
  }

  @Test func `faults are refused where they cannot be carried out`() {
    func fault(_ text: String) -> String { complaints(file("faults: {plan: [{\(text)}]}")) }
    #expect(
      fault("kind: crash, target: sink, at: 1s").contains("crash cannot be carried out on sink"))
    #expect(fault("kind: crash, target: broker-1, at: 1s") == "")
    #expect(fault("kind: crash, target: broker-2, at: 1s").contains("there is no broker-2"))
    #expect(fault("kind: partition, target: broker, at: 1s, for: 1s").contains("it takes a link"))
    #expect(fault("kind: partition, target: engine->broker, at: 1s, for: 1s") == "")
    #expect(fault("kind: drop, target: producer, at: 1s").contains("a drop of 0s does nothing"))
    #expect(fault("kind: delay, target: producer, at: 1s, for: 1s").contains("by is missing"))
    #expect(fault("kind: delay, target: producer, at: 1s, for: 1s, by: 5ms..50ms") == "")
    #expect(
      fault("kind: crash, target: engine, at: 1s, ratio: 1%").contains("belongs to kind drop"))
    #expect(fault("kind: crash, target: engine").contains("faults.plan.0.at is missing"))
    #expect(fault("kind: drop, target: sink, at: 1s, for: 1s, ratio: 0%").contains("of no message"))
    let null = complaints(
      file("backbone: {kind: 'null'}", "faults: {plan: [{kind: crash, target: engine, at: 1s}]}"))
    #expect(null.contains("crash cannot be carried out on backbone 'null'"))
    let draw = complaints(file("faults: {draw: {kinds: [delay, delay], count: 0, longest: 5min}}"))
    #expect(draw.contains("0 is below 1") && draw.contains("longest: 5min is above the measure"))
    #expect(draw.contains("delay is given twice"))
  }

  @Test func `a trace needs its shape and a shape its trace`() throws {
    let noTrace = file().replacing("constant, rate: 20k/s", with: "trace")
    #expect(complaints(noTrace).contains("trace needs a trace to follow"))
    let noShape = file().replacing("fraud-detection}", with: "fraud-detection, trace: a.trace}")
    #expect(complaints(noShape).contains("at another rate than its own is not in this version"))
    let stranger = file().replacing("rate: 20k/s", with: "rate: 20k/s, idle_cap: 5s")
    #expect(complaints(stranger).contains("load.idle_cap belongs to shape trace"))
  }

  @Test func `a file opens with a comment and its version`() {
    #expect(complaints("weir: 1\n").contains("the file has no opening comment"))
    #expect(complaints("").contains("the file has no keys"))
    #expect(complaints("# a\n").contains("the file has no keys"))
    let swapped =
      "# a\nseed: 1\n" + file().split(separator: "\n").dropFirst().joined(separator: "\n")
    #expect(complaints(swapped).contains("weir: 1 is not the first key"))
    let later = file("banana: 1").replacing("weir: 1", with: "weir: 2")
    #expect(complaints(later).contains("2 was written for a later Weir"))
    #expect(!complaints(later).contains("banana"))
    #expect(complaints("# a\n- x\n").contains("the file: a list is no mapping of keys"))
  }

  @Test func `keys are listed and a schema is written from the same table`() {
    let lines = grammarLines(below: "load")
    #expect(lines.first?.path == "load" && lines.contains { $0.path == "load.rate" })
    #expect(grammarText(below: "lod") == nil)
    #expect(grammarText()?.contains("engine.checkpoint_interval") == true)
    let schema = scenarioJSONSchema(catalog: testCatalog)
    #expect(schema.contains("\"checkpoint_interval\": {"))
    #expect(schema.contains("\"velocity_limit\": {") && !schema.contains("\"probes\""))
    // JSON is YAML: the text is well-formed, and its members are where they should be.
    let reading = parseYAML(Array(schema.utf8), file: "schema.json")
    #expect(reading.problems.isEmpty)
    let engine = reading.root?["properties"]?["engine"]?["properties"]
    #expect(engine?["checkpoint_interval"]?["type"]?.elements?.count == 2)
    #expect(
      reading.root?["required"]?.elements?.compactMap(\.scalar) == ["weir", "workload", "load"])
    #expect(scenarioJSONSchema().contains("\"title\": \"Weir scenario\""))
  }

  @Test func `names and paths follow the folder called scenarios`() {
    #expect(scenarioName(ofPath: "scenarios/finance/x.yaml") == "finance/x")
    #expect(scenarioName(ofPath: "/a/scenarios/demo.yaml") == "demo")
    #expect(scenarioName(ofPath: "../my run.yaml") == "my-run")
    #expect(scenarioName(ofPath: ".yaml") == "scenario")
    #expect(scenarioName(ofPath: "..hidden") == "-.hidden")
    #expect(
      candidatePaths("../d/a.trace", ofScenario: "scenarios/b/x.yaml")
        == ["scenarios/b/../d/a.trace", "../d/a.trace"])
    #expect(candidatePaths("/a.trace", ofScenario: "x.yaml") == ["/a.trace"])
    #expect(candidatePaths("a.trace", ofScenario: "x.yaml") == ["a.trace"])
  }
}

/// The bytes of a file of the repository.
func contents(_ path: String) throws -> [UInt8] {
  let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
  let file = shim_open_file(root.joined(separator: "/") + "/" + path)
  try #require(file >= 0, "\(path) cannot be opened")
  defer { shim_close(file) }
  let size = shim_file_size(file)
  var bytes = [UInt8](repeating: 0, count: Int(size))
  let read = bytes.withUnsafeMutableBytes { shim_read_some(file, $0.baseAddress, $0.count) }
  try #require(read == size)
  return bytes
}
