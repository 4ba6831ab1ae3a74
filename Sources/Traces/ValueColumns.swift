import Bytes

/// Columns of IEEE 754 numbers. Many of them were decimals once: when every value is exactly
/// m / 10^k for one k, the column holds the m; else the bit patterns.
enum FloatColumn {
  static let bits: UInt8 = 0x30
  static let decimal: UInt8 = 0x31
  static let greatestScale = 9
  static let powers: [Double] = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9]

  /// `values` are bit patterns of doubles.
  static func encode(
    _ values: UnsafePointer<Int64>, _ n: Int, into writer: inout ByteWriter,
    _ integers: IntegerColumn, scratch: IntegerBuffer
  ) {
    if n == 0 { return }
    if let scale = commonScale(values, n, into: scratch) {
      writer.byte(decimal)
      writer.byte(UInt8(scale))
      integers.encode(scratch.base, n, into: &writer)
    } else {
      writer.byte(bits)
      integers.encode(values, n, into: &writer)
    }
  }

  private static func commonScale(
    _ values: UnsafePointer<Int64>, _ n: Int, into scratch: IntegerBuffer
  ) -> Int? {
    var scale = 0
    for index in 0..<n {
      while scaled(values[index], scale) == nil {
        scale += 1
        if scale > greatestScale { return nil }
      }
    }
    scratch.count = 0
    scratch.reserve(n)
    for index in 0..<n {
      guard let value = scaled(values[index], scale) else { return nil }
      scratch.append(value)
    }
    return scale
  }

  /// m when the value is exactly m / 10^scale, as `unscaled` computes it.
  @inline(__always) private static func scaled(_ pattern: Int64, _ scale: Int) -> Int64? {
    let value = Double(bitPattern: UInt64(bitPattern: pattern))
    let m = (value * powers[scale]).rounded()
    if !(m.magnitude < 9_007_199_254_740_992) { return nil }
    let whole = Int64(m)
    return unscaled(whole, scale) == pattern ? whole : nil
  }

  @inline(__always) private static func unscaled(_ m: Int64, _ scale: Int) -> Int64 {
    Int64(bitPattern: (Double(m) / powers[scale]).bitPattern)
  }

  static func decode(
    _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer, _ integers: IntegerColumn
  ) throws(DecodingError) {
    buffer.count = 0
    if n == 0 { return }
    let at = reader.position
    switch try reader.byte() {
    case bits:
      try integers.decode(n, from: &reader, into: buffer)
    case decimal:
      let scale = Int(try reader.byte())
      if scale > greatestScale { throw .malformed("a scale of \(scale)", at: at) }
      try integers.decode(n, from: &reader, into: buffer)
      for index in 0..<n { buffer.base[index] = unscaled(buffer.base[index], scale) }
    case let tag:
      throw .malformed("a column of floating-point numbers of type \(tag)", at: at)
    }
  }
}

/// Number columns of a payload that only repeat what stands beside it: the sequence, or the event
/// time in ns, us, ms or s, rounded down. Only when every event of the block has the field.
enum RepeatedColumn {
  static let sequence: UInt8 = 0x50
  private static let units: [Int64] = [1, 1_000, 1_000_000, 1_000_000_000]

  /// The tag of what the numbers repeat; nil when they say something of their own.
  static func tag(
    _ values: IntegerBuffer, sequences: IntegerBuffer, eventTimes: IntegerBuffer
  ) -> UInt8? {
    let n = values.count
    if n == 0 || n != sequences.count { return nil }
    if values[0] == sequences[0] && (1..<n).allSatisfy({ values[$0] == sequences[$0] }) {
      return sequence
    }
    for (place, unit) in units.enumerated() where values[0] == floorDivide(eventTimes[0], unit) {
      if (1..<n).allSatisfy({ values[$0] == floorDivide(eventTimes[$0], unit) }) {
        return sequence + 1 + UInt8(place)
      }
    }
    return nil
  }

  static func isTag(_ tag: UInt8) -> Bool {
    tag >= sequence && tag <= sequence + UInt8(units.count)
  }

  static func decode(
    _ tag: UInt8, _ n: Int, sequences: IntegerBuffer, eventTimes: IntegerBuffer,
    into buffer: IntegerBuffer
  ) throws(DecodingError) {
    if n != sequences.count { throw .malformed("a column that repeats \(n) events", at: 0) }
    buffer.count = 0
    buffer.reserve(n)
    if tag == sequence {
      buffer.base.update(from: sequences.base, count: n)
    } else {
      let unit = units[Int(tag - sequence) - 1]
      for index in 0..<n { buffer.base[index] = floorDivide(eventTimes[index], unit) }
    }
    buffer.count = n
  }
}

/// Columns of byte strings: one after the other, or a dictionary in order of first appearance and
/// an index for each.
final class SpanColumn {
  static let plain: UInt8 = 0x40
  static let dictionary: UInt8 = 0x41
  static let largest = 1 << 28

  private let integers: IntegerColumn
  private var table: [Int32] = []
  private let lengths = IntegerBuffer()
  private let indices = IntegerBuffer()
  private let entries = SpanBuffer()

  init(_ integers: IntegerColumn) { self.integers = integers }

  func encode(_ spans: SpanBuffer, into writer: inout ByteWriter) {
    if spans.count == 0 { return }
    if buildDictionary(spans) {
      writer.byte(Self.dictionary)
      writer.varint(UInt64(entries.count))
      strings(entries, into: &writer)
      integers.encode(indices.base, indices.count, into: &writer)
    } else {
      writer.byte(Self.plain)
      strings(spans, into: &writer)
    }
  }

  private func strings(_ spans: SpanBuffer, into writer: inout ByteWriter) {
    lengths.count = 0
    for index in 0..<spans.count { lengths.append(Int64(spans.lengths[index])) }
    integers.encode(lengths.base, lengths.count, into: &writer)
    let bytes = UnsafeRawBufferPointer(start: spans.bytes, count: spans.byteCount)
    Plane.encode(bytes, into: &writer, integers.zstd)
  }

  /// False when more than half of the strings differ.
  private func buildDictionary(_ spans: SpanBuffer) -> Bool {
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

  func decode(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer
  ) throws(DecodingError) {
    spans.removeAll()
    if n == 0 { return }
    let at = reader.position
    if n < 0 || n > IntegerColumn.largest { throw .malformed("a column of \(n) texts", at: at) }
    switch try reader.byte() {
    case Self.plain:
      try readStrings(n, from: &reader, into: spans)
    case Self.dictionary:
      let size = try reader.varint()
      if size == 0 || size > UInt64(n) {
        throw .malformed("a dictionary of \(size) for \(n) texts", at: at)
      }
      try readStrings(Int(size), from: &reader, into: spans)
      try integers.decode(n, from: &reader, into: indices)
      try expand(n, size: Int(size), spans, at: at)
    case let tag:
      throw .malformed("a column of texts of type \(tag)", at: at)
    }
  }

  /// Turns a dictionary in the first `size` places into `n` references to it.
  private func expand(
    _ n: Int, size: Int, _ spans: SpanBuffer, at: Int
  ) throws(DecodingError) {
    entries.removeAll()
    entries.reserve(size)
    for index in 0..<size {
      entries.starts[index] = spans.starts[index]
      entries.lengths[index] = spans.lengths[index]
    }
    spans.reserve(n)
    for index in 0..<n {
      let entry = indices[index]
      if entry < 0 || entry >= Int64(size) {
        throw .malformed("entry \(entry) of a dictionary of \(size)", at: at)
      }
      spans.starts[index] = entries.starts[Int(entry)]
      spans.lengths[index] = entries.lengths[Int(entry)]
    }
    spans.count = n
  }

  private func readStrings(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer
  ) throws(DecodingError) {
    let at = reader.position
    try integers.decode(n, from: &reader, into: lengths)
    spans.reserve(n)
    var total = 0
    for index in 0..<n {
      let length = lengths[index]
      if length < 0 || length > Int64(Self.largest - total) {
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

@inline(__always) func same(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  if a.count != b.count { return false }
  for index in 0..<a.count where a[index] != b[index] { return false }
  return true
}
