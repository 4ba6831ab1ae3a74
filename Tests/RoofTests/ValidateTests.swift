import Foundation
import Testing

/// A model held against itself in real time, which needs no server; and what is refused.
@Suite struct ValidateTests {
  let scratch: Scratch

  init() throws {
    scratch = try Scratch()
    _ = try scratch.write(
      """
      # Demonstrates: a very short run for tests.
      weir: 1
      workload: {kind: pass-through}
      load: {shape: constant, rate: 500/s}
      resources: {partitions: 2}
      phases: {warm_up: 100ms, measure: 500ms, heal: 0s}
      expect: {exactly_once: true, send_lateness.p99: "< 60s"}

      """, to: "short.yaml")
  }

  func weir(_ line: String...) throws -> WeirProcess {
    try WeirProcess.run(line, in: scratch.folder)
  }

  @Test func `virtual and paced agree, and both runs are kept`() throws {
    let run = try weir("validate", "short.yaml", "--against", "embedded", "--out", "both")
    #expect(run.code == 0, "\(run.output)\(run.errors)")
    #expect(run.output.contains("AGREES") && run.output.contains("anomaly classes"))
    for name in ["model", "real"] {
      let report = scratch.folder.appendingPathComponent("both/\(name)/report.html").path
      #expect(FileManager.default.fileExists(atPath: report))
    }
    let json = try weir(
      "validate", "short.yaml", "--against", "embedded", "--json", "--tolerance",
      "throughput=50%")
    let document = try JSONSerialization.jsonObject(with: Data(json.output.utf8))
    let object = try #require(document as? [String: Any])
    #expect(object["schema"] as? String == "weir-validation/1")
    #expect(object["agrees"] as? Bool == true && object["exit_code"] as? Int == 0)
    let (model, real) = (object["model"] as? [String: Any], object["real"] as? [String: Any])
    let hash = model?["history_hash"] as? String
    #expect(hash != nil && hash == real?["history_hash"] as? String)
  }

  @Test func `what cannot be compared is refused before anything is run`() throws {
    let none = try weir("validate", "short.yaml")
    #expect(none.code == 64 && none.errors.contains("--against"))
    let wrong = try weir("validate", "short.yaml", "--against", "kafak")
    #expect(wrong.code == 64 && wrong.errors.contains("did you mean 'kafka'?"))
    let metric = try weir(
      "validate", "short.yaml", "--against", "embedded", "--tolerance", "latency.p98=1%")
    #expect(metric.code == 64 && metric.errors.contains("did you mean 'latency.p9"))
    let bare = try weir("validate", "short.yaml", "--against", "embedded", "--tolerance", "max")
    #expect(bare.code == 64 && bare.errors.contains("METRIC=RATIO"))
    let missing = try weir("validate", "short.yaml", "--against", "kafka")
    #expect(missing.code == 69 && missing.errors.contains("Kafka was not found"))
    let names = try FileManager.default.contentsOfDirectory(atPath: scratch.folder.path)
    #expect(names == ["short.yaml"])
  }
}
