/// SHA-256 as in FIPS 180-4: for digests that a reader can check with the tools of any system, and
/// for pseudonyms.
public func sha256(_ message: [UInt8]) -> [UInt8] {
  var bytes = message
  bytes.append(0x80)
  while bytes.count % 64 != 56 { bytes.append(0) }
  let bits = UInt64(message.count) * 8
  for shift in stride(from: UInt64(56), through: 0, by: -8) {
    bytes.append(UInt8(truncatingIfNeeded: bits >> shift))
  }
  var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab,
    0x5be0_cd19,
  ]
  for start in stride(from: 0, to: bytes.count, by: 64) { compress(&state, bytes, start) }
  return state.flatMap { word in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: word >> $0) } }
}

private func compress(_ state: inout [UInt32], _ bytes: [UInt8], _ start: Int) {
  func turn(_ x: UInt32, _ n: UInt32) -> UInt32 { (x >> n) | (x << (32 - n)) }
  var w = [UInt32](repeating: 0, count: 64)
  for i in 0..<16 {
    for j in 0..<4 { w[i] = (w[i] << 8) | UInt32(bytes[start + i * 4 + j]) }
  }
  for i in 16..<64 {
    let a = turn(w[i - 15], 7) ^ turn(w[i - 15], 18) ^ (w[i - 15] >> 3)
    let b = turn(w[i - 2], 17) ^ turn(w[i - 2], 19) ^ (w[i - 2] >> 10)
    w[i] = w[i - 16] &+ a &+ w[i - 7] &+ b
  }
  var (a, b, c, d) = (state[0], state[1], state[2], state[3])
  var (e, f, g, h) = (state[4], state[5], state[6], state[7])
  for i in 0..<64 {
    let choice = (e & f) ^ (~e & g)
    let first = h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ choice &+ roundConstants[i] &+ w[i]
    let majority = (a & b) ^ (a & c) ^ (b & c)
    let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ majority
    (h, g, f, e, d, c, b, a) = (g, f, e, d &+ first, c, b, a, first &+ second)
  }
  for (i, word) in [a, b, c, d, e, f, g, h].enumerated() { state[i] = state[i] &+ word }
}

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
private let roundConstants: [UInt32] = {
  var constants: [UInt32] = []
  var candidate: UInt64 = 2
  while constants.count < 64 {
    if (2..<candidate).allSatisfy({ candidate % $0 != 0 }) {
      constants.append(fractionOfCubeRoot(candidate))
    }
    candidate += 1
  }
  return constants
}()

/// floor(cbrt(n)·2³²) modulo 2³², by bisection in whole numbers of 128 bits.
private func fractionOfCubeRoot(_ n: UInt64) -> UInt32 {
  var low: UInt64 = 0
  var high: UInt64 = 8 << 32
  while high - low > 1 {
    let middle = (low + high) / 2
    // middle³ against n·2⁹⁶, in halves so that nothing overflows: middle is under 2³⁵.
    let square = UInt128(middle) * UInt128(middle)
    if square * UInt128(middle) <= UInt128(n) << 96 { low = middle } else { high = middle }
  }
  return UInt32(truncatingIfNeeded: low)
}
