import Commands
import Foundation
import Model
import Testing

@Suite struct TableTests {
  let table = CommandTable.weir

  @Test func `an option takes a value everywhere or nowhere`() {
    // `list keys --schema` asks for one, `workload new --schema` names one: no line can mean both.
    let options = (table.everywhere + table.leaves.flatMap(\.options)).filter {
      $0.name != "schema"
    }
    for option in options {
      for other in options where other.name == option.name {
        #expect((option.value == nil) == (other.value == nil), "--\(option.name)")
      }
    }
  }

  @Test func `every example is a command line in order`() throws {
    for command in table.leaves {
      #expect(command.examples.count >= 2, "\(command.name)")
      for example in command.examples {
        let line = example.line.split(separator: "|")[0].split(separator: ">")[0]
        let words = line.split(separator: " ").map(String.init)
        #expect(words.first == "weir")
        let parsed = parse(Array(words.dropFirst()))
        guard case .run(let invocation) = try parsed.request.get() else {
          Issue.record("\(example.line) is no invocation")
          continue
        }
        #expect(invocation.command.name == command.name)
      }
    }
  }

  @Test func `texts fit their places`() {
    for command in table.commands {
      #expect(command.summary.count <= 33, "\(command.name)")
      #expect(!command.section.isEmpty)
    }
    for command in table.leaves { #expect(!command.exits.isEmpty, "\(command.name)") }
    let texts = [nil] + (table.commands + table.leaves).map(Optional.some)
    for width in [60, 80, 120] {
      let help = HelpText(table, width: width)
      for command in texts {
        let text = help.render(command, short: false)
        #expect(text.utf8.allSatisfy { $0 == 10 || $0 >= 32 && $0 < 127 })
        let examples = (table.leaves.flatMap(\.examples)).map { "  " + $0.line }
        for line in text.split(separator: "\n") where !examples.contains(String(line)) {
          #expect(line.count <= width, "\(command?.name ?? "weir") at \(width): \(line)")
        }
      }
    }
  }

  @Test func `every command's short help fits one screen`() {
    for command in table.leaves {
      let text = HelpText(table, width: 80).render(command, short: true)
      #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count <= 50)
    }
  }

  @Test(arguments: Completions.shells) func `completions ask the program`(shell: String) throws {
    let script = try #require(Completions.script(for: shell, table))
    #expect(script.contains("__complete"))
    #expect(Completions.script(for: "tcsh", table) == nil)
  }

  @Test func `completion follows the table`() {
    func candidates(_ line: String...) -> [String] {
      Completions.candidates(for: line, table) { $0 == .scenario ? ["demo", "finance/x"] : [] }
    }
    #expect(candidates("tr") == ["trace"])
    #expect(candidates("trace", "i") == ["import", "info"])
    #expect(candidates("run", "--cl") == ["--clock"])
    #expect(candidates("run", "--clock", "") == ["virtual", "wall"])
    #expect(candidates("run", "d") == ["demo"])
    #expect(candidates("run", "demo", "f") == [])
    #expect(candidates("list", "fa") == ["faults"])
  }

  @Test func `help texts are as recorded`() throws {
    let commands = [nil] + (table.commands + table.leaves).map(Optional.some)
    for command in commands {
      let name = command?.path.joined(separator: "-") ?? "weir"
      for short in [true, false] {
        let text = HelpText(table, width: 80).render(command, short: short)
        try compareGolden("help/\(name)\(short ? ".short" : "").txt", text)
      }
    }
    for width in [60, 120] {
      let text = HelpText(table, width: width).render(nil, short: true)
      try compareGolden("help/weir.short.\(width).txt", text)
    }
    let reference = CommandReference.render(table)
    try compareGolden("../../docs/cli.md", reference)
    try compareGolden("help/weir.1", ManualPage.render(table, nil))
    try compareGolden("help/weir-run.1", ManualPage.render(table, table.command(["run"])))
    for shell in Completions.shells {
      try compareGolden("completions/weir.\(shell)", Completions.script(for: shell, table) ?? "")
    }
  }
}

/// Compares with a file below Tests/Golden; UPDATE_GOLDEN=1 writes it anew.
func compareGolden(_ name: String, _ text: String) throws {
  let file = WeirProcess.checkout.appendingPathComponent("Tests/Golden/\(name)")
  if ProcessInfo.processInfo.environment["UPDATE_GOLDEN"] == "1" {
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: file)
    return
  }
  guard FileManager.default.fileExists(atPath: file.path) else {
    Issue.record("Tests/Golden/\(name) is missing; write it with UPDATE_GOLDEN=1")
    return
  }
  let recorded = String(decoding: try Data(contentsOf: file), as: UTF8.self)
  if recorded == text { return }
  let old = recorded.split(separator: "\n", omittingEmptySubsequences: false)
  let new = text.split(separator: "\n", omittingEmptySubsequences: false)
  let line = zip(old, new).prefix { $0 == $1 }.count
  Issue.record(
    """
    Tests/Golden/\(name) differs at line \(line + 1)
      recorded: \(line < old.count ? old[line] : "(end)")
      now:      \(line < new.count ? new[line] : "(end)")
    """)
}
