import Backbones
import Bytes
import CShim
import Engines
import Model

/// A log in memory behind the live port: acknowledges at once, delivers what is there.
final class FakeLog: LiveBackbone {
  struct Entry {
    var source: UInt32
    var sequence: UInt64
    var value: [UInt8]
  }

  let descriptor = shim_eventfd_create()
  private(set) var topics: [[[Entry]]]
  /// Positions that the job committed.
  var committed: [Int64]
  private var waiting: [Completion] = []
  private var polls: [(client: ClientID, topic: Topic, partition: Int, offset: Int64)] = []

  init(partitions: Int) {
    topics = Array(repeating: Array(repeating: [], count: partitions), count: 2)
    committed = Array(repeating: 0, count: partitions)
  }

  deinit { shim_close(descriptor) }

  var capabilities: Capabilities {
    Capabilities(transactions: false, idempotence: true, reads: true)
  }
  var usage: BackboneUsage { BackboneUsage() }

  private func answer(_ completion: Completion) {
    waiting.append(completion)
    shim_eventfd_signal(descriptor)
  }

  func append(_ topic: Topic, _ partition: Int, _ entry: Entry) {
    topics[Int(topic.rawValue)][partition].append(entry)
    shim_eventfd_signal(descriptor)
  }

  func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    switch command {
    case .submit(let client, let topic, let batches, _):
      for batch in batches {
        let partition = Int(batch.partition)
        let base = topics[Int(topic.rawValue)][partition].count
        for index in 0..<batch.count {
          append(
            topic, partition,
            Entry(
              source: batch.source, sequence: batch.entries[index].sequence,
              value: [UInt8](batch.value(index))))
        }
        answer(.submitted(client, topic, batch, .acknowledged(base: Int64(base))))
      }
    case .poll(let client, let topic, let partition, let offset, _):
      polls.append((client, topic, partition, offset))
      shim_eventfd_signal(descriptor)
    case .fetchPositions(let client): answer(.positions(client, committed, snapshot: 0))
    case .endOffsets(let client, let topic):
      answer(.endOffsets(client, topic, topics[Int(topic.rawValue)].map { Int64($0.count) }))
    default: break
    }
  }

  func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {}

  func collect(at now: Instant, outbox: inout Outbox) {
    shim_eventfd_drain(descriptor)
    for completion in waiting { outbox.post(completion) }
    waiting.removeAll()
    let asked = polls
    polls.removeAll()
    for poll in asked {
      let entries = topics[Int(poll.topic.rawValue)][poll.partition]
      guard poll.offset < entries.count else {
        polls.append(poll)
        continue
      }
      var deliveries: [Delivery] = []
      for (place, entry) in entries.enumerated().dropFirst(Int(poll.offset)) {
        let batch = RecordBatch(
          source: entry.source, partition: Int32(poll.partition), capacity: 1, byteCapacity: 64)
        entry.value.withUnsafeBufferPointer { bytes in
          batch.append(
            sequence: entry.sequence, intendedAt: 0, keyAndValue: bytes.baseAddress!,
            keyLength: RecordEntry.noKey, valueLength: entry.value.count)
        }
        deliveries.append(Delivery(batch: batch, baseOffset: Int64(place), first: 0))
      }
      outbox.post(
        .polled(
          poll.client, poll.topic, partition: poll.partition, deliveries,
          next: Int64(entries.count)))
    }
  }

  func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome { .refused }

  func close() {}
}

/// A job that copies its input, and forgets or repeats something where it is told to. It is done
/// when it has read to the end.
final class FakeJob: Engine {
  enum Defect { case none, loses, repeats, ends }

  private let log: FakeLog
  private let defect: Defect
  private var ends: [Int64]?
  private var isGone = false
  private var isDown = false
  private var count = 0

  init(_ log: FakeLog, _ defect: Defect) {
    self.log = log
    self.defect = defect
  }

  var status: EngineStatus {
    let isDrained = ends.map { zip(log.committed, $0).allSatisfy { $0 >= $1 } } ?? false
    return EngineStatus(isDrained: isDrained, isGone: isGone)
  }

  func carryOut(
    _ order: EngineOrder, at now: Instant, _ outbox: inout EngineOutbox
  ) -> NodeOutcome {
    switch order {
    case .start:
      outbox.reports.append(.running(tasks: 1))
      outbox.timers.append((.watch, now + 5 * .millisecond))
    case .control(let action):
      isDown = action == .crash
      outbox.reports += [isDown ? .stopped : .running(tasks: 1), .carriedOut(action, true)]
      return .underWay
    case .drain(let ends): self.ends = ends
    case .stop:
      isGone = true
      outbox.reports.append(.stopped)
    }
    return .done
  }

  func receive(_ completion: Completion, at now: Instant, _ outbox: inout EngineOutbox) {}

  func fire(_ timer: EngineTimer, at now: Instant, _ outbox: inout EngineOutbox) {
    if isGone { return }
    if !isDown { work(&outbox) }
    if defect == .ends, now > Instant(ns: 900 * .millisecond) {
      isGone = true
      outbox.reports.append(.ended("with code 1"))
      return
    }
    outbox.timers.append((.watch, now + 5 * .millisecond))
  }

  private func work(_ outbox: inout EngineOutbox) {
    for partition in log.committed.indices {
      let entries = log.topics[0][partition]
      let before = log.committed[partition]
      for entry in entries.dropFirst(Int(before)) {
        count += 1
        if count == 200 && defect == .loses { continue }
        log.append(.results, partition, entry)
        if count == 300 && defect == .repeats { log.append(.results, partition, entry) }
      }
      log.committed[partition] = Int64(entries.count)
      if before != Int64(entries.count) {
        outbox.reports.append(.committed(partition: partition, offset: Int64(entries.count)))
      }
    }
  }

  func close() { isGone = true }
}
