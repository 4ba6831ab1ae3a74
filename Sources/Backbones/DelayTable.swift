import Draws
import Model

/// Durations with a given median and 99th percentile, log-normal (semantics.md C-5), as 256
/// quantiles: a draw is a look-up. Constant when both are equal.
public struct DelayTable: Sendable {
  private let quantiles: [Int64]

  public init(median: Nanoseconds, p99: Nanoseconds) {
    if median == p99 || median <= 0 {
      quantiles = [median]
      return
    }
    // ln(p99 / median) = 2.3263 sigma.
    let sigma = portableLog(Double(p99) / Double(median)) / 2.326347874040841
    quantiles = (0..<256).map { index in
      let z = normalQuantile((Double(index) + 0.5) / 256)
      return Int64((Double(median) * portableExp(sigma * z)).rounded())
    }
  }

  @inline(__always) public func draw(_ word: UInt64) -> Nanoseconds {
    quantiles.count == 1 ? quantiles[0] : quantiles[Int(word >> 56)]
  }
}

/// A quantile of the standard normal distribution, 0 < p < 1, to 5·10^-4 (Abramowitz and Stegun
/// 26.2.23): enough for delays, and the same bits on every machine.
func normalQuantile(_ p: Double) -> Double {
  let tail = p < 0.5 ? p : 1 - p
  let t = (-2 * portableLog(tail)).squareRoot()
  let z =
    t - (2.515517 + 0.802853 * t + 0.010328 * t * t)
    / (1 + 1.432788 * t + 0.189269 * t * t + 0.001308 * t * t * t)
  return p < 0.5 ? -z : z
}
