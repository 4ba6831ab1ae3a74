import Engines
import Model
import Queries
import Testing

/// The conformance list of patterns and absences. Columns: key, what (A is 1, B is 2, C is 3),
/// value, number of the event.
@Suite struct MatchCases {
  func what(_ value: Int64) -> Predicate { .equal(.column(1), value) }

  func event(_ time: Int64, _ number: Int64, _ what: Int64, _ value: Int64? = 0, key: Int64? = 1)
    -> Small
  {
    Small(time, 0, UInt64(number), [key, what, value, number])
  }

  /// Numbers of the rows of each match, and its time.
  func matches(
    _ steps: [Predicate], _ contiguity: Match.Contiguity, within: Int64 = 10,
    absence: MissingRow? = nil, key: [Int] = [], delay: Int64 = 1_000, _ events: [Small]
  ) throws -> [CaseRow] {
    try QueryCase(
      [
        .match(
          0, key: key,
          Match(
            steps: steps, within: ms(within), contiguity: contiguity, absence: absence,
            measures: steps.indices.map { Measure(step: $0, column: 3) }))
      ], columns: key.count + steps.count, delay: delay, events
    ).run().rows
  }

  func numbers(_ rows: [CaseRow]) -> [[Int64?]] { rows.map(\.cells) }

  /// One event a millisecond.
  func row(_ whats: [Int64]) -> [Small] {
    whats.enumerated().map { event(Int64($0), Int64($0 + 1), $1) }
  }

  @Test func `X-9 and Q-74: a strict pattern ends at its bound and at a row between`() throws {
    let events = [
      event(0, 1, 1), event(9, 2, 2), event(20, 3, 1), event(30, 4, 2), event(40, 5, 1),
      event(41, 6, 9), event(42, 7, 2),
    ]
    #expect(try matches([what(1), what(2)], .strict, events) == [CaseRow([1, 2], at: 9)])
    #expect(
      try numbers(matches([what(1), what(2)], .relaxed, events)) == [[1, 2], [5, 7]])
  }

  @Test func `Q-75: rows of another key do not stand between`() throws {
    let events = [event(0, 1, 1), event(1, 2, 9, key: 2), event(2, 3, 2)]
    #expect(try numbers(matches([what(1), what(2)], .strict, key: [0], events)) == [[1, 1, 3]])
    #expect(try matches([what(1), what(2)], .strict, events) == [])
  }

  @Test func `Q-76, Q-84 and Q-85: a row is in one match, and the last starts none`() throws {
    let events = row([1, 1, 1, 1, 1])
    for contiguity in [Match.Contiguity.strict, .relaxed] {
      #expect(try numbers(matches([what(1), what(1)], contiguity, events)) == [[1, 2], [3, 4]])
      #expect(
        try numbers(matches([what(1), what(1), what(1)], contiguity, events)) == [[1, 2, 3]])
    }
  }

  @Test func `Q-77: within is exclusive`() throws {
    for contiguity in [Match.Contiguity.strict, .relaxed] {
      for (end, count) in [(9, 1), (10, 0)] as [(Int64, Int)] {
        let events = [event(0, 1, 1), event(end, 2, 2)]
        #expect(try matches([what(1), what(2)], contiguity, events).count == count)
      }
    }
  }

  let rising: [Predicate] = [
    .equal(.column(1), 1),
    .and([.equal(.column(1), 2), .less(.bound(step: 0, column: 2), .column(2))]),
  ]

  @Test func `X-10, Q-78 and Q-79: the earlier start wins though it completes later`() throws {
    let events = [
      event(0, 1, 1, 100), event(1, 2, 1, 10), event(2, 3, 2, 50), event(3, 4, 2, 200),
      event(4, 5, 1, 1), event(5, 6, 1, 2), event(6, 7, 2, 9), event(7, 8, 2, 9),
    ]
    #expect(try numbers(matches(rising, .relaxed, events)) == [[1, 4], [5, 7]])
    #expect(try numbers(matches([what(1), what(2)], .relaxed, row([1, 1, 2, 2]))) == [[1, 3]])
  }

  @Test func `X-11 and Q-80: a held match comes out when the earlier start dies`() throws {
    let events = [event(0, 1, 1, 100), event(1, 2, 1, 10), event(2, 3, 2, 50)]
    #expect(try matches(rising, .relaxed, events) == [CaseRow([2, 3], at: 2)])
    let plan = QueryCase(
      [
        .match(
          0, key: [0],
          Match(
            steps: rising, within: ms(10), contiguity: .relaxed,
            measures: [Measure(step: 0, column: 3)]))
      ], columns: 2, delay: 0,
      // The last event is of another key; it only moves time.
      events + [event(9, 4, 9, key: 2), event(10, 5, 9, key: 2)])
    let driver = try EngineDriver(plan.plan, Array(plan.arrivals.dropLast()))
    driver.program.advance(to: ms(9))
    #expect(driver.program.output.take().isEmpty)
    #expect(try plan.run().rows.map(\.cells) == [[1, 2]])
  }

  @Test func `Q-81: a step takes the first row that fits, and does not try again`() throws {
    let steps: [Predicate] = [
      what(1), what(2),
      .and([what(3), .same(.column(2), .bound(step: 1, column: 2))]),
    ]
    let events = [event(0, 1, 1), event(1, 2, 2, 7), event(2, 3, 2, 8), event(3, 4, 3, 8)]
    #expect(try matches(steps, .relaxed, events) == [])
    let others = [event(0, 1, 1), event(1, 2, 2, 8), event(2, 3, 2, 7), event(3, 4, 3, 8)]
    #expect(try numbers(matches(steps, .relaxed, others)) == [[1, 2, 4]])
  }

  @Test func `Q-82: equal times go by source`() throws {
    let events = [Small(5, 1, 0, [1, 2, 0, 21]), Small(5, 0, 9, [1, 1, 0, 9])]
    #expect(try numbers(matches([what(1), what(2)], .strict, events)) == [[9, 21]])
    #expect(try matches([what(2), what(1)], .strict, events) == [])
  }

  @Test func `Q-8 and Q-83: null is a key, and a condition on a bound null is false`() throws {
    let events = [event(0, 1, 1, nil, key: nil), event(1, 2, 2, 5, key: nil)]
    #expect(try numbers(matches([what(1), what(2)], .strict, key: [0], events)) == [[nil, 1, 2]])
    #expect(try matches(rising, .relaxed, events) == [])
    let opposite = [
      rising[0], .not(.less(.bound(step: 0, column: 2), .column(2))),
    ]
    #expect(try matches(opposite, .strict, events) == [])
  }

  func missing(_ what: Int64, _ within: Int64 = 5, sameInstant: Bool = false) -> MissingRow {
    MissingRow(self.what(what), within: ms(within), sameInstant: sameInstant)
  }

  @Test func `X-12, X-13 and Q-88: a silence, and answers that carry their question's time`() throws
  {
    let events = [
      event(10, 1, 3), event(10, 2, 1), event(40, 3, 1), event(44, 9, 3), event(60, 11, 1),
      event(65, 12, 3),
    ]
    #expect(
      try matches([what(1)], .strict, absence: missing(3), events)
        == [CaseRow([2], at: 15), CaseRow([11], at: 65)])
    let same = [event(10, 1, 3), event(10, 2, 1), event(60, 4, 1)]
    #expect(
      try matches([what(1)], .strict, absence: missing(3, sameInstant: true), same)
        == [CaseRow([4], at: 65)])
  }

  @Test func `Q-87: before the deadline it counts, at the deadline it does not`() throws {
    for (time, count) in [(14, 0), (15, 1)] as [(Int64, Int)] {
      let events = [event(10, 1, 1), event(time, 2, 3)]
      #expect(try matches([what(1)], .relaxed, absence: missing(3), events).count == count)
    }
  }

  @Test func `Q-89 and Q-90: one row for each silence, and one at the end`() throws {
    let events = [event(0, 1, 1), event(3, 2, 1), event(20, 3, 1)]
    #expect(
      try matches([what(1)], .strict, absence: missing(3), events)
        == [CaseRow([1], at: 5), CaseRow([2], at: 8), CaseRow([3], at: 25)])
    #expect(
      try matches([what(1)], .strict, absence: missing(1), events)
        == [CaseRow([2], at: 8), CaseRow([3], at: 25)])
  }

  @Test func `Q-91: a prefix skips as if there were no absence`() throws {
    let events = row([1, 1, 2, 3, 1, 2])
    let found = try matches([what(1), what(2)], .relaxed, absence: missing(3, 2), events)
    // The first match is broken by the C, and its rows are gone all the same.
    #expect(found == [CaseRow([5, 6], at: 7)])
  }

  @Test func `an absence sees the bound rows`() throws {
    let answer = MissingRow(
      .and([what(3), .same(.column(2), .bound(step: 0, column: 2))]), within: ms(5))
    let events = [event(0, 1, 1, 7), event(1, 2, 1, 8), event(2, 3, 3, 8)]
    #expect(
      try numbers(matches([what(1)], .strict, absence: answer, events)) == [[1]])
  }

  @Test func `Q-86: a dropped row would have broken a strict match`() throws {
    let steps = [what(1), what(2)]
    let events = [event(0, 1, 1), event(2, 3, 2), event(9, 4, 9), event(1, 2, 9)]
    #expect(try numbers(matches(steps, .strict, delay: 5, events)) == [[1, 3]])
    #expect(try numbers(matches(steps, .strict, delay: 9, events)) == [])
  }

  @Test func `Q-112: windows of windows, then a pattern, with disorder below the delay`() throws {
    let events = [0, 4, 2, 12, 9, 21, 18, 33, 30, 41].enumerated().map {
      event($1, Int64($0), 1)
    }
    let result = try QueryCase(
      [
        .tumbling(0, key: [0], size: ms(5), offset: 0, [.count]),
        .sliding(1, key: [0], size: ms(20), slide: ms(10), offset: 0, [.sum(2), .count]),
        .match(
          2, key: [0],
          Match(
            steps: [.atLeast(.column(2), 3), .less(.column(2), .bound(step: 0, column: 2))],
            within: ms(30), contiguity: .strict,
            measures: [Measure(step: 0, column: 1), Measure(step: 1, column: 2)])),
      ], columns: 3, delay: 4, events
    ).run()
    #expect(result.dropped == [])
    #expect(!result.rows.isEmpty)
  }

  @Test func `a step that reads a later one is refused`() {
    let later = Predicate.same(.column(2), .bound(step: 1, column: 2))
    #expect(throws: PlanError.self) { try matches([what(1), later], .strict, row([1])) }
    #expect(throws: Never.self) { try matches([what(1), what(2), later], .strict, row([1])) }
    #expect(throws: PlanError.self) { try matches([], .strict, row([1])) }
  }
}
