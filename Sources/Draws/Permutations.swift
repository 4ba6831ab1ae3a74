/// A keyed one-to-one map of 0..<count onto itself: four rounds of Feistel over the next even
/// number of bits, repeated until the value is in range again.
@frozen public struct Permutation: Sendable {
  public let count: UInt64
  @usableFromInline let half: UInt64
  @usableFromInline let mask: UInt64
  @usableFromInline let keys: (UInt64, UInt64, UInt64, UInt64)

  /// `count` is from 1 to 2^62.
  public init(count: UInt64, key: DrawStream) {
    precondition(count > 0 && count <= 1 << 62, "a permutation is of 1 to 2^62 things")
    self.count = count
    let bits = max(2, 64 - (count - 1).leadingZeroBitCount)
    half = UInt64((bits + 1) / 2)
    mask = (1 << half) - 1
    keys = (key.word(0), key.word(1), key.word(2), key.word(3))
  }

  @inlinable func round(_ x: UInt64, _ key: UInt64) -> UInt64 { mix(x ^ key) & mask }

  /// Where `index`, below `count`, goes.
  @inlinable public func forward(_ index: UInt64) -> UInt64 {
    var x = index
    repeat {
      var left = x >> half
      var right = x & mask
      left ^= round(right, keys.0)
      right ^= round(left, keys.1)
      left ^= round(right, keys.2)
      right ^= round(left, keys.3)
      x = (left << half) | right
    } while x >= count
    return x
  }

  /// The index that `forward` takes to `image`.
  @inlinable public func backward(_ image: UInt64) -> UInt64 {
    var x = image
    repeat {
      var left = x >> half
      var right = x & mask
      right ^= round(left, keys.3)
      left ^= round(right, keys.2)
      right ^= round(left, keys.1)
      left ^= round(right, keys.0)
      x = (left << half) | right
    } while x >= count
    return x
  }
}

/// A keyed one-to-one map of the words of a number of bits, cheaper than `Permutation`: multiply,
/// fold, multiply, fold. For tokens that must be unique and look arbitrary.
@frozen public struct WordScramble: Sendable {
  @usableFromInline let mask: UInt64
  @usableFromInline let shift: UInt64
  @usableFromInline let first: UInt64
  @usableFromInline let second: UInt64

  /// `bits` is from 8 to 64.
  public init(bits: Int, key: DrawStream) {
    precondition(bits >= 8 && bits <= 64, "a scramble is of 8 to 64 bits")
    mask = UInt64.max >> UInt64(64 - bits)
    shift = UInt64((bits + 1) / 2)
    first = key.word(0) | 1
    second = key.word(1) | 1
  }

  @inlinable public func callAsFunction(_ word: UInt64) -> UInt64 {
    var x = (word &* first) & mask
    x ^= x >> shift
    x = (x &* second) & mask
    return x ^ (x >> shift)
  }
}
