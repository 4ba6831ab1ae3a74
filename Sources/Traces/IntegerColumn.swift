import Bytes

/// Writes and reads columns of numbers: constants, or differences of order 0 to 2, made small by
/// their least value and their common divisor, and stored byte plane by byte plane. One owner: it
/// keeps its working memory.
final class IntegerColumn {
  static let constant: UInt8 = 0x00
  static let differences: UInt8 = 0x10
  /// No column of a block has more numbers than this.
  static let largest = 1 << 24

  let zstd: Zstandard
  private var scratch: UnsafeMutablePointer<Int64>
  private var plane: UnsafeMutablePointer<UInt8>
  private var capacity = 1024

  init(_ zstd: Zstandard) {
    self.zstd = zstd
    scratch = .allocate(capacity: capacity)
    plane = .allocate(capacity: capacity)
  }

  deinit {
    scratch.deallocate()
    plane.deallocate()
  }

  private func reserve(_ n: Int) {
    if n <= capacity { return }
    scratch.deallocate()
    plane.deallocate()
    capacity = n
    scratch = .allocate(capacity: n)
    plane = .allocate(capacity: n)
  }

  /// Sum of the bits that the differences of an order need around their first.
  private func cost(_ values: UnsafePointer<Int64>, _ n: Int, order: Int) -> Int {
    let first = difference(values, order, order)
    var bits = n / 8
    for index in order..<n {
      let distance = zigzag(difference(values, index, order) &- first)
      bits &+= 64 &- distance.leadingZeroBitCount
    }
    return bits
  }

  @inline(__always) private func difference(
    _ values: UnsafePointer<Int64>, _ index: Int, _ order: Int
  ) -> Int64 {
    switch order {
    case 0: values[index]
    case 1: values[index] &- values[index &- 1]
    default: values[index] &- 2 &* values[index &- 1] &+ values[index &- 2]
    }
  }

  /// What a column would take, in bits: to choose between two forms of the same thing.
  func estimate(_ values: UnsafePointer<Int64>, _ n: Int) -> Int {
    (0...min(2, max(n - 1, 0))).map { n > $0 ? cost(values, n, order: $0) : 0 }.min() ?? 0
  }

  func encode(_ values: UnsafePointer<Int64>, _ n: Int, into writer: inout ByteWriter) {
    if n == 0 { return }
    if isConstant(values, n) {
      writer.byte(Self.constant)
      writer.signed(values[0])
      return
    }
    reserve(n)
    var order = 0
    var least = cost(values, n, order: 0)
    for candidate in 1...min(2, n - 1) {
      let bits = cost(values, n, order: candidate)
      if bits < least {
        least = bits
        order = candidate
      }
    }
    writer.byte(Self.differences | UInt8(order))
    for index in 0..<order { writer.signed(difference(values, index, index)) }
    let m = n - order
    for index in 0..<m { scratch[index] = difference(values, index + order, order) }
    planes(m, into: &writer)
  }

  /// Stores `scratch`: base, divisor, width, planes.
  private func planes(_ m: Int, into writer: inout ByteWriter) {
    var low = scratch[0]
    var high = low
    for index in 1..<max(m, 1) {
      low = min(low, scratch[index])
      high = max(high, scratch[index])
    }
    let divisor = commonDivisor(m, low)
    let span = (UInt64(bitPattern: high) &- UInt64(bitPattern: low)) / divisor
    let width = (64 - span.leadingZeroBitCount + 7) / 8
    if divisor > 1 {
      for index in 0..<m {
        scratch[index] = Int64(bitPattern: UInt64(bitPattern: scratch[index] &- low) / divisor)
      }
    } else {
      for index in 0..<m { scratch[index] &-= low }
    }
    writer.signed(low)
    writer.varint(divisor)
    writer.byte(UInt8(width))
    for k in 0..<width {
      let shift = Int64(8 * k)
      for index in 0..<m { plane[index] = UInt8(truncatingIfNeeded: scratch[index] &>> shift) }
      Plane.encode(UnsafeRawBufferPointer(start: plane, count: m), into: &writer, zstd)
    }
  }

  /// Greatest common divisor of the distances from the least value; at least 1.
  private func commonDivisor(_ m: Int, _ low: Int64) -> UInt64 {
    var divisor: UInt64 = 0
    for index in 0..<m {
      let distance = UInt64(bitPattern: scratch[index] &- low)
      if divisor != 0 && distance % divisor == 0 { continue }
      var (a, b) = (divisor, distance)
      while b != 0 { (a, b) = (b, a % b) }
      divisor = a
      if divisor == 1 { return 1 }
    }
    return max(divisor, 1)
  }

  private func isConstant(_ values: UnsafePointer<Int64>, _ n: Int) -> Bool {
    for index in 1..<max(n, 1) where values[index] != values[0] { return false }
    return true
  }

  /// Reads `n` numbers into the buffer, replacing what it had.
  func decode(
    _ n: Int, from reader: inout ByteReader, into buffer: IntegerBuffer
  ) throws(DecodingError) {
    buffer.count = 0
    if n == 0 { return }
    try decode(n, tag: try reader.byte(), from: &reader, into: buffer)
  }

  /// The same behind the tag.
  func decode(
    _ n: Int, tag: UInt8, from reader: inout ByteReader, into buffer: IntegerBuffer
  ) throws(DecodingError) {
    buffer.count = 0
    let at = reader.position
    if n < 1 || n > Self.largest { throw .malformed("a column of \(n) numbers", at: at) }
    if tag == Self.constant {
      let value = try reader.signed()
      buffer.reserve(n)
      buffer.base.update(repeating: value, count: n)
      buffer.count = n
      return
    }
    let order = Int(tag & 0x0f)
    if tag & 0xf0 != Self.differences || order > 2 || order >= n {
      throw .malformed("a column of numbers of type \(tag)", at: at)
    }
    var first: Int64 = order > 0 ? try reader.signed() : 0
    var step: Int64 = order > 1 ? try reader.signed() : 0
    buffer.reserve(n)
    let target = buffer.base + order
    try readPlanes(n - order, from: &reader, into: target)
    if order == 1 {
      buffer.base[0] = first
      for index in 0..<n - 1 {
        first &+= target[index]
        target[index] = first
      }
    } else if order == 2 {
      buffer.base[0] = first
      first &+= step
      buffer.base[1] = first
      for index in 0..<n - 2 {
        step &+= target[index]
        first &+= step
        target[index] = first
      }
    }
    buffer.count = n
  }

  private func readPlanes(
    _ m: Int, from reader: inout ByteReader, into target: UnsafeMutablePointer<Int64>
  ) throws(DecodingError) {
    let low = try reader.signed()
    let divisor = Int64(bitPattern: try reader.varint())
    let width = Int(try reader.byte())
    if width > 8 { throw .malformed("numbers of \(width) bytes", at: reader.position) }
    reserve(m)
    target.update(repeating: 0, count: m)
    for k in 0..<width {
      try Plane.decode(m, from: &reader, into: plane, zstd)
      let shift = Int64(8 * k)
      for index in 0..<m { target[index] |= Int64(plane[index]) &<< shift }
    }
    if divisor == 1 {
      for index in 0..<m { target[index] &+= low }
    } else {
      for index in 0..<m { target[index] = target[index] &* divisor &+ low }
    }
  }
}
