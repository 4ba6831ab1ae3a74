import Scenarios

/// Why rows are refused.
extension RowConverter {
  func columnRefusal(_ row: CellRow) -> BadRow {
    BadRow(
      field: nil, kind: "columns",
      message: "\(row.count) columns where the header has \(columnCount)")
  }

  func timeRefusal(_ time: ImportMapping.Time, _ cell: Int, _ row: CellRow) -> BadRow {
    if row[cell].form == .absent {
      return BadRow(
        field: cell, kind: "time \(cell) missing", message: "\(header[cell]) is not there")
    }
    return timeRefusal(time, cell, name: header[cell], text: text(cell, row))
  }

  private func timeRefusal(
    _ time: ImportMapping.Time, _ cell: Int, name: String, text: String
  ) -> BadRow {
    let wanted: String
    switch time.form.kind {
    case .epoch: wanted = "no number of the form \(time.form.text)"
    default: wanted = "not of the form \(time.form.text)"
    }
    if let zone = time.form.zone, !zone.changes.isEmpty, time.form.skips(text) {
      return BadRow(
        field: cell, kind: "time \(cell) skipped",
        message: "\(name) \(shown(text)) is a time that the clocks of the zone skipped")
    }
    let guess = TimeForm.guess(text)
    return BadRow(
      field: cell, kind: "time \(cell)",
      message: "\(name) \(shown(text)) is \(wanted) (mapping line \(time.line))",
      hint: guess == time.form.text || guess == nil
        ? nil : "give the column's format in the mapping, here \"\(guess ?? "")\"")
  }

  /// The instant that several columns tell together.
  func joinedInstant(
    _ time: ImportMapping.Time, _ cells: [Int], _ row: CellRow
  ) throws(BadRow) -> Int64 {
    var joined: [UInt8] = []
    for (place, cell) in cells.enumerated() {
      if row[cell].form == .absent {
        throw BadRow(
          field: cell, kind: "time \(cell) missing", message: "\(header[cell]) is not there")
      }
      if place > 0 { joined.append(UInt8(ascii: " ")) }
      withText(cell, row) { joined += $0 }
    }
    if let value = joined.withUnsafeBytes({ time.form.parse($0) }) { return value }
    throw timeRefusal(
      time, cells[0], name: cells.map { header[$0] }.joined(separator: " "),
      text: String(decoding: joined, as: UTF8.self))
  }

  func refusal(of place: Int, _ row: CellRow) -> BadRow {
    let target = targets[place]
    let cell = target.cell
    let isMissing = isMissing(cell, row)
    var what = isMissing ? "has no value" : "holds an object or a list"
    if !isMissing && row[cell].form != .nested {
      what = "\(shown(text(cell, row))) is no \(name(mapping.fields[place].type))"
    }
    return BadRow(
      field: cell, kind: "value \(cell) \(isMissing)", message: "\(header[cell]) \(what)",
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
}
