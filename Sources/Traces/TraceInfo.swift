import Model
import Scenarios

/// What is known of a trace without unpacking its blocks.
public struct TraceInfo: Hashable, Sendable {
  public struct Stream: Hashable, Sendable {
    public var name: String
    public var events: UInt64
    public var sources: Int
    public var schemas: [TraceSchema]
    /// Values that did not decode.
    public var undecodable: UInt64
    /// Events without key.
    public var withoutKey: UInt64
  }

  public var path: String
  public var format: Int
  public var events: UInt64
  public var blocks: [IndexEntry]
  public var bytes: UInt64
  /// Bytes of keys and values, as they were on the wire.
  public var wireBytes: UInt64
  public var origin: String
  public var streams: [Stream]
  /// Least and greatest event time; nil without events.
  public var span: ClosedRange<Timestamp>?
  /// Events whose event time is below that of the one before in the same source, as far as both
  /// lie in one block.
  public var outOfOrder: UInt64

  /// Three or more lines.
  public var text: String {
    let count = blocks.count
    var text = "\(path)   format \(format), zstd, \(grouped(events)) events in \(grouped(count)) "
    text += count == 1 ? "block, " : "blocks, "
    text += "\(streams.count) \(streams.count == 1 ? "stream" : "streams"); "
    text += "\(grouped(bytes)) bytes"
    for stream in streams {
      text += "\n\(padded(stream.name, 12))\(grouped(stream.events)) events of "
      text += "\(stream.sources) \(stream.sources == 1 ? "source" : "sources")"
      for (version, schema) in stream.schemas.enumerated() {
        text += "; schema v\(version + 1), id \(schema.id) (\(fieldsText(schema.json)))"
      }
      if stream.undecodable > 0 { text += "; \(grouped(stream.undecodable)) not decodable" }
      if stream.withoutKey > 0 { text += "; \(grouped(stream.withoutKey)) without key" }
    }
    if let span {
      text += "\n\(padded("span", 12))\(formatInstant(span.lowerBound)) to "
      text += "\(formatInstant(span.upperBound)), "
      text += outOfOrder == 0 ? "in event-time order" : "\(grouped(outOfOrder)) out of order"
    }
    if !origin.isEmpty { text += "\n\(padded("origin", 12))\(origin)" }
    return text
  }

  /// A line per block: number, stream, source, events, sequences, event times, bytes.
  public var blockLines: [String] {
    blocks.enumerated().map { number, entry in
      let block = entry.summary
      let from = formatInstant(Timestamp(ns: block.leastEventTime))
      let to = formatInstant(Timestamp(ns: block.greatestEventTime))
      return "block \(number)  \(streams[block.stream].name) source \(block.source)  "
        + "\(grouped(block.count)) events \(block.firstSequence) to \(block.lastSequence)  "
        + "\(from) to \(to)  bytes \(entry.offset) to \(entry.offset + entry.size)"
    }
  }

  private func fieldsText(_ json: String) -> String {
    guard let plan = columnPlan(of: json) else { return "kept as bytes" }
    let names = plan.names[plan.root]
    let shown = names.prefix(5).joined(separator: ", ")
    return names.count > 5 ? shown + ", ..." : shown
  }

  private func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }
}

/// Reads header and index of a trace.
public func traceInfo(_ path: String) throws(TraceError) -> TraceInfo {
  let reader = try TraceReader(path: path)
  var info = TraceInfo(
    path: path, format: reader.format, events: reader.eventCount, blocks: reader.blocks,
    bytes: reader.byteCount, wireBytes: 0, origin: reader.description.origin,
    streams: reader.description.streams.map {
      TraceInfo.Stream(
        name: $0.name, events: 0, sources: 0, schemas: $0.schemas, undecodable: 0, withoutKey: 0)
    },
    span: nil, outOfOrder: 0)
  for lane in reader.lanes { info.streams[lane.stream].sources += 1 }
  for entry in reader.blocks {
    let block = entry.summary
    info.streams[block.stream].events += UInt64(block.count)
    info.streams[block.stream].undecodable += UInt64(block.undecodable)
    info.streams[block.stream].withoutKey += UInt64(block.withoutKey)
    info.wireBytes += UInt64(block.keyBytes + block.payloadBytes)
    info.outOfOrder += UInt64(block.outOfOrder)
    let least = Timestamp(ns: block.leastEventTime)
    let greatest = Timestamp(ns: block.greatestEventTime)
    let known = info.span ?? least...greatest
    info.span = min(known.lowerBound, least)...max(known.upperBound, greatest)
  }
  return info
}
