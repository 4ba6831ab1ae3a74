/// A sale of a shard with everything decided: what was booked, ordered, accepted and done. Stamps
/// are milliseconds from the beginning of the sale.
///
/// Unchecked: filled once by `SaleMaker`, never changed afterwards.
final class Sale: @unchecked Sendable {
  let number: Int
  /// Stamp at which it begins, from the start of the run.
  let start: Int
  /// Where its keys are: `ShopCatalogue.cells`.
  let cell: Int
  /// Numbers of its orders and bookings begin here; unique over sales and shards.
  let firstID: UInt64
  let bookings: [Booking]
  let orders: [SaleOrder]
  let lines: [SaleLine]
  /// By `InventoryStream`.
  let events: [SaleEvents]

  static let idBits = 22
  static let mostOrders = 1 << idBits

  init(
    number: Int, start: Int, cell: Int, firstID: UInt64, bookings: [Booking],
    orders: [SaleOrder], lines: [SaleLine], events: [SaleEvents]
  ) {
    self.number = number
    self.start = start
    self.cell = cell
    self.firstID = firstID
    self.bookings = bookings
    self.orders = orders
    self.lines = lines
    self.events = events
  }
}

/// The streams of a sale, in the order of their lanes.
enum InventoryStream: Int, CaseIterable, Sendable {
  case receipts
  case reservations
  case charges
  case orders
  /// What the gateway says again, in the stream of charges.
  case again
}

/// A row of the stream receipts.
struct Booking: Sendable {
  var stamp: Int32
  /// Place of the key in the sale's cell.
  var key: Int32
  var quantity: Int32
  var kind: BookingKind
}

struct SaleOrder: Sendable {
  var start: Int32
  /// When the customer pays, or the payment fails.
  var pay: Int32
  /// When the goods are shipped, or the customer calls it off.
  var then: Int32
  /// When a line was refused: when the order is rejected.
  var rejection: Int32
  var firstLine: Int32
  /// -1 for nobody known.
  var customer: Int32
  var total: Int64
  var kind: OrderKind
  var lineCount: UInt8
  /// 0 WEB, 1 APP, 2 MARKETPLACE, 3 STORE.
  var channel: UInt8
  var isRejected = false
  /// The shop captures a second time under another number.
  var isChargedTwice = false
}

struct SaleLine: Sendable {
  /// Place of the key in the sale's cell.
  var key: Int32
  var quantity: Int16
  var isAccepted = false
}

/// What happens to an order: the steps of each stream.
enum SaleStep {
  static let reserve = 0
  static let confirm = 1
  static let end = 2

  static let authorize = 0
  static let capture = 1
  static let refund = 2
  static let captureAgain = 3

  static let placed = 0
  static let answered = 1
  static let calledOff = 2

  /// Milliseconds from a payment's authorisation to its capture or voiding.
  static let captureDelay: Int32 = 30
}

/// Events of one stream of a sale, found by the block of time in which they lie: which step of
/// which order, or which booking. Within a block they are in no order.
struct SaleEvents: Sendable {
  /// Stamp in the upper half, code in the lower.
  private let entries: [UInt64]
  /// Where the entries of a block begin; one more than there are blocks.
  private let firsts: [Int32]

  static func entry(_ stamp: Int32, _ code: UInt32) -> UInt64 {
    UInt64(UInt32(bitPattern: stamp)) << 32 | UInt64(code)
  }

  static func code(order: Int, step: Int, line: Int = 0) -> UInt32 {
    UInt32(truncatingIfNeeded: order << 5 | step << 3 | line)
  }

  /// Sorts entries into blocks of 2^level stamps.
  init(_ unsorted: [UInt64], level: Int) {
    let shift = UInt64(32 + level)
    let last = unsorted.reduce(0) { max($0, $1 >> shift) }
    var next = [Int32](repeating: 0, count: Int(last) + 2)
    for entry in unsorted { next[Int(entry >> shift) + 1] += 1 }
    for block in 1..<next.count { next[block] += next[block - 1] }
    firsts = next
    entries = [UInt64](unsafeUninitializedCapacity: unsorted.count) { buffer, count in
      for entry in unsorted {
        let block = Int(entry >> shift)
        buffer[Int(next[block])] = entry
        next[block] += 1
      }
      count = unsorted.count
    }
  }

  /// Entries of a block counted from the beginning of the sale; none before it or after its end.
  func inBlock(_ block: Int) -> ArraySlice<UInt64> {
    if block < 0 || block >= firsts.count - 1 { return [] }
    return entries[Int(firsts[block])..<Int(firsts[block + 1])]
  }
}
