/// Names and counters become words: a draw never depends on the one before it, so a new draw in one
/// place shifts nothing elsewhere, and any event can be made alone.
@frozen public struct DrawStream: Hashable, Sendable {
  @usableFromInline let a: UInt64
  @usableFromInline let b: UInt64

  @inlinable init(hash: UInt64) {
    a = mix(hash ^ 0xD1B5_4A32_D192_ED03)
    b = mix(hash ^ 0x8CB9_2BA7_2F3D_8DD7)
  }

  /// The word at a counter: uniform over 64 bits.
  @inlinable public func word(_ counter: UInt64) -> UInt64 {
    mix(mix(a &+ counter &* golden) ^ b)
  }

  /// A uniform number below `bound`, which is above zero.
  @inlinable public func below(_ bound: UInt64, _ counter: UInt64) -> UInt64 {
    word(counter).multipliedFullWidth(by: bound).high
  }
}

/// A family of streams: (seed, component, purpose). Each entity, or tuple of indices, has one.
@frozen public struct DrawFamily: Hashable, Sendable {
  @usableFromInline let hash: UInt64

  /// The draws of one purpose in one component, such as "finance.fraud" and "amount".
  public init(seed: UInt64, component: String, purpose: String) {
    hash = fold(fold(mix(seed &+ golden), nameHash(component)), nameHash(purpose))
  }

  @usableFromInline init(hash: UInt64) { self.hash = hash }

  @inlinable public func stream(_ entity: UInt64) -> DrawStream {
    DrawStream(hash: fold(hash, entity))
  }

  /// The family with one index folded in, for draws with several indices.
  @inlinable public func indexed(_ index: UInt64) -> DrawFamily {
    DrawFamily(hash: fold(hash, index))
  }
}

public let golden: UInt64 = 0x9E37_79B9_7F4A_7C15

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014).
@inlinable public func mix(_ word: UInt64) -> UInt64 {
  var x = word
  x ^= x >> 30
  x = x &* 0xBF58_476D_1CE4_E5B9
  x ^= x >> 27
  x = x &* 0x94D0_49BB_1331_11EB
  x ^= x >> 31
  return x
}

@inlinable public func fold(_ hash: UInt64, _ word: UInt64) -> UInt64 {
  mix((hash ^ word) &+ golden)
}

/// FNV-1a, 64 bits, of the UTF-8 bytes.
public func nameHash(_ name: String) -> UInt64 {
  var hash: UInt64 = 0xcbf2_9ce4_8422_2325
  for byte in name.utf8 {
    hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
  }
  return hash
}
