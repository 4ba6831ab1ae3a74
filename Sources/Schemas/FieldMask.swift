import Bytes

/// What becomes of a field when a record is masked.
public enum FieldFate: Hashable, Sendable {
  case keep
  case drop
  /// A keyed pseudonym takes its place.
  case pseudonym
}

/// Takes fields out of Avro records of one schema and puts pseudonyms in place of others, without
/// decoding more than it must.
///
/// A pseudonym has a type of its own: a long for int and long, a string of 32 hexadecimal digits
/// for string and enum, 16 bytes for bytes and fixed; a union of null and one of these keeps its
/// null. Fields of records inside of fields are kept or dropped as a whole.
public struct FieldMask: Sendable {
  /// What the masked records are encoded under.
  public let schema: Schema
  /// How many fields of the schema have each fate.
  public let counts: (kept: Int, pseudonyms: Int, dropped: Int)
  private let source: Schema
  private let fields: [Field]

  private struct Field {
    var type: SchemaType
    var fate: FieldFate
    /// The times of events are taken from it: nanoseconds in its unit.
    var timeUnit: Int64?
  }

  /// `timeField` is a long, in milliseconds unless a logical type says microseconds or nanoseconds.
  /// Throws when the schema is no record, has not that field, or a field cannot have a pseudonym.
  public init(
    _ source: Schema, timeField: String? = nil, fate: (String) -> FieldFate
  ) throws(SchemaError) {
    guard case .named(let place) = source.root,
      case .record(let list) = source.definitions[place].shape
    else { throw SchemaError("the schema is not a record") }
    self.source = source
    var fields: [Field] = []
    var masked: [SchemaField] = []
    for field in list {
      var mine = Field(type: field.type, fate: fate(field.name))
      if field.name == timeField { mine.timeUnit = try Self.unit(of: field) }
      fields.append(mine)
      if mine.fate == .drop { continue }
      var shown = field
      if mine.fate == .pseudonym {
        shown.type = try Self.pseudonymType(field.type, of: field.name, source)
        shown.defaultValue = nil
      }
      masked.append(shown)
    }
    if let timeField, !list.contains(where: { $0.name == timeField }) {
      throw SchemaError("there is no field \(timeField) to take the time from")
    }
    self.fields = fields
    var schema = source
    schema.definitions[place].shape = .record(masked)
    self.schema = schema
    counts = (
      fields.filter { $0.fate == .keep }.count, fields.filter { $0.fate == .pseudonym }.count,
      fields.filter { $0.fate == .drop }.count
    )
  }

  /// Names of the fields of a record schema; empty for another one.
  public static func fieldNames(of schema: Schema) -> [String] {
    guard case .named(let place) = schema.root,
      case .record(let list) = schema.definitions[place].shape
    else { return [] }
    return list.map(\.name)
  }

  private static func unit(of field: SchemaField) throws(SchemaError) -> Int64 {
    guard case .primitive(.long, let attributes) = field.type else {
      throw SchemaError("the field \(field.name) is no long, and so no time")
    }
    let logical = attributes.first { $0.name == "logicalType" }?.value.text ?? ""
    if logical.hasSuffix("micros") { return 1_000 }
    return logical.hasSuffix("nanos") ? 1 : 1_000_000
  }

  private static func pseudonymType(
    _ type: SchemaType, of field: String, _ schema: Schema
  ) throws(SchemaError) -> SchemaType {
    switch type {
    case .primitive(.int, _), .primitive(.long, _): return .primitive(.long, attributes: [])
    case .primitive(.string, _): return .primitive(.string, attributes: [])
    case .primitive(.bytes, _): return .primitive(.bytes, attributes: [])
    case .named(let place):
      switch schema.definitions[place].shape {
      case .enumeration: return .primitive(.string, attributes: [])
      case .fixed: return .primitive(.bytes, attributes: [])
      case .record: break
      }
    case .union(let branches):
      guard branches.count == 2, branches.contains(where: isNull) else { break }
      var shown: [SchemaType] = []
      for branch in branches {
        shown.append(isNull(branch) ? branch : try pseudonymType(branch, of: field, schema))
      }
      return .union(shown)
    default: break
    }
    throw SchemaError(
      "the field \(field) cannot have a pseudonym: only int, long, string, bytes, fixed and enum")
  }

  private static func isNull(_ type: SchemaType) -> Bool {
    if case .primitive(.null, _) = type { return true }
    return false
  }

  /// Writes the masked record of an encoded one, and returns its time in nanoseconds since 1970 if
  /// a field has it. Throws when the bytes are no record of the schema, or more than one; what was
  /// written then is worthless.
  public func apply(
    to record: UnsafeRawBufferPointer, key: PseudonymKey?, into writer: inout ByteWriter
  ) throws(DecodingError) -> Int64? {
    var walker = AvroWalker(record, source)
    var time: Int64?
    for field in fields {
      let start = walker.position
      switch field.fate {
      case .pseudonym:
        guard let key else { throw .malformed("a pseudonym without a key", at: start) }
        try walker.replace(field.type, key, into: &writer)
      case .keep, .drop: try walker.skip(field.type)
      }
      if let unit = field.timeUnit {
        var reader = ByteReader(UnsafeRawBufferPointer(rebasing: record[start...]))
        let (value, overflow) = try reader.signed().multipliedReportingOverflow(by: unit)
        if overflow { throw .malformed("a time beyond 292 years", at: start) }
        time = value
      }
      if field.fate == .keep {
        writer.append(UnsafeRawBufferPointer(rebasing: record[start..<walker.position]))
      }
    }
    if walker.position != record.count {
      throw .malformed("bytes after the record", at: walker.position)
    }
    return time
  }
}

/// Walks over encoded values of a schema.
private struct AvroWalker: ~Copyable {
  private let schema: Schema
  private var reader: ByteReader
  private static let depthLimit = 64

  init(_ bytes: UnsafeRawBufferPointer, _ schema: Schema) {
    self.schema = schema
    reader = ByteReader(bytes)
  }

  var position: Int { reader.position }

  mutating func skip(_ type: SchemaType, depth: Int = 0) throws(DecodingError) {
    if depth > Self.depthLimit {
      throw .malformed("nesting beyond \(Self.depthLimit)", at: position)
    }
    switch type {
    case .primitive(let primitive, _): try skip(primitive)
    case .array(let items, _):
      try skipBlocks { (walker: inout AvroWalker) throws(DecodingError) in
        try walker.skip(items, depth: depth + 1)
      }
    case .map(let values, _):
      try skipBlocks { (walker: inout AvroWalker) throws(DecodingError) in
        try walker.skip(.string)
        try walker.skip(values, depth: depth + 1)
      }
    case .union(let branches):
      try skip(branches[try index(below: branches.count)], depth: depth + 1)
    case .named(let place):
      switch schema.definitions[place].shape {
      case .record(let fields):
        for field in fields { try skip(field.type, depth: depth + 1) }
      case .enumeration(let symbols, _): _ = try index(below: symbols.count)
      case .fixed(let size): _ = try reader.take(size)
      }
    }
  }

  private mutating func skip(_ primitive: SchemaPrimitive) throws(DecodingError) {
    switch primitive {
    case .null: return
    case .boolean:
      if try reader.byte() > 1 { throw .malformed("a boolean above 1", at: position) }
    case .int:
      if Int32(exactly: try reader.signed()) == nil {
        throw .malformed("an int beyond 32 bits", at: position)
      }
    case .long: _ = try reader.signed()
    case .float: _ = try reader.take(4)
    case .double: _ = try reader.take(8)
    case .bytes, .string: _ = try span()
    }
  }

  private mutating func skipBlocks(
    _ element: (inout AvroWalker) throws(DecodingError) -> Void
  ) throws(DecodingError) {
    while true {
      var count = try reader.signed()
      if count == 0 { return }
      if count < 0 {
        if count == .min { throw .malformed("a block of that many", at: position) }
        count = -count
        _ = try reader.signed()
      }
      // Elements may have no bytes (null), so the bytes do not bound them.
      if count > 1 << 24 { throw .malformed("a block of \(count) elements", at: position) }
      for _ in 0..<count { try element(&self) }
    }
  }

  private mutating func index(below limit: Int) throws(DecodingError) -> Int {
    let at = position
    let value = try reader.signed()
    if value < 0 || value >= Int64(limit) { throw .malformed("an index of \(value)", at: at) }
    return Int(value)
  }

  private mutating func span() throws(DecodingError) -> UnsafeRawBufferPointer {
    let at = position
    let count = try reader.signed()
    if count < 0 || count > Int64(reader.remaining) {
      throw .malformed("a length of \(count)", at: at)
    }
    return try reader.take(Int(count))
  }

  /// Passes a value and writes its pseudonym.
  mutating func replace(
    _ type: SchemaType, _ key: PseudonymKey, into writer: inout ByteWriter
  ) throws(DecodingError) {
    switch type {
    case .primitive(.int, _), .primitive(.long, _):
      let start = reader.position
      let value = try reader.signed()
      if case .primitive(.int, _) = type, Int32(exactly: value) == nil {
        throw .malformed("an int beyond 32 bits", at: start)
      }
      writer.signed(key.number(for: Array(String(value).utf8)))
    case .primitive(.string, _): write(key.text(for: Array(try span())), into: &writer)
    case .primitive(.bytes, _): write(key.bytes(for: Array(try span())), into: &writer)
    case .union(let branches):
      let branch = try index(below: branches.count)
      writer.signed(Int64(branch))
      if case .primitive(.null, _) = branches[branch] { return }
      try replace(branches[branch], key, into: &writer)
    case .named(let place):
      switch schema.definitions[place].shape {
      case .enumeration(let symbols, _):
        let symbol = symbols[try index(below: symbols.count)]
        write(key.text(for: Array(symbol.utf8)), into: &writer)
      case .fixed(let size): write(key.bytes(for: Array(try reader.take(size))), into: &writer)
      case .record: preconditionFailure("a record has no pseudonym; the mask was refused")
      }
    default: preconditionFailure("no pseudonym for this type; the mask was refused")
    }
  }

  private func write(_ bytes: [UInt8], into writer: inout ByteWriter) {
    writer.signed(Int64(bytes.count))
    writer.append(bytes)
  }
}

/// The text of a JSON object without what is dropped, and with pseudonyms in place of texts and
/// whole numbers; other values cannot have one and are dropped. Nil when the bytes are no object.
public func maskedJSON(
  _ bytes: UnsafeRawBufferPointer, key: PseudonymKey?, fate: (String) -> FieldFate
) -> String? {
  guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
  do throws(SchemaError) {
    guard case .object(let members) = try JSONParser.parse(text) else { return nil }
    var kept: [JSONValue.Member] = []
    for member in members {
      switch fate(member.name) {
      case .keep: kept.append(member)
      case .drop: continue
      case .pseudonym:
        guard let key, let value = pseudonym(of: member.value, key) else { continue }
        kept.append(JSONValue.Member(name: member.name, value: value))
      }
    }
    return JSONValue.object(kept).text(sorted: false)
  } catch {
    return nil
  }
}

private func pseudonym(of value: JSONValue, _ key: PseudonymKey) -> JSONValue? {
  switch value {
  case .null: return .null
  case .string(let text):
    return .string(String(decoding: key.text(for: Array(text.utf8)), as: UTF8.self))
  case .number(let text) where text.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2d }):
    return .number(String(key.number(for: Array(text.utf8))))
  default: return nil
  }
}

extension Schema {
  /// A record of the fields of another record and, behind them, of this one's; one that has the
  /// name of one of those is renamed by a prefix. Both are records, the other without named types.
  public func prefixed(
    by other: Schema, renaming prefix: String
  ) throws(SchemaError) -> Schema {
    guard case .named(let place) = root, case .record(let mine) = definitions[place].shape,
      case .named(let head) = other.root, case .record(let first) = other.definitions[head].shape
    else { throw SchemaError("the schema is not a record") }
    var fields = first
    for var field in mine {
      if first.contains(where: { same($0.name, field.name) }) { field.name = prefix + field.name }
      fields.append(field)
    }
    var schema = self
    schema.definitions[place].shape = .record(fields)
    return schema
  }
}
