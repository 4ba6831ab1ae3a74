import Bytes

/// The fixed parts of the format, version 2. `docs/trace-format.md` says the same in sentences.
enum TraceFormat {
  static let magic: [UInt8] = Array("WEIRTRC2".utf8)
  /// What a version begins with, up to the digit.
  static let magicStem: [UInt8] = Array("WEIRTRC".utf8)
  /// Versions that are read. Version 1 lacks some forms of columns.
  static let versions = 1...2
  static let frameMagic: UInt32 = 0x4652_5457  // "WTRF"
  static let trailerMagic: [UInt8] = Array("WEIRTEND".utf8)
  static let frameHeaderSize = 32
  static let trailerSize = 16
  /// No frame is larger.
  static let largestFrame = 1 << 30
  /// No block has more events.
  static let mostEvents = 1 << 20

  enum FrameKind: UInt32 {
    case description = 1
    case block = 2
    case index = 3
  }

  /// What a column of a block is. The value streams of the payload follow from 32 on: first those
  /// of the stream's schema 0, then those of schema 1, ...
  enum Role: UInt64, CaseIterable {
    case sequence = 1
    case eventTime = 2
    case arrivalPresence = 3
    case arrival = 4
    case arrivalDelay = 5
    case keyPresence = 6
    case key = 7
    case payloadState = 8
    case rawPayload = 9
    case partition = 10
    case offset = 11
    case brokerTimePresence = 12
    case brokerTime = 13
    case headerCount = 14
    case headerName = 15
    case headerValuePresence = 16
    case headerValue = 17
  }

  static let firstStreamRole: UInt64 = 32

  /// How a payload is kept: not there, as bytes, or from here on in columns of schema 0, 1, ...
  /// of its stream.
  static let absentPayload: Int64 = 0
  static let rawPayload: Int64 = 1
  static let firstSchemaState: Int64 = 2
}

/// Before every frame: what it is, how long, and a checksum over this header and the bytes.
struct FrameHeader: Hashable {
  var kind: TraceFormat.FrameKind
  /// Of a block: how many blocks stand before it. Of an index: how many blocks it has.
  var number: UInt64
  var size: UInt64
  var checksum: UInt64

  static func checksum(
    _ kind: TraceFormat.FrameKind, _ number: UInt64, _ body: UnsafeRawBufferPointer
  ) -> UInt64 {
    var writer = ByteWriter(capacity: 64)
    prefix(kind, number, UInt64(body.count), into: &writer)
    return digest64(writer.bytes) ^ digest64(body)
  }

  private static func prefix(
    _ kind: TraceFormat.FrameKind, _ number: UInt64, _ size: UInt64, into writer: inout ByteWriter
  ) {
    writer.word32(TraceFormat.frameMagic)
    writer.word32(kind.rawValue)
    writer.word(number)
    writer.word(size)
  }

  /// Writes header and body.
  static func write(
    _ kind: TraceFormat.FrameKind, _ number: UInt64, _ body: UnsafeRawBufferPointer,
    into writer: inout ByteWriter
  ) {
    prefix(kind, number, UInt64(body.count), into: &writer)
    writer.word(checksum(kind, number, body))
    writer.append(body)
  }

  init?(_ bytes: UnsafeRawBufferPointer) {
    var reader = ByteReader(bytes)
    do throws(DecodingError) {
      if try reader.word32() != TraceFormat.frameMagic { return nil }
      guard let kind = TraceFormat.FrameKind(rawValue: try reader.word32()) else { return nil }
      self.kind = kind
      number = try reader.word()
      size = try reader.word()
      checksum = try reader.word()
      if size > UInt64(TraceFormat.largestFrame) { return nil }
    } catch {
      return nil
    }
  }
}

/// What is known of a block without reading it; stands before its columns and in the index.
public struct BlockSummary: Hashable, Sendable {
  /// Index of its stream in the description.
  public var stream: Int
  public var source: UInt32
  public var count: Int
  public var firstSequence: UInt64
  public var lastSequence: UInt64
  /// Nanoseconds since 1970.
  public var firstEventTime: Int64
  public var leastEventTime: Int64
  public var greatestEventTime: Int64
  /// Arrival time where an event has one, else its event time.
  public var leastSendTime: Int64
  public var greatestSendTime: Int64
  /// Bytes of all keys, and of all payloads put together.
  public var keyBytes: Int
  public var payloadBytes: Int
  /// Events without key, and events whose payload is kept as bytes since it did not decode.
  public var withoutKey: Int
  public var undecodable: Int
  /// Events whose event time is below that of the event before in the block.
  public var outOfOrder: Int

  static let size = 8 * 12 + 4 * 4

  func write(into writer: inout ByteWriter) {
    writer.word32(UInt32(stream))
    writer.word32(source)
    writer.word32(UInt32(count))
    writer.word32(0)
    writer.word(firstSequence)
    writer.word(lastSequence)
    for value in [
      firstEventTime, leastEventTime, greatestEventTime, leastSendTime, greatestSendTime,
    ] { writer.word(UInt64(bitPattern: value)) }
    for value in [keyBytes, payloadBytes, withoutKey, undecodable, outOfOrder] {
      writer.word(UInt64(value))
    }
  }

  init(reading reader: inout ByteReader) throws(DecodingError) {
    let at = reader.position
    stream = Int(try reader.word32())
    source = try reader.word32()
    count = Int(try reader.word32())
    let reserved = try reader.word32()
    firstSequence = try reader.word()
    lastSequence = try reader.word()
    firstEventTime = Int64(bitPattern: try reader.word())
    leastEventTime = Int64(bitPattern: try reader.word())
    greatestEventTime = Int64(bitPattern: try reader.word())
    leastSendTime = Int64(bitPattern: try reader.word())
    greatestSendTime = Int64(bitPattern: try reader.word())
    keyBytes = Int(try Self.length(&reader))
    payloadBytes = Int(try Self.length(&reader))
    withoutKey = Int(try Self.length(&reader))
    undecodable = Int(try Self.length(&reader))
    outOfOrder = Int(try Self.length(&reader))
    if reserved != 0 || count < 1 || count > TraceFormat.mostEvents || lastSequence < firstSequence
      || lastSequence - firstSequence < UInt64(count - 1) || leastEventTime > greatestEventTime
      || leastSendTime > greatestSendTime
    {
      throw .malformed("a block summary that contradicts itself", at: at)
    }
  }

  private static func length(_ reader: inout ByteReader) throws(DecodingError) -> UInt64 {
    let value = try reader.word()
    if value > UInt64(TraceFormat.largestFrame) * 4 {
      throw .malformed("a length of \(value)", at: reader.position)
    }
    return value
  }

  init(
    stream: Int, source: UInt32, sequence: UInt64, eventTime: Int64, sendTime: Int64
  ) {
    self.stream = stream
    self.source = source
    count = 0
    firstSequence = sequence
    lastSequence = sequence
    firstEventTime = eventTime
    leastEventTime = eventTime
    greatestEventTime = eventTime
    leastSendTime = sendTime
    greatestSendTime = sendTime
    keyBytes = 0
    payloadBytes = 0
    withoutKey = 0
    undecodable = 0
    outOfOrder = 0
  }
}
