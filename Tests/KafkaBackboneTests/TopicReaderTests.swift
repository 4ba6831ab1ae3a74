import CRdKafka
import Foundation
import KafkaBackbone
import Testing

/// A topic as it is read for recording: against librdkafka's cluster always, against a real broker
/// where one is found.
@Suite(.serialized) struct TopicReaderTests {
  /// Some without key, value, headers; two partitions.
  static let records: [FedRecord] = (0..<40).map { number in
    var record = FedRecord(
      partition: Int32(number % 2), key: [1, UInt8(number)], value: [2, 0, UInt8(number)],
      milliseconds: 1_700_000_000_000 + Int64(number))
    if number % 5 == 0 { record.key = nil }
    if number % 7 == 0 { record.value = nil }
    if number % 3 == 0 {
      record.headers = [("a", [3, UInt8(number)]), ("a", []), ("none", nil)]
    }
    return record
  }

  private func check(_ found: [ReadRecord], first: Int64 = 0) {
    let sorted = found.sorted { ($0.partition, $0.offset) < ($1.partition, $1.offset) }
    var wanted: [FedRecord] = []
    for partition: Int32 in 0..<2 {
      wanted += Self.records.filter { $0.partition == partition }.dropFirst(Int(first))
    }
    #expect(sorted.count == wanted.count)
    var offsets: [Int64] = [first, first]
    for (record, fed) in zip(sorted, wanted) {
      #expect(record.partition == fed.partition)
      #expect(record.offset == offsets[Int(record.partition)])
      offsets[Int(record.partition)] += 1
      #expect(record.key == fed.key && record.value == fed.value)
      #expect(record.milliseconds == fed.milliseconds)
      #expect(record.headers.map(\.name) == fed.headers.map(\.name))
      #expect(record.headers.map(\.value) == fed.headers.map(\.value))
    }
  }

  @Test func `every record comes with place, time, headers and what it has not`() throws {
    let mock = try MockCluster(brokers: 1)
    mock.makeTopic("live", partitions: 2)
    try feed(mock.bootstrap, "live", Self.records)
    let reader = try TopicReader(bootstrap: mock.bootstrap, topic: "live")
    defer { reader.close() }
    #expect(reader.extents.map(\.end) == [20, 20])
    check(try readToEnd(reader))
    let later = try TopicReader(bootstrap: mock.bootstrap, topic: "live")
    defer { later.close() }
    check(try readToEnd(later, from: [8, 8]), first: 8)
  }

  @Test func `a visitor that has enough is given no more`() throws {
    let mock = try MockCluster(brokers: 1)
    mock.makeTopic("live", partitions: 2)
    try feed(mock.bootstrap, "live", Self.records)
    let reader = try TopicReader(bootstrap: mock.bootstrap, topic: "live")
    defer { reader.close() }
    reader.start(at: [0, 0])
    var count = 0
    for _ in 0..<300 where count < 3 {
      _ = try reader.read(within: 100) { (_) throws(KafkaProblem) in
        count += 1
        return count < 3
      }
    }
    #expect(count == 3 && reader.positions.reduce(0, +) == 3)
  }

  @Test func `a topic that is not there is refused with those that are`() throws {
    let mock = try MockCluster(brokers: 1)
    mock.makeTopic("live", partitions: 1)
    let error = #expect(throws: KafkaProblem.self) {
      try TopicReader(bootstrap: mock.bootstrap, topic: "lvie")
    }
    #expect(error?.message.contains("no topic 'lvie'") == true)
    #expect(error?.message.contains("live") == true && error?.isUnavailable == false)
    let option = #expect(throws: KafkaProblem.self) {
      try TopicReader(
        bootstrap: mock.bootstrap, topic: "live",
        options: [KafkaOption("fetch.min.bytes", "much")])
    }
    #expect(option?.message.contains("fetch.min.bytes") == true)
  }

  @Test(
    .enabled(if: RealKafka.installation != nil, "no Kafka in KAFKA_HOME nor WEIR_SYSTEMS/kafka"))
  func `a real broker gives the same`() throws {
    let (cluster, folder) = try RealKafka.start()
    defer {
      cluster.close()
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(error)") }
    }
    var settings = RealKafka.settings(cluster, run: "r")
    settings.isTransactional = false
    let backbone = try KafkaBackbone(settings, cluster: cluster, ownsCluster: false)
    defer { backbone.close() }
    try feed(cluster.bootstrap, "weir-r-requests", Self.records)
    let reader = try TopicReader(bootstrap: cluster.bootstrap, topic: "weir-r-requests")
    defer { reader.close() }
    check(try readToEnd(reader))
  }
}
