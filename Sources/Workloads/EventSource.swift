import Model
import Queries

/// Events of one lane in send order, with everything that sender, judge and oracle want to know of
/// them. Immutable once made; shared by reference.
///
/// Unchecked: filled by the workload that made it, never changed afterwards.
public final class EventBlock: @unchecked Sendable {
  public let lane: UInt32
  /// Sequence of the first event; the others follow one by one.
  public let baseSequence: UInt64
  public let count: Int
  /// Run time in nanoseconds at which each event is to be sent; never falls.
  public let intendedAt: UnsafeMutablePointer<Int64>
  /// Event time of each event, nanoseconds since 1970.
  public let eventTime: UnsafeMutablePointer<Int64>
  /// XXH3-64 of each value.
  public let digest: UnsafeMutablePointer<UInt64>
  /// Where key and value of event i begin in `bytes`; count + 1 of them, so that both end at
  /// `start[i + 1]`. The key comes first.
  public let start: UnsafeMutablePointer<UInt32>
  /// Bytes of each key; `RecordEntry.noKey` without, `RecordEntry.markerKey` for a marker.
  public let keyLength: UnsafeMutablePointer<UInt16>
  /// Encoded keys and values, as they go on the wire.
  public let bytes: UnsafeMutablePointer<UInt8>
  /// Columns of the plan input that reads the lane's stream: `columns[c][i]`.
  public let columns: [UnsafeMutablePointer<Int64>]
  /// Bit c set when column c of event i is null.
  public let nulls: UnsafeMutablePointer<UInt32>

  /// Allocates; the maker fills. `byteCapacity` bounds what the maker may write to `bytes`.
  public init(lane: UInt32, baseSequence: UInt64, count: Int, byteCapacity: Int, columnCount: Int) {
    self.lane = lane
    self.baseSequence = baseSequence
    self.count = count
    let n = Swift.max(count, 1)
    intendedAt = .allocate(capacity: n)
    eventTime = .allocate(capacity: n)
    digest = .allocate(capacity: n)
    start = .allocate(capacity: n + 1)
    start[0] = 0
    keyLength = .allocate(capacity: n)
    bytes = .allocate(capacity: Swift.max(byteCapacity, 1))
    columns = (0..<columnCount).map { _ in .allocate(capacity: n) }
    nulls = .allocate(capacity: n)
  }

  deinit {
    intendedAt.deallocate()
    eventTime.deallocate()
    digest.deallocate()
    start.deallocate()
    keyLength.deallocate()
    bytes.deallocate()
    for column in columns { column.deallocate() }
    nulls.deallocate()
  }

  /// Index of a sequence, nil when it is not in this block.
  @inlinable public func index(of sequence: UInt64) -> Int? {
    if sequence < baseSequence || sequence &- baseSequence >= UInt64(count) { return nil }
    return Int(sequence &- baseSequence)
  }
}

/// A stream of events fully determined by its parameters and seed, or by a trace. Random access:
/// any block of any lane alone, at the same cost, always the same bytes. Holds no state that a
/// caller could see.
public protocol EventSource: Sendable {
  /// Number of lanes; a lane is the `source` of its events.
  var laneCount: Int { get }
  /// Block `index` of a lane, from 0; nil past the end of a finite source. May be empty.
  func block(_ index: Int, of lane: Int) -> EventBlock?
  /// Which block a sequence belongs to.
  func blockIndex(of sequence: UInt64, in lane: Int) -> Int
  /// No event of this block or a later one of the lane is to be sent before this instant.
  func earliestSend(block index: Int, of lane: Int) -> Instant
  /// No event of this block or a later one of the lane has an event time before this.
  func eventTimeFloor(block index: Int, of lane: Int) -> Int64
}

/// A stream of a workload: a topic of its own with one schema.
public struct WorkloadStream: Hashable, Sendable {
  /// Such as "requests".
  public var name: String
  /// Avro schema in JSON, and its id in the embedded registry.
  public var schema: String
  public var schemaID: UInt32

  public init(name: String, schema: String, schemaID: UInt32) {
    self.name = name
    self.schema = schema
    self.schemaID = schemaID
  }
}

/// An application: events, what is asked of them, and what the harness must know to run it.
public struct Workload: Sendable {
  /// As in scenarios, such as "fraud-detection".
  public var kind: String
  public var source: any EventSource
  /// The streams that the plan reads: `plan.inputs[i]` reads `streams[i]`.
  public var streams: [WorkloadStream]
  /// Of each lane: the stream of its events; nil for a lane of a stream that the plan does not
  /// read, which is not sent. Numbers of lanes do not depend on the plan.
  public var laneStream: [Int?]
  /// What one event is called in sentences, plural: "payments".
  public var eventNoun: String
  /// What one result is called in sentences, plural: "alerts".
  public var resultNoun: String
  public var plan: Plan
  /// Lanes that are late by design: no input of a watermark.
  public var lateLanes: Set<Int>

  public init(
    kind: String, source: any EventSource, streams: [WorkloadStream], laneStream: [Int?],
    eventNoun: String, resultNoun: String, plan: Plan, lateLanes: Set<Int> = []
  ) {
    self.kind = kind
    self.source = source
    self.streams = streams
    self.laneStream = laneStream
    self.eventNoun = eventNoun
    self.resultNoun = resultNoun
    self.plan = plan
    self.lateLanes = lateLanes
  }

  /// A workload of one stream, to which every lane belongs.
  public init(
    kind: String, source: any EventSource, stream: String, eventNoun: String, resultNoun: String,
    plan: Plan, schema: String, schemaID: UInt32, lateLanes: Set<Int> = []
  ) {
    self.init(
      kind: kind, source: source,
      streams: [WorkloadStream(name: stream, schema: schema, schemaID: schemaID)],
      laneStream: Array(repeating: 0, count: source.laneCount), eventNoun: eventNoun,
      resultNoun: resultNoun, plan: plan, lateLanes: lateLanes)
  }

  /// The first stream; the only one of most plans.
  public var stream: String { streams[0].name }
  public var schema: String { streams[0].schema }
  public var schemaID: UInt32 { streams[0].schemaID }
}
