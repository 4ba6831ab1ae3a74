import Draws
import Model

extension SaleMaker {
  /// Where the events of each stream lie.
  func events(
    _ bookings: [Booking], _ orders: [SaleOrder], _ lines: [SaleLine], start: Int, shard: Int,
    copies: DrawStream
  ) -> [SaleEvents] {
    var receipts: [UInt64] = []
    receipts.reserveCapacity(bookings.count)
    for (index, booking) in bookings.enumerated() {
      receipts.append(SaleEvents.entry(booking.stamp, UInt32(index)))
    }
    var moves: [UInt64] = []
    moves.reserveCapacity(lines.count * 3)
    var payments: [UInt64] = []
    payments.reserveCapacity(orders.count * 2)
    var states: [UInt64] = []
    states.reserveCapacity(orders.count * 2)
    var again: [UInt64] = []
    for (n, order) in orders.enumerated() {
      appendMoves(&moves, n, order, lines)
      appendPayments(&payments, n, order)
      appendStates(&states, n, order)
      if order.kind == .retry {
        appendCopies(&again, n, order, start: start, gateways[shard], copies)
      }
    }
    return [receipts, moves, payments, states, again].map { SaleEvents($0, level: level) }
  }

  private func appendMoves(
    _ moves: inout [UInt64], _ n: Int, _ order: SaleOrder, _ lines: [SaleLine]
  ) {
    for line in 0..<Int(order.lineCount) {
      let isAccepted = lines[Int(order.firstLine) + line].isAccepted
      for step in 0..<order.kind.moves {
        // A rejected order lets its accepted lines go in place of what was planned next.
        let stamp =
          step == SaleStep.reserve
          ? order.start
          : step == SaleStep.end
            ? order.then : order.isRejected && isAccepted ? order.rejection : order.pay
        moves.append(SaleEvents.entry(stamp, SaleEvents.code(order: n, step: step, line: line)))
      }
    }
  }

  private func appendPayments(_ payments: inout [UInt64], _ n: Int, _ order: SaleOrder) {
    for step in 0..<order.kind.payments {
      let stamp =
        step == SaleStep.authorize
        ? order.pay
        : step == SaleStep.capture ? order.pay + SaleStep.captureDelay : order.then
      payments.append(SaleEvents.entry(stamp, SaleEvents.code(order: n, step: step)))
    }
    if order.isChargedTwice && !order.isRejected {
      payments.append(
        SaleEvents.entry(
          order.pay + 2 * SaleStep.captureDelay,
          SaleEvents.code(order: n, step: SaleStep.captureAgain)))
    }
  }

  private func appendStates(_ states: inout [UInt64], _ n: Int, _ order: SaleOrder) {
    states.append(SaleEvents.entry(order.start, SaleEvents.code(order: n, step: SaleStep.placed)))
    if order.isRejected || order.kind.states > 1 {
      let stamp = order.isRejected ? order.rejection : order.pay
      states.append(SaleEvents.entry(stamp, SaleEvents.code(order: n, step: SaleStep.answered)))
    }
    if order.kind.states > 2 {
      states.append(
        SaleEvents.entry(order.then, SaleEvents.code(order: n, step: SaleStep.calledOff)))
    }
  }

  /// The gateway says twice more that it captured, 0.5 to 4 s after it said so first; the stamp is
  /// that of the sending.
  private func appendCopies(
    _ again: inout [UInt64], _ n: Int, _ order: SaleOrder, start: Int, _ gateway: SendDelay,
    _ draws: DrawStream
  ) {
    let captured = start + Int(order.pay + SaleStep.captureDelay)
    let sent = Int(gateway.sendTime(captured) / BlockGrid.stamp)
    for copy in 0..<2 {
      let gap = 500 + Int(draws.below(3_500, UInt64(2 * n + copy)))
      again.append(
        SaleEvents.entry(Int32(sent - start + gap), SaleEvents.code(order: n, step: copy)))
    }
  }
}
