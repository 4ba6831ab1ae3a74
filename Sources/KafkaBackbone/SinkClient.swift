import Backbones
import CRdKafka
import Glibc
import Model

/// The writing side of the engine: one life of it. Its blocking calls are made by a thread of its
/// own and come back as completions; a later life takes its place by the same transactional id.
final class SinkClient {
  private let client: ClientID
  private let handle: ClientHandle
  private let producer: ProducerClient
  private let worker = Worker()
  private let life = Life()
  private let mailbox: Mailbox
  private let calls: TransactionCalls

  init(
    _ handle: ClientHandle, client: ClientID, topics: [String], group: String, mailbox: Mailbox
  ) {
    self.handle = handle
    self.client = client
    self.mailbox = mailbox
    producer = ProducerClient(handle, topics: topics, wake: mailbox.descriptor)
    calls = TransactionCalls(handle: handle, life: life, input: topics[0], group: group)
  }

  var bytes: UInt64 { producer.bytes }
  var statistics: ClientStatistics { handle.statistics }

  func submit(_ topic: Topic, _ batches: [RecordBatch], _ outbox: inout Outbox) {
    producer.submit(client, topic, batches, &outbox)
  }

  func collect(_ outbox: inout Outbox) { producer.collect(&outbox) }

  func start() {
    let (calls, mailbox, life, client) = (calls, mailbox, life, client)
    worker.add { mailbox.post(.transactionsReady(client, calls.start()), for: life) }
  }

  /// `members` are those of the group for which positions are committed; nil: there is no group.
  func commit(
    _ transaction: UInt64, positions: [Int64], snapshot: UInt64, members: [CommitFor]? = nil
  ) {
    let (calls, mailbox, life, client) = (calls, mailbox, life, client)
    worker.add {
      let outcome = calls.commit(positions, snapshot, members)
      mailbox.post(.committed(client, transaction: transaction, outcome), for: life)
    }
  }

  func abort(_ transaction: UInt64) {
    let (calls, mailbox, life, client) = (calls, mailbox, life, client)
    worker.add {
      if calls.abort() {
        mailbox.post(.aborted(client, transaction: transaction), for: life)
      }
    }
  }

  /// The process of the engine is gone: nothing is answered any more, and what is under way is
  /// left as it is. Returns its thread, which ends by itself.
  func close() -> Worker {
    life.end()
    let (handle, memory) = (handle, BorrowedMemory(producer))
    worker.add {
      handle.destroy()
      memory.release()
    }
    worker.end()
    return worker
  }
}

/// The batches that librdkafka was lent: it reads them until its handle is gone, on threads of its
/// own, so they must not go before.
///
/// Unchecked: the producer is not used any more, only kept.
private final class BorrowedMemory: @unchecked Sendable {
  private var producer: ProducerClient?

  init(_ producer: ProducerClient) { self.producer = producer }

  func release() { producer = nil }
}

/// The calls of a transactional producer, made by the thread of its sink. Each is repeated while it
/// times out and the client is still there.
private struct TransactionCalls: Sendable {
  let handle: ClientHandle
  let life: Life
  let input: String
  let group: String
  private static let patience: Int32 = 500

  /// Nil: it worked. An error that says "not yet" is not returned while the client is there.
  private func repeated(_ call: () -> OpaquePointer?) -> TransactionError? {
    while true {
      guard let raw = call() else { return nil }
      let error = TransactionError(taking: raw)
      if life.isOver || error.isFatal || error.needsAbort { return error }
      if !error.isRetriable && error.text != "_TIMED_OUT" { return error }
      if error.text != "_TIMED_OUT" { usleep(20_000) }
    }
  }

  /// True when this is now the only producer of the transactional id.
  func start() -> Bool {
    if repeated({ rd_kafka_init_transactions(handle.pointer, Self.patience) }) != nil {
      return false
    }
    return begin() == nil
  }

  private func begin() -> TransactionError? {
    rd_kafka_begin_transaction(handle.pointer).map { TransactionError(taking: $0) }
  }

  func commit(
    _ positions: [Int64], _ snapshot: UInt64, _ members: [CommitFor]?
  ) -> Outcome {
    if let members {
      for member in members where !member.partitions.isEmpty {
        let identity = member.identity.pointer
        if let error = send(positions, snapshot, of: member.partitions, for: identity) {
          return giveUp(error)
        }
      }
    } else {
      let group = rd_kafka_consumer_group_metadata_new(group)
      defer { rd_kafka_consumer_group_metadata_destroy(group) }
      if let error = send(positions, snapshot, of: nil, for: group) { return giveUp(error) }
    }
    let end = repeated { rd_kafka_commit_transaction(handle.pointer, Self.patience) }
    if let end { return giveUp(end) }
    // The next one is opened here, where waiting for librdkafka's thread holds nobody up. What
    // fails then is seen by the first record sent.
    _ = begin()
    return .acknowledged(base: 0)
  }

  private func send(
    _ positions: [Int64], _ snapshot: UInt64, of partitions: [Int]?, for group: OpaquePointer?
  ) -> TransactionError? {
    let list = positionList(input, positions, snapshot, of: partitions)
    defer { rd_kafka_topic_partition_list_destroy(list) }
    return repeated {
      rd_kafka_send_offsets_to_transaction(handle.pointer, list, group, Self.patience)
    }
  }

  /// A transaction that was aborted for certain has no effect; of every other nothing is known.
  private func giveUp(_ error: TransactionError) -> Outcome {
    if error.needsAbort && !life.isOver {
      let left = repeated { rd_kafka_abort_transaction(handle.pointer, Self.patience) }
      if left == nil {
        _ = begin()
        return .failed(error.text)
      }
    }
    return .unknown(error.text)
  }

  func abort() -> Bool {
    let left = repeated { rd_kafka_abort_transaction(handle.pointer, Self.patience) }
    return left == nil && begin() == nil
  }
}

private let snapshotMark = "weir-snapshot "

/// A member of the group, and those of its partitions whose positions are committed.
struct CommitFor: Sendable {
  var identity: GroupIdentity
  var partitions: [Int]
}

/// Input positions that carry the number of the snapshot they belong to; of all partitions, or of
/// these.
func positionList(
  _ topic: String, _ positions: [Int64], _ snapshot: UInt64, of partitions: [Int]? = nil
) -> UnsafeMutablePointer<rd_kafka_topic_partition_list_t> {
  guard let list = rd_kafka_topic_partition_list_new(Int32(positions.count)) else {
    preconditionFailure("librdkafka has no memory for a list")
  }
  for partition in partitions ?? Array(positions.indices) where positions.indices ~= partition {
    let position = positions[partition]
    let place = rd_kafka_topic_partition_list_add(list, topic, Int32(partition))
    place?.pointee.offset = position
    let text = snapshotMark + String(snapshot)
    // The list owns the text and lets it go.
    place?.pointee.metadata = UnsafeMutableRawPointer(strdup(text))
    place?.pointee.metadata_size = text.utf8.count
  }
  return list
}

/// The number in the metadata of a committed position; nil when Weir did not write it.
package func snapshotNumber(_ bytes: UnsafeRawBufferPointer) -> UInt64? {
  let text = String(decoding: bytes, as: UTF8.self)
  guard text.hasPrefix(snapshotMark) else { return nil }
  return UInt64(text.dropFirst(snapshotMark.utf8.count))
}
