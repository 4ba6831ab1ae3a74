/// The stock of a sale's keys while its orders are decided in event order: what is available, and
/// what will be again. Confirming and shipping change nothing of that.
struct StockBook {
  private var available: [Int32]
  private let ttl: Int32
  /// Lines that expire, in the order in which they do: all live equally long.
  private var expiries: [(stamp: Int32, line: Int)] = []
  private var nextExpiry = 0
  private var releases = StampHeap()

  init(keys: Int, ttl: Int32) {
    available = Array(repeating: 0, count: keys)
    self.ttl = ttl
  }

  /// Decides every line and order, and cuts adjustments that would take away what is not there.
  /// Orders are in the order of their stamps, bookings too.
  mutating func decide(
    _ orders: inout [SaleOrder], _ lines: inout [SaleLine], _ bookings: inout [Booking]
  ) {
    var nextBooking = 0
    for n in orders.indices {
      let now = orders[n].start
      while nextBooking < bookings.count, bookings[nextBooking].stamp <= now {
        book(&bookings[nextBooking], lines)
        nextBooking += 1
      }
      giveBack(until: now, releasesUntil: now, lines)
      let range = Int(orders[n].firstLine)..<Int(orders[n].firstLine) + Int(orders[n].lineCount)
      for line in range {
        let key = Int(lines[line].key)
        lines[line].isAccepted = Int32(lines[line].quantity) <= available[key]
        if lines[line].isAccepted {
          available[key] -= Int32(lines[line].quantity)
        } else {
          orders[n].isRejected = true
        }
      }
      for line in range where lines[line].isAccepted { plan(line, of: orders[n]) }
    }
    while nextBooking < bookings.count {
      book(&bookings[nextBooking], lines)
      nextBooking += 1
    }
  }

  /// When an accepted line's pieces come back, if they do.
  private mutating func plan(_ line: Int, of order: SaleOrder) {
    if order.kind.moves == 1 {
      expiries.append((order.start + ttl, line))
    } else if order.isRejected {
      releases.push(order.rejection, line)
    } else if order.kind == .payfail {
      releases.push(order.pay, line)
    } else if order.kind == .cancel {
      releases.push(order.then, line)
    }
  }

  private mutating func book(_ booking: inout Booking, _ lines: [SaleLine]) {
    // Bookings of a stamp come before its moves, but after what expires at it.
    giveBack(until: booking.stamp, releasesUntil: booking.stamp - 1, lines)
    let key = Int(booking.key)
    switch booking.kind {
    case .count: available[key] = booking.quantity
    case .receipt: available[key] += booking.quantity
    case .adjustment:
      booking.quantity = max(booking.quantity, -available[key])
      if booking.quantity == 0 { booking.kind = .status }
      available[key] += booking.quantity
    case .status, .heartbeat: break
    }
  }

  private mutating func giveBack(until stamp: Int32, releasesUntil last: Int32, _ lines: [SaleLine])
  {
    while nextExpiry < expiries.count, expiries[nextExpiry].stamp <= stamp {
      let line = lines[expiries[nextExpiry].line]
      available[Int(line.key)] += Int32(line.quantity)
      nextExpiry += 1
    }
    while let line = releases.pop(until: last) {
      available[Int(lines[line].key)] += Int32(lines[line].quantity)
    }
  }
}

/// Things by stamp, the earliest first.
private struct StampHeap {
  private var items: [UInt64] = []

  mutating func push(_ stamp: Int32, _ thing: Int) {
    items.append(UInt64(UInt32(bitPattern: stamp)) << 32 | UInt64(thing))
    var place = items.count - 1
    while place > 0 {
      let above = (place - 1) / 2
      if items[above] <= items[place] { break }
      items.swapAt(above, place)
      place = above
    }
  }

  /// The earliest thing if its stamp is at most `stamp`, taken out.
  mutating func pop(until stamp: Int32) -> Int? {
    guard let first = items.first, Int(first >> 32) <= Int(stamp) else { return nil }
    let last = items.removeLast()
    if !items.isEmpty {
      items[0] = last
      sink()
    }
    return Int(first & 0xffff_ffff)
  }

  private mutating func sink() {
    var place = 0
    while true {
      var least = place
      for below in [2 * place + 1, 2 * place + 2]
      where below < items.count && items[below] < items[least] {
        least = below
      }
      if least == place { return }
      items.swapAt(least, place)
      place = least
    }
  }
}
