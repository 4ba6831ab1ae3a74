import Model

/// What a client sends on the wire, and what it tells the harness.
struct ClientActions {
  var requests: [Request] = []
  var completions: [Completion] = []
}

/// A client of the embedded log: sequence numbers, requests in flight, time-outs and repeats. It
/// stands for what librdkafka is to a real broker: an acknowledgement lost on the wire is asked for
/// again here, and the harness never sees it.
struct LogClient {
  private struct Pending {
    var request: Request
    var sentAt: Instant
    let firstSentAt: Instant
    /// Number among the produce requests of this life.
    let ordinal: UInt64?
    /// Earliest instant of a repeat after a refusal; nil while an answer is awaited.
    var retryAt: Instant?
  }

  /// Kafka's max.in.flight.requests.per.connection. Counted from the oldest unanswered request, as
  /// on a connection that keeps its order: the log recognises a repeat only among the last five
  /// batches of a partition (KAF-8).
  private static let inFlightLimit: UInt64 = 5

  /// Batches that were handed over and not yet numbered: numbers are given when they are sent.
  private struct Queued {
    var topic: Topic
    var batches: [RecordBatch]
    var transaction: UInt64
  }

  let id: ClientID
  private(set) var life: UInt32 = 0
  private let timeout: Nanoseconds
  private let deliveryTimeout: Nanoseconds
  private let idempotent: Bool
  private var identity: ProducerIdentity
  /// False once the log has given the identity: only the log renews that of a transactional client.
  private var ownsIdentity = true
  /// Next numbers, by topic and partition.
  private var sequences: [Int64]
  private let partitions: Int
  /// The log has lost records that it had acknowledged: numbers begin anew in the next epoch, once
  /// nothing of this one is under way.
  private var isRenewing = false
  /// When the last produce request was answered.
  private var answeredAt = Instant(ns: .min)
  private var nextID: UInt64 = 0
  private var pending: [Pending] = []
  private var queue: [Queued] = []
  /// Number of the next produce request.
  private var nextOrdinal: UInt64 = 0
  private(set) var retries: UInt64 = 0
  /// In the consumer group, or on its way into it.
  private(set) var isMember = false
  private var keepsPlace = false
  private var membership: Membership?
  /// True while a watchdog event is on the timeline.
  var watched = false

  init(_ id: ClientID, producerID: Int32?, partitions: Int, settings: LogSettings) {
    self.id = id
    timeout = settings.requestTimeout
    deliveryTimeout = settings.deliveryTimeout
    idempotent = settings.idempotent && producerID != nil
    identity = idempotent ? ProducerIdentity(id: producerID ?? -1, epoch: 0) : .anonymous
    self.partitions = partitions
    sequences = Array(repeating: 0, count: 2 * partitions)
  }

  var isWaiting: Bool { !pending.isEmpty }

  /// Ends this life: whatever is still answered belongs to no one. The next one numbers its records
  /// anew (KAF-15), since nobody knows which of this one's arrived.
  mutating func close() {
    life &+= 1
    pending.removeAll()
    queue.removeAll()
    nextOrdinal = 0
    answeredAt = Instant(ns: .min)
    isMember = false
    membership = nil
    if ownsIdentity && idempotent { renew() }
  }

  private mutating func renew() {
    identity.epoch += 1
    sequences = sequences.map { _ in 0 }
    isRenewing = false
  }

  // Sending

  mutating func submit(
    _ topic: Topic, _ batches: [RecordBatch], transaction: UInt64, at now: Instant,
    _ actions: inout ClientActions
  ) {
    queue.append(Queued(topic: topic, batches: batches, transaction: transaction))
    sendQueued(at: now, &actions)
  }

  private mutating func numbered(_ next: Queued) -> RequestContent {
    var outgoing: [OutgoingBatch] = []
    outgoing.reserveCapacity(next.batches.count)
    for batch in next.batches {
      var first: Int64 = -1
      if identity.id >= 0 {
        let place = Int(next.topic.rawValue) * partitions + Int(batch.partition)
        first = sequences[place]
        sequences[place] += Int64(batch.count)
      }
      outgoing.append(OutgoingBatch(batch: batch, baseSequence: first))
    }
    return .produce(next.topic, outgoing, identity, transaction: next.transaction)
  }

  /// Sends something that is no produce request. A newer fetch of a partition replaces the older.
  mutating func call(_ content: RequestContent, at now: Instant, _ actions: inout ClientActions) {
    if case .fetch(let topic, let partition, _, _) = content {
      pending.removeAll {
        if case .fetch(topic, partition, _, _) = $0.request.content { true } else { false }
      }
    }
    send(content, at: now, &actions)
  }

  var currentIdentity: ProducerIdentity { identity }

  // The group

  mutating func join(keepsPlace: Bool, at now: Instant, _ actions: inout ClientActions) {
    (isMember, self.keepsPlace) = (true, keepsPlace)
    call(.join(keepsPlace: keepsPlace), at: now, &actions)
  }

  mutating func leave(at now: Instant, _ actions: inout ClientActions) {
    if !isMember { return }
    (isMember, membership) = (false, nil)
    call(.leave, at: now, &actions)
  }

  mutating func beat(at now: Instant, _ actions: inout ClientActions) {
    guard let membership else { return }
    pending.removeAll {
      if case .heartbeat = $0.request.content { true } else { false }
    }
    call(.heartbeat(generation: membership.generation), at: now, &actions)
  }

  /// Its partitions are taken from it, and it asks for new ones.
  private mutating func rejoin(at now: Instant, _ actions: inout ClientActions) {
    guard let before = membership else { return }
    membership = nil
    actions.completions.append(.revoked(id, generation: before.generation))
    call(.join(keepsPlace: keepsPlace), at: now, &actions)
  }

  private mutating func send(
    _ content: RequestContent, at now: Instant, _ actions: inout ClientActions
  ) {
    let request = Request(id: nextID, client: id, life: life, content: content)
    nextID += 1
    var ordinal: UInt64?
    if case .produce = content {
      ordinal = nextOrdinal
      nextOrdinal += 1
    }
    pending.append(
      Pending(request: request, sentAt: now, firstSentAt: now, ordinal: ordinal, retryAt: nil))
    actions.requests.append(request)
  }

  /// Repeats, in order, what was not answered in time.
  mutating func watch(at now: Instant, _ actions: inout ClientActions) {
    var broken = false
    var index = 0
    while index < pending.count {
      let waiting = pending[index]
      if now - waiting.firstSentAt >= deliveryTimeout, giveUp(waiting.request, &actions) {
        pending.remove(at: index)
        continue
      }
      let due: Bool
      if let retryAt = waiting.retryAt {
        due = now >= retryAt
      } else {
        due = now - waiting.sentAt >= timeout(of: waiting.request)
      }
      // A time-out breaks the connection: all that was sent on it after goes out again.
      if due || (broken && isProduce(waiting.request)) {
        if isProduce(waiting.request) { broken = true }
        pending[index].sentAt = now
        pending[index].retryAt = nil
        retries &+= 1
        actions.requests.append(waiting.request)
      }
      index += 1
    }
    sendQueued(at: now, &actions)
  }

  private func isProduce(_ request: Request) -> Bool {
    if case .produce = request.content { true } else { false }
  }

  /// A fetch waits at the broker for up to half a second; its time-out comes on top.
  private func timeout(of request: Request) -> Nanoseconds {
    if case .fetch = request.content { timeout + LogClient.parkLimit } else { timeout }
  }

  static let parkLimit: Nanoseconds = 500 * .millisecond

  /// Ends a produce request without knowing what became of it.
  private mutating func giveUp(_ request: Request, _ actions: inout ClientActions) -> Bool {
    guard case .produce(let topic, let batches, _, _) = request.content else { return false }
    for outgoing in batches {
      actions.completions.append(
        .submitted(id, topic, outgoing.batch, .unknown("delivery timed out")))
    }
    return true
  }

  private mutating func sendQueued(at now: Instant, _ actions: inout ClientActions) {
    while !queue.isEmpty {
      if let oldest = oldestOrdinal {
        if isRenewing || nextOrdinal - oldest >= Self.inFlightLimit { return }
      } else if isRenewing {
        renew()
      }
      send(numbered(queue.removeFirst()), at: now, &actions)
    }
  }

  private var oldestOrdinal: UInt64? {
    for waiting in pending { if let ordinal = waiting.ordinal { return ordinal } }
    return nil
  }

  // Answers

  mutating func receive(_ response: Response, at now: Instant, _ actions: inout ClientActions) {
    if response.request.life != life { return }
    guard let index = pending.firstIndex(where: { $0.request.id == response.request.id }) else {
      return
    }
    switch (response.request.content, response.content) {
    case (.produce(let topic, let batches, _, let transaction), .produced(let results)):
      if results.contains(where: { isRetriable($0) }) {
        if !isFinal(response, of: pending[index]) {
          pending[index].retryAt = now + 100 * .millisecond
          return
        }
        isRenewing = ownsIdentity
      }
      pending.remove(at: index)
      answeredAt = now
      finish(topic, batches, results, transaction: transaction, &actions)
      sendQueued(at: now, &actions)
      return
    case (.fetch(let topic, let partition, _, _), .fetched(let deliveries, let next)):
      actions.completions.append(
        .polled(id, topic, partition: partition, deliveries, next: next))
    case (.initProducer, .producerReady(let new)):
      identity = new
      (ownsIdentity, isRenewing) = (false, false)
      sequences = sequences.map { _ in 0 }
      actions.completions.append(.transactionsReady(id, true))
    case (
      .endTransaction(_, let number, let commit, _, _, _), .transactionEnded(let done, let error)
    ):
      actions.completions.append(ended(number, commit: commit, committed: done, error))
    case (.commitPositions(_, let snapshot), .positionsCommitted):
      actions.completions.append(
        .positionsCommitted(id, snapshot: snapshot, .acknowledged(base: 0)))
    case (.fetchPositions, .positions(let positions, let snapshot)):
      actions.completions.append(.positions(id, positions, snapshot: snapshot))
    case (.endOffsets(let topic), .endOffsets(let offsets)):
      actions.completions.append(.endOffsets(id, topic, offsets))
    case (.join, .assigned(let given)):
      if isMember && membership == nil {
        membership = given
        actions.completions.append(.assigned(given))
      }
    case (.leave, .left): break
    case (.heartbeat(let generation), .alive(let state)):
      if state != .stable && membership?.generation == generation { rejoin(at: now, &actions) }
    default:
      preconditionFailure("an answer of another kind than its request")
    }
    pending.remove(at: index)
  }

  /// Whether asking again for a batch out of order is in vain: every batch before it was answered,
  /// and the refusal was given after that. Then the log has lost what it had acknowledged, and
  /// Kafka's client, too, gives the batch up and begins a new epoch (KIP-360).
  private func isFinal(_ response: Response, of waiting: Pending) -> Bool {
    waiting.ordinal == oldestOrdinal && response.departsAt > answeredAt
  }

  private func isRetriable(_ result: AppendResult) -> Bool {
    if case .refused(.outOfOrderSequence) = result { true } else { false }
  }

  private func finish(
    _ topic: Topic, _ batches: [OutgoingBatch], _ results: [AppendResult], transaction: UInt64,
    _ actions: inout ClientActions
  ) {
    for (outgoing, result) in zip(batches, results) {
      let outcome: Outcome
      switch result {
      case .appended(let base): outcome = .acknowledged(base: base)
      case .refused(.fenced): outcome = .failed("fenced by a newer instance")
      case .refused(.invalidTransaction), .refused(.notInGroup):
        outcome = .failed("the transaction is not open")
      case .refused(.outOfOrderSequence):
        outcome = .unknown("out of order: the log lacks records before it")
      }
      actions.completions.append(.submitted(id, topic, outgoing.batch, outcome))
    }
  }

  private func ended(
    _ number: UInt64, commit: Bool, committed: Bool, _ error: AppendError?
  ) -> Completion {
    if !commit { return .aborted(id, transaction: number) }
    if let error {
      return .committed(id, transaction: number, .failed("commit refused: \(error)"))
    }
    return .committed(
      id, transaction: number, committed ? .acknowledged(base: 0) : .failed("it was aborted"))
  }
}
