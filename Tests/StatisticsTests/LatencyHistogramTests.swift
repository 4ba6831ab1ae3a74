import Draws
import Model
import Statistics
import Testing

@Suite struct LatencyHistogramTests {
  func samples(_ seed: UInt64, _ count: Int) -> [Int64] {
    let draws = DrawFamily(seed: seed, component: "test", purpose: "latency").stream(0)
    return (0..<UInt64(count)).map { index in
      // From nanoseconds to minutes, each order of magnitude alike.
      let shift = draws.below(40, index * 2)
      return Int64(draws.below(1 << shift + 1, index * 2 + 1)) + 1
    }
  }

  @Test func `buckets are narrow, and hold what they say`() {
    for value in samples(1, 2_000) + [1, 2_047, 2_048, .max] {
      let (low, width) = LatencyHistogram.range(ofBucket: LatencyHistogram.bucket(of: value))
      #expect(low <= value && value - low < width)
      #expect(width == 1 || width * 1_024 <= low)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `quantiles are those of the sorted samples, to a bucket`(seed: UInt64) {
    let values = samples(seed, 3_000)
    var histogram = LatencyHistogram()
    for value in values { histogram.record(value) }
    let sorted = values.sorted()
    for (numerator, denominator) in [(0, 1), (1, 2), (9, 10), (99, 100), (999, 1_000), (1, 1)]
      as [(UInt64, UInt64)]
    {
      let rank = max(1, (sorted.count * Int(numerator) + Int(denominator) - 1) / Int(denominator))
      let exact = sorted[rank - 1]
      let found = histogram.quantile(numerator, denominator) ?? -1
      #expect(found >= exact && found - exact <= exact / 1_024, "\(numerator)/\(denominator)")
    }
    #expect(histogram.minimum == sorted.first && histogram.maximum == sorted.last)
    #expect(histogram.count == 3_000)
  }

  @Test func `merged histograms are the histogram of all`() {
    let values = samples(4, 900)
    var all = LatencyHistogram()
    var parts = [LatencyHistogram](repeating: .init(), count: 4)
    for (index, value) in values.enumerated() {
      all.record(value)
      parts[index % 3].record(value)
    }
    for value in [0, -5] as [Int64] {
      all.record(value, times: 2)
      parts[1].record(value, times: 2)
    }
    // The fourth is empty.
    var merged = LatencyHistogram()
    for part in parts { merged.merge(part) }
    #expect(merged.count == all.count && merged.notPositive == 4)
    #expect(merged.minimum == all.minimum && merged.maximum == all.maximum)
    var buckets: [[Int64]] = [[], []]
    merged.forEachBucket { buckets[0] += [$0, $1, Int64($2)] }
    all.forEachBucket { buckets[1] += [$0, $1, Int64($2)] }
    #expect(buckets[0] == buckets[1])
    for numerator in stride(from: 0, through: 100, by: 5) as StrideThrough<UInt64> {
      #expect(merged.quantile(numerator, 100) == all.quantile(numerator, 100))
    }
  }

  @Test func `zero and less are counted apart, and an empty histogram has no quantile`() {
    var histogram = LatencyHistogram()
    #expect(histogram.quantile(1, 2) == nil)
    histogram.record(0)
    histogram.record(-3, times: 2)
    #expect(histogram.count == 0 && histogram.notPositive == 3)
    #expect(histogram.quantile(1, 2) == nil)
    histogram.record(5, times: 3)
    #expect(histogram.quantile(1, 2) == 5 && histogram.total == 15)
  }

  @Test func `a quantile is supported by ten samples above it`() {
    var histogram = LatencyHistogram()
    histogram.record(1, times: 999)
    #expect(!histogram.supports(99, 100))
    histogram.record(1)
    #expect(histogram.supports(99, 100))
    #expect(!histogram.supports(999, 1_000))
    #expect(histogram.supports(1, 2))
  }
}
