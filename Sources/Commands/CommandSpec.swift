import Model

/// The version of this program, as `weir --version` prints it.
public let weirVersion = "0.1.0"

/// What the value of an option may be.
public enum ValueForm: Hashable, Sendable {
  /// Anything but nothing; the string is its name in help texts, such as "DIR".
  case text(String)
  /// A path; completed as such.
  case path(String)
  /// One of these words.
  case choice([String])
  /// A whole number in the range, or one of the words.
  case count(String, ClosedRange<UInt64>, words: [String])

  /// How help texts write it: `DIR`, `virtual|wall`, `N|random`.
  public var name: String {
    switch self {
    case .text(let name), .path(let name): name
    case .choice(let words): words.joined(separator: "|")
    case .count(let name, _, let words): ([name] + words).joined(separator: "|")
    }
  }

  /// Words that complete it.
  public var words: [String] {
    switch self {
    case .text, .path: []
    case .choice(let words), .count(_, _, let words): words
    }
  }
}

/// One option of a command, or one that every command has.
public struct OptionSpec: Hashable, Sendable {
  /// Without the dashes.
  public var name: String
  public var short: Character?
  /// Nil: a switch.
  public var value: ValueForm?
  public var repeatable: Bool
  /// One line, without the default.
  public var meaning: String
  /// Printed in brackets behind the meaning; nil when there is nothing to say.
  public var standard: String?

  /// A switch.
  public init(_ name: String, short: Character? = nil, _ meaning: String) {
    self.name = name
    self.short = short
    self.value = nil
    self.repeatable = false
    self.meaning = meaning
    self.standard = nil
  }

  /// An option with a value.
  public init(
    _ name: String, short: Character? = nil, _ value: ValueForm, repeatable: Bool = false,
    _ meaning: String, standard: String? = nil
  ) {
    self.name = name
    self.short = short
    self.value = value
    self.repeatable = repeatable
    self.meaning = meaning
    self.standard = standard
  }
}

/// What stands in the place of an argument; completion asks by it.
public enum ArgumentKind: String, Hashable, Sendable {
  case scenario, run, trace, file, workload, word
}

/// A positional argument.
public struct ArgumentSpec: Hashable, Sendable {
  /// In capitals, as in the usage line.
  public var name: String
  public var kind: ArgumentKind
  public var required: Bool
  /// Takes all that are left.
  public var many: Bool
  public var meaning: String
  /// Words that are allowed; empty: any.
  public var choices: [String]

  public init(
    _ name: String, _ kind: ArgumentKind, required: Bool = true, many: Bool = false,
    _ meaning: String, choices: [String] = []
  ) {
    self.name = name
    self.kind = kind
    self.required = required
    self.many = many
    self.meaning = meaning
    self.choices = choices
  }
}

/// A command line that can be copied, and what it does.
public struct ExampleSpec: Hashable, Sendable {
  public var line: String
  public var meaning: String

  public init(_ line: String, _ meaning: String) {
    self.line = line
    self.meaning = meaning
  }
}

/// What an exit code means for one command.
public struct ExitMeaning: Hashable, Sendable {
  public var code: ExitCode
  public var meaning: String

  public init(_ code: ExitCode, _ meaning: String) {
    self.code = code
    self.meaning = meaning
  }
}

/// A command, or a group when it has members.
public struct CommandSpec: Hashable, Sendable {
  /// One word, or two for the member of a group.
  public var path: [String]
  /// Heading in the help of the whole; empty for members of a group.
  public var section: String
  /// At most 33 characters.
  public var summary: String
  /// Paragraphs for `--help`.
  public var details: [String]
  public var arguments: [ArgumentSpec]
  public var options: [OptionSpec]
  public var examples: [ExampleSpec]
  /// The codes that this command gives a meaning of its own; the others are those of everything.
  public var exits: [ExitMeaning]
  /// Commands of a group.
  public var members: [CommandSpec]

  public init(
    _ path: [String], section: String = "", _ summary: String, details: [String] = [],
    arguments: [ArgumentSpec] = [], options: [OptionSpec] = [], examples: [ExampleSpec] = [],
    exits: [ExitMeaning] = [], members: [CommandSpec] = []
  ) {
    self.path = path
    self.section = section
    self.summary = summary
    self.details = details
    self.arguments = arguments
    self.options = options
    self.examples = examples
    self.exits = exits
    self.members = members
  }

  /// Such as "trace import".
  public var name: String { path.joined(separator: " ") }

  /// The usage line without the program: `run SCENARIO [OPTIONS]`.
  public var usage: String {
    if !members.isEmpty { return "\(name) COMMAND [ARGUMENTS] [OPTIONS]" }
    var words = [name]
    for argument in arguments {
      let text = argument.name + (argument.many ? "..." : "")
      words.append(argument.required ? text : "[\(text)]")
    }
    return words.joined(separator: " ") + " [OPTIONS]"
  }
}

/// The whole command line: what help, completions, the manual page and the parser read.
public struct CommandTable: Sendable {
  public var program: String
  public var version: String
  /// One line that says what the program does.
  public var purpose: String
  public var commands: [CommandSpec]
  /// Options of every command.
  public var everywhere: [OptionSpec]
  /// Commands that the documentation speaks of and that this version has not.
  public var planned: [String]
  /// Environment variables that are read, and what for.
  public var environment: [(name: String, meaning: String)]

  public init(
    program: String, version: String, purpose: String, commands: [CommandSpec],
    everywhere: [OptionSpec], planned: [String], environment: [(name: String, meaning: String)]
  ) {
    self.program = program
    self.version = version
    self.purpose = purpose
    self.commands = commands
    self.everywhere = everywhere
    self.planned = planned
    self.environment = environment
  }

  /// Every command that can be carried out, members in place of their group.
  public var leaves: [CommandSpec] {
    commands.flatMap { $0.members.isEmpty ? [$0] : $0.members }
  }

  /// The command or group of this name.
  public func command(_ path: [String]) -> CommandSpec? {
    guard let first = path.first, let command = commands.first(where: { $0.path == [first] }) else {
      return nil
    }
    if path.count == 1 { return command }
    return command.members.first { $0.path == path }
  }
}

extension ExitCode {
  /// What the code says, for every command alike.
  public var meaning: String {
    switch self {
    case .holds: "all expectations hold"
    case .violated: "an invariant is violated"
    case .missed: "a threshold is missed: latency, throughput, recovery"
    case .inconclusive: "inconclusive: the evidence does not decide"
    case .notUsable:
      "the run is not usable: harness was the bottleneck, or a fault did not take effect"
    case .usage: "bad usage: command line, scenario or another input file"
    case .unavailable: "a needed system is unavailable"
    case .internalError: "internal error, also a replay that differs under the same version"
    case .interrupted: "interrupted; what was measured is still reported"
    }
  }
}
