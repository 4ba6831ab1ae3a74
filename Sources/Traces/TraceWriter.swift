import Bytes
import Model

/// What was written.
public struct TraceSummary: Hashable, Sendable {
  public var events: UInt64
  public var blocks: Int
  public var bytes: UInt64
  /// XXH3-128 over what this writer wrote before the index: equal traces, equal digests.
  public var digest: Digest128
}

/// Writes a trace. The file gets its name in `finish`; a writer that is let go before leaves
/// nothing behind. One owner, one thread.
public final class TraceWriter {
  /// How a trace is cut and packed.
  public struct Options: Hashable, Sendable {
    /// zstd level, 1 to 19.
    public var level: Int
    /// Events in a block, 1 to 2^20.
    public var blockEvents: Int
    /// A block is closed when its keys and values have this many bytes.
    public var blockBytes: Int
    /// Events that may wait in open blocks; above it the largest is written.
    public var openEvents: Int

    public init(
      level: Int = 3, blockEvents: Int = 16_384, blockBytes: Int = 16 << 20,
      openEvents: Int = 1 << 20
    ) {
      self.level = min(max(level, 1), 19)
      self.blockEvents = min(max(blockEvents, 1), TraceFormat.mostEvents)
      self.blockBytes = min(max(blockBytes, 1), 256 << 20)
      self.openEvents = max(openEvents, 1)
    }
  }

  /// A longer key or value is refused.
  public static let longestValue = 64 << 20

  private let file: PartialFile
  private let options: Options
  private let coder: ColumnCoder
  private var description: TraceDescription
  private var describedStreams = -1
  private var plans: [[ColumnPlan?]] = []
  private var builders: [BlockBuilder] = []
  /// By stream.
  private var forms: [Int: ColumnForms] = [:]
  /// Index of the builder of a lane in `builders`.
  private var places: [Lane: Int] = [:]
  private var lastLane: Lane?
  private var lastPlace = 0
  private var nextSequence: [UInt64] = []
  private var waiting = 0
  private var index: [IndexEntry] = []
  private var events: UInt64 = 0
  private var frame = ByteWriter(capacity: 1 << 16)
  private var body = ByteWriter(capacity: 1 << 16)
  private var digest = RunningDigest()

  private struct Lane: Hashable {
    var stream: Int
    var source: UInt32
  }

  /// Opens `path` + ".partial".
  public init(
    path: String, origin: String = "", options: Options = Options()
  ) throws(TraceError) {
    self.options = options
    coder = ColumnCoder(level: options.level)
    description = TraceDescription(origin: origin, streams: [])
    file = try PartialFile(path)
    frame.append(TraceFormat.magic)
    try write(frame.bytes)
  }

  /// Goes on with a trace: a whole one, or one whose writer was stopped, from its last whole block
  /// on. The file grows in place; until `finish` it reads as a trace that was cut, and a writer
  /// that is let go leaves it as it was up to there. Its streams keep their numbers.
  public init(
    appendingTo path: String, options: Options = Options()
  ) throws(TraceError) {
    let reader = try TraceReader(path: path, recovering: true)
    if let loss = reader.loss, loss.reason == .damaged { throw loss }
    if reader.format != TraceFormat.versions.upperBound {
      throw TraceError(
        .request, file: path,
        message: "a trace of format \(reader.format) is not gone on with; weir trace slice writes "
          + "it anew in format \(TraceFormat.versions.upperBound)")
    }
    self.options = options
    coder = ColumnCoder(level: options.level)
    description = reader.description
    plans = reader.plans
    index = reader.blocks
    // What stood behind the last whole block is cut away, perhaps a description too.
    describedStreams = reader.loss == nil ? description.streams.count : -1
    let end = reader.loss == nil ? reader.byteCount : reader.blocks.last.map { $0.offset + $0.size }
    file = try PartialFile(growing: path, from: end ?? reader.firstFrameEnd)
    for lane in reader.lanes {
      guard let last = lane.blocks.last else { continue }
      let place = try place(of: Lane(stream: lane.stream, source: lane.source))
      nextSequence[place] = reader.blocks[last].summary.lastSequence &+ 1
    }
  }

  /// The streams so far; those of a trace that is gone on with are there from the start.
  public var streams: [TraceStream] { description.streams }

  /// Adds a stream with its schemas; the number that `append` wants. At any time.
  public func addStream(_ stream: TraceStream) -> Int {
    description.streams.append(stream)
    plans.append(stream.schemas.map { columnPlan(of: $0.json) })
    return description.streams.count - 1
  }

  /// Adds a schema at the end of a stream's list. What waits in its blocks is written first.
  public func addSchema(_ schema: TraceSchema, to stream: Int) throws(TraceError) {
    guard description.streams.indices.contains(stream) else {
      throw refusal("there is no stream \(stream)")
    }
    for builder in builders where builder.summary.stream == stream && builder.count > 0 {
      try close(builder)
    }
    description.streams[stream].schemas.append(schema)
    plans[stream].append(columnPlan(of: schema.json))
    describedStreams = -1
    for place in builders.indices where builders[place].summary.stream == stream {
      builders[place] = builder(of: stream, builders[place].summary.source)
    }
  }

  private func builder(of stream: Int, _ source: UInt32) -> BlockBuilder {
    BlockBuilder(
      stream: stream, source: source, ids: description.streams[stream].schemas.map(\.id),
      plans: plans[stream], forms: forms(of: stream))
  }

  /// Takes an event. `value` is what goes on the wire: five bytes of framing and Avro; it is kept
  /// in columns when it decodes under the schema of its framing, else as it is. Sequences rise
  /// strictly within stream and source.
  public func append(
    stream: Int, source: UInt32, sequence: UInt64, eventTime: Int64, arrival: Int64? = nil,
    key: UnsafeRawBufferPointer?, value: UnsafeRawBufferPointer?, capture: TraceCapture? = nil
  ) throws(TraceError) {
    let builder = try builder(
      stream, source, sequence, longest: max(key?.count ?? 0, value?.count ?? 0))
    builder.append(
      sequence: sequence, eventTime: eventTime, arrival: arrival, key: key, value: value,
      capture: capture)
    try settle(builder)
  }

  /// Where the values of a stream and source go, when the caller takes them apart itself; for the
  /// first schema of the stream.
  func columns(stream: Int, source: UInt32) throws(TraceError) -> PayloadColumns {
    let place = try place(of: Lane(stream: stream, source: source))
    guard let columns = builders[place].firstColumns else {
      throw refusal("stream \(stream) has no schema that falls into columns")
    }
    return columns
  }

  /// Takes an event whose value was put into `columns` already.
  func appendTaken(
    stream: Int, source: UInt32, sequence: UInt64, eventTime: Int64, arrival: Int64?,
    key: UnsafeRawBufferPointer?, payloadBytes: Int
  ) throws(TraceError) {
    let builder = try builder(
      stream, source, sequence, longest: max(key?.count ?? 0, payloadBytes))
    builder.appendTaken(
      sequence: sequence, eventTime: eventTime, arrival: arrival, key: key,
      payloadBytes: payloadBytes)
    try settle(builder)
  }

  /// The builder that takes the next event of a stream and source.
  private func builder(
    _ stream: Int, _ source: UInt32, _ sequence: UInt64, longest: Int
  ) throws(TraceError) -> BlockBuilder {
    let place = try place(of: Lane(stream: stream, source: source))
    if sequence < nextSequence[place] || sequence == .max {
      throw refusal("sequence \(sequence) of source \(source) does not rise")
    }
    if longest > Self.longestValue {
      throw refusal("event \(source):\(sequence) has more than \(Self.longestValue) bytes")
    }
    nextSequence[place] = sequence + 1
    return builders[place]
  }

  /// Counts an event, and writes what is large enough.
  private func settle(_ builder: BlockBuilder) throws(TraceError) {
    events += 1
    waiting += 1
    if builder.count >= options.blockEvents || builder.byteCount >= options.blockBytes {
      try close(builder)
    } else if waiting > options.openEvents {
      try closeLargest()
    }
  }

  /// Writes what waits and the index, flushes, and gives the file its name.
  public func finish() throws(TraceError) -> TraceSummary {
    for builder in builders where builder.count > 0 { try close(builder) }
    try describe()
    let value = digest.value()
    let at = file.written
    body.removeAll()
    IndexEntry.write(index, at: at, into: &body, coder.zstd)
    try writeFrame(.index, UInt64(index.count))
    let bytes = file.written
    try file.finish()
    return TraceSummary(events: events, blocks: index.count, bytes: bytes, digest: value)
  }

  /// Forgets everything; nothing is left behind.
  public func discard() { file.discard() }

  private func place(of lane: Lane) throws(TraceError) -> Int {
    if lane == lastLane { return lastPlace }
    let place: Int
    if let known = places[lane] {
      place = known
    } else {
      guard description.streams.indices.contains(lane.stream) else {
        throw refusal("there is no stream \(lane.stream)")
      }
      place = builders.count
      places[lane] = place
      nextSequence.append(0)
      builders.append(builder(of: lane.stream, lane.source))
    }
    lastLane = lane
    lastPlace = place
    return place
  }

  private func forms(of stream: Int) -> ColumnForms {
    if let known = forms[stream] { return known }
    let made = ColumnForms()
    forms[stream] = made
    return made
  }

  private func closeLargest() throws(TraceError) {
    var largest = builders[0]
    for builder in builders where builder.count > largest.count { largest = builder }
    try close(largest)
  }

  private func close(_ builder: BlockBuilder) throws(TraceError) {
    try describe()
    body.removeAll()
    builder.encode(into: &body, coder)
    index.append(
      IndexEntry(
        offset: file.written, size: UInt64(TraceFormat.frameHeaderSize + body.count),
        summary: builder.summary))
    try writeFrame(.block, UInt64(index.count - 1))
    waiting -= builder.count
    builder.removeAll()
  }

  /// Writes the description when it has grown since it was last written.
  private func describe() throws(TraceError) {
    if describedStreams == description.streams.count { return }
    describedStreams = description.streams.count
    var text = ByteWriter()
    description.write(into: &text, coder.zstd)
    frame.removeAll()
    FrameHeader.write(.description, 0, text.bytes, into: &frame)
    try write(frame.bytes)
  }

  private func writeFrame(
    _ kind: TraceFormat.FrameKind, _ number: UInt64
  ) throws(TraceError) {
    frame.removeAll()
    FrameHeader.write(kind, number, body.bytes, into: &frame)
    try write(frame.bytes)
  }

  private func write(_ bytes: UnsafeRawBufferPointer) throws(TraceError) {
    digest.update(bytes)
    try file.write(bytes)
  }

  private func refusal(_ message: String) -> TraceError {
    TraceError(.request, file: file.path, message: message)
  }
}
