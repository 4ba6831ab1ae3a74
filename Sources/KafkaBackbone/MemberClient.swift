import Backbones
import CRdKafka
import Model

/// Who a member of a group was in one division of the partitions, as Kafka wants to be told by
/// those that commit for it.
///
/// Unchecked: the object is not changed between its making and its end.
final class GroupIdentity: @unchecked Sendable {
  let client: ClientID
  let generation: Int64
  let pointer: OpaquePointer

  /// As `handle` is now; nil when it is no member.
  init?(_ handle: ClientHandle, _ client: ClientID) {
    guard let pointer = rd_kafka_consumer_group_metadata(handle.pointer) else { return nil }
    self.client = client
    self.pointer = pointer
    generation = Self.generation(pointer)
  }

  /// One that the group never knew: Kafka is to say so.
  init(strangerTo group: String, _ membership: Membership) {
    client = membership.client
    generation = membership.generation
    guard
      let pointer = rd_kafka_consumer_group_metadata_new_with_genid(
        group, Int32(clamping: generation), "stranger-\(client.index)", nil)
    else { preconditionFailure("librdkafka has no memory for a member") }
    self.pointer = pointer
  }

  deinit { rd_kafka_consumer_group_metadata_destroy(pointer) }

  /// The number of the division. The library tells it in its written form alone: seven letters, and
  /// the number in the order of this machine.
  private static func generation(_ pointer: OpaquePointer) -> Int64 {
    var bytes: UnsafeMutableRawPointer?
    var size = 0
    if let error = rd_kafka_consumer_group_metadata_write(pointer, &bytes, &size) {
      rd_kafka_error_destroy(error)
      return -1
    }
    guard let bytes else { return -1 }
    defer { rd_kafka_mem_free(nil, bytes) }
    let mark = Array("CGMDv2:".utf8)
    let view = UnsafeRawBufferPointer(start: bytes, count: size)
    guard size >= mark.count + 4, view.prefix(mark.count).elementsEqual(mark) else { return -1 }
    return Int64(view.loadUnaligned(fromByteOffset: mark.count, as: Int32.self))
  }
}

/// A member of the consumer group: librdkafka joins, sends heartbeats and is told partitions; they
/// are read from where the port says.
final class MemberClient {
  let client: ClientID
  private let handle: ClientHandle
  private let topicName: String
  private let wake: Int32
  private let queue: OpaquePointer
  private let intake: RecordIntake
  /// What it was assigned last, nil while it has nothing.
  private(set) var identity: GroupIdentity?
  private(set) var assigned: [Int] = []
  /// Partitions that the port has asked for since they were assigned.
  private var places: [ReadPlace] = []
  private var queues: [(partition: Int, queue: OpaquePointer)] = []
  /// The port has named places that librdkafka has not been told.
  private var hasNews = false

  init(
    _ handle: ClientHandle, client: ClientID, topic: String, locate: @escaping RecordLocator,
    wake: Int32
  ) {
    self.handle = handle
    self.client = client
    topicName = topic
    self.wake = wake
    intake = RecordIntake(client, .input, locate: locate)
    rd_kafka_poll_set_consumer(handle.pointer)
    queue = handle.consumerQueue(wake: wake)
    let list = rd_kafka_topic_partition_list_new(1)
    rd_kafka_topic_partition_list_add(list, topic, RD_KAFKA_PARTITION_UA)
    rd_kafka_subscribe(handle.pointer, list)
    rd_kafka_topic_partition_list_destroy(list)
  }

  var deliveries: UInt64 { intake.deliveries }
  var statistics: ClientStatistics { handle.statistics }

  /// Ends in the background: in good order, or as one that is killed and says nothing.
  func close(_ worker: Worker, leaves: Bool) {
    let handle = handle
    worker.add {
      if leaves { rd_kafka_consumer_close(handle.pointer) }
      handle.destroy(says: leaves)
    }
  }

  /// A partition that it was not assigned, or not any more, is not read.
  func poll(_ partition: Int, offset: Int64) {
    guard assigned.contains(partition) else { return }
    if let index = places.firstIndex(where: { $0.partition == partition }) {
      places[index].isWanted = true
      if offset == places[index].position { return }
      places[index].position = offset
    } else {
      places.append(
        ReadPlace(partition: partition, queue: queue(of: partition), position: offset))
    }
    hasNews = true
  }

  private func queue(of partition: Int) -> OpaquePointer {
    if let known = queues.first(where: { $0.partition == partition }) { return known.queue }
    let queue = handle.partitionQueue(topicName, Int32(partition), wake: wake)
    queues.append((partition, queue))
    return queue
  }

  /// Takes what the group says, and answers polls.
  func collect(_ outbox: inout Outbox) {
    while let event = rd_kafka_queue_poll(queue, 0) {
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_REBALANCE {
        rebalance(event, &outbox)
      } else {
        handle.note(event)
      }
      rd_kafka_event_destroy(event)
    }
    if hasNews { tellPlaces() }
    for index in places.indices where !intake.collect(&places[index], hasGaps: false, &outbox) {
      hasNews = true
    }
    if hasNews { tellPlaces() }
  }

  private func rebalance(_ event: OpaquePointer, _ outbox: inout Outbox) {
    let before = identity
    identity = nil
    places.removeAll()
    assigned.removeAll()
    hasNews = false
    guard rd_kafka_event_error(event) == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS else {
      rd_kafka_assign(handle.pointer, nil)
      if let before { outbox.post(.revoked(client, generation: before.generation)) }
      return
    }
    if let list = rd_kafka_event_topic_partition_list(event) {
      assigned = (0..<Int(list.pointee.cnt)).map { Int(list.pointee.elems[$0].partition) }.sorted()
    }
    identity = GroupIdentity(handle, client)
    // Nothing is fetched before the port has said from where; the group is answered at once.
    tellPlaces()
    guard let identity else { return }
    outbox.post(
      .assigned(Membership(client, generation: identity.generation, partitions: assigned)))
  }

  private func tellPlaces() {
    hasNews = false
    let list = rd_kafka_topic_partition_list_new(Int32(max(places.count, 1)))
    for place in places {
      rd_kafka_topic_partition_list_add(list, topicName, Int32(place.partition))?.pointee.offset =
        place.position
    }
    rd_kafka_assign(handle.pointer, list)
    rd_kafka_topic_partition_list_destroy(list)
  }

  /// Commits positions of its partitions outside of transactions; blocks.
  var committer: MemberCommit? {
    identity.map {
      MemberCommit(handle: handle, identity: $0, topic: topicName, partitions: assigned)
    }
  }
}

/// Commits for one member; its calls block and are made by a worker.
struct MemberCommit: Sendable {
  let handle: ClientHandle
  let identity: GroupIdentity
  let topic: String
  let partitions: [Int]

  func commit(_ positions: [Int64], _ snapshot: UInt64) -> Outcome {
    let list = positionList(topic, positions, snapshot, of: partitions)
    defer { rd_kafka_topic_partition_list_destroy(list) }
    switch rd_kafka_commit(handle.pointer, list, 0) {
    case RD_KAFKA_RESP_ERR_NO_ERROR: return .acknowledged(base: 0)
    case let code
    where code == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION
      || code == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID
      || code == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS
      || code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      return .failed(name(of: code))
    case let code: return .unknown(name(of: code))
    }
  }
}
