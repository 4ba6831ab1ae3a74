import Backbones
import CRdKafka
import CShim
import KafkaBackbone
import Model
import Testing

/// The cluster inside of librdkafka: the protocol on real sockets, without a server.
final class MockCluster {
  private let client: OpaquePointer
  private let cluster: OpaquePointer

  init(brokers: Int32 = 3) throws {
    var text = [CChar](repeating: 0, count: 512)
    client = try #require(rd_kafka_new(RD_KAFKA_PRODUCER, quietly(), &text, text.count))
    cluster = try #require(rd_kafka_mock_cluster_new(client, brokers))
  }

  deinit {
    rd_kafka_mock_cluster_destroy(cluster)
    rd_kafka_destroy(client)
  }

  var bootstrap: String { String(cString: rd_kafka_mock_cluster_bootstraps(cluster)) }

  func makeTopic(_ name: String, partitions: Int32) {
    rd_kafka_mock_topic_create(cluster, name, partitions, 1)
  }

  func stop(_ broker: Int32) { rd_kafka_mock_broker_set_down(cluster, broker) }

  /// The next produce requests are answered with these errors.
  func refuseProduce(_ codes: [rd_kafka_resp_err_t]) {
    var codes = codes
    rd_kafka_mock_push_request_errors_array(cluster, 0, codes.count, &codes)
  }

  /// A backbone whose two topics are there.
  func backbone(
    partitions: Int = 2, transactional: Bool = true, idempotent: Bool = true, acks: String = "all",
    producer: [KafkaOption] = []
  ) throws -> KafkaBackbone {
    var settings = KafkaSettings(
      bootstrap: bootstrap, run: "test", streams: ("requests", "results"),
      partitions: partitions, replication: 1, minInSync: 1, acks: acks,
      isIdempotent: idempotent, isTransactional: transactional)
    settings.makesTopics = false
    settings.producer = producer
    makeTopic("weir-test-requests", partitions: Int32(partitions))
    makeTopic("weir-test-results", partitions: Int32(partitions))
    return try KafkaBackbone(settings)
  }
}

/// Talks to a backbone as the run loop does.
final class Conversation {
  let backbone: KafkaBackbone
  private(set) var answers: [Completion] = []

  init(_ backbone: KafkaBackbone) { self.backbone = backbone }

  deinit { backbone.close() }

  func ask(_ command: Command) {
    var outbox = Outbox()
    backbone.handle(command, at: .zero, outbox: &outbox)
    answers += outbox.completions
  }

  /// Takes answers until one is as wanted; nil after a minute.
  func wait<Found>(for wanted: (Completion) -> Found?) -> Found? {
    let limit = shim_monotonic_ns() + 60_000_000_000
    while true {
      for (index, answer) in answers.enumerated() {
        if let found = wanted(answer) {
          answers.remove(at: index)
          return found
        }
      }
      if shim_monotonic_ns() > limit { return nil }
      var outbox = Outbox()
      backbone.collect(at: .zero, outbox: &outbox)
      answers += outbox.completions
      if outbox.completions.isEmpty { for _ in 0..<1000 { shim_pause() } }
    }
  }

  func outcome() -> (batch: RecordBatch, outcome: Outcome)? {
    wait { if case .submitted(_, _, let batch, let outcome) = $0 { (batch, outcome) } else { nil } }
  }
}

/// Records as Weir's schemas begin: frame, source, sequence; then a filler.
func makeBatch(
  source: UInt32, partition: Int32, first: UInt64, count: Int, key: [UInt8]? = [7, 8]
) -> RecordBatch {
  let batch = RecordBatch(source: source, partition: partition, capacity: count, byteCapacity: 64)
  for index in 0..<count {
    let sequence = first + UInt64(index)
    let value: [UInt8] =
      [0, 0, 0, 0, 1] + varint(UInt64(source) * 2) + varint(sequence * 2) + [UInt8(index & 255)]
    let bytes = (key ?? []) + value
    batch.append(
      sequence: sequence, intendedAt: 5, keyAndValue: bytes,
      keyLength: key.map { UInt16($0.count) } ?? RecordEntry.noKey, valueLength: value.count)
  }
  return batch
}

private func varint(_ value: UInt64) -> [UInt8] {
  var (rest, bytes) = (value, [UInt8]())
  while rest >= 0x80 {
    bytes.append(UInt8(rest & 0x7f) | 0x80)
    rest >>= 7
  }
  return bytes + [UInt8(rest)]
}

/// A configuration whose client logs nothing.
private func quietly() -> OpaquePointer? {
  let configuration = rd_kafka_conf_new()
  rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
  return configuration
}
