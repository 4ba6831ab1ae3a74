import Bytes
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

/// Small settings of the two kinds: sales of six minutes, a hundred or so players.
struct ShopCase: CustomTestStringConvertible, Sendable {
  var kind: String
  var query: String
  var rate: Int64
  var parameters: [(String, ParameterValue)] = []
  var partitions = 3
  var testDescription: String { "\(kind) \(query) at \(rate)/s" }

  static let shop: [(String, ParameterValue)] = [
    ("ttl", .duration(60 * .second)), ("block", .duration(740 * .second)), ("skus", .count(256)),
  ]
  static let arena: [(String, ParameterValue)] = [("players", .count(1_024))]

  func make(seed: UInt64 = 1, sources: Int = 2) throws -> Workload {
    let kind = try #require(workloadKinds.first { $0.name == self.kind })
    return try kind.make(
      WorkloadChoice(
        kind: kind.name,
        parameters: parameters.map { WorkloadChoice.Parameter(name: $0.0, value: $0.1) },
        query: query, sources: sources, start: start, partitions: partitions),
      .constant(Rate(count: rate, per: .second)), seed)
  }
}

private let cases = [
  ShopCase(kind: "inventory", query: "stock", rate: 20, parameters: ShopCase.shop),
  ShopCase(kind: "inventory", query: "outcome", rate: 20, parameters: ShopCase.shop),
  ShopCase(kind: "leaderboards", query: "board", rate: 20, parameters: ShopCase.arena),
]

/// Reads an event's columns back from its bytes.
private func read(
  _ event: Event, _ workload: Workload
) throws -> (header: RecordHeader, columns: [Int64], nulls: UInt32) {
  let number = try #require(workload.laneStream[event.lane])
  let stream = workload.streams[number]
  let input = workload.plan.inputs[number]
  let reader = try ColumnReader(
    schema: try AvroSchema.parse(stream.schema), schemaID: stream.schemaID,
    columns: input.columns, eventTime: input.eventTime)
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

@Suite struct ShopAndArenaTests {
  @Test(arguments: cases)
  func `a block has the same bytes alone, in any order and from any maker`(
    _ test: ShopCase
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
    #expect(try test.make(seed: 2).source.block(3, of: 2).map(events) != forward[4])
  }

  @Test(arguments: cases)
  func `sequences rise, sends never fall, and floors hold`(_ test: ShopCase) throws {
    let workload = try test.make()
    let source = workload.source
    for lane in 0..<source.laneCount {
      let isLate = workload.lateLanes.contains(lane)
      var lastSend = Int64.min
      var lastTime = Int64.min
      for index in 0..<12 {
        let block = try #require(source.block(index, of: lane))
        let earliest = source.earliestSend(block: index, of: lane).ns
        let floor = source.eventTimeFloor(block: index, of: lane)
        let isOrdered = (0..<block.count).allSatisfy { i in
          defer {
            lastSend = block.intendedAt[i]
            lastTime = block.eventTime[i]
          }
          return block.intendedAt[i] >= max(lastSend, earliest) && block.eventTime[i] >= floor
            && (isLate || block.eventTime[i] >= lastTime)
            && block.eventTime[i] % .millisecond == 0
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
  func `the bytes say what the block says`(_ test: ShopCase) throws {
    let workload = try test.make()
    for lane in 0..<workload.source.laneCount where workload.laneStream[lane] != nil {
      for index in [0, 30] {
        let block = try #require(workload.source.block(index, of: lane))
        for (i, event) in events(block).prefix(60).enumerated() {
          let found = try read(event, workload)
          #expect(found.header.eventTime == event.eventTime)
          #expect(found.header.source == UInt32(lane))
          #expect(found.header.sequence == event.sequence)
          #expect(found.nulls == event.nulls)
          for column in event.columns.indices where event.nulls >> UInt32(column) & 1 == 0 {
            #expect(found.columns[column] == event.columns[column])
          }
          #expect(event.digest == digest64(event.value))
          #expect(event.key.isEmpty == (block.keyLength[i] == RecordEntry.markerKey))
        }
      }
    }
  }

  @Test(arguments: cases)
  func `a block at the far end is as large as one at the beginning`(_ test: ShopCase) throws {
    let source = try test.make().source
    // Event times end in the year 2262: 200 years on is far enough.
    let length = source.eventTimeFloor(block: 40, of: 0) - source.eventTimeFloor(block: 39, of: 0)
    let far = Int(200 * 365 * Nanoseconds.day / length)
    for lane in 0..<source.laneCount {
      let here = (40..<48).reduce(0) { $0 + (source.block($1, of: lane)?.count ?? 0) }
      let blocks = try (far..<far + 8).map { try #require(source.block($0, of: lane)) }
      #expect(blocks.reduce(0) { $0 + $1.count } < 8 * here + 400)
      for (index, block) in zip(far..., blocks) {
        #expect(block.baseSequence == UInt64(index) << 20)
        let floor = source.eventTimeFloor(block: index, of: lane)
        #expect((0..<block.count).allSatisfy { block.eventTime[$0] >= floor })
      }
    }
  }

  @Test(arguments: cases)
  func `markers reach every partition, side by side`(_ test: ShopCase) throws {
    let workload = try test.make()
    for lane in 0..<workload.source.laneCount {
      guard let stream = workload.laneStream[lane] else { continue }
      var stamps: [Int64] = []
      for index in 0..<4 {
        let block = try #require(workload.source.block(index, of: lane))
        let marks = (0..<block.count).filter { block.keyLength[$0] == RecordEntry.markerKey }
        #expect(marks.count % 3 == 0)
        for first in stride(from: 0, to: marks.count, by: 3) {
          #expect(marks[first + 2] == marks[first] + 2)
          #expect(block.eventTime[marks[first + 2]] == block.eventTime[marks[first]])
          stamps.append(block.eventTime[marks[first]])
        }
        for event in events(block) {
          let isMarker = isMarked(event, workload.plan.inputs[stream])
          #expect(isMarker == event.key.isEmpty)
        }
      }
      #expect(stamps.isEmpty == workload.lateLanes.contains(lane))
      #expect(zip(stamps, stamps.dropFirst()).allSatisfy { $0 < $1 })
    }
  }

  private func isMarked(_ event: Event, _ input: PlanInput) -> Bool {
    guard case .equal(.column(let column), let value)? = input.isMarker else { return false }
    return event.columns[column] == value
  }

  @Test(arguments: cases)
  func `changes of schemas are what they are called`(_ test: ShopCase) throws {
    for contract in try test.make().contracts {
      let old = try Schema.parse(contract.schema)
      #expect(contract.changes.contains { $0.kind == .compatible })
      #expect(contract.changes.contains { $0.kind == .breaking || $0.kind == .forwardOnly })
      for change in contract.changes {
        #expect(change.schema != contract.schema, "\(contract.stream): \(change.summary)")
        let new = try Schema.parse(change.schema)
        let backward = resolve(reader: new, writer: old).isEmpty
        let forward = resolve(reader: old, writer: new).isEmpty
        let expected: (Bool, Bool) =
          switch change.kind {
          case .compatible: (true, true)
          case .backwardOnly: (true, false)
          case .forwardOnly: (false, true)
          case .breaking: (false, false)
          }
        #expect(
          (backward, forward) == expected,
          "\(contract.stream): \(change.summary): \(backward), \(forward)")
      }
    }
  }

  @Test func `lanes have the stream of their number, whatever is asked`() throws {
    let stock = try cases[0].make()
    let outcome = try cases[1].make()
    #expect(stock.laneStream == [0, 0, 1, 1, nil, nil, nil, nil, nil, nil])
    #expect(outcome.laneStream == [nil, nil, nil, nil, 1, 1, 0, 0, 1, 1])
    #expect(stock.lateLanes == [8, 9])
    let board = try cases[2].make()
    #expect(board.laneStream == [0, 0, nil, nil, 0, 0, 0, 0])
    #expect(board.lateLanes == [4, 5, 6, 7])
    for workload in [stock, outcome, board] {
      #expect(workload.plan.inputs.map(\.stream) == workload.streams.map(\.name))
      #expect(
        workload.plan.labels.count
          == workload.plan.keyColumns.count + workload.plan.valueColumns.count)
    }
  }

  @Test(arguments: [
    ("inventory", "stock", [("ttl", ParameterValue.duration(1_500_000))]),
    ("inventory", "stock", [("ttl", .duration(1_000 * .second))]),
    ("inventory", "stock", [("skus", .count(100))]),
    ("leaderboards", "board", [("lateness", .duration(4_000 * .second))]),
    ("leaderboards", "board", [("window", .duration(61_000_500_000))]),
  ])
  func `what fits no single range is refused`(
    _ kind: String, _ query: String, _ parameters: [(String, ParameterValue)]
  ) {
    #expect(throws: Problems.self) {
      try workload(kind, query: query, sources: 8, rate: 20, parameters)
    }
  }

  @Test func `a sale of too many orders is refused`() {
    #expect(throws: Problems.self) {
      try workload("inventory", query: "stock", sources: 1, rate: 1_000_000)
    }
  }
}
