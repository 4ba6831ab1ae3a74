import Draws
import Model

/// The one broker of the embedded log: a service queue, a disk, two topics and the coordinator of
/// transactions. It takes (request, now) and returns (answer, instant); it knows no wire, no client
/// and no fault. Rules: KAF-8, 11, 15, 34-38, 42-48.
struct LogNode {
  private let settings: LogSettings
  var topics: [[PartitionLog]]
  var group: GroupCoordinator
  private var positions: [Int64]
  private var snapshot: UInt64 = 0
  /// Epoch of the one transactional id, and its open transaction.
  private var transactionalEpoch: Int32 = 0
  private var transaction: TransactionRecord?
  /// How the last transactions of the transactional id ended, for repeated requests.
  private var decided: [UInt64: Bool] = [:]

  private(set) var busyUntil = Instant.zero
  private var disk: Disk
  private let costs: (request: DelayTable, record: DelayTable, batch: DelayTable, byte: DelayTable)
  private let service: DrawStream
  private var draws: UInt64 = 0
  private(set) var busy: Nanoseconds = 0
  private var appended: UInt64 = 0

  /// The producer id of the transactional client: after those of the workload's lanes.
  private var transactionalID: Int32 { Int32(settings.producers) }

  init(_ settings: LogSettings) {
    self.settings = settings
    topics = [
      Array(repeating: PartitionLog(), count: settings.inputPartitions),
      Array(repeating: PartitionLog(), count: settings.resultPartitions),
    ]
    positions = Array(repeating: 0, count: settings.inputPartitions)
    group = GroupCoordinator(
      partitions: settings.inputPartitions, sessionTimeout: settings.sessionTimeout)
    let family = DrawFamily(seed: settings.seed, component: "backbone", purpose: "service")
    service = family.stream(0)
    disk = Disk(settings)
    func table(_ cost: (Nanoseconds, Nanoseconds)) -> DelayTable {
      DelayTable(median: cost.0, p99: cost.1)
    }
    costs = (
      table(settings.request), table(settings.record), table(settings.batch), table(settings.byte)
    )
  }

  private mutating func word() -> UInt64 {
    draws &+= 1
    return service.word(draws)
  }

  /// Queues a request behind those before it; returns when its service ends.
  private mutating func serve(records: Int, batches: Int, bytes: Int, at now: Instant) -> Instant {
    var cost = costs.request.draw(word())
    if records > 0 {
      cost += costs.record.draw(word()) * Int64(records)
      cost += costs.batch.draw(word()) * Int64(batches)
      cost += costs.byte.draw(word()) * Int64(bytes)
    }
    busy += cost
    busyUntil = max(busyUntil, now) + cost
    return busyUntil
  }

  /// Queues a request that touches no records.
  mutating func serveRequest(at now: Instant) -> Instant {
    serve(records: 0, batches: 0, bytes: 0, at: now)
  }

  // Answers

  mutating func produce(
    _ topic: Topic, _ batches: [OutgoingBatch], _ producer: ProducerIdentity, number: UInt64,
    at now: Instant
  ) -> (results: [AppendResult], departs: Instant) {
    var records = 0
    var bytes = 0
    for outgoing in batches {
      records += outgoing.batch.count
      bytes += outgoing.batch.byteCount
    }
    let served = serve(records: records, batches: batches.count, bytes: bytes, at: now)
    let durable = disk.durable(appendedAt: served)
    let waits = settings.acknowledgesAfterFlush && settings.flush == .batch
    let visible = waits ? durable : served
    var results: [AppendResult] = []
    results.reserveCapacity(batches.count)
    for outgoing in batches {
      results.append(
        append(outgoing, topic, producer, number: number, visible: visible, durable: durable))
    }
    return (results, visible)
  }

  private mutating func append(
    _ outgoing: OutgoingBatch, _ topic: Topic, _ producer: ProducerIdentity, number: UInt64,
    visible: Instant, durable: Instant
  ) -> AppendResult {
    let partition = Int(outgoing.batch.partition)
    let deduplicates = !settings.defects.contains(.skipsDeduplication)
    let admission = topics[Int(topic.rawValue)][partition].admit(
      producer, first: outgoing.baseSequence, count: outgoing.batch.count,
      deduplicates: deduplicates)
    switch admission {
    case .duplicate(let base): return .appended(base: base)
    case .outOfOrder: return .refused(.outOfOrderSequence)
    case .fenced: return .refused(.fenced)
    case .append: break
    }
    var owner: TransactionRecord?
    if number > 0 {
      if producer.epoch != transactionalEpoch { return .refused(.fenced) }
      guard let open = joined(number, producer) else { return .refused(.invalidTransaction) }
      if !open.partitions.contains(partition) { open.partitions.append(partition) }
      owner = open
    }
    appended &+= 1
    if settings.defects.contains(.dropsAcknowledged) && appended % 1_000 == 500 {
      let base = topics[Int(topic.rawValue)][partition].pretend(
        producer, first: outgoing.baseSequence, count: outgoing.batch.count)
      return .appended(base: base)
    }
    let base = topics[Int(topic.rawValue)][partition].append(
      outgoing.batch, producer: producer, first: outgoing.baseSequence, visibleAt: visible,
      durableAt: durable, transaction: owner)
    if settings.defects.contains(.reorders) && appended % 100 == 0 {
      topics[Int(topic.rawValue)][partition].swapLastTwo()
    }
    return .appended(base: base)
  }

  /// The open transaction of this number; begun if it is the next one.
  private mutating func joined(
    _ number: UInt64, _ producer: ProducerIdentity
  ) -> TransactionRecord? {
    if let open = transaction { return open.number == number ? open : nil }
    if decided[number] != nil { return nil }
    let record = TransactionRecord(producer: producer, number: number)
    transaction = record
    return record
  }

  /// The records from an offset, nil when there are none yet and the fetch is to wait.
  mutating func fetch(
    _ topic: Topic, _ partition: Int, from offset: Int64, committedOnly: Bool, at now: Instant
  ) -> (deliveries: [Delivery], next: Int64, departs: Instant)? {
    let ready = max(busyUntil, now)
    let committed = committedOnly && !settings.defects.contains(.showsAborted)
    let read = topics[Int(topic.rawValue)][partition].read(
      from: offset, at: ready, committedOnly: committed, limit: settings.fetchLimit)
    if read.next == offset { return nil }
    if settings.trims && topic == .results {
      topics[Int(topic.rawValue)][partition].trim(below: offset)
    }
    // Reading from the page cache takes about a quarter of what appending does.
    var records = 0
    for delivery in read.deliveries { records += delivery.batch.count - delivery.first }
    let served = serve(records: records / 4, batches: 0, bytes: 0, at: now)
    return (read.deliveries, read.next, served)
  }

  /// Registers the transactional client anew: its epoch rises, and what was open is aborted.
  mutating func initProducer(at now: Instant) -> (ProducerIdentity, Instant) {
    let served = serve(records: 0, batches: 0, bytes: 0, at: now)
    if let open = transaction { end(open, commit: false) }
    decided = [:]
    transactionalEpoch += 1
    return (ProducerIdentity(id: transactionalID, epoch: transactionalEpoch), served)
  }

  mutating func endTransaction(
    _ producer: ProducerIdentity, _ number: UInt64, commit: Bool, positions newPositions: [Int64],
    snapshot newSnapshot: UInt64, members: [Membership], at now: Instant
  ) -> (committed: Bool, error: AppendError?, departs: Instant) {
    let served = serve(records: 0, batches: 1, bytes: 0, at: now)
    let durable = disk.durable(appendedAt: served)
    if producer.epoch != transactionalEpoch { return (false, .fenced, served) }
    if let before = decided[number] { return (before, nil, served) }
    let open = transaction ?? TransactionRecord(producer: producer, number: number)
    if open.number != number { return (false, .invalidTransaction, served) }
    if !group.admits(members) {
      end(open, commit: false)
      decided[number] = false
      return (false, .notInGroup, durable)
    }
    end(open, commit: commit)
    if commit {
      if !settings.defects.contains(.forgetsPositions) {
        commitPositions(newPositions)
        snapshot = newSnapshot
      }
    }
    decided[number] = commit
    if decided.count > 8, let oldest = decided.keys.min() { decided[oldest] = nil }
    return (commit, nil, durable)
  }

  private mutating func end(_ open: TransactionRecord, commit: Bool) {
    open.state = commit ? .committed : .aborted
    let results = Int(Topic.results.rawValue)
    for partition in open.partitions { topics[results][partition].appendMarker() }
    transaction = nil
  }

  private mutating func commitPositions(_ new: [Int64]) {
    positions = new
    if settings.trims {
      for partition in new.indices { topics[0][partition].trim(below: new[partition]) }
    }
  }

  mutating func commitPositions(
    _ new: [Int64], snapshot newSnapshot: UInt64, at now: Instant
  ) -> Instant {
    let served = serve(records: 0, batches: 1, bytes: 0, at: now)
    commitPositions(new)
    snapshot = newSnapshot
    return disk.durable(appendedAt: served)
  }

  mutating func committedPositions(at now: Instant) -> ([Int64], UInt64, Instant) {
    (positions, snapshot, serve(records: 0, batches: 0, bytes: 0, at: now))
  }

  /// Where partitions end for a reader: aborted tails and markers included.
  mutating func endOffsets(_ topic: Topic, at now: Instant) -> ([Int64], Instant) {
    let served = serve(records: 0, batches: 0, bytes: 0, at: now)
    return (topics[Int(topic.rawValue)].map(\.endOffset), served)
  }

  /// The process dies: what was not durable is gone, and so is everything in the queue.
  mutating func crash(at now: Instant) {
    for topic in topics.indices {
      for partition in topics[topic].indices {
        var cut = now
        if settings.defects.contains(.losesTail) { cut = now - 2 * .second }
        topics[topic][partition].truncate(notDurableAt: cut)
      }
    }
    busyUntil = now
    disk.crash(at: now)
  }

  mutating func resume(at now: Instant) {
    busyUntil = max(busyUntil, now)
    group.refresh(at: now)
  }

  var retainedBytes: UInt64 {
    var sum = 0
    for topic in topics { for log in topic { sum += log.retainedBytes } }
    return UInt64(max(sum, 0))
  }
}

/// When something that was appended is on the disk: one flush serves all that wait for it.
private struct Disk {
  private let flush: LogSettings.Flush
  private let cost: DelayTable
  private let stream: DrawStream
  private var draws: UInt64 = 0
  /// End of the running flush, and of the one that those wait for who came during it.
  private var runningEnd = Instant.zero
  private var nextEnd: Instant?

  init(_ settings: LogSettings) {
    flush = settings.flush
    cost = DelayTable(median: settings.fsync.0, p99: settings.fsync.1)
    stream = DrawFamily(seed: settings.seed, component: "backbone", purpose: "fsync").stream(0)
  }

  mutating func durable(appendedAt at: Instant) -> Instant {
    switch flush {
    case .never: return at
    case .interval(let every):
      return Instant(ns: (at.ns / every + 1) * every) + draw()
    case .batch:
      if at >= runningEnd, let next = nextEnd {
        runningEnd = next
        nextEnd = nil
      }
      if at >= runningEnd {
        runningEnd = at + draw()
        return runningEnd
      }
      if let next = nextEnd { return next }
      let end = runningEnd + draw()
      nextEnd = end
      return end
    }
  }

  private mutating func draw() -> Nanoseconds {
    draws &+= 1
    return cost.draw(stream.word(draws))
  }

  mutating func crash(at now: Instant) {
    runningEnd = now
    nextEnd = nil
  }
}
