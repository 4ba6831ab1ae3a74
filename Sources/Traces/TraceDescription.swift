import Bytes

/// A schema of a stream: Avro in JSON, and the id that stands in the five bytes before a value.
public struct TraceSchema: Hashable, Sendable {
  public var id: UInt32
  public var json: String

  public init(id: UInt32, json: String) {
    self.id = id
    self.json = json
  }
}

/// A stream of a trace. Schemas are in the order in which they came; the first is version 1.
public struct TraceStream: Hashable, Sendable {
  public var name: String
  public var schemas: [TraceSchema]

  public init(name: String, schemas: [TraceSchema]) {
    self.name = name
    self.schemas = schemas
  }
}

/// What a trace says of itself: where it comes from, and its streams.
public struct TraceDescription: Hashable, Sendable {
  /// Free text for people: origin, licence, seed.
  public var origin: String
  public var streams: [TraceStream]

  public init(origin: String, streams: [TraceStream]) {
    self.origin = origin
    self.streams = streams
  }

  func write(into writer: inout ByteWriter, _ zstd: Zstandard) {
    var plain = ByteWriter()
    plain.text(origin)
    plain.varint(UInt64(streams.count))
    for stream in streams {
      plain.text(stream.name)
      plain.varint(UInt64(stream.schemas.count))
      for schema in stream.schemas {
        plain.word32(schema.id)
        plain.text(schema.json)
      }
    }
    writer.varint(UInt64(plain.count))
    Plane.encode(plain.bytes, into: &writer, zstd)
  }

  init(_ body: UnsafeRawBufferPointer, _ zstd: Zstandard) throws(DecodingError) {
    var packed = ByteReader(body)
    let plain = try unpack(&packed, limit: 1 << 24, zstd)
    var reader = ByteReader(UnsafeRawBufferPointer(plain.span(0)))
    origin = try reader.text()
    streams = []
    for _ in 0..<(try reader.length()) {
      let name = try reader.text()
      var schemas: [TraceSchema] = []
      for _ in 0..<(try reader.length()) {
        let id = try reader.word32()
        schemas.append(TraceSchema(id: id, json: try reader.text()))
      }
      streams.append(TraceStream(name: name, schemas: schemas))
    }
    if !reader.isAtEnd || !packed.isAtEnd {
      throw .malformed("bytes after the description", at: packed.position)
    }
  }
}

/// Memory for unpacked bytes.
struct Unpacked: ~Copyable {
  let bytes: UnsafeMutablePointer<UInt8>
  let count: Int

  init(count: Int) {
    self.count = count
    bytes = .allocate(capacity: max(count, 1))
  }

  deinit { bytes.deallocate() }

  func span(_ start: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: bytes + start, count: count - start)
  }
}

/// Reads a length and that many bytes, as `Plane` stores them.
func unpack(
  _ reader: inout ByteReader, limit: Int, _ zstd: Zstandard
) throws(DecodingError) -> Unpacked {
  let at = reader.position
  let count = try reader.varint()
  if count > UInt64(limit) { throw .malformed("\(count) bytes, more than \(limit)", at: at) }
  let memory = Unpacked(count: Int(count))
  try Plane.decode(Int(count), from: &reader, into: memory.bytes, zstd)
  return memory
}
