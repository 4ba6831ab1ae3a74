import Bytes
import Model
import Scenarios

/// What an import did.
public struct ImportSummary: Hashable, Sendable {
  /// Rows after the header of CSV; lines of JSON lines; records of Avro.
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

/// Turns CSV, JSON lines or an Avro container, plain or zstd, into a trace; the first bytes tell
/// what it is. Bad rows are told with line, column and reason, and kept as they are in `badPath`,
/// of CSV under the header. When more than `maximumBad` of the rows (nil: as the mapping says) are
/// bad, no trace is written. A mapping with pseudonyms needs their key; its bad rows are told and
/// counted, without a word of what is in them, and not kept. One pass, memory independent of the
/// file's size.
public func importFile(
  path: String, mapping: ImportMapping, out: String, badPath: String, maximumBad: Ratio? = nil,
  pseudonyms: PseudonymKey? = nil
) throws(ImportError) -> ImportSummary {
  let run = try fileErrors { () throws(TraceError) in
    if mapping.isMasked && pseudonyms == nil {
      throw TraceError(.request, file: path, message: "the pseudonyms of the mapping need a key")
    }
    return try ImportRun(
      path: path, mapping: mapping, out: out, badPath: badPath, pseudonyms: pseudonyms)
  }
  return try run.finish(maximumBad ?? mapping.maximumBad)
}

/// The same with the text of the mapping file; `mappingFile` is its name in messages.
public func importFile(
  path: String, mapping: [UInt8], mappingFile: String, out: String, badPath: String,
  maximumBad: Ratio? = nil, pseudonyms: PseudonymKey? = nil
) throws(ImportError) -> ImportSummary {
  let parsed: ImportMapping
  do throws(Problems) {
    parsed = try parseImportMapping(mapping, file: mappingFile)
  } catch {
    throw .mapping(error)
  }
  return try importFile(
    path: path, mapping: parsed, out: out, badPath: badPath, maximumBad: maximumBad,
    pseudonyms: pseudonyms)
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
  private let stream: ByteStream
  private let writer: TraceWriter
  private let number: Int
  private var bad: BadRows
  private let pseudonyms: PseudonymKey?
  private var summary = ImportSummary()
  private var names: [String] = []
  private var missing: [String] = []
  private var lanes: [Lane] = []
  /// The lane of each text that tells a source.
  private var places: [[UInt8]: Int] = [:]
  /// Why the row at hand is no event.
  private var refused: BadRow?
  /// Each has columns of its own in memory.
  private static let mostSources = 4_096

  private struct Lane {
    let converter: RowConverter
    /// The next sequence.
    var events: UInt64 = 0
  }

  init(
    path: String, mapping: ImportMapping, out: String, badPath: String,
    pseudonyms: PseudonymKey?
  ) throws(TraceError) {
    self.pseudonyms = pseudonyms
    self.path = path
    self.out = out
    self.mapping = mapping
    stream = try ByteStream(path)
    writer = try TraceWriter(path: out, origin: mapping.origin)
    number = writer.addStream(
      TraceStream(name: mapping.stream, schemas: [TraceSchema(id: 1, json: mapping.schema)]))
    bad = BadRows(file: path, path: badPath, keepsRows: !mapping.isMasked)
  }

  func finish(_ allowed: Ratio) throws(ImportError) -> ImportSummary {
    do throws(ImportError) {
      try convert()
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

  /// Finds out what the file is, and reads it as such.
  private func convert() throws(ImportError) {
    let start = try fileErrors { () throws(TraceError) in try stream.peek() }
    let first = start.first { $0 != 0x20 && $0 != 0x09 && $0 != 0x0A && $0 != 0x0D }
    if start.starts(with: "Obj\u{1}".utf8) {
      try begin(mapping.columnNames, missing: mapping.missing ?? [])
      let rows = try fileErrors { () throws(TraceError) in
        try AvroRowReader(stream, path: path, columns: mapping.columnNames)
      }
      try convert(rows)
    } else if first == UInt8(ascii: "{") {
      try begin(mapping.columnNames, missing: mapping.missing ?? [])
      try convert(JSONLinesReader(stream, path: path, columns: mapping.columnNames))
    } else {
      let rows = CSVReader(stream, separator: mapping.separator)
      try begin(try readHeader(rows), missing: mapping.missing ?? [""])
      try convert(rows)
    }
  }

  /// Knows the columns from here on; source 0 is there.
  private func begin(_ names: [String], missing: [String]) throws(ImportError) {
    (self.names, self.missing) = (names, missing)
    try addLane()
  }

  private func addLane() throws(ImportError) {
    let source = UInt32(lanes.count)
    let columns = try fileErrors { () throws(TraceError) in
      if lanes.count >= Self.mostSources {
        throw TraceError(
          .request, file: path,
          message: "more than \(Self.mostSources) sources; take a column of fewer")
      }
      return try writer.columns(stream: number, source: source)
    }
    do throws(Problems) {
      let converter = try RowConverter(
        mapping, header: names, missing: missing, columns: columns, file: path, source: source,
        pseudonyms: pseudonyms)
      lanes.append(Lane(converter: converter))
    } catch {
      throw .mapping(error)
    }
  }

  /// Which source the row at hand is of, in the order in which they come first.
  private func lane(of row: CellRow) throws(ImportError) -> Int? {
    let text: [UInt8]?
    do throws(BadRow) {
      text = try lanes[0].converter.sourceText(row)
    } catch {
      refused = error
      return nil
    }
    guard let text else { return 0 }
    if let known = places[text] { return known }
    let place = places.count
    if place == lanes.count { try addLane() }
    places[text] = place
    return place
  }

  private func readHeader(_ rows: CSVReader) throws(ImportError) -> [String] {
    let hasHeader = try fileErrors { () throws(TraceError) in
      try rows.skipByteOrderMark()
      return try rows.advance()
    }
    if !hasHeader || rows.defect != nil {
      throw .file(
        TraceError(.request, file: path, message: "there is no header row with column names"))
    }
    bad.header = [UInt8](rows.row)
    return (0..<rows.cells.count).map { String(decoding: rows.cells.bytes($0), as: UTF8.self) }
  }

  private func convert(_ rows: some RowReader) throws(ImportError) {
    let columnCount = lanes[0].converter.columnCount
    let groups = RowGroups(lanes[0].converter)
    while try fileErrors({ () throws(TraceError) in try rows.advance() }) {
      let cells = rows.cells
      // A line without anything is no row, as long as a row has several columns.
      if cells.count == 1 && columnCount > 1 && rows.row.isEmpty { continue }
      summary.rows += 1
      if let defect = rows.defect {
        try fileErrors { () throws(TraceError) in try bad.add(defect, rows) }
        continue
      }
      if cells.count == columnCount && !lanes[0].converter.isWanted(cells) {
        summary.leftOut += 1
        continue
      }
      if let groups {
        try fileErrors { () throws(TraceError) in try gather(groups, rows) }
        continue
      }
      let lane = mapping.source == nil ? 0 : try lane(of: cells)
      if let lane { convert(cells, lane) }
      try fileErrors { () throws(TraceError) in
        if let reason = refused {
          refused = nil
          try bad.add(reason, rows)
        } else if let lane {
          try write(lane)
        }
      }
    }
    if let groups { try fileErrors { () throws(TraceError) in try take(groups) } }
  }

  /// Adds a row to the event that is open, or begins another.
  private func gather(_ groups: RowGroups, _ rows: some RowReader) throws(TraceError) {
    let step: RowGroups.Step
    do throws(BadRow) {
      step = try groups.read(rows.cells)
    } catch {
      return try bad.add(error, rows)
    }
    if case .leftOut = step {
      summary.leftOut += 1
      return
    }
    if case .begins = step { try take(groups) }
    do throws(BadRow) {
      try groups.add(rows.cells, step, sequence: summary.events)
    } catch {
      try bad.add(error, rows)
    }
  }

  /// Completes the event that is open, if there is one.
  private func take(_ groups: RowGroups) throws(TraceError) {
    if !groups.isOpen { return }
    groups.close()
    let payloadBytes = groups.payloadBytes
    guard let key = groups.key else {
      return try write(
        0, eventTime: groups.eventTime, arrival: groups.arrival, key: nil,
        payloadBytes: payloadBytes)
    }
    let failure: TraceError? = key.withUnsafeBytes { view in
      do throws(TraceError) {
        try write(
          0, eventTime: groups.eventTime, arrival: groups.arrival, key: view,
          payloadBytes: payloadBytes)
        return nil
      } catch {
        return error
      }
    }
    if let failure { throw failure }
  }

  private func convert(_ cells: CellRow, _ lane: Int) {
    do throws(BadRow) {
      try lanes[lane].converter.convert(cells, sequence: lanes[lane].events)
    } catch {
      refused = error
    }
  }

  private func write(_ lane: Int) throws(TraceError) {
    let converter = lanes[lane].converter
    try write(
      lane, eventTime: converter.eventTime, arrival: converter.arrival,
      key: converter.hasKey ? converter.key : nil, payloadBytes: converter.payloadBytes)
  }

  /// Writes an event whose value is in the columns.
  private func write(
    _ lane: Int, eventTime: Int64, arrival: Int64?, key: UnsafeRawBufferPointer?,
    payloadBytes: Int
  ) throws(TraceError) {
    try writer.appendTaken(
      stream: number, source: UInt32(lane), sequence: lanes[lane].events, eventTime: eventTime,
      arrival: arrival, key: key, payloadBytes: payloadBytes)
    let stamp = Timestamp(ns: eventTime)
    summary.first = summary.events == 0 ? stamp : min(summary.first, stamp)
    summary.last = summary.events == 0 ? stamp : max(summary.last, stamp)
    summary.events += 1
    lanes[lane].events += 1
  }

  private func refusal(_ allowed: Ratio) -> String {
    var text = "weir: error: \(grouped(bad.count)) of \(grouped(summary.rows)) rows are bad, "
    text += "allowed is \(percentText(allowed)); \(out) was not written\n"
    if let hint = bad.commonHint { text += "  to fix: \(hint)\n" }
    return text
  }
}
