import CRdKafka
import Glibc

/// The names of all topics of a cluster, sorted; nil when nobody answers within 10 s.
package func topicNames(bootstrap: String) throws(KafkaProblem) -> [String]? {
  let handle = try ClientConfiguration([KafkaOption("bootstrap.servers", bootstrap)]).open(
    RD_KAFKA_PRODUCER)
  defer { handle.destroy() }
  var found: UnsafePointer<rd_kafka_metadata>?
  let code = rd_kafka_metadata(handle.pointer, 1, nil, &found, 10_000)
  guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return nil }
  defer { rd_kafka_metadata_destroy(found) }
  return (0..<Int(found.pointee.topic_cnt)).map {
    String(cString: found.pointee.topics[$0].topic)
  }.sorted()
}

/// Creation and removal of the topics of one run.
struct Topics: Sendable {
  let handle: ClientHandle

  /// Makes topics that are not there yet; one that is there is refused, since it is someone's.
  func create(
    _ names: [String], partitions: Int, replication: Int, options: [KafkaOption]
  ) throws(KafkaProblem) {
    var text = [CChar](repeating: 0, count: 512)
    var topics: [OpaquePointer?] = []
    for name in names {
      let topic = rd_kafka_NewTopic_new(
        name, Int32(partitions), Int32(replication), &text, text.count)
      for option in options { rd_kafka_NewTopic_set_config(topic, option.name, option.value) }
      topics.append(topic)
    }
    defer { rd_kafka_NewTopic_destroy_array(&topics, topics.count) }
    let queue = rd_kafka_queue_new(handle.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    let admin = adminOptions(RD_KAFKA_ADMIN_OP_CREATETOPICS)
    defer { rd_kafka_AdminOptions_destroy(admin) }
    rd_kafka_CreateTopics(handle.pointer, &topics, topics.count, admin, queue)
    guard let event = rd_kafka_queue_poll(queue, 30_000) else {
      throw KafkaProblem("the topics were not made within 30 s", isUnavailable: true)
    }
    defer { rd_kafka_event_destroy(event) }
    try check(event, rd_kafka_event_CreateTopics_result(event))
    for name in names { try waitForLeaders(name, partitions) }
  }

  private func adminOptions(_ operation: rd_kafka_admin_op_t) -> OpaquePointer? {
    var text = [CChar](repeating: 0, count: 512)
    let options = rd_kafka_AdminOptions_new(handle.pointer, operation)
    rd_kafka_AdminOptions_set_operation_timeout(options, 20_000, &text, text.count)
    rd_kafka_AdminOptions_set_request_timeout(options, 25_000, &text, text.count)
    return options
  }

  private func check(_ event: OpaquePointer, _ result: OpaquePointer?) throws(KafkaProblem) {
    let code = rd_kafka_event_error(event)
    if code != RD_KAFKA_RESP_ERR_NO_ERROR {
      throw KafkaProblem("the topics cannot be made: \(name(of: code))", isUnavailable: true)
    }
    var count = 0
    guard let topics = rd_kafka_CreateTopics_result_topics(result, &count) else { return }
    for index in 0..<count {
      let code = rd_kafka_topic_result_error(topics[index])
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
      let topic = String(cString: rd_kafka_topic_result_name(topics[index]))
      let reason = rd_kafka_topic_result_error_string(topics[index]).map { String(cString: $0) }
      throw KafkaProblem("topic \(topic) cannot be made: \(reason ?? name(of: code))")
    }
  }

  private func waitForLeaders(_ topic: String, _ partitions: Int) throws(KafkaProblem) {
    for _ in 0..<200 {
      if leaders(topic)?.count == partitions { return }
      usleep(50_000)
    }
    throw KafkaProblem("topic \(topic) has no leaders after 10 s", isUnavailable: true)
  }

  /// The broker ids of the leaders, by partition; nil while some partition has none.
  func leaders(_ topic: String) -> [Int32]? {
    guard let leaders = knownLeaders(topic), !leaders.contains(-1) else { return nil }
    return leaders
  }

  /// The broker id of the leader of one partition; nil while it has none.
  func leader(_ topic: String, _ partition: Int) -> Int32? {
    guard let leaders = knownLeaders(topic), leaders.indices ~= partition,
      leaders[partition] >= 0
    else { return nil }
    return leaders[partition]
  }

  /// By partition, -1 where there is none; nil when nobody answers.
  private func knownLeaders(_ topic: String) -> [Int32]? {
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(handle.pointer, 0, handle.topic(topic), &found, 2_000)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return nil }
    defer { rd_kafka_metadata_destroy(found) }
    guard found.pointee.topic_cnt == 1 else { return nil }
    let description = found.pointee.topics[0]
    var leaders: [Int32] = []
    for index in 0..<Int(description.partition_cnt) {
      leaders.append(max(description.partitions[index].leader, -1))
    }
    return leaders
  }

  /// Ids of the brokers; nil when none answers within the time.
  func brokers(within milliseconds: Int32) -> [Int32]? {
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(handle.pointer, 0, nil, &found, milliseconds)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return nil }
    defer { rd_kafka_metadata_destroy(found) }
    return (0..<Int(found.pointee.broker_cnt)).map { found.pointee.brokers[$0].id }
  }

  /// Removes topics that this run made.
  func remove(_ names: [String]) {
    var topics: [OpaquePointer?] = names.map { rd_kafka_DeleteTopic_new($0) }
    defer { rd_kafka_DeleteTopic_destroy_array(&topics, topics.count) }
    let queue = rd_kafka_queue_new(handle.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    let admin = adminOptions(RD_KAFKA_ADMIN_OP_DELETETOPICS)
    defer { rd_kafka_AdminOptions_destroy(admin) }
    rd_kafka_DeleteTopics(handle.pointer, &topics, topics.count, admin, queue)
    if let event = rd_kafka_queue_poll(queue, 10_000) { rd_kafka_event_destroy(event) }
  }
}
