/// Choice among n things with given weights, from one word in constant time (Walker 1977, Vose
/// 1991). An entry holds 32 bits of chance and 32 of alias.
///
/// Unchecked: the table is filled once, before anyone reads it.
public final class AliasTable: @unchecked Sendable {
  public let count: Int
  @usableFromInline let entries: UnsafeMutablePointer<UInt64>

  /// Weights are at least zero and one is above; at most 2^32 of them.
  public init(weights: [Double]) {
    count = weights.count
    entries = .allocate(capacity: weights.count)
    AliasTable.fill(entries, weights: weights[...])
  }

  deinit { entries.deallocate() }

  /// Writes the packed entries for some weights; for callers that lay many small tables side by
  /// side.
  public static func fill(_ entries: UnsafeMutablePointer<UInt64>, weights: ArraySlice<Double>) {
    let n = weights.count
    let total = weights.reduce(0, +)
    precondition(n > 0 && total > 0, "an alias table needs a weight above zero")
    var share = weights.map { $0 / total * Double(n) }
    var small: [Int] = []
    var large: [Int] = []
    for i in 0..<n {
      entries[i] = (0xffff_ffff << 32) | UInt64(i)
      if share[i] < 1 { small.append(i) } else { large.append(i) }
    }
    while let l = large.last, let s = small.popLast() {
      entries[s] = (UInt64(share[s] * 4_294_967_295) << 32) | UInt64(l)
      share[l] -= 1 - share[s]
      if share[l] < 1 {
        large.removeLast()
        small.append(l)
      }
    }
  }

  @inlinable public final func pick(_ word: UInt64) -> Int {
    AliasTable.pick(word, entries, count)
  }

  /// A choice from `count` packed entries.
  @inlinable public static func pick(
    _ word: UInt64, _ entries: UnsafePointer<UInt64>, _ count: Int
  ) -> Int {
    let (column, place) = word.multipliedFullWidth(by: UInt64(truncatingIfNeeded: count))
    let entry = entries[Int(truncatingIfNeeded: column)]
    return (place >> 32) < (entry >> 32)
      ? Int(truncatingIfNeeded: column) : Int(truncatingIfNeeded: entry & 0xffff_ffff)
  }
}

/// Any distribution of integers, by 1,025 quantiles with straight lines between them.
///
/// Unchecked: the table is filled once, before anyone reads it.
public final class QuantileTable: @unchecked Sendable {
  @usableFromInline let knots: UnsafeMutablePointer<Int64>

  /// `quantile` is asked for probabilities strictly between 0 and 1 and never falls; its values
  /// are rounded and kept inside `range`. The outermost knots stand at 1/8192 from the ends.
  public init(range: ClosedRange<Int64>, quantile: (Double) -> Double) {
    knots = .allocate(capacity: 1_025)
    for i in 0...1_024 {
      let p = min(max(Double(i) / 1_024, 1.0 / 8_192), 1 - 1.0 / 8_192)
      let value = quantile(p)
      let clamped = min(max(value, Double(range.lowerBound)), Double(range.upperBound))
      let nearest = Int64(clamped < 0 ? clamped - 0.5 : clamped + 0.5)
      knots[i] = min(max(nearest, range.lowerBound), range.upperBound)
    }
  }

  deinit { knots.deallocate() }

  @inlinable public final func sample(_ word: UInt64) -> Int64 {
    let knot = knots + Int(truncatingIfNeeded: word >> 54)
    let width = UInt64(bitPattern: knot[1] &- knot[0])
    return knot[0] &+ Int64(truncatingIfNeeded: (word << 10).multipliedFullWidth(by: width).high)
  }
}
