/// Reads a file line by line; line ends are LF or CRLF. Memory: the longest line.
final class LineReader {
  /// A longer line ends the reading of the file.
  static let longestLine = 16 << 20

  /// Of the line at hand, from 1.
  private(set) var number = 0
  private let stream: ByteStream
  private let path: String
  private var buffer: UnsafeMutablePointer<UInt8>
  private var capacity = 1 << 18
  private var filled = 0
  private var start = 0
  private var end = 0
  private var next = 0
  private var ended = false

  init(_ stream: ByteStream, path: String) {
    self.stream = stream
    self.path = path
    buffer = .allocate(capacity: capacity)
  }

  deinit { buffer.deallocate() }

  /// Without its line end; valid until the next one is read.
  var line: UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: buffer + start, count: end - start)
  }

  /// Goes to the next line; false at the end.
  func advance() throws(TraceError) -> Bool {
    start = next
    number += 1
    var at = next
    while true {
      at = newline(from: at)
      if at < filled {
        end = at
        next = at + 1
        break
      }
      if ended {
        if start == filled { return false }
        end = filled
        next = filled
        break
      }
      let scanned = at - start
      try fill()
      at = start + scanned
    }
    if end > start && buffer[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    if number == 1, end - start >= 3, buffer[start] == 0xEF, buffer[start + 1] == 0xBB,
      buffer[start + 2] == 0xBF
    {
      start += 3
    }
    return true
  }

  /// The first line end from a place on, or the end of what is there: eight bytes at a time.
  private func newline(from place: Int) -> Int {
    var at = place
    let (bytes, end) = (buffer, filled)
    while at &+ 8 <= end {
      let word = UnsafeRawPointer(bytes + at).loadUnaligned(as: UInt64.self)
      let zeros = word ^ 0x0A0A_0A0A_0A0A_0A0A
      let found = (zeros &- 0x0101_0101_0101_0101) & ~zeros & 0x8080_8080_8080_8080
      if found != 0 { return at &+ UInt64(littleEndian: found).trailingZeroBitCount / 8 }
      at &+= 8
    }
    while at < end && bytes[at] != 0x0A { at &+= 1 }
    return at
  }

  /// Makes room behind the line and reads on.
  private func fill() throws(TraceError) {
    let kept = filled - start
    if kept > Self.longestLine {
      throw TraceError(
        .file, file: path,
        message: "line \(grouped(number)) is longer than \(grouped(Self.longestLine)) bytes")
    }
    if start > 0 {
      buffer.update(from: buffer + start, count: kept)
      start = 0
      filled = kept
    }
    if filled == capacity {
      let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2)
      wider.update(from: buffer, count: filled)
      buffer.deallocate()
      buffer = wider
      capacity *= 2
    }
    let n = try stream.read(into: buffer + filled, count: capacity - filled)
    filled += n
    if n == 0 { ended = true }
  }
}
