import Bytes

/// A place in untrusted bytes.
struct Cursor {
  var at: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  /// A number that begins before this ends by `end` at the latest, because the very last byte is
  /// the end of one. Equal to the start where that is not so.
  private let sureEnd: UnsafePointer<UInt8>

  /// There is at least one byte before `end`.
  @inline(__always) init(at: UnsafePointer<UInt8>, end: UnsafePointer<UInt8>) {
    self.at = at
    self.end = end
    sureEnd = end[-1] < 0x80 ? end : at
  }

  @inline(__always) var isAtEnd: Bool { at == end }

  /// Checks no single byte where the number is sure to end. A branch for each length keeps the next
  /// field from waiting for this one.
  @inline(__always) mutating func varint() throws(RecordError) -> UInt64 {
    if at >= sureEnd { return try slowVarint() }
    let p = at
    var value = UInt64(p[0])
    if value < 0x80 {
      at = p + 1
      return value
    }
    // Each next byte takes back the continuation bit of the one before.
    value &+= (UInt64(p[1]) &- 1) &<< 7
    if p[1] < 0x80 {
      at = p + 2
      return value
    }
    value &+= (UInt64(p[2]) &- 1) &<< 14
    if p[2] < 0x80 {
      at = p + 3
      return value
    }
    value &+= (UInt64(p[3]) &- 1) &<< 21
    if p[3] < 0x80 {
      at = p + 4
      return value
    }
    value &+= (UInt64(p[4]) &- 1) &<< 28
    if p[4] < 0x80 {
      at = p + 5
      return value
    }
    value &+= (UInt64(p[5]) &- 1) &<< 35
    if p[5] < 0x80 {
      at = p + 6
      return value
    }
    value &+= (UInt64(p[6]) &- 1) &<< 42
    if p[6] < 0x80 {
      at = p + 7
      return value
    }
    value &+= (UInt64(p[7]) &- 1) &<< 49
    if p[7] < 0x80 {
      at = p + 8
      return value
    }
    return try slowVarint()
  }

  /// Keeps the cursor out of memory: the place goes through parameter and result.
  @inline(__always) private mutating func slowVarint() throws(RecordError) -> UInt64 {
    let result = try checkedVarint(at, end)
    at = result.next
    return result.value
  }

  /// Passes `count` numbers at once when they all lie within eight bytes and none has more than
  /// four of them, so that they are in range whatever their type. False: nothing was done.
  @inline(__always) mutating func skipNumbers(_ count: UInt64) -> Bool {
    if end - at < 8 { return false }
    let word = UInt64(littleEndian: UnsafeRawPointer(at).loadUnaligned(as: UInt64.self))
    var ends = ~word & 0x8080_8080_8080_8080
    for _ in 1..<count { ends &= ends &- 1 }
    if ends == 0 { return false }
    let length = (ends.trailingZeroBitCount &+ 1) &>> 3
    let more = word & (0x8080_8080_8080_8080 &>> UInt64(64 &- 8 &* length))
    if more & (more &>> 8) & (more &>> 16) & (more &>> 24) != 0 { return false }
    at += length
    return true
  }

  @inline(__always) mutating func signed() throws(RecordError) -> Int64 { unzigzag(try varint()) }

  /// The encoded value of a step, checked against its type.
  @inline(__always) mutating func number(
    _ step: UnsafePointer<Step>
  ) throws(RecordError) -> UInt64 {
    let value = try varint()
    if value > step.pointee.limit || value & UInt64(step.pointee.forbidden) != 0 {
      throw .wrongType
    }
    return value
  }

  @inline(__always) mutating func boolean() throws(RecordError) -> Int64 {
    if at == end { throw .truncated }
    let byte = at.pointee
    at += 1
    if byte > 1 { throw .wrongType }
    return Int64(byte)
  }

  @inline(__always) mutating func skip(_ count: UInt64) throws(RecordError) {
    if count > UInt64(end - at) { throw .truncated }
    at += Int(count)
  }

  /// As many bytes, where they lie.
  @inline(__always) mutating func take(
    _ count: UInt64
  ) throws(RecordError) -> UnsafeRawBufferPointer {
    let start = at
    try skip(count)
    return UnsafeRawBufferPointer(start: start, count: Int(count))
  }
}

@inline(never) private func checkedVarint(
  _ start: UnsafePointer<UInt8>, _ end: UnsafePointer<UInt8>
) throws(RecordError) -> (value: UInt64, next: UnsafePointer<UInt8>) {
  var at = start
  var value: UInt64 = 0
  var shift: UInt64 = 0
  while true {
    if at == end { throw .truncated }
    let byte = UInt64(at.pointee)
    at += 1
    if shift == 63 && byte > 1 { throw .wrongType }
    value |= (byte & 0x7f) &<< shift
    if byte < 0x80 { return (value, at) }
    shift &+= 7
  }
}
