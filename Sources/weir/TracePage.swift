import Commands
import Model
import Scenarios
import Statistics
import Traces

/// What a trace is, as text and as JSON.
struct TracePage {
  let reader: TraceReader
  private let style = NumberStyle.plain

  init(_ reader: TraceReader) { self.reader = reader }

  private var name: String { Files.lastPart(reader.path) }

  private struct StreamTotal {
    var events: UInt64 = 0
    var sources = 0
    var withoutKey = 0
    var undecodable = 0
    var outOfOrder = 0
  }

  private func total(_ stream: Int) -> StreamTotal {
    var total = StreamTotal()
    for entry in reader.blocks where entry.summary.stream == stream {
      total.events += UInt64(entry.summary.count)
      total.withoutKey += entry.summary.withoutKey
      total.undecodable += entry.summary.undecodable
      total.outOfOrder += entry.summary.outOfOrder
    }
    total.sources = reader.lanes.filter { $0.stream == stream }.count
    return total
  }

  private var span: (first: Timestamp, last: Timestamp)? {
    guard let first = reader.blocks.map(\.summary.leastEventTime).min(),
      let last = reader.blocks.map(\.summary.greatestEventTime).max()
    else { return nil }
    return (Timestamp(ns: first), Timestamp(ns: last))
  }

  var overview: String {
    let streams = reader.description.streams
    let width = max(8, ([name] + streams.map(\.name)).map(\.count).max() ?? 0) + 2
    var out = padded(name, width) + "zstd, \(style.count(reader.eventCount)) events in "
    out += "\(style.count(reader.blocks.count)) block\(reader.blocks.count == 1 ? "" : "s"), "
    out += "\(streams.count) stream\(streams.count == 1 ? "" : "s"); "
    out += "\(style.count(reader.byteCount)) bytes\n"
    for (index, stream) in streams.enumerated() {
      let total = total(index)
      out += padded(asciiEscaped(stream.name), width) + "\(style.count(total.events)) events of "
      out += "\(total.sources) source\(total.sources == 1 ? "" : "s"), "
      out += "\(style.count(total.withoutKey)) without key, "
      out += "\(style.count(total.undecodable)) undecodable, "
      out += "\(style.count(total.outOfOrder)) out of order; "
      out += "\(stream.schemas.count) schema\(stream.schemas.count == 1 ? "" : "s")\n"
    }
    if let span {
      out += padded("span", width) + "\(formatInstant(span.first)) to \(formatInstant(span.last))\n"
    }
    let origin = reader.description.origin
    if !origin.isEmpty { out += padded("origin", width) + asciiEscaped(origin) + "\n" }
    return out
  }

  /// One line for each block.
  var blocks: String {
    var out = "block     offset      bytes     events  source  first sequence  first event time\n"
    for (index, entry) in reader.blocks.enumerated() {
      let summary = entry.summary
      let cells = [
        (String(index), 5), (String(entry.offset), 11), (String(entry.size), 11),
        (String(summary.count), 11), (String(summary.source), 8),
        (String(summary.firstSequence), 16),
      ]
      for (text, width) in cells { out += padded("", width - text.count) + text }
      out += "  " + formatInstant(Timestamp(ns: summary.leastEventTime)) + "\n"
    }
    return out
  }

  var document: JSONValue {
    .object([
      ("schema", .string("weir-trace-info/1")), ("name", .string(name)),
      ("events", .integer(Int64(clamping: reader.eventCount))),
      ("blocks", .integer(Int64(reader.blocks.count))),
      ("bytes", .integer(Int64(clamping: reader.byteCount))),
      ("origin", .string(reader.description.origin)),
      ("first_event_time", span.map { .string(formatInstant($0.first)) } ?? .null),
      ("last_event_time", span.map { .string(formatInstant($0.last)) } ?? .null),
      (
        "streams",
        .array(
          reader.description.streams.enumerated().map { index, stream in
            let total = total(index)
            return .object([
              ("name", .string(stream.name)),
              ("events", .integer(Int64(clamping: total.events))),
              ("sources", .integer(Int64(total.sources))),
              ("without_key", .integer(Int64(total.withoutKey))),
              ("undecodable", .integer(Int64(total.undecodable))),
              ("out_of_order", .integer(Int64(total.outOfOrder))),
              ("schemas", .array(stream.schemas.map { .string($0.json) })),
            ])
          })
      ),
    ])
  }
}
