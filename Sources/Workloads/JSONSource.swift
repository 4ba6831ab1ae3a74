import Bytes
import Model
import Schemas

/// The events of another source with their values as JSON instead of Avro: same identities, keys,
/// instants and columns.
public struct JSONSource: EventSource {
  private let inner: any EventSource
  private let projection: Projection

  /// `schema` is that of the inner source's values.
  public init(_ inner: any EventSource, schema: String) throws(SchemaError) {
    self.inner = inner
    let parsed = try Schema.parse(schema)
    projection = Projection(reader: parsed, writer: parsed)
  }

  public var laneCount: Int { inner.laneCount }

  public func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    inner.blockIndex(of: sequence, in: lane)
  }

  public func earliestSend(block index: Int, of lane: Int) -> Instant {
    inner.earliestSend(block: index, of: lane)
  }

  public func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    inner.eventTimeFloor(block: index, of: lane)
  }

  public func block(_ index: Int, of lane: Int) -> EventBlock? {
    guard let block = inner.block(index, of: lane) else { return nil }
    var records: [[UInt8]] = []
    var size = 0
    for event in 0..<block.count {
      let record = block.key(event).map { [UInt8]($0) } ?? []
      records.append(record + text(of: block.value(event)))
      size += records[event].count
    }
    let made = EventBlock(
      lane: block.lane, baseSequence: block.baseSequence, count: block.count, byteCapacity: size,
      columnCount: block.columns.count)
    var at = 0
    for (event, record) in records.enumerated() {
      for byte in record {
        made.bytes[at] = byte
        at += 1
      }
      made.intendedAt[event] = block.intendedAt[event]
      made.eventTime[event] = block.eventTime[event]
      made.keyLength[event] = block.keyLength[event]
      made.nulls[event] = block.nulls[event]
      made.start[event + 1] = UInt32(at)
      made.digest[event] = digest64(made.value(event))
      for column in block.columns.indices {
        made.columns[column][event] = block.columns[column][event]
      }
    }
    return made
  }

  /// A value that its own schema does not read stays as it is, so that it is seen downstream.
  private func text(of value: UnsafeRawBufferPointer) -> [UInt8] {
    guard value.count >= Framing.length else { return [UInt8](value) }
    let body = UnsafeRawBufferPointer(rebasing: value[Framing.length...])
    do throws(ProjectionError) {
      return Array(try projection.read(body).json.plainText.utf8)
    } catch {
      return [UInt8](value)
    }
  }
}

extension EventBlock {
  /// The key of an event, nil without.
  public func key(_ index: Int) -> UnsafeRawBufferPointer? {
    if keyLength[index] >= RecordEntry.markerKey { return nil }
    return UnsafeRawBufferPointer(start: bytes + Int(start[index]), count: Int(keyLength[index]))
  }

  /// The value of an event as it goes on the wire.
  public func value(_ index: Int) -> UnsafeRawBufferPointer {
    let key = keyLength[index] >= RecordEntry.markerKey ? 0 : Int(keyLength[index])
    let first = Int(start[index]) + key
    return UnsafeRawBufferPointer(start: bytes + first, count: Int(start[index + 1]) - first)
  }
}

/// Finds `source` and `sequence` in a JSON value; nil when it has none.
public func locateJSON(
  _ value: UnsafeRawBufferPointer
) -> (source: UInt32, sequence: UInt64)? {
  guard let text = String(validating: value, as: UTF8.self), let json = JSONValue(parsing: text),
    case .number(let source)? = json["source"], case .number(let sequence)? = json["sequence"],
    let lane = UInt32(source), let number = UInt64(sequence)
  else { return nil }
  return (lane, number)
}
