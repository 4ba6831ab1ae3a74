/// Shell scripts that complete commands, options and choices from the table, and ask the hidden
/// command `__complete` for names that depend on the folder.
public enum Completions {
  public static let shells = ["bash", "zsh", "fish"]

  /// Nil for a shell that is not in `shells`.
  public static func script(for shell: String, _ table: CommandTable) -> String? {
    switch shell {
    case "bash": bash(table.program)
    case "zsh": zsh(table.program)
    case "fish": fish(table.program)
    default: nil
    }
  }

  /// Words that may stand in the place of the last one of `line` (without the program name), one
  /// a line; `names` gives scenario names, run ids and the like. A path is left to the shell.
  public static func candidates(
    for line: [String], _ table: CommandTable, names: (ArgumentKind) -> [String]
  ) -> [String] {
    let current = line.last ?? ""
    let before = line.dropLast()
    let words = before.filter { !$0.hasPrefix("-") }
    let command = words.count > 1 ? table.command(Array(words.prefix(2))) : nil
    let found = command ?? words.first.flatMap { table.command([$0]) }
    let options = (found?.options ?? []) + table.everywhere
    if let last = before.last, last.hasPrefix("--"),
      let option = options.first(where: { "--\($0.name)" == last }), let form = option.value
    {
      return matching(current, form.words)
    }
    if current.hasPrefix("-") { return matching(current, options.map { "--\($0.name)" }) }
    guard let found else { return matching(current, table.commands.map(\.name)) }
    if !found.members.isEmpty { return matching(current, found.members.map { $0.path[1] }) }
    let position = words.count - found.path.count
    guard let argument = found.arguments.last(where: { $0.many }) ?? at(position, found.arguments)
    else { return [] }
    return matching(current, argument.choices + names(argument.kind))
  }

  private static func at(_ index: Int, _ arguments: [ArgumentSpec]) -> ArgumentSpec? {
    arguments.indices.contains(index) ? arguments[index] : nil
  }

  private static func matching(_ start: String, _ names: [String]) -> [String] {
    names.filter { $0.hasPrefix(start) }
  }

  private static func bash(_ program: String) -> String {
    """
    # Completion of \(program) for bash. Install it with:
    #   \(program) completions bash > ~/.local/share/bash-completion/completions/\(program)
    _\(program)() {
      local IFS=$'\\n'
      COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    }
    complete -o default -F _\(program) \(program)

    """
  }

  private static func zsh(_ program: String) -> String {
    """
    #compdef \(program)
    # Completion of \(program) for zsh. Save it as _\(program) in a folder of $fpath.
    _\(program)() {
      local -a found
      found=("${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}")
      if [[ -n "${found[1]}" ]]; then compadd -a found; else _files; fi
    }
    compdef _\(program) \(program)

    """
  }

  private static func fish(_ program: String) -> String {
    """
    # Completion of \(program) for fish. Save it as ~/.config/fish/completions/\(program).fish.
    function __\(program)_complete
      set -l line (commandline -opc) (commandline -ct)
      $line[1] __complete $line[2..-1] 2>/dev/null
    end
    complete -c \(program) -a '(__\(program)_complete)'

    """
  }
}
