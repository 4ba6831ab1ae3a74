import Bytes
import Model

/// Where a slice ends.
public enum TraceStop: Hashable, Sendable {
  case end
  /// Only events whose event time is below.
  case eventTime(Timestamp)
  /// Only events whose sequence is below, of every source.
  case sequence(UInt64)
}

/// Writes the part of a trace that lies in a range, of one stream or all, with one key or any, as a
/// trace of its own. Sequences stay. With `skippingDamage` what is whole of a cut or damaged trace
/// is kept: blocks that cannot be read are left out.
public func sliceTrace(
  _ path: String, to out: String, from start: TraceStart = .beginning, until stop: TraceStop = .end,
  stream: String? = nil, key: [UInt8]? = nil, skippingDamage: Bool = false,
  options: TraceWriter.Options = .init()
) throws(TraceError) -> TraceSummary {
  let reader = try TraceReader(path: path, recovering: skippingDamage)
  if let stream, !reader.description.streams.contains(where: { $0.name == stream }) {
    throw TraceError(.request, file: path, message: "there is no stream '\(stream)'")
  }
  let writer = try TraceWriter(path: out, origin: reader.description.origin, options: options)
  for stream in reader.description.streams { _ = writer.addStream(stream) }
  for lane in reader.lanes {
    if let stream, reader.description.streams[lane.stream].name != stream { continue }
    for number in lane.blocks where mayHave(reader.blocks[number].summary, start, stop) {
      let block: TraceBlock
      do throws(TraceError) {
        block = try reader.block(number)
      } catch {
        if skippingDamage && error.reason != .file { continue }
        throw error
      }
      try copy(block, number, of: reader, start, stop, key, to: writer)
    }
  }
  return try writer.finish()
}

private func mayHave(_ block: BlockSummary, _ start: TraceStart, _ stop: TraceStop) -> Bool {
  let begins =
    switch start {
    case .beginning: true
    case .eventTime(let time): block.greatestEventTime >= time.ns
    case .sequence(let sequence): block.lastSequence >= sequence
    }
  let ends =
    switch stop {
    case .end: true
    case .eventTime(let time): block.leastEventTime < time.ns
    case .sequence(let sequence): block.firstSequence < sequence
    }
  return begins && ends
}

private func copy(
  _ block: TraceBlock, _ number: Int, of reader: TraceReader, _ start: TraceStart,
  _ stop: TraceStop, _ key: [UInt8]?, to writer: TraceWriter
) throws(TraceError) {
  let values = TraceValues(block)
  var value = ByteWriter()
  for event in 0..<block.count {
    value.removeAll()
    let isThere: Bool
    do throws(DecodingError) {
      isThere = try values.appendNext(to: &value)
    } catch {
      let entry = reader.blocks[number]
      throw TraceError(
        .damaged, file: reader.path, block: number,
        bytes: entry.offset..<entry.offset + entry.size, message: error.text)
    }
    switch start {
    case .beginning: break
    case .eventTime(let time): if block.eventTime(at: event) < time.ns { continue }
    case .sequence(let sequence): if block.sequence(at: event) < sequence { continue }
    }
    switch stop {
    case .end: break
    case .eventTime(let time): if block.eventTime(at: event) >= time.ns { continue }
    case .sequence(let sequence): if block.sequence(at: event) >= sequence { continue }
    }
    if let key, !(block.key(at: event)?.elementsEqual(key) ?? false) { continue }
    try writer.append(
      stream: block.summary.stream, source: block.summary.source,
      sequence: block.sequence(at: event), eventTime: block.eventTime(at: event),
      arrival: block.arrival(at: event), key: block.key(at: event),
      value: isThere ? value.bytes : nil, capture: block.capture(at: event))
  }
}
