/// The machine `stockLedger`: the stock of one key, from its bookings and moves in event order.
///
/// A row has a kind: 0 COUNT, 1 RECEIPT, 2 ADJUSTMENT of a booking; `moves` + 0 RESERVE, + 1
/// CONFIRM, + 2 RELEASE, + 3 SHIP of a move; any other does nothing. State: on_hand and reserved,
/// at first 0, and the open reservations, each with its quantity and SOFT (1) or HARD (2).
/// available = on_hand - reserved.
/// - COUNT: emit count (its id; quantity, on_hand, quantity - on_hand), then on_hand = quantity.
/// - RECEIPT, ADJUSTMENT: on_hand += quantity.
/// - RESERVE of an open reservation: a misfit. Else, if quantity <= available: reserved +=
///   quantity, the reservation is open and SOFT, and its timer is set to t + ttl - 1 ms; emit
///   decision (its reservation; 1, available after). Else emit decision (its reservation; 0,
///   available).
/// - CONFIRM of a SOFT one: it is HARD, its timer is cancelled.
/// - RELEASE of an open one: reserved -= its quantity, its timer is cancelled; it ends RELEASED
///   (1).
/// - SHIP of a HARD one: on_hand and reserved -= its quantity; it ends SHIPPED (0).
/// - Its timer, at `now`: reserved -= its quantity; it ends EXPIRED (2) at now + 1 ms.
/// - Each end emits end (the reservation; how, when in nanoseconds) and forgets it.
/// - A CONFIRM, RELEASE or SHIP that does not fit changes nothing and emits misfit (its id; its
///   kind, 0 when the reservation is not open, else 1 or 2), as does a RESERVE that does not.
///
/// Quantities are those of the RESERVE. Columns out: the row's kind (0 count, 1 decision, 2 end, 3
/// misfit), the number in front of the semicolon, then three values, null where there are fewer.
/// Result key: the first two.
public struct StockLedger: Hashable, Sendable {
  /// Columns of the input: the kind, the quantity, the number of the booking or move, that of the
  /// reservation, and its life in milliseconds.
  public var kind: Int
  public var quantity: Int
  public var id: Int
  public var reservation: Int
  public var ttl: Int

  /// Kind of the first move.
  public static let moves: Int64 = 10

  public init(kind: Int, quantity: Int, id: Int, reservation: Int, ttl: Int) {
    self.kind = kind
    self.quantity = quantity
    self.id = id
    self.reservation = reservation
    self.ttl = ttl
  }
}

/// The machine `chargeKeeper`: what one order owes and was charged, from its own events and its
/// payments in event order, each payment once.
///
/// A row has a kind: 0 PLACED, 1 CONFIRMED, 2 CANCELLED, 3 REJECTED with the order's total as the
/// amount; `charges` + 1 CAPTURED, + 4 REFUNDED with the amount that was moved; any other changes
/// nothing. State: the kind and total of the last event of the order among the first four (null
/// before it), the number of captures, and the sums captured and refunded.
///
/// due = total if the state is CONFIRMED, else 0; net = captured - refunded. Verdict: OVERCHARGED
/// (2) if net > due or there is more than one capture, else UNDERCHARGED (1) if net < due, else OK
/// (0). Every row, whatever its kind, emits: the `pass` columns of the row, then state, captures,
/// captured, refunded, verdict. Result key: the `pass` columns.
public struct ChargeKeeper: Hashable, Sendable {
  /// Columns of the input.
  public var kind: Int
  public var amount: Int
  public var pass: [Int]

  /// Kind of the first payment message.
  public static let charges: Int64 = 10

  public init(kind: Int, amount: Int, pass: [Int]) {
    self.kind = kind
    self.amount = amount
    self.pass = pass
  }
}
