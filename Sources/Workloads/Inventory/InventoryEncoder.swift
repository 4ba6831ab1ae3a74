import Bytes
import Draws
import Model

/// Writes the records of a shop's stock: bytes, digest, columns.
struct InventoryEncoder: Sendable {
  let catalogue: ShopCatalogue
  /// Milliseconds.
  let ttl: Int64
  let shards: Int
  let startMillis: Int64

  /// Bytes of key and value at most, the longest being a move: key 9, frame 5, source 5, sequence,
  /// time, move, reservation and order 10 each, sku 7, warehouse 3, quantity and ttl 5 each, kind,
  /// union and channel 1 each.
  static let longest = 112

  static let sterling: UInt64 = 0x50_42_47
  private static let at = UInt64(0x40) << 48

  /// Writes event `i` of a block whose send instant is already there.
  @inline(__always) func write(
    _ stream: InventoryStream, _ sale: Sale, shard: Int, code: UInt32, stamp: Int, _ i: Int,
    of block: EventBlock, _ out: inout RecordWriter
  ) {
    switch stream {
    case .receipts:
      writeBooking(sale, shard, Int(code), stamp, i, of: block, &out)
    case .reservations: writeMove(sale, shard, code, stamp, i, of: block, &out)
    case .charges: writeCharge(sale, code, stamp, i, of: block, &out)
    case .orders: writeState(sale, code, stamp, i, of: block, &out)
    case .again: writeCopy(sale, code, i, of: block, &out)
    }
  }

  @inline(__always) private func begin(
    _ schemaID: UInt32, millis: Int64, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    out.frame(schemaID)
    out.unsigned(UInt64(block.lane))
    out.unsigned(block.baseSequence &+ UInt64(truncatingIfNeeded: i))
    out.signed(millis)
    block.eventTime[i] = millis &* .millisecond
  }

  @inline(__always) private func end(
    from value: UnsafeMutablePointer<UInt8>, keyLength: UInt16, nulls: UInt32, _ i: Int,
    of block: EventBlock, _ out: RecordWriter
  ) {
    block.digest[i] = digest64(value, out.at - value)
    block.start[i &+ 1] = UInt32(truncatingIfNeeded: out.at - block.bytes)
    block.keyLength[i] = keyLength
    block.nulls[i] = nulls
  }

  /// The key sku@warehouse.
  @inline(__always) private func writeKey(
    _ goods: ShopCatalogue.Cell, _ key: Int, shard: Int, _ out: inout RecordWriter
  ) {
    let warehouse = catalogue.warehouses[shard].letters
    out.letters(goods.names[key] | Self.at | warehouse << 56, 8)
    out.byte(UInt8(truncatingIfNeeded: warehouse >> 8))
  }

  private func writeBooking(
    _ sale: Sale, _ shard: Int, _ index: Int, _ stamp: Int, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    let booking = sale.bookings[index]
    let goods = catalogue.cells[sale.cell]
    let key = Int(booking.key)
    let id = sale.firstID | UInt64(index)
    writeKey(goods, key, shard: shard, &out)
    let value = out.at
    begin(
      InventorySchemas.receipts.schemaID, millis: startMillis &+ Int64(stamp), i, of: block, &out)
    out.unsigned(id)
    out.byte(booking.kind.rawValue << 1)
    out.text(goods.names[key], 6)
    out.text(catalogue.warehouses[shard].letters, 2)
    out.signed(Int64(booking.quantity))
    end(from: value, keyLength: 9, nulls: 0, i, of: block, out)
    block.columns[InventoryColumn.sku][i] = goods.packed[key]
    block.columns[InventoryColumn.warehouse][i] = catalogue.warehouses[shard].packed
    block.columns[InventoryColumn.kind][i] = Int64(booking.kind.rawValue)
    block.columns[InventoryColumn.quantity][i] = Int64(booking.quantity)
    block.columns[InventoryColumn.id][i] = Int64(bitPattern: id)
  }

  private func writeMove(
    _ sale: Sale, _ shard: Int, _ code: UInt32, _ stamp: Int, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    let n = Int(code >> 5)
    let step = Int(code >> 3 & 3)
    let order = sale.orders[n]
    let number = Int(code & 7)
    let line = sale.lines[Int(order.firstLine) + number]
    let goods = catalogue.cells[sale.cell]
    let key = Int(line.key)
    let kind = Self.move(step, order, line)
    let quantity = kind == .status ? 0 : Int64(line.quantity)
    let reservation = (sale.firstID | UInt64(n)) << 3 | UInt64(number)
    let move = reservation << 2 | UInt64(step)
    writeKey(goods, key, shard: shard, &out)
    let value = out.at
    begin(
      InventorySchemas.reservations.schemaID, millis: startMillis &+ Int64(stamp), i, of: block,
      &out)
    out.unsigned(move)
    out.byte(kind.rawValue << 1)
    out.text(goods.names[key], 6)
    out.text(catalogue.warehouses[shard].letters, 2)
    out.unsigned(UInt64(quantity))
    out.unsigned(reservation)
    out.unsigned(sale.firstID | UInt64(n))
    var nulls: UInt32 = 0
    if kind == .reserve {
      out.byte(2)
      out.unsigned(UInt64(ttl))
    } else {
      out.byte(0)
      nulls = 1 << UInt32(InventoryColumn.ttl)
    }
    out.byte(order.channel << 1)
    end(from: value, keyLength: 9, nulls: nulls, i, of: block, out)
    block.columns[InventoryColumn.sku][i] = goods.packed[key]
    block.columns[InventoryColumn.warehouse][i] = catalogue.warehouses[shard].packed
    block.columns[InventoryColumn.kind][i] = Int64(kind.rawValue)
    block.columns[InventoryColumn.quantity][i] = quantity
    block.columns[InventoryColumn.id][i] = Int64(bitPattern: move)
    block.columns[InventoryColumn.reservation][i] = Int64(bitPattern: reservation)
    block.columns[InventoryColumn.ttl][i] = kind == .reserve ? ttl : 0
  }

  private static func move(_ step: Int, _ order: SaleOrder, _ line: SaleLine) -> MoveKind {
    if step == SaleStep.reserve { return .reserve }
    if order.isRejected {
      return step == SaleStep.confirm && line.isAccepted ? .release : .status
    }
    switch order.kind {
    case .payfail: return .release
    case .cancel: return step == SaleStep.confirm ? .confirm : .release
    default: return step == SaleStep.confirm ? .confirm : .ship
    }
  }

  private func writeCharge(
    _ sale: Sale, _ code: UInt32, _ stamp: Int, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    let n = Int(code >> 5)
    let step = Int(code >> 3 & 3)
    let order = sale.orders[n]
    writeCharge(
      sale, n, Self.charge(step, order), message: UInt64(step), attempt: 1,
      payment: step == SaleStep.captureAgain ? 1 : 0, stamp: stamp, i, of: block, &out)
  }

  private static func charge(_ step: Int, _ order: SaleOrder) -> ChargeKind {
    if order.isRejected { return .status }
    switch step {
    case SaleStep.authorize: return order.kind == .payfail ? .failed : .authorized
    case SaleStep.capture: return order.kind.isConfirmed ? .captured : .voided
    case SaleStep.refund: return .refunded
    default: return .captured
    }
  }

  private func writeCopy(
    _ sale: Sale, _ code: UInt32, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    let n = Int(code >> 5)
    let copy = UInt64(code >> 3 & 3)
    let order = sale.orders[n]
    writeCharge(
      sale, n, Self.charge(SaleStep.capture, order), message: 4 + copy, attempt: 2 + copy,
      payment: 0, stamp: sale.start + Int(order.pay + SaleStep.captureDelay), i, of: block, &out)
  }

  private func writeCharge(
    _ sale: Sale, _ n: Int, _ kind: ChargeKind, message: UInt64, attempt: UInt64, payment: UInt64,
    stamp: Int, _ i: Int, of block: EventBlock, _ out: inout RecordWriter
  ) {
    let id = sale.firstID | UInt64(n)
    let total = sale.orders[n].total
    out.bigEndian(id)
    let value = out.at
    begin(
      InventorySchemas.charges.schemaID, millis: startMillis &+ Int64(stamp), i, of: block, &out)
    out.unsigned(id << 3 | message)
    out.unsigned(id)
    out.byte(kind.rawValue << 1)
    out.byte(22 << 1)
    let text = out.at
    let hash = mix(id &* 2 &+ payment &+ golden)
    out.letters(RequestEncoder.terminal(hash), 8)
    out.letters(RequestEncoder.terminal(hash >> 32), 8)
    out.letters(RequestEncoder.terminal(mix(hash)), 6)
    block.columns[ChargeColumn.payment][i] = Int64(bitPattern: digest64(text, 22))
    out.unsigned(UInt64(total))
    out.unsigned(attempt)
    out.text(Self.sterling, 3)
    end(from: value, keyLength: 8, nulls: 0, i, of: block, out)
    block.columns[ChargeColumn.order][i] = Int64(bitPattern: id)
    block.columns[ChargeColumn.kind][i] = Int64(kind.rawValue)
    block.columns[ChargeColumn.amount][i] = total
  }

  private func writeState(
    _ sale: Sale, _ code: UInt32, _ stamp: Int, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    let n = Int(code >> 5)
    let order = sale.orders[n]
    let id = sale.firstID | UInt64(n)
    let kind = Self.state(Int(code >> 3 & 3), order)
    out.bigEndian(id)
    let value = out.at
    begin(InventorySchemas.orders.schemaID, millis: startMillis &+ Int64(stamp), i, of: block, &out)
    out.unsigned(id)
    out.byte(kind.rawValue << 1)
    out.unsigned(UInt64(order.lineCount))
    out.unsigned(UInt64(order.total))
    out.byte(order.channel << 1)
    if order.customer < 0 {
      out.byte(0)
    } else {
      out.byte(2)
      out.unsigned(UInt64(order.customer))
    }
    end(from: value, keyLength: 8, nulls: 0, i, of: block, out)
    block.columns[OrderColumn.order][i] = Int64(bitPattern: id)
    block.columns[OrderColumn.kind][i] = Int64(kind.rawValue)
    block.columns[OrderColumn.total][i] = order.total
  }

  private static func state(_ step: Int, _ order: SaleOrder) -> OrderState {
    switch step {
    case SaleStep.placed: return .placed
    case SaleStep.answered:
      return order.isRejected ? .rejected : order.kind.isConfirmed ? .confirmed : .cancelled
    default: return order.isRejected ? .status : .cancelled
    }
  }
}

extension InventoryEncoder {
  /// An event that says no more than that its source is alive.
  func writeMarker(
    _ stream: InventoryStream, stamp: Int, _ i: Int, of block: EventBlock,
    _ out: inout RecordWriter
  ) {
    let value = out.at
    let millis = startMillis &+ Int64(stamp)
    for column in block.columns { column[i] = 0 }
    var nulls: UInt32 = 0
    switch stream {
    case .receipts:
      begin(InventorySchemas.receipts.schemaID, millis: millis, i, of: block, &out)
      // Booking, kind, sku, warehouse, quantity.
      out.zeros(1)
      out.byte(BookingKind.heartbeat.rawValue << 1)
      out.zeros(3)
      markText(block, i)
      block.columns[InventoryColumn.kind][i] = Int64(BookingKind.heartbeat.rawValue)
    case .reservations:
      begin(InventorySchemas.reservations.schemaID, millis: millis, i, of: block, &out)
      out.zeros(1)
      out.byte(MoveKind.heartbeat.rawValue << 1)
      // Sku, warehouse, quantity, reservation, order, ttl, channel.
      out.zeros(7)
      markText(block, i)
      nulls = 1 << UInt32(InventoryColumn.ttl)
      block.columns[InventoryColumn.kind][i] = Int64(MoveKind.heartbeat.rawValue)
    case .charges, .again:
      begin(InventorySchemas.charges.schemaID, millis: millis, i, of: block, &out)
      out.zeros(2)
      out.byte(ChargeKind.heartbeat.rawValue << 1)
      // Payment, amount, attempt, currency.
      block.columns[ChargeColumn.payment][i] = Int64(bitPattern: digest64(out.at, 0))
      out.zeros(4)
      block.columns[ChargeColumn.kind][i] = Int64(ChargeKind.heartbeat.rawValue)
    case .orders:
      begin(InventorySchemas.orders.schemaID, millis: millis, i, of: block, &out)
      out.zeros(1)
      out.byte(OrderState.heartbeat.rawValue << 1)
      // Lines, total, channel, customer.
      out.zeros(4)
      block.columns[OrderColumn.kind][i] = Int64(OrderState.heartbeat.rawValue)
    }
    end(from: value, keyLength: RecordEntry.markerKey, nulls: nulls, i, of: block, out)
  }

  private func markText(_ block: EventBlock, _ i: Int) {
    block.columns[InventoryColumn.sku][i] = packed(0, 0)
    block.columns[InventoryColumn.warehouse][i] = packed(0, 0)
  }
}
