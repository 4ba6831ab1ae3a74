/// What becomes of an order. Of every thousand orders each kind has its exact number, and within
/// those its exact multiset of line counts.
enum OrderKind: UInt8, CaseIterable, Sendable {
  /// Paid, confirmed, captured, shipped.
  case happy
  /// Nothing after the reservation: it expires.
  case abandon
  /// The payment is declined and the goods let go.
  case payfail
  /// Paid up to a minute after expiry: cancelled, never captured.
  case late
  /// Paid in the very millisecond of expiry: too late.
  case boundary
  /// As happy, but the gateway says three times that it captured.
  case retry
  /// Paid and confirmed, then called off: let go and refunded.
  case cancel

  /// Orders of every thousand.
  var perThousand: Int {
    switch self {
    case .happy: 640
    case .abandon: 176
    case .payfail: 64
    case .late: 24
    case .boundary: 8
    case .retry: 32
    case .cancel: 56
    }
  }

  /// Moves of each line.
  var moves: Int {
    switch self {
    case .abandon, .late, .boundary: 1
    case .payfail: 2
    case .happy, .retry, .cancel: 3
    }
  }

  /// Payment messages, without copies.
  var payments: Int {
    switch self {
    case .abandon: 0
    case .payfail: 1
    case .happy, .late, .boundary, .retry: 2
    case .cancel: 3
    }
  }

  /// Events of the stream orders.
  var states: Int {
    switch self {
    case .abandon: 1
    case .happy, .payfail, .late, .boundary, .retry: 2
    case .cancel: 3
    }
  }

  var isConfirmed: Bool { moves == 3 }

  /// Line counts with their percentage of the orders.
  static let lineShares: [(lines: Int, percent: Int)] = [(1, 55), (2, 22), (3, 11), (4, 7), (6, 5)]
  static let mostLines = 6
  static let meanLines = 1.90

  /// Quantities of a line with their percentage.
  static let quantityShares: [(quantity: Int, percent: UInt64)] = [
    (1, 62), (2, 19), (3, 7), (4, 5), (6, 4), (12, 3),
  ]
  static let meanQuantity = 2.01

  /// Kind and line count of the order at a place among a thousand.
  static let byPlace: [(kind: OrderKind, lines: Int)] = allCases.flatMap { kind in
    (0..<kind.perThousand).map { place in
      var left = (2 * place + 1) * 50
      for (lines, percent) in lineShares {
        if left < percent * kind.perThousand { return (kind, lines) }
        left -= percent * kind.perThousand
      }
      return (kind, mostLines)
    }
  }

  static func quantity(_ word: UInt64) -> Int {
    var place = word.multipliedFullWidth(by: 100).high
    for (quantity, percent) in quantityShares {
      if place < percent { return quantity }
      place -= percent
    }
    return 1
  }
}
