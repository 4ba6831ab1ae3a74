import Backbones
import Model

/// A record as a check sends it.
struct Sample: Equatable {
  var key: [UInt8]?
  var value: [UInt8]

  init(key: [UInt8]?, value: [UInt8]) {
    self.key = key
    self.value = value
  }

  /// A record that is known by its number.
  init(_ number: UInt64) {
    key = nil
    value = (0..<8).map { UInt8(truncatingIfNeeded: number >> UInt64(56 - 8 * $0)) }
  }
}

/// A record as it was read.
struct Seen: Equatable {
  var offset: Int64
  var key: [UInt8]?
  var value: [UInt8]

  /// The number of a numbered record; nil for any other.
  var number: UInt64? {
    if value.count != 8 { return nil }
    return value.reduce(0) { $0 << 8 | UInt64($1) }
  }
}

extension [Seen] {
  var numbers: [UInt64] { map { $0.number ?? .max } }
}

/// A batch and what it holds.
struct Sent {
  var batch: RecordBatch
  var numbers: [UInt64]
}

/// The transactional client, and who reads.
let sink = ClientID(.sink, 0)
let reader = ClientID(.reader, 0)

extension ConformanceWorld {
  // Writing

  func batch(_ samples: [Sample], source: Int = 0, partition: Int = 0) -> RecordBatch {
    let batch = RecordBatch(
      source: UInt32(source), partition: Int32(partition), capacity: samples.count,
      byteCapacity: 64)
    for sample in samples {
      let bytes = (sample.key ?? []) + sample.value + [0]
      bytes.withUnsafeBufferPointer { view in
        batch.append(
          sequence: nextNumber(), intendedAt: now.ns, keyAndValue: view.baseAddress!,
          keyLength: sample.key.map { UInt16($0.count) } ?? RecordEntry.noKey,
          valueLength: sample.value.count)
      }
    }
    return batch
  }

  /// Hands over numbered records of a producer, and does not wait.
  @discardableResult
  func send(
    _ count: Int, from client: ClientID = ClientID(.producer, 0), to topic: Topic = .input,
    partition: Int = 0, transaction: UInt64 = 0
  ) -> Sent {
    let numbers = (0..<count).map { _ in nextNumber() }
    let batch = batch(numbers.map(Sample.init), source: Int(client.index), partition: partition)
    ask(.submit(client, topic, [batch], transaction: transaction))
    return Sent(batch: batch, numbers: numbers)
  }

  /// How a batch ended.
  func outcome(of batch: RecordBatch) throws(CheckFailure) -> Outcome {
    try answer("a batch for partition \(batch.partition)") { completion in
      if case .submitted(_, _, let other, let outcome) = completion, other === batch {
        return outcome
      }
      return nil
    }
  }

  /// Waits for the acknowledgement of a batch; returns the offset of its first record.
  @discardableResult
  func acknowledged(_ batch: RecordBatch) throws(CheckFailure) -> Int64 {
    switch try outcome(of: batch) {
    case .acknowledged(let base): return base
    case .failed(let reason): throw .violated("a batch was refused: \(reason)")
    case .unknown(let reason): throw .violated("the fate of a batch is unknown: \(reason)")
    }
  }

  func isAnswered(_ batch: RecordBatch) -> Bool {
    holds { completion in
      if case .submitted(_, _, let other, _) = completion { other === batch } else { false }
    }
  }

  /// Sends and waits for the acknowledgement.
  @discardableResult
  func put(
    _ count: Int = 1, from client: ClientID = ClientID(.producer, 0), to topic: Topic = .input,
    partition: Int = 0, transaction: UInt64 = 0
  ) throws(CheckFailure) -> [UInt64] {
    let sent = send(
      count, from: client, to: topic, partition: partition, transaction: transaction)
    try acknowledged(sent.batch)
    return sent.numbers
  }

  // Reading

  func endOffsets(_ topic: Topic) throws(CheckFailure) -> [Int64] {
    ask(.endOffsets(reader, topic))
    return try answer("a question for end offsets") { completion in
      if case .endOffsets(_, topic, let offsets) = completion { offsets } else { nil }
    }
  }

  /// Everything from an offset to where the partition ends now. Fails when the end is not reached.
  func read(
    _ topic: Topic, partition: Int = 0, from start: Int64 = 0, committedOnly: Bool = true,
    as client: ClientID = reader
  ) throws(CheckFailure) -> [Seen] {
    let end = try endOffsets(topic)[partition]
    var seen: [Seen] = []
    var offset = start
    let limit = now + Self.patience
    while offset < end {
      let (found, next) = try poll(topic, partition, from: offset, committedOnly, as: client)
      seen += found
      offset = next
      if now >= limit {
        throw .violated("a reader stands at \(offset) and does not reach the end at \(end)")
      }
    }
    return seen
  }

  /// What a reader is given within a while.
  func peek(
    _ topic: Topic, partition: Int = 0, from start: Int64 = 0, committedOnly: Bool = true,
    for length: Nanoseconds = 1_500 * .millisecond
  ) throws(CheckFailure) -> [Seen] {
    var seen: [Seen] = []
    var offset = start
    let limit = now + length
    while now < limit {
      ask(
        .poll(reader, topic, partition: partition, offset: offset, committedOnly: committedOnly))
      do throws(CheckFailure) {
        let (found, next) = try polled(topic, partition, as: reader, within: limit - now)
        seen += found
        offset = next
      } catch {
        // A backbone need not answer as long as there is nothing to give.
        guard case .violated = error, now >= limit else { throw error }
      }
    }
    return seen
  }

  /// One poll and its answer.
  func poll(
    _ topic: Topic, _ partition: Int, from offset: Int64, _ committedOnly: Bool,
    as client: ClientID
  ) throws(CheckFailure) -> (seen: [Seen], next: Int64) {
    ask(
      .poll(client, topic, partition: partition, offset: offset, committedOnly: committedOnly))
    return try polled(topic, partition, as: client)
  }

  /// The answer to a poll that was asked.
  func polled(
    _ topic: Topic, _ partition: Int, as client: ClientID,
    within limit: Nanoseconds = patience
  ) throws(CheckFailure) -> (seen: [Seen], next: Int64) {
    let (deliveries, next) = try answer("a poll of partition \(partition)", within: limit) {
      (completion) -> ([Delivery], Int64)? in
      if case .polled(client, topic, partition, let deliveries, let next) = completion {
        return (deliveries, next)
      }
      return nil
    }
    var seen: [Seen] = []
    for delivery in deliveries {
      for index in delivery.first..<delivery.batch.count {
        seen.append(
          Seen(
            offset: delivery.baseOffset + Int64(index),
            key: delivery.batch.key(index).map(Array.init),
            value: Array(delivery.batch.value(index))))
      }
    }
    return (seen, next)
  }

  // Transactions and positions

  func initTransactions() throws(CheckFailure) {
    ask(.initTransactions(sink))
    let isFirst = try answer("the start of a transactional client") { completion in
      if case .transactionsReady(sink, let ready) = completion { ready } else { nil }
    }
    try require(isFirst, "a new transactional client was turned away")
  }

  func commit(
    _ transaction: UInt64, positions: [Int64] = [0, 0], snapshot: UInt64 = 0
  ) throws(CheckFailure) {
    ask(.commit(sink, transaction: transaction, positions: positions, snapshot: snapshot))
    switch try commitOutcome(transaction) {
    case .acknowledged: return
    case .failed(let reason), .unknown(let reason):
      throw .violated("a commit was not carried out: \(reason)")
    }
  }

  func commitOutcome(_ transaction: UInt64) throws(CheckFailure) -> Outcome {
    try answer("a commit") { completion in
      if case .committed(sink, transaction, let outcome) = completion { outcome } else { nil }
    }
  }

  func abort(_ transaction: UInt64) throws(CheckFailure) {
    ask(.abort(sink, transaction: transaction))
    _ = try answer("an abort") { (completion) -> Bool? in
      if case .aborted(sink, transaction) = completion { true } else { nil }
    }
  }

  func commitPositions(_ positions: [Int64], snapshot: UInt64) throws(CheckFailure) {
    ask(.commitPositions(sink, positions: positions, snapshot: snapshot))
    let outcome = try answer("a commit of positions") { (completion) -> Outcome? in
      if case .positionsCommitted(sink, snapshot, let outcome) = completion { outcome } else { nil }
    }
    guard case .acknowledged = outcome else {
      throw .violated("a commit of positions ended as \(outcome)")
    }
  }

  func positions() throws(CheckFailure) -> (positions: [Int64], snapshot: UInt64) {
    ask(.fetchPositions(sink))
    return try answer("a question for positions") { (completion) -> ([Int64], UInt64)? in
      if case .positions(sink, let positions, let snapshot) = completion {
        return (positions, snapshot)
      }
      return nil
    }
  }
}
