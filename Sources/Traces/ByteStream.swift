import CShim
import CZstd

/// Reads a file from its beginning in pieces; a zstd file, told by its first bytes, is unpacked on
/// the way.
final class ByteStream {
  private let path: String
  private let descriptor: Int32
  private var input: UnsafeMutablePointer<UInt8>
  private var inputCount = 0
  private var inputPosition = 0
  private var decompressor: OpaquePointer?
  private var insideFrame = false
  private var started = false
  private var peeked: [UInt8] = []
  private let inputCapacity = 1 << 17

  init(_ path: String) throws(TraceError) {
    self.path = path
    descriptor = shim_open_file(path)
    input = .allocate(capacity: inputCapacity)
    if descriptor < 0 {
      throw TraceError(.file, file: path, message: String(cString: shim_error_text(-descriptor)))
    }
  }

  deinit {
    if descriptor >= 0 { shim_close(descriptor) }
    if let decompressor { ZSTD_freeDCtx(decompressor) }
    input.deallocate()
  }

  /// The first bytes, at most 64, which `read` gives again. Call before it.
  func peek() throws(TraceError) -> [UInt8] {
    var filled = 0
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: 64)
    defer { room.deallocate() }
    while filled < 64 {
      let n = try read(into: room + filled, count: 64 - filled)
      if n == 0 { break }
      filled += n
    }
    peeked = Array(UnsafeBufferPointer(start: room, count: filled))
    return peeked
  }

  /// Writes at most `count` bytes; returns how many, 0 at the end.
  func read(into target: UnsafeMutablePointer<UInt8>, count: Int) throws(TraceError) -> Int {
    if !peeked.isEmpty {
      let n = min(count, peeked.count)
      for place in 0..<n { target[place] = peeked[place] }
      peeked.removeFirst(n)
      return n
    }
    if !started { try start() }
    guard let decompressor else {
      if inputPosition == inputCount { try refill() }
      let n = min(count, inputCount - inputPosition)
      target.update(from: input + inputPosition, count: n)
      inputPosition += n
      return n
    }
    var output = ZSTD_outBuffer(dst: target, size: count, pos: 0)
    while output.pos == 0 {
      if inputPosition == inputCount {
        try refill()
        if inputCount == 0 {
          if insideFrame {
            throw TraceError(.file, file: path, message: "the zstd data end in the middle")
          }
          return 0
        }
      }
      var piece = ZSTD_inBuffer(src: input, size: inputCount, pos: inputPosition)
      let status = ZSTD_decompressStream(decompressor, &output, &piece)
      if ZSTD_isError(status) != 0 {
        let text = String(cString: ZSTD_getErrorName(status))
        throw TraceError(.file, file: path, message: "cannot be unpacked: \(text)")
      }
      insideFrame = status != 0
      inputPosition = piece.pos
    }
    return output.pos
  }

  private func start() throws(TraceError) {
    started = true
    try refill()
    let zstdMagic: [UInt8] = [0x28, 0xB5, 0x2F, 0xFD]
    if inputCount >= 4 && (0..<4).allSatisfy({ input[$0] == zstdMagic[$0] }) {
      decompressor = ZSTD_createDCtx()
    }
  }

  private func refill() throws(TraceError) {
    inputPosition = 0
    inputCount = 0
    let n = shim_read_some(descriptor, input, inputCapacity)
    if n < 0 {
      let text = String(cString: shim_error_text(Int32(-n)))
      throw TraceError(.file, file: path, message: "cannot be read: \(text)")
    }
    inputCount = n
  }
}
