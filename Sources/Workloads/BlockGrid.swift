import Model

/// How the time of a lane is cut into blocks: 2^level stamps of one millisecond, counted from the
/// start of the run. The sequence of an event is block · 2^20 + its place in the block.
struct BlockGrid: Hashable, Sendable {
  /// 10 for blocks of 1.024 s; less where they would hold more than about 8,192 events.
  let level: Int

  static let sequenceBits = 20
  static let stamp: Nanoseconds = .millisecond
  static let usualLevel = 10
  private static let mostEvents = 8_192.0

  /// `rate` is the mean number of events of a lane per millisecond.
  init(rate: Double) {
    var level = Self.usualLevel
    while level > 0 && rate * Double(1 << level) > Self.mostEvents { level -= 1 }
    self.level = level
  }

  var length: Nanoseconds { Nanoseconds(1 << level) * Self.stamp }

  func firstStamp(of block: Int) -> Int { block << level }

  func start(of block: Int) -> Nanoseconds { Nanoseconds(block << level) * Self.stamp }

  func baseSequence(of block: Int) -> UInt64 { UInt64(block) << UInt64(Self.sequenceBits) }

  func block(of sequence: UInt64) -> Int { Int(sequence >> UInt64(Self.sequenceBits)) }
}

/// A rational number of things per step, in 2^-32: the number in step j is ⌊(j + 1)q⌋ - ⌊jq⌋, so
/// that any step is known without those before it and nothing is lost to rounding.
struct Quota: Hashable, Sendable {
  /// Things per step times 2^32.
  let scaled: Int128
  /// Where in its first thing a lane begins, so that lanes do not step together.
  let phase: Int128

  init(_ perStep: Double, phase: UInt64) {
    scaled = Int128(perStep * 4_294_967_296)
    self.phase = Int128(phase & 0xffff_ffff)
  }

  /// Things in step `j`, which may be negative.
  func count(_ j: Int) -> Int { Int(before(j + 1) - before(j)) }

  /// Things in all steps before `j`, counted from step 0.
  func before(_ j: Int) -> Int128 { (Int128(j) * scaled + phase) >> 32 }
}
