import Bytes
import Model

/// A lane on its way through its blocks.
final class LaneCursor {
  let lane: TraceLane
  private(set) var block: TraceBlock
  private(set) var event = 0
  /// Running maximum of the send times.
  private(set) var sendTime: Int64
  private let columns: TraceColumns
  private var place: Int
  private var values: TraceValues?
  private var valuesGiven = 0
  private var writer = ByteWriter()

  /// Nil when the lane has no block from `place` on.
  init?(
    _ lane: TraceLane, place: Int, columns: TraceColumns, _ reader: TraceReader
  ) throws(TraceError) {
    if place >= lane.blocks.count { return nil }
    self.lane = lane
    self.place = place
    self.columns = columns
    block = try reader.block(lane.blocks[place], columns: columns)
    var latest = block.sendTime(at: 0)
    for earlier in lane.blocks[..<place] {
      latest = max(latest, reader.blocks[earlier].summary.greatestSendTime)
    }
    sendTime = latest
  }

  /// Goes to the next event; false at the end.
  func advance(_ reader: TraceReader) throws(TraceError) -> Bool {
    event += 1
    if event == block.count {
      place += 1
      if place >= lane.blocks.count { return false }
      block = try reader.block(lane.blocks[place], columns: columns)
      event = 0
      values = nil
      valuesGiven = 0
    }
    sendTime = max(sendTime, block.sendTime(at: event))
    return true
  }

  /// The value of an event not before the last one asked for; nil when it has none.
  func value(of event: Int, in reader: TraceReader) throws(TraceError) -> [UInt8]? {
    let source = values ?? TraceValues(block)
    values = source
    do throws(DecodingError) {
      var isThere = false
      while valuesGiven <= event {
        writer.removeAll()
        isThere = try source.appendNext(to: &writer)
        valuesGiven += 1
      }
      return isThere ? writer.array() : nil
    } catch {
      let entry = reader.blocks[lane.blocks[place]]
      throw TraceError(
        .damaged, file: reader.path, block: lane.blocks[place],
        bytes: entry.offset..<entry.offset + entry.size, message: error.text)
    }
  }
}

/// All lanes of a trace, or of one of its streams, as one stream in the order of send time (running
/// maximum per lane), source and sequence.
struct LaneMerge {
  private let reader: TraceReader
  private var cursors: [LaneCursor] = []
  /// The one whose event was given last.
  private var current: LaneCursor?

  init(
    _ reader: TraceReader, stream: String?, columns: TraceColumns, from start: TraceStart
  ) throws(TraceError) {
    self.reader = reader
    if let stream, !reader.description.streams.contains(where: { $0.name == stream }) {
      throw TraceError(
        .request, file: reader.path,
        message: "there is no stream '\(stream)'; it has "
          + reader.description.streams.map(\.name).joined(separator: ", "))
    }
    for lane in reader.lanes {
      if let stream, reader.description.streams[lane.stream].name != stream { continue }
      let place = Self.place(of: start, lane, reader)
      if let cursor = try LaneCursor(lane, place: place, columns: columns, reader) {
        cursors.append(cursor)
      }
    }
    cursors.sort(by: Self.comesBefore)
  }

  /// The first block that can have something from the start on.
  private static func place(
    of start: TraceStart, _ lane: TraceLane, _ reader: TraceReader
  ) -> Int {
    switch start {
    case .beginning: 0
    case .sequence(let sequence): reader.place(of: sequence, in: lane) ?? lane.blocks.count
    case .eventTime(let time):
      lane.blocks.firstIndex { reader.blocks[$0].summary.greatestEventTime >= time.ns }
        ?? lane.blocks.count
    }
  }

  private static func comesBefore(_ a: LaneCursor, _ b: LaneCursor) -> Bool {
    (a.sendTime, a.lane.source, a.lane.stream) < (b.sendTime, b.lane.source, b.lane.stream)
  }

  /// The next event: its lane, whose block holds it, and its place in the block.
  mutating func next() throws(TraceError) -> (lane: LaneCursor, event: Int)? {
    if let moved = current {
      current = nil
      cursors.removeFirst()
      if try moved.advance(reader) {
        var low = 0
        var high = cursors.count
        while low < high {
          let middle = (low + high) / 2
          if Self.comesBefore(cursors[middle], moved) { low = middle + 1 } else { high = middle }
        }
        cursors.insert(moved, at: low)
      }
    }
    guard let first = cursors.first else { return nil }
    current = first
    return (first, first.event)
  }
}
