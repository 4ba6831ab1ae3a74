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
  private let timeScale: Int64
  /// Columns that are no fields of the record, and what they are.
  private let extras: [Extra]

  private struct Extra {
    enum Kind: UInt8 {
      case keyDigest
      case valueDigest
      case source
      case sequence
    }

    var slot: Int
    var kind: Kind
  }

  deinit { steps.deallocate() }

  /// The schema begins with `source` (int) and `sequence` (long), and has the event-time field, a
  /// timestamp or a long in milliseconds. A column of a field must be of an integer
  /// type, one of a text a string or bytes. At most 32 columns, since nulls are told in a word of
  /// 32 bits.
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
    var readings = [Step.Reading](repeating: .number, count: schema.fields.count)
    var extras: [Extra] = []
    for (slot, column) in columns.enumerated() {
      switch column {
      case .source, .field("source"): extras.append(Extra(slot: slot, kind: .source))
      case .sequence, .field("sequence"): extras.append(Extra(slot: slot, kind: .sequence))
      case .keyDigest: extras.append(Extra(slot: slot, kind: .keyDigest))
      case .valueDigest: extras.append(Extra(slot: slot, kind: .valueDigest))
      case .field(let name), .text(let name), .textDigest(let name):
        guard let field = schema.index(of: name) else {
          throw SchemaError("\(schema.name) has no field \(name)")
        }
        if slots[field] != nil {
          throw SchemaError("the field \(name) of \(schema.name) is asked for twice")
        }
        slots[field] = slot
        if case .text = column { readings[field] = .text }
        if case .textDigest = column { readings[field] = .digest }
      }
    }
    var compiled: [Step] = []
    for index in 2..<schema.fields.count {
      compiled += try Step.compile(
        schema.fields[index], slot: slots[index], isTime: index == timeField,
        reading: readings[index])
    }
    compiled = Step.markRuns(compiled) + [Step(action: .end, slot: Step.noSlot)]
    steps = .allocate(capacity: compiled.count)
    steps.initialize(from: compiled, count: compiled.count)
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
    var header = try readIdentity(&cursor)
    nulls = 0
    var step = UnsafePointer(steps)
    fields: while true {
      // Most fields are numbers; the others take the longer way.
      while step.pointee.action == .number {
        let raw = try cursor.number(step)
        if step.pointee.slot != Step.noSlot { columns[Int(step.pointee.slot)] = unzigzag(raw) }
        step += 1
      }
      let current = step
      step += 1
      switch current.pointee.action {
      case .number: break
      case .end: break fields
      case .run:
        if cursor.skipNumbers(current.pointee.limit) { step += Int(current.pointee.limit) }
      case .union:
        let raw = try cursor.number(current)
        let slot = current.pointee.slot
        if raw == UInt64(current.pointee.null) {
          step += 1
          if slot != Step.noSlot {
            columns[Int(slot)] = 0
            nulls |= 1 << UInt32(slot)
          }
        } else if step.pointee.action == .number {
          // The usual case, without going round again.
          let value = try cursor.number(step)
          step += 1
          if slot != Step.noSlot { columns[Int(slot)] = unzigzag(value) }
        }
      case .sized: try cursor.skip(try cursor.number(current) >> 1)
      case .text, .digest: columns[Int(current.pointee.slot)] = try text(current, &cursor)
      case .fixed: try cursor.skip(current.pointee.limit)
      case .boolean:
        let value = try cursor.boolean()
        let slot = current.pointee.slot
        if slot != Step.noSlot { columns[Int(slot)] = value }
      case .time:
        let time = try cursor.signed()
        header.eventTime = try nanoseconds(time)
        let slot = current.pointee.slot
        if slot != Step.noSlot { columns[Int(slot)] = time }
      }
    }
    if !cursor.isAtEnd { throw .truncated }
    if !extras.isEmpty { fillExtras(header, value, key, columns, &nulls) }
    return header
  }

  /// The column of a string: packed, or its digest.
  private func text(
    _ step: UnsafePointer<Step>, _ cursor: inout Cursor
  ) throws(RecordError) -> Int64 {
    let bytes = try cursor.take(try cursor.number(step) >> 1)
    if step.pointee.action == .digest { return Int64(bitPattern: digest64(bytes)) }
    guard let packed = packedText(bytes) else { throw .outOfRange }
    return packed
  }

  @inline(__always)
  private func readIdentity(_ cursor: inout Cursor) throws(RecordError) -> RecordHeader {
    let source = try cursor.signed()
    let sequence = try cursor.signed()
    if source < 0 || source > 0x7fff_ffff || sequence < 0 { throw .wrongType }
    return RecordHeader(
      eventTime: 0, source: UInt32(truncatingIfNeeded: source),
      sequence: UInt64(bitPattern: sequence))
  }

  @inline(__always) private func nanoseconds(_ time: Int64) throws(RecordError) -> Int64 {
    let (scaled, overflow) = time.multipliedReportingOverflow(by: timeScale)
    if overflow { throw .wrongType }
    return scaled
  }

  private func fillExtras(
    _ header: RecordHeader, _ value: UnsafeRawBufferPointer, _ key: UnsafeRawBufferPointer?,
    _ columns: UnsafeMutablePointer<Int64>, _ nulls: inout UInt32
  ) {
    for extra in extras {
      switch extra.kind {
      case .source: columns[extra.slot] = Int64(header.source)
      case .sequence: columns[extra.slot] = Int64(bitPattern: header.sequence)
      case .valueDigest: columns[extra.slot] = Int64(bitPattern: digest64(value))
      case .keyDigest:
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
