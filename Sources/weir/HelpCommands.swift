import Commands
import Model
import Scenarios

func printVersion(_ console: Console) {
  if console.json {
    console.document(
      .object([("schema", .string("weir-version/1")), ("version", .string(weirVersion))]))
  } else {
    console.result("weir \(weirVersion)\n")
  }
}

func printHelp(_ command: CommandSpec?, short: Bool, _ console: Console) {
  if console.json {
    console.document(tableDocument(command))
  } else {
    console.result(HelpText(.weir, width: console.width).render(command, short: short))
  }
}

extension Session {
  func help() throws(Problems) -> ExitCode {
    let path = invocation.arguments
    let table = CommandTable.weir
    var command: CommandSpec?
    if !path.isEmpty {
      command = table.command(path)
      if command == nil {
        let word = path.joined(separator: " ")
        let names = (table.commands + table.leaves).map(\.name)
        var text = "no command '\(word)'"
        if let near = nearestName(to: word, in: names) { text += "; did you mean '\(near)'?" }
        throw failure("\(text)  All commands: weir -h")
      }
    }
    if invocation.has("man") && !console.json {
      console.result(ManualPage.render(table, command))
    } else {
      printHelp(command, short: false, console)
    }
    return .holds
  }

  func completions() -> ExitCode {
    let shell = invocation.arguments[0]
    let script = Completions.script(for: shell, .weir) ?? ""
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-completions/1")), ("shell", .string(shell)),
          ("script", .string(script)),
        ]))
    } else {
      console.result(script)
    }
    return .holds
  }
}

/// Answers a completion script: one candidate a line. Never fails.
func complete(_ line: [String]) -> ExitCode {
  let console = Console(json: false, quiet: true, verbose: false, color: "never")
  let found = Completions.candidates(for: line, .weir) { kind in
    switch kind {
    case .scenario: ScenarioLookup().all().map(\.name)
    case .workload: workloadNames() + ScenarioLookup().all().map(\.name)
    case .run: RunLookup.all().map(Files.lastPart)
    case .trace, .file, .word: []
    }
  }
  console.result(found.map { $0 + "\n" }.joined())
  return .holds
}

/// The table of a command or of the whole program as JSON.
private func tableDocument(_ command: CommandSpec?) -> JSONValue {
  let table = CommandTable.weir
  let commands = command.map { $0.members.isEmpty ? [$0] : $0.members } ?? table.leaves
  return .object([
    ("schema", .string("weir-help/1")),
    ("version", .string(table.version)),
    ("commands", .array(commands.map(commandDocument))),
    ("options_everywhere", .array(table.everywhere.map(optionDocument))),
    (
      "exit_codes",
      .array(
        ExitCode.allCases.map {
          .object([
            ("code", .integer(Int64($0.rawValue))), ("meaning", .string($0.meaning)),
          ])
        })
    ),
  ])
}

private func commandDocument(_ command: CommandSpec) -> JSONValue {
  .object([
    ("name", .string(command.name)),
    ("summary", .string(command.summary)),
    ("usage", .string("weir \(command.usage)")),
    (
      "arguments",
      .array(
        command.arguments.map {
          .object([
            ("name", .string($0.name)), ("required", .bool($0.required)),
            ("many", .bool($0.many)), ("meaning", .string($0.meaning)),
            ("choices", .array($0.choices.map { .string($0) })),
          ])
        })
    ),
    ("options", .array(command.options.map(optionDocument))),
    ("examples", .array(command.examples.map { .string($0.line) })),
  ])
}

private func optionDocument(_ option: OptionSpec) -> JSONValue {
  .object([
    ("name", .string("--\(option.name)")),
    ("short", option.short.map { .string("-\($0)") } ?? .null),
    ("value", option.value.map { .string($0.name) } ?? .null),
    ("choices", .array((option.value?.words ?? []).map { .string($0) })),
    ("repeatable", .bool(option.repeatable)),
    ("default", option.standard.map { .string($0) } ?? .null),
    ("meaning", .string(option.meaning)),
  ])
}
