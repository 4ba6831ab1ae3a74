import Engines
import Model
import Queries
import Testing

/// whoever stops at any event and goes on from the snapshot gives the same rows.
@Suite struct SnapshotTests {
  static let plans: [(name: String, operators: [PlanOperator], key: [Int], value: [Int])] = [
    (
      "tumbling",
      [.tumbling(0, key: [0], size: 20 * .millisecond, offset: 0, [.count, .sum(1), .max(1)])],
      [0, 1], [2, 3, 4]
    ),
    ("deduplicate", [.deduplicate(0, by: [0], horizon: 9 * .millisecond)], [0], [1]),
    (
      "pattern",
      [
        .pattern(
          0, key: [0],
          steps: [.atMost(.column(1), 3), .atMost(.column(1), 5), .atLeast(.column(1), 7)],
          within: 40 * .millisecond, measures: [Measure(step: 0, column: 1)])
      ], [0], [1]
    ),
    (
      "guard",
      [
        .process(
          0, key: [0],
          .cardGuard(
            limit: 3, window: 15 * .millisecond, block: 20 * .millisecond, pass: [0, 1]))
      ], [0, 1], [2, 3, 4]
    ),
    (
      "sliding",
      [
        .sliding(
          0, key: [0], size: 12 * .millisecond, slide: 4 * .millisecond, offset: 0,
          [.first(1), .argMax(1, by: 0), .distinct(1), .quantile(1, numerator: 1, denominator: 2)])
      ], [0, 1], [2, 3, 4, 5]
    ),
    (
      "session", [.session(0, key: [0], gap: 3 * .millisecond, [.count, .last(1)])], [0, 1], [2, 3]
    ),
    (
      "ranks",
      [
        .tumbling(0, key: [0], size: 8 * .millisecond, offset: 0, [.sum(1)]),
        .topN(1, group: [], order: [SortColumn(2, descending: true)], count: 2),
      ], [1, 3], [0, 2]
    ),
    (
      "match",
      [
        .match(
          0, key: [0],
          Match(
            steps: [.atMost(.column(1), 5), .less(.bound(step: 0, column: 1), .column(1))],
            within: 20 * .millisecond, contiguity: .relaxed,
            absence: MissingRow(
              .atLeast(.column(1), 10), within: 6 * .millisecond, sameInstant: true),
            measures: [Measure(step: 1, column: 1)]))
      ], [0], [1]
    ),
    (
      "windows in order",
      [
        .tumbling(0, key: [0], size: 8 * .millisecond, offset: 0, [.sum(1)]),
        .deduplicate(1, by: [2], horizon: 16 * .millisecond),
      ], [0, 1], [2]
    ),
    (
      "all together",
      [
        .deduplicate(0, by: [0, 1], horizon: 6 * .millisecond),
        .process(
          1, key: [0],
          .cardGuard(limit: 3, window: 15 * .millisecond, block: 20 * .millisecond, pass: [0, 1])),
        .filter(2, .atLeast(.column(2), 1)), .select(3, [.column(0), .column(2)]),
        .pattern(
          1, key: [0], steps: [.atMost(.column(1), 4), .atLeast(.column(1), 6)],
          within: 30 * .millisecond, measures: [Measure(step: 1, column: 1)]),
        .union([4, 5]),
      ], [0], [1]
    ),
  ]

  func rows(_ seed: UInt64, _ count: Int) -> [Row] {
    var dice = Dice(seed, "snapshot")
    var time: Int64 = 0
    return (0..<count).map { number in
      time += Int64(dice.below(4))
      let value = dice.below(12)
      return Row(
        time, UInt64(number), [Int64(dice.below(4)), value == 11 ? nil : Int64(value)],
        source: UInt32(dice.below(2)))
    }.sorted(by: Row.precedes)
  }

  /// One step of time and one row; what came out.
  func step(_ bench: Bench, _ row: Row) -> [Out] {
    bench.advance(to: row.time)
    bench.push(row)
    return bench.take()
  }

  func end(_ bench: Bench) -> [Out] {
    bench.advance(to: .max)
    return bench.take()
  }

  @Test(arguments: plans.map(\.name))
  func `a restart at any event gives the same rows`(name: String) throws {
    let plan = try #require(Self.plans.first { $0.name == name })
    let rows = rows(3, 160)
    func bench() throws -> Bench {
      try Bench(2, plan.operators, key: plan.key, value: plan.value)
    }
    let whole = try bench()
    let due = rows.flatMap { step(whole, $0) } + end(whole)
    #expect(due.count > 5)
    let stopped = try bench()
    var before: [Out] = []
    for place in rows.indices {
      let number = UInt64(place + 1)
      stopped.checkpoint(number)
      // It runs on for a while, dies, and comes back to the snapshot.
      for row in rows[place..<min(place + 7, rows.count)] { _ = step(stopped, row) }
      if place % 3 == 0 { _ = end(stopped) }
      stopped.restore(number)
      if place % 5 == 0 { stopped.restore(number) }
      if place % 4 == 0 && number > 2 { stopped.forget(before: number - 1) }
      before += step(stopped, rows[place])
    }
    #expect(before + end(stopped) == due)
  }

  @Test func `the snapshot before the last one can be brought back, too`() throws {
    let plan = try #require(Self.plans.last)
    let rows = rows(8, 120)
    let bench = try Bench(2, plan.operators, key: plan.key, value: plan.value)
    let whole = try Bench(2, plan.operators, key: plan.key, value: plan.value)
    let outs = rows.map { step(whole, $0) } + [end(whole)]
    for (place, row) in rows.enumerated() {
      if place == 40 { bench.checkpoint(1) }
      if place == 80 { bench.checkpoint(2) }
      _ = step(bench, row)
    }
    bench.restore(1)
    let again = rows[40...].flatMap { step(bench, $0) } + end(bench)
    #expect(again == outs[40...].flatMap { $0 })
  }
}
