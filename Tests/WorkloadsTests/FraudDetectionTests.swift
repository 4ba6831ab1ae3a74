import Draws
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

/// Requests without copies, in event order.
private func requests(_ workload: Workload, blocks: Range<Int>) -> [Event] {
  let main = workload.source.laneCount - workload.lateLanes.count
  return events(workload.source, blocks: blocks, lanes: 0..<main).sorted {
    ($0.eventTime, $0.lane, $0.sequence) < ($1.eventTime, $1.lane, $1.sequence)
  }
}

/// What the guard says to the requests of a card at some times, from the three rules alone.
private func codes(_ times: [Int64], limit: Int, window: Int64, block: Int64) -> [Int] {
  var blockedUntil = Int64.min
  return times.indices.map { i in
    if times[i] < blockedUntil { return 62 }
    let attempts = times[0...i].filter { $0 >= times[i] - window }.count
    if attempts < limit { return 0 }
    blockedUntil = times[i] + block
    return 65
  }
}

private func byCard(_ requests: [Event]) -> [(card: Int64, requests: [Event])] {
  Dictionary(grouping: requests) { $0.columns[1] }.sorted { $0.key < $1.key }
    .map { (card: $0.key, requests: $0.value) }
}

private func isTiny(_ event: Event) -> Bool { (1...200).contains(event.columns[2]) }
private func isRemote(_ event: Event) -> Bool { (3...5).contains(event.columns[3]) }

/// Whether a card has two tiny remote payments and then a large one within ten minutes.
private func isDrained(_ requests: [Event]) -> Bool {
  let remote = requests.filter(isRemote)
  return remote.indices.contains { last in
    remote[last].columns[2] >= 20_000
      && remote[0..<last].filter {
        isTiny($0) && remote[last].eventTime - $0.eventTime < 600 * .second
      }.count >= 2
  }
}

@Suite struct FraudDetectionTests {
  @Test func `the worked example: the sixth request within a minute is declined and blocks`() {
    let times: [Int64] = [0, 8, 16, 24, 32, 40, 48]
    #expect(codes(times, limit: 6, window: 60, block: 900) == [0, 0, 0, 0, 0, 65, 62])
    // With the one at 16 s lost, fraud passes at 40 s.
    let lost: [Int64] = [0, 8, 24, 32, 40, 48]
    #expect(codes(lost, limit: 6, window: 60, block: 900) == [0, 0, 0, 0, 0, 65])
  }

  @Test func `bursts and drains are what the rules look for, honest cards are not`() throws {
    let honest = try workload(
      "fraud-detection", query: "alerts", rate: 100, [("fraud", .ratio(.zero))])
    let fraud = try workload(
      "fraud-detection", query: "alerts", rate: 30,
      [("fraud", .ratio(Ratio(3, 10))), ("honest", .ratio(.zero))])
    func alerted(_ workload: Workload, _ blocks: Range<Int>) -> (velocity: Int, drained: Int) {
      let cards = byCard(requests(workload, blocks: blocks))
      let velocity = cards.filter { card in
        let times = card.requests.map(\.eventTime)
        return codes(times, limit: 6, window: 60 * .second, block: 900 * .second).contains(65)
      }
      return (velocity.count, cards.filter { isDrained($0.requests) }.count)
    }
    let none = alerted(honest, 0..<200)
    #expect(none.velocity == 0 && none.drained == 0)
    // Over 512 s: 30/s · 0.3 · 2 % bursts are 92, · 4 % drains 184 less those that the ends cut.
    let some = alerted(fraud, 0..<500)
    #expect(some.velocity > 75 && some.velocity < 110)
    #expect(some.drained > 90 && some.drained < 210)
  }

  @Test func `stories make their share from the first block on`() throws {
    let calm = try workload(
      "fraud-detection", query: "alerts", sources: 8, rate: 4_000,
      [("fraud", .ratio(.zero)), ("honest", .ratio(.zero))])
    let busy = try workload(
      "fraud-detection", query: "alerts", sources: 8, rate: 4_000,
      [("fraud", .ratio(Ratio(1, 2))), ("honest", .ratio(Ratio(3, 10)))])
    for blocks in [0..<3, 40..<43] {
      let plain = requests(calm, blocks: blocks).count
      let told = requests(busy, blocks: blocks).count
      #expect(abs(Double(told) / Double(plain) - 1) < 0.2)
    }
  }

  @Test func `copies say the same as their originals, once, one to eight seconds later`() throws {
    let workload = try workload(
      "fraud-detection", query: "alerts", rate: 2_000, [("again_every", .count(20))])
    #expect(workload.lateLanes == [2])
    var originals: [Int64: Event] = [:]
    for event in requests(workload, blocks: 0..<20) {
      #expect(originals.updateValue(event, forKey: event.columns[0]) == nil)
    }
    let copies = events(workload.source, blocks: 8..<20, lanes: 2..<3)
    let share = Double(copies.count) / Double(originals.count) * 20.0 / 12
    #expect(abs(share - 0.05) < 0.015)
    #expect(Set(copies.map { $0.columns[0] }).count == copies.count)
    for copy in copies {
      let original = try #require(originals[copy.columns[0]])
      #expect(copy.columns == original.columns)
      #expect(copy.eventTime == original.eventTime)
      #expect(copy.key == original.key)
      let late = copy.intendedAt - original.intendedAt
      #expect(late > 800 * .millisecond && late < 8_200 * .millisecond)
    }
  }

  @Test func `without copies there is no lane for them and nothing to deduplicate`() throws {
    let with = try workload("fraud-detection", query: "alerts")
    let without = try workload("fraud-detection", query: "alerts", [("again_every", .count(0))])
    #expect(with.source.laneCount == 3)
    #expect(without.source.laneCount == 2)
    #expect(without.lateLanes.isEmpty)
    func deduplicates(_ workload: Workload) -> Bool {
      workload.plan.operators.contains { if case .deduplicate = $0 { true } else { false } }
    }
    #expect(deduplicates(with))
    #expect(!deduplicates(without))
  }

  @Test func `requests are sent with the delays of their channel`() throws {
    let workload = try workload("fraud-detection", query: "alerts", sources: 1, rate: 2_000)
    let delays = requests(workload, blocks: 0..<20).map {
      $0.intendedAt - ($0.eventTime - start.ns)
    }.sorted()
    #expect(delays[0] >= 0)
    // An event lies up to a stamp after its event time.
    #expect(delays[delays.count - 1] < 201 * .millisecond)
    let median = delays[delays.count / 2]
    #expect(median > 35 * .millisecond && median < 60 * .millisecond)
  }

  @Test(arguments: [
    [("fraud", ParameterValue.ratio(Ratio(1, 2))), ("honest", .ratio(Ratio(1, 2)))],
    [("again_every", .count(1))],
    [("velocity_window", .duration(1_500_000))],
    [("cards", .ratio(.one))],
    [("merchants", .count(10))],
  ])
  func `what fits no single range is refused`(_ parameters: [(String, ParameterValue)]) {
    #expect(throws: Problems.self) {
      try workload("fraud-detection", query: "alerts", sources: 16, parameters)
    }
  }
}

/// Gates against the card fraud data of Worldline and ULB; figures as in the workload's page.
@Suite struct FraudStatisticsTests {
  @Test func `amounts are spread as in the real data`() throws {
    let workload = try workload("fraud-detection", query: "alerts", sources: 1, rate: 8_000)
    let amounts = requests(workload, blocks: 0..<5).map { $0.columns[2] }
    let count = Double(amounts.count)
    func share(_ holds: (Int64) -> Bool) -> Double { Double(amounts.filter(holds).count) / count }
    #expect(amounts.allSatisfy { (0...100_000_000).contains($0) })
    #expect(abs(share { $0 == 0 } - 0.01) < 0.003)
    #expect(abs(share { $0 > 0 && $0 % 100 == 0 } - 0.268) < 0.03)
    #expect(abs(share { $0 % 100 == 99 } - 0.093) < 0.03)
    let logs = amounts.filter { $0 > 0 }.map { portableLog(Double($0) / 100) }
    let mean = logs.reduce(0, +) / Double(logs.count)
    let square = logs.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(logs.count)
    #expect(abs(mean - 2.70) < 0.27)
    #expect(abs(square.squareRoot() - 1.83) < 0.18)
  }

  @Test func `sixty-two in a hundred cards are present, and only they have a place`() throws {
    let workload = try workload("fraud-detection", query: "alerts", sources: 1, rate: 8_000)
    let plan: [ColumnSource] = [
      .field("entry"), .field("x_m"), .field("y_m"), .field("processing"), .field("amount_minor"),
      .field("country"), .field("currency"), .field("mcc"), .field("merchant"),
    ]
    let reader = try ColumnReader(
      schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID, columns: plan)
    var columns = [Int64](repeating: 0, count: plan.count)
    var present = 0
    let all = requests(workload, blocks: 0..<3)
    for event in all {
      var nulls: UInt32 = 0
      _ = try event.value.withUnsafeBytes { value in
        try columns.withUnsafeMutableBufferPointer {
          try reader.read(value, into: $0.baseAddress!, nulls: &nulls)
        }
      }
      let isPresent = columns[0] < 3
      if isPresent { present += 1 }
      #expect(nulls == (isPresent ? 0 : 0b110))
      #expect(
        !isPresent || (0..<4_000_000).contains(columns[1]) && (0..<4_000_000).contains(columns[2]))
      #expect((columns[3] == 2) == (columns[4] == 0))
      #expect([250, 276, 380, 724].contains(columns[5]))
      #expect(columns[6] == 978)
      #expect((0..<50_000).contains(columns[8]))
    }
    #expect(abs(Double(present) / Double(all.count) - 0.62) < 0.03)
  }

  @Test func `counts of one source are as uneven as the real ones`() throws {
    let workload = try workload(
      "fraud-detection", query: "alerts", sources: 1, rate: 1,
      [("fraud", .ratio(.zero)), ("honest", .ratio(.zero)), ("again_every", .count(0))])
    let counts = (0..<6_000).map { workload.source.block($0, of: 0)?.count ?? 0 }
    func dispersion(_ width: Int) -> Double {
      let sums = stride(from: 0, to: counts.count - width + 1, by: width).map { first in
        Double(counts[first..<(first + width)].reduce(0, +))
      }
      let mean = sums.reduce(0, +) / Double(sums.count)
      return sums.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(sums.count) / mean
    }
    for (width, measured) in [(1, 1.9), (10, 9.2), (60, 32.0)] {
      let ratio = dispersion(width) / measured
      #expect(ratio > 0.5 && ratio < 2, "\(width) blocks: \(dispersion(width))")
    }
  }
}
