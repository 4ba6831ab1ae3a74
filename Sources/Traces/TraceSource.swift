import Bytes
import Model
import Queries
import Synchronization
import Workloads

/// A trace as a workload: a lane per source, a block per block of the trace, or several where
/// sequences are missing in between.
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
    /// Values that do not say which event they are, as captured ones, are sent in an envelope that
    /// does; otherwise all are sent as they are.
    public var identifies: Bool

    public init(speed: Ratio? = .one, idleCap: Nanoseconds? = nil, identifies: Bool = false) {
      self.speed = speed
      self.idleCap = idleCap
      self.identifies = identifies
    }
  }

  /// A trace with more lanes is refused.
  public static let mostLanes = 65_536

  public let reader: TraceReader
  public let laneCount: Int
  private let schedule: ReplaySchedule
  private let lanes: [[Run]]
  private let columns: [ColumnSource]
  /// Per column and schema where a field is found.
  private let fields: [[NumberField?]]
  /// What values are sent in when they do not say which event they are; nil: as they are.
  private let envelope: ReplayEnvelope?
  /// Avro schema of what is sent, and its id; the schema is empty when the stream has none and
  /// nothing is known of its values.
  public let sentSchema: TraceSchema
  private let failed = Mutex<TraceError?>(nil)

  private let recent = Mutex<[Recent]>([])

  /// Events of a trace block whose sequences follow one by one.
  private struct Run {
    /// Of the trace, and which of its events.
    var block: Int
    var events: Range<Int>
    var firstSequence: UInt64
    /// Greatest send time of all runs before, and least of this one.
    var sendBefore: Int64
    var leastSend: Int64
    /// Least event time of this run and, once the lane is whole, of all later ones.
    var eventFloor: Int64
  }

  /// The runs of a trace block that was cut into several: made together, asked for one by one.
  private struct Recent {
    var block: Int
    /// Index of the first of them in the lane.
    var firstRun: Int
    var events: [EventBlock]
  }

  /// `stream` by name; nil is the only one there is. `columns` are those of the plan's input.
  /// Refused: a column that is no number; keys of more than 65,534 bytes when they are met.
  public init(
    _ reader: TraceReader, stream: String?, columns: [ColumnSource], options: Options = Options()
  ) throws(TraceError) {
    self.reader = reader
    self.columns = columns
    if columns.count > 32 { throw Self.refusal("a plan reads at most 32 columns", reader) }
    let number = try Self.stream(stream, of: reader)
    envelope =
      options.identifies
      ? try ReplayEnvelope(stream: number, of: reader, columns: columns) : nil
    sentSchema =
      envelope.map { TraceSchema(id: $0.schemaID, json: $0.schema) }
      ?? reader.description.streams[number].schemas.first ?? TraceSchema(id: 0, json: "")
    fields = try columns.map { column throws(TraceError) in
      try Self.fields(of: column, stream: number, reader)
    }
    let chosen = reader.lanes.filter { $0.stream == number }
    try Self.check(chosen, options, reader)
    laneCount = chosen.map { Int($0.source) + 1 }.max() ?? 0
    var lanes = [[Run]](repeating: [], count: laneCount)
    for lane in chosen { lanes[Int(lane.source)] = try Self.runs(of: lane, reader) }
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
    if case .text = column { throw refusal("a query of strings over a trace", reader) }
    if case .textDigest = column { throw refusal("a query of strings over a trace", reader) }
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
    }
  }

  private static func runs(
    of lane: TraceLane, _ reader: TraceReader
  ) throws(TraceError) -> [Run] {
    var runs: [Run] = []
    var greatest = Int64.min
    for number in lane.blocks {
      let summary = reader.blocks[number].summary
      if summary.lastSequence - summary.firstSequence == UInt64(summary.count - 1) {
        runs.append(
          Run(
            block: number, events: 0..<summary.count, firstSequence: summary.firstSequence,
            sendBefore: greatest, leastSend: summary.leastSendTime,
            eventFloor: summary.leastEventTime))
        greatest = max(greatest, summary.greatestSendTime)
      } else {
        let block = try reader.block(number, columns: .times)
        cut(block, number, &greatest, into: &runs)
      }
    }
    var least = Int64.max
    for place in runs.indices.reversed() {
      least = min(least, runs[place].eventFloor)
      runs[place].eventFloor = least
    }
    return runs
  }

  /// Cuts a block wherever sequences are missing.
  private static func cut(
    _ block: TraceBlock, _ number: Int, _ greatest: inout Int64, into runs: inout [Run]
  ) {
    var start = 0
    while start < block.count {
      var run = Run(
        block: number, events: start..<start, firstSequence: block.sequence(at: start),
        sendBefore: greatest, leastSend: .max, eventFloor: .max)
      var end = start
      repeat {
        run.leastSend = min(run.leastSend, block.sendTime(at: end))
        run.eventFloor = min(run.eventFloor, block.eventTime(at: end))
        greatest = max(greatest, block.sendTime(at: end))
        end += 1
      } while end < block.count && block.sequence(at: end) == block.sequence(at: end - 1) &+ 1
      run.events = start..<end
      runs.append(run)
      start = end
    }
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
    if lanes.isEmpty {
      first = 0
      last = 0
    }
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
    let runs = lanes[lane]
    if index < 0 || index >= runs.count { return nil }
    let run = runs[index]
    let isWhole = run.events.count == reader.blocks[run.block].summary.count
    if !isWhole, let known = recent.withLock({ $0.first { $0.block == run.block } }) {
      return known.events[index - known.firstRun]
    }
    var first = index
    while first > 0 && runs[first - 1].block == run.block { first -= 1 }
    var end = index + 1
    while end < runs.count && runs[end].block == run.block { end += 1 }
    do throws(TraceError) {
      let events = try make(run.block, runs[first..<end], lane: lane)
      if !isWhole {
        recent.withLock { kept in
          if kept.count >= 2 * laneCount { kept.removeFirst() }
          kept.append(Recent(block: run.block, firstRun: first, events: events))
        }
      }
      return events[index - first]
    } catch {
      failed.withLock { first in
        if first == nil { first = error }
      }
      return nil
    }
  }

  /// All runs of a block of the trace.
  private func make(
    _ number: Int, _ runs: ArraySlice<Run>, lane: Int
  ) throws(TraceError) -> [EventBlock] {
    let block = try reader.block(number, columns: [.keys, .values])
    do throws(DecodingError) {
      let whole = try WholeEvents(
        block, columns: columns, fields: fields, envelope: envelope)
      return try runs.map { run throws(DecodingError) in
        try whole.cut(run.events, lane: lane, sendBefore: run.sendBefore, schedule)
      }
    } catch {
      let entry = reader.blocks[number]
      throw TraceError(
        .damaged, file: reader.path, block: number,
        bytes: entry.offset..<entry.offset + entry.size, message: error.text)
    }
  }

  public func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    let runs = lanes[lane]
    var low = 0
    var high = runs.count
    while low < high {
      let middle = (low + high) / 2
      if runs[middle].firstSequence &+ UInt64(runs[middle].events.count - 1) < sequence {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low
  }

  public func earliestSend(block index: Int, of lane: Int) -> Instant {
    let runs = lanes[lane]
    if index >= runs.count { return .distantFuture }
    return Instant(ns: schedule.instant(of: max(runs[index].sendBefore, runs[index].leastSend)))
  }

  public func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    if index >= lanes[lane].count { return .max }
    let floor = lanes[lane][index].eventFloor
    return envelope?.rounded(floor) ?? floor
  }
}
