import Foundation
import Testing

/// Whole runs through the binary: verdicts, folders, replays, interrupts.
@Suite struct RunTests {
  static let scenario = """
    # Demonstrates: a short run for tests.
    weir: 1
    workload: {kind: pass-through}
    load: {shape: constant, rate: 500/s}
    resources: {partitions: 2}
    phases: {warm_up: 1s, measure: 3s, heal: 1s}
    expect: {exactly_once: true, throughput: ">= 99%"}

    """

  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    _ = try scratch.write(Self.scenario, to: "short.yaml")
  }

  func weir(_ line: String...) throws -> WeirProcess {
    try WeirProcess.run(line, in: scratch.folder)
  }

  func names(_ folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      atPath: scratch.folder.appendingPathComponent(folder).path
    ).sorted()
  }

  func result(_ folder: String) throws -> [String: Any] {
    let file = scratch.folder.appendingPathComponent("\(folder)/result.json")
    let value = try JSONSerialization.jsonObject(with: Data(contentsOf: file))
    return try #require(value as? [String: Any])
  }

  @Test func `a run has one place, named by its history`() throws {
    let first = try weir("run", "short.yaml")
    #expect(first.code == 0 && first.output.hasPrefix("VALID"), "\(first.errors)")
    let places = try names("reports/short")
    #expect(places.count == 1 && places[0].count == 8)
    let second = try weir("run", "short.yaml", "--quiet")
    #expect(second.code == 0 && second.output.isEmpty && second.errors.isEmpty)
    #expect(try names("reports/short") == places)
    let third = try weir("run", "short.yaml", "--json")
    let object = try JSONSerialization.jsonObject(with: Data(third.output.utf8)) as? [String: Any]
    #expect((object?["history_hash"] as? String)?.hasPrefix(places[0]) == true)
    let files = try names("reports/short/\(places[0])")
    for name in ["report.html", "result.json", "summary.md", "junit.xml", "latency.hlog"] {
      #expect(files.contains(name))
    }
  }

  @Test func `commands of a scenario are listed and refused until they are allowed`() throws {
    _ = try scratch.write(
      """
      # Demonstrates: a job for tests.
      weir: 1
      workload: {kind: pass-through}
      load: {shape: constant, rate: 500/s}
      backbone: {kind: kafka}
      engine: {kind: external, external: {start: [touch, started], reads: [a], writes: [b]}}
      expect: {output: [{check: each-once, stream: b}]}

      """, to: "job.yaml")
    for line in [["run", "job.yaml"], ["validate", "job.yaml", "--against", "kafka"]] {
      let refused = try WeirProcess.run(line, in: scratch.folder)
      #expect(refused.code == 64, "\(line): \(refused.errors)")
    }
    let refused = try weir("run", "job.yaml")
    #expect(refused.errors.contains("this scenario would run 1 command: 'touch started'"))
    #expect(refused.errors.contains("--allow-commands"))
    #expect(try weir("run", "job.yaml", "--print").code == 0)
    #expect(try !names(".").contains("started"))
    #expect(try !names(".").contains("reports"))
  }

  @Test func `stdout of a run is the same in every folder, locale and time zone`() throws {
    let first = try weir("run", "short.yaml")
    let other = try Scratch()
    let file = try other.write(Self.scenario, to: "short.yaml")
    let second = try WeirProcess.run(
      ["run", file.lastPathComponent], in: other.folder,
      environment: ["LC_ALL": "tr_TR.UTF-8", "TZ": "Asia/Kathmandu", "HOME": other.folder.path])
    #expect(first.output == second.output)
  }

  @Test func `paced and virtual runs have one history`() throws {
    _ = try weir("run", "short.yaml", "--out", "virtual", "--set", "phases.measure=1s")
    _ = try weir(
      "run", "short.yaml", "--out", "paced", "--set", "phases.measure=1s", "--clock", "wall")
    let first = try result("virtual")["history_hash"] as? String
    let second = try result("paced")["history_hash"] as? String
    #expect(first != nil && first == second)
  }

  @Test func `each verdict has its code`() throws {
    let violated = try weir(
      "run", "short.yaml", "--out", "v", "--set", "sink.kind=append", "--set",
      "faults.plan=[{kind: crash, target: engine, at: 1500ms, for: 300ms}]", "--set",
      "workload.query=copy")
    #expect(violated.code == 1 && violated.output.hasPrefix("INVALID"), "\(violated.output)")
    let missed = try weir(
      "run", "short.yaml", "--out", "m", "--set", "engine.costs.record=20ms")
    #expect(missed.code == 2 && missed.output.hasPrefix("MISSED"), "\(missed.output)")
    let history = scratch.folder.appendingPathComponent("v/history.weir")
    let bytes = try Data(contentsOf: history)
    let cut = scratch.folder.appendingPathComponent("cut.weir")
    try bytes.prefix(bytes.count - 100).write(to: cut)
    let inconclusive = try weir("verify", "cut.weir")
    #expect([1, 3].contains(inconclusive.code), "\(inconclusive.output)")
    #expect(!inconclusive.output.hasPrefix("VALID"))
    try Data("no history".utf8).write(to: cut)
    #expect(try weir("verify", "cut.weir").code == 64)
    let told = try weir("verify", "v", "--explain", "S2/1")
    #expect(told.code == 1 && told.output.contains("So ") && told.output.contains("#"))
    #expect(try weir("verify", "v", "--explain", "S99").code == 64)
  }

  @Test func `a replay is the same, or names the first entry that is not`() throws {
    _ = try weir("run", "short.yaml", "--out", "run")
    let same = try weir("replay", "run")
    #expect(same.code == 0 && same.output.hasPrefix("SAME"), "\(same.errors)")
    #expect(try names(".").filter { $0.hasPrefix(".partial") }.isEmpty)
    let file = scratch.folder.appendingPathComponent("run/scenario.yaml")
    let text = try String(contentsOf: file, encoding: .utf8)
    try Data(text.replacingOccurrences(of: "seed: 1\n", with: "seed: 2\n").utf8).write(to: file)
    let other = try weir("replay", "run")
    #expect(other.code == 70 && other.errors.contains("first difference: entry"))
  }

  @Test func `a report renders again to the same bytes`() throws {
    _ = try weir("run", "short.yaml", "--out", "run")
    let before = try names("run").map { name in
      try Data(contentsOf: scratch.folder.appendingPathComponent("run/\(name)"))
    }
    #expect(try weir("report", "run").code == 0)
    let after = try names("run").map { name in
      try Data(contentsOf: scratch.folder.appendingPathComponent("run/\(name)"))
    }
    #expect(before == after)
    #expect(try weir("report", "run", "--out", "copy").code == 0)
    #expect(try names("copy") == names("run"))
  }

  @Test(arguments: [SIGINT, SIGTERM]) func `an interrupt ends in order`(number: Int32) throws {
    let process = Process()
    process.executableURL = WeirProcess.program
    process.currentDirectoryURL = scratch.folder
    process.arguments = [
      "run", "short.yaml", "--out", "cut", "--clock", "wall", "--set", "phases.measure=60s",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let history = "\(scratch.folder.path)/.partial-\(partialSuffix(process))/history.weir"
    for _ in 0..<200 where !FileManager.default.fileExists(atPath: history) { usleep(20_000) }
    usleep(300_000)
    kill(process.processIdentifier, number)
    process.waitUntilExit()
    #expect(process.terminationStatus == 130)
    #expect(try names(".").filter { $0.hasPrefix(".partial") }.isEmpty)
    #expect(try result("cut")["exit_code"] as? Int == 130)
  }

  @Test func `a killed run leaves no folder under a final name`() throws {
    let process = Process()
    process.executableURL = WeirProcess.program
    process.currentDirectoryURL = scratch.folder
    process.arguments = [
      "run", "short.yaml", "--out", "cut", "--clock", "wall", "--set", "phases.measure=60s",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    let folder = ".partial-\(partialSuffix(process))"
    let history = "\(scratch.folder.path)/\(folder)/history.weir"
    for _ in 0..<200 where !FileManager.default.fileExists(atPath: history) { usleep(20_000) }
    usleep(300_000)
    kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    #expect(try !names(".").contains("cut"))
    let judged = try weir("verify", "\(folder)/history.weir")
    #expect([3, 64].contains(judged.code), "\(judged.output)\(judged.errors)")
  }

  private func partialSuffix(_ process: Process) -> String {
    let digits = String(UInt32(bitPattern: process.processIdentifier), radix: 16)
    return String(repeating: "0", count: 8 - digits.count) + digits
  }
}
