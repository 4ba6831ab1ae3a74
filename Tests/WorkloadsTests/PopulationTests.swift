import Bytes
import Draws
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

/// Workloads whose events come from a population with a clock of its own, in several streams.
private let cases = [
  WorkloadCase(kind: "fleet", query: "trips", rate: 2_000),
  WorkloadCase(kind: "fleet", query: "visits", rate: 3),
  WorkloadCase(kind: "patient-monitoring", query: "scores", rate: 500),
  WorkloadCase(kind: "patient-monitoring", query: "alarms", rate: 5_000),
]

/// Lanes of streams that the plan reads.
func lanes(_ workload: Workload) -> [(lane: Int, stream: Int)] {
  workload.laneStream.enumerated().compactMap { lane, stream in stream.map { (lane, $0) } }
}

/// Reads fields of an event from its bytes.
func fields(
  _ event: Event, _ workload: Workload, _ columns: [ColumnSource], _ eventTime: String
) throws -> (header: RecordHeader, columns: [Int64], nulls: UInt32) {
  let stream = try #require(workload.laneStream[event.lane])
  let reader = try ColumnReader(
    schema: try AvroSchema.parse(workload.streams[stream].schema),
    schemaID: workload.streams[stream].schemaID, columns: columns, eventTime: eventTime)
  var values = [Int64](repeating: 0, count: columns.count)
  var nulls: UInt32 = 0
  let header = try event.value.withUnsafeBytes { value in
    try event.key.withUnsafeBytes { key in
      try values.withUnsafeMutableBufferPointer { slots in
        try reader.read(value, key: key, into: slots.baseAddress!, nulls: &nulls)
      }
    }
  }
  return (header, values, nulls)
}

@Suite struct PopulationTests {
  @Test(arguments: cases)
  func `a block has the same bytes alone, in any order and from any maker`(
    _ test: WorkloadCase
  ) throws {
    let source = try test.make().source
    let other = try test.make().source
    var forward: [[Event]] = []
    for lane in 0..<source.laneCount {
      for index in 3..<5 { forward.append(events(try #require(source.block(index, of: lane)))) }
    }
    var backward: [[Event]] = []
    for lane in (0..<source.laneCount).reversed() {
      for index in (3..<5).reversed() {
        backward.append(events(try #require(other.block(index, of: lane))))
      }
    }
    #expect(forward == backward.reversed())
    #expect(forward.contains { !$0.isEmpty })
  }

  @Test(arguments: cases)
  func `sequences rise, sends never fall, and floors hold`(_ test: WorkloadCase) throws {
    let source = try test.make().source
    for lane in 0..<source.laneCount {
      var lastSend = Int64.min
      for index in 0..<6 {
        let block = try #require(source.block(index, of: lane))
        let earliest = source.earliestSend(block: index, of: lane).ns
        let next = source.earliestSend(block: index + 1, of: lane).ns
        let floor = source.eventTimeFloor(block: index, of: lane)
        let isOrdered = (0..<block.count).allSatisfy { i in
          defer { lastSend = block.intendedAt[i] }
          return block.intendedAt[i] >= max(lastSend, earliest) && block.intendedAt[i] <= next
            && block.eventTime[i] >= floor && block.eventTime[i] % .millisecond == 0
        }
        #expect(isOrdered)
        #expect(block.baseSequence == UInt64(index) << 20 && block.count < 1 << 20)
        #expect(source.blockIndex(of: block.baseSequence, in: lane) == index)
        #expect(
          source.blockIndex(of: block.baseSequence + UInt64(block.count), in: lane) == index)
      }
    }
  }

  @Test(arguments: cases)
  func `the bytes say what the block says`(_ test: WorkloadCase) throws {
    let workload = try test.make()
    for (lane, stream) in lanes(workload) {
      let input = workload.plan.inputs[stream]
      #expect(input.stream == workload.streams[stream].name)
      for index in [0, 9] {
        let block = try #require(workload.source.block(index, of: lane))
        for (i, event) in events(block).prefix(40).enumerated() {
          let read = try fields(event, workload, input.columns, input.eventTime)
          #expect(read.header.eventTime == event.eventTime)
          #expect(read.header.source == UInt32(lane))
          #expect(read.header.sequence == event.sequence)
          #expect(read.nulls == event.nulls)
          for column in input.columns.indices where read.nulls >> UInt32(column) & 1 == 0 {
            #expect(read.columns[column] == event.columns[column])
          }
          #expect(event.digest == digest64(event.value))
          #expect(event.key.isEmpty == (block.keyLength[i] == RecordEntry.markerKey))
        }
      }
    }
  }

  @Test(arguments: cases)
  func `the plan gives the same columns to every query of a stream`(_ test: WorkloadCase) throws {
    let workload = try test.make()
    for (lane, stream) in lanes(workload) {
      let block = try #require(workload.source.block(0, of: lane))
      #expect(block.columns.count == workload.plan.inputs[stream].columns.count)
    }
    #expect(
      workload.plan.keyColumns.count + workload.plan.valueColumns.count
        == workload.plan.labels.count)
  }

  @Test(arguments: cases)
  func `the rate is about the one asked for`(_ test: WorkloadCase) throws {
    if test.rate < 100 { return }
    let source = try test.make().source
    // A day of event time holds the hours in which a fleet sleeps.
    var count = 0
    var end: Int64 = 0
    for lane in 0..<source.laneCount {
      var index = 0
      while source.eventTimeFloor(block: index, of: lane)
        - source.eventTimeFloor(block: 0, of: lane) < 86_400 * .second
      {
        let block = try #require(source.block(index, of: lane))
        count += (0..<block.count).count { block.keyLength[$0] != RecordEntry.markerKey }
        index += 1
        if index > 40 && test.kind != "fleet" { break }
      }
      end = max(end, source.earliestSend(block: index, of: lane).ns)
    }
    let expected = Double(test.rate) * Double(end) / 1e9
    #expect(abs(Double(count) / expected - 1) < 0.25, "\(count) of \(expected)")
  }

  @Test(arguments: cases)
  func `a block centuries on is as large as one at the beginning`(
    _ test: WorkloadCase
  ) throws {
    let source = try test.make().source
    let length = source.eventTimeFloor(block: 1, of: 0) - source.eventTimeFloor(block: 0, of: 0)
    // Event times are nanoseconds since 1970: two centuries on is as far as they go.
    let far = Int(200 * 365 * 86_400 * Nanoseconds.second / length)
    for lane in 0..<source.laneCount {
      var here = 0
      var there = 0
      for index in 0..<8 {
        here += try #require(source.block(20 + index, of: lane)).count
        let block = try #require(source.block(far + index, of: lane))
        there += block.count
        #expect(block.baseSequence == UInt64(far + index) << 20)
        #expect(
          (0..<block.count).allSatisfy {
            block.eventTime[$0] >= source.eventTimeFloor(block: far + index, of: lane)
          })
      }
      #expect(there < 8 * here + 4_000)
    }
  }

  @Test(arguments: cases)
  func `markers reach every partition at their interval, and say how far a lane is`(
    _ test: WorkloadCase
  ) throws {
    let kind = try #require(workloadKinds.first { $0.name == test.kind })
    let workload = try kind.make(
      WorkloadChoice(
        kind: kind.name, query: test.query, sources: 2, start: start, partitions: 3),
      .constant(Rate(count: test.rate, per: .second)), 1)
    for (lane, _) in lanes(workload) {
      var times: [Int64: Int] = [:]
      for index in 0..<6 {
        let block = try #require(workload.source.block(index, of: lane))
        let marked = (0..<block.count).filter { block.keyLength[$0] == RecordEntry.markerKey }
        // Three by three, in consecutive places.
        for first in stride(from: 0, to: marked.count, by: 3) {
          #expect(marked.count >= first + 3 && marked[first + 2] == marked[first] + 2)
        }
        for i in marked { times[block.eventTime[i], default: 0] += 1 }
        // No event is further behind the last marker than the watermark allows, but for history.
        #expect(marked.allSatisfy { block.start[$0 + 1] > block.start[$0] })
      }
      #expect(times.values.allSatisfy { $0 == 3 })
      #expect(!times.isEmpty)
    }
  }

  /// Changes only with a deliberate change of a workload, which is then named in the change log.
  @Test(arguments: [
    (cases[0], "e19115592229a9d7488955e7a21d0d91"),
    (cases[2], "00c91fa708a7311659da5ff9158aec70"),
  ])
  func `the bytes are the same on every machine`(_ test: WorkloadCase, golden: String) throws {
    let source = try test.make().source
    var digest = RunningDigest()
    for lane in 0..<source.laneCount {
      for index in [0, 7, 10_000] {
        let block = try #require(source.block(index, of: lane))
        for i in 0..<block.count {
          withUnsafeBytes(of: (block.digest[i], block.intendedAt[i])) { digest.update($0) }
        }
      }
    }
    #expect(digest.value().text == golden)
  }
}
