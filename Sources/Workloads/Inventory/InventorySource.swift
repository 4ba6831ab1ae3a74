import Draws
import Model
import Scenarios

/// The streams of a shop's stock. Lane of stream s and shard i: s · shards + i, s as in
/// `InventoryStream`; so a key's bookings come before its moves in event order, and a gateway's
/// copies after everything.
struct InventorySource: EventSource {
  let shards: Int
  private let grid: BlockGrid
  private let startMillis: Int64
  private let maker: SaleMaker
  private let sales: Memo<Sale>
  private let encoder: InventoryEncoder
  /// Of the streams but the gateways' copies, for each shard.
  private let delays: [[SendDelay]]
  /// Stamps between markers by stream; 0 where there are none.
  private let markerEvery: [Int]
  private let partitions: Int

  /// Moves of an order, payments, order events: a lane of moves has the most events.
  private static let eventsPerOrder = [0.0, 4.8, 1.704, 1.88]

  /// Delays in milliseconds by stream; those of charges are the maker's.
  private struct Channel {
    var stream: String
    var median: Int64
    var sigma: Double
    var cap: Int64
  }

  private static let channels = [
    Channel(stream: "receipts", median: 20, sigma: 0.5, cap: 250),
    Channel(stream: "reservations", median: 20, sigma: 0.5, cap: 250),
    nil,
    Channel(stream: "orders", median: 15, sigma: 0.4, cap: 150),
  ]

  init(
    seed: UInt64, settings: InventorySettings, shards: Int, rate: Rate, start: Timestamp,
    partitions: Int
  ) throws(Problems) {
    let perStamp = rate.perSecond / 1_000 / Double(shards)
    let grid = BlockGrid(rate: perStamp * 4.8)
    let maker = SaleMaker(
      seed: seed, settings: settings, shards: shards, rate: perStamp, level: grid.level)
    // A sale may be a good deal busier than the mean.
    if perStamp * Double(maker.calendar.length) * 11 / 8 * 2 > Double(Sale.mostOrders) {
      throw refusal(
        "a sale of inventory would have more than \(Sale.mostOrders / 2) orders of one source",
        hint: "take more sources, a shorter block or a lower rate")
    }
    self.shards = shards
    self.grid = grid
    self.maker = maker
    self.partitions = partitions
    startMillis = floorMillis(start)
    sales = Memo(slots: shards, held: 4)
    encoder = InventoryEncoder(
      catalogue: maker.catalogue, ttl: Int64(settings.ttl), shards: shards, startMillis: startMillis
    )
    delays = Self.channels.map { channel in
      guard let channel else { return maker.gateways }
      let family = DrawFamily(
        seed: seed, component: "ecommerce.inventory", purpose: "\(channel.stream) delay")
      return (0..<shards).map {
        SendDelay(
          family: family, lane: $0, median: channel.median * .millisecond, sigma: channel.sigma,
          cap: channel.cap * .millisecond, spacing: 50)
      }
    }
    // A lane needs no markers where each partition expects ten events or more between two of them.
    markerEvery = Self.eventsPerOrder.map { events in
      let expected = perStamp * events * Double(settings.markerInterval) / Double(partitions)
      return expected >= 10 ? 0 : settings.markerInterval
    }
  }

  /// Warehouses as `ColumnSource.text`.
  var warehouses: [Int64] { maker.catalogue.warehouses.map(\.packed) }

  var laneCount: Int { shards * InventoryStream.allCases.count }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    let (number, shard) = lane.quotientAndRemainder(dividingBy: shards)
    let stream = InventoryStream.allCases[number]
    let first = grid.firstStamp(of: index)
    let found = salesAround(first, shard: shard)
    let keys = sortedKeys(index, stream, found)
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: grid.baseSequence(of: index), count: keys.count,
      byteCapacity: keys.count * InventoryEncoder.longest + 16,
      columnCount: InventoryColumn.count(of: stream))
    setSendTimes(of: block, keys, first: first, stream, shard)
    var out = RecordWriter(block.bytes)
    for (i, key) in keys.enumerated() {
      let stamp = first + Int(key >> 40)
      let which = Int(key >> 32 & 0xff)
      if which == 0 {
        encoder.writeMarker(stream, stamp: stamp, i, of: block, &out)
      } else {
        encoder.write(
          stream, found[which - 1], shard: shard, code: UInt32(truncatingIfNeeded: key),
          stamp: stamp, i, of: block, &out)
      }
    }
    return block
  }

  /// The sales of a shard that may have events in the block that begins at a stamp, oldest first.
  private func salesAround(_ stamp: Int, shard: Int) -> [Sale] {
    let current = maker.calendar.sale(at: stamp, shard: shard)
    return (max(0, current - 2)...current).compactMap { number in
      if stamp - maker.calendar.start(of: number, shard: shard) > maker.longest { return nil }
      return sales.get(number, slot: shard) { maker.make(number, shard: shard) }
    }
  }

  /// What is in a block, in order: stamp, then which sale (0: a marker), then which step.
  private func sortedKeys(_ index: Int, _ stream: InventoryStream, _ found: [Sale]) -> [UInt64] {
    let first = grid.firstStamp(of: index)
    var keys: [UInt64] = []
    let mask = UInt64(1 << grid.level) - 1
    for (place, sale) in found.enumerated() {
      let entries = sale.events[stream.rawValue].inBlock((first - sale.start) >> grid.level)
      keys.reserveCapacity(keys.count + entries.count)
      for entry in entries {
        keys.append(
          (entry >> 32 & mask) << 40 | UInt64(place + 1) << 32 | (entry & 0xffff_ffff))
      }
    }
    appendMarkers(&keys, first, stream)
    keys.sort()
    return keys
  }

  private func appendMarkers(_ keys: inout [UInt64], _ first: Int, _ stream: InventoryStream) {
    guard stream != .again, markerEvery[stream.rawValue] > 0 else { return }
    let every = markerEvery[stream.rawValue]
    var stamp = (first + every - 1) / every * every
    while stamp < first + 1 << grid.level {
      for partition in 0..<partitions {
        keys.append(UInt64(stamp - first) << 40 | UInt64(partition))
      }
      stamp += every
    }
  }

  /// The events of a stamp share its part of the schedule evenly.
  private func setSendTimes(
    of block: EventBlock, _ keys: [UInt64], first: Int, _ stream: InventoryStream, _ shard: Int
  ) {
    let times =
      stream == .again
      ? [] : delays[stream.rawValue][shard].sendTimes(first: first, count: 1 << grid.level)
    var i = 0
    while i < keys.count {
      let stamp = Int(keys[i] >> 40)
      var end = i + 1
      while end < keys.count, Int(keys[end] >> 40) == stamp { end += 1 }
      let from = stream == .again ? Int64(first + stamp) * BlockGrid.stamp : times[stamp]
      let to = stream == .again ? from + BlockGrid.stamp : times[stamp + 1]
      let part = (to - from) / Int64(end - i)
      for event in i..<end { block.intendedAt[event] = from + part * Int64(event - i) }
      i = end
    }
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int { grid.block(of: sequence) }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: grid.start(of: index))
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    // A copy is sent up to 4 s after its original, and that up to 5 s after its event.
    let late = lane / shards == InventoryStream.again.rawValue ? 9_100 : 0
    return (startMillis + Int64(max(0, grid.firstStamp(of: index) - late))) * .millisecond
  }
}
