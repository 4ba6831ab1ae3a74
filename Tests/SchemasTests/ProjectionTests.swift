import Bytes
import Draws
import Schemas
import Testing

private let writer = #"""
  {"type": "record", "name": "All", "fields": [
    {"name": "flag", "type": "boolean"},
    {"name": "gone", "type": {"type": "map", "values": {"type": "array", "items": "string"}}},
    {"name": "one", "type": "float"}, {"name": "two", "type": "double"},
    {"name": "text", "type": "string"}, {"name": "raw", "type": "bytes"},
    {"name": "id", "type": {"type": "fixed", "name": "Id", "size": 2}},
    {"name": "maybe", "type": ["null", "int", "string"]},
    {"name": "list", "type": {"type": "array", "items": "int"}},
    {"name": "next", "type": ["null", "All"]}]}
  """#

private let reader = #"""
  {"type": "record", "name": "All", "fields": [
    {"name": "next", "type": ["null", "All"]},
    {"name": "list", "type": {"type": "array", "items": "long"}},
    {"name": "maybe", "type": ["string", "double", "null"]},
    {"name": "id", "type": "Id2"}, {"name": "raw", "type": "string"},
    {"name": "text", "type": "bytes"}, {"name": "two", "type": "double"},
    {"name": "one", "type": "double"}, {"name": "flag", "type": "boolean"},
    {"name": "more", "type": {"type": "record", "name": "More", "fields": [
      {"name": "x", "type": "int"}, {"name": "y", "type": "int", "default": 2}]},
      "default": {"x": 1}}]}
  """#
  .replacing(
    "\"Id2\"", with: #"{"type": "fixed", "name": "Id2", "aliases": ["Id"], "size": 2}"#)

private func sample(nested: Bool) -> [UInt8] {
  var out = ByteWriter()
  func text(_ text: String, _ out: inout ByteWriter) {
    out.signed(Int64(text.utf8.count))
    out.append(Array(text.utf8))
  }
  out.byte(1)
  out.signed(1)  // A block of one key.
  text("k", &out)
  out.signed(-1)  // A block of one item, with its size.
  out.signed(2)
  text("v", &out)
  out.signed(0)
  out.signed(0)
  out.word32(Float(1.5).bitPattern)
  out.word(Double(2.5).bitPattern)
  text("té", &out)
  text("rw", &out)
  out.append([8, 9])
  out.signed(1)
  out.signed(-4)
  out.signed(2)
  out.signed(5)
  out.signed(6)
  out.signed(0)
  out.signed(nested ? 1 : 0)
  return out.array() + (nested ? sample(nested: false) : [])
}

private func read(
  _ bytes: [UInt8], reader: Schema, writer: Schema
) throws(ProjectionError) -> SchemaValue {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  return try Projection(reader: reader, writer: writer).read(UnsafeRawBufferPointer(memory))
}

@Suite struct ProjectionTests {
  @Test func `a record of every type is read in the reader's order and types`() throws {
    let value = try read(
      sample(nested: true), reader: try Schema.parse(reader), writer: try Schema.parse(writer))
    #expect(value["flag"] == .boolean(true))
    #expect(value["one"] == .double(1.5))
    #expect(value["two"] == .double(2.5))
    #expect(value["text"] == .bytes(Array("té".utf8)))
    #expect(value["raw"] == .string("rw"))
    #expect(value["id"] == .fixed([8, 9]))
    #expect(value["maybe"] == .double(-4))
    #expect(value["list"] == .array([.long(5), .long(6)]))
    #expect(value["more"]?["y"] == .int(2))
    #expect(value["next"]?["list"] == .array([.long(5), .long(6)]))
    #expect(value["next"]?["next"] == .null)
    #expect(value["gone"] == nil)
  }

  @Test func `a branch that the reader lacks is refused only in records that carry it`() throws {
    let narrow = try Schema.parse(#"["null","int"]"#)
    let wide = try Schema.parse(#"["null","int","string"]"#)
    #expect(try read([2, 6], reader: narrow, writer: wide) == .int(3))
    #expect(throws: ProjectionError.self) {
      try read([4, 2, 65], reader: narrow, writer: wide)
    }
    #expect(throws: ProjectionError.damaged(.wrongType, path: "")) {
      try read([6], reader: narrow, writer: wide)
    }
    #expect(throws: ProjectionError.damaged(.truncated, path: "/")) {
      try read([2, 6, 0], reader: narrow, writer: wide)
    }
  }

  @Test func `damaged bytes are refused or read, never more than there is`() throws {
    let schemas = (try Schema.parse(reader), try Schema.parse(writer))
    let draws = DrawFamily(seed: 62, component: "projection", purpose: "damage").stream(0)
    let whole = sample(nested: true)
    for length in 0..<whole.count {
      #expect(throws: ProjectionError.self) {
        try read(Array(whole[..<length]), reader: schemas.0, writer: schemas.1)
      }
    }
    var refused = 0
    for counter in 0..<UInt64(2_000) {
      var bytes = whole
      bytes[Int(draws.below(UInt64(whole.count), 2 * counter))] = UInt8(
        truncatingIfNeeded: draws.word(2 * counter + 1))
      do throws(ProjectionError) {
        _ = try read(bytes, reader: schemas.0, writer: schemas.1)
      } catch {
        refused += 1
      }
    }
    #expect(refused > 100)
  }

  @Test func `values without bytes are bounded`() throws {
    let nulls = try Schema.parse(#"{"type":"array","items":"null"}"#)
    #expect(throws: ProjectionError.self) {
      try read(
        [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1], reader: nulls, writer: nulls)
    }
    #expect(try read([4, 0], reader: nulls, writer: nulls) == .array([.null, .null]))
    let endless = try Schema.parse(
      #"{"type":"record","name":"R","fields":[{"name":"f","type":"R"}]}"#)
    #expect(throws: ProjectionError.self) { try read([], reader: endless, writer: endless) }
  }
}
