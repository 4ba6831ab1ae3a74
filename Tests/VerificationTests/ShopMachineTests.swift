import Bytes
import Draws
import Engines
import Model
import Queries
import Testing
import Verification
import Workloads

/// The machines of the shop, in the engine and in the oracle, which share nothing but the sentences
/// at `StockLedger` and `ChargeKeeper`.
@Suite struct ShopMachineTests {
  /// Columns: sku, warehouse, kind, quantity, id, reservation, ttl.
  private static let ledger = PlanOperator.process(
    0, key: [0, 1],
    .stockLedger(StockLedger(kind: 2, quantity: 3, id: 4, reservation: 5, ttl: 6)))
  /// Columns: order, kind, amount.
  private static let keeper = PlanOperator.process(
    0, key: [0], .chargeKeeper(ChargeKeeper(kind: 1, amount: 2, pass: [0])))

  /// The rows that engine, with and without restarts, and oracle agree on.
  private func agreed(
    _ step: PlanOperator, columns: Int, delay: Int64 = 1_000_000, _ arrivals: [Small]
  ) throws -> [CaseRow] {
    let plan = Plan(
      name: "case",
      input: PlanInput(
        stream: "events",
        columns: (0..<(arrivals.first?.columns.count ?? 0)).map { .field("f\($0)") }),
      watermarkDelay: ms(delay), operators: [.input(0), step],
      keyColumns: Array(0..<columns), valueColumns: [])
    let driver = try EngineDriver(plan, arrivals)
    driver.run(crashes: [:], pause: [])
    let restarted = try EngineDriver(plan, arrivals)
    restarted.run(
      crashes: Dictionary(uniqueKeysWithValues: arrivals.indices.map { ($0, $0 % 5) }), pause: [])
    let engine = try driver.rows.map { CaseRow(try cells($0.key), at: $0.time / .millisecond) }
    let again = try restarted.rows.map { CaseRow(try cells($0.key), at: $0.time / .millisecond) }
    #expect(engine.sorted() == again.sorted(), "with restarts")
    #expect(driver.drops.isEmpty)
    final class Box { var rows: [([UInt8], Int64)] = [] }
    let box = Box()
    let oracle = Oracle(workload: workload(arrivals, plan), endOfLoad: nil) {
      box.rows.append(([UInt8]($0.key), $0.time))
    }
    oracle.finish()
    let due = try box.rows.map { CaseRow(try cells($0.0), at: $0.1 / .millisecond) }
    #expect(engine.sorted() == due.sorted(), "engine and oracle")
    return engine.sorted()
  }

  private func cells(_ bytes: [UInt8]) throws -> [Int64?] {
    try bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      var cells: [Int64?] = []
      while !reader.isAtEnd { cells.append(try reader.byte() == 0 ? nil : try reader.signed()) }
      return cells
    }
  }

  private enum Move: Int64 {
    case reserve = 10
    case confirm
    case release
    case ship
    case status
  }

  private struct Log {
    var events: [Small] = []

    mutating func book(_ time: Int64, _ kind: Int64, _ quantity: Int64, id: Int64) {
      events.append(
        Small(time, 0, UInt64(events.count), [7, 8, kind, quantity, id, nil, nil]))
    }

    mutating func move(
      _ time: Int64, _ kind: Move, _ reservation: Int64, _ quantity: Int64 = 1, ttl: Int64? = nil
    ) {
      events.append(
        Small(
          time, 0, UInt64(events.count),
          [7, 8, kind.rawValue, quantity, 1_000 + Int64(events.count), reservation, ttl]))
    }
  }

  /// The worked example of the page, with what goes wrong when something is lost or doubled.
  private func example(losing lost: Set<Int> = [], doubling twice: Int? = nil) throws
    -> [CaseRow]
  {
    var log = Log()
    log.book(0, 0, 5, id: 900)
    log.move(0, .reserve, 1, 3, ttl: 600_000)
    log.move(10_000, .reserve, 2, 3, ttl: 600_000)
    log.move(600_000, .reserve, 3, 3, ttl: 600_000)
    log.move(620_000, .confirm, 3)
    log.move(630_000, .ship, 3)
    log.book(700_000, 0, 9, id: 901)
    var events = log.events
    if let twice { events.insert(events[twice], at: twice) }
    let kept = events.enumerated().filter { !lost.contains($0.offset) }.map(\.element)
    return try agreed(
      Self.ledger, columns: 5,
      kept.enumerated().map { Small($1.time, 0, UInt64($0), $1.columns) })
  }

  @Test func `the worked example of the stock ledger`() throws {
    #expect(
      try example()
        == [
          CaseRow([0, 900, 5, 0, 5], at: 0),
          CaseRow([1, 1, 1, 2, nil], at: 0),
          CaseRow([1, 2, 0, 2, nil], at: 10_000),
          // Its timer is a millisecond earlier than its end.
          CaseRow([2, 1, 2, ms(600_000), nil], at: 599_999),
          CaseRow([1, 3, 1, 2, nil], at: 600_000),
          CaseRow([2, 3, 0, ms(630_000), nil], at: 630_000),
          CaseRow([0, 901, 9, 2, 7], at: 700_000),
        ].sorted())
  }

  @Test func `what is lost or doubled shows in the ledger`() throws {
    // The first reservation lost: the second is accepted, and the third does not fit.
    let first = try example(losing: [1])
    #expect(first.contains(CaseRow([1, 2, 1, 2, nil], at: 10_000)))
    #expect(first.contains(CaseRow([2, 2, 2, ms(610_000), nil], at: 609_999)))
    #expect(first.contains(CaseRow([1, 3, 0, 2, nil], at: 600_000)))
    #expect(first.contains(CaseRow([3, 1_004, 1, 0, nil], at: 620_000)))
    // A CONFIRM lost: its SHIP fits nothing, and the pieces stay on the shelf.
    let confirm = try example(losing: [4])
    #expect(confirm.contains(CaseRow([3, 1_005, 3, 1, nil], at: 630_000)))
    #expect(confirm.contains(CaseRow([0, 901, 9, 5, 4], at: 700_000)))
    // A reservation processed twice is a misfit of its own.
    let twice = try example(doubling: 1)
    #expect(twice.contains(CaseRow([3, 1_001, 0, 1, nil], at: 0)))
  }

  @Test func `a move is right only in the state that it is for`() throws {
    var log = Log()
    log.book(0, 0, 10, id: 900)
    log.move(1, .reserve, 1, 2, ttl: 100)
    log.move(2, .ship, 1)
    log.move(3, .confirm, 1)
    log.move(4, .confirm, 1)
    log.move(5, .reserve, 1, 1, ttl: 100)
    log.move(6, .release, 1)
    log.move(7, .release, 1)
    log.move(8, .status, 1, 0)
    log.book(9, 1, 5, id: 901)
    log.book(9, 2, -3, id: 902)
    log.book(9, 3, 0, id: 903)
    log.move(10, .reserve, 2, 12, ttl: 1)
    log.move(11, .reserve, 3, 13, ttl: 1)
    log.book(400, 0, 0, id: 904)
    #expect(
      try agreed(Self.ledger, columns: 5, log.events)
        == [
          CaseRow([0, 900, 10, 0, 10], at: 0),
          CaseRow([1, 1, 1, 8, nil], at: 1),
          CaseRow([3, 1_002, 3, 1, nil], at: 2),
          CaseRow([3, 1_004, 1, 2, nil], at: 4),
          CaseRow([3, 1_005, 0, 2, nil], at: 5),
          CaseRow([2, 1, 1, ms(6), nil], at: 6),
          CaseRow([3, 1_007, 2, 0, nil], at: 7),
          CaseRow([1, 2, 1, 0, nil], at: 10),
          // A life of one millisecond: its timer runs after all events of its instant.
          CaseRow([2, 2, 2, ms(11), nil], at: 10),
          CaseRow([1, 3, 0, 12, nil], at: 11),
          CaseRow([0, 904, 0, 12, -12], at: 400),
        ].sorted())
  }

  @Test func `an order is charged what it owes, or the keeper says so`() throws {
    func rows(_ events: [(Int64, Int64, Int64)]) throws -> [[Int64?]] {
      try agreed(
        Self.keeper, columns: 6,
        events.enumerated().map { Small($1.0, 0, UInt64($0), [5, $1.1, $1.2]) }
      ).map(\.cells)
    }
    // PLACED, CONFIRMED, AUTHORIZED, CAPTURED, CANCELLED, REFUNDED.
    #expect(
      try rows([(0, 0, 90), (1, 1, 90), (2, 10, 90), (3, 11, 90), (4, 2, 90), (5, 14, 90)]) == [
        [5, 0, 0, 0, 0, 0], [5, 1, 0, 0, 0, 1], [5, 1, 0, 0, 0, 1], [5, 1, 1, 90, 0, 0],
        [5, 2, 1, 90, 0, 2], [5, 2, 1, 90, 90, 0],
      ])
    // Captured twice, captured before the order is known, captured too little; a STATUS says what
    // there was.
    #expect(try rows([(0, 1, 90), (1, 11, 90), (2, 11, 90)]).last == [5, 1, 2, 180, 0, 2])
    #expect(
      try rows([(0, 11, 90), (1, 15, 0)]) == [
        [5, nil, 1, 90, 0, 2], [5, nil, 1, 90, 0, 2],
      ])
    #expect(try rows([(0, 1, 90), (1, 11, 80)]).last == [5, 1, 1, 80, 0, 1])
    #expect(try rows([(0, 1, 90), (1, 4, 1)]).last == [5, 1, 0, 0, 0, 1])
  }

  @Test func `both forms agree on whatever moves, in any order and with restarts`() throws {
    for seed in UInt64(0)..<40 {
      let draws = DrawFamily(seed: 1, component: "tests", purpose: "shop moves").stream(seed)
      var events: [Small] = []
      for n in UInt64(0)..<40 {
        let word = draws.word(n)
        let kind =
          [0, 1, 2, 3, 10, 10, 10, 10, 11, 11, 12, 12, 13, 13, 14][Int(word % 15)] as Int64
        let isMove = kind >= 10
        events.append(
          Small(
            Int64(word >> 8 % 60), UInt32(word >> 16 % 2), n,
            [
              Int64(word >> 20 % 2), 1, kind, Int64(word >> 24 % 5) + (kind == 0 ? 4 : 1),
              Int64(n) + 100, isMove ? Int64(word >> 32 % 4) : nil,
              kind == 10 ? Int64(word >> 40 % 15) + 1 : nil,
            ]))
      }
      // Sequences of a source go up by one, in the order of arrival.
      var next: [UInt64] = [0, 0]
      for place in events.indices {
        events[place].sequence = next[Int(events[place].source)]
        next[Int(events[place].source)] += 1
      }
      _ = try agreed(Self.ledger, columns: 5, events)
    }
  }
}
