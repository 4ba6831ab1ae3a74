import Bytes
import Model
import Scenarios

/// Why a row is no event: the field of the row that is to blame (nil: the row as a whole), what is
/// wrong, and what kind of mistake it is, the same for all rows with the like.
struct BadRow: Error, Hashable {
  var field: Int?
  var kind: String
  var message: String
  var hint: String?
}

/// Turns rows into keys and framed Avro values by a mapping. One owner; it keeps the memory of the
/// row at hand.
final class RowConverter {
  private(set) var eventTime: Int64 = 0
  private(set) var arrival: Int64?
  private(set) var hasKey = false
  private(set) var key = ByteWriter()
  private(set) var value = ByteWriter()

  /// Columns of the header.
  var columnCount: Int { header.count }

  private let mapping: ImportMapping
  private let schemaID: UInt32
  private let header: [String]
  private let time: Int
  private let arrivalColumn: Int?
  private let keys: [Int]
  private let filters: [Int]
  private let fields: [Int]
  private let missing: [[UInt8]]
  private var plain: [UInt8] = []

  /// Throws a problem in the mapping for every column that the file does not have.
  init(_ mapping: ImportMapping, header: [String], schemaID: UInt32, file: String) throws(Problems)
  {
    self.mapping = mapping
    self.header = header
    self.schemaID = schemaID
    missing = mapping.missing.map { Array($0.utf8) }
    let log = ProblemLog()
    func find(_ column: ImportMapping.Column) -> Int {
      let places = header.indices.filter { header[$0] == column.name }
      if places.count == 1 { return places[0] }
      let near = nearestName(to: column.name, in: header)
      log.add(
        column.mark,
        places.isEmpty
          ? "\(file) has no column \(quoted(column.name))"
          : "\(file) has \(places.count) columns \(quoted(column.name))",
        hint: near.map { "did you mean '\($0)'?" } ?? "it has \(header.joined(separator: ", "))")
      return 0
    }
    time = find(mapping.time.column)
    arrivalColumn = mapping.arrival.map { find($0.column) }
    keys = mapping.key.map(find)
    filters = mapping.filters.map { find($0.column) }
    fields = mapping.fields.map { find($0.column) }
    if !log.isEmpty { throw Problems(log.ordered()) }
  }

  /// Whether the row at hand is one of those that the mapping wants.
  func isWanted(_ row: CSVReader) -> Bool {
    for (place, filter) in zip(filters, mapping.filters) {
      let matches = withText(place, row) { bytes in
        filter.texts.contains { bytes.elementsEqual($0.utf8) }
      }
      if !matches { return false }
    }
    return true
  }

  /// Converts the row at hand; `sequence` is that of the event it becomes.
  func convert(_ row: CSVReader, sequence: UInt64) throws(BadRow) {
    if row.fields.count != header.count {
      throw BadRow(
        field: nil, kind: "columns",
        message: "\(row.fields.count) columns where the header has \(header.count)")
    }
    eventTime = try instant(mapping.time, time, row)
    arrival = nil
    if let arrivalColumn, let form = mapping.arrival, !isMissing(arrivalColumn, row) {
      arrival = try instant(form, arrivalColumn, row)
    }
    makeKey(row)
    value.removeAll()
    value.byte(0)
    value.word32(schemaID.byteSwapped)
    value.signed(0)
    value.signed(Int64(bitPattern: sequence))
    value.signed(floorDivide(eventTime, mapping.isFine ? 1_000 : 1_000_000))
    for (place, field) in zip(fields, mapping.fields) { try add(field, place, row) }
  }

  /// Parts of a key are joined by `|`; a key with no part that has a text is no key.
  private func makeKey(_ row: CSVReader) {
    key.removeAll()
    hasKey = false
    for (index, place) in keys.enumerated() {
      if index > 0 { key.byte(UInt8(ascii: "|")) }
      if isMissing(place, row) { continue }
      hasKey = true
      withText(place, row) { key.append($0) }
    }
  }

  /// The text of a field, doubled quotes made single; the bytes are valid within the closure.
  @discardableResult
  private func withText<T>(
    _ place: Int, _ row: CSVReader, _ body: (UnsafeRawBufferPointer) -> T
  ) -> T {
    let field = row.fields[place]
    let bytes = row.bytes(of: field)
    if !field.isEscaped { return body(bytes) }
    plain.removeAll(keepingCapacity: true)
    var at = 0
    while at < bytes.count {
      plain.append(bytes[at])
      at += bytes[at] == UInt8(ascii: "\"") ? 2 : 1
    }
    return plain.withUnsafeBytes { body($0) }
  }

  private func text(_ place: Int, _ row: CSVReader) -> String {
    withText(place, row) { String(decoding: $0, as: UTF8.self) }
  }

  private func isMissing(_ place: Int, _ row: CSVReader) -> Bool {
    if missing.isEmpty { return false }
    return withText(place, row) { bytes in
      missing.contains { $0.count == bytes.count && bytes.elementsEqual($0) }
    }
  }

  private func instant(
    _ time: ImportMapping.Time, _ place: Int, _ row: CSVReader
  ) throws(BadRow) -> Int64 {
    if let value = withText(place, row, { time.form.parse($0) }) { return value }
    let text = text(place, row)
    let wanted: String
    switch time.form.kind {
    case .epoch: wanted = "no number of the form \(time.form.text)"
    default: wanted = "not of the form \(time.form.text)"
    }
    let guess = TimeForm.guess(text)
    throw BadRow(
      field: place, kind: "time \(place)",
      message: "\(header[place]) \(quoted(text)) is \(wanted) (mapping line \(time.line))",
      hint: guess == time.form.text || guess == nil
        ? nil : "give the column's format in the mapping, here \"\(guess ?? "")\"")
  }

  private func add(
    _ field: ImportMapping.Field, _ place: Int, _ row: CSVReader
  ) throws(BadRow) {
    let isMissing = isMissing(place, row)
    if field.isOptional {
      value.signed(isMissing ? 0 : 1)
      if isMissing { return }
    }
    let isFine: Bool
    switch field.type {
    case .int: isFine = integer(place, row, within: Int64(Int32.min)...Int64(Int32.max))
    case .long: isFine = integer(place, row, within: .min ... .max)
    case .decimal(let scale):
      let number = withText(place, row) { decimalNumber($0, scale: scale) }
      if let number { value.signed(number) }
      isFine = number != nil
    case .double: isFine = double(place, row)
    case .string: isFine = string(place, row)
    case .boolean(let yes, let no):
      let isTrue = withText(place, row) { bytes in
        yes.contains { bytes.elementsEqual($0.utf8) }
          ? true : no.contains { bytes.elementsEqual($0.utf8) } ? false : nil
      }
      if let isTrue { value.byte(isTrue ? 1 : 0) }
      isFine = isTrue != nil
    case .enumeration(let symbols):
      let index = withText(place, row) { bytes in
        symbols.firstIndex { bytes.elementsEqual($0.utf8) }
      }
      if let index { value.signed(Int64(index)) }
      isFine = index != nil
    }
    if isFine { return }
    let what = isMissing ? "has no value" : "\(quoted(text(place, row))) is no \(name(field.type))"
    throw BadRow(
      field: place, kind: "value \(place) \(isMissing)", message: "\(header[place]) \(what)",
      hint: isMissing ? "give the field optional: true in the mapping to allow it" : nil)
  }

  private func name(_ type: ImportMapping.FieldType) -> String {
    switch type {
    case .int: "int"
    case .long: "long"
    case .decimal(let scale): "decimal of at most \(scale) decimals"
    case .double: "number"
    case .string: "UTF-8 text"
    case .boolean: "boolean"
    case .enumeration: "symbol of the mapping"
    }
  }

  private func integer(_ place: Int, _ row: CSVReader, within range: ClosedRange<Int64>) -> Bool {
    guard let number = withText(place, row, { decimalNumber($0, scale: 0) }),
      range.contains(number)
    else { return false }
    value.signed(number)
    return true
  }

  private func double(_ place: Int, _ row: CSVReader) -> Bool {
    let text = text(place, row)
    let isNumber = text.utf8.allSatisfy { "+-.eE0123456789".utf8.contains($0) }
    guard isNumber, let number = Double(text), number.isFinite else { return false }
    value.word(number.bitPattern)
    return true
  }

  private func string(_ place: Int, _ row: CSVReader) -> Bool {
    withText(place, row) { bytes in
      if !isText(bytes) { return false }
      value.signed(Int64(bytes.count))
      value.append(bytes)
      return true
    }
  }
}

/// A decimal number as a whole number of 10^-scale; nil when it is none, does not fit, or has more
/// decimals that are not zero.
func decimalNumber(_ bytes: UnsafeRawBufferPointer, scale: Int) -> Int64? {
  var at = 0
  var isNegative = false
  if at < bytes.count, bytes[at] == UInt8(ascii: "-") || bytes[at] == UInt8(ascii: "+") {
    isNegative = bytes[at] == UInt8(ascii: "-")
    at += 1
  }
  var number: Int64 = 0
  var digits = 0
  var decimals = -1
  while at < bytes.count {
    let byte = bytes[at]
    at += 1
    if byte == UInt8(ascii: ".") && decimals < 0 && scale > 0 {
      decimals = 0
      continue
    }
    let digit = byte &- 0x30
    if digit > 9 { return nil }
    digits += 1
    if decimals >= scale {
      if digit != 0 { return nil }
      continue
    }
    if decimals >= 0 { decimals += 1 }
    let (tenfold, a) = number.multipliedReportingOverflow(by: 10)
    let (next, b) =
      isNegative
      ? tenfold.subtractingReportingOverflow(Int64(digit))
      : tenfold.addingReportingOverflow(Int64(digit))
    if a || b { return nil }
    number = next
  }
  if digits == 0 { return nil }
  for _ in max(decimals, 0)..<max(scale, decimals, 0) {
    let (tenfold, overflow) = number.multipliedReportingOverflow(by: 10)
    if overflow { return nil }
    number = tenfold
  }
  return number
}

/// Rounded down, also below zero.
func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
  let quotient = number / divisor
  return number % divisor < 0 ? quotient - 1 : quotient
}
