import Backbones
import CRdKafka
import KafkaBackbone
import Model
import Testing

/// The adapter against librdkafka's own cluster, which is always there. What that one does not
/// know (fencing, aborted records) is tested against a real broker.
@Suite(.serialized) struct MockTests {
  static let input = ClientID(.producer, 3)
  static let sink = ClientID(.sink, 0)

  @Test func `records come back as they were sent, at the offsets that were acknowledged`()
    throws
  {
    let mock = try MockCluster()
    let talk = Conversation(try mock.backbone())
    let sent = [
      makeBatch(source: 3, partition: 0, first: 10, count: 100),
      makeBatch(source: 3, partition: 1, first: 200, count: 1, key: nil),
      makeBatch(source: 4, partition: 0, first: 7, count: 50),
    ]
    talk.ask(.submit(Self.input, .input, sent, transaction: 0))
    var bases: [ObjectIdentifier: Int64] = [:]
    for _ in sent {
      let (batch, outcome) = try #require(talk.outcome())
      guard case .acknowledged(let base) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
      bases[ObjectIdentifier(batch)] = base
    }
    #expect(bases[ObjectIdentifier(sent[0])] == 0)
    #expect(bases[ObjectIdentifier(sent[2])] == 100)
    let reader = ClientID(.consumer, 0)
    for partition in 0..<2 {
      let mine = sent.filter { Int($0.partition) == partition }
      var offset: Int64 = 0
      var read: [Delivery] = []
      while read.reduce(0, { $0 + $1.batch.count }) < mine.reduce(0, { $0 + $1.count }) {
        talk.ask(
          .poll(reader, .input, partition: partition, offset: offset, committedOnly: true))
        let answer = talk.wait { answer -> ([Delivery], Int64)? in
          if case .polled(_, _, partition, let found, let next) = answer { return (found, next) }
          return nil
        }
        let (found, next) = try #require(answer)
        read += found
        offset = next
      }
      #expect(offset == Int64(mine.reduce(0) { $0 + $1.count }))
      check(read, mine, bases)
    }
  }

  /// Deliveries hold the records of the batches, one source each, at the right offsets.
  private func check(
    _ read: [Delivery], _ sent: [RecordBatch], _ bases: [ObjectIdentifier: Int64]
  ) {
    var found: [Int64: (UInt32, UInt64, [UInt8], [UInt8]?)] = [:]
    for delivery in read {
      for index in delivery.first..<delivery.batch.count {
        found[delivery.baseOffset + Int64(index)] = (
          delivery.batch.source, delivery.batch.entries[index].sequence,
          Array(delivery.batch.value(index)), delivery.batch.key(index).map(Array.init)
        )
      }
    }
    for batch in sent {
      let base = bases[ObjectIdentifier(batch)] ?? -1
      for index in 0..<batch.count {
        let record = found[base + Int64(index)]
        #expect(record?.0 == batch.source && record?.1 == batch.entries[index].sequence)
        #expect(record?.2 == Array(batch.value(index)))
        #expect(record?.3 == batch.key(index).map(Array.init))
      }
    }
  }

  @Test func `a send that never left is failed, one that may have arrived is unknown`() throws {
    let mock = try MockCluster(brokers: 1)
    let short = [KafkaOption("message.timeout.ms", "1500"), KafkaOption("retries", "0")]
    let talk = Conversation(
      try mock.backbone(transactional: false, idempotent: false, acks: "1", producer: short))
    let batch = makeBatch(source: 3, partition: 0, first: 0, count: 4)
    talk.ask(.submit(Self.input, .input, [batch], transaction: 0))
    let good = try #require(talk.outcome())
    #expect(good.outcome == .acknowledged(base: 0))
    mock.refuseProduce([RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT])
    talk.ask(.submit(Self.input, .input, [batch], transaction: 0))
    let doubtful = try #require(talk.outcome())
    guard case .unknown = doubtful.outcome else {
      Issue.record("\(doubtful.outcome)")
      return
    }
    mock.stop(1)
    talk.ask(.submit(Self.input, .input, [batch], transaction: 0))
    let lost = try #require(talk.outcome())
    guard case .failed = lost.outcome else {
      Issue.record("\(lost.outcome)")
      return
    }
  }

  @Test func `a batch that does not exist for librdkafka has failed`() throws {
    let mock = try MockCluster()
    let talk = Conversation(try mock.backbone())
    let batch = makeBatch(source: 3, partition: 0, first: 0, count: 2)
    talk.ask(.submit(Self.input, .input, [batch], transaction: 0))
    #expect(try #require(talk.outcome()).outcome == .acknowledged(base: 0))
    let nowhere = makeBatch(source: 3, partition: 9, first: 2, count: 2)
    talk.ask(.submit(Self.input, .input, [nowhere], transaction: 0))
    let outcome = try #require(talk.outcome()).outcome
    #expect(outcome == .failed("_UNKNOWN_PARTITION"))
  }

  @Test func `positions come back with the number of their snapshot`() throws {
    let mock = try MockCluster()
    let talk = Conversation(try mock.backbone(transactional: false))
    talk.ask(.fetchPositions(Self.sink))
    let none = talk.wait { answer -> ([Int64], UInt64)? in
      if case .positions(_, let at, let snapshot) = answer { return (at, snapshot) }
      return nil
    }
    #expect(none?.0 == [0, 0] && none?.1 == 0)
    talk.ask(.commitPositions(Self.sink, positions: [17, 4], snapshot: 12))
    let outcome = talk.wait { answer -> Outcome? in
      if case .positionsCommitted(_, 12, let outcome) = answer { return outcome }
      return nil
    }
    #expect(outcome == .acknowledged(base: 0))
    talk.ask(.fetchPositions(Self.sink))
    let some = talk.wait { answer -> ([Int64], UInt64)? in
      if case .positions(_, let at, let snapshot) = answer { return (at, snapshot) }
      return nil
    }
    #expect(some?.0 == [17, 4] && some?.1 == 12)
  }

  @Test func `a transaction begins, takes results and ends, and so does the next`() throws {
    let mock = try MockCluster()
    let talk = Conversation(try mock.backbone())
    talk.ask(.initTransactions(Self.sink))
    let ready = talk.wait { answer -> Bool? in
      if case .transactionsReady(_, let ready) = answer { return ready }
      return nil
    }
    #expect(ready == true)
    for number: UInt64 in 1...3 {
      let rows = makeBatch(source: 0, partition: 1, first: number * 10, count: 3)
      talk.ask(.submit(Self.sink, .results, [rows], transaction: number))
      let (_, outcome) = try #require(talk.outcome())
      guard case .acknowledged = outcome else {
        Issue.record("\(outcome)")
        return
      }
      talk.ask(
        .commit(Self.sink, transaction: number, positions: [5, 6], snapshot: number))
      let ended = talk.wait { answer -> Outcome? in
        if case .committed(_, number, let outcome) = answer { return outcome }
        return nil
      }
      #expect(ended == .acknowledged(base: 0))
    }
    talk.ask(.endOffsets(ClientID(.reader, 0), .results))
    let ends = talk.wait { answer -> [Int64]? in
      if case .endOffsets(_, .results, let ends) = answer { return ends }
      return nil
    }
    #expect(ends?[0] == 0 && (ends?[1] ?? 0) >= 9)
  }

  @Test func `nothing is answered to a client that was closed`() throws {
    let mock = try MockCluster()
    let talk = Conversation(try mock.backbone())
    talk.ask(.initTransactions(Self.sink))
    talk.ask(.close(Self.sink))
    talk.ask(.endOffsets(ClientID(.reader, 0), .input))
    let ends = talk.wait { answer -> [Int64]? in
      if case .endOffsets(_, .input, let ends) = answer { return ends }
      return nil
    }
    #expect(ends == [0, 0])
    let ready = talk.answers.contains { if case .transactionsReady = $0 { true } else { false } }
    #expect(!ready)
  }
}
