import Bytes
import CShim
import History
import Model
import Scenarios

@testable import Traces

/// The parsers that read what others wrote, as functions of bytes that must neither trap nor hang,
/// whatever the bytes are. Compiled into the fuzzing program and into the test of what it found.
let fuzzedParsers: [(name: String, run: @Sendable ([UInt8]) -> Void)] = [
  ("trace", fuzzTrace), ("history", fuzzHistory), ("csv", { fuzzImport($0, csvMapping) }),
  ("json", { fuzzImport(Array("{".utf8) + $0, jsonMapping) }), ("avro", fuzzAvro),
  ("scenario", fuzzScenario), ("mapping", fuzzMapping), ("zone", fuzzZone),
]

/// A private file in memory where there is such a place.
private let scratch = "/dev/shm/weir-fuzz-\(shim_monotonic_ns())"

private func withFile(_ bytes: [UInt8], _ body: (String) -> Void) {
  let file = shim_create_file(scratch, 0)
  if file < 0 { return }
  _ = shim_write_all(file, bytes, bytes.count)
  shim_close(file)
  body(scratch)
  _ = shim_remove(scratch)
}

private let schema = """
  {"type":"record","name":"r","fields":[{"name":"source","type":"int"},
  {"name":"sequence","type":"long"},{"name":"event_time","type":"long"},
  {"name":"a","type":"long"},{"name":"b","type":"boolean"},
  {"name":"c","type":"double"},{"name":"d","type":"string"},{"name":"e","type":["null","long"]},
  {"name":"f","type":["null","string"]}]}
  """

/// First byte 0: a whole file; 1: a description; 2: an index; else the body of a block, whose
/// checksum a fuzzer could never guess, with its values put together.
@Sendable private func fuzzTrace(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let body = Array(bytes.dropFirst())
  if kind == 0 {
    return withFile(TraceFormat.magic + body) { path in
      do throws(TraceError) {
        _ = try verifyTrace(path)
        _ = try TraceReader(path: path, recovering: true)
      } catch {
        return
      }
    }
  }
  let coder = ColumnCoder(level: 1)
  do throws(DecodingError) {
    try decoding(body) { view throws(DecodingError) in
      switch kind {
      case 1: _ = try TraceDescription(view, coder.zstd)
      case 2: _ = try IndexEntry.read(view, count: UInt64(body.count / 64), at: 8, coder.zstd)
      default: try fuzzBlock(view, coder)
      }
    }
  } catch {
    return
  }
}

@Sendable private func fuzzBlock(
  _ view: UnsafeRawBufferPointer, _ coder: ColumnCoder
) throws(DecodingError) {
  var reader = ByteReader(view)
  let summary = try BlockSummary(reading: &reader)
  // A block of a million events is a matter of memory, not of parsing.
  if summary.count > 4_096 { return }
  let block = try BlockDecoder(coder).decoded(view, summary, [columnPlan(of: schema)])
  let values = TraceValues(block)
  var writer = ByteWriter()
  for _ in 0..<block.count { _ = try values.appendNext(to: &writer) }
  try values.finish()
  for event in 0..<block.count {
    _ = block.key(at: event)?.count
    _ = block.arrival(at: event)
  }
  if block.count > 0 { _ = block.capture(at: block.count - 1) }
}

extension BlockDecoder {
  fileprivate func decoded(
    _ view: UnsafeRawBufferPointer, _ summary: BlockSummary, _ plans: [ColumnPlan?]
  ) throws(DecodingError) -> TraceBlock {
    var copy = self
    return try copy.decode(view, expected: summary, ids: [3], plans: plans, wanted: .all)
  }
}

/// First byte 0: a whole file; else the entries of a block.
@Sendable private func fuzzHistory(_ bytes: [UInt8]) {
  guard let kind = bytes.first else { return }
  let body = Array(bytes.dropFirst())
  if kind == 0 {
    return withFile(Array("WEIRHIS1".utf8) + body) { path in
      do throws(HistoryError) {
        _ = try HistoryFile.read(path) { _, _, _ in true }
      } catch {
        return
      }
    }
  }
  body.withUnsafeBytes { view in
    var cursor = EntryCursor(view, firstEntry: 0, startAt: Instant(ns: 0))
    do throws(DecodingError) {
      while let kind = try cursor.next() { try cursor.skip(kind) }
    } catch {
      return
    }
  }
}

private func mapping(_ text: String) -> ImportMapping {
  do {
    return try parseImportMapping(Array(text.utf8), file: "map.yaml")
  } catch {
    preconditionFailure("\(error)")
  }
}

private let csvMapping = mapping(
  """
  stream: s
  time: {column: at, format: "M/d/yyyy H:mm", zone: "+01:00"}
  arrival: {column: sent, format: iso}
  key: [a, b]
  missing: ["", NA]
  max_bad: 1
  fields:
    a: {type: string, optional: true}
    b: {type: decimal, scale: 2, optional: true}
    c: {type: double, optional: true}
    d: {type: enum, symbols: [x, y], optional: true}
    e: {type: boolean, optional: true}
    f: {column: a, type: int, optional: true}

  """)

private let jsonMapping = mapping(
  """
  stream: s
  time: {column: at, format: epoch-ms}
  key: who.name
  max_bad: 1
  fields:
    a: {column: who.a, type: double, optional: true}
    b: {type: string, optional: true}
    c: {column: c, type: long, optional: true}

  """)

/// For CSV and JSON lines. What is imported must verify and say the same number of events.
@Sendable private func fuzzImport(_ bytes: [UInt8], _ mapping: ImportMapping) {
  withFile(bytes) { path in
    let out = path + ".trace"
    do {
      let summary = try importFile(
        path: path, mapping: mapping, out: out, badPath: out + ".bad")
      let damage = try verifyTrace(out)
      precondition(damage == nil, "an import wrote a damaged trace")
      let events = try TraceReader(path: out).eventCount
      precondition(events == summary.events, "an import told another number of events")
    } catch {
      precondition(error is ImportError || error is TraceError, "an error of another kind")
    }
    _ = shim_remove(out)
    _ = shim_remove(out + ".bad")
  }
}

/// A container; without its first four bytes.
@Sendable private func fuzzAvro(_ bytes: [UInt8]) {
  fuzzImport(Array("Obj\u{1}".utf8) + bytes, jsonMapping)
}

private let catalog = ScenarioCatalog(workloads: [
  WorkloadKindDescription(
    name: "pass-through", domain: "any", summary: "each event comes out once",
    queries: ["copy", "count"], defaultSources: 4,
    parameters: [
      ParameterDescription(
        name: "keys", type: .count(1...1_000), defaultValue: .count(9), meaning: "keys",
        origin: "assumed")
    ])
])

@Sendable private func fuzzScenario(_ bytes: [UInt8]) {
  let loaded = loadScenario(bytes: bytes, file: "f.yaml", name: "f", catalog: catalog)
  guard case .success(let scenario) = loaded else { return }
  // What is written out is read again to the same scenario.
  let again = loadScenario(
    bytes: Array(scenario.resolved.utf8), file: "f.yaml", name: "f", catalog: catalog)
  guard case .success(let other) = again else {
    preconditionFailure("the resolved file is refused")
  }
  precondition(other.resolved == scenario.resolved, "the resolved file reads otherwise")
}

@Sendable private func fuzzMapping(_ bytes: [UInt8]) {
  do {
    let mapping = try parseImportMapping(bytes, file: "map.yaml")
    precondition(columnPlan(of: mapping.schema) != nil, "a mapping without a schema")
  } catch {
    return
  }
}

@Sendable private func fuzzZone(_ bytes: [UInt8]) {
  do {
    let zone = try parseZone(Array("TZif".utf8) + bytes)
    for local: Int64 in [-5_000_000_000, 0, 1_700_000_000, 9_000_000_000] {
      guard let instant = zone.instant(ofLocal: local) else { continue }
      precondition(instant + zone.offset(at: instant) == local, "an instant of another local time")
    }
  } catch {
    return
  }
}
