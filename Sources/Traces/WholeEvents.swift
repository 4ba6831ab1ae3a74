import Bytes
import Model
import Queries
import Workloads

/// The events of a block of a trace as they are sent: values put together, columns of the plan
/// filled. Cut into runs of neighbouring sequences afterwards.
struct WholeEvents: ~Copyable {
  private let block: TraceBlock
  private let envelope: ReplayEnvelope?
  private var writer: ByteWriter
  /// Where each event ends in the bytes.
  private var ends: [Int] = []
  private var digests: [UInt64] = []
  private var columns: [IntegerBuffer] = []
  private var nulls: [UInt32]

  init(
    _ block: TraceBlock, columns sources: [ColumnSource], fields: [[NumberField?]],
    envelope: ReplayEnvelope?
  ) throws(DecodingError) {
    self.block = block
    self.envelope = envelope
    let n = block.count
    writer = ByteWriter(capacity: block.summary.keyBytes + block.summary.payloadBytes + 64)
    nulls = [UInt32](repeating: 0, count: n)
    ends.reserveCapacity(n)
    digests.reserveCapacity(n)
    let values = TraceValues(block)
    var plain = ByteWriter()
    for event in 0..<n {
      if let key = block.key(at: event) {
        if key.count >= Int(RecordEntry.noKey) {
          throw .malformed("a key of \(key.count) bytes, too long to be sent", at: 0)
        }
        writer.append(key)
      }
      let start = writer.count
      if let envelope {
        plain.removeAll()
        let isThere = try values.appendNext(to: &plain)
        try envelope.write(
          isThere ? plain.bytes : nil, source: block.summary.source,
          sequence: block.sequence(at: event), eventTime: block.eventTime(at: event),
          into: &writer)
      } else {
        _ = try values.appendNext(to: &writer)
      }
      digests.append(digest64(UnsafeRawBufferPointer(rebasing: writer.bytes[start...])))
      ends.append(writer.count)
    }
    try values.finish()
    if writer.count > Int(UInt32.max) { throw .malformed("a block beyond 4 GiB", at: 0) }
    for (place, source) in sources.enumerated() {
      columns.append(IntegerBuffer(capacity: n))
      fill(place, source, fields[place])
    }
  }

  /// The events of a range as a block of their own.
  func cut(
    _ range: Range<Int>, lane: Int, sendBefore: Int64, _ schedule: ReplaySchedule
  ) throws(DecodingError) -> EventBlock {
    let from = range.lowerBound == 0 ? 0 : ends[range.lowerBound - 1]
    let byteCount = ends[range.upperBound - 1] - from
    let events = EventBlock(
      lane: UInt32(lane), baseSequence: block.sequence(at: range.lowerBound), count: range.count,
      byteCapacity: byteCount, columnCount: columns.count)
    UnsafeMutableRawBufferPointer(start: events.bytes, count: byteCount)
      .copyMemory(from: UnsafeRawBufferPointer(rebasing: writer.bytes[from..<from + byteCount]))
    var latest = sendBefore
    let first = range.lowerBound
    let (intended, keyLengths, starts) = (events.intendedAt, events.keyLength, events.start)
    for place in 0..<range.count {
      let event = first &+ place
      latest = max(latest, block.sendTime(at: event))
      intended[place] = schedule.instant(of: latest)
      starts[place &+ 1] = UInt32(truncatingIfNeeded: ends[event] &- from)
      keyLengths[place] = block.key(at: event).map { UInt16($0.count) } ?? RecordEntry.noKey
    }
    let times = block.eventTimes.base + first
    if let envelope {
      for place in 0..<range.count { events.eventTime[place] = envelope.rounded(times[place]) }
    } else {
      events.eventTime.update(from: times, count: range.count)
    }
    digests.withUnsafeBufferPointer { all in
      if let start = all.baseAddress {
        events.digest.update(from: start + first, count: range.count)
      }
    }
    nulls.withUnsafeBufferPointer { all in
      if let start = all.baseAddress {
        events.nulls.update(from: start + first, count: range.count)
      }
    }
    for (place, column) in columns.enumerated() {
      events.columns[place].update(from: column.base + range.lowerBound, count: range.count)
    }
    return events
  }

  private mutating func fill(_ place: Int, _ source: ColumnSource, _ fields: [NumberField?]) {
    let target = columns[place]
    switch source {
    case .source:
      for _ in 0..<block.count { target.append(Int64(block.summary.source)) }
    case .sequence:
      for event in 0..<block.count { target.append(Int64(bitPattern: block.sequence(at: event))) }
    case .valueDigest:
      for event in 0..<block.count { target.append(Int64(bitPattern: digests[event])) }
    case .keyDigest:
      for event in 0..<block.count {
        if let key = block.key(at: event) {
          target.append(Int64(bitPattern: digest64(key)))
        } else {
          addNull(place, event)
        }
      }
    case .field: fillField(place, fields)
    case .text, .textDigest: preconditionFailure("refused when the source was made")
    }
  }

  private mutating func addNull(_ place: Int, _ event: Int) {
    columns[place].append(0)
    nulls[event] |= 1 << UInt32(place)
  }

  /// Copies a field out of its value stream; null where the event has none. The streams agree with
  /// each other, since the values were put together from them before.
  private mutating func fillField(_ place: Int, _ fields: [NumberField?]) {
    let target = columns[place]
    if fields.count == 1, let field = fields[0], field.branches == nil,
      let numbers = block.payloads[0]?.numbers[field.values], numbers.count == block.count
    {
      // Every event has the field.
      target.reserve(block.count)
      target.base.update(from: numbers.base, count: block.count)
      target.count = block.count
      return
    }
    var nextRow = [Int](repeating: 0, count: fields.count)
    var nextValue = nextRow
    for event in 0..<block.count {
      guard let schema = block.schema(at: event), let field = fields[schema],
        let payload = block.payloads[schema]
      else {
        addNull(place, event)
        continue
      }
      let row = nextRow[schema]
      nextRow[schema] = row &+ 1
      if let branches = field.branches, payload.numbers[branches][row] != field.branch {
        addNull(place, event)
        continue
      }
      target.append(payload.numbers[field.values][nextValue[schema]])
      nextValue[schema] &+= 1
    }
  }
}
