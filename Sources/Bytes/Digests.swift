import CXXHash
import Model

/// XXH3, 64 bits, of a span of memory.
@inlinable public func digest64(_ bytes: UnsafeRawPointer, _ count: Int) -> UInt64 {
  XXH3_64bits(bytes, count)
}

@inlinable public func digest64(_ bytes: UnsafeRawBufferPointer) -> UInt64 {
  XXH3_64bits(bytes.baseAddress, bytes.count)
}

public func digest64(_ bytes: [UInt8]) -> UInt64 {
  bytes.withUnsafeBytes { digest64($0) }
}

/// XXH3, 128 bits, of a span of memory.
public func digest128(_ bytes: UnsafeRawBufferPointer) -> Digest128 {
  let hash = XXH3_128bits(bytes.baseAddress, bytes.count)
  return Digest128(high: hash.high64, low: hash.low64)
}

/// XXH3-128 over bytes that come in pieces: the result does not depend on where they were cut.
public struct RunningDigest: ~Copyable {
  private let state: OpaquePointer

  public init() {
    guard let state = XXH3_createState() else { preconditionFailure("no memory for a digest") }
    self.state = state
    XXH3_128bits_reset(state)
  }

  deinit { XXH3_freeState(state) }

  public mutating func update(_ bytes: UnsafeRawBufferPointer) {
    if bytes.count > 0 { XXH3_128bits_update(state, bytes.baseAddress, bytes.count) }
  }

  /// The digest of everything so far.
  public borrowing func value() -> Digest128 {
    let hash = XXH3_128bits_digest(state)
    return Digest128(high: hash.high64, low: hash.low64)
  }
}
