import Backbones
import Bytes
import History
import Model
import Workloads

/// The sending side of a run: hands every event of a lane to its producer client when its intended
/// instant has come. Open loop: nothing that the backbone does slows it down.
///
/// Events are handed over in ticks, which is what `linger` is to a Kafka producer: one batch for
/// each partition a tick.
final class LoadGenerator {
  private struct Lane {
    var block: EventBlock?
    var blockIndex = 0
    var place = 0
    var isOver = false
  }

  /// Nothing is planned for this instant or later.
  var endOfLoad: Instant
  private let source: any EventSource
  private let cache: BlockCache
  private let history: HistoryWriter
  /// Partitions of one stream; those of stream i begin at i times as many.
  private let partitions: Int
  private let laneStream: [Int?]
  private let tick: Nanoseconds
  private let spreadsKeyless: Bool
  /// A lane that has nothing for longer than a tick is looked at exactly when it has.
  private let keepsInstants: Bool
  private var lanes: [Lane]
  private var open: [RecordBatch?]
  /// Events handed over and not yet answered; a batch may be answered in parts.
  private(set) var outstanding = 0
  private(set) var sent: UInt64 = 0
  private(set) var bytes: UInt64 = 0
  /// Of the last look at a lane: events handed over, and how much later than the tick allows the
  /// oldest of them was.
  private(set) var lastHanded = 0
  private(set) var lastLateness: Nanoseconds = 0
  private var ticks = 0
  /// At most so many events of a lane in a tick: a trace played at full speed has no end of them.
  private static let burst = 8_192

  init(
    cache: BlockCache, history: HistoryWriter, laneStream: [Int?], partitions: Int,
    tick: Nanoseconds, endOfLoad: Instant, spreadsKeyless: Bool, keepsInstants: Bool = false
  ) {
    self.cache = cache
    source = cache.source
    self.history = history
    self.partitions = partitions
    self.tick = tick
    self.endOfLoad = endOfLoad
    self.spreadsKeyless = spreadsKeyless
    self.keepsInstants = keepsInstants
    lanes = Array(repeating: Lane(), count: cache.source.laneCount)
    self.laneStream = laneStream
    for lane in lanes.indices where laneStream[lane] == nil { lanes[lane].isOver = true }
    let streams = (laneStream.compactMap { $0 }.max() ?? 0) + 1
    open = Array(repeating: nil, count: partitions * streams)
  }

  var laneCount: Int { lanes.count }
  var isOver: Bool { lanes.allSatisfy(\.isOver) }

  /// When a lane is looked at for the first time: ticks of lanes are spread over the interval.
  func firstTick(of lane: Int) -> Instant {
    Instant(ns: tick * Int64(lane + 1) / Int64(max(lanes.count, 1)))
  }

  /// Hands over what is due in a lane. Returns the instant of its next tick, nil at its end.
  func send(lane: Int, at now: Instant, outbox: inout [Command]) -> Instant? {
    ticks &+= 1
    var handed = 0
    var next: Int64?
    lastLateness = 0
    while handed < Self.burst, let block = current(lane) {
      let place = lanes[lane].place
      let limit = min(now.ns, endOfLoad.ns - 1)
      var end = place
      let most = min(block.count, place + Self.burst - handed)
      while end < most && block.intendedAt[end] <= limit { end += 1 }
      if end == place {
        next = block.intendedAt[place]
        break
      }
      lastLateness = max(lastLateness, now.ns - block.intendedAt[place] - tick)
      history.begin(.sent, at: now)
      history.signed(block.intendedAt[place])
      history.run(
        source: UInt32(lane), first: block.baseSequence + UInt64(place), count: end - place)
      pack(block, place..<end, lane: lane)
      handed += end - place
      lanes[lane].place = end
    }
    lastHanded = handed
    submit(lane, &outbox)
    if lanes[lane].isOver { return nil }
    if let next, next >= endOfLoad.ns {
      lanes[lane].isOver = true
      lanes[lane].block = nil
      return nil
    }
    return nextTick(after: now, wanted: next)
  }

  private func nextTick(after now: Instant, wanted: Int64?) -> Instant {
    let regular = now + tick
    guard let wanted, wanted > regular.ns else { return regular }
    if keepsInstants { return Instant(ns: wanted) }
    // Nothing is due for a while: sleep over whole ticks.
    let skipped = (wanted - now.ns + tick - 1) / tick
    return now + skipped * tick
  }

  /// The block that holds the next event of a lane, loaded when needed.
  private func current(_ lane: Int) -> EventBlock? {
    while !lanes[lane].isOver {
      if let block = lanes[lane].block {
        if lanes[lane].place < block.count { return block }
        lanes[lane].blockIndex += 1
        lanes[lane].place = 0
        lanes[lane].block = nil
        continue
      }
      if source.earliestSend(block: lanes[lane].blockIndex, of: lane) >= endOfLoad {
        lanes[lane].isOver = true
        return nil
      }
      guard let block = cache.get(lanes[lane].blockIndex, of: lane) else {
        lanes[lane].isOver = true
        return nil
      }
      lanes[lane].block = block
      lanes[lane].place = 0
    }
    return nil
  }

  private func pack(_ block: EventBlock, _ range: Range<Int>, lane: Int) {
    let expected = max(range.count / partitions * 5 / 4 + 4, 4)
    let base = (laneStream[lane] ?? 0) * partitions
    for index in range {
      let start = Int(block.start[index])
      let length = Int(block.start[index + 1]) - start
      var keyLength = block.keyLength[index]
      let bytes = block.bytes + start
      let partition: Int
      let keyBytes: Int
      if keyLength == RecordEntry.noKey {
        keyBytes = 0
        partition = base + (spreadsKeyless ? (ticks &+ lane) % partitions : 0)
      } else if keyLength == RecordEntry.markerKey {
        keyBytes = 0
        keyLength = RecordEntry.noKey
        let sequence = block.baseSequence + UInt64(index)
        partition = base + Int(sequence % UInt64(partitions))
      } else {
        keyBytes = Int(keyLength)
        let hash = murmur2(UnsafeRawBufferPointer(start: bytes, count: keyBytes))
        partition = base + Int(hash & 0x7fff_ffff) % partitions
      }
      let batch: RecordBatch
      if let existing = open[partition] {
        batch = existing
      } else {
        batch = RecordBatch(
          source: UInt32(lane), partition: Int32(partition), capacity: expected,
          byteCapacity: expected * (length + 8))
        open[partition] = batch
      }
      batch.append(
        sequence: block.baseSequence + UInt64(index), intendedAt: block.intendedAt[index],
        keyAndValue: bytes, keyLength: keyLength, valueLength: length - keyBytes)
    }
    sent &+= UInt64(range.count)
  }

  private func submit(_ lane: Int, _ outbox: inout [Command]) {
    var batches: [RecordBatch] = []
    let base = (laneStream[lane] ?? 0) * partitions
    for partition in base..<base + partitions {
      guard let batch = open[partition] else { continue }
      open[partition] = nil
      bytes &+= UInt64(batch.byteCount)
      batches.append(batch)
    }
    if batches.isEmpty { return }
    for batch in batches { outstanding += batch.count }
    outbox.append(.submit(ClientID(.producer, lane), .input, batches, transaction: 0))
  }

  /// Writes down how a batch ended.
  func finish(_ batch: RecordBatch, _ outcome: Outcome, at now: Instant) {
    outstanding -= batch.count
    switch outcome {
    case .acknowledged(let base):
      history.begin(.acknowledged, at: now)
      history.number(UInt64(batch.partition))
      // A backbone that does not tell where gives -1.
      history.number(UInt64(bitPattern: base))
    case .failed(let code):
      history.begin(.failed, at: now)
      history.text(code)
    case .unknown(let code):
      history.begin(.unknown, at: now)
      history.text(code)
    }
    history.run(of: batch, from: 0, count: batch.count)
  }
}
