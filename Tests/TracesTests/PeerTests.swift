import Foundation
import Model
import Testing
import Traces

/// A Python 3 that has the peers: that of WEIR_PYTHON, else python3; nil without.
let python: String? = {
  let name = ProcessInfo.processInfo.environment["WEIR_PYTHON"] ?? "python3"
  let peers = "import fastavro, pyarrow; from backports import zstd"
  return runPython(name, peers, []) == "" ? name : nil
}()

/// What a program prints; nil when it fails.
func runPython(_ python: String, _ program: String, _ arguments: [String]) -> String? {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [python, "-c", program] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  do {
    try process.run()
  } catch {
    return nil
  }
  let output = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return process.terminationStatus == 0 ? String(decoding: output, as: UTF8.self) : nil
}

/// What other tools read of what is exported. Avro by fastavro: AvroTests.
@Suite struct PeerTests {
  @Test(
    .enabled(
      if: python != nil,
      "no Python with fastavro, pyarrow and backports.zstd; name one in WEIR_PYTHON"))
  func `pyarrow reads what is exported as CSV and as JSON lines`() throws {
    let python = try #require(python)
    let events = randomEvents(2_000, source: 1, seed: 12, captured: false)
      .filter { $0.value.map { $0.count > 5 && $0[0] == 0 } ?? false }
    let path = try writeTrace(events, "peer.trace")
    defer { remove(path) }
    var wanted: [String] = []
    try traceLines(path) { line in
      // Some values do not decode; they have no fields to be read.
      if line.contains("\"amount\":") { wanted.append(line) }
      return true
    }
    let read = """
      import sys, pyarrow as pa, pyarrow.csv, pyarrow.json
      fields = [("amount", pa.int64()), ("level", pa.float64()), ("kind", pa.string())]
      head = [("source", pa.int64()), ("sequence", pa.int64())]
      if sys.argv[1].endswith(".csv"):
          table = pa.csv.read_csv(
              sys.argv[1], parse_options=pa.csv.ParseOptions(newlines_in_values=True),
              convert_options=pa.csv.ConvertOptions(
                  column_types=dict(head + fields), include_columns=[n for n, _ in head + fields]))
      else:
          table = pa.json.read_json(
              sys.argv[1], parse_options=pa.json.ParseOptions(
                  explicit_schema=pa.schema(head + [("value", pa.struct(fields))]),
                  unexpected_field_behavior="ignore"))
      for r in table.to_pylist():
          v = r if "amount" in r else r["value"] or {}
          if v.get("amount") is not None:
              print(r["source"], r["sequence"], v["amount"], repr(v["level"]), v["kind"])
      """
    for format in [ExportFormat.csv, .jsonl] {
      let out = temporaryPath("peer.\(format.rawValue)")
      defer { remove(out) }
      _ = try exportTrace(path, to: .file(out), format: format)
      let printed = try #require(runPython(python, read, [out])).split(separator: "\n")
      #expect(printed.count == wanted.count && printed.count > 1_000)
      for (line, text) in zip(printed, wanted) {
        let parts = line.split(separator: " ").map(String.init)
        #expect(text.contains("\"source\":\(parts[0]),\"sequence\":\(parts[1]),"))
        #expect(text.contains("\"amount\":\(parts[2]),"))
        #expect(text.contains("\"kind\":\"\(parts[4])\""))
        let level = text.firstRange(of: "\"level\":").flatMap { range in
          Double(text[range.upperBound...].prefix { $0 != "," })
        }
        #expect(level == Double(parts[3]), "\(text)")
      }
    }
  }
}
