import Model

/// Who a producer is to the log: an id, and an epoch that fences older instances.
package struct ProducerIdentity: Hashable {
  package var id: Int32
  package var epoch: Int32

  package init(id: Int32, epoch: Int32) {
    self.id = id
    self.epoch = epoch
  }

  package static let anonymous = ProducerIdentity(id: -1, epoch: 0)
}

/// A batch with the number of its first record in (producer, topic, partition); -1 without
/// idempotence.
package struct OutgoingBatch {
  package var batch: RecordBatch
  package var baseSequence: Int64
}

package enum RequestContent {
  case produce(Topic, [OutgoingBatch], ProducerIdentity, transaction: UInt64)
  case fetch(Topic, partition: Int, offset: Int64, committedOnly: Bool)
  case initProducer
  case endTransaction(
    ProducerIdentity, transaction: UInt64, commit: Bool, positions: [Int64], snapshot: UInt64,
    members: [Membership] = [])
  case commitPositions(positions: [Int64], snapshot: UInt64)
  case fetchPositions
  case endOffsets(Topic)
  case join(keepsPlace: Bool)
  case leave
  case heartbeat(generation: Int64)

  var kind: WireCrossing.Content {
    switch self {
    case .produce: .produce
    case .fetch: .fetch
    default: .other
    }
  }
}

/// Why the log refused a batch.
package enum AppendError: Hashable {
  /// Kafka's 45: the sequence does not follow the last one.
  case outOfOrderSequence
  /// Kafka's 47 and 90: a newer instance exists.
  case fenced
  /// Kafka's 48: the transaction is not open any more.
  case invalidTransaction
  /// Kafka's 22, 25 and 82: a member for which positions are committed is none any more.
  case notInGroup
}

package enum AppendResult {
  case appended(base: Int64)
  case refused(AppendError)
}

package enum ResponseContent {
  case produced([AppendResult])
  case fetched([Delivery], next: Int64)
  case producerReady(ProducerIdentity)
  case transactionEnded(committed: Bool, AppendError?)
  case positionsCommitted
  case positions([Int64], snapshot: UInt64)
  case endOffsets([Int64])
  case assigned(Membership)
  case left
  case alive(MemberState)
}

package final class Request {
  package let id: UInt64
  package let client: ClientID
  /// Life of the client that sent it: answers to an earlier life are dropped.
  package let life: UInt32
  package let content: RequestContent

  init(id: UInt64, client: ClientID, life: UInt32, content: RequestContent) {
    self.id = id
    self.client = client
    self.life = life
    self.content = content
  }
}

package struct Response {
  package var request: Request
  package var content: ResponseContent
  /// When the node sends it, and in which life of the node it was made.
  package var departsAt: Instant
  package var nodeLife: UInt32
}

package enum WireEvent {
  /// A request reaches the node.
  case arrives(Request)
  /// A response leaves the node.
  case departs(Response)
  /// A response reaches its client.
  case returns(Response)
  /// A client looks for requests that were not answered.
  case watchdog(ClientID)
  /// A parked fetch has waited long enough.
  case unpark(Request)
  /// A member of the group says that it is there.
  case beat(ClientID, life: UInt32)
  /// The coordinator looks for members that have died.
  case watchGroup
}
