import Foundation
import Testing

/// The small traces of `datasets/`, and what their sidecars say of them.
@Suite struct DatasetTests {
  private static let folder = WeirProcess.checkout.appendingPathComponent("datasets")

  /// Paths from the checkout, such as "datasets/finance/fraud-detection.trace".
  private static let traces: [String] = {
    let walk = FileManager.default.enumerator(atPath: folder.path)
    return (walk?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".trace") }.map { "datasets/" + $0 }.sorted()
  }()

  private func sidecar(_ trace: String) throws -> [String: String] {
    let url = WeirProcess.checkout.appendingPathComponent(trace + ".yaml")
    var found: [String: String] = [:]
    for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
      guard let colon = line.firstIndex(of: ":"), line.first != "#" else { continue }
      found[String(line[..<colon])] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return found
  }

  @Test(arguments: traces)
  func `a sidecar tells the truth, and its command makes the trace again`(trace: String) throws {
    let said = try sidecar(trace)
    #expect(
      said.keys.sorted() == ["digest", "events", "licence", "made_by", "origin"]
        && said.values.allSatisfy { !$0.isEmpty })
    let command = (said["made_by"] ?? "").split(separator: " ").map(String.init)
    #expect(
      command.starts(with: ["weir", "trace", "generate"]) && command.suffix(2) == ["--out", trace])
    let scratch = try Scratch()
    let again = scratch.folder.appendingPathComponent("again.trace").path
    let run = try WeirProcess.run(Array(command[1...].dropLast()) + [again])
    #expect(run.code == 0, "\(run.errors)")
    let bytes = try Data(
      contentsOf: WeirProcess.checkout.appendingPathComponent(trace))
    #expect(try Data(contentsOf: URL(fileURLWithPath: again)) == bytes)
    let info = try WeirProcess.run(["trace", "info", trace, "--json"])
    #expect(info.output.contains("\"events\": \(said["events"] ?? "")"), "\(info.output)")
    #expect(try sha256(again) == said["digest"])
  }

  private func sha256(_ path: String) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/sha256sum")
    process.arguments = [path]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let text = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    return String(text.prefix { $0 != " " })
  }

  @Test func `every application has a trace`() throws {
    let listed = try WeirProcess.run(["list", "workloads", "--json"])
    let document = try JSONSerialization.jsonObject(with: Data(listed.output.utf8))
    let workloads = try #require((document as? [String: Any])?["items"] as? [[String: Any]])
    let names = workloads.compactMap { $0["name"] as? String }.filter { $0 != "pass-through" }
    #expect(!names.isEmpty)
    for name in names {
      #expect(
        Self.traces.contains { $0.hasSuffix("/\(name).trace") },
        "no trace of \(name); to fix: sh scripts/make-datasets.sh .build/release/weir \(name)")
    }
  }
}
