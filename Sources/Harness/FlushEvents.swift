import Backbones
import History
import Model
import Workloads

/// Events behind the last one, one for each partition, so that a job of the user closes its last
/// windows: taken from the workload as it would have gone on. They are no input of any check.
final class FlushEvents {
  private let source: any EventSource
  private let history: HistoryWriter
  private let partitions: Int
  private let after: Nanoseconds
  /// Sent, and not yet answered.
  private(set) var outstanding = 0
  /// True when one of them was not acknowledged.
  private(set) var hasFailed = false

  /// `after`: how much event time must lie between the last event and these.
  init(source: any EventSource, partitions: Int, after: Nanoseconds, history: HistoryWriter) {
    self.source = source
    self.partitions = partitions
    self.after = after
    self.history = history
  }

  /// A client beside those of the lanes.
  var client: ClientID { ClientID(.producer, source.laneCount) }

  /// The events of a load that ended at `end`.
  func send(endOfLoad end: Instant, at now: Instant, _ outbox: inout [Command]) {
    guard let last = lastEventTime(before: end) else { return }
    var batches: [RecordBatch] = []
    for partition in 0..<partitions {
      let lane = partition % source.laneCount
      guard let (block, index) = event(of: lane, notBefore: last + after) else { continue }
      batches.append(batch(block, index, partition))
      history.begin(.flushed, at: now)
      history.number(UInt64(partition))
      history.number(UInt64(lane))
      history.number(block.baseSequence + UInt64(index))
    }
    if batches.isEmpty { return }
    outstanding = batches.count
    outbox.append(.submit(client, .input, batches, transaction: 0))
  }

  func finish(_ batch: RecordBatch, _ outcome: Outcome) {
    outstanding -= batch.count
    if case .acknowledged = outcome { return }
    hasFailed = true
  }

  private func batch(_ block: EventBlock, _ index: Int, _ partition: Int) -> RecordBatch {
    let start = Int(block.start[index])
    let length = Int(block.start[index + 1]) - start
    let key = block.key(index)
    let batch = RecordBatch(
      source: block.lane, partition: Int32(partition), capacity: 1, byteCapacity: length + 8)
    batch.append(
      sequence: block.baseSequence + UInt64(index), intendedAt: block.intendedAt[index],
      keyAndValue: block.bytes + start,
      keyLength: key.map { UInt16($0.count) } ?? RecordEntry.noKey,
      valueLength: length - (key?.count ?? 0))
    return batch
  }

  /// The greatest event time that was sent: of the last blocks of each lane.
  private func lastEventTime(before end: Instant) -> Int64? {
    var greatest: Int64?
    for lane in 0..<source.laneCount {
      let first = firstBlock(of: lane) { source.earliestSend(block: $0, of: lane) >= end }
      for number in max(0, first - 3)..<max(1, first) {
        guard let block = source.block(number, of: lane) else { continue }
        for index in 0..<block.count where block.intendedAt[index] < end.ns {
          greatest = max(greatest ?? .min, block.eventTime[index])
        }
      }
    }
    return greatest
  }

  private func event(of lane: Int, notBefore time: Int64) -> (EventBlock, Int)? {
    var number = firstBlock(of: lane) { source.eventTimeFloor(block: $0, of: lane) >= time }
    while let block = source.block(number, of: lane) {
      for index in 0..<block.count where block.eventTime[index] >= time { return (block, index) }
      number += 1
    }
    return nil
  }

  /// The first block for which something holds that holds for all later ones too.
  private func firstBlock(of lane: Int, where holds: (Int) -> Bool) -> Int {
    var high = 1
    while high < 1 << 40, !holds(high) { high *= 2 }
    var low = 0
    while low < high {
      let middle = (low + high) / 2
      if holds(middle) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
