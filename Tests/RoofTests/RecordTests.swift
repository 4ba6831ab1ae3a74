import CRdKafka
import Foundation
import Testing

/// `weir trace record` through the binary, from the cluster inside of librdkafka.
@Suite struct RecordTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func weir(_ line: [String], environment: [String: String] = [:]) throws -> WeirProcess {
    try WeirProcess.run(line, in: scratch.folder, environment: environment)
  }

  private func feed(_ topic: TestTopic, _ numbers: Range<UInt8>) {
    for number in numbers {
      let name = Array("holder \(number % 4)".utf8)
      topic.send(
        key: Array("k\(number)".utf8),
        value: [0, 0, 0, 0, 9, 2 * number, UInt8(name.count * 2)] + name)
    }
  }

  @Test func `a topic becomes a masked trace, goes on, and is replayed`() throws {
    let topic = try TestTopic("payments")
    let avsc = """
      {"type":"record","name":"P","fields":[{"name":"amount","type":"int"},
      {"name":"holder","type":"string"}]}
      """
    _ = try scratch.write(avsc, to: "p.avsc")
    _ = try scratch.write("0123456789abcdef-secret\n", to: "key.txt")
    feed(topic, 0..<20)
    let mask = [
      "trace", "record", "--backbone", "kafka://\(topic.bootstrap)", "--topic", "payments",
      "--to-end", "--avsc", "p.avsc", "--allow", "amount", "--pseudonym", "holder", "--key",
      "file:key.txt", "--out", "p.trace",
    ]
    let first = try weir(mask)
    #expect(first.code == 0, "\(first.errors)")
    #expect(
      first.output == """
        20 records of 1 partition, 0 of them undecodable; 1 field kept, 1 pseudonym, 0 dropped

        """)
    let again = try weir(mask)
    #expect(again.code == 64 && again.errors.contains("--resume"))
    feed(topic, 20..<30)
    topic.send(key: nil, value: [1, 2, 3])
    let more = try weir(mask + ["--resume", "--json"])
    #expect(more.code == 0, "\(more.errors)")
    let document = try JSONSerialization.jsonObject(with: Data(more.output.utf8))
    let object = try #require(document as? [String: Any])
    #expect(object["records"] as? Int == 11 && object["undecodable"] as? Int == 1)
    let lines = try weir(["trace", "cat", "p.trace"]).output.split(separator: "\n")
    #expect(lines.count == 31 && !lines.contains { $0.contains("holder 1") })
    #expect(lines.allSatisfy { $0.contains(#""key":null"#) && $0.contains(#""offset":"#) })
    #expect(try weir(["trace", "verify", "p.trace"]).code == 0)
    #expect(try weir(["trace", "stats", "p.trace"]).code == 0)
    let run = try weir(
      [
        "run", "replay", "--trace", "p.trace", "--speed", "10x", "--out", "run",
        "--set", "expect={exactly_once: true}",
      ],
      environment: ["WEIR_HOME": WeirProcess.checkout.path])
    #expect(run.code == 0 && run.output.hasPrefix("VALID  31 events"), "\(run.output)")
    try searchForSecrets()
  }

  /// Neither a name that was to be hidden nor the key stands in any file that was written.
  private func searchForSecrets() throws {
    let folder = scratch.folder.path
    for name in try FileManager.default.subpathsOfDirectory(atPath: folder) {
      var isFolder: ObjCBool = false
      let path = scratch.folder.appendingPathComponent(name).path
      _ = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
      if name == "key.txt" || isFolder.boolValue { continue }
      let bytes = try Data(contentsOf: scratch.folder.appendingPathComponent(name))
      for secret in ["holder 1", "abcdef-secret", "k13"] {
        #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(secret) in \(name)")
      }
    }
  }

  @Test func `a recording ends after its records, and what it cannot do is refused`() throws {
    let topic = try TestTopic("live")
    feed(topic, 0..<20)
    let base = [
      "trace", "record", "--backbone", "kafka://\(topic.bootstrap)", "--topic", "live",
    ]
    let some = try weir(base + ["--limit", "7", "--out", "a.trace"])
    #expect(some.code == 0 && some.output == "7 records of 1 partition\n", "\(some.errors)")
    for (line, text) in [
      (base + ["--out", "b.trace"], "--to-end"),
      (base + ["--out", "b.trace", "--to-end", "--from", "middle"], "beginning, end"),
      (base + ["--out", "b.trace", "--to-end", "--pseudonym", ":key"], "needs a key"),
      (
        base + ["--out", "b.trace", "--to-end", "--pseudonym", ":key", "--key", "env:NONE"],
        "NONE is not set"
      ),
      (base + ["--out", "b.trace", "--to-end", "--allow", "amount"], "not decoded"),
      (base + ["--out", "b.trace", "--to-end", "--client", "fetch.min.byte=1"], "fetch.min.bytes"),
      (["trace", "record", "--backbone", "kafka", "--topic", "x", "--out", "b"], "kafka://"),
    ] {
      let refused = try weir(line)
      #expect(refused.code == 64 && refused.errors.contains(text), "\(refused.errors)")
    }
    let short = try weir(
      base + ["--out", "b.trace", "--to-end", "--pseudonym", ":key", "--key", "env:SHORT"],
      environment: ["SHORT": "s3cret"])
    #expect(short.code == 64 && !short.errors.contains("s3cret"))
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
    #expect(names == ["a.trace"])
  }
}

/// A topic of one partition in the cluster inside of librdkafka.
final class TestTopic {
  private let client: OpaquePointer
  private let cluster: OpaquePointer
  private let topic: OpaquePointer
  let bootstrap: String

  init(_ name: String) throws {
    var text = [CChar](repeating: 0, count: 512)
    let quiet = { () -> OpaquePointer? in
      let configuration = rd_kafka_conf_new()
      rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
      return configuration
    }
    let owner = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, quiet(), &text, text.count))
    cluster = try #require(rd_kafka_mock_cluster_new(owner, 1))
    bootstrap = String(cString: rd_kafka_mock_cluster_bootstraps(cluster))
    rd_kafka_mock_topic_create(cluster, name, 1, 1)
    let configuration = quiet()
    rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrap, &text, text.count)
    client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count))
    topic = try #require(rd_kafka_topic_new(client, name, nil))
    self.owner = owner
  }

  private let owner: OpaquePointer

  deinit {
    rd_kafka_topic_destroy(topic)
    rd_kafka_destroy(client)
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(owner)
  }

  /// Sends a record and waits for it.
  func send(key: [UInt8]?, value: [UInt8]) {
    var value = value
    let status = rd_kafka_produce(
      topic, 0, RD_KAFKA_MSG_F_COPY, &value, value.count, key, key?.count ?? 0, nil)
    #expect(status == 0 && rd_kafka_flush(client, 30_000) == RD_KAFKA_RESP_ERR_NO_ERROR)
  }
}
