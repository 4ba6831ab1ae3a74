import Bytes
import Schemas

/// Writes Avro into memory that its owner has made large enough for the worst case: no check per
/// byte.
struct RecordWriter {
  private(set) var at: UnsafeMutablePointer<UInt8>

  @inline(__always) init(_ start: UnsafeMutablePointer<UInt8>) { at = start }

  @inline(__always) mutating func byte(_ value: UInt8) {
    at.pointee = value
    at += 1
  }

  @inline(__always) mutating func zeros(_ count: Int) {
    for _ in 0..<count { byte(0) }
  }

  @inline(__always) mutating func frame(_ schemaID: UInt32) {
    Framing.write(schemaID: schemaID, to: at)
    at += Framing.length
  }

  @inline(__always) mutating func bigEndian(_ word: UInt64) {
    UnsafeMutableRawPointer(at).storeBytes(of: word.bigEndian, as: UInt64.self)
    at += 8
  }

  @inline(__always) mutating func eightCharacters(_ word: UInt64) {
    at.pointee = 16
    UnsafeMutableRawPointer(at + 1).storeBytes(of: word.littleEndian, as: UInt64.self)
    at += 9
  }

  /// A string of at most eight bytes, first in the lowest byte of the word. Writes nine bytes;
  /// those beyond the string are overwritten by what follows.
  @inline(__always) mutating func text(_ word: UInt64, _ count: Int) {
    at.pointee = UInt8(truncatingIfNeeded: count << 1)
    letters(word, count, after: 1)
  }

  /// Bytes without a length, otherwise as `text`.
  @inline(__always) mutating func letters(_ word: UInt64, _ count: Int, after: Int = 0) {
    UnsafeMutableRawPointer(at + after).storeBytes(of: word.littleEndian, as: UInt64.self)
    at += count + after
  }

  /// An int or long that is not negative, below 2^63.
  @inline(__always) mutating func unsigned(_ value: UInt64) { varint(value << 1) }

  @inline(__always) mutating func signed(_ value: Int64) { varint(zigzag(value)) }

  @inline(__always) private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      at.pointee = UInt8(truncatingIfNeeded: rest) | 0x80
      at += 1
      rest >>= 7
    }
    at.pointee = UInt8(truncatingIfNeeded: rest)
    at += 1
  }

  @inline(__always) mutating func bytes(_ bytes: [UInt8]) {
    for value in bytes { byte(value) }
  }

  /// The lowest bytes of a word, the lowest first.
  @inline(__always) mutating func littleEndian(_ word: UInt64, _ count: Int) {
    var rest = word
    for _ in 0..<count {
      byte(UInt8(truncatingIfNeeded: rest))
      rest >>= 8
    }
  }

  /// `count` arbitrary bytes grown from a seed.
  @inline(__always) mutating func noise(_ seed: UInt64, _ count: Int) {
    var word = seed
    var left = count
    while left >= 8 {
      word = (word ^ (word >> 29)) &* 0xBF58_476D_1CE4_E5B9
      UnsafeMutableRawPointer(at).storeBytes(of: word.littleEndian, as: UInt64.self)
      at += 8
      left -= 8
    }
    word = (word ^ (word >> 29)) &* 0xBF58_476D_1CE4_E5B9
    while left > 0 {
      byte(UInt8(truncatingIfNeeded: word))
      word >>= 8
      left -= 1
    }
  }
}
