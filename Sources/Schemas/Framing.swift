/// The framing of schema registries: a zero, the schema's id as four bytes big-endian, then the
/// record.
public enum Framing {
  public static let length = 5

  /// Writes the frame; the memory has room for five bytes.
  @inlinable public static func write(schemaID: UInt32, to bytes: UnsafeMutablePointer<UInt8>) {
    bytes[0] = 0
    UnsafeMutableRawPointer(bytes + 1).storeBytes(of: schemaID.bigEndian, as: UInt32.self)
  }

  /// The schema's id, nil when the bytes are no frame.
  @inlinable @inline(__always)
  public static func schemaID(of value: UnsafeRawBufferPointer) -> UInt32? {
    guard value.count >= length, value[0] == 0 else { return nil }
    return UInt32(bigEndian: value.loadUnaligned(fromByteOffset: 1, as: UInt32.self))
  }
}

/// Why a record cannot be read: the reasons of the dead-letter stream.
public enum RecordError: String, Error, Hashable, Sendable, CaseIterable {
  /// The first byte is not 0, or the id is another schema's.
  case unknownSchema = "unknown-schema"
  /// The bytes end inside the record, or some are left over.
  case truncated
  /// A union or enum index, a boolean, an int or a length outside its range.
  case wrongType = "wrong-type"
  /// A value that the reader has no room for.
  case outOfRange = "out-of-range"
}

/// What every record says of itself.
@frozen public struct RecordHeader: Hashable, Sendable {
  /// Event time in nanoseconds since 1970.
  public var eventTime: Int64
  public var source: UInt32
  public var sequence: UInt64

  @inlinable public init(eventTime: Int64, source: UInt32, sequence: UInt64) {
    self.eventTime = eventTime
    self.source = source
    self.sequence = sequence
  }
}
