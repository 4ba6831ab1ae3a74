import Bytes
import CZlib
import CZstd
import Scenarios

/// Reads an Avro object container file, block by block: codecs null, deflate and zstandard.
final class AvroContainer {
  /// A larger block, packed or not, is refused.
  static let largestBlock = 256 << 20

  enum Codec: String { case null, deflate, zstandard }

  let types: AvroTypes
  private let codec: Codec
  private let path: String
  private let stream: ByteStream
  private var sync: [UInt8] = []
  private var number = 0

  /// Reads the header; the stream begins with it.
  init(_ stream: ByteStream, path: String) throws(TraceError) {
    self.stream = stream
    self.path = path
    func refused(_ message: String) -> TraceError {
      TraceError(.file, file: path, message: message)
    }
    let reading = ContainerReading(stream, path)
    let magic = try reading.take(4)
    if magic != Array("Obj\u{1}".utf8) { throw refused("no Avro container file") }
    var schema: [UInt8]?
    var name = "null"
    while true {
      var count = try reading.number()
      if count == 0 { break }
      if count < 0 {
        count = count == .min ? .max : -count
        _ = try reading.number()
      }
      if count > 4096 { throw refused("\(grouped(count)) entries in the header") }
      for _ in 0..<count {
        let key = try reading.take(try reading.length(limit: 1 << 20))
        let value = try reading.take(try reading.length(limit: 1 << 24))
        if key == Array("avro.schema".utf8) { schema = value }
        if key == Array("avro.codec".utf8) { name = String(decoding: value, as: UTF8.self) }
      }
    }
    guard let codec = Codec(rawValue: name) else {
      throw refused(
        "the codec \(quoted(name)) is not in this version; null, deflate and zstandard are")
    }
    self.codec = codec
    guard let schema else { throw refused("the header has no schema") }
    do throws(RowDefect) {
      types = try schemaTypes(schema)
    } catch {
      throw refused("the schema cannot be used: \(error.message)")
    }
    sync = try reading.take(16)
  }

  /// The records of the next block, unpacked, and how many there are; nil at the end.
  func next() throws(TraceError) -> (count: Int, bytes: [UInt8])? {
    let reading = ContainerReading(stream, path)
    guard let count = try reading.numberOrEnd() else { return nil }
    let size = try reading.length(limit: Self.largestBlock)
    let packed = try reading.take(size)
    if try reading.take(16) != sync { throw refused("its end mark is wrong") }
    let bytes: [UInt8]?
    switch codec {
    case .null: bytes = packed
    case .deflate: bytes = inflated(packed, limit: Self.largestBlock)
    case .zstandard: bytes = unpacked(packed, limit: Self.largestBlock)
    }
    guard let bytes else { throw refused("it cannot be unpacked (\(codec.rawValue))") }
    // A record with a time takes a byte at least.
    if count < 0 || count > Int64(bytes.count) {
      throw refused("it announces \(grouped(count)) records in \(grouped(bytes.count)) bytes")
    }
    number += 1
    return (Int(count), bytes)
  }

  /// A mistake in the block that was read last, or is being read.
  func refused(_ message: String) -> TraceError {
    TraceError(.file, file: path, message: "block \(grouped(number)): \(message)")
  }
}

private func schemaTypes(_ bytes: [UInt8]) throws(RowDefect) -> AvroTypes {
  let result: Result<JSONTree, RowDefect> = bytes.withUnsafeBytes { view in
    do throws(RowDefect) {
      return .success(try JSONTree.parse(view))
    } catch {
      return .failure(error)
    }
  }
  return try AvroTypes(try result.get())
}

/// Exact reads from a stream.
private struct ContainerReading {
  private let stream: ByteStream
  private let path: String

  init(_ stream: ByteStream, _ path: String) {
    self.stream = stream
    self.path = path
  }

  private var ended: TraceError {
    TraceError(.file, file: path, message: "the file ends in the middle of a block")
  }

  func take(_ count: Int) throws(TraceError) -> [UInt8] {
    var bytes: [UInt8] = []
    // Piece by piece: what is announced may not be there.
    while bytes.count < count {
      let wanted = min(count - bytes.count, 1 << 20)
      let room = UnsafeMutablePointer<UInt8>.allocate(capacity: wanted)
      defer { room.deallocate() }
      let n = try stream.read(into: room, count: wanted)
      if n == 0 { throw ended }
      bytes.append(contentsOf: UnsafeBufferPointer(start: room, count: n))
    }
    return bytes
  }

  func number() throws(TraceError) -> Int64 {
    guard let number = try numberOrEnd() else { throw ended }
    return number
  }

  /// Nil when nothing is left.
  func numberOrEnd() throws(TraceError) -> Int64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var byte: UInt8 = 0
    repeat {
      let n = try stream.read(into: &byte, count: 1)
      if n == 0 && shift == 0 { return nil }
      if n == 0 { throw ended }
      if shift > 63 { throw TraceError(.file, file: path, message: "a number without an end") }
      value |= UInt64(byte & 0x7F) << shift
      shift += 7
    } while byte & 0x80 != 0
    return unzigzag(value)
  }

  func length(limit: Int) throws(TraceError) -> Int {
    let value = try number()
    if value < 0 || value > Int64(limit) {
      throw TraceError(
        .file, file: path, message: "a length of \(grouped(value)), above \(grouped(limit))")
    }
    return Int(value)
  }
}

/// Raw deflate; nil when it is none, is cut, or is larger than the limit.
private func inflated(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
  var state = z_stream()
  let size = Int32(MemoryLayout<z_stream>.size)
  if inflateInit2_(&state, -15, zlibVersion(), size) != Z_OK { return nil }
  defer { inflateEnd(&state) }
  var input = bytes
  var output: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 16)
  return input.withUnsafeMutableBufferPointer { source -> [UInt8]? in
    state.next_in = source.baseAddress
    state.avail_in = UInt32(source.count)
    var status = Z_OK
    while status == Z_OK {
      let made = piece.withUnsafeMutableBufferPointer { target -> Int in
        state.next_out = target.baseAddress
        state.avail_out = UInt32(target.count)
        status = inflate(&state, Z_NO_FLUSH)
        return target.count - Int(state.avail_out)
      }
      output += piece[..<made]
      if output.count > limit || (status == Z_OK && made == 0) { return nil }
    }
    return status == Z_STREAM_END ? output : nil
  }
}

/// A zstd frame of unknown size; nil when it is none, is cut, or is larger than the limit.
private func unpacked(_ bytes: [UInt8], limit: Int) -> [UInt8]? {
  guard let context = ZSTD_createDCtx() else { return nil }
  defer { ZSTD_freeDCtx(context) }
  var output: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 17)
  return bytes.withUnsafeBytes { source -> [UInt8]? in
    var input = ZSTD_inBuffer(src: source.baseAddress, size: source.count, pos: 0)
    while true {
      var made = 0
      var status = 0
      piece.withUnsafeMutableBytes { target in
        var room = ZSTD_outBuffer(dst: target.baseAddress, size: target.count, pos: 0)
        status = ZSTD_decompressStream(context, &room, &input)
        made = room.pos
      }
      if ZSTD_isError(status) != 0 || output.count + made > limit { return nil }
      output += piece[..<made]
      if status == 0 && input.pos == input.size { return output }
      if made == 0 && input.pos == input.size { return nil }
    }
  }
}
