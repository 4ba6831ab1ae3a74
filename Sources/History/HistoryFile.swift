import Bytes
import CShim
import Model

/// How much of a history is whole.
public enum HistoryEnd: Hashable, Sendable {
  /// The last entry is `runEnded` and nothing follows.
  case complete
  /// The file ends before `runEnded`: where, and in which block.
  case truncated(block: Int, byte: UInt64)
  /// A block does not agree with its checksum or with the chain.
  case damaged(block: Int, byte: UInt64)
}

/// What was read of a history file.
public struct HistoryReading: Sendable {
  public var end: HistoryEnd
  /// Whole entries that were handed out.
  public var entryCount: UInt64
  /// Chain hash after the last whole block.
  public var hash: Digest128
}

/// Reads a history file block by block. Only whole, undamaged blocks are handed out.
public enum HistoryFile {
  static let headerSize = 4 + 4 + 8 + 4 + 8 + 8 + 8 + 8
  static let largestBlock = 1 << 28

  /// Calls `visit` with the bytes of each block, the number of its first entry and the instant
  /// before it. Stops early when `visit` returns false.
  /// Throws when the file cannot be opened or is no history at all.
  public static func read(
    _ path: String, visit: (UnsafeRawBufferPointer, UInt64, Instant) -> Bool
  ) throws(HistoryError) -> HistoryReading {
    let file = shim_open_file(path)
    if file < 0 {
      throw HistoryError(message: "\(path): \(String(cString: shim_error_text(-file)))")
    }
    defer { shim_close(file) }
    var source = FileBytes(file: file)
    let magic = source.read(HistoryWriter.magic.count)
    if magic != HistoryWriter.magic {
      throw HistoryError(message: "\(path) is no history of Weir: it does not begin with WEIRHIS1")
    }
    return blocks(of: &source, visit: visit)
  }

  private static func blocks(
    of source: inout FileBytes, visit: (UnsafeRawBufferPointer, UInt64, Instant) -> Bool
  ) -> HistoryReading {
    var chain = RunningDigest()
    var reading = HistoryReading(
      end: .complete, entryCount: 0, hash: chain.value())
    var block = 0
    var endedInOrder = false
    while true {
      let at = source.position
      let header = source.read(headerSize)
      if header.isEmpty {
        if !endedInOrder { reading.end = .truncated(block: block, byte: at) }
        return reading
      }
      if header.count < headerSize {
        reading.end = .truncated(block: block, byte: at)
        return reading
      }
      guard let fields = BlockHeader(header), fields.firstEntry == reading.entryCount,
        fields.size <= largestBlock
      else {
        reading.end = .damaged(block: block, byte: at)
        return reading
      }
      let bytes = source.read(fields.size)
      if bytes.count < fields.size {
        reading.end = .truncated(block: block, byte: at)
        return reading
      }
      let whole = bytes.withUnsafeBytes { view -> Bool in
        chain.update(view)
        return fields.checksum == header.prefixDigest(headerSize - 8) ^ digest64(view)
          && fields.hash == chain.value()
      }
      if !whole {
        reading.end = .damaged(block: block, byte: at)
        return reading
      }
      reading.entryCount += UInt64(fields.entries)
      reading.hash = fields.hash
      let (goOn, ended) = bytes.withUnsafeBytes { view in
        (visit(view, fields.firstEntry, Instant(ns: fields.startAt)), endsRun(view, fields))
      }
      endedInOrder = ended
      block += 1
      if !goOn { return reading }
    }
  }

  private static func endsRun(_ view: UnsafeRawBufferPointer, _ header: BlockHeader) -> Bool {
    var cursor = EntryCursor(
      view, firstEntry: header.firstEntry, startAt: Instant(ns: header.startAt))
    var last: EntryKind?
    do {
      while let kind = try cursor.next() {
        last = kind
        try cursor.skip(kind)
      }
    } catch {
      return false
    }
    return last == .runEnded
  }
}

private struct BlockHeader {
  var size: Int
  var firstEntry: UInt64
  var entries: UInt32
  var startAt: Int64
  var hash: Digest128
  var checksum: UInt64

  /// Nil when it is too short or the magic number is wrong.
  init?(_ bytes: [UInt8]) {
    guard let header = bytes.withUnsafeBytes({ BlockHeader(reading: $0) }) else { return nil }
    self = header
  }

  private init?(reading view: UnsafeRawBufferPointer) {
    var reader = ByteReader(view)
    do throws(DecodingError) {
      if try reader.word32() != HistoryWriter.blockMagic { return nil }
      size = Int(try reader.word32())
      firstEntry = try reader.word()
      entries = try reader.word32()
      startAt = Int64(bitPattern: try reader.word())
      hash = Digest128(high: try reader.word(), low: try reader.word())
      checksum = try reader.word()
    } catch {
      return nil
    }
  }
}

private struct FileBytes {
  let file: Int32
  var position: UInt64 = 0

  /// At most `count` bytes; fewer at the end of the file.
  mutating func read(_ count: Int) -> [UInt8] {
    var filled = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      while filled < count {
        let n = shim_read_some(file, buffer.baseAddress! + filled, count - filled)
        if n <= 0 { break }
        filled += n
      }
      initialized = filled
    }
    position += UInt64(filled)
    return bytes
  }
}

extension [UInt8] {
  fileprivate func prefixDigest(_ n: Int) -> UInt64 {
    withUnsafeBytes { digest64(UnsafeRawBufferPointer(rebasing: $0[..<n])) }
  }
}
