import Bytes
import Model
import Scenarios

/// What an import did.
public struct ImportSummary: Hashable, Sendable {
  /// Rows after the header.
  public var rows: UInt64 = 0
  public var events: UInt64 = 0
  public var bad: UInt64 = 0
  /// Rows that the mapping's `where` leaves out.
  public var leftOut: UInt64 = 0
  /// Least and greatest event time; equal without events.
  public var first = Timestamp(ns: 0)
  public var last = Timestamp(ns: 0)
  /// Size of the trace; 0 when it was not written.
  public var bytes: UInt64 = 0
  /// The first bad rows of each kind, with line and column.
  public var problems: [Problem] = []

  /// `5,000 rows, 5,000 events, 0 bad; 1 h 16 min 3 s; 1.10 events/s; 19.4 KiB (3.97 B an event)`
  public var text: String {
    var text = "\(grouped(rows)) rows, \(grouped(events)) events, \(grouped(bad)) bad"
    if leftOut > 0 { text += ", \(grouped(leftOut)) left out" }
    if events == 0 { return text }
    let span = last.ns - first.ns
    text += "; \(spanText(span))"
    if span > 0 { text += "; \(threeDigits(Double(events) * 1e9 / Double(span))) events/s" }
    let each = threeDigits(Double(bytes) / Double(events))
    return text + "; \(sizeText(bytes)) (\(each) B an event)"
  }
}

/// Why there is no trace after an import.
public enum ImportError: Error, Sendable {
  /// The mapping is wrong, or does not fit the file.
  case mapping(Problems)
  /// A file cannot be read or written.
  case file(TraceError)
  /// More bad rows than allowed. The text ends with what to do about it.
  case tooManyBad(ImportSummary, String)

  /// As the command line prints it, with line ends.
  public var text: String {
    switch self {
    case .mapping(let problems): renderProblems(problems.list)
    case .file(let error): "weir: error: \(error.text)\n"
    case .tooManyBad(let summary, let text): renderProblems(summary.problems) + text
    }
  }
}

/// Turns a CSV file, plain or zstd, into a trace. Bad rows are told with line, column and reason,
/// and kept as they are in `badPath`, under the header. When more than `maximumBad` of the rows
/// (nil: as the mapping says) are bad, no trace is written. One pass, memory independent of the
/// file's size.
public func importCSV(
  path: String, mapping: ImportMapping, out: String, badPath: String, maximumBad: Ratio? = nil
) throws(ImportError) -> ImportSummary {
  let run = try fileErrors { () throws(TraceError) in
    try ImportRun(path: path, mapping: mapping, out: out, badPath: badPath)
  }
  return try run.finish(maximumBad ?? mapping.maximumBad)
}

/// The same with the text of the mapping file; `mappingFile` is its name in messages.
public func importCSV(
  path: String, mapping: [UInt8], mappingFile: String, out: String, badPath: String,
  maximumBad: Ratio? = nil
) throws(ImportError) -> ImportSummary {
  let parsed: ImportMapping
  do throws(Problems) {
    parsed = try parseImportMapping(mapping, file: mappingFile)
  } catch {
    throw .mapping(error)
  }
  return try importCSV(
    path: path, mapping: parsed, out: out, badPath: badPath, maximumBad: maximumBad)
}

private func fileErrors<T>(
  _ body: () throws(TraceError) -> T
) throws(ImportError) -> T {
  do throws(TraceError) {
    return try body()
  } catch {
    throw .file(error)
  }
}

private final class ImportRun {
  private let path: String
  private let out: String
  private let mapping: ImportMapping
  private let rows: CSVReader
  private let writer: TraceWriter
  private let stream: Int
  private var bad: BadRows
  private var summary = ImportSummary()

  init(
    path: String, mapping: ImportMapping, out: String, badPath: String
  ) throws(TraceError) {
    self.path = path
    self.out = out
    self.mapping = mapping
    rows = CSVReader(try ByteStream(path), separator: mapping.separator)
    writer = try TraceWriter(path: out, origin: mapping.origin)
    stream = writer.addStream(
      TraceStream(name: mapping.stream, schemas: [TraceSchema(id: 1, json: mapping.schema)]))
    bad = BadRows(file: path, path: badPath)
  }

  func finish(_ allowed: Ratio) throws(ImportError) -> ImportSummary {
    do throws(ImportError) {
      let converter = try readHeader()
      try fileErrors { () throws(TraceError) in try convert(converter) }
      try fileErrors { () throws(TraceError) in try bad.finish() }
      summary.problems = bad.problems
      summary.bad = bad.count
      if bad.count.multipliedFullWidth(by: UInt64(allowed.denominator))
        > summary.rows.multipliedFullWidth(by: UInt64(allowed.numerator))
      {
        throw .tooManyBad(summary, refusal(allowed))
      }
      let written = try fileErrors { () throws(TraceError) in try writer.finish() }
      summary.bytes = written.bytes
      return summary
    } catch {
      writer.discard()
      throw error
    }
  }

  private func readHeader() throws(ImportError) -> RowConverter {
    let hasHeader = try fileErrors { () throws(TraceError) in
      try rows.skipByteOrderMark()
      return try rows.advance()
    }
    if !hasHeader || rows.defect != nil {
      throw .file(
        TraceError(.request, file: path, message: "there is no header row with column names"))
    }
    bad.header = [UInt8](rows.row)
    let names = rows.fields.map { String(decoding: rows.bytes(of: $0), as: UTF8.self) }
    do throws(Problems) {
      return try RowConverter(mapping, header: names, schemaID: 1, file: path)
    } catch {
      throw .mapping(error)
    }
  }

  private func convert(_ converter: RowConverter) throws(TraceError) {
    while try rows.advance() {
      // A line without anything is no row, as long as a row has several columns.
      if rows.row.isEmpty && rows.fields.count == 1 && converter.columnCount > 1 { continue }
      summary.rows += 1
      if let (defect, at) = rows.defect {
        try bad.add(defect, at: at, rows)
        continue
      }
      if rows.fields.count == converter.columnCount && !converter.isWanted(rows) {
        summary.leftOut += 1
        continue
      }
      do throws(BadRow) {
        try converter.convert(rows, sequence: summary.events)
      } catch {
        try bad.add(error, rows)
        continue
      }
      let time = converter.eventTime
      try writer.append(
        stream: stream, source: 0, sequence: summary.events, eventTime: time,
        arrival: converter.arrival, key: converter.hasKey ? converter.key.bytes : nil,
        value: converter.value.bytes)
      let stamp = Timestamp(ns: time)
      summary.first = summary.events == 0 ? stamp : min(summary.first, stamp)
      summary.last = summary.events == 0 ? stamp : max(summary.last, stamp)
      summary.events += 1
    }
  }

  private func refusal(_ allowed: Ratio) -> String {
    var text = "weir: error: \(grouped(bad.count)) of \(grouped(summary.rows)) rows are bad, "
    text += "allowed is \(percentText(allowed)); \(out) was not written\n"
    if let hint = bad.commonHint { text += "  to fix: \(hint)\n" }
    return text
  }
}
