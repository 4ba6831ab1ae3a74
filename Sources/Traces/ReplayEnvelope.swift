import Bytes
import Queries
import Schemas

/// What is sent in place of values that do not say which event they are. Weir's own schemas begin
/// with source, sequence and event time; a captured value has none of them, or those of another
/// run. So it is sent in an envelope that begins with those of the trace.
struct ReplayEnvelope: Hashable, Sendable {
  enum Form: Hashable, Sendable {
    /// Values that begin with source, sequence and event time: these three are replaced.
    case replaced
    /// The fields of the value follow those three; a field of the same name is called captured_...
    case prefixed
    /// The value is one field of bytes, null where there is none: whatever it is, it goes through.
    case opaque
  }

  let form: Form
  /// Avro schema in JSON of what is sent, and its id in the framing.
  let schema: String
  let schemaID: UInt32
  /// Nanoseconds in a unit of the event-time field; event times are rounded down to it.
  let timeUnit: Int64

  private static let identity = ["source", "sequence", "event_time"]
  private static let identityFields =
    #"{"name":"source","type":"int"},{"name":"sequence","type":"long"},"#
    + #"{"name":"event_time","type":{"type":"long","logicalType":"timestamp-micros"}}"#

  /// Nil when the values of a stream are sent as they are: they decode, under one schema of Weir's,
  /// and were not captured. Refused: a query that reads fields of values which are not all of one
  /// flat schema.
  init?(
    stream number: Int, of reader: TraceReader, columns: [ColumnSource]
  ) throws(TraceError) {
    let stream = reader.description.streams[number]
    let blocks = reader.blocks.indices.filter { reader.blocks[$0].summary.stream == number }
    let undecodable = blocks.reduce(0) { $0 + reader.blocks[$1].summary.undecodable }
    let flat = stream.schemas.count == 1 ? Self.flat(stream.schemas[0].json) : nil
    var isCaptured = false
    if let first = blocks.first {
      isCaptured = try reader.block(first, columns: .capture).capture(at: 0) != nil
    }
    let identified = flat.map { Self.begins($0, identity: 2) } ?? false
    if identified && undecodable == 0 && !isCaptured { return nil }
    let fields = columns.compactMap { column -> String? in
      if case .field(let name) = column { return name }
      return nil
    }
    if fields.isEmpty {
      form = .opaque
      schema =
        "{\"type\":\"record\",\"name\":\"Captured\",\"fields\":[\(Self.identityFields),"
        + #"{"name":"value","type":["null","bytes"]}]}"#
      schemaID = 1
      timeUnit = 1_000
      return
    }
    guard let flat, undecodable == 0 else {
      let what =
        undecodable > 0
        ? "\(grouped(undecodable)) of its values do not decode"
        : "its values are not of one flat schema but of \(stream.schemas.count)"
      throw Self.refusal(
        "the query reads the field '\(fields[0])' of '\(stream.name)', and \(what); "
          + "pass-through takes any values", reader)
    }
    if let name = fields.first(where: Self.identity.contains) {
      throw Self.refusal(
        "the query reads the field '\(name)', which a captured value does not keep in a replay",
        reader)
    }
    schemaID = stream.schemas[0].id
    if Self.begins(flat, identity: 3) {
      form = .replaced
      schema = stream.schemas[0].json
      timeUnit = flat.fields[2].type == .timestampMicros ? 1_000 : 1_000_000
    } else {
      form = .prefixed
      schema = try Self.prefixed(stream.schemas[0].json, reader)
      timeUnit = 1_000
    }
  }

  private static func refusal(_ message: String, _ reader: TraceReader) -> TraceError {
    TraceError(.request, file: reader.path, message: message)
  }

  private static func flat(_ json: String) -> AvroSchema? {
    do throws(SchemaError) {
      return try AvroSchema.parse(json)
    } catch {
      return nil
    }
  }

  private static func begins(_ schema: AvroSchema, identity count: Int) -> Bool {
    if schema.fields.count < count { return false }
    for (index, type) in [AvroType.int, .long].enumerated() {
      if schema.fields[index] != AvroField(name: identity[index], type: type) { return false }
    }
    if count < 3 { return true }
    let time = schema.fields[2]
    return time.name == identity[2] && [.timestampMillis, .timestampMicros].contains(time.type)
  }

  private static func prefixed(
    _ json: String, _ reader: TraceReader
  ) throws(TraceError) -> String {
    do throws(SchemaError) {
      let identity = try Schema.parse(
        "{\"type\":\"record\",\"name\":\"Identity\",\"fields\":[\(identityFields)]}")
      return try Schema.parse(json, checkingDefaults: false).prefixed(
        by: identity, renaming: "captured_"
      ).text()
    } catch {
      throw refusal(error.message, reader)
    }
  }

  func rounded(_ time: Int64) -> Int64 {
    let rest = time % timeUnit
    return rest < 0 ? time - rest - timeUnit : time - rest
  }

  /// Writes what is sent for an event; `value` is nil where it has none.
  func write(
    _ value: UnsafeRawBufferPointer?, source: UInt32, sequence: UInt64, eventTime: Int64,
    into writer: inout ByteWriter
  ) throws(DecodingError) {
    writer.byte(0)
    writer.word32(schemaID.byteSwapped)
    writer.signed(Int64(source))
    writer.signed(Int64(bitPattern: sequence))
    writer.signed(rounded(eventTime) / timeUnit)
    if form == .opaque {
      writer.signed(value == nil ? 0 : 1)
      guard let value else { return }
      writer.signed(Int64(value.count))
      writer.append(value)
      return
    }
    guard let value, value.count >= Framing.length else {
      throw .malformed("an event without a value, whose fields the query reads", at: 0)
    }
    var reader = ByteReader(value)
    _ = try reader.take(Framing.length)
    if form == .replaced { for _ in 0..<3 { _ = try reader.varint() } }
    writer.append(try reader.take(reader.remaining))
  }
}
