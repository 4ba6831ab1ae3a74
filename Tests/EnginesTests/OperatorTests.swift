import Engines
import Model
import Queries
import Testing

/// The examples of the query semantics, times in milliseconds. Key a is 1, b is 2.
@Suite struct OperatorTests {
  let unit = Bench.unit

  func tumbling(
    _ size: Int64, offset: Int64 = 0, _ aggregates: [Aggregate], lateness: Int64 = 0
  ) throws -> Bench {
    try Bench(
      2, [.tumbling(0, key: [0], size: size * unit, offset: offset * unit, aggregates)],
      key: [0, 1], value: Array(2..<(2 + aggregates.count)), lateness: lateness)
  }

  /// A row as `tumbling` gives it: key, start in milliseconds, values.
  func window(
    _ key: Int64, _ start: Int64, _ values: [String], at time: Int64, _ events: UInt64,
    _ last: UInt64
  ) -> Out {
    Out(
      text: "[\(key), \(start * unit)] [\(values.joined(separator: ", "))]", time: time,
      events: events, lineage: last)
  }

  @Test func `X-2: windows of ten from three`() throws {
    let out = try tumbling(10, offset: 3, [.count, .sum(1)]).run([
      Row(-1, 1, [1, 1]), Row(2, 2, [1, 2]), Row(3, 3, [1, 4]), Row(12, 4, [1, 8]),
      Row(13, 5, [1, 16]),
    ])
    #expect(
      out.sorted() == [
        window(1, -7, ["2", "3"], at: 2, 2, 2), window(1, 3, ["2", "12"], at: 12, 2, 4),
        window(1, 13, ["1", "16"], at: 22, 1, 5),
      ])
  }

  @Test func `Q-15 and Q-16: the start is in, the end is not, and minus one lies below zero`()
    throws
  {
    let out = try tumbling(10, [.count]).run([
      Row(10, 1, [1, 0]), Row(20, 2, [1, 0]), Row(-1, 3, [1, 0]), Row(0, 4, [1, 0]),
    ])
    #expect(
      out.sorted() == [
        window(1, -10, ["1"], at: -1, 1, 3), window(1, 0, ["1"], at: 9, 1, 4),
        window(1, 10, ["1"], at: 19, 1, 1), window(1, 20, ["1"], at: 29, 1, 2),
      ])
  }

  @Test func `Q-17: offsets that differ by the size are one`() throws {
    let rows = (0..<40).map { Row(Int64($0) - 20, UInt64($0), [1, 1]) }
    let outs = try [-7, 3, 13].map { try tumbling(10, offset: $0, [.count]).run(rows).sorted() }
    #expect(outs[0] == outs[1] && outs[1] == outs[2])
    #expect(outs[0].count == 5)
  }

  @Test func `Q-18 and Q-19: no row without events, and a window for each time`() throws {
    #expect(try tumbling(10, [.count]).run([]) == [])
    let out = try tumbling(1, [.count]).run([
      Row(5, 1, [1, 0]), Row(6, 2, [1, 0]), Row(6, 3, [1, 0]),
    ])
    #expect(out.sorted() == [window(1, 5, ["1"], at: 5, 1, 1), window(1, 6, ["2"], at: 6, 2, 3)])
  }

  @Test func `Q-24: a window comes out when the watermark reaches its end, and once`() throws {
    let bench = try tumbling(10, [.count])
    bench.push(Row(3, 1, [1, 0]))
    bench.advance(to: 9)
    #expect(bench.take() == [])
    bench.advance(to: 10)
    #expect(bench.take() == [window(1, 0, ["1"], at: 9, 1, 1)])
    bench.advance(to: 11)
    bench.advance(to: .max)
    #expect(bench.take() == [])
  }

  @Test func `Q-25 and Q-26: late in an open window counts, in a closed one it is dropped`() throws
  {
    let bench = try tumbling(10, [.count])
    bench.push(Row(3, 1, [1, 0]))
    bench.advance(to: 8)
    bench.push(Row(2, 2, [1, 0]))
    #expect(bench.dropped == [])
    bench.advance(to: 10)
    #expect(bench.take() == [window(1, 0, ["2"], at: 9, 2, 1)])
    bench.push(Row(9, 3, [1, 0]))
    #expect(bench.dropped == [3])
    bench.advance(to: .max)
    #expect(bench.take() == [])
  }

  @Test func `Q-29: allowed lateness holds a window open`() throws {
    let bench = try tumbling(10, [.count], lateness: 5)
    bench.push(Row(3, 1, [1, 0]))
    bench.advance(to: 14)
    bench.push(Row(4, 2, [1, 0]))
    #expect(bench.take() == [])
    bench.advance(to: 15)
    #expect(bench.take() == [window(1, 0, ["2"], at: 9, 2, 2)])
    bench.push(Row(4, 3, [1, 0]))
    #expect(bench.dropped == [3])
  }

  @Test func `Q-8: null is a key of its own, and is left out of sums`() throws {
    let out = try tumbling(10, [.count, .sum(1), .min(1), .max(1)]).run([
      Row(1, 1, [nil, 5]), Row(2, 2, [nil, nil]), Row(3, 3, [0, nil]), Row(4, 4, [0, -7]),
      Row(5, 5, [3, nil]),
    ])
    #expect(
      Set(out.map(\.text)) == [
        "[null, 0] [2, 5, 5, 5]", "[0, 0] [2, -7, -7, -7]", "[3, 0] [1, null, null, null]",
      ])
  }

  @Test func `predicates are three-valued: null passes neither a test nor its opposite`() throws {
    let test = Predicate.atLeast(.column(0), 5)
    for (predicate, due) in [
      (test, [1, 4]), (.not(test), [2]), (.or([test, .equal(.column(1), 1)]), [1, 3, 4]),
      (.and([test, .not(.equal(.column(1), 1))]), [1]), (.among(.column(0), [9, 4]), [2, 4]),
    ] as [(Predicate, [UInt64])] {
      let bench = try Bench(2, [.filter(0, predicate)], key: [0], value: [1])
      let out = bench.run([
        Row(1, 1, [5, 0]), Row(2, 2, [4, nil]), Row(3, 3, [nil, 1]), Row(4, 4, [9, 1]),
      ])
      #expect(out.map(\.lineage) == due, "\(predicate)")
    }
  }

  @Test func `select computes, and a union passes rows of both`() throws {
    let bench = try Bench(
      2,
      [
        .select(0, [.column(1), .constant(7)]), .select(0, [.null, .column(0)]), .union([1, 2]),
      ], key: [0], value: [1])
    let out = bench.run([Row(1, 1, [3, nil]), Row(2, 2, [4, 5])])
    #expect(out.map(\.text) == ["[null] [7]", "[null] [3]", "[5] [7]", "[null] [4]"])
  }

  @Test func `X-14: deduplicate counts from kept rows`() throws {
    let bench = try Bench(
      1, [.deduplicate(0, by: [0], horizon: 10 * unit)], key: [0], value: [0])
    let out = bench.run(
      [3, 5, 12, 13, 22, 24].enumerated().map {
        Row($0.element, UInt64($0.offset + 1), [1])
      })
    #expect(out.map(\.lineage) == [1, 4, 6])
  }

  @Test func `a plan that cannot be run is refused`() {
    #expect(throws: PlanError.self) { try Bench(1, [.filter(2, .and([]))], key: [0], value: []) }
    #expect(throws: PlanError.self) {
      try Bench(
        1, [.tumbling(0, key: [0], size: unit + 1, offset: 0, [.count])], key: [0], value: [])
    }
    #expect(throws: PlanError.self) {
      try Bench(1, [.select(0, [.null, .null]), .union([0, 1])], key: [0], value: [])
    }
  }
}

@Suite struct CardGuardTests {
  func guarding(limit: Int64 = 6, defects: Set<EngineDefect> = []) throws -> Bench {
    try Bench(
      2,
      [
        .process(
          0, key: [0],
          .cardGuard(
            limit: limit, window: 60 * .second, block: 900 * .second, pass: [1]))
      ], key: [0], value: [1, 2, 3], defects: defects)
  }

  /// Answers to requests of one card at these seconds: code, attempts, blocked until.
  func answers(_ seconds: [Int64], _ bench: Bench) -> [String] {
    bench.run(
      seconds.enumerated().map { Row($0.element * 1_000, UInt64($0.offset), [9, $0.element]) }
    ).map(\.text)
  }

  @Test func `the sixth request in a minute is declined, and then the card is blocked`() throws {
    let out = answers([0, 8, 16, 24, 32, 40, 48], try guarding())
    #expect(
      out == [
        "[0] [0, 1, null]", "[8] [0, 2, null]", "[16] [0, 3, null]", "[24] [0, 4, null]",
        "[32] [0, 5, null]", "[40] [65, 6, 940000000000]", "[48] [62, 6, 940000000000]",
      ])
  }

  @Test func `without the request at 16 s the one at 40 s passes`() throws {
    let out = answers([0, 8, 24, 32, 40, 48], try guarding())
    #expect(out[4] == "[40] [0, 5, null]")
    #expect(out[5] == "[48] [65, 6, 948000000000]")
  }

  @Test func `with the request at 8 s twice the one at 32 s is declined`() throws {
    let out = answers([0, 8, 8, 16, 24, 32, 40], try guarding())
    #expect(out[5] == "[32] [65, 6, 932000000000]")
    #expect(out[6] == "[40] [62, 6, 932000000000]")
  }

  @Test func `both ends of the window count, and a block ends at its instant`() throws {
    let out = answers([0, 60, 61, 961], try guarding(limit: 2))
    #expect(out[1] == "[60] [65, 2, 960000000000]")
    #expect(out[2] == "[61] [62, 2, 960000000000]")
    #expect(out[3] == "[961] [0, 1, null]")
    let after = answers([0, 60, 960], try guarding(limit: 2))
    #expect(after[2] == "[960] [0, 1, null]", "t < blocked_until is false at its instant")
  }

  @Test func `cards do not know of each other`() throws {
    let rows = (0..<20).map { Row(Int64($0) * 1_000, UInt64($0), [Int64($0 % 4), 0]) }
    #expect(try guarding().run(rows).allSatisfy { $0.text.hasPrefix("[0] [0, ") })
  }

  @Test func `the planted defect fires one attempt too early`() throws {
    let out = answers([0, 8, 16, 24, 32], try guarding(defects: [.ruleOffByOne]))
    #expect(out[4] == "[32] [65, 5, 932000000000]")
  }
}

@Suite struct PatternTests {
  func pattern(_ steps: [Predicate], within: Int64 = 10) throws -> Bench {
    try Bench(
      2,
      [
        .pattern(
          0, key: [0], steps: steps, within: within * Bench.unit,
          measures: (0..<steps.count).map { Measure(step: $0, column: 1) })
      ], key: [0], value: Array(1...steps.count))
  }

  func step(_ value: Int64) -> Predicate { .equal(.column(1), value) }

  @Test func `X-9 relaxed: the bound is exclusive, and rows between do not break a match`() throws {
    let out = try pattern([step(1), step(2)]).run([
      Row(0, 1, [1, 1]), Row(9, 2, [1, 2]), Row(20, 3, [1, 1]), Row(30, 4, [1, 2]),
      Row(40, 5, [1, 1]), Row(41, 6, [1, 9]), Row(42, 7, [1, 2]),
    ])
    #expect(out.map(\.lineage) == [2, 7])
    #expect(out.map(\.events) == [2, 2])
    #expect(out.map(\.time) == [9, 42])
  }

  @Test func `X-10: after a match it goes on behind its last row, and no row is in two`() throws {
    let out = try pattern([step(1), step(1), step(2)]).run([
      Row(0, 1, [1, 1]), Row(1, 2, [1, 1]), Row(2, 3, [1, 1]), Row(3, 4, [1, 2]),
      Row(4, 5, [1, 2]), Row(5, 6, [1, 1]), Row(6, 7, [1, 1]), Row(7, 8, [1, 2]),
    ])
    #expect(out.map(\.lineage) == [4, 8])
  }

  @Test func `X-11: a start that never completes holds nothing back for ever`() throws {
    let out = try pattern([step(1), step(1), step(2)]).run([
      Row(0, 1, [1, 1]), Row(9, 2, [1, 1]), Row(12, 3, [1, 1]), Row(15, 4, [1, 2]),
    ])
    #expect(out.map(\.lineage) == [4])
    #expect(out.map(\.events) == [3])
  }

  @Test func `one row may do for any step, and keys are apart`() throws {
    let any = Predicate.atLeast(.column(1), 0)
    let out = try pattern([any, any]).run([
      Row(0, 1, [1, 5]), Row(1, 2, [2, 6]), Row(2, 3, [1, 7]), Row(3, 4, [nil, 8]),
      Row(4, 5, [nil, 9]),
    ])
    #expect(out.map(\.text) == ["[1] [5, 7]", "[null] [8, 9]"])
  }
}
