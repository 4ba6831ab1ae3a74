import Bytes

/// Which columns of a block are wanted; the others are not unpacked.
public struct TraceColumns: OptionSet, Sendable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Sequence, event time and arrival time; always there.
  public static let times = TraceColumns([])
  public static let keys = TraceColumns(rawValue: 1)
  public static let values = TraceColumns(rawValue: 2)
  public static let capture = TraceColumns(rawValue: 4)
  public static let all: TraceColumns = [.keys, .values, .capture]
}

/// Which of the events of a block have something, and as which of those that have it.
struct Presence {
  /// Nil: all of them, or none.
  private var places: IntegerBuffer?
  private var all: Bool

  static var none: Presence { Presence(places: nil, all: false) }

  private init(places: IntegerBuffer?, all: Bool) {
    self.places = places
    self.all = all
  }

  /// Of `count` events, `flags` (0 or 1, empty when all or none) have it, `present` in all.
  init(_ flags: IntegerBuffer, count: Int, present: Int) throws(DecodingError) {
    if flags.count == 0 {
      if present != 0 && present != count {
        throw .malformed("\(present) values for \(count) events", at: 0)
      }
      self.init(places: nil, all: present > 0)
      return
    }
    let places = IntegerBuffer(capacity: count)
    var used: Int64 = 0
    for index in 0..<count {
      places.append(flags[index] == 0 ? -1 : used)
      used += flags[index] == 0 ? 0 : 1
    }
    if used != Int64(present) {
      throw .malformed("\(present) values for \(used) events", at: 0)
    }
    self.init(places: places, all: false)
  }

  @inline(__always) func place(of index: Int) -> Int? {
    guard let places else { return all ? index : nil }
    let place = places[index]
    return place < 0 ? nil : Int(place)
  }
}

/// The events of a block, column by column.
///
/// Unchecked: filled by the reader that made it, never changed afterwards.
public final class TraceBlock: @unchecked Sendable {
  public let summary: BlockSummary
  let sequences = IntegerBuffer()
  let eventTimes = IntegerBuffer()
  let arrivals = IntegerBuffer()
  var arrivalPresence = Presence.none
  let keys = SpanBuffer()
  var keyPresence = Presence.none
  let states = IntegerBuffer()
  let raw = SpanBuffer()
  let capture = CaptureColumns()
  /// One per schema of the stream that falls into columns.
  let payloads: [PayloadColumns?]
  let ids: [UInt32]

  init(summary: BlockSummary, ids: [UInt32], plans: [ColumnPlan?]) {
    self.summary = summary
    self.ids = ids
    payloads = plans.map { $0.map(PayloadColumns.init) }
  }

  public var count: Int { summary.count }

  public func sequence(at index: Int) -> UInt64 { UInt64(bitPattern: sequences[index]) }

  /// Nanoseconds since 1970.
  public func eventTime(at index: Int) -> Int64 { eventTimes[index] }

  /// Nanoseconds since 1970; nil when it was not told.
  public func arrival(at index: Int) -> Int64? {
    arrivalPresence.place(of: index).map { arrivals[$0] }
  }

  /// Arrival time where there is one, else event time.
  @inline(__always) func sendTime(at index: Int) -> Int64 {
    arrivalPresence.place(of: index).map { arrivals[$0] } ?? eventTimes[index]
  }

  /// Nil without key; valid as long as the block.
  public func key(at index: Int) -> UnsafeRawBufferPointer? {
    keyPresence.place(of: index).map { keys[$0] }
  }

  /// Whether the value is kept as bytes, since it did not decode.
  public func isUndecodable(at index: Int) -> Bool {
    states[index] == TraceFormat.rawPayload
  }

  /// What only a captured event has. Walks the block: for showing, not for speed.
  public func capture(at index: Int) -> TraceCapture? {
    if capture.partitions.count == 0 { return nil }
    var before = 0
    var brokerTimes = 0
    for earlier in 0..<index {
      if capture.headerCounts.count > 0 { before += Int(capture.headerCounts[earlier]) }
      if hasBrokerTime(earlier) { brokerTimes += 1 }
    }
    var headers: [TraceHeader] = []
    let count = capture.headerCounts.count > 0 ? Int(capture.headerCounts[index]) : 0
    for header in before..<before + count {
      let value = headerValuePlace(header).map { [UInt8](capture.headerValues[$0]) }
      headers.append(
        TraceHeader(
          name: String(decoding: capture.headerNames[header], as: UTF8.self), value: value))
    }
    return TraceCapture(
      partition: Int32(truncatingIfNeeded: capture.partitions[index]),
      offset: capture.offsets[index],
      brokerTime: hasBrokerTime(index) ? capture.brokerTimes[brokerTimes] : nil,
      headers: headers)
  }

  private func hasBrokerTime(_ index: Int) -> Bool {
    if capture.brokerTimes.count == 0 { return false }
    return capture.brokerTimePresence.count == 0 || capture.brokerTimePresence[index] != 0
  }

  private func headerValuePlace(_ header: Int) -> Int? {
    if capture.headerValues.count == 0 { return nil }
    if capture.headerValuePresence.count == 0 { return header }
    if capture.headerValuePresence[header] == 0 { return nil }
    var place = 0
    for earlier in 0..<header where capture.headerValuePresence[earlier] != 0 { place += 1 }
    return place
  }
}

/// Puts the values of a block together again, from the first event to the last, as they go on the
/// wire.
public final class TraceValues {
  private let block: TraceBlock
  private let assemblers: [PayloadAssembler?]
  private var next = 0
  private var nextRaw = 0

  public init(_ block: TraceBlock) {
    self.block = block
    assemblers = block.payloads.map { $0.map(PayloadAssembler.init) }
  }

  /// Appends the value of the next event; false when it has none. Throws when the columns
  /// contradict each other.
  public func appendNext(to writer: inout ByteWriter) throws(DecodingError) -> Bool {
    if next >= block.states.count { throw .malformed("fewer values than events", at: 0) }
    let state = block.states[next]
    next &+= 1
    if state == TraceFormat.absentPayload { return false }
    if state == TraceFormat.rawPayload {
      if nextRaw >= block.raw.count { throw .malformed("fewer values than events", at: 0) }
      writer.append(block.raw[nextRaw])
      nextRaw &+= 1
      return true
    }
    let schema = Int(state &- TraceFormat.firstSchemaState)
    guard assemblers.indices.contains(schema), let assembler = assemblers[schema] else {
      throw .malformed("a value of schema \(schema), which there is not", at: 0)
    }
    writer.byte(0)
    writer.word32(block.ids[schema].byteSwapped)
    try assembler.next(into: &writer)
    return true
  }

  /// Throws unless every column is used up.
  public func finish() throws(DecodingError) {
    if next != block.count || nextRaw != block.raw.count {
      throw .malformed("more values than events", at: 0)
    }
    for assembler in assemblers { try assembler?.finish() }
  }
}
