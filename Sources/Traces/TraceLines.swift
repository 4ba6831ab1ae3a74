import Bytes
import Model
import Scenarios

/// Where `traceLines` begins.
public enum TraceStart: Hashable, Sendable {
  case beginning
  /// Events whose event time is not below.
  case eventTime(Timestamp)
  /// Events whose sequence is not below, of every source.
  case sequence(UInt64)
}

/// Events of a trace as JSON lines without line ends, in the order of send time, source and
/// sequence, until `visit` returns false or `limit` lines were given. Memory: a block per lane.
public func traceLines(
  _ path: String, from start: TraceStart = .beginning, limit: UInt64? = nil,
  stream: String? = nil, key: [UInt8]? = nil, visit: (String) -> Bool
) throws(TraceError) {
  let reader = try TraceReader(path: path)
  var merge = try LaneMerge(reader, stream: stream, columns: .all, from: start)
  var given: UInt64 = 0
  var text = LineText()
  while given < limit ?? .max {
    guard let (lane, event) = try merge.next() else { return }
    let block = lane.block
    let isWanted =
      switch start {
      case .beginning: true
      case .eventTime(let time): block.eventTime(at: event) >= time.ns
      case .sequence(let sequence): block.sequence(at: event) >= sequence
      }
    let value = try lane.value(of: event, in: reader)
    if !isWanted { continue }
    if let key, !(block.key(at: event)?.elementsEqual(key) ?? false) { continue }
    given += 1
    let line = text.line(
      block, event, value: value, stream: reader.description.streams[block.summary.stream].name,
      plans: reader.plans[block.summary.stream])
    if !visit(line) { return }
  }
}

/// Makes the text of an event.
private struct LineText {
  mutating func line(
    _ block: TraceBlock, _ event: Int, value: [UInt8]?, stream: String, plans: [ColumnPlan?]
  ) -> String {
    let time = block.eventTime(at: event)
    var line = "{\"source\":\(block.summary.source),\"sequence\":\(block.sequence(at: event))"
    line += ",\"stream\":\(jsonText(stream)),\"key\":\(bytesText(block.key(at: event)))"
    line += ",\"event_time\":\"\(formatInstant(Timestamp(ns: time)))\""
    if let arrival = block.arrival(at: event) {
      line += ",\"arrival_time\":\"\(formatInstant(Timestamp(ns: arrival)))\""
    }
    if let capture = block.capture(at: event) { line += captureText(capture) }
    line += ",\"value\":"
    guard let value else { return line + "null}" }
    let schema = block.schema(at: event)
    if let schema, let plan = plans[schema] {
      line += value.withUnsafeBytes { bytes in
        AvroText(plan: plan, identity: block.identity(at: event), isPlain: false).text(
          UnsafeRawBufferPointer(rebasing: bytes[5...]))
      }
    } else {
      line += "{\"bytes\":\"\(value.map(hexByte).joined())\"}"
    }
    return line + "}"
  }

  private func captureText(_ capture: TraceCapture) -> String {
    var text = ",\"partition\":\(capture.partition),\"offset\":\(capture.offset)"
    if let time = capture.brokerTime {
      text += ",\"broker_time\":\"\(formatInstant(Timestamp(ns: time)))\""
    }
    if capture.headers.isEmpty { return text }
    let headers = capture.headers.map { header in
      let value = header.value.map { value in value.withUnsafeBytes { bytesText($0) } } ?? "null"
      return "[\(jsonText(header.name)),\(value)]"
    }
    return text + ",\"headers\":[\(headers.joined(separator: ","))]"
  }
}

/// Text where it is text, else an object with the bytes in hexadecimal digits.
func bytesText(_ bytes: UnsafeRawBufferPointer?) -> String {
  guard let bytes else { return "null" }
  if let text = String(validating: bytes, as: UTF8.self) { return jsonText(text) }
  return "{\"bytes\":\"\(bytes.map(hexByte).joined())\"}"
}

func hexByte(_ byte: UInt8) -> String {
  byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
}

extension TraceBlock {
  /// The schema that the value of an event is kept under; nil for bytes and for none.
  func schema(at index: Int) -> Int? {
    let schema = Int(states[index] &- TraceFormat.firstSchemaState)
    return schema >= 0 ? schema : nil
  }

  func identity(at index: Int) -> RecordIdentity {
    RecordIdentity(
      source: Int64(summary.source), sequence: Int64(bitPattern: sequence(at: index)),
      eventTime: eventTime(at: index))
  }
}
