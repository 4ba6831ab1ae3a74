import CRdKafka
import Glibc

/// The plainest sender over librdkafka: records of one kind, handed over in batches and counted as
/// they are acknowledged; nothing is generated, recorded or checked. What Weir's own sending is
/// held against, with the same client options.
public enum BareProducer {
  /// Records handed over in one call.
  private static let batch = 2_048

  /// Sends `count` records with a value of `size` bytes each and waits until all are acknowledged.
  /// `begin` is called when the client is connected, before the first record.
  public static func send(
    _ count: Int, size: Int, topic: String, settings: KafkaSettings, begin: () -> Void
  ) throws(KafkaProblem) {
    let handle = try ClientConfiguration(settings.loadOptions).open(
      RD_KAFKA_PRODUCER, events: RD_KAFKA_EVENT_DR)
    defer { handle.destroy() }
    let topics = Topics(handle: handle)
    var leaders = topics.leaders(topic)
    for _ in 0..<200 where leaders?.count != settings.partitions {
      usleep(50_000)
      leaders = topics.leaders(topic)
    }
    guard leaders?.count == settings.partitions else {
      throw KafkaProblem("topic \(topic) has no leaders after 10 s", isUnavailable: true)
    }
    let value = UnsafeMutableRawPointer.allocate(byteCount: max(size, 1), alignment: 8)
    defer { value.deallocate() }
    for place in 0..<size {
      value.storeBytes(
        of: UInt8(truncatingIfNeeded: place &* 151), toByteOffset: place, as: UInt8.self)
    }
    let messages = UnsafeMutablePointer<rd_kafka_message_t>.allocate(capacity: batch)
    defer { messages.deallocate() }
    messages.initialize(repeating: rd_kafka_message_t(), count: batch)
    let queue = rd_kafka_queue_get_main(handle.pointer)
    defer { rd_kafka_queue_destroy(queue) }
    let pointer = handle.topic(topic)
    begin()
    var (sent, settled, turn) = (0, 0, 0)
    while settled < count {
      let these = min(batch, count - sent)
      if these > 0 {
        for place in 0..<these {
          messages[place].payload = value
          messages[place].len = size
          messages[place].err = RD_KAFKA_RESP_ERR_NO_ERROR
        }
        let partition = Int32(turn % settings.partitions)
        let taken = Int(
          rd_kafka_produce_batch(pointer, partition, 0, messages, Int32(these)))
        sent += taken
        turn += 1
        if taken == these && sent < count {
          settled += try collect(queue, wait: 0)
          continue
        }
      }
      settled += try collect(queue, wait: 5)
    }
  }

  /// How many records were acknowledged since the last time.
  private static func collect(
    _ queue: OpaquePointer?, wait milliseconds: Int32
  ) throws(KafkaProblem) -> Int {
    var settled = 0
    var patience = milliseconds
    while let event = rd_kafka_queue_poll(queue, patience) {
      patience = 0
      defer { rd_kafka_event_destroy(event) }
      if rd_kafka_event_type(event) != RD_KAFKA_EVENT_DR { continue }
      while let message = rd_kafka_event_message_next(event) {
        if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
          throw KafkaProblem("a record was not acknowledged: \(name(of: message.pointee.err))")
        }
        settled += 1
      }
    }
    return settled
  }
}

/// Removes topics of a cluster, for benches that make many.
public func removeTopics(_ names: [String], bootstrap: String) throws(KafkaProblem) {
  let handle = try ClientConfiguration([KafkaOption("bootstrap.servers", bootstrap)]).open(
    RD_KAFKA_PRODUCER)
  defer { handle.destroy() }
  Topics(handle: handle).remove(names)
}
