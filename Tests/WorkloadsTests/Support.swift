import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

let start = Timestamp(ns: 1_767_225_600_000_000_000)

/// A workload of a kind with some parameters, at a rate per second.
func workload(
  _ kind: String, query: String, sources: Int = 2, rate: Int64 = 2_000, seed: UInt64 = 1,
  _ parameters: [(String, ParameterValue)] = []
) throws -> Workload {
  let kind = try #require(workloadKinds.first { $0.name == kind })
  return try kind.make(
    WorkloadChoice(
      kind: kind.name,
      parameters: parameters.map { WorkloadChoice.Parameter(name: $0.0, value: $0.1) },
      query: query, sources: sources, start: start),
    .constant(Rate(count: rate, per: .second)), seed)
}

/// An event with everything that a block says of it.
struct Event: Equatable {
  var lane: Int
  var sequence: UInt64
  var intendedAt: Int64
  var eventTime: Int64
  var key: [UInt8]
  var value: [UInt8]
  var digest: UInt64
  var columns: [Int64]
  var nulls: UInt32
}

func events(_ block: EventBlock) -> [Event] {
  (0..<block.count).map { i in
    let bytes = UnsafeBufferPointer(
      start: block.bytes + Int(block.start[i]), count: Int(block.start[i + 1] - block.start[i]))
    let keyLength = block.keyLength[i] >= RecordEntry.markerKey ? 0 : Int(block.keyLength[i])
    return Event(
      lane: Int(block.lane), sequence: block.baseSequence + UInt64(i),
      intendedAt: block.intendedAt[i], eventTime: block.eventTime[i],
      key: Array(bytes[0..<keyLength]), value: Array(bytes[keyLength...]),
      digest: block.digest[i], columns: block.columns.map { $0[i] }, nulls: block.nulls[i])
  }
}

func events(_ source: any EventSource, blocks: Range<Int>, lanes: Range<Int>? = nil) -> [Event] {
  var all: [Event] = []
  for lane in lanes ?? 0..<source.laneCount {
    for index in blocks {
      if let block = source.block(index, of: lane) { all += events(block) }
    }
  }
  return all
}

/// Reads an event's columns back from its bytes.
func decoded(
  _ event: Event, _ workload: Workload
) throws -> (header: RecordHeader, columns: [Int64], nulls: UInt32) {
  let reader = try ColumnReader(
    schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID,
    columns: workload.plan.input.columns)
  var columns = [Int64](repeating: 0, count: reader.columnCount)
  var nulls: UInt32 = 0
  let header = try event.value.withUnsafeBytes { value in
    try event.key.withUnsafeBytes { key in
      try columns.withUnsafeMutableBufferPointer { slots in
        try reader.read(value, key: key, into: slots.baseAddress!, nulls: &nulls)
      }
    }
  }
  return (header, columns, nulls)
}
