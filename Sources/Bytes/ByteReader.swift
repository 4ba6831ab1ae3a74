/// What is wrong with bytes that were to be decoded.
public enum DecodingError: Error, Hashable, Sendable {
  /// The bytes end inside a value.
  case truncated(at: Int)
  /// A varint of more than ten bytes, or one beyond 64 bits.
  case varintTooLong(at: Int)
  /// A value that its type does not allow; the text says which.
  case malformed(String, at: Int)
}

/// Reads untrusted bytes: every access is checked.
public struct ByteReader: ~Copyable {
  @usableFromInline let base: UnsafePointer<UInt8>
  public let count: Int
  @usableFromInline var cursor: Int

  /// The memory must outlive the reader.
  @inlinable public init(_ bytes: UnsafeRawBufferPointer) {
    if let start = bytes.baseAddress {
      base = start.assumingMemoryBound(to: UInt8.self)
    } else {
      base = UnsafePointer(bitPattern: 1)!
    }
    count = bytes.count
    cursor = 0
  }

  @inlinable public var position: Int { cursor }
  @inlinable public var isAtEnd: Bool { position == count }
  @inlinable public var remaining: Int { count - position }

  @inlinable mutating func setPosition(_ n: Int) { cursor = n }

  @inlinable public mutating func byte() throws(DecodingError) -> UInt8 {
    if position >= count { throw .truncated(at: position) }
    let value = base[position]
    setPosition(position &+ 1)
    return value
  }

  @inlinable public mutating func varint() throws(DecodingError) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    var n = position
    while true {
      if n >= count { throw .truncated(at: n) }
      let byte = UInt64(base[n])
      n &+= 1
      if shift == 63 && byte > 1 { throw .varintTooLong(at: position) }
      value |= (byte & 0x7f) << shift
      if byte < 0x80 {
        setPosition(n)
        return value
      }
      shift &+= 7
      if shift > 63 { throw .varintTooLong(at: position) }
    }
  }

  @inlinable public mutating func signed() throws(DecodingError) -> Int64 {
    unzigzag(try varint())
  }

  /// A varint that must fit a count of things still to come, each at least `size` bytes long.
  @inlinable public mutating func length(of size: Int = 1) throws(DecodingError) -> Int {
    let at = position
    let value = try varint()
    if value > UInt64(count &- position) / UInt64(max(size, 1)) {
      throw .malformed("a length of \(value) with \(count - position) bytes left", at: at)
    }
    return Int(value)
  }

  @inlinable public mutating func word() throws(DecodingError) -> UInt64 {
    if count &- position < 8 { throw .truncated(at: position) }
    let value = UnsafeRawPointer(base + position).loadUnaligned(as: UInt64.self)
    setPosition(position &+ 8)
    return UInt64(littleEndian: value)
  }

  @inlinable public mutating func word32() throws(DecodingError) -> UInt32 {
    if count &- position < 4 { throw .truncated(at: position) }
    let value = UnsafeRawPointer(base + position).loadUnaligned(as: UInt32.self)
    setPosition(position &+ 4)
    return UInt32(littleEndian: value)
  }

  /// A view of the next bytes; valid as long as the memory behind the reader.
  @inlinable public mutating func take(_ n: Int) throws(DecodingError) -> UnsafeRawBufferPointer {
    if n < 0 || count &- position < n { throw .truncated(at: position) }
    let view = UnsafeRawBufferPointer(start: base + position, count: n)
    setPosition(position &+ n)
    return view
  }

  /// Length as varint, then UTF-8.
  public mutating func text() throws(DecodingError) -> String {
    let at = position
    let bytes = try take(try length())
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw .malformed("text that is not UTF-8", at: at)
    }
    return text
  }
}
