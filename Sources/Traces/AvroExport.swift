import Bytes
import CZstd
import Model

/// Writes events as an Avro object container file, codec zstandard: a record of source, sequence,
/// event time and arrival time in nanoseconds, key, and the value under the schema of the stream.
/// A value that did not decode is the branch `bytes` of the union, with its framing.
struct AvroTable {
  /// Bytes of a block before they are packed.
  private static let blockBytes = 1 << 18

  let reader: TraceReader
  private let stream: TraceStream
  private let hasSchema: Bool
  private let schema: String
  private let sync: [UInt8]

  init(_ reader: TraceReader, stream name: String?) throws(TraceError) {
    self.reader = reader
    let number = try reader.onlyStream(name, for: "Avro")
    stream = reader.description.streams[number]
    hasSchema = reader.plans[number].first.map { $0 != nil } ?? false
    let time = #"{"type":"long","logicalType":"timestamp-nanos"}"#
    let value = hasSchema ? stream.schemas[0].json + "," : ""
    schema =
      #"{"type":"record","name":"TracedEvent","doc":\#(jsonText(stream.name)),"fields":["#
      + #"{"name":"source","type":"long"},{"name":"sequence","type":"long"},"#
      + #"{"name":"event_time","type":\#(time)},"#
      + #"{"name":"arrival_time","type":["null",\#(time)]},"#
      + #"{"name":"key","type":["null","bytes"]},"#
      + #"{"name":"value","type":["null",\#(value)"bytes"]}]}"#
    let digest = Array(schema.utf8).withUnsafeBytes { digest128($0) }
    sync = [digest.high, digest.low].flatMap { word in
      (0..<8).map { UInt8(truncatingIfNeeded: word >> UInt64(8 * $0)) }
    }
  }

  /// Writes all events; how many.
  func write(to file: PartialFile) throws(TraceError) -> UInt64 {
    var head = ByteWriter()
    head.append(Array("Obj\u{1}".utf8))
    head.signed(2)
    for text in ["avro.codec", "zstandard", "avro.schema", schema] {
      head.signed(Int64(text.utf8.count))
      head.append(Array(text.utf8))
    }
    head.signed(0)
    head.append(sync)
    try file.write(head.bytes)
    var merge = try LaneMerge(reader, stream: stream.name, columns: .all, from: .beginning)
    var block = ByteWriter(capacity: Self.blockBytes * 2)
    var inBlock: Int64 = 0
    var count: UInt64 = 0
    while let (lane, event) = try merge.next() {
      add(lane.block, event, value: try lane.value(of: event, in: reader), to: &block)
      inBlock += 1
      count += 1
      if block.count >= Self.blockBytes {
        try close(&block, inBlock, file)
        inBlock = 0
      }
    }
    if inBlock > 0 { try close(&block, inBlock, file) }
    return count
  }

  private func add(
    _ block: TraceBlock, _ event: Int, value: [UInt8]?, to writer: inout ByteWriter
  ) {
    writer.signed(Int64(block.summary.source))
    writer.signed(Int64(bitPattern: block.sequence(at: event)))
    writer.signed(block.eventTime(at: event))
    let arrival = block.arrival(at: event)
    writer.signed(arrival == nil ? 0 : 1)
    if let arrival { writer.signed(arrival) }
    let key = block.key(at: event)
    writer.signed(key == nil ? 0 : 1)
    if let key {
      writer.signed(Int64(key.count))
      writer.append(key)
    }
    guard let value else { return writer.signed(0) }
    if hasSchema && block.schema(at: event) != nil {
      writer.signed(1)
      value.withUnsafeBytes { writer.append(UnsafeRawBufferPointer(rebasing: $0[5...])) }
    } else {
      writer.signed(hasSchema ? 2 : 1)
      writer.signed(Int64(value.count))
      writer.append(value)
    }
  }

  private func close(
    _ block: inout ByteWriter, _ count: Int64, _ file: PartialFile
  ) throws(TraceError) {
    let room = ZSTD_compressBound(block.count)
    let packed = UnsafeMutableRawPointer.allocate(byteCount: room, alignment: 16)
    defer { packed.deallocate() }
    let size = ZSTD_compress(packed, room, block.bytes.baseAddress, block.count, 3)
    if ZSTD_isError(size) != 0 {
      let text = String(cString: ZSTD_getErrorName(size))
      throw TraceError(.file, file: file.path, message: "cannot be packed: \(text)")
    }
    block.removeAll()
    block.signed(count)
    block.signed(Int64(size))
    block.append(UnsafeRawBufferPointer(start: packed, count: size))
    block.append(sync)
    try file.write(block.bytes)
    block.removeAll()
  }
}

extension TraceReader {
  /// The stream that a table is made of: the named one or the only one, with one schema at most.
  func onlyStream(_ name: String?, for format: String) throws(TraceError) -> Int {
    let streams = description.streams
    guard let number = streams.firstIndex(where: { name == nil || $0.name == name }),
      name != nil || streams.count == 1
    else {
      throw TraceError(
        .request, file: path,
        message:
          "\(format) needs one stream; there are \(streams.map(\.name).joined(separator: ", "))")
    }
    if streams[number].schemas.count > 1 {
      throw TraceError(
        .request, file: path,
        message: "stream '\(streams[number].name)' has several schemas; export it as jsonl")
    }
    return number
  }
}
