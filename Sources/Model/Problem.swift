/// One mistake in something a user wrote, with its place. All problems of a file are collected
/// before any is reported.
public struct Problem: Error, Hashable, Sendable {
  /// File name, or the text of a `--set` in quotes, or a program name.
  public var file: String
  /// From 1; nil when the mistake has no line.
  public var line: Int?
  /// From 1, counted in characters; nil when the mistake has no column.
  public var column: Int?
  /// What was found, in one line without a final full stop.
  public var message: String
  /// What to do about it, printed under the caret; nil when the message says it all.
  public var hint: String?
  /// The source line, and how many characters the carets cover. Secrets are already masked.
  public var excerpt: String?
  public var width: Int

  public init(
    file: String, line: Int? = nil, column: Int? = nil, message: String, hint: String? = nil,
    excerpt: String? = nil, width: Int = 1
  ) {
    self.file = file
    self.line = line
    self.column = column
    self.message = message
    self.hint = hint
    self.excerpt = excerpt
    self.width = width
  }
}

/// Everything that is wrong with a piece of input; never empty.
public struct Problems: Error, Sendable {
  public var list: [Problem]
  public var code: ExitCode

  public init(_ list: [Problem], code: ExitCode = .usage) {
    self.list = list
    self.code = code
  }
}
