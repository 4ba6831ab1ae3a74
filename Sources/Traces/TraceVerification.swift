import Bytes

/// What is wrong with a trace.
public struct TraceDamage: Hashable, Sendable {
  public var file: String
  /// Every place that cannot be trusted, in file order; never empty.
  public var places: [TraceError]
  public var damagedBlocks: Int
  /// Blocks in all, as far as it is known.
  public var blocks: Int
  public var wholeEvents: UInt64
  /// Events in all; nil when the index is lost.
  public var events: UInt64?

  /// A line per place, then how much is left.
  public var text: String {
    var text = places.map { $0.text + "\n" }.joined()
    let all = events.map { " of \(grouped($0))" } ?? ""
    text += "DAMAGED  \(damagedBlocks) of \(grouped(blocks)) blocks; "
    text += "\(grouped(wholeEvents))\(all) events are whole"
    return text
  }
}

/// Reads every byte of a trace and unpacks every block; nil when all is as it was written. Throws
/// only when the file cannot be read.
public func verifyTrace(_ path: String) throws(TraceError) -> TraceDamage? {
  var check = Verification(file: try TraceFile(path))
  return try check.run()
}

private struct Verification {
  let file: TraceFile
  let coder = ColumnCoder(level: 1)
  var damage: TraceDamage
  var index: [IndexEntry]?
  var whole: [IndexEntry] = []
  var description: TraceDescription?
  /// Blocks passed, whole or not.
  var passed = 0

  init(file: TraceFile) {
    self.file = file
    damage = TraceDamage(
      file: file.path, places: [], damagedBlocks: 0, blocks: 0, wholeEvents: 0, events: nil)
  }

  mutating func run() throws(TraceError) -> TraceDamage? {
    do throws(TraceError) {
      _ = try file.checkMagic()
    } catch {
      if error.reason == .file { throw error }
      damage.places.append(error)
    }
    index = try file.index(coder.zstd)
    var at = UInt64(TraceFormat.magic.count)
    var endsWithIndex = false
    while at < file.size {
      let frame = try file.frame(at: at)
      endsWithIndex = false
      if frame.problem != nil {
        at = report(frame)
        continue
      }
      endsWithIndex = take(frame)
      at = frame.end
    }
    if damage.places.isEmpty && !endsWithIndex {
      note(.truncated, file.size..<file.size, "the file ends without its index")
    }
    if let index, damage.places.isEmpty, index != whole {
      note(.damaged, 0..<file.size, "the index tells of other blocks than there are")
    }
    if damage.places.isEmpty { return nil }
    damage.blocks = index?.count ?? passed
    damage.wholeEvents = whole.reduce(0) { $0 + UInt64($1.summary.count) }
    damage.events = index?.reduce(0) { $0 + UInt64($1.summary.count) }
    return damage
  }

  private mutating func note(
    _ reason: TraceError.Reason, _ bytes: Range<UInt64>, _ message: String, block: Int? = nil
  ) {
    damage.places.append(
      TraceError(reason, file: file.path, block: block, bytes: bytes, message: message))
  }

  /// Reports a frame that is not whole; where to go on.
  private mutating func report(_ frame: ScannedFrame) -> UInt64 {
    let known = index?.first { $0.offset == frame.offset }
    // The header of a frame that fails cannot be trusted: the index tells where the next one is.
    let next = index?.first { $0.offset > frame.offset }?.offset
    let end = known.map { $0.offset + $0.size } ?? next ?? file.size
    let isBlock = known != nil || (index == nil && frame.header?.kind == .block)
    let bytes = frame.offset..<min(end, file.size)
    if isBlock {
      note(frame.problem ?? .damaged, bytes, frame.message, block: passed)
      damage.damagedBlocks += 1
      passed += 1
    } else {
      note(frame.problem ?? .damaged, bytes, frame.message)
    }
    return bytes.upperBound
  }

  /// Looks into a whole frame; true for an index.
  private mutating func take(_ frame: ScannedFrame) -> Bool {
    guard let header = frame.header else { return false }
    let bytes = frame.offset..<frame.end
    switch header.kind {
    case .index: return true
    case .description:
      do throws(DecodingError) {
        description = try decoding(frame.body) { body throws(DecodingError) in
          try TraceDescription(body, coder.zstd)
        }
      } catch {
        note(.damaged, bytes, "the description: \(error.text)")
      }
    case .block:
      if let problem = problem(in: frame, number: header.number) {
        note(.damaged, bytes, problem, block: passed)
        damage.damagedBlocks += 1
      } else if let summary = TraceReader.summary(of: frame) {
        whole.append(
          IndexEntry(offset: frame.offset, size: frame.end - frame.offset, summary: summary))
      }
      passed += 1
    }
    return false
  }

  /// Unpacks a block whose checksum is right; what contradicts itself, nil when nothing does.
  private func problem(in frame: ScannedFrame, number: UInt64) -> String? {
    guard let summary = TraceReader.summary(of: frame) else { return "no summary of a block" }
    if number != UInt64(passed) { return "block \(number) where block \(passed) belongs" }
    guard let description, summary.stream < description.streams.count else {
      return description == nil ? nil : "a block of a stream that is not described"
    }
    let schemas = description.streams[summary.stream].schemas
    var decoder = BlockDecoder(coder)
    do throws(DecodingError) {
      let block = try decoding(frame.body) { body throws(DecodingError) in
        try decoder.decode(
          body, expected: summary, ids: schemas.map(\.id),
          plans: schemas.map { columnPlan(of: $0.json) }, wanted: .all)
      }
      let values = TraceValues(block)
      var writer = ByteWriter()
      for _ in 0..<block.count {
        writer.removeAll()
        _ = try values.appendNext(to: &writer)
      }
      try values.finish()
      return nil
    } catch {
      return error.text
    }
  }
}
