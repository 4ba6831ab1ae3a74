import Model

/// A job that Weir did not build: how it is run, and which streams it reads and writes.
public struct JobChoice: Hashable, Sendable {
  /// Commands, each a program and its arguments, run without a shell; empty where none is given.
  public var start: [String]
  public var ready: [String]
  public var stop: [String]
  public var kill: [String]
  public var restart: [String]
  /// Where commands run, from the folder of the scenario; nil: that folder.
  public var directory: String?
  public var environment: [NamedText]
  /// Limit of every step: until the job is ready, has stopped, is gone.
  public var within: Nanoseconds
  public var reads: StreamChoice
  public var writes: StreamChoice
  /// How much event time must follow the last event, so that the last windows close; nil: none.
  public var flush: Nanoseconds?
  public var group: GroupChoice
  /// The output is over when nothing was added to it for so long.
  public var quiet: Nanoseconds

  /// The consumer group whose committed positions tell how far the job has come.
  public enum GroupChoice: Hashable, Sendable {
    /// One of this run, which the job is told.
    case given
    case named(String)
    /// The job commits no positions.
    case none
  }

  public init(
    start: [String], reads: StreamChoice, writes: StreamChoice, ready: [String] = [],
    stop: [String] = [], kill: [String] = [], restart: [String] = [], directory: String? = nil,
    environment: [NamedText] = [], within: Nanoseconds = 120 * .second, flush: Nanoseconds? = nil,
    group: GroupChoice = .given, quiet: Nanoseconds = 2 * .second
  ) {
    self.start = start
    self.ready = ready
    self.stop = stop
    self.kill = kill
    self.restart = restart
    self.directory = directory
    self.environment = environment
    self.within = within
    self.reads = reads
    self.writes = writes
    self.flush = flush
    self.group = group
    self.quiet = quiet
  }

  /// The commands by the names of their keys, in the order of the grammar; only those given.
  public var commands: [(name: String, line: [String])] {
    [("start", start), ("ready", ready), ("stop", stop), ("kill", kill), ("restart", restart)]
      .filter { !$0.1.isEmpty }
  }
}

/// A stream that a job of the user reads or writes.
public struct StreamChoice: Hashable, Sendable {
  public var name: String
  public var encoding: StreamEncoding
  /// Where the identity of an event is found in a record.
  public var locator: Locator
  /// False: its readers also see what open and aborted transactions wrote.
  public var isCommittedOnly: Bool

  public init(
    name: String, encoding: StreamEncoding = .avro, locator: Locator = .fields,
    isCommittedOnly: Bool = true
  ) {
    self.name = name
    self.encoding = encoding
    self.locator = locator
    self.isCommittedOnly = isCommittedOnly
  }
}

public enum StreamEncoding: String, Hashable, Sendable, CaseIterable { case avro, json, raw }

public enum Locator: Hashable, Sendable {
  /// The fields `source` and `sequence` of the value.
  case fields
  /// A field whose value is that of the same field in no other event.
  case field(FieldPath)
  /// The bytes of the value.
  case digest

  /// As in a scenario.
  public var text: String {
    switch self {
    case .fields: "fields"
    case .field(let field): "field:\(field.text)"
    case .digest: "digest"
    }
  }
}

/// A field of a record.
public enum FieldPath: Hashable, Sendable {
  case key
  case eventTime
  /// Names from the outermost on.
  case value([String])

  /// As in a scenario: `value.card.number`.
  public var text: String {
    switch self {
    case .key: "key"
    case .eventTime: "event_time"
    case .value(let names): "value." + names.joined(separator: ".")
    }
  }
}

/// What must hold of the output of a job.
public struct OutputCheck: Hashable, Sendable {
  public var kind: Kind
  /// Which stream.
  public var stream: String
  /// Only records whose fields have these values, in the order of the file.
  public var conditions: [Condition]

  public struct Condition: Hashable, Sendable {
    public var field: FieldPath
    public var value: String

    public init(field: FieldPath, value: String) {
      self.field = field
      self.value = value
    }
  }

  public enum Kind: Hashable, Sendable {
    /// No two records agree in all of these.
    case unique(by: [FieldPath])
    /// Each input is found in the output so often.
    case eachOnce(Times)
    /// A field is the number of inputs of a group.
    case count(Tally)
    /// A field is the sum of a field of the inputs of a group.
    case sum(of: FieldPath, Tally)
    /// The records are those of something else.
    case equal(by: [FieldPath], to: RowSource, ignore: [FieldPath])
  }

  public enum Times: String, Hashable, Sendable, CaseIterable {
    case exactly
    case atLeast = "at-least"
    case atMost = "at-most"
  }

  /// Which inputs belong to which row, and where the row says how many they are.
  public struct Tally: Hashable, Sendable {
    /// Fields of the input.
    public var per: [FieldPath]
    /// With a window, its start stands behind the values of `per`.
    public var window: Nanoseconds?
    /// Fields of the output: values of `per`, then the start of the window.
    public var by: [FieldPath]
    public var equals: FieldPath
    public var combine: Combine

    public enum Combine: String, Hashable, Sendable, CaseIterable {
      /// The last row counts.
      case last
      /// Rows are parts that are added.
      case sum
    }

    public init(
      per: [FieldPath], window: Nanoseconds?, by: [FieldPath], equals: FieldPath,
      combine: Combine = .last
    ) {
      self.per = per
      self.window = window
      self.by = by
      self.equals = equals
      self.combine = combine
    }
  }

  /// Where expected rows come from.
  public enum RowSource: Hashable, Sendable {
    /// The same run without faults.
    case twin
    /// The folder of an earlier run.
    case run(String)
    /// JSON lines.
    case file(String)
    /// Events as JSON lines on stdin, rows as JSON lines on stdout.
    case command([String])

    /// As in a scenario.
    public var text: String {
      switch self {
      case .twin: "twin"
      case .run(let folder): "run:\(folder)"
      case .file(let path): "file:\(path)"
      case .command: "command"
      }
    }
  }

  public init(kind: Kind, stream: String, conditions: [Condition] = []) {
    self.kind = kind
    self.stream = stream
    self.conditions = conditions
  }

  /// As in a scenario.
  public var name: String {
    switch kind {
    case .unique: "unique"
    case .eachOnce: "each-once"
    case .count: "count"
    case .sum: "sum"
    case .equal: "equal"
    }
  }

  /// The command that it runs, if it runs one.
  public var command: [String]? {
    if case .equal(_, .command(let line), _) = kind { line } else { nil }
  }
}
