import Model
import Scenarios

/// What of a scenario decides what was promised.
public struct Configuration: Hashable, Sendable {
  public var acknowledgement: Acknowledgement
  public var isIdempotent: Bool
  public var fsync: FsyncPolicy
  public var strategy: EngineStrategy
  public var guarantee: Guarantee
  public var sink: SinkKind
  /// What the scenario expects of the whole.
  public var expected: Guarantee
  /// Ids of classes that the scenario tolerates.
  public var permit: [String]
  /// A job of the user takes the place of engine and sink.
  public var isJob: Bool

  public init(
    acknowledgement: Acknowledgement = .all, isIdempotent: Bool = true,
    fsync: FsyncPolicy = .batch, strategy: EngineStrategy = .continuous,
    guarantee: Guarantee = .exactlyOnce, sink: SinkKind = .transactional,
    expected: Guarantee = .exactlyOnce, permit: [String] = [], isJob: Bool = false
  ) {
    self.isJob = isJob
    self.acknowledgement = acknowledgement
    self.isIdempotent = isIdempotent
    self.fsync = fsync
    self.strategy = strategy
    self.guarantee = guarantee
    self.sink = sink
    self.expected = expected
    self.permit = permit
  }

  public init(_ scenario: Scenario) {
    self.init(
      acknowledgement: scenario.backbone.acks, isIdempotent: scenario.backbone.idempotent,
      fsync: scenario.backbone.fsync, strategy: scenario.engine.strategy,
      guarantee: scenario.engine.guarantee, sink: scenario.sink.kind,
      expected: scenario.expect.guarantee ?? scenario.engine.guarantee,
      permit: scenario.expect.permit, isJob: scenario.engine.kind == .external)
  }
}

/// What one part of a pipeline promises in a configuration: which classes it rules out, and which
/// it leaves open, each with the reason.
public struct PartPromise: Hashable, Sendable {
  /// "producer", "log", "engine", "sink" or "end to end".
  public var part: String
  /// One sentence.
  public var sentence: String
  public var forbids: [String]
  /// Class to reason.
  public var allows: [Allowance]

  public struct Allowance: Hashable, Sendable {
    public var id: String
    public var reason: String
  }
}

/// The promises of a configuration, part by part in the order of the pipeline.
public func promises(_ configuration: Configuration) -> [PartPromise] {
  if configuration.isJob {
    return [
      producerPromise(configuration), logPromise(configuration), jobPromise(configuration),
      wholePromise(configuration),
    ]
  }
  return [
    producerPromise(configuration), logPromise(configuration), enginePromise(configuration),
    sinkPromise(configuration), wholePromise(configuration),
  ]
}

private func allowing(_ ids: [String], _ reason: String) -> [PartPromise.Allowance] {
  ids.map { .init(id: $0, reason: reason) }
}

private func producerPromise(_ c: Configuration) -> PartPromise {
  if c.isIdempotent {
    return PartPromise(
      part: "producer",
      sentence: "Each event stands in its partition once and in the order of its source, however "
        + "often it is sent again.",
      forbids: ["L2", "L14", "L12"], allows: [])
  }
  return PartPromise(
    part: "producer",
    sentence: "An event that is sent again after a lost answer may stand in the log twice and out "
      + "of order: the producer is not idempotent.",
    forbids: ["L12"],
    allows: allowing(["L2", "L14"], "the producer is not idempotent"))
}

private func logPromise(_ c: Configuration) -> PartPromise {
  let always = ["L1", "L13", "L16", "D1", "D2", "T1"]
  switch (c.acknowledgement, c.fsync) {
  case (.none, _):
    return PartPromise(
      part: "log", sentence: "Nothing is promised of an event once it is sent: acks is 0.",
      forbids: always, allows: allowing(["L3"], "acks is 0"))
  case (_, .batch):
    return PartPromise(
      part: "log",
      sentence: "What was acknowledged is on disk and survives a crash of the broker.",
      forbids: always + ["L3"], allows: [])
  case (_, .interval), (_, .never):
    let when = c.fsync == .never ? "is never flushed" : "is flushed once in a while"
    return PartPromise(
      part: "log",
      sentence: "A crash of the broker may lose what was acknowledged last: the log \(when).",
      forbids: always, allows: allowing(["L3"], "the log \(when)"))
  }
}

private func enginePromise(_ c: Configuration) -> PartPromise {
  let how = c.strategy == .continuous ? "checkpoints" : "its batch log"
  let always = ["E5", "E7", "E8", "C1", "C2"]
  let missing = ["E2", "E15", "E17"]
  let surplus = ["E3", "E6"]
  let again = allowing(
    ["C4"], "after a restart the engine reads again from its last checkpoint, as it says")
  switch c.guarantee {
  case .exactlyOnce:
    return PartPromise(
      part: "engine",
      sentence: "Each event counts in the state exactly once, by \(how): after a restart state "
        + "and positions go back together.",
      forbids: always + ["C3", "L8", "E1", "E4", "E9"] + missing + surplus, allows: again)
  case .atLeastOnce:
    return PartPromise(
      part: "engine",
      sentence: "Each event counts in the state at least once; after a restart some count again.",
      forbids: always + ["C3", "L8"] + missing,
      allows: again
        + allowing(["E1", "E4", "E9"] + surplus, "the engine promises at least once"))
  case .atMostOnce:
    return PartPromise(
      part: "engine",
      sentence: "No event counts twice; after a restart what was not yet in a checkpoint is lost.",
      forbids: always + ["C4", "L8"] + surplus,
      allows: allowing(
        ["C3", "E1", "E4", "E9"] + missing, "the engine promises at most once"))
  }
}

private func sinkPromise(_ c: Configuration) -> PartPromise {
  switch c.sink {
  case .append:
    PartPromise(
      part: "sink",
      sentence: "Every result is written at least once; what was written after the last "
        + "checkpoint is written again after a restart.",
      forbids: ["S1"], allows: allowing(["S2"], "the append sink promises at least once"))
  case .upsert:
    PartPromise(
      part: "sink",
      sentence: "The last value of each key is the right one; the same value may be written again.",
      forbids: ["S1"], allows: [])
  case .transactional:
    PartPromise(
      part: "sink",
      sentence: "Results become visible with their checkpoint, all or none, each exactly once.",
      forbids: ["S1", "S2", "S3", "S4", "S6", "S7", "T1", "T13"], allows: [])
  }
}

private func jobPromise(_ c: Configuration) -> PartPromise {
  let always = ["V10", "C2", "E1", "E3", "E4", "D2"]
  switch c.guarantee {
  case .exactlyOnce:
    return PartPromise(
      part: "job", sentence: "The job shows each input in its output exactly once.",
      forbids: always + ["E2", "S2"], allows: [])
  case .atLeastOnce:
    return PartPromise(
      part: "job", sentence: "The job shows each input in its output at least once.",
      forbids: always + ["E2"], allows: allowing(["S2"], "the job promises at least once"))
  case .atMostOnce:
    return PartPromise(
      part: "job", sentence: "The job shows no input in its output more than once.",
      forbids: always + ["S2"], allows: allowing(["E2"], "the job promises at most once"))
  }
}

private func wholePromise(_ c: Configuration) -> PartPromise {
  switch c.expected {
  case .exactlyOnce:
    PartPromise(
      part: "end to end", sentence: "Each result is there exactly once and right.",
      forbids: [
        "E1", "E2", "E3", "E4", "E6", "E9", "E15", "E17", "S1", "S2", "S3", "S4", "S7",
      ], allows: [])
  case .atLeastOnce:
    PartPromise(
      part: "end to end", sentence: "Each result is there at least once.",
      forbids: ["E2", "E15", "E17", "S1", "S4"],
      allows: allowing(["S2", "S3"], "at least once was expected"))
  case .atMostOnce:
    PartPromise(
      part: "end to end", sentence: "No result is there more than once.",
      forbids: ["S2", "S3", "E3", "E6"],
      allows: allowing(
        ["E2", "E15", "E17", "S1", "S4", "L3", "C3"], "at most once was expected"))
  }
}
