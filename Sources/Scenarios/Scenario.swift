import Model

/// A validated, fully resolved description of a run: pure values, every default filled in. A run is
/// a function of (scenario, seed, version).
public struct Scenario: Hashable, Sendable {
  /// Path below `scenarios/` without `.yaml`; runs are kept under `reports/<name>/`.
  public var name: String
  /// First sentence of the opening comment.
  public var description: String
  public var demonstrates: Demonstration
  public var seed: UInt64
  public var workload: WorkloadChoice
  public var load: LoadShape
  public var backbone: BackboneChoice
  public var engine: EngineChoice
  public var sink: SinkChoice
  public var resources: Resources
  public var faults: FaultSection
  public var clock: ClockKind
  public var phases: Phases
  public var expect: Expectations
  public var report: ReportSection

  public init(
    name: String, description: String, demonstrates: Demonstration = .valid, seed: UInt64 = 1,
    workload: WorkloadChoice, load: LoadShape, backbone: BackboneChoice = .init(),
    engine: EngineChoice = .init(), sink: SinkChoice = .init(), resources: Resources = .init(),
    faults: FaultSection = .init(), clock: ClockKind = .virtual, phases: Phases = .init(),
    expect: Expectations = .init(), report: ReportSection = .init()
  ) {
    self.name = name
    self.description = description
    self.demonstrates = demonstrates
    self.seed = seed
    self.workload = workload
    self.load = load
    self.backbone = backbone
    self.engine = engine
    self.sink = sink
    self.resources = resources
    self.faults = faults
    self.clock = clock
    self.phases = phases
    self.expect = expect
    self.report = report
  }
}

public enum Demonstration: String, Hashable, Sendable, CaseIterable {
  case valid, invalid, missed, inconclusive
}

public enum ClockKind: String, Hashable, Sendable, CaseIterable { case virtual, wall }

public struct WorkloadChoice: Hashable, Sendable {
  public var kind: String
  /// In the order of the workload's own table; every parameter is there.
  public var parameters: [Parameter]
  /// Name of a query of the workload.
  public var query: String
  public var sources: Int
  /// Events from this trace in place of the generator.
  public var trace: String?
  /// Event time of the first instant, nanoseconds since 1970.
  public var start: Timestamp
  /// Partitions of each stream, `resources.partitions`: a thin source sends its markers to each.
  public var partitions: Int

  public struct Parameter: Hashable, Sendable {
    public var name: String
    public var value: ParameterValue

    public init(name: String, value: ParameterValue) {
      self.name = name
      self.value = value
    }
  }

  public init(
    kind: String, parameters: [Parameter] = [], query: String, sources: Int, trace: String? = nil,
    start: Timestamp, partitions: Int = 1
  ) {
    self.kind = kind
    self.parameters = parameters
    self.query = query
    self.sources = sources
    self.trace = trace
    self.start = start
    self.partitions = partitions
  }
}

public enum ParameterValue: Hashable, Sendable {
  case count(Int64)
  case ratio(Ratio)
  case duration(Nanoseconds)
  case choice(String)
}

public enum LoadShape: Hashable, Sendable {
  case constant(Rate)
  /// The trace's own instants divided by the speed (nil: as fast as it goes), gaps cut to the cap.
  case trace(speed: Ratio?, idleCap: Nanoseconds?)
}

public enum BackboneKind: String, Hashable, Sendable, CaseIterable {
  case embedded
  /// A real cluster, launched or the user's.
  case kafka
  /// Acknowledges everything at once and delivers nothing: measures the harness alone.
  case null
}

/// Median and 99th percentile of a log-normal duration; both equal when it is constant.
public struct Spread: Hashable, Sendable {
  public var median: Nanoseconds
  public var p99: Nanoseconds

  public init(median: Nanoseconds, p99: Nanoseconds) {
    self.median = median
    self.p99 = p99
  }

  public init(_ constant: Nanoseconds) { self.init(median: constant, p99: constant) }
}

public enum Acknowledgement: String, Hashable, Sendable, CaseIterable {
  case none = "0"
  case leader = "1"
  case all
}

public enum FsyncPolicy: String, Hashable, Sendable, CaseIterable {
  case never
  /// Acknowledged after a flush; one flush serves all that wait.
  case batch
  /// Flushed once in a while; a crash loses what was not.
  case interval
}

public struct BackboneChoice: Hashable, Sendable {
  public var kind: BackboneKind
  public var acks: Acknowledgement
  public var idempotent: Bool
  public var costs: BackboneCosts
  public var fsync: FsyncPolicy
  /// Addresses of a cluster of the user, `host:port` with commas; nil: Weir launches one.
  public var bootstrap: String?
  public var security: SecurityChoice
  public var kafka: KafkaChoice

  public init(
    kind: BackboneKind = .embedded, acks: Acknowledgement = .all, idempotent: Bool = true,
    costs: BackboneCosts = .init(), fsync: FsyncPolicy = .batch, bootstrap: String? = nil,
    security: SecurityChoice = .init(), kafka: KafkaChoice = .init()
  ) {
    self.security = security
    self.bootstrap = bootstrap
    self.kafka = kafka
    self.kind = kind
    self.acks = acks
    self.idempotent = idempotent
    self.costs = costs
    self.fsync = fsync
  }
}

/// What a scenario says of Kafka alone.
public struct KafkaChoice: Hashable, Sendable {
  /// Copies of each partition; nil: as many as brokers, at most 3.
  public var replication: Int?
  /// Copies that must be written; nil: 2, or 1 with one copy.
  public var minInSync: Int?
  /// Options of brokers that Weir launches, and of librdkafka's clients; in the order of the file.
  public var broker: [NamedText]
  public var producer: [NamedText]
  public var consumer: [NamedText]

  public init(
    replication: Int? = nil, minInSync: Int? = nil, broker: [NamedText] = [],
    producer: [NamedText] = [], consumer: [NamedText] = []
  ) {
    self.replication = replication
    self.minInSync = minInSync
    self.broker = broker
    self.producer = producer
    self.consumer = consumer
  }
}

/// A name that the grammar leaves free, and its value.
public struct NamedText: Hashable, Sendable {
  public var name: String
  public var value: String

  public init(name: String, value: String) {
    self.name = name
    self.value = value
  }
}

/// What client, link and broker cost. All assumed in this version.
public struct BackboneCosts: Hashable, Sendable {
  /// One way over the network.
  public var link: Spread
  /// Broker time for one request, and for each record, batch and byte in it.
  public var request: Spread
  public var record: Spread
  public var batch: Spread
  public var byte: Spread
  /// One flush to the disk.
  public var fsync: Spread

  public init(
    link: Spread = .init(median: 250_000, p99: 1_000_000), request: Spread = .init(50_000),
    record: Spread = .init(100), batch: Spread = .init(2_000), byte: Spread = .init(0),
    fsync: Spread = .init(median: 500_000, p99: 2_000_000)
  ) {
    self.link = link
    self.request = request
    self.record = record
    self.batch = batch
    self.byte = byte
    self.fsync = fsync
  }
}

public enum Guarantee: String, Hashable, Sendable, CaseIterable {
  case exactlyOnce = "exactly-once"
  case atLeastOnce = "at-least-once"
  case atMostOnce = "at-most-once"
}

public struct EngineChoice: Hashable, Sendable {
  public var kind: EngineKind
  public var guarantee: Guarantee
  public var checkpointInterval: Nanoseconds
  /// From the end of a crash fault to the first read.
  public var restartDelay: Nanoseconds
  /// Nil: that of the query.
  public var watermarkDelay: Nanoseconds?
  public var allowedLateness: Nanoseconds?
  public var costs: EngineCosts
  public var strategy: EngineStrategy
  /// Of kind external.
  public var job: JobChoice?

  public init(
    kind: EngineKind = .embedded, guarantee: Guarantee = .exactlyOnce,
    checkpointInterval: Nanoseconds = .second, restartDelay: Nanoseconds = 300 * .millisecond,
    watermarkDelay: Nanoseconds? = nil, allowedLateness: Nanoseconds? = nil,
    costs: EngineCosts = .init(), strategy: EngineStrategy = .continuous,
    job: JobChoice? = nil
  ) {
    self.job = job
    self.kind = kind
    self.guarantee = guarantee
    self.checkpointInterval = checkpointInterval
    self.restartDelay = restartDelay
    self.watermarkDelay = watermarkDelay
    self.allowedLateness = allowedLateness
    self.costs = costs
    self.strategy = strategy
  }
}

public enum EngineKind: String, Hashable, Sendable, CaseIterable {
  case embedded
  /// A job of the user.
  case external
}

public enum EngineStrategy: String, Hashable, Sendable, CaseIterable {
  case continuous
  case microBatch = "micro-batch"
}

public struct EngineCosts: Hashable, Sendable {
  /// Task time for each record read; for each row of state touched at a checkpoint; for each
  /// checkpoint.
  public var record: Spread
  public var state: Spread
  public var checkpoint: Spread

  public init(
    record: Spread = .init(23_000), state: Spread = .init(50),
    checkpoint: Spread = .init(median: 5_000_000, p99: 20_000_000)
  ) {
    self.record = record
    self.state = state
    self.checkpoint = checkpoint
  }
}

public enum SinkKind: String, Hashable, Sendable, CaseIterable {
  case append, upsert, transactional
}

public struct SinkChoice: Hashable, Sendable {
  public var kind: SinkKind
  public var stream: String

  public init(kind: SinkKind = .transactional, stream: String = "results") {
    self.kind = kind
    self.stream = stream
  }
}

public struct Resources: Hashable, Sendable {
  public var brokers: Int
  public var partitions: Int
  /// Engine tasks.
  public var slots: Int

  public init(brokers: Int = 1, partitions: Int = 8, slots: Int = 2) {
    self.brokers = brokers
    self.partitions = partitions
    self.slots = slots
  }
}

public struct Phases: Hashable, Sendable {
  public var warmUp: Nanoseconds
  /// Nil: to the end of the trace.
  public var measure: Nanoseconds?
  public var heal: Nanoseconds
  public var drain: Nanoseconds
  /// Of wall time.
  public var limit: Nanoseconds

  public init(
    warmUp: Nanoseconds = 5 * .second, measure: Nanoseconds? = 60 * .second,
    heal: Nanoseconds = 10 * .second, drain: Nanoseconds = 60 * .second,
    limit: Nanoseconds = .hour
  ) {
    self.warmUp = warmUp
    self.measure = measure
    self.heal = heal
    self.drain = drain
    self.limit = limit
  }
}

public enum Comparison: String, Hashable, Sendable, CaseIterable {
  case below = "<"
  case atMost = "<="
  case above = ">"
  case atLeast = ">="
  case equal = "="
}

/// A limit on a metric, such as `latency.p99: "< 250ms"`.
public struct Threshold: Hashable, Sendable {
  /// The metric as written: `latency.calm.p99`, `throughput`, `backlog.end`, `recovery`.
  public var metric: String
  public var comparison: Comparison
  public var limit: Limit

  public enum Limit: Hashable, Sendable {
    case duration(Nanoseconds)
    case count(Int64)
    case ratio(Ratio)
    case rate(Rate)
    case size(Int64)
  }

  public init(metric: String, comparison: Comparison, limit: Limit) {
    self.metric = metric
    self.comparison = comparison
    self.limit = limit
  }
}
