import Bytes
import Engines
import Model
import Queries
import Testing

func unit(_ n: Int64) -> Int64 { n * Bench.unit }

/// A plan over several streams of equal columns; the last operator's columns are the result.
func bench(
  streams: Int = 2, columns: Int = 2, _ operators: [PlanOperator], key: [Int], value: [Int],
  lateness: Int64 = 0, emission: Emission = .final, tasks: Int = 1
) throws -> Bench {
  try Bench(
    Plan(
      name: "test",
      inputs: (0..<streams).map { stream in
        PlanInput(stream: "s\(stream)", columns: (0..<columns).map { .field("f\($0)") })
      },
      watermarkDelay: 0, allowedLateness: unit(lateness), emission: emission,
      operators: (0..<streams).map { .input($0) } + operators, keyColumns: key,
      valueColumns: value), tasks: tasks)
}

/// Rows as text, a tombstone as its key alone.
extension Bench {
  func texts() -> [String] {
    program.output.take().map { row in
      let key = row.key.withUnsafeBytes(cellText)
      if row.isTombstone { return "\(key) gone" }
      return "\(key) \(row.value.withUnsafeBytes(cellText)) at \(row.time / Bench.unit)"
    }
  }

  func texts(at time: Int64) -> [String] {
    advance(to: time)
    return texts()
  }
}

@Suite struct JoinTests {
  func interval(_ lower: Int64, _ upper: Int64, _ kind: JoinKind = .inner) throws -> Bench {
    try bench(
      [
        .intervalJoin(
          IntervalJoin(
            left: 0, right: 1, leftKey: [0], rightKey: [0], lower: unit(lower),
            upper: unit(upper), kind: kind))
      ], key: [1], value: [3])
  }

  @Test func `X-7, Q-60: pairs within both bounds, and what has none`() throws {
    let join = try interval(-5, 5, .left)
    for (time, id, key) in [(4, 2, 1), (5, 1, 1), (15, 3, 1), (16, 4, 1), (10, 5, nil)]
      as [(Int64, Int64, Int64?)]
    {
      join.push(Row(time, UInt64(id), [key, id], source: 1), stream: 1)
    }
    join.push(Row(10, 1, [1, 1]))
    join.push(Row(10, 2, [nil, 2]))
    #expect(
      join.texts(at: .max).sorted() == ["[1] [1] at 10", "[1] [3] at 10", "[2] [null] at 10"])
  }

  @Test func `Q-61 and Q-62: bounds of nothing, and bounds below zero`() throws {
    for (lower, upper, due) in [(0, 0, [10]), (-5, -2, [5, 8])] as [(Int64, Int64, [Int64])] {
      let join = try interval(lower, upper)
      for time in [4, 5, 8, 9, 10, 11] as [Int64] {
        join.push(Row(time, UInt64(time), [1, time], source: 1), stream: 1)
      }
      join.push(Row(10, 1, [1, 1]))
      #expect(join.texts(at: .max) == due.map { "[1] [\($0)] at 10" })
    }
  }

  @Test func `Q-64: the row without a pair comes behind the upper bound, and never beside one`()
    throws
  {
    let join = try interval(0, 5, .left)
    join.push(Row(10, 1, [1, 1]))
    join.push(Row(10, 2, [2, 2]))
    #expect(join.texts(at: 15) == [])
    join.push(Row(15, 3, [2, 7], source: 1), stream: 1)
    #expect(join.texts(at: 16).sorted() == ["[1] [null] at 10", "[2] [7] at 10"])
    #expect(join.texts(at: .max) == [])
  }

  func asOf(at: Expression? = nil, kind: JoinKind = .left) throws -> Bench {
    try bench(
      [
        .asOfJoin(
          AsOfJoin(left: 0, right: 1, leftKey: [0], rightKey: [0], at: at, kind: kind))
      ], key: [1], value: [3])
  }

  @Test func `X-8, Q-68 to Q-71: the last version at its instant`() throws {
    for kind in [JoinKind.left, .inner] {
      let join = try asOf(kind: kind)
      for (time, id) in [(16, 3), (10, 2), (10, 1)] as [(Int64, Int64)] {
        join.push(Row(time, UInt64(id), [1, id], source: 1), stream: 1)
      }
      for (time, id, key) in [(5, 1, 1), (10, 2, 1), (15, 3, 1), (20, 4, 2)]
        as [(Int64, Int64, Int64)]
      {
        join.push(Row(time, UInt64(id), [key, id]))
      }
      let found = ["[2] [2] at 10", "[3] [2] at 15"]
      let none = kind == .left ? ["[1] [null] at 5", "[4] [null] at 20"] : []
      #expect(join.texts(at: .max).sorted() == (found + none).sorted())
    }
  }

  @Test func `Q-72: an instant before the row finds the version of then, one behind it fails`()
    throws
  {
    let join = try asOf(at: .subtract(.time, .constant(unit(7))))
    join.push(Row(2, 1, [1, 5], source: 1), stream: 1)
    join.push(Row(9, 2, [1, 6], source: 1), stream: 1)
    join.push(Row(10, 1, [1, 1]))
    #expect(join.texts(at: .max) == ["[1] [5] at 10"])
    #expect(join.program.failure == nil)
    let wrong = try asOf(at: .add(.time, .constant(1)))
    wrong.push(Row(10, 1, [1, 1]))
    wrong.advance(to: .max)
    #expect(wrong.program.failure?.hasPrefix("at after event time") == true)
  }

  @Test func `Q-73 and Q-101: a silent stream holds back what it joins, and its watermark lets go`()
    throws
  {
    let join = try asOf()
    join.push(Row(10, 1, [1, 1]))
    join.program.advance(0, to: [unit(50), .min])
    #expect(join.texts() == [])
    join.program.advance(0, to: [unit(50), unit(30)])
    #expect(join.texts() == ["[1] [null] at 10"])
  }

  @Test func `Q-9: a null key meets nothing, not even a null`() throws {
    let join = try asOf()
    join.push(Row(1, 1, [nil, 5], source: 1), stream: 1)
    join.push(Row(2, 1, [nil, 1]))
    #expect(join.texts(at: .max) == ["[1] [null] at 2"])
  }

  @Test func `Q-67: what a join puts out is never late for the window behind it`() throws {
    let join = try bench(
      [
        .intervalJoin(
          IntervalJoin(
            left: 0, right: 1, leftKey: [0], rightKey: [0], lower: 0, upper: unit(20))),
        .tumbling(2, key: [0], size: unit(10), offset: 0, [.count]),
      ], key: [0, 1], value: [2])
    join.push(Row(3, 1, [1, 1]))
    join.advance(to: 15)
    join.push(Row(20, 1, [1, 1], source: 1), stream: 1)
    join.push(Row(23, 2, [1, 1], source: 1), stream: 1)
    #expect(join.texts(at: .max) == ["[1, 0] [2] at 9"])
    #expect(join.dropped == [])
  }

  @Test func `Q-13 and Q-4: a union of two streams in event order`() throws {
    let union = try bench(
      [.union([0, 1]), .deduplicate(2, by: [0], horizon: .max)], key: [0], value: [1])
    union.push(Row(5, 9, [1, 7], source: 3), stream: 0)
    union.program.advance(0, to: [unit(20), .min])
    #expect(union.texts() == [])
    union.push(Row(5, 1, [1, 8], source: 2), stream: 1)
    #expect(union.texts(at: .max) == ["[1] [8] at 5"])
  }
}

@Suite struct CorrectionTests {
  func windows(_ more: [PlanOperator] = [], key: [Int] = [0, 1], value: [Int] = [2]) throws
    -> Bench
  {
    try bench(
      streams: 1,
      [.tumbling(0, key: [0], size: unit(10), offset: 0, [.sum(1)])] + more, key: key,
      value: value, lateness: 20, emission: .corrections)
  }

  @Test func `Q-30, Q-31 and Q-120: a first row at the end, new ones until the lateness is over`()
    throws
  {
    let window = try windows()
    window.push(Row(3, 1, [1, 5]))
    #expect(window.texts(at: 9) == [])
    #expect(window.texts(at: 10) == ["[1, 0] [5] at 9"])
    window.push(Row(4, 2, [1, 2]))
    #expect(window.texts(at: 29) == ["[1, 0] [7] at 9"])
    window.push(Row(5, 3, [1, 1]))
    #expect(window.texts(at: 29) == ["[1, 0] [8] at 9"])
    window.advance(to: 30)
    window.push(Row(5, 4, [1, 1]))
    #expect(window.dropped == [4])
    #expect(window.texts(at: .max) == [])
  }

  @Test func `Q-32: a row that fails a filter is withdrawn, and comes back`() throws {
    let window = try windows([.filter(1, .atLeast(.column(2), 5))])
    window.push(Row(3, 1, [1, 5]))
    #expect(window.texts(at: 10) == ["[1, 0] [5] at 9"])
    window.push(Row(3, 2, [1, -1]))
    #expect(window.texts(at: 11) == ["[1, 0] gone"])
    window.push(Row(3, 3, [1, 3]))
    #expect(window.texts(at: 12) == ["[1, 0] [7] at 9"])
  }

  @Test func `Q-59 and Q-116: overtaking renews two ranks, and the last rank can go`() throws {
    let top = try windows(
      [
        .topN(1, group: [], order: [SortColumn(2, descending: true)], count: 2),
        .filter(2, .atLeast(.column(2), 1)),
      ], key: [1, 3], value: [0, 2])
    top.push(Row(1, 1, [1, 5]))
    top.push(Row(2, 2, [2, 4]))
    #expect(top.texts(at: 10) == ["[0, 1] [1, 5] at 9", "[0, 2] [2, 4] at 9"])
    top.push(Row(3, 3, [2, 2]))
    #expect(top.texts(at: 11).sorted() == ["[0, 1] [2, 6] at 9", "[0, 2] [1, 5] at 9"])
    top.push(Row(3, 4, [1, -9]))
    #expect(top.texts(at: 12) == ["[0, 2] gone"])
  }

  @Test func `Q-40 and Q-41: a bridge withdraws the later session, a new first row the old start`()
    throws
  {
    let session = try bench(
      streams: 1, [.session(0, key: [0], gap: unit(5), [.count])], key: [0, 1], value: [3],
      lateness: 50, emission: .corrections)
    session.push(Row(0, 1, [1, 0]))
    session.push(Row(8, 2, [1, 0]))
    #expect(session.texts(at: 20) == ["[1, 0] [1] at 4", "[1, \(unit(8))] [1] at 12"])
    session.push(Row(4, 3, [1, 0]))
    #expect(session.texts(at: 21).sorted() == ["[1, 0] [3] at 12", "[1, \(unit(8))] gone"])
    session.push(Row(-3, 4, [1, 0]))
    #expect(
      session.texts(at: 22).sorted() == ["[1, \(unit(-3))] [4] at 12", "[1, 0] gone"])
  }

  @Test func `Q-55 and Q-63: totals of corrected rows, with the time of the end`() throws {
    let total = try windows([.total(1, key: [0], [.count, .max(2)])], key: [0], value: [1, 2])
    total.push(Row(3, 1, [1, 5]))
    total.push(Row(13, 2, [1, 9]))
    _ = total.texts(at: 25)
    total.push(Row(14, 3, [1, -6]))
    #expect(total.texts(at: 26) == ["[1] [2, 5] at 19"])
    total.push(Row(40, 4, [2, 1]))
    #expect(
      total.texts(at: .max).sorted() == ["[1] [2, 5] at 40", "[2] [1, 1] at 40"])
  }

  @Test func `Q-120: an earlier copy displaces the one that came out`() throws {
    let dedupe = try bench(
      streams: 1, [.deduplicate(0, by: [0], horizon: unit(10))], key: [0], value: [1],
      lateness: 20, emission: .corrections)
    dedupe.push(Row(8, 1, [1, 5]))
    #expect(dedupe.texts(at: 9) == ["[1] [5] at 8"])
    dedupe.push(Row(3, 2, [1, 6]))
    #expect(dedupe.texts(at: 10) == ["[1] [6] at 3"])
  }

  @Test func `Q-121: in front of a window nothing is dropped that the window would take`() throws {
    let dedupe = try bench(
      streams: 1,
      [
        .deduplicate(0, by: [1], horizon: unit(100)),
        .tumbling(1, key: [0], size: unit(50), offset: 0, [.count]),
      ], key: [0, 1], value: [2])
    dedupe.push(Row(30, 1, [1, 5]))
    dedupe.advance(to: 40)
    dedupe.push(Row(10, 2, [1, 6]))
    dedupe.push(Row(12, 3, [1, 5]))
    #expect(dedupe.texts(at: 50) == ["[1, 0] [2] at 49"])
    #expect(dedupe.dropped == [3], "it would take back what came out")
  }

  @Test func `Q-113 and Q-14: expand numbers its copies, a union with itself counts twice`()
    throws
  {
    let pairs = try bench(
      streams: 1, columns: 3, [.expand(0, [0, 1, 2], pairs: true)], key: [3, 4], value: [5])
    pairs.push(Row(1, 1, [7, 8, 9]))
    pairs.push(Row(2, 2, [7, nil, nil]))
    #expect(
      pairs.texts() == [
        "[7, 8] [0] at 1", "[7, 9] [1] at 1", "[8, 7] [2] at 1", "[8, 9] [3] at 1",
        "[9, 7] [4] at 1", "[9, 8] [5] at 1",
      ])
    let twice = try bench(
      streams: 1,
      [
        .select(0, [.column(0), .constant(2)]), .select(0, [.column(0), .constant(1)]),
        .union([1, 2]), .tumbling(3, key: [0], size: unit(10), offset: 0, [.count, .first(1)]),
      ], key: [0], value: [2, 3])
    twice.push(Row(1, 1, [4, 0]))
    #expect(twice.texts(at: .max) == ["[4] [2, 2] at 9"])
  }

  @Test func `Q-114: the first different values in event order`() throws {
    let window = try bench(
      streams: 1, [.tumbling(0, key: [0], size: unit(10), offset: 0, [.firstDistinct(3, 1)])],
      key: [0], value: [2, 3, 4])
    for (time, value) in [(5, 2), (1, nil), (3, 1), (2, 2)] as [(Int64, Int64?)] {
      window.push(Row(time, UInt64(time), [1, value]))
    }
    #expect(window.texts(at: .max) == ["[1] [2, 1, null] at 9"])
  }

  @Test func `Q-107 and Q-108: quotients, remainders and what does not fit`() throws {
    func values(_ expressions: [Expression]) throws -> (String, Bool) {
      let select = try bench(
        streams: 1, [.select(0, expressions)], key: Array(expressions.indices), value: [])
      select.push(Row(1, 1, [-7, 2]))
      return (select.texts()[0], select.program.hasOverflowed)
    }
    func divided(_ a: Int64, _ b: Int64, _ rounding: Rounding) -> Expression {
      .divide(.constant(a), .constant(b), rounding)
    }
    let halves: [(Int64, Int64)] = [(5, 2), (7, 2), (-5, 2), (-7, 2), (1, 3), (2, 3), (5, -2)]
    #expect(
      try values(halves.map { divided($0, $1, .halfEven) }).0
        == "[2, 4, -2, -4, 0, 1, -2] [] at 1")
    #expect(
      try values(halves.map { divided($0, $1, .halfUp) }).0 == "[3, 4, -2, -3, 0, 1, -2] [] at 1")
    #expect(
      try values(halves.map { divided($0, $1, .floor) }).0 == "[2, 3, -3, -4, 0, 0, -3] [] at 1")
    let (text, overflowed) = try values([
      .divide(.column(0), .column(1), .floor), .modulo(.column(0), .column(1)),
      .modulo(.column(0), .constant(0)), .add(.null, .constant(1)),
      .coalesce([.null, .column(1)]), .smaller(.column(0), .column(1)),
      .choose(.isNull(.null), .time, .null),
    ])
    #expect(text == "[-4, 1, null, null, 2, -7, \(Bench.unit)] [] at 1")
    #expect(!overflowed)
    #expect(try values([.multiply(.constant(.max), .column(1))]) == ("[null] [] at 1", true))
  }
}
