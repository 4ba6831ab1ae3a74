import Bytes
import CZstd

/// One compressor and one decompressor with their working memory, used again and again. One owner,
/// one thread.
final class Zstandard {
  private let level: Int
  private var compressor: OpaquePointer?
  private let decompressor: OpaquePointer
  private var scratch: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 16

  init(level: Int) {
    guard let decompressor = ZSTD_createDCtx() else {
      preconditionFailure("no memory for a zstd context")
    }
    self.level = level
    self.decompressor = decompressor
    scratch = .allocate(capacity: capacity)
  }

  /// Made when it is first wanted: most who read never write.
  private func readyCompressor() -> OpaquePointer {
    if let compressor { return compressor }
    guard let made = ZSTD_createCCtx() else {
      preconditionFailure("no memory for a zstd context")
    }
    _ = ZSTD_CCtx_setParameter(made, ZSTD_c_compressionLevel, Int32(level))
    _ = ZSTD_CCtx_setParameter(made, ZSTD_c_contentSizeFlag, 0)
    _ = ZSTD_CCtx_setParameter(made, ZSTD_c_checksumFlag, 0)
    compressor = made
    return made
  }

  deinit {
    if let compressor { ZSTD_freeCCtx(compressor) }
    ZSTD_freeDCtx(decompressor)
    scratch.deallocate()
  }

  /// The compressed form when it is shorter, else nil. Valid until the next call.
  func compress(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
    if bytes.count < 24 { return nil }
    reserve(ZSTD_compressBound(bytes.count))
    let n = ZSTD_compress2(readyCompressor(), scratch, capacity, bytes.baseAddress, bytes.count)
    if ZSTD_isError(n) != 0 || n + 4 >= bytes.count { return nil }
    return UnsafeRawBufferPointer(start: scratch, count: n)
  }

  /// Decompresses into exactly `count` bytes.
  func decompress(
    _ bytes: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>, count: Int, at: Int
  ) throws(DecodingError) {
    let n = ZSTD_decompressDCtx(decompressor, target, count, bytes.baseAddress, bytes.count)
    if ZSTD_isError(n) != 0 {
      throw .malformed("zstd: \(String(cString: ZSTD_getErrorName(n)))", at: at)
    }
    if n != count { throw .malformed("\(n) bytes where \(count) were announced", at: at) }
  }

  private func reserve(_ n: Int) {
    if n <= capacity { return }
    scratch.deallocate()
    capacity = n
    scratch = .allocate(capacity: n)
  }
}

/// A run of bytes of known length: a tag, then a constant byte, the bytes, or a zstd frame.
enum Plane {
  static let constant: UInt8 = 0
  static let raw: UInt8 = 1
  static let compressed: UInt8 = 2

  static func encode(
    _ bytes: UnsafeRawBufferPointer, into writer: inout ByteWriter, _ zstd: Zstandard
  ) {
    if bytes.count == 0 { return }
    if isConstant(bytes) {
      writer.byte(constant)
      writer.byte(bytes[0])
    } else if let shorter = zstd.compress(bytes) {
      writer.byte(compressed)
      writer.varint(UInt64(shorter.count))
      writer.append(shorter)
    } else {
      writer.byte(raw)
      writer.append(bytes)
    }
  }

  static func decode(
    _ count: Int, from reader: inout ByteReader, into target: UnsafeMutablePointer<UInt8>,
    _ zstd: Zstandard
  ) throws(DecodingError) {
    if count == 0 { return }
    let at = reader.position
    switch try reader.byte() {
    case constant:
      target.update(repeating: try reader.byte(), count: count)
    case raw:
      let bytes = try reader.take(count)
      UnsafeMutableRawPointer(target).copyMemory(from: bytes.baseAddress!, byteCount: count)
    case compressed:
      let bytes = try reader.take(try reader.length())
      try zstd.decompress(bytes, into: target, count: count, at: at)
    case let tag:
      throw .malformed("a run of bytes of type \(tag)", at: at)
    }
  }

  private static func isConstant(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let first = bytes[0]
    for byte in bytes where byte != first { return false }
    return true
  }
}
