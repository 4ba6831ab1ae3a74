import Foundation
import Testing

/// Scenarios, run folders and traces as they are found and kept.
@Suite struct LookupTests {
  static let home = WeirProcess.checkout.path

  static let small = """
    # Demonstrates: a short run for tests.
    weir: 1
    workload: {kind: pass-through}
    load: {shape: constant, rate: 1k/s}
    phases: {warm_up: 1s, measure: 2s, heal: 1s}

    """

  @Test func `a scenario is a file, a path below scenarios, or a name without its domain`() throws {
    let scratch = try Scratch()
    _ = try scratch.write(Self.small, to: "scenarios/a/one.yaml")
    _ = try scratch.write(Self.small, to: "scenarios/b/one.yaml")
    _ = try scratch.write(Self.small, to: "scenarios/b/two.yaml")
    func name(_ word: String) throws -> String {
      let done = try WeirProcess.run(["run", word, "--print"], in: scratch.folder)
      if done.code != 0 { return "\(done.code) \(done.errors)" }
      let row = done.output.split(separator: "\n").first { $0.hasPrefix("name: ") }
      return row.map { String($0.dropFirst(6)) } ?? "none"
    }
    #expect(try name("two") == "b/two")
    #expect(try name("b/two") == "b/two")
    #expect(try name("b/two.yaml") == "b/two")
    #expect(try name("scenarios/b/two.yaml") == "b/two")
    let two = try name("one")
    #expect(two.hasPrefix("64 ") && two.contains("a/one, b/one"))
    let wrong = try name("twoo")
    #expect(wrong.hasPrefix("64 ") && wrong.contains("did you mean 'b/two'?"))
    _ = try scratch.write(Self.small, to: "mine.yaml")
    #expect(try name("mine.yaml") == "mine")
  }

  @Test func `the folder of WEIR_HOME is searched after the current one`() throws {
    let scratch = try Scratch()
    let done = try WeirProcess.run(
      ["list", "scenarios"], in: scratch.folder, environment: ["WEIR_HOME": Self.home])
    #expect(done.code == 0 && done.output.contains("finance/fraud-detection"))
  }

  @Test func `a resolved scenario resolves to itself`() throws {
    let scratch = try Scratch()
    for name in ["demo", "finance/fraud-detection", "pass-through"] {
      let first = try WeirProcess.run(
        ["run", "\(Self.home)/scenarios/\(name).yaml", "--print"], in: scratch.folder)
      #expect(first.code == 0)
      let file = try scratch.write(first.output, to: "resolved.yaml")
      let second = try WeirProcess.run(["run", file.path, "--print"], in: scratch.folder)
      #expect(second.output == first.output, "\(name)")
    }
  }

  @Test func `problems of a scenario name the place and nothing is run`() throws {
    let scratch = try Scratch()
    let text = """
      # Demonstrates: mistakes.
      weir: 1
      seed: banana
      workload: {kind: fraud-detecton}
      load: {shape: constant, rat: 20k/s}
      phases: {measure: 5m}

      """
    _ = try scratch.write(text, to: "try.yaml")
    let done = try WeirProcess.run(["run", "try.yaml"], in: scratch.folder)
    #expect(done.code == 64 && done.output.isEmpty)
    try compareGolden("errors/try.txt", done.errors)
    let override = try WeirProcess.run(
      ["run", "demo", "--set", "load.rat=5k/s", "--json"], in: scratch.folder,
      environment: ["WEIR_HOME": Self.home])
    #expect(override.code == 64)
    #expect(override.errors.contains("--set 'load.rat=5k/s':6: error: unknown key 'rat' in load"))
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path).count == 1)
  }

  @Test func `what is in the way of a run folder stays`() throws {
    let scratch = try Scratch()
    _ = try scratch.write("mine", to: "taken/notes.txt")
    _ = try scratch.write("mine", to: "file")
    for out in ["taken", "file", "/proc/nowhere/run", "file/below"] {
      let done = try WeirProcess.run(
        ["run", "pass-through", "--out", out], in: scratch.folder,
        environment: ["WEIR_HOME": Self.home])
      #expect(done.code == 64 && done.errors.contains("--out"), "\(out): \(done.errors)")
    }
    let kept = try String(
      contentsOf: scratch.folder.appendingPathComponent("taken/notes.txt"), encoding: .utf8)
    #expect(kept == "mine")
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path).sorted()
    #expect(names == ["file", "taken"])
  }

  @Test func `traces are generated, read, and judged by their checksums`() throws {
    let scratch = try Scratch()
    func weir(_ line: String...) throws -> WeirProcess {
      try WeirProcess.run(line, in: scratch.folder)
    }
    let made = try weir("trace", "generate", "pass-through", "--events", "2k", "--out", "a.trace")
    #expect(made.code == 0 && made.output.hasPrefix("2,000 events"), "\(made.errors)")
    let again = try weir("trace", "generate", "pass-through", "--events", "2k", "--out", "b.trace")
    #expect(made.output == again.output)
    #expect(try weir("trace", "verify", "a.trace").code == 0)
    #expect(try weir("trace", "info", "a.trace").output.contains("2,000 events"))
    let lines = try weir("trace", "cat", "a.trace", "--limit", "3").output.split(separator: "\n")
    #expect(lines.count == 3)
    for line in lines { _ = try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    let file = scratch.folder.appendingPathComponent("a.trace")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count / 2] ^= 1
    try bytes.write(to: file)
    let damaged = try weir("trace", "verify", "a.trace")
    #expect(damaged.code == 1 && damaged.output.hasPrefix("DAMAGED"))
    #expect(try weir("trace", "generate", "pass-through", "--out", "c").code == 64)
    #expect(try weir("trace", "generate", "pass-through", "--events", "2k").code == 64)
  }

  @Test func `traces are exported to a file or a pipe, and cut into slices`() throws {
    let scratch = try Scratch()
    func weir(_ line: String...) throws -> WeirProcess {
      try WeirProcess.run(line, in: scratch.folder)
    }
    _ = try weir("trace", "generate", "pass-through", "--events", "100", "--out", "a.trace")
    let made = try weir("trace", "export", "a.trace", "--to", "a.csv")
    #expect(made.code == 0 && made.output == "100 events in a.csv\n", "\(made.errors)")
    let csv = try String(
      contentsOf: scratch.folder.appendingPathComponent("a.csv"), encoding: .utf8)
    #expect(csv.split(separator: "\n").count == 101)
    let piped = try weir("trace", "export", "a.trace", "--to", "-", "--format", "jsonl")
    #expect(piped.output == (try weir("trace", "cat", "a.trace").output))
    #expect(try weir("trace", "export", "a.trace", "--to", "a.txt").code == 64)
    #expect(try weir("trace", "export", "a.trace").code == 64)
    let both = try weir(
      "trace", "export", "a.trace", "--to", "-", "--format", "csv", "--json")
    #expect(both.code == 64)
    let slice = try weir(
      "trace", "slice", "a.trace", "--out", "b.trace", "--from", "2", "--to", "5")
    #expect(slice.code == 0, "\(slice.errors)")
    let kept = try weir("trace", "cat", "b.trace").output.split(separator: "\n")
    #expect(
      !kept.isEmpty
        && kept.allSatisfy { line in
          (2..<5).contains { line.contains("\"sequence\":\($0),") }
        })
    let container = try weir("trace", "export", "a.trace", "--to", "a.avro")
    #expect(container.code == 0, "\(container.errors)")
    let bytes = try Data(contentsOf: scratch.folder.appendingPathComponent("a.avro"))
    #expect(bytes.starts(with: Array("Obj\u{1}".utf8)))
    let same = try weir("trace", "compare", "a.trace", "a.trace")
    #expect(same.code == 0 && same.output.contains(" gates pass."), "\(same.errors)")
    #expect(try weir("trace", "compare", "a.trace", "b.trace").code == 2)
    #expect(try weir("trace", "compare", "a.trace", "a.trace", "--fields", "no").code == 64)
    #expect(try weir("trace", "slice", "a.trace", "--out", "-").code == 64)
    #expect(try weir("trace", "slice", "a.trace", "--out", "c", "--from", "noon").code == 64)
  }
}
