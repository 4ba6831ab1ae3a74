import Commands
import Model
import Testing

/// Parses a line; argument files come from a dictionary.
func parse(_ line: [String], files: [String: String] = [:]) -> ParsedLine {
  var parser = LineParser(.weir) { name in
    files[name].map { .success($0) }
      ?? .failure(Problem(file: "weir", message: "\(name) cannot be read"))
  }
  return parser.parse(line)
}

func invocation(_ line: String..., files: [String: String] = [:]) throws -> Invocation {
  guard case .run(let invocation) = try parse(line, files: files).request.get() else {
    throw Problems([])
  }
  return invocation
}

func complaints(_ line: String...) -> [String] {
  switch parse(line).request {
  case .success: []
  case .failure(let problems): problems.list.map(\.message)
  }
}

@Suite struct LineParserTests {
  @Test func `options stand anywhere and in both forms`() throws {
    let first = try invocation("run", "demo", "--seed", "7", "--out=x")
    let second = try invocation("--seed=7", "run", "--out", "x", "demo")
    #expect(first.arguments == ["demo"])
    #expect(second.arguments == ["demo"])
    #expect(first.value("seed") == "7" && first.value("out") == "x")
    #expect(second.value("seed") == "7" && second.value("out") == "x")
  }

  @Test func `repeatable options keep their order among the others`() throws {
    let line = try invocation("run", "demo", "--set", "a=1", "--seed", "3", "--set=b=2=3")
    #expect(line.options.map(\.name) == ["set", "seed", "set"])
    #expect(line.values("set") == ["a=1", "b=2=3"])
  }

  @Test func `two dashes end the options`() throws {
    #expect(try invocation("run", "--", "--seed").arguments == ["--seed"])
    #expect(complaints("run", "--out", "--", "x").count == 1)
  }

  @Test func `an argument file stands for its lines`() throws {
    let file = "# staging\n--seed=9\n\n  --set\nload.rate=5k/s\n"
    let line = try invocation("run", "demo", "@staging", files: ["staging": file])
    #expect(line.value("seed") == "9")
    #expect(line.values("set") == ["load.rate=5k/s"])
    #expect(complaints("run", "demo", "@nowhere") == ["nowhere cannot be read"])
    guard case .failure(let problems) = parse(["run", "@a"], files: ["a": "@b"]).request else {
      Issue.record("a nested argument file was taken")
      return
    }
    #expect(problems.list[0].message.contains("cannot name another one"))
  }

  @Test func `a wrong command is answered with the nearest`() {
    #expect(
      complaints("rnu", "demo") == [
        "no command 'rnu'; did you mean 'run'?  All commands: weir -h"
      ])
    #expect(
      complaints("trace", "inport") == [
        "weir trace: no command 'inport'; did you mean 'import'?  All commands: weir trace -h"
      ])
    #expect(complaints("zzzzzz") == ["no command 'zzzzzz'.  All commands: weir -h"])
    #expect(complaints("explore")[0].contains("not in this version"))
  }

  @Test func `a wrong option is answered with the nearest`() {
    #expect(
      complaints("run", "demo", "--sed", "7") == [
        "weir run has no option '--sed'; did you mean '--seed'?  All options: weir run -h"
      ])
  }

  @Test func `nothing may be abbreviated`() {
    #expect(complaints("run", "demo", "--back=null").count == 1)
    #expect(complaints("ru", "demo").count == 1)
  }

  @Test func `all mistakes are told at once`() {
    let found = complaints("run", "demo", "--clock=wal", "--seed=x", "--seed=1", "--print=yes")
    #expect(found.count == 4)
    #expect(found[0] == "--clock: no such choice: 'wal'; did you mean 'wall'?")
    #expect(found[1].contains("not a whole number from 0 to 18446744073709551615 or 'random'"))
    #expect(found[2].contains("given twice"))
    #expect(found[3].contains("takes no value"))
  }

  @Test func `values at the edges of a range`() throws {
    #expect(try invocation("run", "x", "--seed", "18446744073709551615").count("seed") == .max)
    #expect(try invocation("run", "x", "--seed", "random").value("seed") == "random")
    #expect(complaints("run", "x", "--seed", "18446744073709551616").count == 1)
    #expect(complaints("run", "x", "--seed", "-1").count == 1)
    #expect(complaints("run", "x", "--seed", "").count == 1)
    #expect(complaints("run", "x", "--seed").count == 1)
    #expect(complaints("bench", "--repeat", "0").count == 1)
  }

  @Test func `arguments are counted`() {
    #expect(complaints("run") == ["weir run needs SCENARIO: weir run SCENARIO [OPTIONS]"])
    #expect(complaints("run", "a", "b").count == 1)
    #expect(complaints("bench", "a", "b", "c").isEmpty)
    #expect(complaints("list", "workload")[0].contains("did you mean 'workloads'?"))
  }

  @Test func `help and version win over mistakes behind them`() throws {
    guard case .help(let command, let short) = try parse(["run", "-h", "--sed"]).request.get()
    else {
      Issue.record("no help")
      return
    }
    #expect(command?.name == "run" && short)
    guard case .version = try parse(["--version", "whatever"]).request.get() else {
      Issue.record("no version")
      return
    }
  }

  @Test(arguments: 0..<200) func `random lines give a request or problems`(seed: Int) {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    func draw(_ count: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33) % count
    }
    let table = CommandTable.weir
    let options = (table.everywhere + table.leaves.flatMap(\.options)).map { "--\($0.name)" }
    let words =
      table.commands.map(\.name) + options + options.map { $0 + "=1" }
      + ["", "-", "--", "-x", "-qv", "@", "@f", "=", "--=", "\u{0}", "\u{1b}[2J", "e\u{301}", "9"]
    for _ in 0..<20 {
      let line = (0..<draw(7)).map { _ in words[draw(words.count)] }
      let parsed = parse(line, files: ["f": "--seed\n\u{7f}\n"])
      if case .failure(let problems) = parsed.request {
        #expect(!problems.list.isEmpty && problems.code == .usage, "line \(line)")
      }
    }
  }
}
