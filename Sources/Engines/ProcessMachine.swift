import Model
import Queries

/// What a `Machine` of the plan does, as the engine runs it: a state per key, which sees the events
/// of its key in event order and its own timers, and nothing else.
///
/// Order per key (queries.md 3.12): events in event order, timers by (instant, registration); a
/// timer at τ runs after all events with t <= τ and before any with t > τ. One timer per name:
/// `set` replaces and registers anew. A timer beyond the end of the run never runs.
///
/// To write one: a struct with the parameters of its case of `Machine`, a value type as its state
/// (snapshots are copies of it; dictionaries may be in it but must not be iterated where order
/// matters), and one line in `run` (Machines.swift):
///
///     case .stockLedger(let ledger): make.make(StockLedgerMachine(ledger))
///
/// Each event and timer is one call; allocate nothing there that the state does not keep.
package protocol ProcessMachine {
  associatedtype State
  /// Columns of the rows that it emits, at most 32.
  var width: Int { get }
  /// Columns of an emitted row that are its result key; nil: the key and the number of the row.
  var resultKey: [Int]? { get }
  /// The state of a key before its first event.
  func initialState() -> State
  /// An event of the key; `actions.now` is its time.
  func onEvent(_ row: MachineRow, _ state: inout State, _ actions: inout MachineActions)
  /// A timer of the key; `actions.now` is its instant.
  func onTimer(_ name: Int64, _ state: inout State, _ actions: inout MachineActions)
}

/// The event at hand, by the columns of the operator's input. Valid during the call.
package struct MachineRow {
  let row: UnsafePointer<Int64>

  /// Nil is null.
  package subscript(column: Int) -> Int64? {
    RowLayout.isNull(row, column) ? nil : row[RowLayout.header + column]
  }
}

/// What a machine may do in a call.
package struct MachineActions {
  /// Time of the event, or instant of the timer, in nanoseconds.
  package internal(set) var now: Int64 = 0
  var isTimer = false
  /// Cells of the emitted rows, one after the other.
  var cells: [Int64?] = []
  var timers: [(name: Int64, at: Int64?)] = []
  var clears = false
  /// What broke the rules, nil as long as nothing did.
  var failure: String?

  /// Puts out a row, whose time is `now`: as many cells as the machine has columns.
  package mutating func emit(_ row: [Int64?]) { cells.append(contentsOf: row) }

  /// Sets a timer, in the place of one of this name: for an event at `now` or later, for a timer
  /// later than `now`; otherwise the run fails with `timer in the past`.
  package mutating func set(_ name: Int64, at instant: Int64) {
    if instant < now || (isTimer && instant == now) {
      failure = failure ?? "timer in the past: \(instant), set at \(now)"
      return
    }
    timers.append((name, instant))
  }

  /// Takes a timer back; nothing when there is none of this name.
  package mutating func cancel(_ name: Int64) { timers.append((name, nil)) }

  /// The key is as if it had never been seen: its state goes, and its timers.
  package mutating func clear() { clears = true }
}
