import Bytes
import CShim
import Model

/// The history could not be kept: its file could not be written.
public struct HistoryError: Error, Hashable, Sendable {
  public var message: String

  public init(message: String) { self.message = message }
}

/// Appends entries to a block. A full block is hashed into the chain, written, and handed to the
/// readers that follow the run. File format: `docs/history.md`.
///
/// One owner, one thread. After a write error the writer goes on for the readers and remembers it:
/// `failure` makes the run unusable.
public final class HistoryWriter {
  public static let magic: [UInt8] = Array("WEIRHIS1".utf8)
  public static let blockMagic: UInt32 = 0x4B4C_4257
  public static let blockSize = 1 << 16

  /// Entries begun so far.
  public private(set) var entryCount: UInt64 = 0
  /// Bytes of entries so far.
  public private(set) var byteCount: UInt64 = 0
  public private(set) var failure: HistoryError?
  /// Called with the bytes of each whole block and the number of its first entry.
  public var onBlock: ((UnsafeRawBufferPointer, UInt64) -> Void)?

  private var buffer = ByteWriter(capacity: HistoryWriter.blockSize * 2)
  private var header = ByteWriter(capacity: 64)
  private var chain = RunningDigest()
  private var lastAt: Int64 = 0
  private var blockStartAt: Int64 = 0
  private var firstEntry: UInt64 = 0
  private var file: Int32

  /// Opens a new private file; nil keeps no file.
  public init(path: String?) throws(HistoryError) {
    file = -1
    guard let path else { return }
    file = shim_create_file(path, 0)
    if file < 0 {
      let text = String(cString: shim_error_text(-file))
      throw HistoryError(message: "\(path) cannot be created: \(text)")
    }
    write(HistoryWriter.magic)
  }

  deinit { if file >= 0 { shim_close(file) } }

  /// Begins an entry; its fields follow. Closes the block first when it is full.
  public func begin(_ kind: EntryKind, at instant: Instant) {
    if buffer.count >= Self.blockSize { flush() }
    entryCount &+= 1
    buffer.byte(kind.rawValue)
    buffer.signed(instant.ns &- lastAt)
    lastAt = instant.ns
  }

  @inline(__always) public func number(_ value: UInt64) { buffer.varint(value) }
  public func signed(_ value: Int64) { buffer.signed(value) }
  public func word(_ value: UInt64) { buffer.word(value) }
  public func text(_ value: String) { buffer.text(value) }

  public func bytes(_ value: [UInt8]) {
    buffer.varint(UInt64(value.count))
    buffer.append(value)
  }

  /// An ascending run of sequences of one source: source, count, first, then steps.
  public func run(of batch: RecordBatch, from first: Int, count: Int) {
    precondition(count > 0, "a run has events")
    buffer.varint(UInt64(batch.source))
    buffer.varint(UInt64(count))
    let entries = batch.entries
    var previous = entries[first].sequence
    buffer.varint(previous)
    buffer.reserve(10 * count)
    var index = first &+ 1
    let end = first &+ count
    while index < end {
      let sequence = entries[index].sequence
      buffer.varint(sequence &- previous)
      previous = sequence
      index &+= 1
    }
  }

  /// A run of neighbours: source, count, first, then ones.
  public func run(source: UInt32, first: UInt64, count: Int) {
    precondition(count > 0, "a run has events")
    buffer.varint(UInt64(source))
    buffer.varint(UInt64(count))
    buffer.varint(first)
    buffer.reserve(count)
    for _ in 1..<max(count, 1) { buffer.varint(1) }
  }

  /// Records of a batch that reader `reader` was given, from `first` on, with the sum of the
  /// digests of their values.
  public func polled(
    _ batch: RecordBatch, from first: Int, reader: Int, partition: Int, baseOffset: Int64,
    at instant: Instant
  ) {
    var sum: UInt64 = 0
    for index in first..<batch.count { sum &+= digest64(batch.value(index)) }
    begin(.polled, at: instant)
    number(UInt64(reader))
    number(UInt64(partition))
    number(UInt64(baseOffset + Int64(first)))
    word(sum)
    run(of: batch, from: first, count: batch.count - first)
  }

  /// Ends the open block: hashes, writes and hands it on. Nothing happens when it is empty.
  public func flush() {
    if buffer.count == 0 { return }
    let bytes = buffer.bytes
    chain.update(bytes)
    byteCount &+= UInt64(bytes.count)
    header.removeAll()
    header.word32(Self.blockMagic)
    header.word32(UInt32(bytes.count))
    header.word(firstEntry)
    header.word32(UInt32(entryCount - firstEntry))
    header.word(UInt64(bitPattern: blockStartAt))
    let hash = chain.value()
    header.word(hash.high)
    header.word(hash.low)
    header.word(digest64(header.bytes) ^ digest64(bytes))
    write(header.array())
    writeView(bytes)
    onBlock?(bytes, firstEntry)
    buffer.removeAll()
    firstEntry = entryCount
    blockStartAt = lastAt
  }

  /// The chain hash after the last entry, as 32 digits. Flushes.
  public func finish() -> Digest128 {
    flush()
    if file >= 0 {
      let status = shim_sync(file)
      if status < 0 { fail(status) }
      shim_close(file)
      file = -1
    }
    return chain.value()
  }

  private func write(_ bytes: [UInt8]) {
    bytes.withUnsafeBytes { writeView($0) }
  }

  private func writeView(_ bytes: UnsafeRawBufferPointer) {
    if file < 0 || failure != nil { return }
    let status = shim_write_all(file, bytes.baseAddress, bytes.count)
    if status < 0 { fail(status) }
  }

  private func fail(_ status: Int32) {
    let text = String(cString: shim_error_text(-status))
    failure = HistoryError(message: "the history cannot be written: \(text)")
  }
}
