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
  /// An engine outside of this process looks after it.
  case watch
}

/// What the harness asks of an engine.
public enum EngineOrder: Hashable, Sendable {
  /// Begins to work.
  case start
  /// Does something to its process.
  case control(NodeAction)
  /// The input ends at these offsets, by partition: once they are reached, the last results come
  /// out and are committed.
  case drain(to: [Int64])
  /// Ends in order; what is committed stays.
  case stop
}

/// What an engine outside of this process tells; the harness writes it down.
public enum EngineReport: Hashable, Sendable {
  case running(tasks: Int)
  /// Its process is gone, by an order.
  case stopped
  /// It ended although nothing had been asked: how.
  case ended(String)
  /// An action that was under way has come to its end: whether it happened.
  case carriedOut(NodeAction, Bool)
  /// Its group committed a position of the input.
  case committed(partition: Int, offset: Int64)
}

/// How far an engine has come.
public struct EngineStatus: Hashable, Sendable {
  /// Records worked through.
  public var processed: UInt64
  /// CPU or model time of its tasks.
  public var busy: Nanoseconds
  /// Everything up to the end of the input is worked through and committed.
  public var isDrained: Bool
  /// It was stopped, or it ended by itself.
  public var isGone: Bool
  /// What it waits for while it drains; empty when it does not say.
  public var waitsFor: String

  public init(
    processed: UInt64 = 0, busy: Nanoseconds = 0, isDrained: Bool = false, isGone: Bool = false,
    waitsFor: String = ""
  ) {
    self.processed = processed
    self.busy = busy
    self.isDrained = isDrained
    self.isGone = isGone
    self.waitsFor = waitsFor
  }
}

/// The life cycle of whatever computes the results, in this process or outside of it. A state
/// machine: it gets orders, completions and timers, posts what it wants, and never waits.
public protocol Engine: AnyObject {
  var status: EngineStatus { get }
  /// `underWay`: a report, or the status, will say what became of it.
  func carryOut(
    _ order: EngineOrder, at now: Instant, _ outbox: inout EngineOutbox
  ) -> NodeOutcome
  /// Answers of the backbone to its commands.
  func receive(
    _ completion: Completion, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError)
  func fire(
    _ timer: EngineTimer, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError)
  /// Lets everything go, on every way out; nothing is asked of it afterwards.
  func close()
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
  public var reports: [EngineReport] = []

  public init() {}

  public var isEmpty: Bool { commands.isEmpty && timers.isEmpty && reports.isEmpty }

  public mutating func removeAll() {
    commands.removeAll(keepingCapacity: true)
    timers.removeAll(keepingCapacity: true)
    reports.removeAll(keepingCapacity: true)
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
  /// The tasks are members of a consumer group and read what it gives them; else they are told.
  public var joinsGroup = false
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
