/// The reference of the command line as Markdown, from the table.
public enum CommandReference {
  public static func render(_ table: CommandTable) -> String {
    let help = HelpText(table, width: 96)
    var out = "# The command line\n\nMade from the table that the program itself reads: "
    out += "`\(table.program) help COMMAND`.\n"
    out += section("\(table.program)", help.render(nil, short: false))
    for command in table.leaves {
      out += section("\(table.program) \(command.name)", help.render(command, short: false))
    }
    return out
  }

  /// The options and codes that every command shares stand once, under the program.
  private static func section(_ title: String, _ text: String) -> String {
    "\n## \(title)\n\n```\n\(text)```\n"
  }
}
