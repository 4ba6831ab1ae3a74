import Model
import Scenarios

/// Reads a command line by the table. Options stand anywhere, `--` ends them, `@FILE` stands for
/// the arguments in FILE, nothing may be abbreviated, and all mistakes are reported at once.
public struct LineParser {
  let table: CommandTable
  /// Text of an argument file, or why it cannot be read.
  let readFile: (String) -> Result<String, Problem>
  private var problems: [Problem] = []

  public init(
    _ table: CommandTable, readFile: @escaping (String) -> Result<String, Problem>
  ) {
    self.table = table
    self.readFile = readFile
  }

  /// One piece of the line.
  enum Piece: Hashable {
    /// `attached` is what stood behind `=`.
    case option(dashed: String, attached: String?)
    case word(String)
  }

  /// `line` is without the program name.
  public mutating func parse(_ line: [String]) -> ParsedLine {
    problems = []
    let pieces = split(expand(line))
    var words: [String] = []
    var given: [(dashed: String, attached: String?)] = []
    collect(pieces, &words, &given)
    let names = given.map(\.dashed)
    var parsed = ParsedLine(
      request: .success(.version), json: names.contains("--json"),
      color: given.first { $0.dashed == "--color" }?.attached,
      quiet: names.contains("-q") || names.contains("--quiet"))
    let asksHelp = names.contains("-h") || names.contains("--help")
    if names.contains("--version") && !asksHelp { return parsed }
    let (command, rest) = findCommand(words)
    if asksHelp && problems.isEmpty {
      parsed.request = .success(.help(command, short: !names.contains("--help")))
      return parsed
    }
    if problems.isEmpty, command == nil || command?.members.isEmpty == false {
      checkOptions(given, of: command)
      parsed.request = problems.isEmpty ? .success(.incomplete(command)) : failure()
      return parsed
    }
    guard let command, problems.isEmpty else {
      parsed.request = failure()
      return parsed
    }
    let options = checkOptions(given, of: command)
    // The value of a mistyped option would look like a surplus argument.
    if problems.isEmpty || rest.count <= command.arguments.count {
      checkArguments(rest, of: command)
    }
    parsed.request =
      problems.isEmpty
      ? .success(.run(Invocation(command: command, arguments: rest, options: options)))
      : failure()
    return parsed
  }

  private func failure() -> Result<Request, Problems> { .failure(Problems(problems)) }

  private mutating func complain(_ message: String) {
    problems.append(Problem(file: table.program, message: message))
  }

  // Argument files: one argument a line, `#` comments and empty lines skipped.
  private mutating func expand(_ line: [String]) -> [String] {
    var out: [String] = []
    var ended = false
    for argument in line {
      if argument == "--" { ended = true }
      if ended || !argument.hasPrefix("@") || argument == "@" {
        out.append(argument)
        continue
      }
      switch readFile(String(argument.dropFirst())) {
      case .failure(let problem): problems.append(problem)
      case .success(let text):
        for row in text.split(whereSeparator: \.isNewline) {
          let row = trimmed(row)
          if row.isEmpty || row.hasPrefix("#") { continue }
          if row.hasPrefix("@") {
            complain("\(argument): an argument file cannot name another one: '\(row)'")
          } else {
            out.append(row)
          }
        }
      }
    }
    return out
  }

  private func split(_ line: [String]) -> [Piece] {
    var out: [Piece] = []
    var ended = false
    for argument in line {
      if ended || argument == "-" || !argument.hasPrefix("-") || isNumber(argument) {
        out.append(.word(argument))
      } else if argument == "--" {
        ended = true
        // Keeps an option before it from taking the word behind it.
        out.append(.option(dashed: "--", attached: nil))
      } else if argument.hasPrefix("--") {
        let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        out.append(
          .option(dashed: String(parts[0]), attached: parts.count > 1 ? String(parts[1]) : nil))
      } else {
        for character in argument.dropFirst() {
          out.append(.option(dashed: "-\(character)", attached: nil))
        }
      }
    }
    return out
  }

  /// Joins options with the values that follow them, by what any command knows of the name.
  private mutating func collect(
    _ pieces: [Piece], _ words: inout [String],
    _ given: inout [(dashed: String, attached: String?)]
  ) {
    var index = 0
    while index < pieces.count {
      defer { index += 1 }
      switch pieces[index] {
      case .word(let word): words.append(word)
      case .option("--", _): continue
      case .option(let dashed, let attached):
        var value = attached
        if attached == nil, takesValue(dashed), index + 1 < pieces.count,
          case .word(let word) = pieces[index + 1]
        {
          value = word
          index += 1
        }
        given.append((dashed, value))
      }
    }
  }

  private func takesValue(_ dashed: String) -> Bool {
    (table.everywhere + table.leaves.flatMap(\.options))
      .contains { "--\($0.name)" == dashed && $0.value != nil }
  }

  private mutating func findCommand(_ words: [String]) -> (CommandSpec?, [String]) {
    guard let first = words.first else { return (nil, []) }
    guard let command = table.command([first]) else {
      complain(unknown("command", first, table.commands.map(\.name), all: "commands", ask: "-h"))
      return (nil, [])
    }
    if command.members.isEmpty || words.count == 1 { return (command, Array(words.dropFirst())) }
    guard let member = table.command([first, words[1]]) else {
      let names = command.members.map { $0.path[1] }
      complain(
        "\(table.program) \(first): "
          + unknown("command", words[1], names, all: "commands", ask: "\(first) -h"))
      return (nil, [])
    }
    return (member, Array(words.dropFirst(2)))
  }

  private func unknown(
    _ what: String, _ word: String, _ names: [String], all: String, ask: String
  ) -> String {
    if table.planned.contains(word) {
      return "'\(word)' is not in this version (\(table.version)).  All \(all): "
        + "\(table.program) \(ask)"
    }
    var text = "no \(what) '\(word)'"
    if let near = nearestName(to: word, in: names) { text += "; did you mean '\(near)'?" }
    text += text.hasSuffix("?") ? "  " : ".  "
    return text + "All \(all): \(table.program) \(ask)"
  }

  @discardableResult private mutating func checkOptions(
    _ given: [(dashed: String, attached: String?)], of command: CommandSpec?
  ) -> [Invocation.GivenOption] {
    let specs = (command?.options ?? []) + table.everywhere
    let owner = command.map { "\(table.program) \($0.name)" } ?? table.program
    var out: [Invocation.GivenOption] = []
    var seen: [String] = []
    for option in given {
      guard let spec = specs.first(where: { $0.spelt(option.dashed) }) else {
        let names = specs.map { "--\($0.name)" }
        var text = "\(owner) has no option '\(option.dashed)'"
        if let near = nearestName(to: option.dashed, in: names) {
          text += "; did you mean '\(near)'?"
        }
        complain("\(text)  All options: \(owner) -h")
        continue
      }
      if seen.contains(spec.name) && !spec.repeatable {
        complain("\(option.dashed) is given twice; give it once")
        continue
      }
      seen.append(spec.name)
      if let text = fault(of: option.attached, for: spec, as: option.dashed) {
        complain(text)
      } else {
        out.append(.init(spec.name, option.attached ?? ""))
      }
    }
    return out
  }

  /// What is wrong with a value, nil when nothing is.
  private func fault(of value: String?, for spec: OptionSpec, as dashed: String) -> String? {
    guard let form = spec.value else {
      return value.map { "\(dashed) takes no value; it was given '\($0)'" }
    }
    guard let value, !value.isEmpty else {
      return "\(dashed) needs a value: \(dashed) \(form.name)"
    }
    switch form {
    case .text, .path: return nil
    case .choice(let words):
      if words.contains(value) { return nil }
      var text = "\(dashed): no such choice: '\(value)'; "
      if let near = nearestName(to: value, in: words) {
        text += "did you mean '\(near)'?"
      } else {
        text += "one of: " + words.joined(separator: " ")
      }
      return text
    case .count(_, let range, let words):
      if words.contains(value) { return nil }
      let digits = !value.isEmpty && value.utf8.allSatisfy { $0 >= 48 && $0 <= 57 }
      if digits, let number = UInt64(value), range.contains(number) { return nil }
      let alternatives = words.map { " or '\($0)'" }.joined()
      return "\(dashed): '\(value)' is not a whole number from \(range.lowerBound) to "
        + "\(range.upperBound)\(alternatives)"
    }
  }

  private mutating func checkArguments(_ words: [String], of command: CommandSpec) {
    let owner = "\(table.program) \(command.name)"
    let required = command.arguments.filter(\.required)
    if words.count < required.count {
      let missing = required[words.count...].map(\.name).joined(separator: " ")
      complain("\(owner) needs \(missing): \(table.program) \(command.usage)")
    }
    let most = command.arguments.contains(where: \.many) ? Int.max : command.arguments.count
    if words.count > most {
      complain(
        "\(owner) does not take '\(words[most])': \(table.program) \(command.usage)")
    }
    for (index, word) in words.enumerated() where index < most {
      let argument = command.arguments[min(index, command.arguments.count - 1)]
      if argument.choices.isEmpty || argument.choices.contains(word) { continue }
      var text = "\(owner): no such \(argument.name): '\(word)'; "
      if let near = nearestName(to: word, in: argument.choices) {
        text += "did you mean '\(near)'?"
      } else {
        text += "one of: " + argument.choices.joined(separator: " ")
      }
      complain(text)
    }
  }
}

extension OptionSpec {
  func spelt(_ dashed: String) -> Bool {
    dashed == "--\(name)" || short.map { dashed == "-\($0)" } == true
  }
}

private func trimmed(_ text: Substring) -> String {
  var text = text
  while text.first?.isWhitespace == true { text.removeFirst() }
  while text.last?.isWhitespace == true { text.removeLast() }
  return String(text)
}

/// Such as "-1" or "-.5": a value, never an option.
private func isNumber(_ text: String) -> Bool {
  text.count > 1
    && text.dropFirst().utf8.allSatisfy { $0 >= 48 && $0 <= 57 || $0 == UInt8(ascii: ".") }
}
