/// A growing buffer of raw bytes with the few encodings the project uses. Never shared.
public struct ByteWriter: ~Copyable {
  @usableFromInline var base: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var used = 0

  public init(capacity: Int = 256) {
    self.capacity = max(capacity, 64)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  @inlinable public var count: Int { used }

  public var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

  public borrowing func array() -> [UInt8] {
    [UInt8](UnsafeBufferPointer(start: base, count: count))
  }

  @inlinable public mutating func removeAll() { setCount(0) }

  @inlinable mutating func setCount(_ n: Int) { used = n }

  /// Makes room for `extra` more bytes; what follows may write them without asking again.
  @inlinable public mutating func reserve(_ extra: Int) {
    if count &+ extra > capacity { grow(extra) }
  }

  @usableFromInline mutating func grow(_ extra: Int) {
    let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity * 2 + extra)
    wider.update(from: base, count: count)
    base.deallocate()
    base = wider
    capacity = capacity * 2 + extra
  }

  /// Gives the place behind what is written, where `reserve` made room, to who writes there.
  @inlinable public mutating func extend(
    _ body: (UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UInt8>
  ) {
    setCount(body(base + count) - base)
  }

  @inlinable public mutating func byte(_ value: UInt8) {
    reserve(1)
    base[count] = value
    setCount(count &+ 1)
  }

  /// Little-endian base 128, at most ten bytes.
  @inlinable public mutating func varint(_ value: UInt64) {
    reserve(10)
    var rest = value
    var n = count
    while rest >= 0x80 {
      base[n] = UInt8(truncatingIfNeeded: rest) | 0x80
      rest >>= 7
      n &+= 1
    }
    base[n] = UInt8(truncatingIfNeeded: rest)
    setCount(n &+ 1)
  }

  /// Zigzag and varint, as Avro writes int and long.
  @inlinable public mutating func signed(_ value: Int64) { varint(zigzag(value)) }

  /// Eight bytes, little-endian.
  @inlinable public mutating func word(_ value: UInt64) {
    reserve(8)
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.littleEndian, as: UInt64.self)
    setCount(count &+ 8)
  }

  /// Four bytes, little-endian.
  @inlinable public mutating func word32(_ value: UInt32) {
    reserve(4)
    UnsafeMutableRawPointer(base + count).storeBytes(of: value.littleEndian, as: UInt32.self)
    setCount(count &+ 4)
  }

  @inlinable public mutating func append(_ bytes: UnsafeRawBufferPointer) {
    guard let start = bytes.baseAddress, bytes.count > 0 else { return }
    reserve(bytes.count)
    UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: bytes.count)
    setCount(count &+ bytes.count)
  }

  public mutating func append(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { append($0) }
  }

  /// Length as varint, then the UTF-8 bytes.
  public mutating func text(_ text: String) {
    var copy = text
    copy.withUTF8 { utf8 in
      varint(UInt64(utf8.count))
      append(UnsafeRawBufferPointer(utf8))
    }
  }
}

@inlinable public func zigzag(_ value: Int64) -> UInt64 {
  UInt64(bitPattern: (value << 1) ^ (value >> 63))
}

@inlinable public func unzigzag(_ value: UInt64) -> Int64 {
  Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
}
