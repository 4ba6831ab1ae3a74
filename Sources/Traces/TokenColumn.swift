import Bytes

/// Columns of strings with numbers in them, such as `card-0017` or `61496.50:0.010;61510.90:0`.
/// Each string is kept as its shape, in which a digit stands for every number, and the numbers are
/// kept in columns by what stands before and after them. One owner.
final class TokenColumn {
  /// Numbers have at most so many digits; longer ones count as several.
  private static let mostDigits = 18
  /// A column of strings with more kinds of numbers is written in another way.
  private static let mostKinds = 64

  private let numbers: NumberColumn
  private let shapes = SpanBuffer()
  private let found = IntegerBuffer()
  private var columns: [IntegerBuffer] = []
  private var kinds = [Int16](repeating: -1, count: 1 << 16)
  private var used: [Int] = []
  private var places: [Int] = []
  private var shape: [UInt8] = []

  init(_ numbers: NumberColumn) { self.numbers = numbers }

  /// Whether there is anything to gain: many digits.
  static func isWorthTrying(_ spans: SpanBuffer) -> Bool {
    let n = spans.byteCount
    if spans.count < 16 || n < 64 { return false }
    var digits = 0
    let step = max(1, n / 1_024)
    var at = 0
    var seen = 0
    while at < n {
      if spans.bytes[at] &- 0x30 <= 9 { digits += 1 }
      seen += 1
      at += step
    }
    return digits * 4 >= seen
  }

  /// Writes shapes, then the numbers; false when there are too many kinds of numbers, and then
  /// nothing is written.
  func encode(
    _ spans: SpanBuffer, into writer: inout ByteWriter, _ strings: PlainSpanColumn
  ) -> Bool {
    shapes.removeAll()
    found.count = 0
    for index in 0..<spans.count { takeApart(spans[index]) }
    forget()
    var next = 0
    for index in 0..<shapes.count {
      let isGood = visit(shapes[index]) { kind, _ in
        columns[kind].append(found[next])
        next &+= 1
      }
      if !isGood { return false }
    }
    strings.encode(shapes, into: &writer)
    for kind in 0..<used.count {
      let column = columns[kind]
      let form = numbers.choose(column.base, column.count, nil)
      numbers.encode(column.base, column.count, form, nil, into: &writer)
    }
    return true
  }

  /// Adds the shape of a string, and its numbers.
  private func takeApart(_ span: UnsafeRawBufferPointer) {
    shape.removeAll(keepingCapacity: true)
    var at = 0
    while at < span.count {
      let byte = span[at]
      if byte &- 0x30 > 9 {
        shape.append(byte)
        at &+= 1
        continue
      }
      var end = at
      while end < span.count && end &- at < Self.mostDigits && span[end] &- 0x30 <= 9 { end &+= 1 }
      let before = at == 0 ? 0 : span[at &- 1]
      var width = 0
      let isDecimals = before == UInt8(ascii: ".")
      let isPair =
        end &- at == 2
        && (before == UInt8(ascii: "-") || before == UInt8(ascii: ":")
          || before == UInt8(ascii: "T"))
      if isDecimals || isPair || (byte == 0x30 && end &- at > 1) {
        width = min(end &- at, 9)
        end = at &+ width
      }
      var value: Int64 = 0
      for place in at..<end { value = value &* 10 &+ Int64(span[place] &- 0x30) }
      shape.append(0x30 &+ UInt8(width))
      found.append(value)
      at = end
    }
    shape.withUnsafeBytes { shapes.append($0) }
  }

  private func forget() {
    for slot in used { kinds[slot] = -1 }
    used.removeAll(keepingCapacity: true)
  }

  /// Gives every number of a shape: its kind and its width, 0 for as many digits as it needs. False
  /// when there are too many kinds.
  @inline(__always) private func visit(
    _ shape: UnsafeRawBufferPointer, _ body: (Int, UInt8) -> Void
  ) -> Bool {
    var before = 0
    for at in 0..<shape.count {
      let byte = shape[at]
      if byte &- 0x30 <= 9 {
        let after = at &+ 1 < shape.count ? Int(shape[at &+ 1]) : 0
        guard let kind = kind(before << 8 | after) else { return false }
        body(kind, byte &- 0x30)
      }
      before = Int(byte)
    }
    return true
  }

  @inline(__always) private func kind(_ slot: Int) -> Int? {
    let known = kinds[slot]
    return known >= 0 ? Int(known) : newKind(slot)
  }

  @inline(never) private func newKind(_ slot: Int) -> Int? {
    if used.count >= Self.mostKinds { return nil }
    kinds[slot] = Int16(used.count)
    if used.count == columns.count { columns.append(IntegerBuffer()) }
    columns[used.count].count = 0
    used.append(slot)
    return used.count - 1
  }

  /// Reads `n` strings behind the tag.
  func decode(
    _ n: Int, from reader: inout ByteReader, into spans: SpanBuffer, _ strings: PlainSpanColumn
  ) throws(DecodingError) {
    let at = reader.position
    try strings.decode(n, from: &reader, into: shapes)
    forget()
    var counts: [Int] = []
    var total = 0
    for index in 0..<n {
      let isGood = visit(shapes[index]) { kind, _ in
        if kind == counts.count { counts.append(0) }
        counts[kind] &+= 1
        total &+= 1
      }
      if !isGood || total > IntegerColumn.largest { throw .malformed("too many numbers", at: at) }
    }
    for kind in 0..<counts.count {
      try numbers.decode(counts[kind], from: &reader, into: columns[kind], nil)
    }
    places = Array(repeating: 0, count: counts.count)
    spans.removeAll()
    spans.reserve(n)
    for index in 0..<n { try putTogether(shapes[index], into: spans, at: at) }
  }

  private func putTogether(
    _ shape: UnsafeRawBufferPointer, into spans: SpanBuffer, at: Int
  ) throws(DecodingError) {
    let start = spans.byteCount
    if start + shape.count * Self.mostDigits > SpanColumn.largest {
      throw .malformed("texts of more than \(SpanColumn.largest) bytes", at: at)
    }
    spans.reserveBytes(start + shape.count * Self.mostDigits)
    let target = spans.bytes
    var end = start
    var before = 0
    for place in 0..<shape.count {
      let byte = shape[place]
      if byte &- 0x30 > 9 {
        target[end] = byte
        end &+= 1
      } else {
        let after = place &+ 1 < shape.count ? Int(shape[place &+ 1]) : 0
        let kind = Int(kinds[before << 8 | after])
        let value = columns[kind][places[kind]]
        places[kind] &+= 1
        guard let size = Self.write(value, width: Int(byte &- 0x30), to: target + end) else {
          throw .malformed("a number \(value) in a text", at: at)
        }
        end &+= size
      }
      before = Int(byte)
    }
    spans.close(upTo: end)
  }

  /// Writes digits, with zeros before them up to a width; nil when there is no room for them.
  @inline(__always) private static func write(
    _ value: Int64, width: Int, to target: UnsafeMutablePointer<UInt8>
  ) -> Int? {
    if value < 0 || value >= 1_000_000_000_000_000_000 { return nil }
    var size = width
    var rest = UInt64(value)
    if width == 0 {
      size = 1
      var bound: UInt64 = 10
      while rest >= bound {
        size &+= 1
        bound &*= 10
      }
    }
    var place = size
    while place > 0 {
      place &-= 1
      let next = rest / 10
      target[place] = 0x30 &+ UInt8(truncatingIfNeeded: rest &- next &* 10)
      rest = next
    }
    return rest == 0 ? size : nil
  }
}
