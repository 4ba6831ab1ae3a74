import Bytes
import Model
import Queries
import Testing
import Verification

/// The conformance list of joins, unions, lists, totals and expressions. Columns: key, number.
@Suite struct JoinCases {
  /// An event of stream 0, source 0, or of stream 1, source 1.
  func left(_ time: Int64, _ number: Int64, _ key: Int64? = 1) -> Small {
    Small(time, 0, UInt64(number), [key, number], stream: 0)
  }

  func right(_ time: Int64, _ number: Int64, _ key: Int64? = 1) -> Small {
    Small(time, 1, UInt64(number), [key, number], stream: 1)
  }

  /// Numbers of the pairs.
  func pairs(
    _ lower: Int64, _ upper: Int64, _ events: [Small], _ kind: JoinKind = .inner,
    rightTime: Bool = false
  ) throws -> [[Int64?]] {
    let join = IntervalJoin(
      left: 0, right: 1, leftKey: [0], rightKey: [0], lower: ms(lower), upper: ms(upper),
      kind: kind, takesRightTime: rightTime)
    let rows = try StreamCase([.intervalJoin(join)], columns: 4, events).run().rows
    return rows.map { [$0.time, $0.cells[1], $0.cells[3]] }
  }

  func versions(
    _ events: [Small], at: Expression? = nil, _ kind: JoinKind = .left, back: Int64? = nil
  ) throws -> (rows: [[Int64?]], failure: String?) {
    let join = AsOfJoin(
      left: 0, right: 1, leftKey: [0], rightKey: [0], at: at, kind: kind, back: back.map { ms($0) })
    let found = try StreamCase([.asOfJoin(join)], columns: 4, events).run()
    return (found.rows.map { [$0.time, $0.cells[1], $0.cells[3]] }, found.failure)
  }

  @Test func `X-7, Q-9: pairs within bounds, and null meets nothing`() throws {
    let events = [
      left(10, 1), left(10, 2, nil), right(4, 2), right(5, 1), right(15, 3), right(16, 4),
      right(10, 5, nil),
    ]
    #expect(try pairs(-5, 5, events, .left) == [[10, 2, nil], [10, 1, 1], [10, 1, 3]])
    #expect(try pairs(-5, 5, events) == [[10, 1, 1], [10, 1, 3]])
  }

  @Test func `Q-60 to Q-62: both bounds are included, and both may be negative`() throws {
    let lefts = [left(20, 1)]
    let rights = [right(17, 1), right(18, 2), right(20, 3), right(22, 4), right(23, 5)]
    #expect(try pairs(-2, 2, lefts + rights) == [[20, 1, 2], [20, 1, 3], [20, 1, 4]])
    #expect(try pairs(0, 0, lefts + rights) == [[20, 1, 3]])
    #expect(try pairs(-3, -2, lefts + rights) == [[20, 1, 1], [20, 1, 2]])
    #expect(try pairs(2, 3, lefts + rights) == [[20, 1, 4], [20, 1, 5]])
    #expect(
      try pairs(2, 3, lefts + rights, rightTime: true) == [[22, 1, 4], [23, 1, 5]])
  }

  @Test func `Q-63 to Q-65: two by two are four, alone only without any partner`() throws {
    let events = [left(3, 1), left(4, 2), right(3, 1), right(4, 2)]
    #expect(
      try pairs(-1, 1, events, .left) == [[3, 1, 1], [3, 1, 2], [4, 2, 1], [4, 2, 2]])
    #expect(try pairs(-1, 0, events, .left) == [[3, 1, 1], [4, 2, 1], [4, 2, 2]])
    #expect(try pairs(5, 6, events, .left) == [[3, 1, nil], [4, 2, nil]])
    // The row of a left one alone has the time of that, whatever the time of the pairs.
    #expect(try pairs(5, 6, events, .left, rightTime: true) == [[3, 1, nil], [4, 2, nil]])
  }

  @Test func `X-8, Q-68, Q-69, Q-71: the last version at or before the row`() throws {
    let events = [
      left(5, 1), left(10, 2), left(15, 3), left(20, 4, 2), right(10, 1), right(10, 2),
      right(16, 3),
    ]
    #expect(
      try versions(events).rows == [[5, 1, nil], [10, 2, 2], [15, 3, 2], [20, 4, nil]])
    #expect(try versions(events, .inner).rows == [[10, 2, 2], [15, 3, 2]])
    #expect(try versions([left(5, 1, nil), right(5, 1, nil)]).rows == [[5, 1, nil]])
  }

  @Test func `Q-70: a version that arrives out of order is used between`() throws {
    let events = [
      right(20, 1), Small(10, 2, 2, [1, 2], stream: 1), left(15, 1), left(25, 2), left(9, 3),
    ]
    #expect(try versions(events).rows == [[9, 3, nil], [15, 1, 2], [25, 2, 1]])
  }

  @Test func `Q-72: the version of an earlier time, and never of a later one`() throws {
    let events = [left(15, 1), left(25, 2), right(10, 1), right(14, 2), right(24, 3)]
    let ago = Expression.subtract(.time, .constant(ms(3)))
    #expect(try versions(events, at: ago).rows == [[15, 1, 1], [25, 2, 2]])
    #expect(try versions(events, at: ago, back: 3).rows == [[15, 1, 1], [25, 2, 2]])
    #expect(try versions(events, at: ago).failure == nil)
    let ahead = Expression.add(.time, .constant(1))
    #expect(try versions([left(15, 1)], at: ahead).failure?.contains("after event time") == true)
    #expect(try versions([left(5, 1), right(5, 1)], at: .null).rows == [[5, 1, nil]])
  }

  @Test func `Q-13, Q-14: a union keeps both, and a stream twice is each row twice`() throws {
    let events = [left(1, 1), right(1, 2), left(2, 3)]
    func union(
      _ inputs: [Int], _ more: [PlanOperator] = [], columns: Int = 2
    ) throws -> [[Int64?]] {
      try StreamCase([.union(inputs)] + more, columns: columns, events).run().rows.map(\.cells)
    }
    #expect(try union([0, 1]) == [[1, 1], [1, 2], [1, 3]])
    #expect(try union([0, 0]) == [[1, 1], [1, 1], [1, 3], [1, 3]])
    let window = PlanOperator.tumbling(2, key: [0], size: ms(10), offset: 0, [.count])
    #expect(try union([0, 0], [window], columns: 3) == [[1, 0, 4]])
  }

  @Test func `Q-55: a total has one row for each key, at the end of the run`() throws {
    let events = [left(1, 1), left(2, 2, 2), left(30, 3, 2), right(40, 4, nil)]
    let rows = try StreamCase(
      [.union([0, 1]), .total(2, key: [0], [.count, .sum(1), .firstDistinct(2, 1)])], columns: 5,
      emission: .corrections, events
    ).run().rows
    #expect(rows.map(\.time) == [40, 40, 40])
    #expect(rows.map(\.cells) == [[nil, 1, 4, 4, nil], [1, 1, 1, 1, nil], [2, 2, 5, 2, 3]])
  }

  @Test func `a marker is no event, and moves no end`() throws {
    var marker = left(50, 9)
    marker.isMarker = true
    let rows = try StreamCase(
      [.total(0, key: [0], [.count])], columns: 2, emission: .corrections, [left(1, 1), marker]
    ).run().rows
    #expect(rows == [CaseRow([1, 1], at: 1)])
  }

  @Test func `Q-113: lists become rows, and pairs of different places`() throws {
    func expanded(_ list: [Int64?], pairs: Bool) throws -> [[Int64?]] {
      let rows = try StreamCase(
        [.expand(0, [0, 1, 2], pairs: pairs)], columns: 3 + (pairs ? 3 : 2), streams: 1,
        [Small(1, 0, 0, list)]
      ).run().rows
      return rows.map { Array($0.cells[3...]) }
    }
    #expect(try expanded([7, 8, 9], pairs: false) == [[7, 0], [8, 1], [9, 2]])
    #expect(try expanded([nil, nil, nil], pairs: false).isEmpty)
    #expect(try expanded([7, nil, 9], pairs: false) == [[7, 0], [9, 1]])
    #expect(
      try expanded([7, 8, 9], pairs: true)
        == [[7, 8, 0], [7, 9, 1], [8, 7, 2], [8, 9, 3], [9, 7, 4], [9, 8, 5]])
    #expect(try expanded([7, nil, nil], pairs: true).isEmpty)
  }

  @Test func `Q-114: the first two different values in event order`() throws {
    let events = [
      Small(3, 0, 9, [1, 5]), Small(1, 0, 10, [1, nil]), Small(2, 0, 11, [1, 6]),
      Small(2, 0, 12, [1, 6]), Small(4, 0, 13, [1, 7]),
    ]
    let rows = try StreamCase(
      [.tumbling(0, key: [0], size: ms(10), offset: 0, [.firstDistinct(2, 1)])], columns: 4,
      streams: 1, events
    ).run().rows
    #expect(rows.map(\.cells) == [[1, 0, 6, 5]])
  }

  @Test func `Q-67: a window of pairs takes all of them`() throws {
    let events = [left(9, 1), left(10, 2), right(14, 1), right(4, 2)]
    let join = IntervalJoin(
      left: 0, right: 1, leftKey: [0], rightKey: [0], lower: ms(-5), upper: ms(5))
    let rows = try StreamCase(
      [
        .intervalJoin(join),
        .tumbling(2, key: [0], size: ms(10), offset: 0, [.count, .sum(3)]),
      ], columns: 4, events
    ).run().rows
    #expect(rows.map(\.cells) == [[1, 0, 2, 3], [1, ms(10), 1, 1]])
  }

  @Test func `Q-32: a filter over what is corrected sees the last of it`() throws {
    let events = [left(1, 4), left(2, 5), left(3, 6, 2)]
    let rows = try StreamCase(
      [.total(0, key: [0], [.sum(1)]), .filter(2, .atMost(.column(1), 8))], columns: 2,
      emission: .corrections, events
    ).run().rows
    #expect(rows.map(\.cells) == [[2, 6]])
  }
}

/// Numbers (queries.md 5), in both oracles.
@Suite struct NumberCases {
  func value(_ expression: Expression, _ cells: [Int64?] = [0]) throws -> Int64? {
    let found = try StreamCase(
      [.select(0, [expression])], columns: 1, streams: 1, [Small(1, 0, 0, cells)]
    ).run()
    try #require(found.rows.count == 1)
    return found.rows[0].cells[0]
  }

  func divided(_ a: Int64, _ b: Int64, _ rounding: Rounding) throws -> Int64? {
    try value(.divide(.constant(a), .constant(b), rounding))
  }

  @Test func `X-16, Q-107: quotients are rounded as stated`() throws {
    let halves: [(Int64, Int64, Int64)] = [
      (5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (1, 3, 0), (2, 3, 1), (-1, 2, 0), (3, 2, 2),
    ]
    for (a, b, q) in halves { #expect(try divided(a, b, .halfEven) == q, "\(a)/\(b)") }
    let ups: [(Int64, Int64, Int64)] = [(5, 2, 3), (-5, 2, -2), (7, 2, 4), (-7, 2, -3), (1, 3, 0)]
    for (a, b, q) in ups { #expect(try divided(a, b, .halfUp) == q, "\(a)/\(b)") }
    let floors: [(Int64, Int64, Int64)] = [(5, 2, 2), (-5, 2, -3), (-1, 3, -1), (1, -3, -1)]
    for (a, b, q) in floors { #expect(try divided(a, b, .floor) == q, "\(a)/\(b)") }
  }

  @Test func `Q-108: floor division, what it leaves, and nothing by zero`() throws {
    #expect(try divided(-7, 2, .floor) == -4)
    #expect(try value(.modulo(.constant(-7), .constant(2))) == 1)
    #expect(try value(.modulo(.constant(7), .constant(-2))) == -1)
    #expect(try divided(1, 0, .floor) == nil)
    #expect(try value(.modulo(.constant(1), .constant(0))) == nil)
    #expect(try value(.add(.constant(1), .null)) == nil)
  }

  @Test func `a value beyond 64 bits has no answer`() throws {
    func overflows(_ expression: Expression) throws -> Bool {
      try StreamCase(
        [.select(0, [expression])], columns: 1, streams: 1, [Small(1, 0, 0, [.max, .min])]
      ).run().overflowed
    }
    #expect(try overflows(.add(.column(0), .constant(1))))
    #expect(try !overflows(.add(.column(0), .constant(0))))
    #expect(try overflows(.multiply(.column(1), .constant(-1))))
    #expect(try overflows(.divide(.column(1), .constant(-1), .floor)))
    #expect(try !overflows(.divide(.column(1), .constant(1), .floor)))
    #expect(try !overflows(.modulo(.column(1), .constant(-1))))
  }

  @Test func `Q-10: null passes neither a test nor its opposite`() throws {
    func passes(_ predicate: Predicate) throws -> Bool {
      try !StreamCase(
        [.filter(0, predicate)], columns: 1, streams: 1, [Small(1, 0, 0, [nil])]
      ).run().rows.isEmpty
    }
    #expect(try !passes(.equal(.column(0), 1)))
    #expect(try !passes(.not(.equal(.column(0), 1))))
    #expect(try passes(.isNull(.column(0))))
    #expect(try !passes(.not(.isNull(.column(0)))))
    #expect(try passes(.or([.equal(.column(0), 1), .isNull(.column(0))])))
  }

  @Test func `choices, and the first that is not null`() throws {
    #expect(try value(.coalesce([.null, .column(0), .constant(3)]), [nil]) == 3)
    #expect(try value(.choose(.equal(.column(0), 1), .constant(5), .constant(6)), [nil]) == 6)
    #expect(try value(.smaller(.constant(4), .constant(-4))) == -4)
    #expect(try value(.greater(.constant(4), .null)) == nil)
    #expect(try value(.divide(.time, .constant(.millisecond), .floor)) == 1)
  }

  @Test func `zones: the edge of a circle is in, the upper and right one of a square not`() throws {
    // Two cells of 100 x 100: a circle of radius 10 around (50, 50), and a square of side 20.
    let square = [(140, 40), (160, 40), (160, 60), (140, 60)].map {
      ZoneMap.Corner(x: $0.0, y: $0.1)
    }
    let map = ZoneMap(
      originLatitude: 0, originLongitude: 0, longitudeScale: 1 << 16, cell: 100, rows: 1,
      columns: 2,
      zones: [
        .init(number: 7, x: 50, y: 50, radius: 10),
        .init(number: 8, x: 150, y: 50, radius: 15, corners: square),
      ])
    func zone(_ latitude: Int64, _ longitude: Int64) throws -> Int64? {
      let plan = StreamCase(
        [.select(0, [.zone(.column(0), .column(1), map)])], columns: 1, streams: 1,
        [Small(1, 0, 0, [latitude, longitude])])
      let key = oracleRows(workload(plan.events, plan.plan))[0].key
      return try key.withUnsafeBytes { bytes in
        var cells = ByteReader(bytes)
        return try cells.byte() == 0 ? nil : try cells.signed()
      }
    }
    #expect(try zone(50, 60) == 7)
    #expect(try zone(57, 57) == 7)
    #expect(try zone(58, 58) == nil)
    #expect(try zone(50, 140) == 8)
    #expect(try zone(40, 150) == 8)
    #expect(try zone(60, 150) == nil)
    #expect(try zone(50, 160) == nil)
    #expect(try zone(-1, 50) == nil)
    #expect(try zone(50, 200) == nil)
  }
}
