import Foundation
import Testing

/// The binary itself: codes, streams, JSON.
@Suite struct ProgramTests {
  @Test func `version and help end with 0 and say nothing on stderr`() throws {
    for line in [
      ["--version"], ["-h"], ["--help"], ["help", "run"], ["run", "-h"], ["trace", "-h"],
    ] {
      let done = try WeirProcess.run(line)
      #expect(done.code == 0 && done.errors.isEmpty && !done.output.isEmpty, "\(line)")
    }
    #expect(try WeirProcess.run(["--version"]).output == "weir 0.1.0\n")
  }

  @Test func `mistakes end with 64 and leave stdout alone`() throws {
    let lines = [
      ["rnu"], ["run"], ["run", "demo", "--sed", "7"], ["run", "no-such-scenario"], ["trace"], [],
      ["verify", "no-such-run"], ["replay", "ffffffff"], ["list", "nothing"], ["help", "rum"],
      ["run", "@/nonexistent/file"], ["doctor", "--need", "kafak"], ["bench", "speed"],
    ]
    for line in lines {
      let done = try WeirProcess.run(line)
      #expect(done.code == 64 && done.output.isEmpty && !done.errors.isEmpty, "\(line)")
    }
  }

  @Test func `a missing system ends with 69`() throws {
    let done = try WeirProcess.run(["doctor", "--need", "flink", "--quiet"])
    #expect(done.code == 69 && done.output.isEmpty)
    #expect(done.errors.hasPrefix("weir: error: flink cannot be used"))
  }

  @Test func `with --json stdout is one document, whatever the code`() throws {
    let lines = [
      ["rnu"], [], ["run"], ["run", "nope"], ["trace"], ["doctor"], ["list"], ["--version"], ["-h"],
      ["completions", "bash"], ["list", "scenarios"], ["verify", "nope"], ["list", "faults"],
      ["help"], ["trace", "info", "nope"], ["replay", "nope"], ["report", "nope"],
      ["run", "demo", "--clock", "x"], ["doctor", "--need", "flink"],
    ]
    for line in lines {
      let done = try WeirProcess.run(line + ["--json"])
      let value = try JSONSerialization.jsonObject(with: Data(done.output.utf8))
      let object = try #require(value as? [String: Any], "\(line)")
      #expect(object["schema"] is String, "\(line)")
      if done.code != 0 {
        #expect(object["exit_code"] as? Int == Int(done.code), "\(line)")
      }
    }
  }

  @Test func `no escape byte without a terminal or under NO_COLOR`() throws {
    for line in [["rnu"], ["doctor"], ["-h"], ["run", "nope"]] {
      let plain = try WeirProcess.run(line, environment: ["TERM": "xterm"])
      #expect(!(plain.output + plain.errors).utf8.contains(0x1b), "\(line)")
    }
    let forced = try WeirProcess.run(["rnu"], environment: ["FORCE_COLOR": "1"])
    #expect(forced.errors.utf8.contains(0x1b))
    let refused = try WeirProcess.run(
      ["rnu"], environment: ["FORCE_COLOR": "1", "NO_COLOR": "1"])
    #expect(!refused.errors.utf8.contains(0x1b))
    let always = try WeirProcess.run(
      ["rnu", "--color", "always"], environment: ["NO_COLOR": "1"])
    #expect(always.errors.utf8.contains(0x1b))
  }

  @Test func `a control sequence in an argument does not reach the terminal`() throws {
    let done = try WeirProcess.run(["\u{1b}[2Jrun"])
    #expect(done.code == 64 && !done.errors.utf8.contains(0x1b))
  }

  @Test(arguments: 0..<24) func `random lines never end in a defect`(seed: Int) throws {
    var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
    func draw(_ count: Int) -> Int {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return Int(state >> 33) % count
    }
    let words = [
      "run", "list", "trace", "cat", "verify", "replay", "report", "doctor", "help", "info",
      "--set", "--json", "--seed", "-5", "=", "--", "-", "", "x", "--out", "/dev/null", "/",
      "--limit", "--print", "--unset", "a.b.c=1", "..", "é", "--quiet", "demo", "faults", "keys",
    ]
    let line = (0..<(1 + draw(5))).map { _ in words[draw(words.count)] }
    let scratch = try Scratch()
    let done = try WeirProcess.run(line, in: scratch.folder)
    #expect([0, 1, 2, 3, 4, 64, 69].contains(done.code), "\(line): \(done.errors)")
  }

  @Test func `the first answer of the program is the same in every locale and folder`() throws {
    let scratch = try Scratch()
    let home = WeirProcess.checkout.path
    let first = try WeirProcess.run(["list"], environment: ["WEIR_HOME": home])
    let second = try WeirProcess.run(
      ["list"], in: scratch.folder,
      environment: ["WEIR_HOME": home, "LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu"])
    #expect(first.output == second.output)
  }
}
