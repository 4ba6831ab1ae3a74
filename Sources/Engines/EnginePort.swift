import Backbones
import Model

/// What the engine wants to be told later.
public enum EngineTimer: Hashable, Sendable {
  /// A task has worked through the records it took.
  case taskDone(task: Int, life: UInt32)
  case checkpoint(life: UInt32)
  /// The snapshot of a checkpoint is on stable storage.
  case snapshotDurable(UInt64, life: UInt32)
  /// The end offsets of a batch are on stable storage.
  case batchPlanned(life: UInt32)
  /// The records of a batch are worked through.
  case batchDone(life: UInt32)
  /// The process is up again.
  case start
}

/// How records are taken.
public enum Coordination: Hashable, Sendable {
  /// As they come; a checkpoint at each interval.
  case continuous
  /// In batches, one at each interval (Spark's): its end offsets are written down first, and a
  /// batch that was planned and not committed runs again over the same records. The watermark that
  /// a batch closes with is that of the batches before.
  case microBatches
}

/// What the engine wants to happen: commands to the backbone, and timers.
public struct EngineOutbox {
  public var commands: [Command] = []
  public var timers: [(timer: EngineTimer, at: Instant)] = []

  public init() {}

  public var isEmpty: Bool { commands.isEmpty && timers.isEmpty }

  public mutating func removeAll() {
    commands.removeAll(keepingCapacity: true)
    timers.removeAll(keepingCapacity: true)
  }
}

/// How results reach their stream.
public enum SinkMode: Hashable, Sendable {
  /// Written as they come out; a restart writes them again.
  case append
  /// The same, with the result key as record key: the last one counts.
  case upsert
  /// Inside the transaction that commits the input positions.
  case transactional
}

/// How the embedded engine is set up, and what its parts cost.
public struct EngineSettings: Sendable {
  public var tasks: Int
  /// Partitions of each input stream: partition p of stream i is number i * partitions + p.
  public var partitions: Int
  public var resultPartitions: Int
  public var sink: SinkMode
  public var checkpointInterval: Nanoseconds
  public var restartDelay: Nanoseconds
  /// Nanoseconds of task time for a record, of snapshot time for a changed line of state; median
  /// and 99th percentile of a checkpoint. All zero in real time.
  public var recordCost: (Nanoseconds, Nanoseconds)
  public var stateCost: (Nanoseconds, Nanoseconds)
  public var checkpointCost: (Nanoseconds, Nanoseconds)
  public var seed: UInt64
  public var coordination = Coordination.continuous
  public var defects: Set<EngineDefect> = []

  public init(
    tasks: Int, partitions: Int, resultPartitions: Int, sink: SinkMode,
    checkpointInterval: Nanoseconds, restartDelay: Nanoseconds,
    recordCost: (Nanoseconds, Nanoseconds), stateCost: (Nanoseconds, Nanoseconds),
    checkpointCost: (Nanoseconds, Nanoseconds), seed: UInt64
  ) {
    self.tasks = tasks
    self.partitions = partitions
    self.resultPartitions = resultPartitions
    self.sink = sink
    self.checkpointInterval = checkpointInterval
    self.restartDelay = restartDelay
    self.recordCost = recordCost
    self.stateCost = stateCost
    self.checkpointCost = checkpointCost
    self.seed = seed
  }
}
