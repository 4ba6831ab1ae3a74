import Bytes
import Model
import Queries
import Synchronization
import Workloads

/// A trace as a workload: a lane per source, a block per block of the trace.
///
/// Send times are the arrival times where the trace has them, else the event times; within a lane
/// the running maximum of these, since what is sent later cannot have been sent earlier. The first
/// send time of the whole trace is run time zero; gaps in which no source sends and that are longer
/// than the idle cap are cut to it; what remains is divided by the speed. At full speed every event
/// is intended at zero. Event times are those of the trace, whatever the speed.
public final class TraceSource: EventSource {
  /// How a trace is replayed.
  public struct Options: Hashable, Sendable {
    /// Seconds of the trace in a second of the run; nil: as fast as possible.
    public var speed: Ratio?
    /// Longer gaps are cut to this; nil: none is cut.
    public var idleCap: Nanoseconds?

    public init(speed: Ratio? = .one, idleCap: Nanoseconds? = nil) {
      self.speed = speed
      self.idleCap = idleCap
    }
  }

  /// A longer trace, in lanes, is refused.
  public static let mostLanes = 65_536

  public let reader: TraceReader
  public let laneCount: Int
  private let schedule: ReplaySchedule
  private let lanes: [Lane]
  private let columns: [ColumnSource]
  /// Per column and schema where a field is found.
  private let fields: [[NumberField?]]
  private let failed = Mutex<TraceError?>(nil)

  /// What the index tells of a lane, block by block.
  private struct Lane {
    var blocks: [Int] = []
    var stream = 0
    /// Greatest send time of all blocks before.
    var sendBefore: [Int64] = []
    /// Least event time of this block and all later ones.
    var eventFloor: [Int64] = []
  }

  /// `stream` by name; nil is the only one there is. `columns` are those of the plan's input.
  /// Refused: a trace with sequences missing inside of a block, a column that is no number, keys
  /// of more than 65,534 bytes when they are met.
  public init(
    _ reader: TraceReader, stream: String?, columns: [ColumnSource], options: Options = Options()
  ) throws(TraceError) {
    self.reader = reader
    self.columns = columns
    let number = try Self.stream(stream, of: reader)
    fields = try columns.map { column throws(TraceError) in
      try Self.fields(of: column, stream: number, reader)
    }
    let chosen = reader.lanes.filter { $0.stream == number }
    try Self.check(chosen, options, reader)
    laneCount = chosen.map { Int($0.source) + 1 }.max() ?? 0
    var lanes = [Lane](repeating: Lane(), count: laneCount)
    for lane in chosen {
      lanes[Int(lane.source)] = Self.lane(lane, reader)
    }
    self.lanes = lanes
    schedule = try Self.schedule(chosen, options, reader)
  }

  /// Why blocks are missing: the file changed or was damaged while it was replayed. Nil when all
  /// is well; asked for after a run.
  public var failure: TraceError? { failed.withLock { $0 } }

  private static func refusal(_ message: String, _ reader: TraceReader) -> TraceError {
    TraceError(.request, file: reader.path, message: message)
  }

  private static func stream(_ name: String?, of reader: TraceReader) throws(TraceError) -> Int {
    let names = reader.description.streams.map(\.name)
    if let name {
      if let index = names.firstIndex(of: name) { return index }
      throw refusal(
        "there is no stream '\(name)'; it has \(names.joined(separator: ", "))", reader)
    }
    if names.count != 1 {
      throw refusal("the trace has \(names.count) streams, and one is replayed at a time", reader)
    }
    return 0
  }

  private static func fields(
    of column: ColumnSource, stream: Int, _ reader: TraceReader
  ) throws(TraceError) -> [NumberField?] {
    guard case .field(let name) = column else { return [] }
    return try reader.plans[stream].map { plan throws(TraceError) in
      guard let plan else { return nil }
      if let field = plan.number(name) { return field }
      throw refusal(
        plan.field(name) == nil
          ? "the values have no field '\(name)', which the query reads"
          : "the field '\(name)', which the query reads, is no number", reader)
    }
  }

  private static func check(
    _ lanes: [TraceLane], _ options: Options, _ reader: TraceReader
  ) throws(TraceError) {
    if let speed = options.speed, speed.numerator <= 0 {
      throw refusal("a speed of 0 never ends", reader)
    }
    for lane in lanes {
      if lane.source >= UInt32(mostLanes) {
        throw refusal("source \(lane.source) is above \(mostLanes - 1)", reader)
      }
      for block in lane.blocks {
        let summary = reader.blocks[block].summary
        if summary.lastSequence - summary.firstSequence != UInt64(summary.count - 1) {
          throw refusal("sequences are missing in block \(block); a slice is no workload", reader)
        }
      }
    }
  }

  private static func lane(_ lane: TraceLane, _ reader: TraceReader) -> Lane {
    var result = Lane(blocks: lane.blocks, stream: lane.stream)
    var greatest = Int64.min
    for block in lane.blocks {
      result.sendBefore.append(greatest)
      greatest = max(greatest, reader.blocks[block].summary.greatestSendTime)
    }
    var least = Int64.max
    result.eventFloor = [Int64](repeating: 0, count: lane.blocks.count)
    for place in lane.blocks.indices.reversed() {
      least = min(least, reader.blocks[lane.blocks[place]].summary.leastEventTime)
      result.eventFloor[place] = least
    }
    return result
  }

  private static func schedule(
    _ lanes: [TraceLane], _ options: Options, _ reader: TraceReader
  ) throws(TraceError) -> ReplaySchedule {
    var first = Int64.max
    var last = Int64.min
    for lane in lanes {
      for block in lane.blocks {
        first = min(first, reader.blocks[block].summary.leastSendTime)
        last = max(last, reader.blocks[block].summary.greatestSendTime)
      }
    }
    if lanes.isEmpty { first = 0; last = 0 }
    if last.subtractingReportingOverflow(first).overflow {
      throw refusal("the send times span more than 292 years", reader)
    }
    var gaps: [ReplaySchedule.Gap] = []
    if let cap = options.idleCap, options.speed != nil {
      gaps = try commonGaps(lanes, cap: max(cap, 0), reader)
    }
    let schedule = ReplaySchedule(
      first: first, speed: options.speed, gaps: gaps, cap: max(options.idleCap ?? 0, 0))
    if schedule.instant(of: last) == .max {
      throw refusal("at this speed the replay takes more than 292 years", reader)
    }
    return schedule
  }

  /// Gaps longer than the cap in which no lane sends.
  private static func commonGaps(
    _ lanes: [TraceLane], cap: Int64, _ reader: TraceReader
  ) throws(TraceError) -> [ReplaySchedule.Gap] {
    var common: [ReplaySchedule.Gap] = [.init(from: .min, to: .max)]
    for lane in lanes {
      var gaps: [ReplaySchedule.Gap] = []
      var latest = Int64.min
      for index in lane.blocks {
        let block = try reader.block(index, columns: .times)
        for event in 0..<block.count {
          let time = block.sendTime(at: event)
          if time <= latest { continue }
          let gap = ReplaySchedule.Gap(from: latest, to: time)
          if ReplaySchedule.isLong(gap, cap) { gaps.append(gap) }
          latest = time
        }
      }
      gaps.append(.init(from: latest, to: .max))
      common = ReplaySchedule.common(common, gaps, cap: cap)
    }
    return common.filter { $0.from != .min && $0.to != .max }
  }

  public func block(_ index: Int, of lane: Int) -> EventBlock? {
    let place = lanes[lane]
    if index < 0 || index >= place.blocks.count { return nil }
    do throws(TraceError) {
      let number = place.blocks[index]
      let block = try reader.block(number, columns: [.keys, .values])
      do throws(DecodingError) {
        return try events(of: block, lane: lane, sendBefore: place.sendBefore[index])
      } catch {
        let entry = reader.blocks[number]
        throw TraceError(
          .damaged, file: reader.path, block: number,
          bytes: entry.offset..<entry.offset + entry.size, message: error.text)
      }
    } catch {
      failed.withLock { first in
        if first == nil { first = error }
      }
      return nil
    }
  }

  public func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    let place = lanes[lane]
    let whole = TraceLane(stream: place.stream, source: UInt32(lane), blocks: place.blocks)
    return reader.place(of: sequence, in: whole) ?? place.blocks.count
  }

  public func earliestSend(block index: Int, of lane: Int) -> Instant {
    let place = lanes[lane]
    if index >= place.blocks.count { return .distantFuture }
    let least = reader.blocks[place.blocks[index]].summary.leastSendTime
    return Instant(ns: schedule.instant(of: max(place.sendBefore[index], least)))
  }

  public func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let floor = lanes[lane].eventFloor
    return index < floor.count ? floor[index] : .max
  }

  private func events(
    of block: TraceBlock, lane: Int, sendBefore: Int64
  ) throws(DecodingError) -> EventBlock {
    let n = block.count
    var writer = ByteWriter(capacity: block.summary.keyBytes + block.summary.payloadBytes + 64)
    var ends = [Int](repeating: 0, count: n)
    var digests = [UInt64](repeating: 0, count: n)
    let values = TraceValues(block)
    for event in 0..<n {
      if let key = block.key(at: event) { writer.append(key) }
      let start = writer.count
      _ = try values.appendNext(to: &writer)
      digests[event] = digest64(UnsafeRawBufferPointer(rebasing: writer.bytes[start...]))
      ends[event] = writer.count
    }
    try values.finish()
    if writer.count > Int(UInt32.max) { throw .malformed("a block beyond 4 GiB", at: 0) }
    let events = EventBlock(
      lane: UInt32(lane), baseSequence: block.summary.firstSequence, count: n,
      byteCapacity: writer.count, columnCount: columns.count)
    UnsafeMutableRawBufferPointer(start: events.bytes, count: writer.count)
      .copyMemory(from: writer.bytes)
    var latest = sendBefore
    for event in 0..<n {
      latest = max(latest, block.sendTime(at: event))
      events.intendedAt[event] = schedule.instant(of: latest)
      events.eventTime[event] = block.eventTime(at: event)
      events.digest[event] = digests[event]
      events.start[event + 1] = UInt32(ends[event])
      events.nulls[event] = 0
      let key = block.key(at: event)
      if let key, key.count >= Int(UInt16.max) {
        throw .malformed("a key of \(key.count) bytes, too long to be sent", at: 0)
      }
      events.keyLength[event] = key.map { UInt16($0.count) } ?? .max
    }
    for column in columns.indices { fill(column, of: events, from: block) }
    return events
  }

  private func fill(_ column: Int, of events: EventBlock, from block: TraceBlock) {
    let target = events.columns[column]
    switch columns[column] {
    case .source: target.update(repeating: Int64(events.lane), count: block.count)
    case .sequence:
      for event in 0..<block.count { target[event] = Int64(bitPattern: block.sequence(at: event)) }
    case .valueDigest:
      for event in 0..<block.count { target[event] = Int64(bitPattern: events.digest[event]) }
    case .keyDigest:
      for event in 0..<block.count {
        if let key = block.key(at: event) {
          target[event] = Int64(bitPattern: digest64(key))
        } else {
          target[event] = 0
          events.nulls[event] |= 1 << UInt32(column)
        }
      }
    case .field: fillField(column, of: events, from: block)
    }
  }

  /// Copies a field out of its value stream; null where the event has none.
  private func fillField(_ column: Int, of events: EventBlock, from block: TraceBlock) {
    let target = events.columns[column]
    var nextRow = [Int](repeating: 0, count: fields[column].count)
    var nextValue = nextRow
    for event in 0..<block.count {
      let schema = Int(block.states[event] &- TraceFormat.firstSchemaState)
      target[event] = 0
      guard schema >= 0, let field = fields[column][schema], let payload = block.payloads[schema]
      else {
        events.nulls[event] |= 1 << UInt32(column)
        continue
      }
      let row = nextRow[schema]
      nextRow[schema] = row &+ 1
      if let branches = field.branches, payload.numbers[branches][row] != field.branch {
        events.nulls[event] |= 1 << UInt32(column)
        continue
      }
      target[event] = payload.numbers[field.values][nextValue[schema]]
      nextValue[schema] &+= 1
    }
  }
}
