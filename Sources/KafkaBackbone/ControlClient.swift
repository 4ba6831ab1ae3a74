import Backbones
import CRdKafka
import Glibc
import Model

/// Asks the cluster what no record tells: committed positions, ends of partitions, topics. One
/// thread makes the calls, and repeats them while they time out.
final class ControlClient {
  private let calls: ControlCalls
  private let worker = Worker()
  private let life = Life()
  private let mailbox: Mailbox

  /// `handle` stands in the group and waits for transactions to end; `ends` sees what is written.
  init(
    _ handle: ClientHandle, ends: ClientHandle, topics: [String], partitions: [Int],
    mailbox: Mailbox
  ) {
    self.mailbox = mailbox
    calls = ControlCalls(
      handle: handle, endsHandle: ends, life: life, topics: topics, partitions: partitions)
  }

  func fetchPositions(_ client: ClientID, _ asking: Life) {
    let (calls, mailbox) = (calls, mailbox)
    worker.add {
      if let found = calls.committed(asking) {
        mailbox.post(
          .positions(client, found.positions, snapshot: found.snapshot), for: asking)
      }
    }
  }

  func commitPositions(
    _ client: ClientID, _ positions: [Int64], snapshot: UInt64, members: [MemberCommit],
    _ asking: Life
  ) {
    let (calls, mailbox) = (calls, mailbox)
    worker.add {
      // A group that has members takes positions from them alone.
      var outcome = Outcome.acknowledged(base: 0)
      if members.isEmpty { outcome = calls.commit(positions, snapshot) }
      for member in members {
        guard case .acknowledged = outcome else { break }
        outcome = member.commit(positions, snapshot)
      }
      mailbox.post(.positionsCommitted(client, snapshot: snapshot, outcome), for: asking)
    }
  }

  /// `stableOnly`: a transaction is open, and readers of committed records end before it.
  func endOffsets(_ client: ClientID, _ topic: Topic, stableOnly: Bool) {
    let (calls, mailbox) = (calls, mailbox)
    worker.add {
      if let ends = calls.ends(topic, stableOnly) { mailbox.post(.endOffsets(client, topic, ends)) }
    }
  }

  /// Brokers that Weir launched are numbered from 1.
  func findLeader(_ topic: Topic, _ partition: Int, brokers: Int) {
    let (calls, mailbox) = (calls, mailbox)
    worker.add {
      let leader = calls.leader(topic, partition)
      let node = leader.map { Int($0) - 1 }.flatMap { (0..<brokers) ~= $0 ? $0 : nil }
      mailbox.post(.leader(topic, partition: partition, node: node))
    }
  }

  /// Does something that may block, after what was asked for before.
  func add(_ job: @escaping Worker.Job) { worker.add(job) }

  func close() -> Worker {
    life.end()
    let (handle, ends) = (calls.handle, calls.endsHandle)
    worker.add {
      handle.destroy()
      ends.destroy()
    }
    worker.end()
    return worker
  }
}

private struct ControlCalls: Sendable {
  let handle: ClientHandle
  let endsHandle: ClientHandle
  let life: Life
  let topics: [String]
  /// By topic, as `topics`.
  let partitions: [Int]
  private static let patience: Int32 = 2_000

  /// Nil when nobody waits for it any more.
  func committed(_ asking: Life) -> (positions: [Int64], snapshot: UInt64)? {
    while !life.isOver && !asking.isOver {
      guard let list = rd_kafka_topic_partition_list_new(Int32(partitions[0])) else { return nil }
      defer { rd_kafka_topic_partition_list_destroy(list) }
      for partition in 0..<partitions[0] {
        rd_kafka_topic_partition_list_add(list, topics[0], Int32(partition))
      }
      let code = rd_kafka_committed(handle.pointer, list, Self.patience)
      if code == RD_KAFKA_RESP_ERR_NO_ERROR, let found = read(list.pointee) { return found }
      usleep(20_000)
    }
    return nil
  }

  private func read(
    _ list: rd_kafka_topic_partition_list_t
  ) -> (positions: [Int64], snapshot: UInt64)? {
    var positions: [Int64] = []
    var snapshot: UInt64 = 0
    for index in 0..<Int(list.cnt) {
      let place = list.elems[index]
      if place.err != RD_KAFKA_RESP_ERR_NO_ERROR { return nil }
      positions.append(max(place.offset, 0))
      if let metadata = place.metadata,
        let number = snapshotNumber(
          UnsafeRawBufferPointer(start: metadata, count: place.metadata_size))
      {
        snapshot = max(snapshot, number)
      }
    }
    return (positions, snapshot)
  }

  /// The id of the broker that leads a partition, within a few seconds.
  func leader(_ topic: Topic, _ partition: Int) -> Int32? {
    let name = topics[Int(topic.rawValue)]
    for _ in 0..<50 where !life.isOver {
      if let leader = Topics(handle: handle).leader(name, partition) { return leader }
      usleep(50_000)
    }
    return nil
  }

  func commit(_ positions: [Int64], _ snapshot: UInt64) -> Outcome {
    let list = positionList(topics[0], positions, snapshot)
    defer { rd_kafka_topic_partition_list_destroy(list) }
    let code = rd_kafka_commit(handle.pointer, list, 0)
    return code == RD_KAFKA_RESP_ERR_NO_ERROR
      ? .acknowledged(base: 0) : .unknown(name(of: code))
  }

  /// Where the partitions end for readers of committed records. The end of a commit is answered
  /// before the records that mark it are written, so the last stable offset may still lie before
  /// what was committed: without an open transaction this is the end of what is written, which
  /// those readers reach a little later.
  func ends(_ topic: Topic, _ stableOnly: Bool) -> [Int64]? {
    let asking = stableOnly ? handle : endsHandle
    var ends: [Int64] = []
    while ends.count < partitions[Int(topic.rawValue)] {
      var low: Int64 = 0
      var high: Int64 = 0
      let code = rd_kafka_query_watermark_offsets(
        asking.pointer, topics[Int(topic.rawValue)], Int32(ends.count), &low, &high,
        Self.patience)
      if code == RD_KAFKA_RESP_ERR_NO_ERROR {
        ends.append(high)
      } else if life.isOver {
        return nil
      } else {
        usleep(20_000)
      }
    }
    return ends
  }
}
