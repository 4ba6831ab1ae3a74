import Model
import Queries

/// What a machine of `process` does, for one key: the oracle's side of a `Machine`, written from
/// its sentence in the plainest way. A struct that holds the state of one key; a fresh one is the
/// state of a key that was never seen. It hears rows in event order and its timers between them: a
/// timer runs after all rows of the key with times up to its own and before any later one
/// (queries.md 3.12), several of one time in the order in which they were set.
///
/// To add one: a struct here that conforms, and one line in `OracleMachines.step`.
///
/// ```swift
/// struct OracleSilence: OracleMachine {
///   let wait: Nanoseconds
///   var heard: Int64 = 0
///   var width: Int { 2 }                       // columns: the key, rows heard
///   var resultKey: [Int]? { nil }
///   var isBlank: Bool { heard == 0 }
///
///   mutating func take(_ row: MachineRow, _ turn: inout MachineTurn) {
///     heard += 1
///     turn.set(MachineTimer(0), at: turn.now + wait)
///   }
///
///   mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {
///     turn.emit([turn.key[0], heard])
///     heard = 0
///   }
/// }
/// ```
protocol OracleMachine {
  /// Columns of the rows that it emits.
  var width: Int { get }
  /// Columns of an emitted row that identify it, as the machine's sentence declares; nil for the
  /// key and the number of the row. With corrections a row takes the place of the one before with
  /// the same result key.
  var resultKey: [Int]? { get }
  /// The state is that of a key that was never seen: without timers it is forgotten. A machine that
  /// remembers for ever may say false.
  var isBlank: Bool { get }
  /// A row of the key, at `turn.now`.
  mutating func take(_ row: MachineRow, _ turn: inout MachineTurn)
  /// A timer, at `turn.now`.
  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn)
}

/// The name of a timer: what it is for, and of what, such as a reservation. A key has one timer of
/// a name at most.
struct MachineTimer: Hashable {
  var kind: Int
  var of: Int64

  init(_ kind: Int, of: Int64 = 0) {
    self.kind = kind
    self.of = of
  }
}

/// A row that a machine takes.
struct MachineRow {
  private let cells: RowCells

  init(_ rows: Rows, _ index: Int) { cells = RowCells(rows, index) }

  /// A column; nil for null.
  subscript(_ column: Int) -> Int64? { cells.cell(column) }
}

/// What a machine may do while it takes a row or a timer runs. Everything it emits has the time
/// `now`, and the evidence of the row that it takes; in a timer that of the row that set the timer
/// or, set in a timer, of the row that set that one.
struct MachineTurn {
  /// Time of the row or of the timer, nanoseconds.
  let now: Int64
  /// Values of the key's columns.
  let key: [Int64?]
  fileprivate var emitted: [[Int64?]] = []
  fileprivate var changes: [(timer: MachineTimer, at: Int64?)] = []

  init(now: Int64, key: [Int64?]) {
    self.now = now
    self.key = key
  }

  /// A row of the result.
  mutating func emit(_ cells: [Int64?]) { emitted.append(cells) }

  /// Replaces the timer of this name and registers anew. From a row `at` is not before `now`, from
  /// a timer it is after it; otherwise the run has no answer. A timer after the end of the run
  /// never runs.
  mutating func set(_ timer: MachineTimer, at: Int64) { changes.append((timer, at)) }

  /// Takes the timer of this name away, if there is one.
  mutating func cancel(_ timer: MachineTimer) { changes.append((timer, nil)) }
}

/// Runs a machine for every key, bucket by bucket: a key whose state is blank and that waits for no
/// timer is forgotten.
final class ProcessStep<Machine: OracleMachine>: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let fresh: Machine
  private let number: Int
  /// Only the last row of each result key counts, and comes out at the end.
  private let keepsLast: Bool
  private var latest: [[Int64?]: FoundRow] = [:]
  private var keys: [UInt64: KeyState] = [:]
  /// Keys by the time of one of their timers, which may have been replaced or taken away since.
  private var due = TimeHeap()
  private var found: [FoundRow] = []
  private var serial: UInt64 = 0
  private var handed: UInt64 = 1

  private struct KeyState {
    var machine: Machine
    let key: [Int64?]
    /// The next one first; of one time, in the order in which they were set.
    var timers: [SetTimer] = []
    /// The least time for which the key stands in `due`.
    var queued = Int64.max
  }

  init(
    _ input: OracleStep, key: [Int], _ machine: Machine, number: Int, keepsLast: Bool = false
  ) {
    self.keepsLast = keepsLast && machine.resultKey != nil
    self.input = input
    self.key = key
    fresh = machine
    self.number = number
    super.init(output: RowPicks(rows: Rows(width: machine.width)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count { take(from.rows, Int(from.picks[place])) }
    frontier = input.frontier
    if frontier == .max {
      // A timer at the end runs, one after it does not.
      if end < .max { runTimers(before: end + 1) }
      keys.removeAll()
      found += latest.values
      latest.removeAll()
    } else {
      // Whether a timer past every event seen so far runs is not known yet.
      if end < .max { frontier = min(frontier, end + 1) }
      runTimers(before: frontier)
      // Any row may yet be replaced, and what replaces it may be put anywhere by what follows.
      if keepsLast { frontier = .min }
    }
    handOn()
  }

  private func take(_ rows: Rows, _ index: Int) {
    let head = rows.heads[index]
    if isDropped(head) { return }
    let digest = rows.digest(index, key)
    var state =
      keys.removeValue(forKey: digest)
      ?? KeyState(
        machine: fresh,
        key: key.map { rows.isNull(index, $0) ? nil : rows.row(index)[$0] })
    runTimers(of: &state, before: head.time)
    var turn = MachineTurn(now: head.time, key: state.key)
    state.machine.take(MachineRow(rows, index), &turn)
    finish(turn, &state, head, rows.evidence(index), earliest: head.time)
    keep(state, digest)
  }

  /// Runs the timers of all keys with times below `bound`.
  private func runTimers(before bound: Int64) {
    while let digest = due.take(before: bound) {
      guard var state = keys.removeValue(forKey: digest) else { continue }
      state.queued = .max
      runTimers(of: &state, before: bound)
      keep(state, digest)
    }
  }

  private func runTimers(of state: inout KeyState, before bound: Int64) {
    while let timer = state.timers.first, timer.at < bound {
      state.timers.removeFirst()
      var turn = MachineTurn(now: timer.at, key: state.key)
      state.machine.run(timer.name, &turn)
      finish(turn, &state, timer.cause, timer.evidence, earliest: timer.at + 1)
    }
  }

  /// Does what the machine asked for.
  private func finish(
    _ turn: MachineTurn, _ state: inout KeyState, _ cause: RowHead, _ evidence: Evidence,
    earliest: Int64
  ) {
    for cells in turn.emitted {
      precondition(cells.count == output.rows.width, "a machine emits the columns of its width")
      serial += 1
      let named = fresh.resultKey.map { columns in columns.map { cells[$0] } }
      let row = FoundRow(
        time: turn.now, identity: named ?? state.key + [Int64(serial)], cells: cells,
        evidence: evidence, last: cause, serial: serial)
      if keepsLast { latest[row.identity] = row } else { found.append(row) }
    }
    for change in turn.changes {
      if let old = state.timers.firstIndex(where: { $0.name == change.timer }) {
        state.timers.remove(at: old)
      }
      guard let at = change.at else { continue }
      if at < earliest {
        failure = "operator \(number) set a timer in the past"
        continue
      }
      var place = state.timers.count
      while place > 0, state.timers[place - 1].at > at { place -= 1 }
      state.timers.insert(
        SetTimer(name: change.timer, at: at, cause: cause, evidence: evidence), at: place)
    }
  }

  private func keep(_ state: consuming KeyState, _ digest: UInt64) {
    if state.timers.isEmpty && state.machine.isBlank { return }
    if let next = state.timers.first, next.at < state.queued {
      due.add(next.at, digest)
      state.queued = next.at
    }
    keys[digest] = state
  }

  private func handOn() {
    found.sort { a, b in
      if a.time != b.time { return a.time < b.time }
      if a.identity != b.identity { return identityPrecedes(a.identity, b.identity) }
      return a.serial < b.serial
    }
    for (place, row) in found.enumerated() {
      putOut(
        row.cells, time: row.time, identity: row.identity, evidence: row.evidence,
        last: row.last, number: number, serial: handed + UInt64(place))
    }
    handed += UInt64(found.count)
    found.removeAll(keepingCapacity: true)
  }
}

/// A timer of a key.
private struct SetTimer {
  var name: MachineTimer
  var at: Int64
  /// The row that set it.
  var cause: RowHead
  var evidence: Evidence
}

/// A row that a machine emitted.
private struct FoundRow {
  var time: Int64
  var identity: [Int64?]
  var cells: [Int64?]
  var evidence: Evidence
  var last: RowHead
  /// Order in which it was emitted.
  var serial: UInt64
}

/// Digests by time, the least first.
struct TimeHeap {
  private var items: [(time: Int64, digest: UInt64)] = []

  mutating func add(_ time: Int64, _ digest: UInt64) {
    items.append((time, digest))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if items[parent].time <= items[child].time { break }
      items.swapAt(parent, child)
      child = parent
    }
  }

  /// The digest with the least time, if that is below the bound.
  mutating func take(before bound: Int64) -> UInt64? {
    guard let first = items.first, first.time < bound else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first.digest }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
        if items[child].time < items[least].time { least = child }
      }
      if least == parent { return first.digest }
      items.swapAt(parent, least)
      parent = least
    }
  }
}
