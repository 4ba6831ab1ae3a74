import Draws

/// A stationary Gaussian process of variance one and correlation exp(-distance / tau), at any point
/// alone: independent normals a block of 2^k steps apart, each midpoint from its two neighbours;
/// straight lines within a step.
struct StationaryPath: Sendable {
  /// Milliseconds.
  let step: Int64
  private let levels: Int
  /// By level: what a midpoint takes of the sum of its neighbours, and of a normal of its own.
  private let shares: [(sum: Double, own: Double)]

  /// Times in milliseconds.
  init(tau: Int64, step: Int64) {
    self.step = step
    var levels = 0
    // exp(-11.1) < 2^-16
    while Double(step << Int64(levels)) < 11.1 * Double(tau) { levels += 1 }
    self.levels = levels
    shares = (0..<levels).map { level in
      let r = portableExp(-Double(step << Int64(level)) / Double(tau))
      let square = 1 + r * r
      return (r / square, ((1 - r * r) / square).squareRoot())
    }
  }

  /// The two grid points around a time, kept while times stay between them.
  struct Cell {
    fileprivate var index = Int64.min
    fileprivate var left = 0.0
    fileprivate var right = 0.0
    init() {}
  }

  func value(at millis: Int64, _ draws: DrawStream, _ cell: inout Cell) -> Double {
    let index = floorDivide(millis, step)
    if cell.index != index {
      cell.left = point(index, draws)
      cell.right = point(index + 1, draws)
      cell.index = index
    }
    let part = Double(millis - index * step) / Double(step)
    return cell.left + (cell.right - cell.left) * part
  }

  /// The value at a grid point. Each grid point has one normal of its own.
  func point(_ index: Int64, _ draws: DrawStream) -> Double {
    var low = (index >> Int64(levels)) << Int64(levels)
    var left = normal(low, draws)
    if index == low { return left }
    var right = normal(low + (1 << Int64(levels)), draws)
    var level = levels
    while level > 0 {
      level -= 1
      let middle = low + (1 << Int64(level))
      let value = shares[level].sum * (left + right) + shares[level].own * normal(middle, draws)
      if index == middle { return value }
      if index < middle {
        right = value
      } else {
        left = value
        low = middle
      }
    }
    return left
  }

  private func normal(_ index: Int64, _ draws: DrawStream) -> Double {
    NormalTable.shared.sample(draws.word(UInt64(bitPattern: index)))
  }
}

/// Log-normal times in milliseconds, by their median and the deviation of their logarithm.
func logNormalTable(median: Int64, sigma: Double, most: Int64) -> QuantileTable {
  QuantileTable(range: 0...most) { Double(median) * portableExp(sigma * normalQuantile($0)) }
}
