import Model

/// How the embedded log is set up: what it promises, and what its parts cost.
public struct LogSettings: Sendable {
  public enum Flush: Hashable, Sendable {
    /// The page cache is enough: a crash of the process loses nothing.
    case never
    /// Acknowledged after a flush; one flush serves all that wait.
    case batch
    /// Flushed every so often; a crash loses what was not.
    case interval(Nanoseconds)
  }

  public var inputPartitions: Int
  public var resultPartitions: Int
  public var producers: Int
  public var idempotent: Bool
  /// False: acknowledged when appended, whatever the flush policy.
  public var acknowledgesAfterFlush: Bool
  public var flush: Flush
  /// Median and 99th percentile of each cost, nanoseconds.
  public var link: (Nanoseconds, Nanoseconds)
  public var request: (Nanoseconds, Nanoseconds)
  public var record: (Nanoseconds, Nanoseconds)
  public var batch: (Nanoseconds, Nanoseconds)
  public var byte: (Nanoseconds, Nanoseconds)
  public var fsync: (Nanoseconds, Nanoseconds)
  /// A client sends again what was not answered for so long.
  public var requestTimeout: Nanoseconds = 500 * .millisecond
  /// What was not acknowledged after so long has an unknown outcome.
  public var deliveryTimeout: Nanoseconds = 120 * .second
  /// A member of the group that was not heard of for so long is dead.
  public var sessionTimeout: Nanoseconds = 6 * .second
  /// Records a fetch returns at most.
  public var fetchLimit = 2_000
  /// Batches below the committed positions, or read by the reader, are forgotten.
  public var trims = true
  public var seed: UInt64
  /// Deliberate defects, for tests of the tests; empty in every real run.
  public var defects: Set<LogDefect> = []

  public init(
    inputPartitions: Int, resultPartitions: Int, producers: Int, idempotent: Bool = true,
    acknowledgesAfterFlush: Bool = true, flush: Flush = .batch,
    link: (Nanoseconds, Nanoseconds) = (250_000, 1_000_000),
    request: (Nanoseconds, Nanoseconds) = (50_000, 50_000),
    record: (Nanoseconds, Nanoseconds) = (100, 100),
    batch: (Nanoseconds, Nanoseconds) = (2_000, 2_000), byte: (Nanoseconds, Nanoseconds) = (0, 0),
    fsync: (Nanoseconds, Nanoseconds) = (500_000, 2_000_000), seed: UInt64
  ) {
    self.inputPartitions = inputPartitions
    self.resultPartitions = resultPartitions
    self.producers = producers
    self.idempotent = idempotent
    self.acknowledgesAfterFlush = acknowledgesAfterFlush
    self.flush = flush
    self.link = link
    self.request = request
    self.record = record
    self.batch = batch
    self.byte = byte
    self.fsync = fsync
    self.seed = seed
  }
}

/// What a deliberately broken log does wrong. Each must be found by the checkers and rejected by
/// the conformance suite.
public enum LogDefect: String, Hashable, Sendable, CaseIterable {
  /// A repeated batch is appended again.
  case skipsDeduplication = "skips-deduplication"
  /// Records of aborted transactions are shown to committed-only readers.
  case showsAborted = "shows-aborted"
  /// One batch in a thousand is acknowledged and not kept.
  case dropsAcknowledged = "drops-acknowledged"
  /// A crash loses what was acknowledged.
  case losesTail = "loses-tail"
  /// Two neighbouring batches change places.
  case reorders
  /// A commit keeps the output and forgets the input positions.
  case forgetsPositions = "forgets-positions"
}
