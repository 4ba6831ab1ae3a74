import Backbones
import CRdKafka
import Model

/// A consumer of librdkafka that is told its partitions, with a queue for each of them. A partition
/// is read ahead by librdkafka and handed over when the port asks for it.
final class ReaderClient {
  private let handle: ClientHandle
  private let mainQueue: OpaquePointer
  private let wake: Int32
  private let topicName: String
  private let intake: RecordIntake
  private var places: [ReadPlace] = []

  init(
    _ handle: ClientHandle, client: ClientID, topic: Topic, name: String,
    locate: RecordLocator?, wake: Int32
  ) {
    self.handle = handle
    topicName = name
    self.wake = wake
    intake = RecordIntake(client, topic, locate: locate)
    mainQueue = handle.mainQueue(wake: wake)
  }

  var deliveries: UInt64 { intake.deliveries }
  var statistics: ClientStatistics { handle.statistics }

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
    places.append(ReadPlace(partition: partition, queue: queue, position: offset))
  }

  /// Answers the polls for which records have come.
  func collect(_ outbox: inout Outbox) {
    // Errors of connections: librdkafka tries again by itself.
    while let event = rd_kafka_queue_poll(mainQueue, 0) {
      handle.note(event)
      rd_kafka_event_destroy(event)
    }
    for index in places.indices { _ = intake.collect(&places[index], hasGaps: true, &outbox) }
  }
}
