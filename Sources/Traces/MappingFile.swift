import Model
import Scenarios

/// Reads a mapping file. Throws all its mistakes at once, each with line and column.
/// Names of time zones are looked up in the tables of the system.
public func parseImportMapping(
  _ bytes: [UInt8], file: String
) throws(Problems) -> ImportMapping {
  let reading = parseYAML(bytes, file: file)
  let log = ProblemLog()
  for problem in reading.problems { log.add(problem) }
  guard let root = reading.root else {
    if log.isEmpty { log.add(Problem(file: file, message: "the mapping is empty")) }
    throw Problems(log.ordered())
  }
  let builder = MappingBuilder(log: log)
  let mapping = builder.build(root, isComplete: reading.isComplete)
  guard log.isEmpty, let mapping else { throw Problems(log.ordered()) }
  return mapping
}

private struct MappingBuilder {
  let log: ProblemLog

  func build(_ root: YAMLNode, isComplete: Bool) -> ImportMapping? {
    let known = [
      "stream", "origin", "separator", "missing", "max_bad", "time", "arrival", "key",
      "key_pseudonym", "source", "where", "pivot", "fields",
    ]
    guard
      let reader = MappingReader(root, path: "", known: known, isComplete: isComplete, log: log)
    else { return nil }
    reader.require("stream", hint: "write stream: payments")
    reader.require("time", hint: "write time: {column: NAME, format: iso}")
    reader.require("fields", hint: "write fields: {name: {type: long}}")
    let stream = reader.text("stream")
    let time = time("time", of: reader)
    let pivot = pivot(of: reader)
    let fields = fields(of: reader, pivot)
    guard let stream, let time, let fields else { return nil }
    let keys = key(of: reader)
    let hasKeyPseudonym = reader.truth("key_pseudonym") ?? false
    refuseShownKey(keys, fields, hasKeyPseudonym)
    return ImportMapping(
      stream: stream, origin: reader.text("origin") ?? "",
      maximumBad: reader.ratio("max_bad") ?? Ratio(1, 100),
      separator: reader.value("separator", parseSeparator) ?? UInt8(ascii: ","),
      missing: reader.texts("missing"), time: time,
      arrival: self.time("arrival", of: reader),
      key: keys, hasKeyPseudonym: hasKeyPseudonym, source: column("source", of: reader),
      filters: filters(of: reader), pivot: pivot, fields: fields)
  }

  /// A column that is masked as a field would stand in the key as it is.
  private func refuseShownKey(
    _ keys: [ImportMapping.Column], _ fields: [ImportMapping.Field], _ hasKeyPseudonym: Bool
  ) {
    if hasKeyPseudonym { return }
    for key in keys {
      let field = fields.first { $0.isPseudonym && $0.column.name == key.name }
      guard let field else { continue }
      log.add(
        key.mark,
        "key: fields.\(field.name) is a pseudonym, and the key shows its column as it is",
        hint: "write key_pseudonym: true")
    }
  }

  private func parseSeparator(_ text: String) throws(ValueRefusal) -> UInt8 {
    let named = text == "tab" ? "\t" : text
    guard named.utf8.count == 1, let byte = named.utf8.first, byte != UInt8(ascii: "\""),
      byte != 10, byte != 13
    else {
      throw ValueRefusal("\(quoted(text)) is no separator", hint: "one character, or tab")
    }
    return byte
  }

  private func column(_ key: String, of reader: MappingReader) -> ImportMapping.Column? {
    guard let name = reader.text(key), let mark = reader.entry(key)?.value.mark else { return nil }
    return ImportMapping.Column(name: name, mark: mark)
  }

  private func time(_ key: String, of reader: MappingReader) -> ImportMapping.Time? {
    guard let inner = reader.mapping(key, known: ["column", "format", "zone"]) else { return nil }
    inner.require("column")
    inner.require("format", hint: formats)
    let zone = inner.value("zone") { (text) throws(ValueRefusal) in
      if let offset = zoneOffset(text) { return Zone(first: offset) }
      do throws(ZoneError) {
        return try ZoneTables.find(text)
      } catch {
        throw ValueRefusal(
          "the zone \(quoted(text)) \(error.text)",
          hint: "write UTC, an offset such as +01:00, or a name such as Europe/London")
      }
    }
    let form = inner.value("format") { (text) throws(ValueRefusal) in
      if let form = TimeForm(text, zone: zone) { return form }
      throw ValueRefusal("\(quoted(text)) is no form of time", hint: formats)
    }
    let columns = columns("column", of: inner)
    guard !columns.isEmpty, let form else { return nil }
    return ImportMapping.Time(
      columns: columns, form: form, line: inner.entry("format")?.value.mark.line ?? inner.mark.line)
  }

  private var formats: String {
    "iso, epoch-s, epoch-ms, epoch-us, epoch-ns, or a pattern such as \"M/d/yyyy H:mm\""
  }

  private func pivot(of reader: MappingReader) -> ImportMapping.Pivot? {
    guard let inner = reader.mapping("pivot", known: ["name", "value"]) else { return nil }
    inner.require("name", hint: "the column that names what a row measures")
    inner.require("value", hint: "the column that has the value")
    guard let name = column("name", of: inner), let value = column("value", of: inner) else {
      return nil
    }
    if let source = reader.entry("source") {
      log.add(
        source.keyMark, "source: rows that pivot gathers are all of one source",
        hint: "leave one of the two out")
    }
    return ImportMapping.Pivot(name: name, value: value)
  }

  private func key(of reader: MappingReader) -> [ImportMapping.Column] {
    columns("key", of: reader)
  }

  /// The name of a column, or a list of such names.
  private func columns(_ key: String, of reader: MappingReader) -> [ImportMapping.Column] {
    guard let node = reader.entry(key)?.value else { return [] }
    let path = reader.path(of: key)
    let nodes = node.elements ?? [node]
    return nodes.compactMap { part in
      if let name = part.scalar { return ImportMapping.Column(name: name, mark: part.mark) }
      if !part.isFaulty {
        log.add(
          part.mark, "\(path): \(part.kindText) is no column",
          hint: "write \(key): NAME or \(key): [A, B]")
      }
      return nil
    }
  }

  private func filters(of reader: MappingReader) -> [ImportMapping.Filter] {
    (reader.freeMapping("where") ?? []).compactMap { entry in
      let column = ImportMapping.Column(name: entry.key, mark: entry.keyMark)
      let nodes = entry.value.elements ?? [entry.value]
      let texts = nodes.compactMap(\.scalar)
      if texts.count == nodes.count { return ImportMapping.Filter(column: column, texts: texts) }
      log.add(
        entry.value.mark, "where.\(entry.key): a text or a list of texts is wanted",
        hint: "write {\(entry.key): [a, b]}")
      return nil
    }
  }

  private func fields(
    of reader: MappingReader, _ pivot: ImportMapping.Pivot?
  ) -> [ImportMapping.Field]? {
    guard let entries = reader.freeMapping("fields") else { return nil }
    var fields: [ImportMapping.Field] = []
    for entry in entries {
      if !isAvroName(entry.key) {
        log.add(
          entry.keyMark, "\(quoted(entry.key)) is no name of a field",
          hint: "letters, digits and _, no digit first; name the column with column: NAME")
      } else if ImportMapping.identityFields.contains(entry.key) {
        log.add(
          entry.keyMark, "every record already has a field \(quoted(entry.key))",
          hint: "choose another name")
      } else if let field = field(entry, pivot) {
        if let row = field.row, let other = fields.first(where: { $0.row == row }) {
          log.add(
            entry.value.mark,
            "fields.\(entry.key).row: \(quoted(row)) is that of the field \(other.name)")
        }
        fields.append(field)
      }
    }
    return fields
  }

  private func field(
    _ entry: YAMLEntry, _ pivot: ImportMapping.Pivot?
  ) -> ImportMapping.Field? {
    let known = [
      "column", "row", "type", "scale", "unit", "optional", "pseudonym", "true", "false",
      "symbols",
    ]
    let path = "fields.\(entry.key)"
    guard let reader = MappingReader(entry.value, path: path, known: known, log: log) else {
      return nil
    }
    reader.require("type", hint: "one of int, long, decimal, double, string, boolean, enum")
    let row = row(of: reader, pivot)
    let column =
      (row == nil ? nil : pivot?.value) ?? column("column", of: reader)
      ?? ImportMapping.Column(name: entry.key, mark: entry.keyMark)
    let names = ["int", "long", "decimal", "double", "string", "boolean", "enum"]
    let scale = reader.value("scale") { (text) throws(ValueRefusal) in
      if let scale = Int(text), (0...18).contains(scale) { return scale }
      throw ValueRefusal("\(quoted(text)) is no number of decimals", hint: "0 to 18")
    }
    guard let type = reader.choice("type", among: names) else { return nil }
    refuseStray(reader, type)
    let kind: ImportMapping.FieldType
    switch type {
    case "int": kind = .int
    case "long": kind = .long
    case "double": kind = .double
    case "string": kind = .string
    case "decimal":
      reader.require("scale", hint: "how many decimals: scale: 2")
      kind = .decimal(scale ?? 0)
    case "enum":
      reader.require("symbols", hint: "write symbols: [a, b]")
      let symbols = reader.texts("symbols") ?? []
      if let node = reader.entry("symbols")?.value,
        Set(symbols).count != symbols.count || !symbols.allSatisfy(isAvroName)
      {
        log.add(node.mark, "\(path).symbols: each once, letters, digits and _, no digit first")
      }
      kind = .enumeration(symbols)
    default:
      kind = .boolean(
        whenTrue: texts("true", of: reader) ?? ["1", "true", "True", "TRUE"],
        whenFalse: texts("false", of: reader) ?? ["0", "false", "False", "FALSE"])
    }
    let isPseudonym = reader.truth("pseudonym") ?? false
    if isPseudonym && !["int", "long", "string"].contains(type),
      let mark = reader.entry("pseudonym")?.keyMark
    {
      log.add(
        mark, "\(path).pseudonym: the type \(type) cannot have one",
        hint: "only int, long and string can; leave the field out")
    }
    return ImportMapping.Field(
      name: entry.key, column: column, row: row, type: kind, unit: reader.text("unit"),
      isOptional: reader.truth("optional") ?? (row != nil), isPseudonym: isPseudonym)
  }

  /// The row that has the value of a field, where the mapping gathers rows.
  private func row(of reader: MappingReader, _ pivot: ImportMapping.Pivot?) -> String? {
    guard let entry = reader.entry("row"), let row = reader.text("row") else { return nil }
    if pivot == nil {
      log.add(
        entry.keyMark, "\(reader.path(of: "row")) means nothing without pivot",
        hint: "write pivot: {name: COLUMN, value: COLUMN}")
    }
    if let column = reader.entry("column") {
      log.add(column.keyMark, "\(reader.path(of: "column")): a field with row has none")
    }
    if let optional = reader.entry("optional"), reader.truth("optional") == false {
      log.add(
        optional.keyMark, "\(reader.path(of: "optional")): an event may lack any of its rows")
    }
    return row
  }

  /// Keys that say nothing about a type are mistakes.
  private func refuseStray(_ reader: MappingReader, _ type: String) {
    for (key, owner) in [
      ("scale", "decimal"), ("symbols", "enum"), ("true", "boolean"), ("false", "boolean"),
    ] where type != owner {
      guard let entry = reader.entry(key) else { continue }
      log.add(
        entry.keyMark, "\(reader.path(of: key)) means nothing for the type \(type)",
        hint: "it belongs to \(owner)")
    }
  }

  private func texts(_ key: String, of reader: MappingReader) -> [String]? {
    if let text = reader.entry(key)?.value.scalar { return [text] }
    return reader.texts(key)
  }
}
