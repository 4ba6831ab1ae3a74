import Bytes

/// Where a block is, and what is in it.
public struct IndexEntry: Hashable, Sendable {
  /// Of the frame's first byte.
  public var offset: UInt64
  /// Of the whole frame, header included.
  public var size: UInt64
  public var summary: BlockSummary

  static let entrySize = 16 + BlockSummary.size

  /// The body of an index frame that begins at `at`: packed entries, then the trailer.
  static func write(
    _ entries: [IndexEntry], at: UInt64, into body: inout ByteWriter, _ zstd: Zstandard
  ) {
    var plain = ByteWriter(capacity: entries.count * entrySize + 16)
    for entry in entries {
      plain.word(entry.offset)
      plain.word(entry.size)
      entry.summary.write(into: &plain)
    }
    body.varint(UInt64(plain.count))
    Plane.encode(plain.bytes, into: &body, zstd)
    body.word(at)
    body.append(TraceFormat.trailerMagic)
  }

  static func read(
    _ body: UnsafeRawBufferPointer, count: UInt64, at: UInt64, _ zstd: Zstandard
  ) throws(DecodingError) -> [IndexEntry] {
    var reader = ByteReader(body)
    let plain = try unpack(&reader, limit: TraceFormat.largestFrame, zstd)
    if UInt64(plain.count) != count.multipliedReportingOverflow(by: UInt64(entrySize)).partialValue
      || count > UInt64(TraceFormat.largestFrame)
    {
      throw .malformed("an index of \(plain.count) bytes for \(count) blocks", at: 0)
    }
    var words = ByteReader(plain.span(0))
    var entries: [IndexEntry] = []
    var end = UInt64(TraceFormat.magic.count)
    for _ in 0..<count {
      let offset = try words.word()
      let size = try words.word()
      let summary = try BlockSummary(reading: &words)
      if offset < end || size > UInt64(TraceFormat.largestFrame) || offset > at
        || size > at - offset
      {
        throw .malformed("a block outside of the file", at: words.position)
      }
      end = offset + size
      entries.append(IndexEntry(offset: offset, size: size, summary: summary))
    }
    if try reader.word() != at { throw .malformed("an index that points elsewhere", at: 0) }
    let magic = try reader.take(TraceFormat.trailerMagic.count)
    if !magic.elementsEqual(TraceFormat.trailerMagic) || !reader.isAtEnd {
      throw .malformed("an index without its end", at: reader.position)
    }
    return entries
  }
}
