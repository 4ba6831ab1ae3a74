import Model

/// A piece of text that nodes were read from: a file, or the text of an override.
public struct YAMLSource: Hashable, Sendable {
  /// What stands before the place of a problem: the file as the user named it, or the option.
  public var file: String
  /// The lines without their ends; empty for an override, whose text is already in `file`.
  public var lines: [String]

  public init(file: String, lines: [String] = []) {
    self.file = file
    self.lines = lines
  }

  /// An override is one line, so only the column is told.
  public var isOverride: Bool { lines.isEmpty }
}

/// Where a node stands.
public struct YAMLMark: Hashable, Sendable {
  public var source: YAMLSource
  /// From 1.
  public var line: Int
  /// From 1, counted in Unicode scalars.
  public var column: Int
  /// How many scalars the carets cover, at least 1.
  public var width: Int

  public init(source: YAMLSource, line: Int = 1, column: Int = 1, width: Int = 1) {
    self.source = source
    self.line = line
    self.column = column
    self.width = max(1, width)
  }

  /// A problem at this place, with the line it stands in.
  public func problem(_ message: String, hint: String? = nil) -> Problem {
    let inFile = !source.isOverride
    let known = inFile && line >= 1 && line <= source.lines.count
    return Problem(
      file: source.file, line: inFile ? line : nil, column: column, message: message, hint: hint,
      excerpt: known ? source.lines[line - 1] : nil, width: width)
  }
}

/// A value of a YAML file with its place. Scalars are text whatever they look like: types come from
/// the key that they stand under.
public struct YAMLNode: Sendable {
  /// The value itself.
  public var content: Content
  public var mark: YAMLMark

  /// A scalar, a sequence, a mapping, or something already reported.
  public indirect enum Content: Sendable {
    /// Quoting never changes a value; `quoted` only tells how it was written.
    case scalar(String, quoted: Bool)
    case sequence([YAMLNode])
    /// In the order of the file; no key twice.
    case mapping([YAMLEntry])
    /// A value that was already reported; whoever meets one says nothing more.
    case faulty
  }

  public init(_ content: Content, mark: YAMLMark) {
    self.content = content
    self.mark = mark
  }

  /// The text of a scalar; nil for everything else.
  public var scalar: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }

  /// True for a value that was already reported.
  public var isFaulty: Bool {
    if case .faulty = content { true } else { false }
  }

  /// The elements of a sequence; nil for everything else.
  public var elements: [YAMLNode]? {
    if case .sequence(let elements) = content { elements } else { nil }
  }

  /// The entries of a mapping; nil for everything else.
  public var entries: [YAMLEntry]? {
    if case .mapping(let entries) = content { entries } else { nil }
  }

  /// The value of a key of a mapping; nil without it.
  public subscript(key: String) -> YAMLNode? {
    entries?.first { $0.key == key }?.value
  }

  /// What this is, for messages: "a list".
  public var kindText: String {
    switch content {
    case .scalar: "text"
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .faulty: "a faulty value"
    }
  }
}

/// One key of a mapping and its value.
public struct YAMLEntry: Sendable {
  /// The name, never empty.
  public var key: String
  /// Where the key stands; its value has a place of its own.
  public var keyMark: YAMLMark
  public var value: YAMLNode

  public init(key: String, keyMark: YAMLMark, value: YAMLNode) {
    self.key = key
    self.keyMark = keyMark
    self.value = value
  }
}

/// What `parseYAML` made of a file.
public struct YAMLReading: Sendable {
  /// Nil when there is nothing in the file or it could not be read at all. With `isComplete` false
  /// it holds what stands before the place at which reading ended.
  public var root: YAMLNode?
  /// The comment that the file opens with, its lines joined by spaces; nil without one.
  public var openingComment: String?
  public var source: YAMLSource
  /// Problems of the text itself, in file order. A file without any is not yet valid: what its keys
  /// mean is checked by others.
  public var problems: [Problem]
  /// False when a syntax error, or a limit, ended the reading early.
  public var isComplete: Bool
}
