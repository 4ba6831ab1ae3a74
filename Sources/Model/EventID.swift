/// Which event this is; everything else about it can be recomputed from the seed.
@frozen public struct EventID: Hashable, Comparable, Sendable {
  /// The lane that sent it, 0 to 2^31 - 1.
  public var source: UInt32
  /// Strictly increasing within the source, in send order.
  public var sequence: UInt64

  @inlinable public init(source: UInt32, sequence: UInt64) {
    self.source = source
    self.sequence = sequence
  }

  @inlinable public static func < (a: EventID, b: EventID) -> Bool {
    a.source != b.source ? a.source < b.source : a.sequence < b.sequence
  }

  /// `source:sequence`, as in texts and commands.
  public var text: String { "\(source):\(sequence)" }
}

/// The chain hash of a history, or any other 128-bit digest. Written as 32 hexadecimal digits.
@frozen public struct Digest128: Hashable, Sendable {
  public var high: UInt64
  public var low: UInt64

  @inlinable public init(high: UInt64, low: UInt64) {
    self.high = high
    self.low = low
  }

  public var text: String { hexadecimal(high) + hexadecimal(low) }
}

/// Sixteen lower-case hexadecimal digits.
public func hexadecimal(_ word: UInt64) -> String {
  let digits = String(word, radix: 16)
  return String(repeating: "0", count: 16 - digits.count) + digits
}
