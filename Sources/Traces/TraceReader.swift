import Bytes
import Synchronization

/// The blocks of one stream and source, in sequence order.
public struct TraceLane: Hashable, Sendable {
  public var stream: Int
  public var source: UInt32
  /// Indices into `TraceReader.blocks`.
  public var blocks: [Int]
}

/// Reads a trace: any block alone, by number, sequence or time. May be shared by threads.
public final class TraceReader: Sendable {
  public let path: String
  /// Version of the format.
  public let format: Int
  public let description: TraceDescription
  /// In file order; the order between lanes means nothing.
  public let blocks: [IndexEntry]
  /// In the order of stream and source.
  public let lanes: [TraceLane]
  public let byteCount: UInt64
  /// Nil when the file is whole; else why it is not, where reading by `recovering` ended.
  public let loss: TraceError?

  let file: TraceFile
  /// Where the description ends, or the magic number of a trace without one.
  let firstFrameEnd: UInt64
  let plans: [[ColumnPlan?]]
  /// Working memory of readings that are over.
  private let idle = Mutex<[IdleCoder]>([])

  /// Handed from one thread to the next, never shared.
  private struct IdleCoder: @unchecked Sendable {
    var coder: ColumnCoder
  }

  /// Opens a trace. Without an index (the writer was stopped) it is refused, unless `recovering`:
  /// then the blocks are found by reading the file, up to the last whole one.
  public init(path: String, recovering: Bool = false) throws(TraceError) {
    let file = try TraceFile(path)
    format = try file.checkMagic()
    let coder = ColumnCoder(level: 1)
    var description: TraceDescription?
    if let index = try file.index(coder.zstd) {
      blocks = index
      loss = nil
      description = try Self.description(of: file, around: index, coder.zstd)
    } else {
      let (found, said, end) = try Self.scan(file, coder.zstd)
      if !recovering { throw end }
      blocks = found
      description = said
      loss = end
    }
    self.path = path
    self.file = file
    let start = UInt64(TraceFormat.magic.count)
    let first = try file.frame(at: start)
    firstFrameEnd = first.problem == nil && first.header?.kind == .description ? first.end : start
    byteCount = file.size
    self.description = description ?? TraceDescription(origin: "", streams: [])
    plans = self.description.streams.map { $0.schemas.map { columnPlan(of: $0.json) } }
    lanes = try Self.lanes(of: blocks, streams: plans.count, path)
  }

  /// The last description: found by going through what lies between the blocks.
  private static func description(
    of file: TraceFile, around blocks: [IndexEntry], _ zstd: Zstandard
  ) throws(TraceError) -> TraceDescription? {
    var last: TraceDescription?
    var at = UInt64(TraceFormat.magic.count)
    var next = 0
    while at < file.size {
      if next < blocks.count && blocks[next].offset == at {
        at += blocks[next].size
        next += 1
        continue
      }
      let frame = try file.frame(at: at)
      guard let header = frame.header, frame.problem == nil, header.kind != .block else {
        throw TraceError(
          frame.problem ?? .damaged, file: file.path, bytes: at..<min(frame.end, file.size),
          message: frame.problem == nil ? "a block that the index leaves out" : frame.message)
      }
      if header.kind == .description { last = try decodeDescription(frame, file.path, zstd) }
      at = frame.end
    }
    return last
  }

  private static func decodeDescription(
    _ frame: ScannedFrame, _ path: String, _ zstd: Zstandard
  ) throws(TraceError) -> TraceDescription {
    do throws(DecodingError) {
      return try decoding(frame.body) { body throws(DecodingError) in
        try TraceDescription(body, zstd)
      }
    } catch {
      throw TraceError(
        .damaged, file: path, bytes: frame.offset..<frame.end,
        message: "the description: \(error.text)")
    }
  }

  /// Whole blocks from the start, and why there are no more.
  private static func scan(
    _ file: TraceFile, _ zstd: Zstandard
  ) throws(TraceError) -> ([IndexEntry], TraceDescription?, TraceError) {
    var blocks: [IndexEntry] = []
    var description: TraceDescription?
    var at = UInt64(TraceFormat.magic.count)
    while at < file.size {
      let frame = try file.frame(at: at)
      var end = TraceError(
        .damaged, file: file.path, block: blocks.count, bytes: at..<file.size,
        message: frame.message)
      guard let header = frame.header, frame.problem == nil else {
        end.reason = frame.problem ?? .damaged
        return (blocks, description, end)
      }
      switch header.kind {
      case .description: description = try decodeDescription(frame, file.path, zstd)
      case .block:
        guard let summary = summary(of: frame), header.number == UInt64(blocks.count) else {
          end.message = "a block that contradicts itself"
          return (blocks, description, end)
        }
        blocks.append(
          IndexEntry(offset: at, size: frame.end - at, summary: summary))
      case .index: break
      }
      at = frame.end
    }
    return (
      blocks, description,
      TraceError(
        .truncated, file: file.path, bytes: file.size..<file.size,
        message: "the file ends without its index; its writer was stopped")
    )
  }

  static func summary(of frame: ScannedFrame) -> BlockSummary? {
    do throws(DecodingError) {
      return try decoding(frame.body) { body throws(DecodingError) in
        var reader = ByteReader(body)
        return try BlockSummary(reading: &reader)
      }
    } catch {
      return nil
    }
  }

  private static func lanes(
    of blocks: [IndexEntry], streams: Int, _ path: String
  ) throws(TraceError) -> [TraceLane] {
    var order = Array(blocks.indices)
    order.sort { a, b in
      let (x, y) = (blocks[a].summary, blocks[b].summary)
      return (x.stream, x.source, x.firstSequence, UInt64(a))
        < (y.stream, y.source, y.firstSequence, UInt64(b))
    }
    var lanes: [TraceLane] = []
    for block in order {
      let summary = blocks[block].summary
      func refused(_ message: String) -> TraceError {
        TraceError(
          .damaged, file: path, block: block,
          bytes: blocks[block].offset..<blocks[block].offset + blocks[block].size, message: message)
      }
      if summary.stream >= streams {
        throw refused("a block of stream \(summary.stream), which is not described")
      }
      if let last = lanes.last, last.stream == summary.stream, last.source == summary.source {
        let before = blocks[last.blocks[last.blocks.count - 1]].summary
        if before.lastSequence >= summary.firstSequence {
          throw refused("a block whose sequences an earlier one has too")
        }
        lanes[lanes.count - 1].blocks.append(block)
      } else {
        lanes.append(TraceLane(stream: summary.stream, source: summary.source, blocks: [block]))
      }
    }
    return lanes
  }

  /// Events in all blocks.
  public var eventCount: UInt64 { blocks.reduce(0) { $0 + UInt64($1.summary.count) } }

  /// Reads and unpacks a block. Costs the same for every block.
  public func block(
    _ index: Int, columns: TraceColumns = .all
  ) throws(TraceError) -> TraceBlock {
    let entry = blocks[index]
    let range = entry.offset..<entry.offset + entry.size
    let frame = try file.frame(at: entry.offset)
    if frame.problem != nil || frame.header?.kind != .block || frame.end != range.upperBound
      || frame.header?.number != UInt64(index)
    {
      throw TraceError(
        frame.problem ?? .damaged, file: path, block: index, bytes: range,
        message: frame.problem == nil ? "not the block that the index tells of" : frame.message)
    }
    let stream = entry.summary.stream
    let ids = description.streams[stream].schemas.map(\.id)
    let idleCoder = idle.withLock { $0.popLast() } ?? IdleCoder(coder: ColumnCoder(level: 1))
    defer { idle.withLock { $0.append(idleCoder) } }
    var decoder = BlockDecoder(idleCoder.coder)
    do throws(DecodingError) {
      return try decoding(frame.body) { body throws(DecodingError) in
        try decoder.decode(
          body, expected: entry.summary, ids: ids, plans: plans[stream], wanted: columns)
      }
    } catch {
      throw TraceError(.damaged, file: path, block: index, bytes: range, message: error.text)
    }
  }

  /// The block of a lane that has a sequence, or the first after it; nil past the end. Index into
  /// `lane.blocks`.
  public func place(of sequence: UInt64, in lane: TraceLane) -> Int? {
    var low = 0
    var high = lane.blocks.count
    while low < high {
      let middle = (low + high) / 2
      if blocks[lane.blocks[middle]].summary.lastSequence < sequence {
        low = middle + 1
      } else {
        high = middle
      }
    }
    return low < lane.blocks.count ? low : nil
  }
}

/// Runs a decoder on the bytes of an array, its error type kept.
func decoding<T>(
  _ bytes: [UInt8], _ body: (UnsafeRawBufferPointer) throws(DecodingError) -> T
) throws(DecodingError) -> T {
  let result: Result<T, DecodingError> = bytes.withUnsafeBytes { view in
    do throws(DecodingError) {
      return .success(try body(view))
    } catch {
      return .failure(error)
    }
  }
  return try result.get()
}
