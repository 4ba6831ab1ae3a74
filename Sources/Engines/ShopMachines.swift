import Queries

/// The machine `StockLedger`: counters, and the open reservations by number.
struct StockLedgerMachine: ProcessMachine {
  let columns: StockLedger

  init(_ columns: StockLedger) { self.columns = columns }

  struct State {
    var onHand: Int64 = 0
    var reserved: Int64 = 0
    var open: [Int64: Held] = [:]
  }

  struct Held {
    var quantity: Int64
    var isHard = false
  }

  private enum Row: Int64 {
    case count
    case decision
    case end
    case misfit
  }

  private enum End: Int64 {
    case shipped
    case released
    case expired
  }

  private static let millisecond: Int64 = 1_000_000

  var width: Int { 5 }
  var resultKey: [Int]? { [0, 1] }

  func initialState() -> State { State() }

  func onEvent(_ row: MachineRow, _ state: inout State, _ actions: inout MachineActions) {
    guard let kind = row[columns.kind] else { return }
    if kind < StockLedger.moves {
      book(kind, row, &state, &actions)
    } else if let reservation = row[columns.reservation] {
      move(kind - StockLedger.moves, reservation, row, &state, &actions)
    }
  }

  private func book(
    _ kind: Int64, _ row: MachineRow, _ state: inout State, _ actions: inout MachineActions
  ) {
    let quantity = row[columns.quantity] ?? 0
    if kind == 0 {
      put(.count, row[columns.id], quantity, state.onHand, quantity - state.onHand, &actions)
      state.onHand = quantity
    } else if kind <= 2 {
      state.onHand += quantity
    }
  }

  private func move(
    _ kind: Int64, _ reservation: Int64, _ row: MachineRow, _ state: inout State,
    _ actions: inout MachineActions
  ) {
    if kind > 3 { return }
    switch (kind, state.open[reservation]) {
    case (0, nil): reserve(reservation, row, &state, &actions)
    case (1, .some(let held)) where !held.isHard:
      state.open[reservation]?.isHard = true
      actions.cancel(reservation)
    case (2, .some(let held)):
      end(.released, reservation, held.quantity, at: actions.now, &state, &actions)
      actions.cancel(reservation)
    case (3, .some(let held)) where held.isHard:
      state.onHand -= held.quantity
      end(.shipped, reservation, held.quantity, at: actions.now, &state, &actions)
    case (_, let held):
      put(.misfit, row[columns.id], kind, held.map { $0.isHard ? 2 : 1 } ?? 0, nil, &actions)
    }
  }

  private func reserve(
    _ reservation: Int64, _ row: MachineRow, _ state: inout State,
    _ actions: inout MachineActions
  ) {
    let quantity = row[columns.quantity] ?? 0
    let isAccepted = quantity <= state.onHand - state.reserved
    if isAccepted {
      state.reserved += quantity
      state.open[reservation] = Held(quantity: quantity)
      let life = row[columns.ttl] ?? 0
      actions.set(reservation, at: actions.now + (life - 1) * Self.millisecond)
    }
    put(
      .decision, reservation, isAccepted ? 1 : 0, state.onHand - state.reserved, nil, &actions)
  }

  func onTimer(_ name: Int64, _ state: inout State, _ actions: inout MachineActions) {
    guard let held = state.open[name] else { return }
    end(.expired, name, held.quantity, at: actions.now + Self.millisecond, &state, &actions)
  }

  private func end(
    _ how: End, _ reservation: Int64, _ quantity: Int64, at instant: Int64, _ state: inout State,
    _ actions: inout MachineActions
  ) {
    state.reserved -= quantity
    state.open[reservation] = nil
    put(.end, reservation, how.rawValue, instant, nil, &actions)
  }

  private func put(
    _ row: Row, _ id: Int64?, _ first: Int64, _ second: Int64, _ third: Int64?,
    _ actions: inout MachineActions
  ) {
    actions.emit([row.rawValue, id, first, second, third])
  }
}

/// The machine `ChargeKeeper`: three sums and a state.
struct ChargeKeeperMachine: ProcessMachine {
  let columns: ChargeKeeper

  init(_ columns: ChargeKeeper) { self.columns = columns }

  struct State {
    var order: Int64?
    var total: Int64 = 0
    var captures: Int64 = 0
    var captured: Int64 = 0
    var refunded: Int64 = 0
  }

  private enum Verdict: Int64 {
    case fine
    case undercharged
    case overcharged
  }

  var width: Int { columns.pass.count + 5 }
  var resultKey: [Int]? { Array(columns.pass.indices) }

  func initialState() -> State { State() }

  func onEvent(_ row: MachineRow, _ state: inout State, _ actions: inout MachineActions) {
    let amount = row[columns.amount] ?? 0
    switch row[columns.kind] {
    case .some(let kind) where kind >= 0 && kind <= 3:
      state.order = kind
      state.total = amount
    case ChargeKeeper.charges + 1:
      state.captures += 1
      state.captured += amount
    case ChargeKeeper.charges + 4: state.refunded += amount
    default: break
    }
    let owed = (state.order == 1 ? state.total : 0) - (state.captured - state.refunded)
    var verdict = Verdict.fine
    if owed > 0 { verdict = .undercharged }
    if owed < 0 || state.captures > 1 { verdict = .overcharged }
    actions.emit(
      columns.pass.map { row[$0] } + [
        state.order, state.captures, state.captured, state.refunded, verdict.rawValue,
      ])
  }

  func onTimer(_ name: Int64, _ state: inout State, _ actions: inout MachineActions) {}
}
