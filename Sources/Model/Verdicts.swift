/// What a checker says about one thing it looked for.
public enum Verdict: Int, Hashable, Comparable, Sendable {
  case valid = 0
  case unknown = 1
  case invalid = 2

  /// Verdicts merge by taking the worst: invalid outranks unknown, unknown outranks valid.
  public static func < (a: Verdict, b: Verdict) -> Bool { a.rawValue < b.rawValue }
}

/// One entry of a history as a witness cites it.
public struct Citation: Hashable, Sendable {
  /// Number of the entry in the history, from 0.
  public var entry: UInt64
  public var at: Instant
  /// One sentence in plain words: who did what, at which position.
  public var sentence: String

  public init(entry: UInt64, at: Instant, sentence: String) {
    self.entry = entry
    self.at = at
    self.sentence = sentence
  }
}

/// The few entries that prove an anomaly, told as a story of at most eight steps.
public struct Witness: Hashable, Sendable {
  /// The events concerned, or empty when the anomaly is about no single event.
  public var events: [EventID]
  public var story: [Citation]
  /// Begins with "So" and names the contradiction.
  public var conclusion: String

  public init(events: [EventID], story: [Citation], conclusion: String) {
    self.events = events
    self.story = story
    self.conclusion = conclusion
  }
}

/// A fact found in a history: `count` cases of one class of the anomaly catalogue.
public struct Anomaly: Hashable, Sendable {
  /// Class id and name as in the catalogue, such as "S2" and "sink-duplicate".
  public var id: String
  public var name: String
  /// One line that says what the class means.
  public var definition: String
  public var count: Int
  /// Told in full; the first ones found.
  public var witnesses: [Witness]
  /// Identities of further cases, at most 200.
  public var others: [EventID]
  /// True when neither promise nor expectation forbids it.
  public var permitted: Bool
  /// Why it is permitted, or whose promise is broken.
  public var reason: String

  public init(
    id: String, name: String, definition: String, count: Int, witnesses: [Witness],
    others: [EventID] = [], permitted: Bool = false, reason: String = ""
  ) {
    self.id = id
    self.name = name
    self.definition = definition
    self.count = count
    self.witnesses = witnesses
    self.others = others
    self.permitted = permitted
    self.reason = reason
  }
}

/// The exit codes of every command.
public enum ExitCode: Int32, Sendable, CaseIterable {
  case holds = 0
  case violated = 1
  case missed = 2
  case inconclusive = 3
  case notUsable = 4
  case usage = 64
  case unavailable = 69
  case internalError = 70
  case interrupted = 130
}
