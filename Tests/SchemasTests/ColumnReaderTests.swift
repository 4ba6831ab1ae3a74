import Bytes
import Draws
import Queries
import Schemas
import Testing

private let json = """
  {"type": "record", "name": "Sample", "namespace": "test", "fields": [
    {"name": "source", "type": "int"},
    {"name": "sequence", "type": "long"},
    {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "card", "type": "long"},
    {"name": "mcc", "type": "int"},
    {"name": "terminal", "type": "string"},
    {"name": "entry", "type": {"type": "enum", "name": "Entry", "symbols": ["A", "B", "C"]}},
    {"name": "flag", "type": "boolean"},
    {"name": "x", "type": ["null", "int"], "default": null},
    {"name": "ratio", "type": "double"},
    {"name": "y", "type": ["long", "null"]}
  ]}
  """

private func record(
  source: Int64 = 3, sequence: Int64 = 70_000, time: Int64 = 1_700_000_000_000, card: Int64 = -5,
  mcc: Int64 = 5_411, entry: Int64 = 2, flag: UInt8 = 1, x: Int64? = 9, y: Int64? = nil
) -> [UInt8] {
  var writer = ByteWriter()
  writer.append([0, 0, 0, 0, 77])
  for value in [source, sequence, time, card, mcc] { writer.signed(value) }
  writer.signed(4)
  writer.append(Array("T001".utf8))
  writer.signed(entry)
  writer.byte(flag)
  writer.signed(x == nil ? 0 : 1)
  if let x { writer.signed(x) }
  writer.word(0x3ff0_0000_0000_0000)
  writer.signed(y == nil ? 1 : 0)
  if let y { writer.signed(y) }
  return writer.array()
}

private func reader(_ columns: [ColumnSource]) throws -> ColumnReader {
  try ColumnReader(schema: try AvroSchema.parse(json), schemaID: 77, columns: columns)
}

private struct Row: Equatable {
  var header: RecordHeader
  var columns: [Int64]
  var nulls: UInt32
}

private func read(
  _ bytes: [UInt8], with reader: ColumnReader, key: [UInt8]? = nil
) throws(RecordError) -> Row {
  var row = Row(
    header: RecordHeader(eventTime: 0, source: 0, sequence: 0),
    columns: [Int64](repeating: -1, count: reader.columnCount), nulls: 0)
  // Memory of exactly the right size, so that a read past its end is seen by a sanitizer.
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  let keyMemory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8, alignment: 1)
  defer { keyMemory.deallocate() }
  if let key { keyMemory.copyBytes(from: key) }
  var columns = row.columns + [0]
  let result: Result<RecordHeader, RecordError> = columns.withUnsafeMutableBufferPointer { slots in
    do throws(RecordError) {
      return .success(
        try reader.read(
          UnsafeRawBufferPointer(memory),
          key: key == nil ? nil : UnsafeRawBufferPointer(rebasing: keyMemory[0..<key!.count]),
          into: slots.baseAddress!, nulls: &row.nulls))
    } catch {
      return .failure(error)
    }
  }
  row.header = try result.get()
  row.columns = Array(columns.dropLast())
  return row
}

@Suite struct ColumnReaderTests {
  private let all: [ColumnSource] = [
    .field("y"), .field("card"), .field("entry"), .field("flag"), .field("x"), .field("mcc"),
    .source, .sequence, .keyDigest, .valueDigest, .field("event_time"),
  ]

  @Test func `all columns of a record are read`() throws {
    let bytes = record()
    let row = try read(bytes, with: try reader(all), key: [1, 2])
    #expect(
      row.header
        == RecordHeader(eventTime: 1_700_000_000_000_000_000, source: 3, sequence: 70_000))
    #expect(row.columns[0..<8] == [0, -5, 2, 1, 9, 5_411, 3, 70_000])
    #expect(row.columns[8] == Int64(bitPattern: digest64([1, 2])))
    #expect(row.columns[9] == Int64(bitPattern: digest64(bytes)))
    #expect(row.columns[10] == 1_700_000_000_000)
    #expect(row.nulls == 1)
  }

  @Test func `a record without key has a null digest, and nulls are told apart from zeros`() throws
  {
    let row = try read(record(x: nil, y: 0), with: try reader(all))
    #expect(row.nulls == 1 << 4 | 1 << 8)
    #expect(row.columns[0] == 0)
  }

  @Test func `unwanted columns are skipped`() throws {
    let row = try read(record(x: nil, y: 7), with: try reader([.field("y")]))
    #expect(row.columns == [7])
    #expect(row.nulls == 0)
  }

  @Test func `numbers of every length are read and passed over, up to the last byte`() throws {
    let wanting = try reader([.field("card"), .field("mcc"), .field("y")])
    let passing = try reader([.field("y")])
    for shift in 0..<63 as Range<Int64> {
      for number in [1 << shift, -(1 << shift), (1 << shift) - 1] as [Int64] {
        let int = max(min(number, 0x7fff_ffff), -0x8000_0000)
        let bytes = record(sequence: abs(number), card: number, mcc: int, y: number)
        #expect(try read(bytes, with: wanting).columns == [number, int, number])
        #expect(try read(bytes, with: passing).columns == [number])
      }
    }
  }

  @Test func `every proper prefix is truncated or no frame`() throws {
    let bytes = record()
    let reader = try reader(all)
    for count in 0..<bytes.count {
      let reason: RecordError = count < 5 ? .unknownSchema : .truncated
      #expect(throws: reason) { try read(Array(bytes[0..<count]), with: reader) }
    }
  }

  @Test func `bytes that are left over are refused`() throws {
    let reader = try reader(all)
    #expect(throws: RecordError.truncated) { try read(record() + [0], with: reader) }
  }

  @Test func `another schema is refused`() throws {
    let reader = try reader(all)
    var bytes = record()
    bytes[0] = 1
    #expect(throws: RecordError.unknownSchema) { try read(bytes, with: reader) }
    bytes[0] = 0
    bytes[4] = 78
    #expect(throws: RecordError.unknownSchema) { try read(bytes, with: reader) }
  }

  @Test(arguments: [[], [ColumnSource.field("entry"), .field("flag"), .field("mcc")]])
  func `values outside their type are refused, wanted or not`(columns: [ColumnSource]) throws {
    let reader = try reader(columns)
    _ = try read(record(mcc: 0x7fff_ffff, entry: 0, flag: 0), with: reader)
    for bytes in [
      record(entry: 3), record(entry: -1), record(flag: 2), record(mcc: 0x8000_0000),
      record(source: -1), record(sequence: -1), record(time: .max),
    ] {
      #expect(throws: RecordError.wrongType) { try read(bytes, with: reader) }
    }
  }

  @Test func `an overlong number is refused`() throws {
    let reader = try reader([])
    let bytes: [UInt8] = [0, 0, 0, 0, 77] + [UInt8](repeating: 0xff, count: 12)
    #expect(throws: RecordError.wrongType) { try read(bytes, with: reader) }
  }

  @Test func `random and damaged bytes never do more than throw`() throws {
    let stream = DrawFamily(seed: 3, component: "test", purpose: "damage").stream(0)
    let reader = try reader(all)
    let good = record()
    var refused = 0
    for round in 0..<20_000 as Range<UInt64> {
      var bytes = good
      for i in 0..<(1 + stream.below(3, round * 8)) {
        let place = Int(stream.below(UInt64(bytes.count), round * 8 + 1 + i))
        bytes[place] = UInt8(truncatingIfNeeded: stream.word(round * 8 + 4 + i))
      }
      if round % 2 == 0 { bytes.removeLast(Int(stream.below(20, round * 8 + 7))) }
      do throws(RecordError) { _ = try read(bytes, with: reader) } catch { refused += 1 }
    }
    #expect(refused > 5_000 && refused < 20_000)
  }
}

@Suite struct AvroSchemaTests {
  @Test func `a schema is read with its types`() throws {
    let schema = try AvroSchema.parse(json)
    #expect(schema.name == "Sample")
    #expect(schema.namespace == "test")
    #expect(schema.fields.count == 11)
    #expect(schema.fields[2].type == .timestampMillis)
    #expect(schema.fields[6].type == .enumeration(name: "Entry", symbols: ["A", "B", "C"]))
    #expect(schema.fields[8].type == .nullable(.int, nullFirst: true))
    #expect(schema.fields[10].type == .nullable(.long, nullFirst: false))
    #expect(schema.index(of: "card") == 3)
    #expect(schema.index(of: "cards") == nil)
  }

  @Test(arguments: [
    ("", "ends early"), ("{", "no name of a member"), ("[1, 2", "array without an end"),
    ("{\"type\": \"record\", \"name\": \"A\", \"fields\": []} x", "after the document"),
    ("{\"type\": \"enum\"}", "not a record"),
    ("{\"type\": \"record\", \"name\": \"A\"}", "no list of fields"),
    (
      "{\"type\": \"record\", \"name\": \"A\", \"fields\": [{\"name\": \"m\", \"type\": \"map\"}]}",
      "not in this version"
    ),
    (
      """
      {"type": "record", "name": "A", "fields": [{"name": "m", "type": ["int", "long"]}]}
      """, "not of null and one other"
    ),
  ])
  func `what is no schema is refused with its reason`(text: String, reason: String) {
    #expect {
      try AvroSchema.parse(text)
    } throws: { error in
      (error as? SchemaError)?.message.contains(reason) == true
    }
  }

  @Test func `damaged schemas never do more than throw`() {
    let stream = DrawFamily(seed: 4, component: "test", purpose: "damage").stream(0)
    let good = Array(json.utf8)
    for round in 0..<2_000 as Range<UInt64> {
      var bytes = good
      for i in 0..<3 as Range<UInt64> {
        bytes[Int(stream.below(UInt64(bytes.count), round * 8 + i))] =
          UInt8(truncatingIfNeeded: stream.word(round * 8 + 3 + i))
      }
      bytes.removeLast(Int(stream.below(UInt64(bytes.count), round * 8 + 7) / 4))
      do throws(SchemaError) {
        _ = try AvroSchema.parse(String(decoding: bytes, as: UTF8.self))
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: SchemaError.self) { try AvroSchema.parse(deep) }
  }

  @Test(arguments: [
    (#"{"name": "source", "type": "long"}"#, "begin with source"),
    (
      #"{"name": "source", "type": "int"}, {"name": "sequence", "type": "long"}, "#
        + #"{"name": "a", "type": "int"}"#,
      "no field event_time"
    ),
  ])
  func `a reader needs identity and event time`(fields: String, reason: String) throws {
    let schema = try AvroSchema.parse(#"{"type": "record", "name": "A", "fields": [\#(fields)]}"#)
    #expect {
      _ = try ColumnReader(schema: schema, schemaID: 1, columns: [])
    } throws: { ($0 as? SchemaError)?.message.contains(reason) == true }
  }

  @Test func `columns that are no integers, unknown or doubled are refused`() throws {
    for columns: [ColumnSource] in [
      [.field("terminal")], [.field("ratio")], [.field("nope")], [.field("x"), .field("x")],
    ] {
      #expect(throws: SchemaError.self) { _ = try reader(columns) }
    }
  }
}
