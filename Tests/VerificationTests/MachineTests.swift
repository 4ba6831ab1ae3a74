import Model
import Queries
import Testing

@testable import Verification

/// a row of its own for each silence of a key.
private struct Silence: OracleMachine {
  var wait: Int64 = 10
  var heard: Int64 = 0
  var width: Int { 2 }
  var resultKey: [Int]? { nil }
  var isBlank: Bool { heard == 0 }

  mutating func take(_ row: MachineRow, _ turn: inout MachineTurn) {
    heard += 1
    turn.set(MachineTimer(0), at: turn.now + ms(wait))
  }

  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {
    turn.emit([turn.key[0], heard])
    heard = 0
  }
}

/// Does what its rows say: column 1 the deed, column 2 a number.
private struct Obedient: OracleMachine {
  var total: Int64 = 0
  var width: Int { 2 }
  var resultKey: [Int]? = nil
  var isBlank: Bool { false }

  mutating func take(_ row: MachineRow, _ turn: inout MachineTurn) {
    let n = row[2] ?? 0
    switch row[1] {
    case 0: turn.emit([100, n])
    case 1: turn.set(MachineTimer(1, of: n), at: turn.now)
    case 2: turn.set(MachineTimer(2, of: n), at: turn.now + ms(5))
    case 3: turn.cancel(MachineTimer(2, of: n))
    case 4: turn.set(MachineTimer(3), at: turn.now - 1)
    case 5: turn.set(MachineTimer(4), at: turn.now + ms(10))
    default: turn.set(MachineTimer(5), at: turn.now)
    }
  }

  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {
    turn.emit([Int64(timer.kind), timer.of])
    if timer.kind == 4 { turn.set(timer, at: turn.now + ms(10)) }
    if timer.kind == 5 { turn.set(timer, at: turn.now) }
  }
}

@Suite struct MachineTests {
  /// Rows (time, cells) that a machine gives for (time, columns), in rounds that end at `bounds`.
  private func rows<M: OracleMachine>(
    _ machine: M, _ events: [(Int64, [Int64?])], bounds: [Int64] = [], keepsLast: Bool = false
  ) -> (rows: [[Int64?]], failure: String) {
    let width = events.first?.1.count ?? 1
    let store = Rows(width: width)
    let input = InputStep(output: RowPicks(rows: store))
    let step = ProcessStep(input, key: [0], machine, number: 1, keepsLast: keepsLast)
    var found: [[Int64?]] = []
    var next = 0
    let sorted = events.enumerated().sorted {
      ($0.element.0, $0.offset) < ($1.element.0, $1.offset)
    }
    for bound in bounds.map({ ms($0) }) + [.max] {
      store.removeAll()
      input.output.removeAll()
      while next < sorted.count, ms(sorted[next].element.0) < bound {
        let event = sorted[next].element
        var nulls: UInt64 = 0
        for (c, cell) in event.1.enumerated() where cell == nil { nulls |= 1 << UInt64(c) }
        let index = store.add(
          RowHead(
            time: ms(event.0), origin: 0, high: 0, low: UInt64(next), nulls: nulls, source: 0,
            evidence: -1, sequence: UInt64(next), intendedAt: 0))
        for (c, cell) in event.1.enumerated() { store.row(index)[c] = cell ?? 0 }
        input.output.pick(index)
        step.end = max(step.end, ms(event.0))
        next += 1
      }
      input.frontier = bound
      step.run()
      for place in 0..<step.output.count {
        let index = Int(step.output.picks[place])
        let cells = (0..<machine.width).map { c in
          step.output.rows.isNull(index, c) ? nil : step.output.rows.row(index)[c]
        }
        found.append([step.output.rows.heads[index].time / .millisecond] + cells)
      }
    }
    return (found, step.failure)
  }

  @Test(arguments: [[], [10], [7, 21, 37], [6, 16, 26, 36, 46, 56]])
  func `X-15 and Q-100: silences, whatever the rounds`(bounds: [Int64]) {
    let events: [(Int64, [Int64?])] = [(5, [7]), (20, [7]), (26, [7]), (36, [7]), (55, [7])]
    // The last silence would end at 65, after the end of the run; the one of 26 ended at 36, after
    // the row of that instant.
    #expect(rows(Silence(), events, bounds: bounds).rows == [[15, 7, 1], [46, 7, 3]])
    // A timer at the very end runs.
    let more = events + [(65, [8])]
    #expect(
      rows(Silence(), more, bounds: bounds).rows == [[15, 7, 1], [46, 7, 3], [65, 7, 1]])
  }

  @Test func `Q-8: null is a key of its own`() {
    let events: [(Int64, [Int64?])] = [(5, [nil]), (6, [0]), (30, [1])]
    #expect(rows(Silence(), events).rows == [[15, nil, 1], [16, 0, 1]])
  }

  @Test func `Q-96: the rows of an instant come before its timers`() {
    let events: [(Int64, [Int64?])] = [(5, [1, 1, 9]), (5, [1, 0, 8]), (6, [1, 0, 7])]
    #expect(rows(Obedient(), events).rows == [[5, 100, 8], [5, 1, 9], [6, 100, 7]])
  }

  @Test func `Q-97: set replaces, cancel removes, registered anew is last`() {
    let same: [(Int64, [Int64?])] = [
      (1, [1, 2, 1]), (1, [1, 2, 2]), (1, [1, 2, 1]), (1, [1, 2, 3]), (2, [1, 3, 3]),
      (9, [1, 0, 0]),
    ]
    #expect(rows(Obedient(), same).rows == [[6, 2, 2], [6, 2, 1], [9, 100, 0]])
    let later: [(Int64, [Int64?])] = [(1, [1, 2, 1]), (3, [1, 2, 1]), (9, [1, 0, 0])]
    #expect(rows(Obedient(), later).rows == [[8, 2, 1], [9, 100, 0]])
  }

  @Test func `Q-98: a timer in the past has no answer`() {
    #expect(rows(Obedient(), [(5, [1, 4, 0])]).failure.contains("in the past"))
    #expect(rows(Obedient(), [(5, [1, 6, 0])]).failure.contains("in the past"))
    #expect(rows(Obedient(), [(5, [1, 1, 0])]).failure.isEmpty)
  }

  @Test func `Q-99: a timer that sets itself again stops at the end of the run`() {
    let events: [(Int64, [Int64?])] = [(0, [1, 5, 0]), (30, [2, 0, 0])]
    #expect(
      rows(Obedient(), events).rows
        == [[10, 4, 0], [20, 4, 0], [30, 4, 0], [30, 100, 0]])
    let shorter: [(Int64, [Int64?])] = [(0, [1, 5, 0]), (29, [2, 0, 0])]
    #expect(rows(Obedient(), shorter).rows == [[10, 4, 0], [20, 4, 0], [29, 100, 0]])
  }

  @Test func `Q-115: with corrections the last row of a result key counts`() {
    var machine = Obedient()
    machine.resultKey = [0]
    let events: [(Int64, [Int64?])] = [(1, [1, 0, 3]), (2, [1, 0, 4]), (3, [1, 1, 5])]
    #expect(rows(machine, events, keepsLast: true).rows == [[2, 100, 4], [3, 1, 5]])
    #expect(rows(machine, events).rows.count == 3)
  }
}
