import Bytes
import Model
import Workloads

/// Where the writing of a generated workload ends.
public enum TraceEnd: Hashable, Sendable {
  case events(UInt64)
  /// Before this instant of the run.
  case instant(Instant)
}

/// Writes a workload as a trace: all lanes in the order of intended instant, source and sequence.
/// The arrival time of an event is `runZero` plus its intended instant, so that a replay at speed 1
/// keeps the schedule; nil: zero of the run is placed so that the first event arrives at its event
/// time. The same workload gives the same bytes on every machine.
public func generateTrace(
  from source: any EventSource, stream: String, schema: TraceSchema, origin: String,
  until end: TraceEnd, runZero: Timestamp? = nil, to path: String,
  options: TraceWriter.Options = .init()
) throws(TraceError) -> TraceSummary {
  let streams = [TraceStream(name: stream, schemas: [schema])]
  return try GeneratedTrace(
    source: source, streams: streams, laneStream: Array(repeating: 0, count: source.laneCount),
    end: end, runZero: runZero
  ).write(to: path, origin: origin, options)
}

/// The same of all streams that a workload's query reads; of a shard, only its lanes.
public func generateTrace(
  of workload: Workload, shard: Shard = .whole, origin: String, until end: TraceEnd,
  runZero: Timestamp? = nil, to path: String, options: TraceWriter.Options = .init()
) throws(TraceError) -> TraceSummary {
  let streams = workload.streams.map {
    TraceStream(name: $0.name, schemas: [TraceSchema(id: $0.schemaID, json: $0.schema)])
  }
  let laneStream = workload.laneStream.enumerated().map { lane, stream in
    shard.holds(lane) ? stream : nil
  }
  return try GeneratedTrace(
    source: workload.source, streams: streams, laneStream: laneStream, end: end, runZero: runZero
  ).write(to: path, origin: origin, options)
}

/// What is to be written of a source.
private struct GeneratedTrace {
  let source: any EventSource
  let streams: [TraceStream]
  /// Of each lane: its stream; nil for a lane that is left out.
  let laneStream: [Int?]
  let end: TraceEnd
  let runZero: Timestamp?

  func write(
    to path: String, origin: String, _ options: TraceWriter.Options
  ) throws(TraceError) -> TraceSummary {
    let writer = try TraceWriter(path: path, origin: origin, options: options)
    let numbers = streams.map { writer.addStream($0) }
    return try write(writer, numbers)
  }

  private func write(
    _ writer: TraceWriter, _ numbers: [Int]
  ) throws(TraceError) -> TraceSummary {
    var lanes = (0..<source.laneCount).compactMap { lane in
      laneStream[lane] == nil ? nil : SourceLane(source, lane: lane)
    }
    lanes.sort(by: SourceLane.comesBefore)
    var zero = runZero?.ns
    var written: UInt64 = 0
    while let lane = lanes.first {
      let block = lane.block
      let event = lane.event
      let intended = block.intendedAt[event]
      switch end {
      case .events(let count): if written >= count { return try writer.finish() }
      case .instant(let instant): if intended >= instant.ns { return try writer.finish() }
      }
      let shift = zero ?? (block.eventTime[event] &- intended)
      zero = shift
      let start = Int(block.start[event])
      let keyLength = block.keyLength[event]
      let hasKey = keyLength < RecordEntry.markerKey
      let valueStart = start + (hasKey ? Int(keyLength) : 0)
      try writer.append(
        stream: numbers[laneStream[Int(block.lane)] ?? 0], source: block.lane,
        sequence: block.baseSequence + UInt64(event), eventTime: block.eventTime[event],
        arrival: shift &+ intended,
        key: !hasKey
          ? nil : UnsafeRawBufferPointer(start: block.bytes + start, count: Int(keyLength)),
        value: UnsafeRawBufferPointer(
          start: block.bytes + valueStart, count: Int(block.start[event + 1]) - valueStart))
      written += 1
      lanes.removeFirst()
      if lane.advance() {
        let place = lanes.firstIndex { SourceLane.comesBefore(lane, $0) } ?? lanes.count
        lanes.insert(lane, at: place)
      }
    }
    return try writer.finish()
  }
}

/// A lane of a source on its way through its blocks.
private final class SourceLane {
  private let source: any EventSource
  private let lane: Int
  private var index = 0
  private(set) var block: EventBlock
  private(set) var event = 0

  /// Nil when the lane has no event.
  init?(_ source: any EventSource, lane: Int) {
    self.source = source
    self.lane = lane
    guard let first = source.block(0, of: lane) else { return nil }
    block = first
    if block.count == 0 && !nextBlock() { return nil }
  }

  /// False at the end of a finite lane.
  func advance() -> Bool {
    event += 1
    return event < block.count || nextBlock()
  }

  private func nextBlock() -> Bool {
    repeat {
      index += 1
      guard let next = source.block(index, of: lane) else { return false }
      block = next
    } while block.count == 0
    event = 0
    return true
  }

  static func comesBefore(_ a: SourceLane, _ b: SourceLane) -> Bool {
    (a.block.intendedAt[a.event], a.block.lane) < (b.block.intendedAt[b.event], b.block.lane)
  }
}
