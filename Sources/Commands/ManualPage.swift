import Model

/// The manual page in mdoc, from the table.
public enum ManualPage {
  /// The page of one command, or of the whole program when nil.
  public static func render(_ table: CommandTable, _ command: CommandSpec?) -> String {
    let name = ([table.program] + (command?.path ?? [])).joined(separator: "-")
    var out = ".Dd November 24, 2026\n.Dt \(name.uppercased()) 1\n.Os\n.Sh NAME\n.Nm \(name)\n"
    out += ".Nd \(escaped(command?.summary ?? table.purpose))\n.Sh SYNOPSIS\n"
    out += line("\(table.program) \(command?.usage ?? "COMMAND [ARGUMENTS] [OPTIONS]")")
    out += ".Sh DESCRIPTION\n"
    for paragraph in command?.details ?? [] { out += line(paragraph) + ".Pp\n" }
    out += ".Bl -tag -width Ds\n"
    if let command {
      for argument in command.arguments { out += item(argument.name, argument.meaning) }
    }
    for member in command.map(\.members) ?? table.commands {
      out += item(member.name, member.summary)
    }
    for option in (command?.options ?? []) + table.everywhere {
      var text = option.meaning
      if option.repeatable { text += "; repeatable" }
      if let standard = option.standard { text += " [\(standard)]" }
      out += item(option.heading, text)
    }
    out += ".El\n.Sh ENVIRONMENT\n.Bl -tag -width Ds\n"
    for variable in table.environment { out += item(variable.name, variable.meaning) }
    out += ".El\n.Sh EXIT STATUS\n.Bl -tag -width Ds\n"
    for code in ExitCode.allCases {
      let meaning = command?.exits.first { $0.code == code }?.meaning ?? code.meaning
      out += item(String(code.rawValue), meaning)
    }
    out += ".El\n"
    if let command, !command.examples.isEmpty {
      out += ".Sh EXAMPLES\n"
      for example in command.examples {
        out += line(example.meaning + ":") + ".Dl \(escaped(example.line))\n"
      }
    }
    return out
  }

  private static func item(_ term: String, _ text: String) -> String {
    ".It \(escaped(term))\n" + line(text)
  }

  private static func line(_ text: String) -> String { "\\&" + escaped(text) + "\n" }

  private static func escaped(_ text: String) -> String {
    var out = ""
    for character in text {
      switch character {
      case "\\": out += "\\e"
      case "-": out += "\\-"
      default: out.append(character)
      }
    }
    return out
  }
}
