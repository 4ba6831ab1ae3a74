import Draws
import Testing

private let stream = DrawFamily(seed: 5, component: "test", purpose: "draws").stream(1)

/// The C library is good enough to check against with a tolerance, and needs no import here: the
/// expected values are literals.
@Suite struct DistributionTests {
  @Test func `exponential and logarithm hit known values`() {
    let exps: [(Double, Double)] = [
      (0, 1), (1, 2.718281828459045), (-1, 0.36787944117144233), (10, 22026.465794806718),
      (-20.5, 1.2501528663867426e-09), (0.3, 1.3498588075760032), (700, 1.0142320547350045e304),
    ]
    for (x, y) in exps {
      #expect(abs(portableExp(x) / y - 1) < 1e-15, "exp(\(x))")
      #expect(abs(portableLog(y) - x) < 1e-15 * max(1, abs(x)), "log(\(y))")
    }
    #expect(portableExp(-1_000) == 0)
    #expect(portableExp(1_000) == .infinity)
    #expect(portableLog(0) == -.infinity)
    #expect(portableLog(-1).isNaN)
    #expect(abs(portableExp2(10) - 1_024) < 1e-11)
    #expect(abs(portableLog2(1_024) - 10) < 1e-14)
  }

  @Test func `exponential undoes the logarithm all along`() {
    for i in 1...2_000 {
      let x = Double(i) * 0.37
      #expect(abs(portableExp(portableLog(x)) / x - 1) < 1e-14)
    }
  }

  @Test func `normal quantiles hit known values`() {
    #expect(abs(normalQuantile(0.975) - 1.959963984540054) < 1e-14)
    #expect(abs(normalQuantile(0.5)) < 1e-16)
    #expect(abs(normalQuantile(1e-10) + 6.361340902404056) < 1e-13)
    #expect(abs(normalQuantile(0.01) + 2.3263478740408408) < 1e-14)
  }

  @Test func `normals have mean 0, deviation 1 and the right tails`() {
    let n = 200_000
    var sum = 0.0
    var squares = 0.0
    var beyond = 0
    for i in 0..<n {
      let z = NormalTable.shared.sample(stream.word(UInt64(i)))
      sum += z
      squares += z * z
      if abs(z) > 2.3263478740408408 { beyond += 1 }
    }
    #expect(abs(sum / Double(n)) < 0.01)
    #expect(abs(squares / Double(n) - 1) < 0.02)
    #expect(abs(Double(beyond) / Double(n) - 0.02) < 0.0015)
    #expect(NormalTable.shared.sample(0) > 6)
    #expect(NormalTable.shared.sample(.max) < 0)
  }

  @Test func `log-normals have the parameters they were given`() {
    let distribution = LogNormal(mu: 3.6, sigma: 1.06)
    var sum = 0.0
    var squares = 0.0
    let n = 100_000
    for i in 0..<n {
      let x = portableLog(distribution.sample(stream.word(UInt64(i))))
      sum += x
      squares += x * x
    }
    let mean = sum / Double(n)
    #expect(abs(mean - 3.6) < 0.02)
    #expect(abs((squares / Double(n) - mean * mean).squareRoot() - 1.06) < 0.02)
  }

  @Test func `an alias table picks by weight`() {
    let weights = [1.0, 0, 5, 2, 2]
    let table = AliasTable(weights: weights)
    var hits = [Int](repeating: 0, count: 5)
    for i in 0..<100_000 { hits[table.pick(stream.word(UInt64(i)))] += 1 }
    #expect(hits[1] == 0)
    for (hit, weight) in zip(hits, weights) {
      #expect(abs(Double(hit) / 100_000 - weight / 10) < 0.01)
    }
  }

  @Test func `a quantile table keeps median and range`() {
    let table = QuantileTable(range: 0...200_000) {
      35_000 * portableExp(0.45 * normalQuantile($0))
    }
    var values = (0..<20_001).map { table.sample(stream.word(UInt64($0))) }
    values.sort()
    #expect(abs(values[10_000] - 35_000) < 600)
    #expect(values[0] > 0 && values[20_000] <= 200_000)
    #expect(table.sample(.max) >= table.sample(.max - (1 << 60)))
  }

  @Test(arguments: [UInt64(1), 2, 3, 100, 1_000, 4_097])
  func `a permutation reaches every id once and can be undone`(count: UInt64) {
    let permutation = Permutation(count: count, key: stream)
    var seen = [Bool](repeating: false, count: Int(count))
    for i in 0..<count {
      let image = permutation.forward(i)
      #expect(!seen[Int(image)])
      seen[Int(image)] = true
      #expect(permutation.backward(image) == i)
    }
  }

  @Test func `a scramble reaches every word once`() {
    let scramble = WordScramble(bits: 12, key: stream)
    #expect(Set((0..<4_096).map { scramble(UInt64($0)) }).count == 4_096)
    #expect((0..<4_096).allSatisfy { scramble(UInt64($0)) < 4_096 })
  }

  @Test(arguments: [
    (10, 0.5), (100, 0.5), (200, 0.5), (5_000, 0.5), (7, 0.2), (250, 0.9), (900, 0.1),
  ])
  func `binomials have mean and variance`(n: Int, p: Double) {
    let rounds = 4_000
    var sum = 0.0
    var squares = 0.0
    for i in 0..<rounds {
      let x = stream.binomial(n, p, UInt64(i) << 8)
      #expect(x >= 0 && x <= n)
      sum += Double(x)
      squares += Double(x * x)
    }
    let mean = sum / Double(rounds)
    let variance = squares / Double(rounds) - mean * mean
    let expected = Double(n) * p * (1 - p)
    #expect(abs(mean - Double(n) * p) < 5 * (expected / Double(rounds)).squareRoot())
    #expect(abs(variance / expected - 1) < 0.15)
  }

  @Test func `no draw is zero by construction and streams do not overlap`() {
    var words = Set<UInt64>()
    for entity in 0..<200 {
      let other = DrawFamily(seed: 5, component: "test", purpose: "draws").stream(UInt64(entity))
      for i in 0..<50 { words.insert(other.word(UInt64(i))) }
    }
    #expect(words.count == 10_000)
    #expect(!words.contains(0))
  }
}
