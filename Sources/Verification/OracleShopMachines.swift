import Queries

/// `StockLedger`, from its sentence: what is open is a list.
struct OracleStockLedger: OracleMachine {
  let columns: StockLedger
  private var onHand: Int64 = 0
  private var open: [Held] = []
  private var isNew = true

  private struct Held {
    var reservation: Int64
    var quantity: Int64
    var isHard: Bool
  }

  init(_ columns: StockLedger) { self.columns = columns }

  var width: Int { 5 }
  var resultKey: [Int]? { [0, 1] }
  var isBlank: Bool { isNew }

  private var available: Int64 { onHand - open.reduce(0) { $0 + $1.quantity } }

  mutating func take(_ row: MachineRow, _ turn: inout MachineTurn) {
    isNew = false
    let quantity = row[columns.quantity] ?? 0
    switch row[columns.kind] {
    case 0:
      turn.emit([0, row[columns.id], quantity, onHand, quantity - onHand])
      onHand = quantity
    case 1, 2: onHand += quantity
    case StockLedger.moves: reserve(row, quantity, &turn)
    case StockLedger.moves + 1: move(row, kind: 1, fits: { !$0.isHard }, ends: nil, &turn)
    case StockLedger.moves + 2: move(row, kind: 2, fits: { _ in true }, ends: 1, &turn)
    case StockLedger.moves + 3: move(row, kind: 3, fits: { $0.isHard }, ends: 0, &turn)
    default: break
    }
  }

  private mutating func reserve(_ row: MachineRow, _ quantity: Int64, _ turn: inout MachineTurn) {
    guard let reservation = row[columns.reservation] else { return }
    if let held = open.first(where: { $0.reservation == reservation }) {
      turn.emit([3, row[columns.id], 0, held.isHard ? 2 : 1, nil])
      return
    }
    let fits = quantity <= available
    if fits {
      open.append(Held(reservation: reservation, quantity: quantity, isHard: false))
      let life = (row[columns.ttl] ?? 0) * 1_000_000
      turn.set(MachineTimer(0, of: reservation), at: turn.now + life - 1_000_000)
    }
    turn.emit([1, reservation, fits ? 1 : 0, available, nil])
  }

  /// A move of an open reservation that fits, which ends it in some way or makes it hard.
  private mutating func move(
    _ row: MachineRow, kind: Int64, fits: (Held) -> Bool, ends: Int64?,
    _ turn: inout MachineTurn
  ) {
    let place = open.firstIndex { $0.reservation == row[columns.reservation] }
    guard let place, fits(open[place]) else {
      let state: Int64 = place.map { open[$0].isHard ? 2 : 1 } ?? 0
      turn.emit([3, row[columns.id], kind, state, nil])
      return
    }
    turn.cancel(MachineTimer(0, of: open[place].reservation))
    guard let ends else {
      open[place].isHard = true
      return
    }
    let held = open.remove(at: place)
    if ends == 0 { onHand -= held.quantity }
    turn.emit([2, held.reservation, ends, turn.now, nil])
  }

  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {
    open.removeAll { $0.reservation == timer.of }
    turn.emit([2, timer.of, 2, turn.now + 1_000_000, nil])
  }
}

/// `ChargeKeeper`, from its sentence.
struct OracleChargeKeeper: OracleMachine {
  let columns: ChargeKeeper
  private var state: Int64?
  private var total: Int64 = 0
  private var captures: [Int64] = []
  private var refunds: [Int64] = []
  private var isNew = true

  init(_ columns: ChargeKeeper) { self.columns = columns }

  var width: Int { columns.pass.count + 5 }
  var resultKey: [Int]? { Array(0..<columns.pass.count) }
  var isBlank: Bool { isNew }

  mutating func take(_ row: MachineRow, _ turn: inout MachineTurn) {
    isNew = false
    let kind = row[columns.kind] ?? -1
    let amount = row[columns.amount] ?? 0
    if (0...3).contains(kind) {
      state = kind
      total = amount
    }
    if kind == ChargeKeeper.charges + 1 { captures.append(amount) }
    if kind == ChargeKeeper.charges + 4 { refunds.append(amount) }
    let captured = captures.reduce(0, +)
    let refunded = refunds.reduce(0, +)
    let due = state == 1 ? total : 0
    let net = captured - refunded
    let verdict: Int64 = net > due || captures.count > 1 ? 2 : net < due ? 1 : 0
    turn.emit(
      columns.pass.map { row[$0] } + [state, Int64(captures.count), captured, refunded, verdict])
  }

  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {}
}
