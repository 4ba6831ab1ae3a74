/// Puts a pseudonym in place of a value: HMAC-SHA-256 (RFC 2104, FIPS 198-1) of its bytes under a
/// secret key, cut to 128 bits. Equal values have equal pseudonyms, so counts, skew and joins stay;
/// without the key nobody can tell which value it was, or try values out.
public struct PseudonymKey: Sendable {
  /// A shorter key is refused.
  public static let leastBytes = 16
  private static let blockSize = 64

  private let inner: [UInt8]
  private let outer: [UInt8]

  /// Nil when the key is shorter than `leastBytes`.
  public init?(_ key: [UInt8]) {
    if key.count < Self.leastBytes { return nil }
    var padded = key.count > Self.blockSize ? sha256(key) : key
    padded += [UInt8](repeating: 0, count: Self.blockSize - padded.count)
    inner = padded.map { $0 ^ 0x36 }
    outer = padded.map { $0 ^ 0x5c }
  }

  /// All 32 bytes of the HMAC.
  public func authentication(of message: [UInt8]) -> [UInt8] {
    sha256(outer + sha256(inner + message))
  }

  /// Sixteen bytes.
  public func bytes(for value: [UInt8]) -> [UInt8] {
    Array(authentication(of: value).prefix(16))
  }

  /// The same as 32 hexadecimal digits.
  public func text(for value: [UInt8]) -> [UInt8] {
    let digits = Array("0123456789abcdef".utf8)
    return bytes(for: value).flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
  }

  /// A whole number that is not negative, below 2^62; the value is given as decimal digits, so that
  /// a number and its text are the same value.
  public func number(for value: [UInt8]) -> Int64 {
    var word: UInt64 = 0
    for byte in bytes(for: value).prefix(8) { word = word << 8 | UInt64(byte) }
    return Int64(word >> 2)
  }

  /// Eight hexadecimal digits that tell keys apart and say nothing else of them.
  public var check: String {
    let label = Array("weir pseudonym key".utf8)
    return String(decoding: text(for: label).prefix(8), as: UTF8.self)
  }
}
