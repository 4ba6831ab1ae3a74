import Backbones
import CShim
import Foundation
import KafkaBackbone
import Model
import Testing

/// A real broker for tests, where a Kafka is found.
enum RealKafka {
  static let installation: KafkaInstallation? = {
    let variables = ProcessInfo.processInfo.environment
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return KafkaInstallation(
      lookingIn: [
        variables["KAFKA_HOME"], variables["WEIR_SYSTEMS"].map { "\($0)/kafka" },
        root.appendingPathComponent("shared/systems/kafka").path,
      ].compactMap { $0 })
  }()

  /// A private broker below a folder of its own.
  static func start(brokers: Int = 1) throws -> (cluster: Cluster, folder: URL) {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("weir-kafka-\(UInt64.random(in: 0 ... .max))")
    let plan = ClusterPlan(
      installation: try #require(installation), brokers: brokers,
      dataFolder: folder.appendingPathComponent("data").path,
      logFolder: folder.appendingPathComponent("logs").path,
      stateFolder: folder.appendingPathComponent("state").path, options: [])
    return (try Cluster(plan), folder)
  }

  static func settings(_ cluster: Cluster, run: String) -> KafkaSettings {
    KafkaSettings(
      bootstrap: cluster.bootstrap, run: run, streams: ("requests", "results"), partitions: 2,
      replication: 1, minInSync: 1, acks: "all", isIdempotent: true, isTransactional: true)
  }
}

/// What only a real broker shows. One broker for all of it, since its start takes seconds.
@Suite(
  .serialized,
  .enabled(if: RealKafka.installation != nil, "no Kafka in KAFKA_HOME nor WEIR_SYSTEMS/kafka"))
struct RealTests {
  @Test func `transactions, fencing, a crash and what is left of it`() throws {
    let (cluster, folder) = try RealKafka.start()
    defer {
      do { try FileManager.default.removeItem(at: folder) } catch { Issue.record("\(error)") }
    }
    let data = folder.appendingPathComponent("data").path
    #expect(FileManager.default.fileExists(atPath: data))
    let talk = Conversation(
      try KafkaBackbone(RealKafka.settings(cluster, run: "a"), cluster: cluster))
    defer {
      talk.backbone.close()
      #expect(!FileManager.default.fileExists(atPath: data), "the data folder is gone")
      let notes = folder.appendingPathComponent("state/processes").path
      #expect((FileManager.default.subpaths(atPath: notes) ?? []).isEmpty)
    }
    try commit(talk)
    try abandon(talk)
    try restart(talk)
  }

  private static let sink = ClientID(.sink, 0)

  private func begin(_ talk: Conversation) throws {
    talk.ask(.initTransactions(Self.sink))
    let ready = talk.wait { answer -> Bool? in
      if case .transactionsReady(_, let ready) = answer { return ready }
      return nil
    }
    #expect(ready == true)
  }

  private func write(_ talk: Conversation, _ number: UInt64, first: UInt64) throws -> Outcome {
    let rows = makeBatch(source: 0, partition: 1, first: first, count: 3)
    talk.ask(.submit(Self.sink, .results, [rows], transaction: number))
    return try #require(talk.outcome()).outcome
  }

  private func positions(_ talk: Conversation) throws -> ([Int64], UInt64) {
    talk.ask(.fetchPositions(Self.sink))
    let found = talk.wait { answer -> ([Int64], UInt64)? in
      if case .positions(_, let at, let snapshot) = answer { return (at, snapshot) }
      return nil
    }
    return try #require(found)
  }

  /// Offsets of all results that a reader of committed records is given, and where it ends.
  private func results(_ talk: Conversation) throws -> (offsets: [Int64], end: Int64) {
    let reader = ClientID(.reader, 0)
    talk.ask(.endOffsets(reader, .results))
    let ends = talk.wait { answer -> [Int64]? in
      if case .endOffsets(_, .results, let ends) = answer { return ends }
      return nil
    }
    let end = try #require(ends)[1]
    talk.ask(.close(reader))
    var (offsets, next) = ([Int64](), Int64(0))
    while next < end {
      talk.ask(.poll(reader, .results, partition: 1, offset: next, committedOnly: true))
      let answer = talk.wait { answer -> ([Delivery], Int64)? in
        if case .polled(reader, _, 1, let found, let next) = answer { return (found, next) }
        return nil
      }
      let (found, after) = try #require(answer)
      for delivery in found {
        offsets += (delivery.first..<delivery.batch.count).map { delivery.baseOffset + Int64($0) }
      }
      next = after
    }
    return (offsets, end)
  }

  private func commit(_ talk: Conversation) throws {
    #expect(try positions(talk) == ([0, 0], 0))
    try begin(talk)
    #expect(try write(talk, 1, first: 0) == .acknowledged(base: 0))
    #expect(try results(talk).offsets.isEmpty, "an open transaction is not read")
    talk.ask(.commit(Self.sink, transaction: 1, positions: [4, 9], snapshot: 5))
    let ended = talk.wait { answer -> Outcome? in
      if case .committed(_, 1, let outcome) = answer { return outcome }
      return nil
    }
    #expect(ended == .acknowledged(base: 0))
    #expect(try positions(talk) == ([4, 9], 5))
    let read = try results(talk)
    // The end lies behind the record that ends the transaction.
    #expect(read.offsets == [0, 1, 2] && read.end == 4)
  }

  /// A process that dies inside of a transaction: the next one aborts it and has its place.
  private func abandon(_ talk: Conversation) throws {
    #expect(try write(talk, 2, first: 10) == .acknowledged(base: 4))
    talk.ask(.close(Self.sink))
    try begin(talk)
    #expect(try positions(talk) == ([4, 9], 5), "positions of the dead one are not committed")
    #expect(try results(talk).offsets == [0, 1, 2], "nothing of the aborted one is read")
  }

  private func restart(_ talk: Conversation) throws {
    let sent = makeBatch(source: 1, partition: 0, first: 0, count: 500)
    talk.ask(.submit(ClientID(.producer, 0), .input, [sent], transaction: 0))
    #expect(try #require(talk.outcome()).outcome == .acknowledged(base: 0))
    var outbox = Outbox()
    func control(_ action: NodeAction) throws {
      let outcome = talk.backbone.control(action, node: 0, at: .zero, outbox: &outbox)
      #expect(outcome == .underWay, "\(action)")
      let happened = talk.wait { answer -> Bool? in
        if case .controlled(action, 0, let happened) = answer { return happened }
        return nil
      }
      #expect(happened == true, "\(action)")
    }
    try control(.pause)
    try control(.resume)
    try control(.crash)
    #expect(
      talk.backbone.control(.crash, node: 0, at: .zero, outbox: &outbox) == .refused,
      "a broker that is gone cannot be killed")
    try control(.restart)
    let more = makeBatch(source: 1, partition: 0, first: 500, count: 1)
    talk.ask(.submit(ClientID(.producer, 0), .input, [more], transaction: 0))
    #expect(try #require(talk.outcome()).outcome == .acknowledged(base: 500), "none was lost")
  }
}
