import Bytes

/// One frame of a file, whole or not.
struct ScannedFrame {
  var offset: UInt64
  /// Nil when the header cannot be read.
  var header: FrameHeader?
  var body: [UInt8]
  /// What is wrong with the frame; nil when it is whole.
  var problem: TraceError.Reason?
  var message = ""

  var end: UInt64 {
    offset + UInt64(TraceFormat.frameHeaderSize) + (header?.size ?? 0)
  }
}

extension TraceFile {
  /// Refuses what is no trace; the version of one.
  func checkMagic() throws(TraceError) -> Int {
    let start = try read(at: 0, count: TraceFormat.magic.count)
    if start.count < TraceFormat.magic.count {
      throw TraceError(
        .truncated, file: path, bytes: 0..<size,
        message: "the file ends before the eight bytes that every trace begins with")
    }
    let stem = TraceFormat.magicStem
    let version = Int(start[stem.count]) - 0x30
    if Array(start[..<stem.count]) == stem {
      if TraceFormat.versions.contains(version) { return version }
      throw TraceError(
        .notATrace, file: path, bytes: 0..<8,
        message: "no version of the format that is known here: it begins with "
          + String(decoding: start, as: UTF8.self) + "; known are WEIRTRC1 and WEIRTRC2")
    }
    throw TraceError(
      .notATrace, file: path, bytes: 0..<8,
      message: "no trace of Weir: it does not begin with WEIRTRC2")
  }

  /// The frame at an offset, its checksum checked.
  func frame(at offset: UInt64) throws(TraceError) -> ScannedFrame {
    let head = try read(at: offset, count: TraceFormat.frameHeaderSize)
    var frame = ScannedFrame(offset: offset, header: nil, body: [])
    if head.count < TraceFormat.frameHeaderSize {
      frame.problem = .truncated
      frame.message = "the file ends inside the header of a frame"
      return frame
    }
    guard let header = head.withUnsafeBytes({ FrameHeader($0) }) else {
      frame.problem = .damaged
      frame.message = "no header of a frame"
      return frame
    }
    frame.header = header
    if header.size > size - offset - UInt64(TraceFormat.frameHeaderSize) {
      frame.problem = .truncated
      frame.message = "the file ends inside a frame of \(grouped(header.size)) bytes"
      return frame
    }
    frame.body = try read(
      at: offset + UInt64(TraceFormat.frameHeaderSize), count: Int(header.size))
    let found = frame.body.withUnsafeBytes {
      FrameHeader.checksum(header.kind, header.number, $0)
    }
    if frame.body.count != Int(header.size) || found != header.checksum {
      frame.problem = .damaged
      frame.message = "checksum \(hex(found)), stored \(hex(header.checksum))"
    }
    return frame
  }

  /// The index that the last bytes of the file point to; nil when there is none that is whole.
  func index(_ zstd: Zstandard) throws(TraceError) -> [IndexEntry]? {
    let least = UInt64(TraceFormat.magic.count + TraceFormat.frameHeaderSize)
    if size < least + UInt64(TraceFormat.trailerSize) { return nil }
    let tail = try read(
      at: size - UInt64(TraceFormat.trailerSize), count: TraceFormat.trailerSize)
    if Array(tail.suffix(8)) != TraceFormat.trailerMagic { return nil }
    let at = tail.withUnsafeBytes {
      UInt64(littleEndian: $0.loadUnaligned(as: UInt64.self))
    }
    if at > size - least { return nil }
    let frame = try frame(at: at)
    guard let header = frame.header, frame.problem == nil, header.kind == .index,
      frame.end == size
    else { return nil }
    return frame.body.withUnsafeBytes { body in
      do throws(DecodingError) {
        return try IndexEntry.read(body, count: header.number, at: at, zstd)
      } catch {
        return nil
      }
    }
  }
}

/// Sixteen digits.
func hex(_ word: UInt64) -> String {
  let digits = String(word, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}

extension DecodingError {
  /// What and where, in one line.
  var text: String {
    switch self {
    case .truncated(let at): "the bytes end at \(at), inside a value"
    case .varintTooLong(let at): "a number of too many bytes at \(at)"
    case .malformed(let what, let at): "\(what) at \(at)"
    }
  }
}
