extension DrawStream {
  /// How many of `n` come out with chance `p`. Up to 256 by one test each, above by the normal
  /// (error of the distribution at 257: 1.1·10^-4). Uses at most 128 words from `counter` on.
  public func binomial(_ n: Int, _ p: Double, _ counter: UInt64) -> Int {
    if n <= 0 || p <= 0 { return 0 }
    if p >= 1 { return n }
    if p == 0.5 { return binomialHalf(n, counter) }
    if n > 256 { return binomialLarge(n, p, counter) }
    let threshold = UInt64(p * 4_294_967_296)
    var hits = 0
    for i in 0..<((n + 1) / 2) {
      let word = word(counter &+ UInt64(truncatingIfNeeded: i))
      if word >> 32 < threshold { hits += 1 }
      if 2 * i + 1 < n && word & 0xffff_ffff < threshold { hits += 1 }
    }
    return hits
  }

  /// The same for a chance of one half: ones among `n` bits.
  @inlinable public func binomialHalf(_ n: Int, _ counter: UInt64) -> Int {
    if n <= 0 { return 0 }
    if n <= 64 {
      return (word(counter) >> UInt64(truncatingIfNeeded: 64 &- n)).nonzeroBitCount
    }
    if n > 256 { return binomialLarge(n, 0.5, counter) }
    var ones = 0
    var left = n
    var next = counter
    while left > 64 {
      ones &+= word(next).nonzeroBitCount
      left &-= 64
      next &+= 1
    }
    return ones &+ (word(next) >> UInt64(truncatingIfNeeded: 64 &- left)).nonzeroBitCount
  }

  @usableFromInline func binomialLarge(_ n: Int, _ p: Double, _ counter: UInt64) -> Int {
    let mean = Double(n) * p
    let spread = (mean * (1 - p)).squareRoot()
    let value = mean + spread * NormalTable.shared.sample(word(counter)) + 0.5
    return value <= 0 ? 0 : min(n, Int(value))
  }

  /// True with the chance of a threshold: a word below it.
  @inlinable public func chance(_ threshold: UInt64, _ counter: UInt64) -> Bool {
    word(counter) < threshold
  }
}
