import Model
import Scenarios
import Testing

/// What a scenario may say of a real Kafka, and what is refused before anything runs.
@Suite struct KafkaTests {
  private let kafka = "backbone: {kind: kafka}"

  @Test func `a real system runs in wall time, and only there`() throws {
    let plain = try scenario(file(kafka))
    #expect(plain.clock == .wall && plain.backbone.bootstrap == nil)
    #expect(try scenario(file(kafka, "clock: wall")).clock == .wall)
    #expect(
      complaints(file(kafka, "clock: virtual"))
        .contains("clock: backbone 'kafka' is a real system, in wall time only"))
  }

  @Test func `brokers are as many as asked for`() throws {
    #expect(try scenario(file(kafka, "resources: {brokers: 3}")).resources.brokers == 3)
    #expect(
      complaints(file("resources: {brokers: 3}")).contains("the embedded log has one broker"))
    let text = "backbone: {kind: kafka, kafka: {replication: 3}}"
    #expect(complaints(file(text)).contains("3 copies need as many brokers, not 1"))
    #expect(complaints(file(text, "resources: {brokers: 3}")) == "")
    #expect(
      complaints(file("backbone: {kind: kafka, kafka: {replication: 1, min_in_sync: 2}}"))
        .contains("2 copies cannot be written where there are 1"))
    let mine = "backbone: {kind: kafka, bootstrap: 'a:9092,b:9092', kafka: {replication: 3}}"
    #expect(try scenario(file(mine)).backbone.bootstrap == "a:9092,b:9092")
  }

  @Test func `options keep their order and are printed again`() throws {
    let text = file(
      "backbone: {kind: kafka, kafka: {broker: {a.b: 7}, producer: {linger.ms: 5, acks: all}}}")
    let first = try scenario(text)
    #expect(
      first.backbone.kafka.producer == [
        NamedText(name: "linger.ms", value: "5"), NamedText(name: "acks", value: "all"),
      ])
    #expect(first.backbone.kafka.broker == [NamedText(name: "a.b", value: "7")])
    #expect(try scenario(printScenario(first)) == first)
  }

  @Test func `a client option that the library does not know has its nearest name`() {
    var catalog = testCatalog
    catalog.options = [
      .init(path: "backbone.kafka.producer", names: ["batch.size", "linger.ms"])
    ]
    func shown(_ option: String) -> String {
      let text = file("backbone: {kind: kafka, kafka: {producer: {\(option)}}}")
      let result = loadScenario(
        bytes: Array(text.utf8), file: "f", name: "f", catalog: catalog)
      if case .failure(let problems) = result { return renderProblems(problems.list) }
      return ""
    }
    #expect(shown("linger.ms: 5") == "")
    let wrong = shown("liger.ms: 5")
    #expect(wrong.contains("unknown option 'liger.ms' in backbone.kafka.producer"))
    #expect(wrong.contains("did you mean 'linger.ms'?"))
  }

  @Test func `faults that nobody can carry out are refused`() {
    func shown(_ fault: String, _ backbone: String) -> String {
      complaints(file(backbone, "faults: {plan: [{\(fault)}]}"))
    }
    let mine = "backbone: {kind: kafka, bootstrap: 'a:9092'}"
    #expect(shown("kind: crash, target: broker-1, at: 1s, for: 1s", kafka) == "")
    #expect(
      shown("kind: crash, target: broker-1, at: 1s, for: 1s", mine)
        .contains("backbone.bootstrap is set, so Weir did not launch it"))
    #expect(shown("kind: crash, target: engine, at: 1s, for: 1s", mine) == "")
    #expect(
      shown("kind: drop, target: producer, at: 1s, for: 1s", kafka)
        .contains("drop cannot be carried out on producer"))
    #expect(
      complaints(file(kafka, "faults: {draw: {kinds: [delay], count: 1}}"))
        .contains("delay cannot be carried out on backbone 'kafka'"))
    #expect(
      complaints(file("backbone: {bootstrap: 'a:9092'}")).contains("has no cluster of yours"))
  }

  @Test func `the leader of a partition is a target where it can be one`() throws {
    func shown(_ target: String, _ kind: String = "crash", _ backbone: String? = nil) -> String {
      complaints(
        file(
          backbone ?? kafka, "resources: {partitions: 4}",
          "faults: {plan: [{kind: \(kind), target: \(target), at: 1s, for: 1s}]}"))
    }
    for kind in ["crash", "pause"] { #expect(shown("leader(requests/3)", kind) == "") }
    #expect(shown("leader(requests/4)").contains("requests has no partition 4"))
    #expect(shown("leader(request/0)").contains("no stream 'request'"))
    let mine = "backbone: {kind: kafka, bootstrap: 'a:9092'}"
    #expect(shown("leader(requests/0)", "crash", mine).contains("Weir did not launch it"))
    let drop = shown("leader(requests/0)", "drop", "backbone: {kind: embedded}")
    #expect(drop.contains("drop cannot be carried out on leader(requests/0)"))
    let text = file(kafka, "faults: {plan: [{kind: crash, target: leader(requests/0), at: 1s}]}")
    #expect(try scenario(printScenario(scenario(text))) == scenario(text))
  }

  @Test func `a log-in names its secrets, and says nothing of them`() throws {
    let open = """
      backbone: {kind: kafka, bootstrap: 'a:9092', security: {tls: true, ca: c.pem, \
      mechanism: scram-sha-512, user: 'env:U', password: 'file:p'}}
      """
    let read = try scenario(file(open))
    #expect(read.backbone.security.mechanism == "SCRAM-SHA-512")
    #expect(read.backbone.security.password == .file("p"))
    #expect(try scenario(printScenario(read)) == read)
    #expect(
      complaints(file("backbone: {kind: kafka, security: {tls: true}}"))
        .contains("a cluster that Weir launches asks for no log-in"))
    let half = "backbone: {kind: kafka, bootstrap: 'a:9092', security: {user: 'env:U'}}"
    #expect(complaints(file(half)).contains("user and password need a mechanism"))
  }

  @Test func `an option that is a secret is named by its place`() throws {
    func options(_ text: String) -> String {
      file("backbone: {kind: kafka, kafka: {producer: {\(text)}}}")
    }
    let named = try scenario(options("sasl.password: 'env:P'"))
    #expect(
      named.backbone.kafka.producer == [NamedText(name: "sasl.password", value: "env:P")])
    for name in ["sasl.password", "ssl.key.password", "sasl.oauthbearer.client.secret"] {
      let shown = complaints(options("\(name): hunter2"))
      #expect(shown.contains("\(name): a secret may not stand in a scenario"), "\(shown)")
      #expect(!shown.contains("hunter2"), "\(shown)")
    }
  }
}
