import Bytes
import Model
import Queries
import Scenarios
import Testing
import Workloads

@Suite struct PassThroughTests {
  @Test func `copy identifies rows by event, count by key and window`() throws {
    let copy = try #require(passThroughPlan(query: "copy", stream: "anything"))
    #expect(copy.operators == [.input(0)])
    #expect(copy.keyColumns.map { copy.input.columns[$0] } == [.source, .sequence])
    #expect(copy.valueColumns.map { copy.input.columns[$0] } == [.valueDigest])
    let count = try #require(
      passThroughPlan(query: "count", stream: "anything", window: 5 * .second))
    #expect(
      count.operators == [
        .input(0), .tumbling(0, key: [0], size: 5 * .second, offset: 0, [.count]),
      ])
    #expect(passThroughPlan(query: "sum", stream: "anything") == nil)
  }

  @Test func `payload and keys are as many as asked for`() throws {
    let workload = try workload(
      "pass-through", query: "count", [("payload", .count(100)), ("keys", .count(7))])
    let all = events(workload.source, blocks: 0..<2)
    #expect(Set(all.map(\.key)).count == 7)
    #expect(all.allSatisfy { (108...135).contains($0.value.count) })
    #expect(Set(all.map(\.digest)).count == all.count)
    #expect(all.allSatisfy { $0.columns[0] == Int64(bitPattern: digest64($0.key)) })
  }

  @Test(arguments: [0, 1, 7, 8, 9]) func `a payload may have any size`(size: Int64) throws {
    let workload = try workload("pass-through", query: "copy", [("payload", .count(size))])
    let block = try #require(workload.source.block(1, of: 0))
    for event in events(block).prefix(20) {
      #expect(try decoded(event, workload).columns == event.columns)
    }
  }

  @Test func `a load that is a trace's is refused`() throws {
    for kind in workloadKinds {
      #expect(throws: Problems.self) {
        try kind.make(
          WorkloadChoice(
            kind: kind.name, query: kind.queries[0].name, sources: 1, start: Timestamp(ns: 0)),
          .trace(speed: nil, idleCap: nil), 1)
      }
    }
  }
}
