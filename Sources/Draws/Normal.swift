/// The value that a standard normal falls short of with probability `p`, 0 < p < 1; relative error
/// 10^-15. Wichura, Algorithm AS 241 (PPND16), Applied Statistics 37 (1988), with `portableLog`.
public func normalQuantile(_ p: Double) -> Double {
  precondition(p > 0 && p < 1, "a normal quantile is asked for a probability between 0 and 1")
  let q = p - 0.5
  if q >= -0.425 && q <= 0.425 {
    let r = 0.180625 - q * q
    return q * polynomial(centre.over, r) / polynomial(centre.under, r)
  }
  var r = (-portableLog(q < 0 ? p : 1 - p)).squareRoot()
  let x: Double
  if r <= 5 {
    r -= 1.6
    x = polynomial(middle.over, r) / polynomial(middle.under, r)
  } else {
    r -= 5
    x = polynomial(tail.over, r) / polynomial(tail.under, r)
  }
  return q < 0 ? -x : x
}

/// Coefficients from the constant up.
private func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
  var sum = 0.0
  for c in coefficients.reversed() { sum = sum * x + c }
  return sum
}

private let centre = (
  over: [
    3.3871328727963666080, 1.3314166789178437745e2, 1.9715909503065514427e3,
    1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
    3.3430575583588128105e4, 2.5090809287301226727e3,
  ],
  under: [
    1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
    2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
    5.2264952788528545610e3,
  ]
)
private let middle = (
  over: [
    1.42343711074968357734, 4.63033784615654529590, 5.76949722146069140550,
    3.64784832476320460504, 1.27045825245236838258, 2.41780725177450611770e-1,
    2.27238449892691845833e-2, 7.74545014278341407640e-4,
  ],
  under: [
    1.0, 2.05319162663775882187, 1.67638483018380384940, 6.89767334985100004550e-1,
    1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
    1.05075007164441684324e-9,
  ]
)
private let tail = (
  over: [
    6.65790464350110377720, 5.46378491116411436990, 1.78482653991729133580,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
    2.71155556874348757815e-5, 2.01033439929228813265e-7,
  ],
  under: [
    1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
    7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
    2.04426310338993978564e-15,
  ]
)

/// A standard normal from one word: the first bit is the sign, the others a tail probability. Its
/// leading zeros name one of 40 octaves with 32 linear cells each.
///
/// Unchecked: the table is filled once, before anyone reads it.
public final class NormalTable: @unchecked Sendable {
  @usableFromInline let knots: UnsafeMutablePointer<Double>

  /// The one table; there is nothing to choose in it.
  public static let shared = NormalTable()

  private init() {
    knots = .allocate(capacity: 40 * 33)
    for octave in 0..<40 {
      let low = Double(sign: .plus, exponent: -(octave + 2), significand: 1)
      for cell in 0...32 {
        let p = low * (1 + Double(cell) / 32)
        knots[octave * 33 + cell] = p == 0.5 ? 0 : -normalQuantile(p)
      }
    }
  }

  deinit { knots.deallocate() }

  @inlinable public final func sample(_ word: UInt64) -> Double {
    // The lowest tail that the table knows is 2^-41: 6.6 standard deviations.
    let bits = (word & 0x7fff_ffff_ffff_ffff) | (1 << 23)
    let octave = bits.leadingZeroBitCount &- 1
    // Without the leading one: five bits of cell, then the place inside it.
    let rest = bits &<< UInt64(truncatingIfNeeded: octave &+ 2)
    let knot = knots + (octave &* 33 &+ Int(truncatingIfNeeded: rest &>> 59))
    let place = Double(Int64(truncatingIfNeeded: (rest &<< 5) &>> 11)) * 0x1p-53
    let z = knot[0] + (knot[1] - knot[0]) * place
    return word >> 63 == 0 ? z : -z
  }
}

/// A variable whose natural logarithm is normal.
@frozen public struct LogNormal: Sendable {
  public let mu: Double
  public let sigma: Double

  public init(mu: Double, sigma: Double) {
    self.mu = mu
    self.sigma = sigma
  }

  @inlinable public func sample(_ word: UInt64) -> Double {
    portableExp(mu + sigma * NormalTable.shared.sample(word))
  }
}
