import Model

/// A machine of the `process` operator: what it does is written twice, in the engine and in the
/// oracle, from the sentence here.
///
/// A row that a machine emits has the time of the event or timer at hand. Its evidence is that of
/// the event at hand; of a row that a timer emits, that of the event whose handling set the timer,
/// through all timers between. Its identity is [number of the operator, result key]: the columns
/// that the machine declares, else the key and the number of the row from 0 within the key. Where
/// emission is `corrections`, a row replaces the one before with the same result key.
public enum Machine: Hashable, Sendable {
  /// Decisions on card requests, in event order per card. Let `t` be the time of a request:
  /// 1. t < blocked_until: code 62;
  /// 2. requests of the card with time in [t - window, t], this one included, >= limit: code 65,
  ///    blocked_until = t + block;
  /// 3. else code 0. Every request counts as an attempt.
  /// Columns out: the `pass` columns of the request, code, attempts (at most `limit`),
  /// blocked_until in nanoseconds (null while the card is not blocked at the time of the answer).
  case cardGuard(limit: Int64, window: Nanoseconds, block: Nanoseconds, pass: [Int])
  /// The stock of a key; see `StockLedger`.
  case stockLedger(StockLedger)
  /// What an order was charged; see `ChargeKeeper`.
  case chargeKeeper(ChargeKeeper)
  /// Scores and alarms of patients, as `News2` says.
  case news2(News2)
}
