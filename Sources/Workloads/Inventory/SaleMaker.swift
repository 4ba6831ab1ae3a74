import Draws
import Model

/// Makes a sale of a shard from (seed, shard, sale) alone.
struct SaleMaker: Sendable {
  let settings: InventorySettings
  let calendar: SalesCalendar
  let catalogue: ShopCatalogue
  /// Level of the blocks in which events are looked for.
  let level: Int
  private let shards: Int
  private let starts: [CountCascade]
  private let orderDraws: DrawFamily
  private let bookingDraws: DrawFamily
  private let copyDraws: DrawFamily
  private let customers: QuantileTable
  private let pay = LogNormal(mu: portableLog(40_000), sigma: 0.7)
  /// Channel of the charges of each shard.
  let gateways: [SendDelay]

  private static let startGrid = BlockGrid(rate: 0)
  private static let customerCount = 500_000.0

  /// `rate` is the mean number of orders of a shard per millisecond.
  init(seed: UInt64, settings: InventorySettings, shards: Int, rate: Double, level: Int) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "ecommerce.inventory", purpose: purpose)
    }
    self.settings = settings
    self.shards = shards
    self.level = level
    calendar = SalesCalendar(countToCount: settings.block, shards: shards)
    catalogue = ShopCatalogue(seed: seed, skus: settings.skus, shards: shards)
    let counts = family("count")
    // A shop's shards are busy together only in part: each is steadier than one web node.
    starts = (0..<shards).map {
      CountCascade(
        family: counts, lane: $0, rate: rate, grid: Self.startGrid, profile: .web, unevenness: 0.25)
    }
    orderDraws = family("order")
    bookingDraws = family("booking")
    copyDraws = family("again")
    let delays = family("charges delay")
    gateways = (0..<shards).map {
      SendDelay(
        family: delays, lane: $0, median: 270 * .millisecond, sigma: 0.8, cap: 5 * .second,
        spacing: 1_000)
    }
    customers = QuantileTable(range: 0...Int64(Self.customerCount) - 1) { p in
      // Log-normal activity of deviation 1.33; an order is by a customer in proportion to it.
      Self.customerCount * (1 - normalShare(1.33 + normalQuantile(1 - p)))
    }
  }

  /// Stamps from the beginning of a sale after which nothing of it happens any more.
  var longest: Int { calendar.length * 11 / 8 + settings.ttl + 310_000 }

  func make(_ number: Int, shard: Int) -> Sale {
    let start = calendar.start(of: number, shard: shard)
    let cell = 2 * shard + number % 2
    let goods = catalogue.cells[cell]
    let stamps = orderStamps(number, shard: shard)
    var orders: [SaleOrder] = []
    orders.reserveCapacity(stamps.count)
    var lines: [SaleLine] = []
    lines.reserveCapacity(stamps.count * 2)
    let own = orderDraws.indexed(UInt64(shard)).indexed(UInt64(number))
    let draws = own.stream(0)
    var places = Permutation(count: 1_000, key: own.stream(1))
    for (n, stamp) in stamps.enumerated() {
      // Every thousand orders are dealt anew.
      let (thousand, place) = n.quotientAndRemainder(dividingBy: 1_000)
      if place == 0 { places = Permutation(count: 1_000, key: own.stream(UInt64(1 + thousand))) }
      let what = OrderKind.byPlace[Int(places.forward(UInt64(place)))]
      orders.append(order(n, what, at: stamp, goods: goods, draws, &lines))
    }
    var bookings = bookings(number, shard: shard, orders: stamps.count, goods: goods)
    var book = StockBook(keys: goods.names.count, ttl: Int32(settings.ttl))
    book.decide(&orders, &lines, &bookings)
    return Sale(
      number: number, start: start, cell: cell,
      firstID: UInt64(number * shards + shard) << UInt64(Sale.idBits), bookings: bookings,
      orders: orders, lines: lines,
      events: events(
        bookings, orders, lines, start: start, shard: shard,
        copies: copyDraws.indexed(UInt64(shard)).stream(UInt64(number))))
  }

  /// When orders are placed: never in the first stamp, which is the count's.
  private func orderStamps(_ number: Int, shard: Int) -> [Int32] {
    let start = calendar.start(of: number, shard: shard)
    let cells = (calendar.start(of: number + 1, shard: shard) - start) >> 10
    var stamps: [Int32] = []
    let counts = UnsafeMutablePointer<UInt32>.allocate(capacity: 1_024)
    defer { counts.deallocate() }
    for cell in 0..<cells {
      counts.initialize(repeating: 0, count: 1_024)
      if starts[shard].place(block: start >> 10 + cell, into: counts) == 0 { continue }
      for stamp in 0..<1_024 where counts[stamp] > 0 {
        let at = Int32(max(1, cell << 10 + stamp))
        for _ in 0..<counts[stamp] { stamps.append(at) }
      }
    }
    return stamps
  }

  /// Order `n` of a sale; uses 32 words.
  private func order(
    _ n: Int, _ what: (kind: OrderKind, lines: Int), at stamp: Int32, goods: ShopCatalogue.Cell,
    _ draws: DrawStream, _ lines: inout [SaleLine]
  ) -> SaleOrder {
    let base = UInt64(n) << 5
    let kind = what.kind
    let misc = draws.word(base)
    let ttl = Int32(settings.ttl)
    let latest = ttl > 60_000 ? ttl - 30_000 : ttl / 2
    let payDelay: Int32 =
      switch kind {
      case .late: ttl + 1 + Int32(draws.below(60_000, base | 1))
      case .boundary: ttl
      default: min(latest, max(1, Int32(min(pay.sample(draws.word(base | 1)), 1e9))))
      }
    let afterwards: Int32 =
      switch kind {
      case .happy, .retry: 60_000 + Int32(draws.below(140_001, base | 2))
      case .cancel: 5_000 + Int32(draws.below(55_001, base | 2))
      default: 0
      }
    let rejection = 200 + Int32(draws.below(UInt64(min(2_801, ttl / 2 - 199)), base | 3))
    var order = SaleOrder(
      start: stamp, pay: stamp + payDelay, then: stamp + payDelay + afterwards,
      rejection: stamp + rejection, firstLine: Int32(lines.count),
      customer: misc & 0xffff < 18_350 ? -1 : Int32(customers.sample(draws.word(base | 4))),
      total: 0, kind: kind, lineCount: UInt8(what.lines), channel: Self.channel(misc >> 16 & 0xffff)
    )
    order.isChargedTwice =
      kind.isConfirmed && draws.below(1_000_000, base | 5) < UInt64(settings.doubleCharge)
    let isHot = draws.word(base | 6) < settings.hotThreshold
    for line in 0..<what.lines {
      var key = isHot && line == 0 ? 0 : goods.table.pick(draws.word(base | UInt64(8 + 2 * line)))
      while lines[Int(order.firstLine)...].contains(where: { $0.key == key }) {
        key = (key + 1) % goods.names.count
      }
      let quantity = OrderKind.quantity(draws.word(base | UInt64(9 + 2 * line)))
      lines.append(SaleLine(key: Int32(key), quantity: Int16(quantity)))
      order.total += Int64(quantity) * goods.prices[key]
    }
    return order
  }

  /// WEB 55, APP 30, MARKETPLACE 10, STORE 5 %.
  private static func channel(_ place: UInt64) -> UInt8 {
    place < 36_045 ? 0 : place < 55_706 ? 1 : place < 62_259 ? 2 : 3
  }

  /// A count of every key, then a receipt for every two of them and an adjustment for every twelve.
  private func bookings(
    _ number: Int, shard: Int, orders: Int, goods: ShopCatalogue.Cell
  ) -> [Booking] {
    let keys = goods.names.count
    let own = bookingDraws.indexed(UInt64(shard)).indexed(UInt64(number))
    let draws = own.stream(0)
    let later = own.stream(1)
    let length = UInt64(
      calendar.start(of: number + 1, shard: shard) - calendar.start(of: number, shard: shard))
    let units = Double(orders) * OrderKind.meanLines * OrderKind.meanQuantity
    let counts = (0..<keys).map { key in
      let level = (0.008 * Double(settings.stockCover) * goods.shares[key] * units).rounded(.up)
      return Booking(
        stamp: 0, key: Int32(key),
        quantity: Int32(min(level, 900_000)) + 2 + Int32(draws.below(7, UInt64(key))), kind: .count)
    }
    // Receipts bring about a third of what is asked for: 22.5 pieces at 32 units for each key.
    let scale = Int32(max(1, min((units / Double(keys) / 32).rounded(), 20_000)))
    var moves: [Booking] = []
    for n in 0..<(keys / 2 + keys / 12) {
      let base = UInt64(n) << 2
      let isReceipt = n < keys / 2
      let key =
        isReceipt ? goods.table.pick(later.word(base)) : Int(later.below(UInt64(keys), base))
      let size = Int32(later.below(isReceipt ? 4 : 5, base | 1))
      moves.append(
        Booking(
          stamp: 1 + Int32(later.below(length - 1, base | 2)), key: Int32(key),
          quantity: isReceipt ? [6, 12, 24, 48][Int(size)] * scale : size - 3,
          kind: isReceipt ? .receipt : .adjustment))
    }
    // Sorting in place by number as well: the order of equal stamps is part of the trace.
    let order = moves.indices.sorted { (moves[$0].stamp, $0) < (moves[$1].stamp, $1) }
    return counts + order.map { moves[$0] }
  }
}
