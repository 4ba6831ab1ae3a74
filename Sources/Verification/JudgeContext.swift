import Model
import Scenarios
import Workloads

/// When a result was on its way. Instants that the history does not tell are nil.
public struct ResultSample: Sendable {
  /// Of the latest contributing event.
  public var intendedAt: Instant
  public var sentAt: Instant?
  public var acknowledgedAt: Instant?
  /// When the engine handed the row to the sink, the last time before it was seen.
  public var emittedAt: Instant?
  public var observedAt: Instant
  public var lineage: EventID
}

/// Is told what the judge comes by while it reads: once for each event and result, so keep it
/// cheap.
public protocol SampleRecorder: AnyObject {
  func acknowledged(intendedAt: Instant, at: Instant)
  /// `count` events were read by the engine for the first time.
  func read(count: Int, at: Instant)
  /// A row was seen at the sink that is equal to one that is due.
  func result(_ sample: ResultSample)
}

/// What a judge has to know of a run besides its history.
public struct JudgeContext {
  public var workload: Workload
  /// Events planned for this instant or later were never sent; nil: all of a finite source were.
  public var endOfLoad: Instant?
  public var partitions: Int
  /// False for a backbone that acknowledges and delivers nothing: then nothing is due either.
  public var delivers: Bool
  public var sink: SinkKind
  /// Blocks by lane and index, such as from a cache; nil asks the source.
  public var blockProvider: ((Int, Int) -> EventBlock?)?
  public var recorder: (any SampleRecorder)?
  /// What must hold of the output of a job of the user; nil: results are held against the oracle.
  public var output: OutputContract?

  public init(
    workload: Workload, endOfLoad: Instant?, partitions: Int, sink: SinkKind, delivers: Bool = true,
    blockProvider: ((Int, Int) -> EventBlock?)? = nil, recorder: (any SampleRecorder)? = nil,
    output: OutputContract? = nil
  ) {
    self.output = output
    self.workload = workload
    self.endOfLoad = endOfLoad
    self.partitions = partitions
    self.sink = sink
    self.delivers = delivers
    self.blockProvider = blockProvider
    self.recorder = recorder
  }
}
