import Model

/// Renders help from the table. ASCII, never wider than `width` where the words allow it.
public struct HelpText {
  let table: CommandTable
  /// Columns, at least 60.
  let width: Int

  public init(_ table: CommandTable, width: Int) {
    self.table = table
    self.width = max(width, 60)
  }

  /// Help of a command or group, or of the whole program when nil.
  public func render(_ command: CommandSpec?, short: Bool) -> String {
    guard let command else { return overview(short: short) }
    return command.members.isEmpty ? page(command, short: short) : group(command)
  }

  // Every page has the same order: usage, arguments, options, examples, exit codes.

  private func overview(short: Bool) -> String {
    var out = wrapped("\(table.program) \(table.version): \(table.purpose)", indent: 0) + "\n"
    out += "USAGE: \(table.program) COMMAND [ARGUMENTS] [OPTIONS]\n\n"
    var sections: [String] = []
    for command in table.commands where !sections.contains(command.section) {
      sections.append(command.section)
    }
    let columns = width >= 100 ? 2 : 1
    for section in sections {
      let members = table.commands.filter { $0.section == section }
      for (index, row) in stride(from: 0, to: members.count, by: columns).enumerated() {
        var line = padded(index == 0 ? section : "", 10)
        for member in members[row..<min(row + columns, members.count)] {
          line += padded(padded(member.name, 12) + member.summary, 45)
        }
        out += trimmedRight(line) + "\n"
      }
    }
    let help = "Help: \(table.program) COMMAND -h, \(table.program) help COMMAND.   "
    let codes = ExitCode.allCases.map { "\($0.rawValue) \($0.word)" }.joined(separator: ", ")
    out += wrapped(help + "Exit codes: \(codes).", indent: 0)
    if short { return out }
    out += "\nOPTIONS, for every command\n" + optionRows(table.everywhere)
    out += "\n" + exitRows([]) + environmentRows()
    return out
  }

  private func group(_ command: CommandSpec) -> String {
    var out = "\(table.program) \(command.name): \(command.summary)\n\n"
    out += "USAGE: \(table.program) \(command.usage)\n\n"
    for member in command.members {
      out += row(member.path.dropFirst().joined(separator: " "), member.summary, column: 14)
    }
    out += "Help: \(table.program) \(command.name) COMMAND -h\n"
    return out
  }

  private func page(_ command: CommandSpec, short: Bool) -> String {
    var out = "\(table.program) \(command.name): \(command.summary)\n\n"
    out += "USAGE\n" + wrapped("\(table.program) \(command.usage)", indent: 2)
    if !short {
      for paragraph in command.details { out += "\n" + wrapped(paragraph, indent: 2) }
    }
    if !command.arguments.isEmpty {
      out += "\nARGUMENTS\n"
      for argument in command.arguments { out += row(argument.name, argument.meaning) }
    }
    out += "\nOPTIONS\n" + optionRows(command.options)
    if short {
      out += wrapped(
        "Everywhere: -h --help --version -q/--quiet -v/--verbose --json --color --progress"
          + " (\(table.program) \(command.name) --help)", indent: 2)
    } else {
      out += optionRows(table.everywhere)
    }
    out += "\nEXAMPLES\n"
    for example in short ? Array(command.examples.prefix(2)) : command.examples {
      out += "  \(example.line)\n" + wrapped(example.meaning, indent: 6)
    }
    out += "\n" + exitRows(command.exits, short: short)
    if !short { out += environmentRows() }
    return out
  }

  private func optionRows(_ options: [OptionSpec]) -> String {
    var out = ""
    for option in options {
      var text = option.meaning
      if option.repeatable { text += "; repeatable" }
      if let standard = option.standard { text += " [\(standard)]" }
      out += row(option.heading, text)
    }
    return out
  }

  private func exitRows(_ own: [ExitMeaning], short: Bool = false) -> String {
    var out = "EXIT CODES\n"
    for code in ExitCode.allCases {
      let special = own.first { $0.code == code }?.meaning
      if short && special == nil { continue }
      out += row(String(code.rawValue), special ?? code.meaning, column: 7)
    }
    return out
  }

  private func environmentRows() -> String {
    var out = "\nENVIRONMENT, read and nothing more\n"
    for variable in table.environment { out += row(variable.name, variable.meaning) }
    return out
  }

  /// A term and its meaning, hanging.
  private func row(_ term: String, _ meaning: String, column: Int = 26) -> String {
    let column = width < 80 ? min(column, 18) : column
    let head = "  " + term
    if head.count + 2 > column {
      return head + "\n" + wrapped(meaning, indent: column)
    }
    let body = wrapped(meaning, indent: column)
    return head + String(body.dropFirst(head.count))
  }

  private func wrapped(_ text: String, indent: Int) -> String {
    var out = ""
    var line = ""
    for word in text.split(separator: " ", omittingEmptySubsequences: false) {
      if !line.isEmpty && indent + line.count + 1 + word.count > width {
        out += spaces(indent) + trimmedRight(line) + "\n"
        line = ""
        if word.isEmpty { continue }
      }
      line += line.isEmpty ? String(word) : " " + word
    }
    return out + spaces(indent) + trimmedRight(line) + "\n"
  }
}

extension OptionSpec {
  /// `-q, --quiet`, `--seed N|random`.
  public var heading: String {
    let dashed = short.map { "-\($0), --\(name)" } ?? "--\(name)"
    return value.map { "\(dashed) \($0.name)" } ?? dashed
  }
}

extension ExitCode {
  /// One word for the code.
  public var word: String {
    switch self {
    case .holds: "holds"
    case .violated: "violated"
    case .missed: "missed"
    case .inconclusive: "inconclusive"
    case .notUsable: "run not usable"
    case .usage: "usage"
    case .unavailable: "unavailable"
    case .internalError: "internal"
    case .interrupted: "interrupted"
    }
  }
}

func spaces(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }

/// The text and blanks up to `count` characters.
public func padded(_ text: String, _ count: Int) -> String { text + spaces(count - text.count) }

/// The text without blanks at its end.
public func trimmedRight(_ text: String) -> String {
  var text = Substring(text)
  while text.last == " " { text.removeLast() }
  return String(text)
}
