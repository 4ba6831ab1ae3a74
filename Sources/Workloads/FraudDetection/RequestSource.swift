import Bytes
import Draws
import Model
import Scenarios
import Schemas

/// The stream `requests`: main lanes with ordinary requests and stories in send order, and after
/// them one lane of copies that acquirers send again.
struct RequestSource: EventSource {
  static let schemaID: UInt32 = 101
  static let schema = """
    {"type": "record", "name": "Request", "namespace": "weir.finance.fraud", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "auth_id", "type": "long"},
      {"name": "card", "type": "long"},
      {"name": "amount_minor", "type": "long"},
      {"name": "currency", "type": "int"},
      {"name": "mcc", "type": "int"},
      {"name": "merchant", "type": "long"},
      {"name": "terminal", "type": "string"},
      {"name": "entry", "type": {"type": "enum", "name": "Entry", "symbols": ["CHIP", "CONTACTLESS",
        "MAGSTRIPE", "KEYED", "ECOMMERCE", "CREDENTIAL_ON_FILE", "HEARTBEAT"]}},
      {"name": "processing", "type": {"type": "enum", "name": "Processing",
        "symbols": ["PURCHASE", "CASH", "VERIFICATION"]}},
      {"name": "country", "type": "int"},
      {"name": "x_m", "type": ["null", "int"], "default": null},
      {"name": "y_m", "type": ["null", "int"], "default": null}
    ]}
    """

  let laneCount: Int
  private let grid: BlockGrid
  private let startMillis: Int64
  private let lanes: [RequestLane]
  private let again: AgainLane?
  private let encoder: RequestEncoder

  init(
    seed: UInt64, settings: FraudSettings, lanes count: Int, rate: Rate, start: Timestamp
  ) throws(Problems) {
    let perStamp = rate.perSecond / 1_000 / Double(count)
    if perStamp > 100_000 {
      throw refusal("more than 100 million requests a second for one source", hint: "more sources")
    }
    let grid = BlockGrid(rate: perStamp)
    let millis = floorMillis(start)
    let world = CardWorld(seed: seed, cards: settings.cards, merchants: settings.merchants)
    let lanes = (0..<count).map {
      RequestLane(
        seed: seed, lane: $0, rate: perStamp, settings: settings, world: world, grid: grid,
        startMillis: millis)
    }
    again = try AgainLane(seed: seed, every: settings.againEvery, lanes: lanes, grid: grid)
    self.grid = grid
    self.lanes = lanes
    startMillis = millis
    laneCount = count + (again == nil ? 0 : 1)
    encoder = RequestEncoder(world: world, lanes: UInt64(count))
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    if lane < lanes.count { return mainBlock(index, lanes[lane]) }
    guard let again else { return nil }
    let copies = again.copies(in: index)
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: grid.baseSequence(of: index), count: copies.count,
      byteCapacity: copies.count * RequestEncoder.longest, columnCount: RequestColumn.sources.count)
    var out = RecordWriter(block.bytes)
    for (i, copy) in copies.enumerated() {
      let original = lanes[copy.lane]
      let (request, millis) = original.event(copy.index, block: copy.block, outline: copy.outline)
      let sequence = grid.baseSequence(of: copy.block) + UInt64(copy.index)
      block.intendedAt[i] = copy.at
      encoder.write(
        request, millis: millis, authID: encoder.authID(lane: copy.lane, sequence: sequence), i,
        of: block, &out)
    }
    return block
  }

  private func mainBlock(_ index: Int, _ lane: RequestLane) -> EventBlock {
    let outline = lane.outline(block: index)
    let block = EventBlock(
      lane: UInt32(lane.lane), baseSequence: grid.baseSequence(of: index), count: outline.count,
      byteCapacity: outline.count * RequestEncoder.longest,
      columnCount: RequestColumn.sources.count)
    let times = lane.sendTimes(block: index)
    let draws = lane.draws(block: index)
    let first = grid.firstStamp(of: index)
    var out = RecordWriter(block.bytes)
    var place = 0
    var ordinal = 0
    var nextStep = 0
    for stamp in 0..<outline.stamps {
      let ordinary = Int(outline.counts[stamp])
      var lastStep = nextStep
      while lastStep < outline.steps.count, Stories.stamp(outline.steps[lastStep]) == stamp {
        lastStep += 1
      }
      let events = ordinary + lastStep - nextStep
      if events == 0 { continue }
      // The events of a stamp share its part of the schedule evenly.
      let part = (times[stamp + 1] - times[stamp]) / Nanoseconds(events)
      let millis = lane.millis(first + stamp)
      for i in 0..<events {
        let request: CardRequest
        if i < ordinary {
          request = lane.ordinaryRequest(ordinal, draws, millis: millis)
          ordinal += 1
        } else {
          request = lane.storyRequest(outline.steps[nextStep], block: index, millis: millis)
          nextStep += 1
        }
        block.intendedAt[place] = times[stamp] + part * Nanoseconds(i)
        let authID = encoder.authID(
          lane: lane.lane, sequence: block.baseSequence &+ UInt64(place))
        encoder.write(request, millis: millis, authID: authID, place, of: block, &out)
        place += 1
      }
    }
    return block
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int { grid.block(of: sequence) }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: grid.start(of: index))
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let earliest = lane < lanes.count ? index : max(0, index - AgainLane.longest(grid))
    return (startMillis + Int64(grid.firstStamp(of: earliest))) * .millisecond
  }
}
