import Backbones
import CRdKafka
import Model

/// Finds the identity of an event in its payload; nil when it has none.
public typealias RecordLocator = (UnsafeRawBufferPointer) -> (source: UInt32, sequence: UInt64)?

/// A partition that is read: where librdkafka leaves its records, and how far they were handed
/// over.
struct ReadPlace {
  var partition: Int
  var queue: OpaquePointer
  /// Where the next answer begins.
  var position: Int64
  /// The port has asked for records.
  var isWanted = true
  /// How often the place was asked for again since records behind it came first.
  var repeats = 0
}

/// Takes records from queues of librdkafka and makes the answers to polls of them.
final class RecordIntake {
  private let client: ClientID
  private let topic: Topic
  /// Nil where records have no identity: results.
  private let locate: RecordLocator?
  private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  private(set) var deliveries: UInt64 = 0
  /// Records in one answer to a poll.
  private static let recordsAtOnce = 4096

  init(_ client: ClientID, _ topic: Topic, locate: RecordLocator?) {
    self.client = client
    self.topic = topic
    self.locate = locate
    messages = .allocate(capacity: Self.recordsAtOnce)
    messages.initialize(repeating: nil, count: Self.recordsAtOnce)
  }

  deinit { messages.deallocate() }

  /// Answers the poll of a partition if records have come. False when the first of them lies behind
  /// the place that was asked for: records of an earlier assignment that were still in the queue.
  /// Nothing is handed over then, and the place must be asked for again; where that does not help,
  /// the records between are gone from the log. Only where the log has no gaps of its own, as
  /// between the control records of transactions, is that looked at.
  func collect(_ place: inout ReadPlace, hasGaps: Bool, _ outbox: inout Outbox) -> Bool {
    if !place.isWanted { return true }
    let count = rd_kafka_consume_batch_queue(place.queue, 0, messages, Self.recordsAtOnce)
    if count <= 0 { return true }
    if !hasGaps, place.repeats < 3, beginsBehind(place.position, count) {
      for index in 0..<count { messages[index].map { rd_kafka_message_destroy($0) } }
      place.repeats += 1
      return false
    }
    place.repeats = 0
    let before = place.position
    let (found, next) = take(count, place)
    if next == before { return true }
    place.position = next
    place.isWanted = false
    outbox.post(.polled(client, topic, partition: place.partition, found, next: next))
    return true
  }

  private func beginsBehind(_ position: Int64, _ count: Int) -> Bool {
    for index in 0..<count {
      guard let message = messages[index], message.pointee.err == RD_KAFKA_RESP_ERR_NO_ERROR,
        message.pointee.offset >= position
      else { continue }
      return message.pointee.offset > position
    }
    return false
  }

  private func take(_ count: Int, _ place: ReadPlace) -> (found: [Delivery], next: Int64) {
    var found: [Delivery] = []
    var batch: RecordBatch?
    var source: UInt32 = 0
    var lastSequence: UInt64 = 0
    var next = place.position
    for index in 0..<count {
      guard let message = messages[index] else { continue }
      defer { rd_kafka_message_destroy(message) }
      let offset = message.pointee.offset
      if message.pointee.err != RD_KAFKA_RESP_ERR_NO_ERROR {
        // The end may lie behind control records, which no reader is given.
        if message.pointee.err == RD_KAFKA_RESP_ERR__PARTITION_EOF { next = max(next, offset) }
        continue
      }
      if offset < place.position { continue }
      let length = message.pointee.len
      let payload = UnsafeRawPointer(message.pointee.payload)
      var identity = (source: UInt32(0), sequence: UInt64(offset))
      if let locate {
        identity =
          locate(UnsafeRawBufferPointer(start: payload, count: length)) ?? (.max, UInt64(offset))
      }
      if batch == nil || source != identity.source || offset != next
        || identity.sequence <= lastSequence
      {
        let room = min(count - index, 1_024)
        let fresh = RecordBatch(
          source: identity.source, partition: Int32(place.partition), capacity: min(room, 64),
          byteCapacity: min(room, 64) * (length + 16))
        found.append(Delivery(batch: fresh, baseOffset: offset, first: 0))
        (batch, source) = (fresh, identity.source)
      }
      let key = message.pointee.key
      batch?.append(
        sequence: identity.sequence, key: key, keyLength: min(message.pointee.key_len, 65_534),
        value: payload, valueLength: length)
      lastSequence = identity.sequence
      next = offset + 1
      deliveries &+= 1
    }
    return (found, next)
  }
}
