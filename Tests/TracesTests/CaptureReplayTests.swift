import Bytes
import Model
import Queries
import Schemas
import Testing
import Traces
import Workloads

/// A captured stream as a workload: what is sent says which event it is, whatever the value was,
/// and the engine's reader agrees with the columns of the oracle.
@Suite struct CaptureReplayTests {
  private let plain = """
    {"type":"record","name":"P","fields":[{"name":"sequence","type":"string"},
    {"name":"amount","type":"long"}]}
    """
  private let own = """
    {"type":"record","name":"O","fields":[{"name":"source","type":"int"},
    {"name":"sequence","type":"long"},
    {"name":"event_time","type":{"type":"long","logicalType":"timestamp-millis"}},
    {"name":"amount","type":"long"}]}
    """

  /// A topic of two partitions; offsets have holes. Value `number` is what `make` gives.
  private func capture(
    _ schemas: [CaptureSchema], count: Int = 40, _ make: (Int) -> [UInt8]?
  ) throws -> String {
    let path = temporaryPath("capture.trace")
    let settings = CaptureSettings(stream: "topic", decoding: .avro(schemas))
    let writer = try CaptureWriter(path: path, settings: settings)
    for number in 0..<count {
      let value = make(number)
      let key = Array("k\(number % 3)".utf8)
      let write = { (value: UnsafeRawBufferPointer?) in
        try key.withUnsafeBytes { key in
          try writer.append(
            CapturedRecord(
              partition: Int32(number % 2), offset: Int64(number) + (number > 20 ? 5 : 0),
              time: 1_700_000_000_123_456_789 + Int64(number) * 1_000_000, key: key,
              value: value, headers: []))
        }
      }
      if let value { try value.withUnsafeBytes { try write($0) } } else { try write(nil) }
    }
    _ = try writer.finish()
    return path
  }

  private func value(_ number: Int, id: UInt8 = 7) -> [UInt8] {
    var out = ByteWriter()
    out.append([0, 0, 0, 0, id])
    out.signed(3)
    out.append([97, 98, 99])
    out.signed(Int64(number) * 10)
    return out.array()
  }

  private func plan(_ columns: [ColumnSource]) -> Plan {
    Plan(
      name: "p", input: PlanInput(stream: "x", columns: columns), watermarkDelay: .second,
      operators: [.input(0)], keyColumns: [0], valueColumns: [1])
  }

  /// Reads every value as the engine does, and holds it against the columns; returns the bodies
  /// behind the framing.
  private func check(_ path: String, _ columns: [ColumnSource]) throws -> [[UInt8]] {
    let workload = try traceWorkload(path, plan: plan(columns))
    let reader = try ColumnReader(
      schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID,
      columns: columns)
    var bodies: [[UInt8]] = []
    for lane in 0..<workload.source.laneCount {
      var index = 0
      while let block = workload.source.block(index, of: lane) {
        for event in 0..<block.count {
          bodies.append(try compare(block, event, lane, reader))
          #expect(
            block.eventTime[event] >= workload.source.eventTimeFloor(block: index, of: lane))
        }
        index += 1
      }
    }
    return bodies
  }

  private func compare(
    _ block: EventBlock, _ event: Int, _ lane: Int, _ reader: ColumnReader
  ) throws -> [UInt8] {
    let start = Int(block.start[event])
    let key = UnsafeRawBufferPointer(
      start: block.bytes + start, count: Int(block.keyLength[event]))
    let value = UnsafeRawBufferPointer(
      start: block.bytes + start + key.count,
      count: Int(block.start[event + 1]) - start - key.count)
    var nulls: UInt32 = 0
    var found = [Int64](repeating: 0, count: 8)
    let header = try reader.read(value, key: key, into: &found, nulls: &nulls)
    #expect(header.source == UInt32(lane))
    #expect(header.sequence == block.baseSequence + UInt64(event))
    #expect(header.eventTime == block.eventTime[event] && nulls == block.nulls[event])
    for (place, column) in block.columns.enumerated() { #expect(found[place] == column[event]) }
    #expect(digest64(value) == block.digest[event])
    return Array(value.dropFirst(5))
  }

  @Test func `pass-through takes values of two schemas, of none, and nulls`() throws {
    let second = #"{"type":"record","name":"Q","fields":[{"name":"n","type":"long"}]}"#
    let path = try capture([
      CaptureSchema(id: 7, json: plain), CaptureSchema(id: 8, json: second),
    ]) { number in
      switch number % 4 {
      case 0: value(number)
      case 1: [0, 0, 0, 0, 8, UInt8(number)]
      case 2: nil
      default: [9, 9, UInt8(number)]
      }
    }
    defer { remove(path) }
    let bodies = try check(path, [.keyDigest, .valueDigest, .source, .sequence])
    #expect(bodies.count == 40)
    #expect(bodies.filter { $0.last == 0 && $0.count < 15 }.count >= 10, "ten have no value")
    let framed = value(4)
    #expect(bodies.contains { $0.suffix(framed.count) == framed[...] })
  }

  @Test func `a query reads the fields of a captured value behind its identity`() throws {
    let path = try capture([CaptureSchema(id: 7, json: plain)]) { value($0) }
    defer { remove(path) }
    let bodies = try check(path, [.field("amount"), .valueDigest])
    #expect(bodies.count == 40)
  }

  @Test func `values of Weir's own form keep their schema and get the identity of the trace`()
    throws
  {
    let path = try capture([CaptureSchema(id: 3, json: own)]) { number in
      var out = ByteWriter()
      out.append([0, 0, 0, 0, 3])
      for field in [99, 5_000_000, 1_600_000_000_000, Int64(number)] { out.signed(field) }
      return out.array()
    }
    defer { remove(path) }
    let workload = try traceWorkload(path, plan: plan([.field("amount"), .sequence]))
    #expect(workload.schema.contains(#""name":"O""#) && workload.schemaID == 3)
    #expect(try check(path, [.field("amount"), .sequence]).count == 40)
  }

  @Test func `a query of fields refuses values that have none, pass-through does not`() throws {
    let path = try capture([CaptureSchema(id: 7, json: plain)]) { $0 == 9 ? [1] : value($0) }
    defer { remove(path) }
    let error = #expect(throws: TraceError.self) {
      try traceWorkload(path, plan: plan([.field("amount"), .source]))
    }
    #expect(error?.message.contains("1 of its values do not decode") == true)
    #expect(try check(path, [.valueDigest, .source]).count == 40)
    let whole = try capture([CaptureSchema(id: 7, json: plain)]) { value($0) }
    defer { remove(whole) }
    let time = #expect(throws: TraceError.self) {
      try traceWorkload(whole, plan: plan([.field("event_time"), .source]))
    }
    #expect(time?.message.contains("event_time") == true)
  }
}
