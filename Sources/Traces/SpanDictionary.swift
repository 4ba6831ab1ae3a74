import Bytes

/// The different strings of a column in order of first appearance, and which of them each string
/// is. One owner.
final class SpanDictionary {
  let entries = SpanBuffer()
  let indices = IntegerBuffer()
  private var table: [Int32] = []

  /// False when more than half of the strings differ.
  func build(_ spans: SpanBuffer) -> Bool {
    var size = 16
    while size < spans.count { size *= 2 }
    if table.count < size { table = [Int32](repeating: -1, count: size) }
    for slot in 0..<size { table[slot] = -1 }
    entries.removeAll()
    indices.count = 0
    let most = spans.count / 2
    for index in 0..<spans.count {
      let span = spans[index]
      var slot = Int(truncatingIfNeeded: digest64(span)) & (size - 1)
      while table[slot] >= 0 && !same(entries[Int(table[slot])], span) {
        slot = (slot + 1) & (size - 1)
      }
      if table[slot] < 0 {
        if entries.count >= most { return false }
        table[slot] = Int32(entries.count)
        entries.append(span)
      }
      indices.append(Int64(table[slot]))
    }
    return true
  }

  /// Turns a dictionary in the first `size` places into as many references to it as there are
  /// `indices`.
  func expand(_ spans: SpanBuffer, size: Int, at: Int) throws(DecodingError) {
    let n = indices.count
    entries.removeAll()
    entries.reserve(size)
    for index in 0..<size {
      entries.starts[index] = spans.starts[index]
      entries.lengths[index] = spans.lengths[index]
    }
    spans.reserve(n)
    let (starts, lengths) = (spans.starts, spans.lengths)
    for index in 0..<n {
      let entry = indices[index]
      if entry < 0 || entry >= Int64(size) {
        throw .malformed("entry \(entry) of a dictionary of \(size)", at: at)
      }
      starts[index] = entries.starts[Int(entry)]
      lengths[index] = entries.lengths[Int(entry)]
    }
    spans.count = n
  }
}

/// Strings one after the other: their lengths, then all their bytes. One owner.
final class SpanRun {
  private let integers: IntegerColumn
  private let lengths = IntegerBuffer()

  init(_ integers: IntegerColumn) { self.integers = integers }

  func encode(_ spans: SpanBuffer, into writer: inout ByteWriter) {
    lengths.count = 0
    for index in 0..<spans.count { lengths.append(Int64(spans.lengths[index])) }
    integers.encode(lengths.base, lengths.count, into: &writer)
    let bytes = UnsafeRawBufferPointer(start: spans.bytes, count: spans.byteCount)
    Plane.encode(bytes, into: &writer, integers.zstd)
  }

  func decode(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer
  ) throws(DecodingError) {
    let at = reader.position
    try integers.decode(n, from: &reader, into: lengths)
    spans.removeAll()
    spans.reserve(n)
    var total = 0
    for index in 0..<n {
      let length = lengths[index]
      if length < 0 || length > Int64(SpanColumn.largest - total) {
        throw .malformed("a text of \(length) bytes", at: at)
      }
      spans.starts[index] = UInt32(total)
      spans.lengths[index] = UInt32(length)
      total += Int(length)
    }
    spans.reserveBytes(total)
    try Plane.decode(total, from: &reader, into: spans.bytes, integers.zstd)
    spans.count = n
    spans.byteCount = total
  }
}

/// Columns of strings without context: one after the other, or a dictionary. One owner.
final class PlainSpanColumn {
  private let integers: IntegerColumn
  private let run: SpanRun
  private let dictionary = SpanDictionary()

  init(_ integers: IntegerColumn) {
    self.integers = integers
    run = SpanRun(integers)
  }

  func encode(_ spans: SpanBuffer, into writer: inout ByteWriter) {
    if dictionary.build(spans) {
      writer.byte(SpanColumn.dictionary)
      writer.varint(UInt64(dictionary.entries.count))
      run.encode(dictionary.entries, into: &writer)
      integers.encode(dictionary.indices.base, spans.count, into: &writer)
    } else {
      writer.byte(SpanColumn.plain)
      run.encode(spans, into: &writer)
    }
  }

  func decode(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer
  ) throws(DecodingError) {
    let at = reader.position
    switch try reader.byte() {
    case SpanColumn.plain: try run.decode(n, from: &reader, into: spans)
    case SpanColumn.dictionary:
      let size = try dictionarySize(n, &reader)
      try run.decode(size, from: &reader, into: spans)
      try integers.decode(n, from: &reader, into: dictionary.indices)
      try dictionary.expand(spans, size: size, at: at)
    case let tag: throw .malformed("a column of shapes of type \(tag)", at: at)
    }
  }
}

/// How many entries a dictionary for `n` strings has.
func dictionarySize(_ n: Int, _ reader: inout ByteReader) throws(DecodingError) -> Int {
  let at = reader.position
  let size = try reader.varint()
  if size == 0 || size > UInt64(n) {
    throw .malformed("a dictionary of \(size) for \(n) texts", at: at)
  }
  return Int(size)
}

@inline(__always) func same(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  if a.count != b.count { return false }
  for index in 0..<a.count where a[index] != b[index] { return false }
  return true
}
