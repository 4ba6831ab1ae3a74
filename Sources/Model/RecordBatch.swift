/// One record inside a batch: identity, instant and where its bytes lie. The key, if there is one,
/// stands right before the value.
@frozen public struct RecordEntry: Sendable {
  public var sequence: UInt64
  /// Run time at which the schedule wanted it sent.
  public var intendedAt: Int64
  /// Where the value begins in the bytes of the batch.
  public var offset: UInt32
  /// Bytes of the value.
  public var length: UInt32
  /// Bytes of the key; `RecordEntry.noKey` when the record has none.
  public var keyLength: UInt16

  public static let noKey: UInt16 = .max
  /// Key length of a marker in a block of events: an event without key that its source repeats for
  /// every partition. The one with sequence `s` goes to partition `s` modulo their number. On the
  /// wire it is `noKey`.
  public static let markerKey: UInt16 = .max - 1

  @inlinable public init(
    sequence: UInt64, intendedAt: Int64, offset: UInt32, length: UInt32, keyLength: UInt16
  ) {
    self.sequence = sequence
    self.intendedAt = intendedAt
    self.offset = offset
    self.length = length
    self.keyLength = keyLength
  }
}

/// Records of one source for one partition: contiguous, shared by reference between client, log and
/// engine, never copied.
///
/// Unchecked: a batch is filled by one owner and not changed after it was handed on.
public final class RecordBatch: @unchecked Sendable {
  public let source: UInt32
  public let partition: Int32
  @usableFromInline final var used = 0
  @usableFromInline final var usedBytes = 0
  @usableFromInline final var storedEntries: UnsafeMutablePointer<RecordEntry>
  @usableFromInline final var storedBytes: UnsafeMutablePointer<UInt8>
  @usableFromInline final var capacity: Int
  @usableFromInline final var byteCapacity: Int

  public init(source: UInt32, partition: Int32, capacity: Int, byteCapacity: Int) {
    self.source = source
    self.partition = partition
    self.capacity = max(capacity, 1)
    self.byteCapacity = max(byteCapacity, 64)
    storedEntries = .allocate(capacity: self.capacity)
    storedBytes = .allocate(capacity: self.byteCapacity)
  }

  deinit {
    storedEntries.deallocate()
    storedBytes.deallocate()
  }

  @inlinable public final var count: Int { used }
  @inlinable public final var byteCount: Int { usedBytes }
  @inlinable public final var entries: UnsafeMutablePointer<RecordEntry> { storedEntries }
  @inlinable public final var bytes: UnsafeMutablePointer<UInt8> { storedBytes }

  /// Appends a record by copying key and value, which stand next to each other at `keyAndValue`.
  @inlinable public final func append(
    sequence: UInt64, intendedAt: Int64, keyAndValue: UnsafePointer<UInt8>, keyLength: UInt16,
    valueLength: Int
  ) {
    let keyBytes = keyLength == RecordEntry.noKey ? 0 : Int(keyLength)
    let length = keyBytes &+ valueLength
    if count == capacity || byteCount &+ length > byteCapacity { grow(for: length) }
    // Short records: words, and the rest byte by byte, are faster than a call.
    let target = UnsafeMutableRawPointer(storedBytes + usedBytes)
    let source = UnsafeRawPointer(keyAndValue)
    var at = 0
    while at &+ 8 <= length {
      target.storeBytes(
        of: source.loadUnaligned(fromByteOffset: at, as: UInt64.self), toByteOffset: at,
        as: UInt64.self)
      at &+= 8
    }
    while at < length {
      storedBytes[usedBytes &+ at] = keyAndValue[at]
      at &+= 1
    }
    entries[count] = RecordEntry(
      sequence: sequence, intendedAt: intendedAt,
      offset: UInt32(truncatingIfNeeded: byteCount &+ keyBytes),
      length: UInt32(truncatingIfNeeded: valueLength), keyLength: keyLength)
    used &+= 1
    usedBytes &+= length
  }

  /// The value of a record.
  @inlinable public final func value(_ index: Int) -> UnsafeRawBufferPointer {
    let entry = entries[index]
    return UnsafeRawBufferPointer(start: bytes + Int(entry.offset), count: Int(entry.length))
  }

  /// The key of a record, nil when it has none.
  @inlinable public final func key(_ index: Int) -> UnsafeRawBufferPointer? {
    let entry = entries[index]
    if entry.keyLength == RecordEntry.noKey { return nil }
    let length = Int(entry.keyLength)
    return UnsafeRawBufferPointer(start: bytes + (Int(entry.offset) - length), count: length)
  }

  @usableFromInline final func grow(for length: Int) {
    if count == capacity {
      let wider = UnsafeMutablePointer<RecordEntry>.allocate(capacity: capacity * 2)
      wider.update(from: entries, count: count)
      entries.deallocate()
      storedEntries = wider
      capacity *= 2
    }
    if byteCount + length > byteCapacity {
      let wider = UnsafeMutablePointer<UInt8>.allocate(capacity: byteCapacity * 2 + length)
      wider.update(from: bytes, count: byteCount)
      bytes.deallocate()
      storedBytes = wider
      byteCapacity = byteCapacity * 2 + length
    }
  }
}
