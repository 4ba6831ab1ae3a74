import Backbones
import CRdKafka
import Model

/// A producer of librdkafka. Batches go by `rd_kafka_produce_batch`, one call for each partition,
/// without copying values; how each record ended comes back as delivery-report events.
///
/// Outcomes (semantics KAF-19): acknowledged when there is no error; failed when librdkafka knows
/// that the record was never written; else unknown.
final class ProducerClient {
  let handle: ClientHandle
  private let queue: OpaquePointer
  private let topicNames: [String]
  private var slots: [Slot] = []
  private var free: [Int] = []
  /// Batches that found the queue of librdkafka full: from which record they must be tried again.
  private var refused: [(slot: Int, from: Int)] = []
  private var messages: UnsafeMutablePointer<rd_kafka_message_t>
  private var capacity = 4096
  private let reports: UnsafeMutablePointer<UnsafePointer<rd_kafka_message_t>?>
  private static let reportsAtOnce = 8192
  private(set) var bytes: UInt64 = 0

  private struct Slot {
    var client: ClientID
    var topic: Topic
    /// Nil while the slot is free.
    var batch: RecordBatch?
    /// The client is gone: nothing is answered.
    var isMuted = false
    /// Records without an answer.
    var left = 0
    var open: Part?
    var closed: [Part] = []
  }

  /// Neighbouring records of a batch that ended alike.
  private struct Part {
    var first: Int
    var count: Int
    var outcome: Outcome
  }

  /// `topics` are the names of the streams, by `Topic`.
  init(_ handle: ClientHandle, topics: [String], wake: Int32) {
    self.handle = handle
    topicNames = topics
    queue = handle.mainQueue(wake: wake)
    messages = .allocate(capacity: capacity)
    messages.initialize(repeating: rd_kafka_message_t(), count: capacity)
    reports = .allocate(capacity: Self.reportsAtOnce)
    reports.initialize(repeating: nil, count: Self.reportsAtOnce)
  }

  deinit {
    messages.deallocate()
    reports.deallocate()
  }

  func submit(
    _ client: ClientID, _ topic: Topic, _ batches: [RecordBatch], _ outbox: inout Outbox
  ) {
    for batch in batches {
      bytes &+= UInt64(batch.byteCount)
      let index: Int
      if let last = free.popLast() {
        index = last
        slots[index] = Slot(client: client, topic: topic, batch: batch, left: batch.count)
      } else {
        index = slots.count
        slots.append(Slot(client: client, topic: topic, batch: batch, left: batch.count))
      }
      if refused.isEmpty {
        produce(index, from: 0, &outbox)
      } else {
        refused.append((index, 0))
      }
    }
  }

  /// Nothing more is answered to a client that is gone.
  func mute(_ client: ClientID) {
    for index in slots.indices where slots[index].client == client { slots[index].isMuted = true }
  }

  /// Hands over what found the queue full before.
  private func tryAgain(_ outbox: inout Outbox) {
    if refused.isEmpty { return }
    let waiting = refused
    refused.removeAll()
    for (slot, from) in waiting {
      if refused.isEmpty {
        produce(slot, from: from, &outbox)
      } else {
        refused.append((slot, from))
      }
    }
  }

  private func produce(_ index: Int, from start: Int, _ outbox: inout Outbox) {
    guard let batch = slots[index].batch else { return }
    let count = batch.count - start
    if count > capacity { grow(count) }
    let slotBits = UInt(index + 1) << 32
    for place in 0..<count {
      let entry = batch.entries[start + place]
      let value = batch.bytes + Int(entry.offset)
      let message = messages + place
      message.pointee.err = RD_KAFKA_RESP_ERR_NO_ERROR
      message.pointee.payload = UnsafeMutableRawPointer(value)
      message.pointee.len = Int(entry.length)
      if entry.keyLength == RecordEntry.noKey {
        message.pointee.key = nil
        message.pointee.key_len = 0
      } else {
        message.pointee.key = UnsafeMutableRawPointer(value - Int(entry.keyLength))
        message.pointee.key_len = Int(entry.keyLength)
      }
      message.pointee._private = UnsafeMutableRawPointer(
        bitPattern: slotBits | UInt(start + place))
    }
    let topic = handle.topic(topicNames[Int(slots[index].topic.rawValue)])
    let taken = Int(
      rd_kafka_produce_batch(topic, batch.partition, 0, messages, Int32(count)))
    if taken != count { sortOut(index, start, count, &outbox) }
  }

  /// Some records were not taken: those for which there was no room wait, the others have failed.
  private func sortOut(_ index: Int, _ start: Int, _ count: Int, _ outbox: inout Outbox) {
    for place in 0..<count {
      let code = messages[place].err
      if code == RD_KAFKA_RESP_ERR_NO_ERROR { continue }
      if code == RD_KAFKA_RESP_ERR__QUEUE_FULL {
        refused.append((index, start + place))
        return
      }
      answer(index, start + place, 1, .failed(name(of: code)), &outbox)
    }
  }

  private func grow(_ count: Int) {
    messages.deallocate()
    capacity = count * 2
    messages = .allocate(capacity: capacity)
    messages.initialize(repeating: rd_kafka_message_t(), count: capacity)
  }

  /// Takes the delivery reports that have come.
  func collect(_ outbox: inout Outbox) {
    while let event = rd_kafka_queue_poll(queue, 0) {
      if rd_kafka_event_type(event) == RD_KAFKA_EVENT_DR {
        while true {
          let count = Int(rd_kafka_event_message_array(event, reports, Self.reportsAtOnce))
          if count == 0 { break }
          read(count, &outbox)
        }
      } else {
        handle.note(event)
      }
      rd_kafka_event_destroy(event)
    }
    tryAgain(&outbox)
  }

  private func read(_ count: Int, _ outbox: inout Outbox) {
    var place = 0
    while place < count {
      guard let first = reports[place] else { return }
      // Fields are read one by one: a copy of the whole message for each would cost more.
      let (mark, err, offset) = (
        UInt(bitPattern: first.pointee._private), first.pointee.err, first.pointee.offset
      )
      let step: Int64 = offset < 0 ? 0 : 1
      var length = 1
      while place &+ length < count, let next = reports[place &+ length],
        UInt(bitPattern: next.pointee._private) == mark &+ UInt(length), next.pointee.err == err,
        next.pointee.offset == offset &+ step &* Int64(length)
      {
        length &+= 1
      }
      let outcome: Outcome
      if err == RD_KAFKA_RESP_ERR_NO_ERROR {
        outcome = .acknowledged(base: max(offset, -1))
      } else if rd_kafka_message_status(first) == RD_KAFKA_MSG_STATUS_NOT_PERSISTED {
        outcome = .failed(name(of: err))
      } else {
        outcome = .unknown(name(of: err))
      }
      answer(Int(mark >> 32) - 1, Int(mark & 0xffff_ffff), length, outcome, &outbox)
      place += length
    }
  }

  private func answer(
    _ index: Int, _ first: Int, _ count: Int, _ outcome: Outcome, _ outbox: inout Outbox
  ) {
    guard index >= 0, index < slots.count, let batch = slots[index].batch else { return }
    if let open = slots[index].open {
      if let joined = Self.join(open, first, count, outcome) {
        slots[index].open = joined
      } else {
        slots[index].closed.append(open)
        slots[index].open = Part(first: first, count: count, outcome: outcome)
      }
    } else {
      slots[index].open = Part(first: first, count: count, outcome: outcome)
    }
    slots[index].left -= count
    if slots[index].left > 0 { return }
    let slot = slots[index]
    slots[index].batch = nil
    slots[index].open = nil
    slots[index].closed = []
    free.append(index)
    guard let last = slot.open, !slot.isMuted else { return }
    if slot.closed.isEmpty {
      outbox.post(.submitted(slot.client, slot.topic, batch, last.outcome))
      return
    }
    for part in slot.closed + [last] {
      let records = batch.part(part.first, part.count)
      outbox.post(.submitted(slot.client, slot.topic, records, part.outcome))
    }
  }

  private static func join(
    _ open: Part, _ first: Int, _ count: Int, _ outcome: Outcome
  ) -> Part? {
    guard open.first + open.count == first else { return nil }
    let longer = Part(first: open.first, count: open.count + count, outcome: open.outcome)
    switch (open.outcome, outcome) {
    case (.acknowledged(let base), .acknowledged(let next)):
      if base < 0 && next < 0 { return longer }
      return base >= 0 && next == base + Int64(open.count) ? longer : nil
    default: return open.outcome == outcome ? longer : nil
    }
  }
}

extension RecordBatch {
  /// Records of this batch as a batch of their own.
  func part(_ first: Int, _ count: Int) -> RecordBatch {
    let part = RecordBatch(
      source: source, partition: partition, capacity: count, byteCapacity: byteCount)
    for index in first..<(first + count) {
      let entry = entries[index]
      let keyBytes = entry.keyLength == RecordEntry.noKey ? 0 : Int(entry.keyLength)
      part.append(
        sequence: entry.sequence, intendedAt: entry.intendedAt,
        keyAndValue: bytes + (Int(entry.offset) - keyBytes), keyLength: entry.keyLength,
        valueLength: Int(entry.length))
    }
    return part
  }
}
