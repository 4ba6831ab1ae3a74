import Bytes
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

struct WorkloadCase: CustomTestStringConvertible, Sendable {
  var kind: String
  var query: String
  var rate: Int64
  var testDescription: String { "\(kind) \(query) at \(rate)/s" }

  func make(seed: UInt64 = 1, sources: Int = 2) throws -> Workload {
    try workload(kind, query: query, sources: sources, rate: rate, seed: seed)
  }
}

private let cases = [
  WorkloadCase(kind: "fraud-detection", query: "alerts", rate: 2_000),
  WorkloadCase(kind: "fraud-detection", query: "decisions", rate: 3),
  WorkloadCase(kind: "fraud-detection", query: "alerts", rate: 20_000),
  WorkloadCase(kind: "pass-through", query: "copy", rate: 2_000),
  WorkloadCase(kind: "pass-through", query: "count", rate: 20_000),
]

/// What every workload keeps, whatever it is about.
@Suite struct EveryWorkloadTests {
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
    #expect(try test.make(seed: 2).source.block(3, of: 0).map(events) != forward[0])
  }

  @Test(arguments: cases)
  func `sequences rise, sends never fall, and floors hold`(_ test: WorkloadCase) throws {
    let workload = try test.make()
    let source = workload.source
    for lane in 0..<source.laneCount {
      let isLate = workload.lateLanes.contains(lane)
      var lastSend = Int64.min
      var lastTime = Int64.min
      for index in 0..<10 {
        let block = try #require(source.block(index, of: lane))
        let earliest = source.earliestSend(block: index, of: lane).ns
        let floor = source.eventTimeFloor(block: index, of: lane)
        // One expectation a block: they are slow.
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
  func `the bytes say what the block says`(_ test: WorkloadCase) throws {
    let workload = try test.make()
    for lane in 0..<workload.source.laneCount {
      for index in [0, 1, 9] {
        let block = try #require(workload.source.block(index, of: lane))
        for event in events(block).prefix(40) {
          let read = try decoded(event, workload)
          #expect(read.header.eventTime == event.eventTime)
          #expect(read.header.source == UInt32(lane))
          #expect(read.header.sequence == event.sequence)
          #expect(read.columns == event.columns)
          #expect(read.nulls == event.nulls)
          #expect(event.digest == digest64(event.value))
        }
      }
    }
  }

  @Test(arguments: cases)
  func `the rate is the one asked for`(_ test: WorkloadCase) throws {
    if test.rate < 100 { return }
    let workload = try test.make(sources: 8)
    let blocks = test.rate > 10_000 ? 3 : 20
    let lengths = workload.source.earliestSend(block: blocks, of: 0).ns
    let count = (0..<8).reduce(0) { sum, lane in
      sum + (0..<blocks).reduce(0) { $0 + (workload.source.block($1, of: lane)?.count ?? 0) }
    }
    let expected = Double(test.rate) * Double(lengths) / 1e9
    #expect(abs(Double(count) / expected - 1) < 0.2)
  }

  @Test(arguments: cases)
  func `a block a trillion events on is as large as one at the beginning`(
    _ test: WorkloadCase
  ) throws {
    let source = try test.make().source
    let far = min(1_000_000_000_000 / Int(test.rate), 1_000_000_000)
    let here = try #require(source.block(20, of: 0))
    let there = try #require(source.block(far, of: 0))
    #expect(there.count < 4 * here.count + 20)
    #expect(there.baseSequence == UInt64(far) << 20)
    if there.count > 0 {
      #expect(there.eventTime[0] >= source.eventTimeFloor(block: far, of: 0))
    }
  }

  /// Changes only with a deliberate change of a workload, which is then named in the change log.
  @Test(arguments: [
    (cases[0], "1924241d782858fa0f8aab6e5ee01079"),
    (cases[3], "2074a5c32e6f154009393a1aca85393b"),
  ])
  func `the bytes are the same on every machine`(_ test: WorkloadCase, golden: String) throws {
    let source = try test.make().source
    var digest = RunningDigest()
    for lane in 0..<source.laneCount {
      for index in [0, 7, 100_000] {
        let block = try #require(source.block(index, of: lane))
        for i in 0..<block.count {
          withUnsafeBytes(of: (block.digest[i], block.intendedAt[i])) { digest.update($0) }
        }
      }
    }
    #expect(digest.value().text == golden)
  }

  @Test func `every kind makes every query with its defaults`() throws {
    for kind in workloadKinds {
      for query in kind.queries {
        let made = try workload(kind.name, query: query.name, sources: kind.defaultSources)
        #expect(made.kind == kind.name)
        #expect(made.plan.name == query.name)
        #expect(made.plan.operators[0] == .input(0))
      }
      #expect(throws: Problems.self) { try workload(kind.name, query: "no such") }
      #expect(throws: Problems.self) {
        try workload(kind.name, query: kind.queries[0].name, sources: 0)
      }
      for parameter in kind.parameters {
        #expect(parameter.allows(parameter.defaultValue))
        #expect(parameter.allows(parameter.minimum))
        #expect(parameter.allows(parameter.maximum))
        #expect(!parameter.allows(.choice("no such")))
      }
    }
  }
}
