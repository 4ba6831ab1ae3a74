import Bytes

/// A header of a captured record.
public struct TraceHeader: Hashable, Sendable {
  public var name: String
  public var value: [UInt8]?

  public init(name: String, value: [UInt8]?) {
    self.name = name
    self.value = value
  }
}

/// What only a captured record has: where it was found, and what the broker said of it.
public struct TraceCapture: Hashable, Sendable {
  /// -1 when not known.
  public var partition: Int32
  /// -1 when not known.
  public var offset: Int64
  /// Nanoseconds since 1970.
  public var brokerTime: Int64?
  public var headers: [TraceHeader]

  public init(partition: Int32, offset: Int64, brokerTime: Int64?, headers: [TraceHeader] = []) {
    self.partition = partition
    self.offset = offset
    self.brokerTime = brokerTime
    self.headers = headers
  }
}

/// Working memory of the codecs, shared by all blocks of one writer or one reading thread.
final class ColumnCoder {
  let zstd: Zstandard
  let integers: IntegerColumn
  let numbers: NumberColumn
  let floats: FloatColumn
  let spans: SpanColumn
  let scratch = IntegerBuffer()

  init(level: Int) {
    zstd = Zstandard(level: level)
    integers = IntegerColumn(zstd)
    numbers = NumberColumn(integers)
    floats = FloatColumn(numbers)
    spans = SpanColumn(integers, numbers)
  }
}

/// Events of one stream and source on their way into a block.
final class BlockBuilder {
  private(set) var summary: BlockSummary
  private let sequences = IntegerBuffer()
  private let eventTimes = IntegerBuffer()
  private let arrivalPresence = IntegerBuffer()
  private let arrivals = IntegerBuffer()
  private let keyPresence = IntegerBuffer()
  private let keys = SpanBuffer()
  private let states = IntegerBuffer()
  private let raw = SpanBuffer()
  private let capture = CaptureColumns()
  private var payloads: [PayloadColumns?]
  private let ids: [UInt32]
  private var lastEventTime: Int64 = .min
  private let context: ColumnContext
  private let forms: ColumnForms

  /// `plans` has nil for a schema that does not fall into columns.
  init(
    stream: Int, source: UInt32, ids: [UInt32], plans: [ColumnPlan?], forms: ColumnForms
  ) {
    self.forms = forms
    summary = BlockSummary(
      stream: stream, source: source, sequence: 0, eventTime: 0, sendTime: 0)
    self.ids = ids
    payloads = plans.map { $0.map(PayloadColumns.init) }
    context = ColumnContext(sequences: sequences, eventTimes: eventTimes, states: states)
  }

  var count: Int { summary.count }
  var byteCount: Int { summary.keyBytes &+ summary.payloadBytes }

  /// The columns of the stream's first schema, for who fills them without the detour over Avro:
  /// all of an event, then `appendTaken`. Nil when it does not fall into columns.
  var firstColumns: PayloadColumns? { payloads.first ?? nil }

  func append(
    sequence: UInt64, eventTime: Int64, arrival: Int64?, key: UnsafeRawBufferPointer?,
    value: UnsafeRawBufferPointer?, capture: TraceCapture?
  ) {
    note(sequence: sequence, eventTime: eventTime, arrival: arrival, key: key)
    states.append(state(of: value))
    summary.payloadBytes &+= value?.count ?? 0
    self.capture.append(capture, before: summary.count - 1)
  }

  /// An event whose value is in `firstColumns` already; `payloadBytes` is its size on the wire.
  func appendTaken(
    sequence: UInt64, eventTime: Int64, arrival: Int64?, key: UnsafeRawBufferPointer?,
    payloadBytes: Int
  ) {
    note(sequence: sequence, eventTime: eventTime, arrival: arrival, key: key)
    states.append(TraceFormat.firstSchemaState)
    summary.payloadBytes &+= payloadBytes
    capture.append(nil, before: summary.count - 1)
  }

  private func note(
    sequence: UInt64, eventTime: Int64, arrival: Int64?, key: UnsafeRawBufferPointer?
  ) {
    let sendTime = arrival ?? eventTime
    if summary.count == 0 {
      summary = BlockSummary(
        stream: summary.stream, source: summary.source, sequence: sequence, eventTime: eventTime,
        sendTime: sendTime)
      lastEventTime = eventTime
    }
    summary.count &+= 1
    summary.lastSequence = sequence
    summary.leastEventTime = min(summary.leastEventTime, eventTime)
    summary.greatestEventTime = max(summary.greatestEventTime, eventTime)
    summary.leastSendTime = min(summary.leastSendTime, sendTime)
    summary.greatestSendTime = max(summary.greatestSendTime, sendTime)
    if eventTime < lastEventTime { summary.outOfOrder &+= 1 }
    lastEventTime = eventTime
    sequences.append(Int64(bitPattern: sequence))
    eventTimes.append(eventTime)
    arrivalPresence.append(arrival == nil ? 0 : 1)
    if let arrival { arrivals.append(arrival) }
    keyPresence.append(key == nil ? 0 : 1)
    if let key {
      keys.append(key)
      summary.keyBytes &+= key.count
    } else {
      summary.withoutKey &+= 1
    }
  }

  /// Takes the value apart where it can be; says how it is kept.
  private func state(of value: UnsafeRawBufferPointer?) -> Int64 {
    guard let value else { return TraceFormat.absentPayload }
    if value.count >= 5 && value[0] == 0 {
      let id = UInt32(
        bigEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
      if let schema = ids.firstIndex(of: id), let columns = payloads[schema],
        columns.shred(UnsafeRawBufferPointer(rebasing: value[5...]))
      {
        return TraceFormat.firstSchemaState &+ Int64(schema)
      }
    }
    raw.append(value)
    summary.undecodable &+= 1
    return TraceFormat.rawPayload
  }

  func removeAll() {
    summary.count = 0
    for buffer in [sequences, eventTimes, arrivalPresence, arrivals, keyPresence, states] {
      buffer.count = 0
    }
    keys.removeAll()
    raw.removeAll()
    capture.removeAll()
    for columns in payloads { columns?.removeAll() }
  }

  /// The body of the block: summary, number of columns, then role, length and bytes of each.
  func encode(into body: inout ByteWriter, _ coder: ColumnCoder) {
    forms.begin()
    var table = ColumnTable()
    table.integers(.sequence, sequences, coder)
    table.integers(.eventTime, eventTimes, coder)
    encodeArrivals(into: &table, coder)
    table.presence(.keyPresence, keyPresence, present: keys.count, coder)
    table.spans(.key, keys, forms, coder)
    if coder.spans.hasDictionary && keys.count > 0 {
      context.keys.set(
        coder.spans.dictionary.indices, different: coder.spans.differentCount,
        presence: keys.count == count ? IntegerBuffer() : keyPresence, count: count)
    }
    table.integers(.payloadState, states, coder)
    table.spans(.rawPayload, raw, forms, coder)
    capture.encode(into: &table, forms, coder)
    var role = TraceFormat.firstStreamRole
    for (schema, columns) in payloads.enumerated() {
      guard let columns else { continue }
      let place = ColumnPlace(
        schema: schema, firstRole: role, sequences: sequences, eventTimes: eventTimes, keys: keys)
      table.payload(columns, place, context, forms, coder)
      role += UInt64(columns.plan.streams.count)
    }
    context.leave()
    summary.write(into: &body)
    body.varint(UInt64(table.count))
    body.append(table.writer.bytes)
  }

  /// Arrival times as they are, or as delays after the event times where that takes less.
  private func encodeArrivals(into table: inout ColumnTable, _ coder: ColumnCoder) {
    let n = arrivals.count
    if n == 0 { return }
    table.presence(.arrivalPresence, arrivalPresence, present: n, coder)
    let delays = coder.scratch
    delays.count = 0
    for index in 0..<eventTimes.count where arrivalPresence[index] == 1 {
      delays.append(arrivals[delays.count] &- eventTimes[index])
    }
    let plain = coder.integers.estimate(arrivals.base, n)
    if coder.integers.estimate(delays.base, n) < plain {
      table.integers(.arrivalDelay, delays, coder)
    } else {
      table.integers(.arrival, arrivals, coder)
    }
  }
}
