import Model

/// A transaction as the log knows it.
package final class TransactionRecord {
  package enum State { case open, committed, aborted }
  package let producer: ProducerIdentity
  package let number: UInt64
  package var state = State.open
  /// Partitions of the result topic that it wrote to, in ascending order.
  package var partitions: [Int] = []

  package init(producer: ProducerIdentity, number: UInt64) {
    self.producer = producer
    self.number = number
  }
}

/// One partition: batches in the order in which they were appended, with what a producer may
/// repeat.
package struct PartitionLog {
  struct Entry {
    var batch: RecordBatch
    var baseOffset: Int64
    var producer: ProducerIdentity
    var lastSequence: Int64
    /// Readers see it from here on.
    var visibleAt: Instant
    /// A crash before loses it.
    var durableAt: Instant
    var transaction: TransactionRecord?

    var endOffset: Int64 { baseOffset + Int64(batch.count) }
  }

  /// What the log remembers of one producer: its last batches (KAF-8: five), and its last number.
  struct ProducerState {
    var epoch: Int32 = 0
    var lastSequence: Int64 = -1
    var recent: [(first: Int64, last: Int64, base: Int64)] = []
    /// Last number among the batches that were trimmed and so are durable.
    var trimmedSequence: Int64 = -1
  }

  static let remembered = 5

  package init() {}

  var entries: [Entry] = []
  var head = 0
  package private(set) var endOffset: Int64 = 0
  package private(set) var startOffset: Int64 = 0
  var producers: [ProducerState] = []
  package private(set) var retainedBytes = 0

  /// What to do with a batch by its producer's numbers (KAF-8, KAF-11).
  package enum Admission: Equatable {
    case append
    case duplicate(base: Int64)
    case outOfOrder, fenced
  }

  package mutating func admit(
    _ producer: ProducerIdentity, first: Int64, count: Int, deduplicates: Bool
  ) -> Admission {
    if producer.id < 0 || first < 0 { return .append }
    while producers.count <= Int(producer.id) { producers.append(ProducerState()) }
    let state = producers[Int(producer.id)]
    if producer.epoch < state.epoch { return .fenced }
    if producer.epoch > state.epoch {
      producers[Int(producer.id)] = ProducerState(epoch: producer.epoch)
      return first == 0 ? .append : .outOfOrder
    }
    let last = first + Int64(count) - 1
    if deduplicates {
      for known in state.recent where known.first == first && known.last == last {
        return .duplicate(base: known.base)
      }
      return first == state.lastSequence + 1 ? .append : .outOfOrder
    }
    return .append
  }

  /// Appends at the end; returns the offset of the first record.
  package mutating func append(
    _ batch: RecordBatch, producer: ProducerIdentity, first: Int64, visibleAt: Instant,
    durableAt: Instant, transaction: TransactionRecord?
  ) -> Int64 {
    let base = endOffset
    let last = first < 0 ? -1 : first + Int64(batch.count) - 1
    entries.append(
      Entry(
        batch: batch, baseOffset: base, producer: producer, lastSequence: last,
        visibleAt: visibleAt, durableAt: durableAt, transaction: transaction))
    endOffset += Int64(batch.count)
    retainedBytes += batch.byteCount
    remember(producer, first: first, last: last, base: base)
    return base
  }

  private mutating func remember(
    _ producer: ProducerIdentity, first: Int64, last: Int64, base: Int64
  ) {
    if producer.id < 0 || first < 0 { return }
    var state = producers[Int(producer.id)]
    state.lastSequence = max(state.lastSequence, last)
    state.recent.append((first, last, base))
    if state.recent.count > Self.remembered { state.recent.removeFirst() }
    producers[Int(producer.id)] = state
  }

  /// A deliberate defect: answers as `append` does, and keeps nothing.
  mutating func pretend(_ producer: ProducerIdentity, first: Int64, count: Int) -> Int64 {
    remember(producer, first: first, last: first + Int64(count) - 1, base: endOffset)
    return endOffset
  }

  /// A deliberate defect: the last two batches change places.
  mutating func swapLastTwo() {
    let last = entries.count - 1
    if last - 1 < head { return }
    let first = entries[last - 1]
    let second = entries[last]
    if first.endOffset != second.baseOffset { return }
    entries[last - 1].batch = second.batch
    entries[last].batch = first.batch
    entries[last].baseOffset = first.baseOffset + Int64(second.batch.count)
  }

  /// A transaction marker takes one offset (KAF-36).
  package mutating func appendMarker() { endOffset += 1 }

  /// Batches from `offset` on that a reader may have, as far as `limit` records; whole batches,
  /// at least one if there is any (KAF-42). `next` is where to read on.
  package func read(
    from offset: Int64, at now: Instant, committedOnly: Bool, limit: Int
  ) -> (deliveries: [Delivery], next: Int64) {
    var deliveries: [Delivery] = []
    var taken = 0
    var next = offset
    var index = firstEntry(endingAfter: offset)
    var reachedEnd = true
    while index < entries.count {
      let entry = entries[index]
      if entry.visibleAt > now || taken >= limit {
        reachedEnd = false
        break
      }
      if committedOnly, let transaction = entry.transaction {
        if transaction.state == .open {
          reachedEnd = false
          break
        }
        if transaction.state == .aborted {
          next = entry.endOffset
          index += 1
          continue
        }
      }
      let first = max(0, Int(offset - entry.baseOffset))
      deliveries.append(Delivery(batch: entry.batch, baseOffset: entry.baseOffset, first: first))
      taken += entry.batch.count - first
      next = entry.endOffset
      index += 1
    }
    // Markers at the end are stepped over once everything before them was seen.
    if reachedEnd && endOffset > next { next = endOffset }
    return (deliveries, next)
  }

  private func firstEntry(endingAfter offset: Int64) -> Int {
    var low = head
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].endOffset <= offset { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Forgets batches that end at or below an offset.
  package mutating func trim(below offset: Int64) {
    while head < entries.count && entries[head].endOffset <= offset {
      let entry = entries[head]
      retainedBytes -= entry.batch.byteCount
      if isCurrent(entry) {
        let state = producers[Int(entry.producer.id)].trimmedSequence
        producers[Int(entry.producer.id)].trimmedSequence = max(state, entry.lastSequence)
      }
      startOffset = entry.endOffset
      head += 1
    }
    if head > 64 && head * 2 >= entries.count {
      entries.removeFirst(head)
      head = 0
    }
  }

  /// Numbers begin anew with each epoch: what an older one wrote says nothing about them.
  private func isCurrent(_ entry: Entry) -> Bool {
    entry.producer.id >= 0 && entry.lastSequence >= 0
      && producers[Int(entry.producer.id)].epoch == entry.producer.epoch
  }

  /// A crash: what was not durable is gone, and so is what producers did with it.
  package mutating func truncate(notDurableAt now: Instant) {
    var kept = entries.count
    while kept > head && entries[kept - 1].durableAt > now { kept -= 1 }
    if kept == entries.count { return }
    let cut = entries[kept].baseOffset
    for entry in entries[kept...] { retainedBytes -= entry.batch.byteCount }
    entries.removeSubrange(kept...)
    endOffset = cut
    for index in producers.indices {
      producers[index].recent.removeAll { $0.base >= cut }
      producers[index].lastSequence = producers[index].trimmedSequence
    }
    for entry in entries[head...] where isCurrent(entry) {
      let id = Int(entry.producer.id)
      producers[id].lastSequence = max(producers[id].lastSequence, entry.lastSequence)
    }
  }
}
