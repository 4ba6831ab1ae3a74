/// What an entry of a history says. The raw values are the format: never renumber, only add.
public enum EntryKind: UInt8, Sendable, CaseIterable {
  /// First entry: `version` text, `scenario` text (resolved, as `--print` writes it), `clock` text.
  case runBegan = 1
  /// `name` text: warm-up, measure, heal, drain, end.
  case phase = 2
  /// A run of events handed to the producer client: `intended` instant of its first event, run.
  case sent = 3
  /// A run that the backbone acknowledged: `partition`, `offset` of its first record, run.
  case acknowledged = 4
  /// A run that certainly had no effect: `code`, run.
  case failed = 5
  /// A run whose outcome is not known: `code`, run.
  case unknown = 6
  /// A run that an engine task read: `task`, `partition`, `offset`, `sum` of the XXH3-64 of its
  /// values, run.
  case polled = 7
  /// `task`, `time`: the watermark that the task's operators now go by.
  case watermark = 8
  /// An event that an operator dropped as late: `task`, `operator` (its index in the plan),
  /// `source`, `sequence`, `time` (the watermark that judged it).
  case lateDropped = 9
  /// `checkpoint` number.
  case checkpointBegan = 10
  /// `checkpoint` number; its state is durable.
  case checkpointCompleted = 11
  case checkpointAborted = 12
  /// The engine starts from `checkpoint`; 0 is the empty state.
  case restored = 13
  /// `transaction` number of the sink's producer.
  case transactionBegan = 14
  /// The sink asks for the commit of `transaction`, which carries `checkpoint`.
  case commitRequested = 15
  /// `transaction` is decided: it is committed.
  case committed = 16
  /// `transaction` is decided: it is aborted.
  case aborted = 17
  /// Nobody knows whether `transaction` was committed: `code`.
  case commitUnknown = 18
  /// Rows that the engine handed to the sink: `task`, `transaction` (0 outside of any), rows.
  case emitted = 19
  /// Rows that a reader of the result stream was given: `partition`, `offset` of the first, rows.
  /// The reader's isolation is that of the stream.
  case observed = 20
  /// A fault was asked for: `fault` number, `kind` text, `target` text.
  case faultRequested = 21
  /// `fault` took effect.
  case faultConfirmed = 22
  /// `fault` is over.
  case faultHealed = 23
  /// `partition`, `offset`: where the input of a partition ends, at the drain.
  case endOffset = 24
  /// `partition`, `offset`: where the result stream ends, at the drain.
  case resultEndOffset = 25
  /// Last entry: `complete` 1 when the run ended in order, 0 when it was cut; `reason` text.
  case runEnded = 26
  /// The engine is running: `task` count.
  case engineStarted = 27
  /// The engine died.
  case engineStopped = 28
  /// The committed input positions of the engine's group: `partition`, `offset`.
  case positionCommitted = 29
  /// A record that did not decode: `task`, `partition`, `offset`, `reason` text.
  case undecodable = 30
  /// `rows` that wait in the engine for the watermark, at a checkpoint.
  case buffered = 31
  /// The user asked for an end: no event is planned for this instant or later.
  case interrupted = 32
  /// A run that Weir itself read back from the input of a job of the user: fields of `polled`.
  case readBack = 40
  /// A record of the output of a job: `partition`, `offset`, `hasKey` 0 or 1, key, value.
  case output = 41
  /// An event that was sent behind the last one to close windows: `partition`, `source`,
  /// `sequence`. It is no input of any check.
  case flushed = 42
  /// What a check of the output expects: `check` (its index in the scenario), `hasKey` 0 or 1, key,
  /// row as JSON.
  case expectedRow = 43
  /// The expected rows of `check` are complete: `rows`, or why there are none: text.
  case expectedRows = 44
  /// The job ended although nothing had been asked: `how` text.
  case jobEnded = 45
}
