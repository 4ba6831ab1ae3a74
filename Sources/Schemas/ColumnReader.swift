import Bytes
import Queries

/// Decodes the wanted columns of framed Avro records straight into integers, without building the
/// records. Compiled once from a schema; every byte is checked, nothing is allocated.
///
/// Unchecked: the steps are filled by `init`, before anyone reads them.
public final class ColumnReader: @unchecked Sendable {
  /// Number of columns, as many as were asked for.
  public let columnCount: Int
  private let schemaID: UInt32
  private let steps: UnsafeMutablePointer<Step>
  private let stepCount: Int
  private let timeScale: Int64
  /// Columns that are no fields of the record, and what they are.
  private let extras: [Extra]

  private struct Extra {
    var slot: Int
    var column: ColumnSource
  }

  deinit { steps.deallocate() }

  /// The schema begins with `source` (int) and `sequence` (long), and has the event-time field, a
  /// timestamp or a long in milliseconds. A column of a field must be of an integer type. At most
  /// 32 columns, since nulls are told in a word of 32 bits.
  public init(
    schema: AvroSchema, schemaID: UInt32, columns: [ColumnSource], eventTime: String = "event_time"
  ) throws(SchemaError) {
    if columns.count > 32 { throw SchemaError("a plan reads at most 32 columns") }
    guard schema.fields.count >= 3, schema.fields[0] == AvroField(name: "source", type: .int),
      schema.fields[1] == AvroField(name: "sequence", type: .long)
    else {
      throw SchemaError("\(schema.name) does not begin with source (int) and sequence (long)")
    }
    guard let timeField = schema.index(of: eventTime) else {
      throw SchemaError("\(schema.name) has no field \(eventTime) for the event time")
    }
    switch schema.fields[timeField].type {
    case .timestampMillis, .long: timeScale = 1_000_000
    case .timestampMicros: timeScale = 1_000
    default: throw SchemaError("the event time \(eventTime) of \(schema.name) is no timestamp")
    }
    var slots = [Int?](repeating: nil, count: schema.fields.count)
    var extras: [Extra] = []
    for (slot, column) in columns.enumerated() {
      switch column {
      case .field("source"): extras.append(Extra(slot: slot, column: .source))
      case .field("sequence"): extras.append(Extra(slot: slot, column: .sequence))
      case .keyDigest, .valueDigest, .source, .sequence:
        extras.append(Extra(slot: slot, column: column))
      case .field(let name):
        guard let field = schema.index(of: name) else {
          throw SchemaError("\(schema.name) has no field \(name)")
        }
        if slots[field] != nil {
          throw SchemaError("the field \(name) of \(schema.name) is asked for twice")
        }
        slots[field] = slot
      }
    }
    var compiled: [Step] = []
    for index in 2..<schema.fields.count {
      compiled += try Step.compile(
        schema.fields[index], slot: slots[index], isTime: index == timeField)
    }
    steps = .allocate(capacity: compiled.count)
    steps.initialize(from: compiled, count: compiled.count)
    stepCount = compiled.count
    columnCount = columns.count
    self.extras = extras
    self.schemaID = schemaID
  }

  /// Reads one record. `columns` has room for `columnCount` values; a null column is 0 and sets its
  /// bit in `nulls`, which is overwritten. After an error the columns are undefined. `key` is only
  /// looked at for a column that is its digest.
  public func read(
    _ value: UnsafeRawBufferPointer, key: UnsafeRawBufferPointer? = nil,
    into columns: UnsafeMutablePointer<Int64>, nulls: inout UInt32
  ) throws(RecordError) -> RecordHeader {
    guard Framing.schemaID(of: value) == schemaID, let base = value.baseAddress else {
      throw .unknownSchema
    }
    let bytes = base.assumingMemoryBound(to: UInt8.self)
    var cursor = Cursor(at: bytes + Framing.length, end: bytes + value.count)
    var header = RecordHeader(eventTime: 0, source: 0, sequence: 0)
    let source = try cursor.signed()
    let sequence = try cursor.signed()
    if source < 0 || source > 0x7fff_ffff || sequence < 0 { throw .wrongType }
    header.source = UInt32(truncatingIfNeeded: source)
    header.sequence = UInt64(bitPattern: sequence)
    nulls = 0
    var step = UnsafePointer(steps)
    let last = step + stepCount
    while step < last {
      let current = step.pointee
      step += 1
      switch current.action {
      case .skipLong: try cursor.skipVarint()
      case .readLong: columns[Int(current.slot)] = try cursor.signed()
      case .readTime, .readTimeColumn:
        let time = try cursor.signed()
        let (scaled, overflow) = time.multipliedReportingOverflow(by: timeScale)
        if overflow { throw .wrongType }
        header.eventTime = scaled
        if current.action == .readTimeColumn { columns[Int(current.slot)] = time }
      case .checkInt: _ = try cursor.int()
      case .readInt: columns[Int(current.slot)] = try cursor.int()
      case .checkIndex: _ = try cursor.index(below: current.bound)
      case .readIndex: columns[Int(current.slot)] = try cursor.index(below: current.bound)
      case .checkBoolean: _ = try cursor.boolean()
      case .readBoolean: columns[Int(current.slot)] = try cursor.boolean()
      case .skipSized: try cursor.skipSized()
      case .skipFixed: try cursor.skip(current.bound)
      case .union:
        // The bound is the index of the null branch.
        if try cursor.index(below: 2) == current.bound {
          step += 1
          if current.slot != Step.noSlot {
            columns[Int(current.slot)] = 0
            nulls |= 1 << UInt32(current.slot)
          }
        }
      }
    }
    if !cursor.isAtEnd { throw .truncated }
    if !extras.isEmpty { fillExtras(header, value, key, columns, &nulls) }
    return header
  }

  private func fillExtras(
    _ header: RecordHeader, _ value: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer?,
    _ columns: UnsafeMutablePointer<Int64>, _ nulls: inout UInt32
  ) {
    for extra in extras {
      switch extra.column {
      case .source: columns[extra.slot] = Int64(header.source)
      case .sequence: columns[extra.slot] = Int64(bitPattern: header.sequence)
      case .valueDigest: columns[extra.slot] = Int64(bitPattern: digest64(value))
      case .keyDigest, .field:
        if let key {
          columns[extra.slot] = Int64(bitPattern: digest64(key))
        } else {
          columns[extra.slot] = 0
          nulls |= 1 << UInt32(extra.slot)
        }
      }
    }
  }
}

/// What is done to the bytes of one field.
private struct Step {
  enum Action: UInt8 {
    case skipLong, readLong, readTime, readTimeColumn, checkInt, readInt, checkIndex, readIndex
    case checkBoolean, readBoolean, skipSized, skipFixed, union
  }

  static let noSlot: UInt8 = 255

  var action: Action
  /// The column that takes the value.
  var slot: UInt8
  /// Symbols of an enum, bytes of a fixed, or index of the null branch.
  var bound: Int64 = 0

  static func compile(
    _ field: AvroField, slot: Int?, isTime: Bool
  ) throws(SchemaError) -> [Step] {
    let column = UInt8(slot ?? Int(noSlot))
    if isTime { return [Step(action: slot == nil ? .readTime : .readTimeColumn, slot: column)] }
    var type = field.type
    var steps: [Step] = []
    if case .nullable(let inner, let nullFirst) = type {
      steps.append(Step(action: .union, slot: column, bound: nullFirst ? 0 : 1))
      type = inner
    }
    let wanted = slot != nil
    switch type {
    case .int: steps.append(Step(action: wanted ? .readInt : .checkInt, slot: column))
    case .long, .timestampMillis, .timestampMicros:
      steps.append(Step(action: wanted ? .readLong : .skipLong, slot: column))
    case .boolean: steps.append(Step(action: wanted ? .readBoolean : .checkBoolean, slot: column))
    case .enumeration(_, let symbols):
      let action: Action = wanted ? .readIndex : .checkIndex
      steps.append(Step(action: action, slot: column, bound: Int64(symbols.count)))
    case .string, .bytes: steps.append(Step(action: .skipSized, slot: column))
    case .float: steps.append(Step(action: .skipFixed, slot: column, bound: 4))
    case .double: steps.append(Step(action: .skipFixed, slot: column, bound: 8))
    case .fixed(_, let size):
      steps.append(Step(action: .skipFixed, slot: column, bound: Int64(size)))
    case .nullable: throw SchemaError("the field \(field.name) is a union in a union")
    }
    switch steps[steps.count - 1].action {
    case .skipSized, .skipFixed:
      if wanted {
        throw SchemaError("the field \(field.name) is no integer, so it cannot be a column")
      }
    default: break
    }
    return steps
  }
}

/// A place in untrusted bytes.
private struct Cursor {
  var at: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>

  @inline(__always) init(at: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    self.at = at
    self.end = end
  }

  @inline(__always) var isAtEnd: Bool { at == end }

  @inline(__always) mutating func varint() throws(RecordError) -> UInt64 {
    if at == end { throw .truncated }
    var byte = UInt64(at.pointee)
    at += 1
    if byte < 0x80 { return byte }
    var value = byte & 0x7f
    var shift: UInt64 = 7
    while true {
      if at == end { throw .truncated }
      byte = UInt64(at.pointee)
      at += 1
      if shift == 63 && byte > 1 { throw .wrongType }
      value |= (byte & 0x7f) &<< shift
      if byte < 0x80 { return value }
      shift &+= 7
    }
  }

  @inline(__always) mutating func skipVarint() throws(RecordError) { _ = try varint() }

  @inline(__always) mutating func signed() throws(RecordError) -> Int64 { unzigzag(try varint()) }

  @inline(__always) mutating func int() throws(RecordError) -> Int64 {
    let value = try varint()
    if value > 0xffff_ffff { throw .wrongType }
    return unzigzag(value)
  }

  @inline(__always) mutating func index(below bound: Int64) throws(RecordError) -> Int64 {
    let value = unzigzag(try varint())
    if value < 0 || value >= bound { throw .wrongType }
    return value
  }

  @inline(__always) mutating func boolean() throws(RecordError) -> Int64 {
    if at == end { throw .truncated }
    let byte = at.pointee
    at += 1
    if byte > 1 { throw .wrongType }
    return Int64(byte)
  }

  @inline(__always) mutating func skip(_ count: Int64) throws(RecordError) {
    if count > Int64(end - at) { throw .truncated }
    at += Int(count)
  }

  @inline(__always) mutating func skipSized() throws(RecordError) {
    let length = unzigzag(try varint())
    if length < 0 { throw .wrongType }
    try skip(length)
  }
}
