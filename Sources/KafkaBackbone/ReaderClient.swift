import Backbones
import CRdKafka
import Model

/// A consumer of librdkafka with a queue for each partition that it reads. A partition is read
/// ahead by librdkafka and handed over when the port asks for it.
final class ReaderClient {
  private let handle: ClientHandle
  private let mainQueue: OpaquePointer
  private let wake: Int32
  private let client: ClientID
  private let topic: Topic
  private let topicName: String
  /// Nil where records have no identity: results.
  private let locate: RecordLocator?
  private var places: [Place] = []
  private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  private(set) var deliveries: UInt64 = 0
  /// Records in one answer to a poll.
  private static let recordsAtOnce = 4096

  private struct Place {
    var partition: Int
    var queue: OpaquePointer
    /// Where the next answer begins.
    var position: Int64
    var isWanted = true
  }

  init(
    _ handle: ClientHandle, client: ClientID, topic: Topic, name: String,
    locate: RecordLocator?, wake: Int32
  ) {
    self.handle = handle
    self.client = client
    self.topic = topic
    topicName = name
    self.locate = locate
    self.wake = wake
    mainQueue = handle.mainQueue(wake: wake)
    messages = .allocate(capacity: Self.recordsAtOnce)
    messages.initialize(repeating: nil, count: Self.recordsAtOnce)
  }

  deinit { messages.deallocate() }

  /// The client is gone; its threads end in the background.
  func close(_ worker: Worker) {
    let handle = handle
    worker.add { handle.destroy() }
  }

  func poll(_ partition: Int, offset: Int64) {
    if let index = places.firstIndex(where: { $0.partition == partition }) {
      places[index].isWanted = true
      if offset != places[index].position {
        // Only a reader that goes back asks for another place than the next one.
        rd_kafka_seek(handle.topic(topicName), Int32(partition), offset, 0)
        places[index].position = offset
      }
      return
    }
    let queue = handle.newQueue(wake: wake)
    rd_kafka_consume_start_queue(handle.topic(topicName), Int32(partition), offset, queue)
    places.append(Place(partition: partition, queue: queue, position: offset))
  }

  /// Answers the polls for which records have come.
  func collect(_ outbox: inout Outbox) {
    // Errors of connections: librdkafka tries again by itself.
    while let event = rd_kafka_queue_poll(mainQueue, 0) { rd_kafka_event_destroy(event) }
    for index in places.indices where places[index].isWanted {
      let count = rd_kafka_consume_batch_queue(
        places[index].queue, 0, messages, Self.recordsAtOnce)
      if count > 0 { answer(index, count, &outbox) }
    }
  }

  private func answer(_ index: Int, _ count: Int, _ outbox: inout Outbox) {
    var found: [Delivery] = []
    var batch: RecordBatch?
    var lastSequence: UInt64 = 0
    let before = places[index].position
    var next = before
    for place in 0..<count {
      guard let message = messages[place] else { continue }
      defer { rd_kafka_message_destroy(message) }
      let record = message.pointee
      if record.err == RD_KAFKA_RESP_ERR__PARTITION_EOF {
        // The end may lie behind control records, which no reader is given.
        next = max(next, record.offset)
        continue
      }
      if record.err != RD_KAFKA_RESP_ERR_NO_ERROR || record.offset < before { continue }
      let value = UnsafeRawBufferPointer(start: record.payload, count: record.len)
      var identity = (source: UInt32(0), sequence: UInt64(record.offset))
      if let locate { identity = locate(value) ?? (.max, UInt64(record.offset)) }
      let follows = batch.map {
        $0.source == identity.source && record.offset == next && identity.sequence > lastSequence
      }
      if follows != true {
        let fresh = RecordBatch(
          source: identity.source, partition: Int32(places[index].partition),
          capacity: min(count - place, 64), byteCapacity: min(count - place, 64) * 64)
        found.append(Delivery(batch: fresh, baseOffset: record.offset, first: 0))
        batch = fresh
      }
      batch?.append(record, sequence: identity.sequence)
      lastSequence = identity.sequence
      next = record.offset + 1
      deliveries &+= 1
    }
    if next == before { return }
    places[index].position = next
    places[index].isWanted = false
    outbox.post(
      .polled(client, topic, partition: places[index].partition, found, next: next))
  }
}

/// Finds the identity of an event in its payload; nil when it has none.
public typealias RecordLocator = (UnsafeRawBufferPointer) -> (source: UInt32, sequence: UInt64)?

extension RecordBatch {
  /// Copies key and value of a record that was read.
  fileprivate func append(_ record: rd_kafka_message_t, sequence: UInt64) {
    let keyLength = record.key == nil ? RecordEntry.noKey : UInt16(min(record.key_len, 65_534))
    let keyBytes = record.key == nil ? 0 : Int(keyLength)
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: keyBytes + record.len + 1) { space in
      guard let start = space.baseAddress else { return }
      if let key = record.key {
        start.update(from: key.assumingMemoryBound(to: UInt8.self), count: keyBytes)
      }
      if let value = record.payload {
        (start + keyBytes).update(
          from: value.assumingMemoryBound(to: UInt8.self), count: record.len)
      }
      append(
        sequence: sequence, intendedAt: 0, keyAndValue: start, keyLength: keyLength,
        valueLength: record.len)
    }
  }
}
