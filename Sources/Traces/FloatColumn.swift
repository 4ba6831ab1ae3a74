import Bytes

/// Columns of IEEE 754 numbers. Many of them were decimals once: when every value is the double
/// nearest to m / 10^k for one k, the column holds the m. When most are, or nearly, it holds the m
/// and how far each bit pattern is from that of m / 10^k; else the bit patterns.
final class FloatColumn {
  static let bits: UInt8 = 0x30
  static let decimal: UInt8 = 0x31
  static let nearDecimal: UInt8 = 0x32
  static let greatestScale = 15
  static let powers: [Double] = [
    1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
  ]

  private let numbers: NumberColumn
  private let wholes = IntegerBuffer()
  private let rests = IntegerBuffer()

  init(_ numbers: NumberColumn) { self.numbers = numbers }

  /// How a column was written, to write the next one alike: the form of its numbers.
  func encode(
    _ values: UnsafePointer<Int64>, _ n: Int, _ known: NumberForm?, _ context: ColumnContext?,
    into writer: inout ByteWriter
  ) -> NumberForm {
    if n == 0 { return NumberForm() }
    guard let scale = bestScale(values, n) else {
      let form = known ?? numbers.choose(values, n, context, references: false)
      writer.byte(Self.bits)
      numbers.encode(values, n, form, context, into: &writer)
      return form
    }
    let isExact = split(values, n, scale)
    writer.byte(isExact ? Self.decimal : Self.nearDecimal)
    writer.byte(UInt8(scale))
    let form = known ?? numbers.choose(wholes.base, n, context, references: false)
    numbers.encode(wholes.base, n, form, context, into: &writer)
    if !isExact { numbers.encode(rests.base, n, NumberForm(), nil, into: &writer) }
    return form
  }

  /// The power of ten by which some of the values become the smallest whole numbers with the
  /// smallest rests; nil when their bit patterns are no longer.
  private func bestScale(_ values: UnsafePointer<Int64>, _ n: Int) -> Int? {
    let step = max(1, n / 256)
    var best: Int?
    var least = Int.max
    for scale in -1...Self.greatestScale {
      var bits = 0
      var last: Int64 = 0
      var isExact = true
      var index = 0
      while index < n {
        var whole = values[index]
        if scale >= 0 {
          whole = Self.nearest(values[index], scale)
          let rest = values[index] &- Self.pattern(whole, scale)
          isExact = isExact && rest == 0
          bits &+= 64 &- zigzag(rest).leadingZeroBitCount
        }
        bits &+= 64 &- zigzag(whole &- last).leadingZeroBitCount
        last = whole
        index &+= step
      }
      if bits < least {
        least = bits
        best = scale
      }
      // More digits only make more of zeros.
      if isExact && scale >= 0 { break }
    }
    return best == -1 ? nil : best
  }

  /// Fills `wholes` and `rests`; whether all rests are zero.
  private func split(_ values: UnsafePointer<Int64>, _ n: Int, _ scale: Int) -> Bool {
    wholes.count = 0
    wholes.reserve(n)
    rests.count = 0
    rests.reserve(n)
    var any: Int64 = 0
    let (whole, rest) = (wholes.base, rests.base)
    for index in 0..<n {
      whole[index] = Self.nearest(values[index], scale)
      rest[index] = values[index] &- Self.pattern(whole[index], scale)
      any |= rest[index]
    }
    return any == 0
  }

  /// The whole number nearest to the value times 10^scale; 0 when it has more than 53 bits.
  @inline(__always) private static func nearest(_ pattern: Int64, _ scale: Int) -> Int64 {
    let value = Double(bitPattern: UInt64(bitPattern: pattern))
    let scaled = (value * powers[scale]).rounded()
    return scaled.magnitude < 9_007_199_254_740_992 ? Int64(scaled) : 0
  }

  /// The bits of the double nearest to m / 10^scale.
  @inline(__always) private static func pattern(_ m: Int64, _ scale: Int) -> Int64 {
    Int64(bitPattern: (Double(m) / powers[scale]).bitPattern)
  }

  /// Reads `n` bit patterns into the buffer, replacing what it had.
  func decode(
    _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer, _ context: ColumnContext?
  ) throws(DecodingError) {
    buffer.count = 0
    if n == 0 { return }
    let at = reader.position
    let tag = try reader.byte()
    if tag == Self.bits { return try numbers.decode(n, from: &reader, into: buffer, context) }
    if tag != Self.decimal && tag != Self.nearDecimal {
      throw .malformed("a column of floating-point numbers of type \(tag)", at: at)
    }
    let scale = Int(try reader.byte())
    if scale > Self.greatestScale { throw .malformed("a scale of \(scale)", at: at) }
    try numbers.decode(n, from: &reader, into: buffer, context)
    let target = buffer.base
    let power = Self.powers[scale]
    for index in 0..<n {
      target[index] = Int64(bitPattern: (Double(target[index]) / power).bitPattern)
    }
    if tag == Self.nearDecimal {
      try numbers.decode(n, from: &reader, into: rests, nil)
      for index in 0..<n { target[index] &+= rests[index] }
    }
  }
}
