import History
import Model

/// What a case of an anomaly is about; its story is made of the entries that touch it.
public enum Subject: Hashable, Sendable {
  case event(EventID)
  /// Digest of the result key.
  case result(UInt64)
  case transaction(UInt64)
  /// Watermarks of a task.
  case task(UInt64)
  /// Committed positions of a partition.
  case position(UInt64)
  /// One entry by its number.
  case entry(UInt64)
}

/// One case of an anomaly.
public struct Case: Hashable, Sendable {
  public var subject: Subject
  /// The event concerned, nil when the case is about no single event.
  public var event: EventID?
  /// The result key, where the case is about a result and the oracle knows it.
  public var key: [UInt8]
  /// Entries that belong to the story whatever they touch.
  public var entries: [UInt64]
  /// Begins with "So" and names the contradiction.
  public var conclusion: String

  public init(
    subject: Subject, event: EventID? = nil, key: [UInt8] = [], entries: [UInt64] = [],
    conclusion: String
  ) {
    self.subject = subject
    self.event = event
    self.key = key
    self.entries = entries
    self.conclusion = conclusion
  }
}

/// A fact: `count` cases of a class of the catalogue. Facts are not yet judged.
public struct Fact: Hashable, Sendable {
  public static let toldCases = 3
  public static let listedCases = 200

  public var id: String
  public var count = 0
  /// The first cases, to be told.
  public var cases: [Case] = []
  /// Events of further cases.
  public var others: [EventID] = []
  /// Cases that follow from another class, such as a wrong result from a lost event: class to
  /// cases, in the order of the catalogue.
  public var causes: [Cause] = []

  public struct Cause: Hashable, Sendable {
    public var id: String
    public var count: Int
  }

  public init(id: String) { self.id = id }
}

/// What was seen of the result rows against the oracle.
public struct ResultCounts: Hashable, Sendable {
  public var due: UInt64 = 0
  public var found: UInt64 = 0
  public var missing: UInt64 = 0
  public var extra: UInt64 = 0
  public var different: UInt64 = 0
  /// Differences by cause, in a fixed order; they add up to missing + extra + different.
  public var attribution: [(cause: Cause, count: UInt64)] {
    Cause.allCases.map { ($0, counts[$0.rawValue]) }.filter { $0.0 != .job || $0.1 > 0 }
  }

  mutating func blame(_ cause: Cause, _ count: UInt64) { counts[cause.rawValue] &+= count }

  var counts = [UInt64](repeating: 0, count: Cause.allCases.count)

  /// Why a result differs (queries.md 2.5).
  public enum Cause: Int, CaseIterable, Sendable {
    case lostUpstream, duplicateUpstream, droppedLate, sink, wrongLogic, unexplained
    /// A job of the user, of which only the output is seen.
    case job

    /// As reports show it.
    public var name: String {
      switch self {
      case .lostUpstream: "lost upstream"
      case .duplicateUpstream: "duplicate upstream"
      case .droppedLate: "dropped late against the rules"
      case .sink: "sink"
      case .wrongLogic: "wrong logic"
      case .unexplained: "unexplained"
      case .job: "the job"
      }
    }
  }
}

/// Facts of a history, before anyone's promises are looked at.
public struct Judgement: Sendable {
  /// How much of the history was whole.
  public var end: HistoryEnd
  /// In the order of the catalogue; only classes with cases.
  public var facts: [Fact] = []
  public var results = ResultCounts()
  public var ledger = RunLedger()
  /// Late events whose drop the recorded watermarks prove legal.
  public var lateDropped: UInt64 = 0
  /// Greatest disorder that the engine's reads showed, and whether it stayed within the plan's
  /// watermark delay and lateness.
  public var greatestDisorder: Nanoseconds = 0
  public var regimeIsComplete = true
  /// What could not be decided, each with its reason; empty when everything was.
  public var gaps: [String] = []
  /// Kinds of entries that the history holds.
  public var seen: Set<EntryKind> = []
  public var inputEvents: UInt64 = 0

  public init(end: HistoryEnd) { self.end = end }

  public func fact(_ id: String) -> Fact? { facts.first { $0.id == id } }
}

/// Where every event ended; the counts add up to the events that were sent.
public struct RunLedger: Hashable, Sendable {
  public var sent: UInt64 = 0
  /// Read by the engine and not dropped.
  public var read: UInt64 = 0
  public var droppedLate: UInt64 = 0
  public var failed: UInt64 = 0
  /// Outcome unknown, and not in the log as far as it was read.
  public var unknown: UInt64 = 0
  /// Acknowledged, and not in the log although the reader passed its place.
  public var lost: UInt64 = 0
  /// Acknowledged, and the reader did not come as far.
  public var unseen: UInt64 = 0
  /// Planned before the end of load and never handed to the client; not part of `sent`.
  public var neverSent: UInt64 = 0
  /// Weir itself read the input back: what the job read is not seen.
  public var isReadBack = false

  public init() {}

  public var addsUp: Bool {
    sent == read + droppedLate + failed + unknown + lost + unseen
  }

  /// In a fixed order, named as reports show it.
  public var rows: [(name: String, count: UInt64)] {
    [
      (isReadBack ? "in the input" : "read by the engine", read),
      ("dropped late", droppedLate), ("failed", failed),
      ("outcome unknown, not in the log", unknown), ("lost", lost), ("not read", unseen),
    ]
  }
}
