/// What a run asks of Kafka.
public struct KafkaSettings: Sendable {
  /// `host:port`, several separated by commas.
  public var bootstrap: String
  /// Keeps the topics, the group and the transactional id of this run apart from all others.
  public var run: String
  /// Names of the input stream and of the stream of results.
  public var streams: (input: String, results: String)
  /// Of the input topic: those of all input streams, one after the other.
  public var partitions: Int
  /// Of the topic of results; nil: as many as the input has.
  public var resultPartitions: Int?
  public var replication: Int
  public var minInSync: Int
  /// `all`, `1` or `0`.
  public var acks: String
  public var isIdempotent: Bool
  /// Results are written inside the transaction that commits the input positions.
  public var isTransactional: Bool
  /// Options of librdkafka from the scenario; they win over Weir's.
  public var producer: [KafkaOption] = []
  public var consumer: [KafkaOption] = []
  /// How to log in; options of every client.
  public var security: [KafkaOption] = []
  /// False where the topics of the run are there already.
  public var makesTopics = true
  /// The topics of the run are removed at its end; false where the whole cluster goes with it.
  public var removesTopics = true
  /// The consumer group of a job of the user; nil: one of the run.
  public var jobGroup: String?
  /// Streams end where readers of committed records end: what a job left open does not count.
  public var endsAreStable = false
  /// Finds the identity of an event in a record of the input stream.
  public var locate: @Sendable (UnsafeRawBufferPointer) -> (source: UInt32, sequence: UInt64)? = {
    locateRecord($0)
  }

  public init(
    bootstrap: String, run: String, streams: (input: String, results: String), partitions: Int,
    replication: Int, minInSync: Int, acks: String, isIdempotent: Bool, isTransactional: Bool
  ) {
    self.bootstrap = bootstrap
    self.run = run
    self.streams = streams
    self.partitions = partitions
    self.replication = replication
    self.minInSync = minInSync
    self.acks = acks
    self.isIdempotent = isIdempotent
    self.isTransactional = isTransactional
  }

  /// Topics by `Topic`.
  public var topics: [String] {
    ["weir-\(run)-\(streams.input)", "weir-\(run)-\(streams.results)"]
  }
  /// How many partitions each topic has, by `Topic`.
  var partitionsOfTopics: [Int] { [partitions, resultPartitions ?? partitions] }
  public var group: String { jobGroup ?? "weir-\(run)" }

  /// Options of every client. A broker that comes back is found again soon.
  private var common: [KafkaOption] {
    [
      KafkaOption("bootstrap.servers", bootstrap), KafkaOption("client.id", "weir-\(run)"),
      KafkaOption("reconnect.backoff.ms", "50"), KafkaOption("reconnect.backoff.max.ms", "1000"),
      KafkaOption("statistics.interval.ms", "1000"),
    ] + security
  }

  /// The load is open loop: what the broker cannot take waits in the client.
  var loadOptions: [KafkaOption] {
    common + [
      KafkaOption("acks", acks), KafkaOption("enable.idempotence", String(isIdempotent)),
      KafkaOption("queue.buffering.max.messages", "4000000"),
      KafkaOption("queue.buffering.max.kbytes", "1048576"),
    ] + producer
  }

  var sinkOptions: [KafkaOption] {
    let identity =
      isTransactional
      ? [
        KafkaOption("transactional.id", "weir-\(run)-sink"),
        KafkaOption("enable.idempotence", "true"),
      ]
      : [
        KafkaOption("acks", acks), KafkaOption("enable.idempotence", String(isIdempotent)),
      ]
    return common + producer + identity
  }

  /// The client that commits and fetches positions stands in the group; those that read are told
  /// their partitions.
  var controlOptions: [KafkaOption] {
    readerOptions(committedOnly: true) + [KafkaOption("group.id", group)]
  }

  /// A member of the group. Partitions are dealt out in turns, in the order of the names of
  /// members: those that keep their place are named by their number.
  func memberOptions(_ number: Int, keepsPlace: Bool) -> [KafkaOption] {
    let digits = String(number)
    let name = String(repeating: "0", count: max(6 - digits.count, 0)) + digits
    return readerOptions(committedOnly: true) + [
      KafkaOption("group.id", group), KafkaOption("partition.assignment.strategy", "roundrobin"),
    ]
      + (keepsPlace
        ? [
          KafkaOption("group.instance.id", "\(group)-\(name)"),
          // It comes back by itself: a broker that stands still for a while is no reason to divide.
          KafkaOption("session.timeout.ms", "30000"),
        ] : []) + consumer
  }

  func readerOptions(committedOnly: Bool) -> [KafkaOption] {
    common + [
      KafkaOption("enable.auto.commit", "false"),
      KafkaOption("enable.auto.offset.store", "false"),
      KafkaOption("enable.partition.eof", "true"),
      KafkaOption("auto.offset.reset", "earliest"), KafkaOption("fetch.wait.max.ms", "100"),
      KafkaOption("queued.max.messages.kbytes", "16384"),
      KafkaOption("isolation.level", committedOnly ? "read_committed" : "read_uncommitted"),
      // The least that brokers allow by default: a member that died is soon found out.
      KafkaOption("session.timeout.ms", "6000"), KafkaOption("heartbeat.interval.ms", "500"),
    ] + consumer
  }
}
