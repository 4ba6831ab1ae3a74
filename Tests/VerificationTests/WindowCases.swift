import Engines
import Model
import Queries
import Testing

/// The conformance list of windows, sessions, aggregates and ranks. Key a is 1, b is 2.
@Suite struct WindowCases {
  func sliding(
    _ size: Int64, _ slide: Int64, _ arrivals: [Small], _ aggregates: [Aggregate] = [.count],
    delay: Int64 = 1_000
  ) throws -> (rows: [CaseRow], dropped: [UInt64], overflowed: Bool) {
    let width = aggregates.reduce(2) { $0 + $1.width }
    return try QueryCase(
      [.sliding(0, key: [0], size: ms(size), slide: ms(slide), offset: 0, aggregates)],
      columns: width, delay: delay, arrivals
    ).run()
  }

  /// One event a millisecond from 0, of one key, with these values and their number from 1.
  func aggregate(_ aggregates: [Aggregate], _ values: [Int64?]) throws -> [Int64?] {
    let events = values.enumerated().map { n, v in
      Small(Int64(n), 0, UInt64(n + 1), [1, v, Int64(n + 1)])
    }
    let rows = try sliding(1_000, 1_000, events, aggregates).rows
    try #require(rows.count == 1)
    return Array(rows[0].cells[2...])
  }

  func times(_ times: [Int64]) -> [Small] {
    times.enumerated().map { Small($1, 0, UInt64($0 + 1), [1]) }
  }

  @Test func `X-3: windows of ten every five`() throws {
    let rows = try sliding(10, 5, times([5, 14, 40])).rows
    #expect(
      rows
        == [(0, 1), (5, 2), (10, 1), (35, 1), (40, 1)].map {
          CaseRow([1, ms($0.0), $0.1], at: $0.0 + 9)
        })
  }

  @Test func `Q-20 and Q-23: an event is in all windows that hold it, and none lies between`()
    throws
  {
    #expect(try sliding(10, 5, times([5])).rows.map(\.cells[1]) == [0, ms(5)])
    #expect(try sliding(10, 5, times([14])).rows.map(\.cells[1]) == [ms(5), ms(10)])
    #expect(try sliding(10, 5, times([0, 40])).rows.count == 4)
    #expect(try sliding(10, 5, times([-1])).rows.map(\.cells[1]) == [ms(-10), ms(-5)])
  }

  @Test func `Q-21: with slide equal to size it is tumbling`() throws {
    let events = times([3, 9, 10, 10, 17, 31, -4])
    let tumbling = try QueryCase(
      [.tumbling(0, key: [0], size: ms(10), offset: 0, [.count])], columns: 3, events
    ).run().rows
    #expect(try sliding(10, 10, events).rows == tumbling)
  }

  @Test func `Q-2 and Q-22: a plan whose durations do not fit is refused`() {
    #expect(throws: PlanError.self) { try sliding(10, 4, times([1])) }
    #expect(throws: PlanError.self) { try sliding(1_001, 1, times([1])) }
    #expect(throws: Never.self) { try sliding(1_000, 1, times([1])) }
    #expect(throws: PlanError.self) {
      try QueryCase(
        [.session(0, key: [0], gap: ms(1) + 1, [.count])], columns: 4, times([1])
      ).run()
    }
    #expect(throws: PlanError.self) {
      try aggregate([.quantile(1, numerator: 3, denominator: 2)], [1])
    }
  }

  @Test func `Q-27: a late event counts in the windows that are still open`() throws {
    // At 16 the watermark is 11: window 0 is closed, window 5 open.
    let result = try sliding(10, 5, times([6, 16, 8]), delay: 5)
    #expect(result.dropped == [3])
    #expect(
      result.rows
        == [(0, 1), (5, 2), (10, 1), (15, 1)].map {
          CaseRow([1, ms($0.0), $0.1], at: $0.0 + 9)
        })
  }

  @Test func `Q-28: disorder below the delay loses nothing`() throws {
    #expect(try sliding(10, 5, times([6, 14, 10, 19, 15]), delay: 5).dropped == [])
  }

  func sessions(
    _ arrivals: [Small], gap: Int64 = 10, delay: Int64 = 1_000, lateness: Int64 = 0
  ) throws -> (rows: [CaseRow], dropped: [UInt64]) {
    let result = try QueryCase(
      [.session(0, key: [0], gap: ms(gap), [.count])], columns: 4, delay: delay,
      lateness: lateness, arrivals
    ).run()
    return (result.rows, result.dropped)
  }

  func session(_ key: Int64?, _ start: Int64, _ end: Int64, _ count: Int64) -> CaseRow {
    CaseRow([key, ms(start), ms(end), count], at: end - 1)
  }

  @Test func `X-4: sessions with a gap of ten`() throws {
    let rows = try sessions([
      Small(0, 0, 1, [1]), Small(10, 0, 2, [1]), Small(21, 0, 3, [1]), Small(0, 0, 4, [2]),
    ]).rows
    #expect(rows == [session(2, 0, 10, 1), session(1, 0, 20, 2), session(1, 21, 31, 1)])
  }

  @Test func `Q-8 and Q-33 to Q-35: steps up to the gap, equal times, a bridge, and null`() throws {
    for (step, count) in [(9, 1), (10, 1), (11, 2)] as [(Int64, Int)] {
      #expect(try sessions(times([0, step])).rows.count == count)
    }
    #expect(try sessions(times([7, 7])).rows == [session(1, 7, 17, 2)])
    #expect(try sessions(times([0, 20, 10])).rows == [session(1, 0, 30, 3)])
    #expect(
      try sessions([Small(0, 0, 1, [nil]), Small(0, 0, 2, [0])]).rows
        == [session(nil, 0, 10, 1), session(0, 0, 10, 1)])
  }

  @Test func `Q-36 to Q-38: what joins a session, when it closes, what is too late for it`() throws
  {
    // The watermark is 10, which is last + gap: it still joins.
    let joined = try sessions(times([0, 15, 10]), delay: 5)
    #expect(joined.rows == [session(1, 0, 25, 3)])
    #expect(joined.dropped == [])
    // At 11 the session of 0 has been closed, and an event at 0 is dropped.
    let closed = try sessions(times([0, 16, 0]), delay: 5)
    #expect(closed.dropped == [3])
    #expect(closed.rows == [session(1, 0, 10, 1), session(1, 16, 26, 1)])
    // The session 0 to 9 lives on at 15, and would take an event at 4, whose own gap is over.
    let live = try sessions(times([0, 9, 20, 4]), delay: 5)
    #expect(live.dropped == [4])
    #expect(live.rows == [session(1, 0, 19, 2), session(1, 20, 30, 1)])
    #expect(try sessions(times([0, 9, 20, 4]), delay: 5, lateness: 1).dropped == [])
  }

  @Test func `Q-39: an accepted event beside a closed session opens one of its own`() throws {
    let plan = QueryCase(
      [.session(0, key: [0], gap: ms(10), [.count])], columns: 4, delay: 5, times([0, 16, 1]))
    let driver = try EngineDriver(plan.plan, plan.arrivals)
    driver.run(crashes: [:], pause: [])
    #expect(driver.drops.isEmpty)
    #expect(driver.rows.map(\.time).sorted() == [ms(9), ms(10), ms(25)])
  }

  @Test func `X-5: all aggregates of one window`() throws {
    let events = [
      Small(3, 0, 9, [1, 30, 9]), Small(3, 1, 1, [1, 31, 11]), Small(4, 0, 8, [1, nil, 8]),
      Small(5, 0, 10, [1, 50, 10]), Small(6, 0, 7, [1, 50, 7]),
    ]
    let all: [Aggregate] = [
      .count, .countOf(1), .sum(1), .min(1), .max(1), .first(1), .last(1), .argMax(2, by: 1),
      .distinct(1), .mean(1), .quantile(1, numerator: 1, denominator: 2),
      .quantile(1, numerator: 9, denominator: 10),
    ]
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [1, 4, 0, 3, 2]] {
      // A lane is in the order of its sequences: the order of arrival is that of the list.
      let rows = try QueryCase(
        [.sliding(0, key: [0], size: ms(10), slide: ms(10), offset: 0, all)], columns: 15,
        order.map { events[$0] }
      ).run().rows
      #expect(
        rows == [
          CaseRow([1, 0, 5, 4, 161, 30, 50, 30, 50, 10, 3, 161, 4, 31, 50], at: 9)
        ])
    }
  }

  @Test func `Q-42 and Q-43: null is counted as a row and nowhere else`() throws {
    #expect(try aggregate([.count, .countOf(1), .sum(1)], [nil, 4, nil]) == [3, 1, 4])
    #expect(
      try aggregate(
        [.countOf(1), .sum(1), .min(1), .first(1), .last(1), .argMin(2, by: 1), .mean(1)],
        [nil, nil]) == [0, nil, nil, nil, nil, nil, nil, 0])
  }

  @Test func `Q-44 and Q-45: only the end of a sum must fit`() throws {
    #expect(try aggregate([.sum(1)], [.max, 1, -1]) == [.max])
    #expect(try aggregate([.mean(1)], [.min, -1, 1]) == [.min, 3])
    let events = [
      Small(0, 0, 0, [1, .max]), Small(0, 0, 1, [1, 1]), Small(0, 0, 2, [2, 5]),
    ]
    for step in [
      PlanOperator.sliding(0, key: [0], size: ms(10), slide: ms(10), offset: 0, [.sum(1), .count]),
      .tumbling(0, key: [0], size: ms(10), offset: 0, [.sum(1), .count]),
      .tumbling(0, key: [0], size: ms(10), offset: 0, [.mean(1)]),
    ] {
      let result = try QueryCase([step], columns: 4, events).run()
      #expect(result.overflowed)
      #expect(result.rows.map(\.cells[2]) == [nil, 5])
    }
    let fine = PlanOperator.tumbling(0, key: [], size: ms(10), offset: 0, [.sum(1)])
    let sums = [Int64.max, Int64.max, .min, .min, -5].enumerated().map {
      Small(0, 0, UInt64($0), [1, $1])
    }
    let result = try QueryCase([fine], columns: 2, sums).run()
    #expect(!result.overflowed && result.rows.map(\.cells[1]) == [-7])
  }

  @Test func `Q-47 and Q-48: first and last in event order, without nulls`() throws {
    let events = [
      Small(1, 1, 0, [1, 10]), Small(1, 0, 5, [1, 20]), Small(1, 0, 6, [1, nil]),
      Small(0, 0, 7, [1, nil]), Small(1, 2, 0, [1, nil]),
    ]
    let rows = try sliding(10, 10, events, [.first(1), .last(1)]).rows
    #expect(rows.map(\.cells) == [[1, 0, 20, 10]])
  }

  @Test func `Q-49 and Q-50: the first of equals, and null in by`() throws {
    #expect(try aggregate([.argMax(2, by: 1)], [1, 7, 3, 7, 7]) == [2])
    #expect(try aggregate([.argMin(2, by: 1)], [nil, 7, 3, nil, 3]) == [3])
    // x is null at the least number, which is 1.
    #expect(try aggregate([.argMin(1, by: 2)], [nil, 4]) == [nil])
  }

  @Test func `Q-51 and Q-52: distinct leaves null out, mean is a pair and not reduced`() throws {
    #expect(try aggregate([.distinct(1)], [3, nil, 3, 4, nil]) == [2])
    #expect(try aggregate([.mean(1)], [1, 3]) == [4, 2])
    #expect(try aggregate([.mean(1)], [2]) == [2, 1])
  }

  @Test func `Q-53 and Q-54: ranks of quantiles are exact`() throws {
    func quantile(_ a: Int64, _ b: Int64, _ values: [Int64?]) throws -> [Int64?] {
      try aggregate([.quantile(1, numerator: a, denominator: b)], values)
    }
    #expect(try quantile(1, 100, [9]) == [9])
    #expect(try quantile(1, 2, [4, 1, 3, 2]) == [2])
    #expect(try quantile(1, 1, [4, 1, 3, nil, 2]) == [4])
    #expect(try quantile(7, 100, (1...100).reversed().map { $0 }) == [7])
    #expect(try quantile(1, 2, [nil]) == [nil])
  }

  func top(
    _ count: Int, descending: Bool, _ events: [Small], ties: [SortColumn] = []
  ) throws -> [[Int64?]] {
    try QueryCase(
      [
        .tumbling(0, key: [0], size: ms(10), offset: 0, [.sum(1)]),
        .topN(
          1, group: [], order: [SortColumn(2, descending: descending)] + ties, count: count),
        .select(2, [.column(3), .column(0), .column(2)]),
      ], columns: 3, events
    ).run().rows.map(\.cells)
  }

  @Test func `X-6 and Q-56 to Q-58: the first two by sum`() throws {
    let events = [(2, 5), (1, 5), (3, 9), (4, 1), (5, nil)].enumerated().map {
      Small(Int64($0), 0, UInt64($0), [$1.0, $1.1])
    }
    #expect(try top(2, descending: true, events) == [[1, 3, 9], [2, 1, 5]])
    #expect(
      try top(3, descending: true, events, ties: [SortColumn(0, descending: true)])
        == [[1, 3, 9], [2, 2, 5], [3, 1, 5]])
    #expect(try top(1, descending: false, events) == [[1, 5, nil]])
    #expect(try top(9, descending: true, events).count == 5)
    #expect(try top(9, descending: true, events).last == [5, 5, nil])
  }

  @Test func `Q-5 and Q-112: a window of windows orders them by result key`() throws {
    // The second windows see the first ones' rows of one time as 1 before 2.
    let events = [
      Small(3, 0, 1, [2, 7]), Small(4, 0, 2, [1, 8]), Small(13, 0, 3, [1, 9]),
    ]
    let rows = try QueryCase(
      [
        .tumbling(0, key: [0], size: ms(10), offset: 0, [.max(1)]),
        .sliding(
          1, key: [], size: ms(20), slide: ms(20), offset: 0, [.first(2), .last(2), .count]),
      ], columns: 4, events
    ).run().rows
    #expect(rows == [CaseRow([0, 8, 9, 3], at: 19)])
  }

  @Test func `matches and ranks are put in order for what follows`() throws {
    let match = Match(
      steps: [.and([])], within: ms(5), contiguity: .strict, measures: [])
    for after in [
      PlanOperator.deduplicate(1, by: [0], horizon: ms(5)),
      .topN(1, group: [], order: [], count: 1),
      .sliding(1, key: [], size: ms(5), slide: ms(5), offset: 0, [.first(0)]),
    ] {
      let rows = try QueryCase(
        [.match(0, key: [0], match), after], columns: 1, times([1])
      ).run().rows
      #expect(rows.count == 1)
    }
  }
}
