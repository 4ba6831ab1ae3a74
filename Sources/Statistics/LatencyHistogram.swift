/// Counts of durations in buckets of at most 1/1024 relative width (the layout of HdrHistogram with
/// three significant digits): mergeable, and exact in its counts.
///
/// Values are nanoseconds; zero and negative ones are counted beside the buckets, since a latency
/// that is not above zero needs an explanation.
public struct LatencyHistogram: Hashable, Sendable {
  private static let subBuckets = 2048
  private static let half = 1024

  /// Counts of the buckets from `first` on.
  private var counts: [UInt64] = []
  private var first = 0
  /// Values above zero.
  public private(set) var count: UInt64 = 0
  public private(set) var notPositive: UInt64 = 0
  /// Of the values above zero; 0 when there are none.
  public private(set) var minimum: Int64 = 0
  public private(set) var maximum: Int64 = 0
  /// Sum of the values above zero, for shares of time; never for a mean.
  public private(set) var total: Double = 0

  public init() {}

  /// Index of the bucket of a value above zero.
  public static func bucket(of value: Int64) -> Int {
    let word = UInt64(value)
    let shift = max(0, 64 - (word | UInt64(subBuckets - 1)).leadingZeroBitCount - 11)
    return shift * half + Int(word >> UInt64(shift))
  }

  /// Least value of a bucket, and how many values it holds.
  public static func range(ofBucket index: Int) -> (low: Int64, width: Int64) {
    if index < subBuckets { return (Int64(index), 1) }
    let shift = index / half - 1
    return (Int64(index - shift * half) << Int64(shift), 1 << Int64(shift))
  }

  public mutating func record(_ value: Int64, times: UInt64 = 1) {
    if value <= 0 {
      notPositive += times
      return
    }
    let index = Self.bucket(of: value)
    makeRoom(index)
    counts[index - first] &+= times
    if count == 0 || value < minimum { minimum = value }
    if value > maximum { maximum = value }
    count &+= times
    total += Double(value) * Double(times)
  }

  private mutating func makeRoom(_ index: Int) {
    if counts.isEmpty {
      first = index
      counts.append(0)
    } else if index < first {
      counts.insert(contentsOf: repeatElement(0, count: first - index), at: 0)
      first = index
    } else if index - first >= counts.count {
      counts.append(contentsOf: repeatElement(0, count: index - first + 1 - counts.count))
    }
  }

  public mutating func merge(_ other: LatencyHistogram) {
    if !other.counts.isEmpty {
      makeRoom(other.first)
      makeRoom(other.first + other.counts.count - 1)
      for index in other.counts.indices {
        counts[other.first - first + index] &+= other.counts[index]
      }
    }
    if other.count > 0 {
      minimum = count == 0 ? other.minimum : min(minimum, other.minimum)
      maximum = max(maximum, other.maximum)
    }
    count &+= other.count
    notPositive &+= other.notPositive
    total += other.total
  }

  /// Calls `visit` for each bucket with values in it, in ascending order.
  public func forEachBucket(_ visit: (_ low: Int64, _ width: Int64, _ count: UInt64) -> Void) {
    for index in counts.indices where counts[index] > 0 {
      let (low, width) = Self.range(ofBucket: first + index)
      visit(low, width, counts[index])
    }
  }

  /// The greatest value of the bucket that holds the sample of rank ceil(q·n), never above the
  /// maximum. Nil when the histogram is empty. `numerator / denominator` is in 0...1.
  public func quantile(_ numerator: UInt64, _ denominator: UInt64) -> Int64? {
    if count == 0 { return nil }
    let (high, low) = count.multipliedFullWidth(by: numerator)
    var (rank, rest) = denominator.dividingFullWidth((high, low))
    if rest > 0 { rank += 1 }
    rank = max(rank, 1)
    var seen: UInt64 = 0
    for index in counts.indices {
      seen += counts[index]
      if seen >= rank {
        let (low, width) = Self.range(ofBucket: first + index)
        return min(low + width - 1, maximum)
      }
    }
    return maximum
  }

  /// True when at least ten samples lie above the quantile, so that it may be printed and decide.
  public func supports(_ numerator: UInt64, _ denominator: UInt64) -> Bool {
    let (high, low) = count.multipliedFullWidth(by: denominator - numerator)
    return denominator.dividingFullWidth((high, low)).quotient >= 10
  }
}
