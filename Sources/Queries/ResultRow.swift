import Bytes
import Model

/// Order-independent digest of the events that made a row: count, wrapping sum and xor of a hash of
/// each identity, so that one lost and one doubled event do not cancel.
@frozen public struct Evidence: Hashable, Sendable {
  public var count: UInt64
  public var sum: UInt64
  public var xor: UInt64

  @inlinable public init(count: UInt64 = 0, sum: UInt64 = 0, xor: UInt64 = 0) {
    self.count = count
    self.sum = sum
    self.xor = xor
  }

  /// The evidence of one event.
  @inlinable public init(source: UInt32, sequence: UInt64) {
    let hash = evidenceHash(source: source, sequence: sequence)
    self.init(count: 1, sum: hash, xor: hash)
  }

  @inlinable public mutating func add(_ other: Evidence) {
    count &+= other.count
    sum &+= other.sum
    xor ^= other.xor
  }
}

/// h = mix(mix(source + G) + (sequence + 1)·G), 64 bits, wrapping (queries.md 5.4).
@inlinable public func evidenceHash(source: UInt32, sequence: UInt64) -> UInt64 {
  let g: UInt64 = 0x9E37_79B9_7F4A_7C15
  return evidenceMix(evidenceMix(UInt64(source) &+ g) &+ (sequence &+ 1) &* g)
}

@inlinable func evidenceMix(_ word: UInt64) -> UInt64 {
  var x = word
  x ^= x >> 30
  x = x &* 0xBF58_476D_1CE4_E5B9
  x ^= x >> 27
  x = x &* 0x94D0_49BB_1331_11EB
  x ^= x >> 31
  return x
}

/// Writes result keys and values in their one canonical form: null is 0, an integer is 1 and its
/// zigzag varint. Two rows are equal exactly when these bytes are.
extension ByteWriter {
  @inlinable public mutating func cell(_ value: Int64) {
    byte(1)
    signed(value)
  }

  @inlinable public mutating func nullCell() { byte(0) }
}

/// The text of cells, as a list: `[3, null, 17]`.
public func cellText(_ bytes: UnsafeRawBufferPointer) -> String {
  var reader = ByteReader(bytes)
  var parts: [String] = []
  do throws(DecodingError) {
    while !reader.isAtEnd {
      switch try reader.byte() {
      case 0: parts.append("null")
      case 1: parts.append(String(try reader.signed()))
      case let tag: throw .malformed("a cell of type \(tag)", at: reader.position)
      }
    }
  } catch {
    parts.append("unreadable")
  }
  return "[" + parts.joined(separator: ", ") + "]"
}

/// A result row on its way to a sink: what is compared, and what it came from.
public struct ResultRow: Hashable, Sendable {
  /// Canonical cells of the result key.
  public var key: [UInt8]
  /// Canonical cells of the value.
  public var value: [UInt8]
  /// Event time of the row in nanoseconds.
  public var time: Int64
  public var evidence: Evidence
  /// The latest contributing event in event order.
  public var lineage: EventID

  public init(key: [UInt8], value: [UInt8], time: Int64, evidence: Evidence, lineage: EventID) {
    self.key = key
    self.value = value
    self.time = time
    self.evidence = evidence
    self.lineage = lineage
  }

  /// Withdraws the row of a key that came out before. It has no value and no evidence, which no
  /// other row lacks.
  public static func tombstone(key: [UInt8], time: Int64, lineage: EventID) -> ResultRow {
    ResultRow(key: key, value: [], time: time, evidence: Evidence(), lineage: lineage)
  }

  /// True for a row that `tombstone` made: its evidence is empty, in a `RowSummary` as well.
  public var isTombstone: Bool { evidence.count == 0 }

  /// XXH3-64 of value and time: equal rows have equal digests.
  public var valueDigest: UInt64 {
    var writer = ByteWriter(capacity: value.count + 8)
    writer.append(value)
    writer.word(UInt64(bitPattern: time))
    return digest64(writer.bytes)
  }

  /// The bytes of the row as a record of the result stream.
  public func encode(into writer: inout ByteWriter) {
    writer.varint(UInt64(key.count))
    writer.append(key)
    writer.varint(UInt64(value.count))
    writer.append(value)
    writer.signed(time)
    writer.varint(evidence.count)
    writer.word(evidence.sum)
    writer.word(evidence.xor)
    writer.varint(UInt64(lineage.source))
    writer.varint(lineage.sequence)
  }

  /// Reads what `encode` wrote.
  public init(decoding bytes: UnsafeRawBufferPointer) throws(DecodingError) {
    var reader = ByteReader(bytes)
    let key = [UInt8](try reader.take(try reader.length()))
    let value = [UInt8](try reader.take(try reader.length()))
    let time = try reader.signed()
    let evidence = Evidence(
      count: try reader.varint(), sum: try reader.word(), xor: try reader.word())
    let source = try reader.varint()
    guard let source = UInt32(exactly: source) else {
      throw .malformed("a source of \(source)", at: reader.position)
    }
    let lineage = EventID(source: source, sequence: try reader.varint())
    if !reader.isAtEnd { throw .malformed("bytes after a result row", at: reader.position) }
    self.init(key: key, value: value, time: time, evidence: evidence, lineage: lineage)
  }
}
