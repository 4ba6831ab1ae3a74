import Model

/// A command line that is in order.
public struct Invocation: Sendable {
  public var command: CommandSpec
  public var arguments: [String]
  /// In the order in which they were given; the value of a switch is empty.
  public var options: [GivenOption]

  public struct GivenOption: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  public init(command: CommandSpec, arguments: [String], options: [GivenOption]) {
    self.command = command
    self.arguments = arguments
    self.options = options
  }

  public func has(_ name: String) -> Bool { options.contains { $0.name == name } }

  /// The value of an option, nil when it was not given.
  public func value(_ name: String) -> String? { options.first { $0.name == name }?.value }

  /// The values of a repeatable option.
  public func values(_ name: String) -> [String] {
    options.filter { $0.name == name }.map(\.value)
  }

  /// A count option, already checked by the parser; k, M and G are not scaled here.
  public func count(_ name: String) -> UInt64? { value(name).flatMap { UInt64($0) } }
}

/// What a command line asks for.
public enum Request: Sendable {
  case run(Invocation)
  /// Nil: the whole program. Short is `-h`.
  case help(CommandSpec?, short: Bool)
  case version
  /// A group or the program without a command: its short help on stderr, and bad usage.
  case incomplete(CommandSpec?)
}

/// The answer of the parser, and what holds even when the rest is wrong.
public struct ParsedLine: Sendable {
  public var request: Result<Request, Problems>
  /// `--json` was given somewhere.
  public var json: Bool
  /// The word after `--color`, nil when not given or wrong.
  public var color: String?
  /// `-q` was given.
  public var quiet: Bool

  public init(request: Result<Request, Problems>, json: Bool, color: String?, quiet: Bool) {
    self.request = request
    self.json = json
    self.color = color
    self.quiet = quiet
  }
}
