import Model
import Scenarios

/// What an exported file is written as.
public enum ExportFormat: String, CaseIterable, Sendable {
  /// A header row, then a row per event: stream, source, sequence, event_time, arrival_time, key,
  /// and the fields of the value. RFC 4180.
  case csv
  /// The lines of `traceLines`.
  case jsonl
  /// An Avro object container file, codec zstandard; `docs/trace-format.md` has its schema.
  case avro

  /// Nothing that a terminal should be shown.
  public var isBinary: Bool { self == .avro }
}

/// Where an export goes.
public enum ExportTarget: Hashable, Sendable {
  /// A file, which gets its name when it is whole.
  case file(String)
  case standardOutput
}

/// Writes the events of a trace, or of one of its streams, in another format; how many. CSV and
/// Avro need one stream with one schema. In CSV a value that did not decode stands in hexadecimal
/// digits in a last column `value_bytes`.
public func exportTrace(
  _ path: String, to target: ExportTarget, format: ExportFormat, stream: String? = nil
) throws(TraceError) -> UInt64 {
  let reader = try TraceReader(path: path)
  let table = format == .csv ? try CSVTable(reader, stream: stream) : nil
  let container = format == .avro ? try AvroTable(reader, stream: stream) : nil
  let partial: PartialFile
  switch target {
  case .file(let out): partial = try PartialFile(out)
  case .standardOutput: partial = PartialFile(standardOutput: ())
  }
  if let container {
    let count = try container.write(to: partial)
    try partial.finish()
    return count
  }
  let file = TextFile(partial)
  var count: UInt64 = 0
  if let table {
    _ = file.add(table.header)
    var merge = try LaneMerge(reader, stream: stream, columns: .all, from: .beginning)
    while let (lane, event) = try merge.next() {
      let value = try lane.value(of: event, in: reader)
      count += 1
      if !file.add(table.row(lane.block, event, value: value)) { break }
    }
  } else {
    try traceLines(path, stream: stream) { line in
      count += 1
      return file.add(line + "\n")
    }
  }
  try file.finish()
  return count
}

/// Text on its way into a file; remembers the first failure.
private final class TextFile {
  private let file: PartialFile
  private var waiting: [UInt8] = []
  private var failure: TraceError?

  init(_ file: PartialFile) { self.file = file }

  /// False when the file cannot be written any more.
  func add(_ text: String) -> Bool {
    waiting += text.utf8
    if waiting.count >= 1 << 16 { flush() }
    return failure == nil
  }

  private func flush() {
    waiting.withUnsafeBytes { view in
      do throws(TraceError) {
        try file.write(view)
      } catch {
        failure = failure ?? error
      }
    }
    waiting.removeAll(keepingCapacity: true)
  }

  func finish() throws(TraceError) {
    flush()
    if let failure { throw failure }
    try file.finish()
  }
}

/// The rows of one stream with one schema.
private struct CSVTable {
  let reader: TraceReader
  private let name: String
  private let plan: ColumnPlan?
  /// Fields of the value that do not repeat the identity.
  private let fields: [Int]
  private let hasBytes: Bool

  init(_ reader: TraceReader, stream: String?) throws(TraceError) {
    self.reader = reader
    let number = try reader.onlyStream(stream, for: "CSV")
    let streams = reader.description.streams
    name = streams[number].name
    plan = reader.plans[number].first ?? nil
    let identity = ["source", "sequence", "event_time"]
    let names = plan.map { $0.names[$0.root] } ?? []
    fields = names.indices.filter { !identity.contains(names[$0]) }
    hasBytes = reader.blocks.contains {
      $0.summary.stream == number && $0.summary.undecodable > 0
    }
  }

  var header: String {
    let names = plan.map { $0.names[$0.root] } ?? []
    var columns = ["stream", "source", "sequence", "event_time", "arrival_time", "key"]
    columns += fields.map { names[$0] }
    if hasBytes { columns.append("value_bytes") }
    return columns.map(csvText).joined(separator: ",") + "\n"
  }

  func row(_ block: TraceBlock, _ event: Int, value: [UInt8]?) -> String {
    let arrival = block.arrival(at: event).map { formatInstant(Timestamp(ns: $0)) } ?? ""
    let key = block.key(at: event).map { bytes in
      String(validating: bytes, as: UTF8.self) ?? bytesText(bytes)
    }
    var cells = [
      name, String(block.summary.source), String(block.sequence(at: event)),
      formatInstant(Timestamp(ns: block.eventTime(at: event))), arrival, key ?? "",
    ]
    var texts: [String]?
    if let value, let plan, block.schema(at: event) != nil {
      texts = value.withUnsafeBytes { bytes in
        AvroText(plan: plan, identity: block.identity(at: event), isPlain: true)
          .fields(UnsafeRawBufferPointer(rebasing: bytes[5...]))
      }
    }
    for field in fields { cells.append(texts?[field] ?? "") }
    if hasBytes { cells.append(texts == nil ? (value ?? []).map(hexByte).joined() : "") }
    return cells.map(csvText).joined(separator: ",") + "\n"
  }
}

/// A cell, in quotes where it needs them.
func csvText(_ text: String) -> String {
  let needsQuotes = text.utf8.contains { byte in
    byte == UInt8(ascii: ",") || byte == UInt8(ascii: "\"") || byte == 10 || byte == 13
  }
  if !needsQuotes { return text }
  var out = "\""
  for character in text.unicodeScalars {
    if character == "\"" { out += "\"" }
    out.unicodeScalars.append(character)
  }
  return out + "\""
}
