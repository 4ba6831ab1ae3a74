import Model
import Queries
import Schemas
import Testing
import Workloads

/// Workloads with contracts, each with a query that reads as many of its streams as any.
private let cases = [
  WorkloadCase(kind: "fleet", query: "trips", rate: 8_000),
  WorkloadCase(kind: "patient-monitoring", query: "screen", rate: 20_000),
]

/// The value of an expression over some columns; nil is null. Enough of the language for rules.
private func value(_ expression: Expression, _ row: [Int64?]) -> Int64? {
  func both(_ a: Expression, _ b: Expression, _ make: (Int64, Int64) -> Int64?) -> Int64? {
    guard let x = value(a, row), let y = value(b, row) else { return nil }
    return make(x, y)
  }
  func floored(_ a: Int64, _ b: Int64) -> Int64 {
    a / b - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0)
  }
  switch expression {
  case .column(let column): return row[column]
  case .constant(let constant): return constant
  case .subtract(let a, let b): return both(a, b) { $0 - $1 }
  case .divide(let a, let b, .floor): return both(a, b) { $1 == 0 ? nil : floored($0, $1) }
  case .modulo(let a, let b): return both(a, b) { $1 == 0 ? nil : $0 - floored($0, $1) * $1 }
  default:
    Issue.record("a rule with an expression that this test does not know: \(expression)")
    return nil
  }
}

private func holds(_ predicate: Predicate, _ row: [Int64?]) -> Bool? {
  switch predicate {
  case .equal(let a, let b): value(a, row).map { $0 == b }
  case .among(let a, let all): value(a, row).map { all.contains($0) }
  case .atLeast(let a, let b): value(a, row).map { $0 >= b }
  case .atMost(let a, let b): value(a, row).map { $0 <= b }
  case .isNull(let a): value(a, row) == nil
  case .not(let a): holds(a, row).map { !$0 }
  case .same(let a, let b):
    value(a, row).flatMap { x in value(b, row).map { x == $0 } }
  case .less(let a, let b):
    value(a, row).flatMap { x in value(b, row).map { x < $0 } }
  case .and(let all): together(all.map { holds($0, row) }, decisive: false)
  case .or(let any): together(any.map { holds($0, row) }, decisive: true)
  }
}

private func together(_ parts: [Bool?], decisive: Bool) -> Bool? {
  if parts.contains(decisive) { return decisive }
  return parts.contains(nil) ? nil : !decisive
}

/// Name of the first rule that a record breaks.
func brokenRule(
  _ event: Event, _ workload: Workload, _ contract: StreamContract, _ eventTime: String
) throws -> String? {
  for rule in contract.rules {
    let read = try fields(event, workload, rule.columns, eventTime)
    let row = rule.columns.indices.map { column in
      read.nulls >> UInt32(column) & 1 == 1 ? nil : Optional(read.columns[column])
    }
    if holds(rule.holds, row) == false { return rule.name }
  }
  return nil
}

@Suite struct ContractTests {
  @Test(arguments: cases)
  func `every stream of a plan has a contract with its schema`(_ test: WorkloadCase) throws {
    let workload = try test.make()
    for stream in workload.streams {
      let contract = try #require(workload.contracts.first { $0.stream == stream.name })
      #expect(contract.schema == stream.schema)
      #expect(Set(contract.rules.map(\.name)).count == contract.rules.count)
      let reasons = contract.rules.compactMap {
        ValidityRule.Reason.allCases.firstIndex(of: $0.reason)
      }
      #expect(reasons == reasons.sorted(), "\(stream.name): rules stand in the order of reasons")
    }
  }

  @Test(arguments: cases)
  func `changes of schemas are what they are called`(_ test: WorkloadCase) throws {
    for contract in try test.make().contracts {
      let old = try Schema.parse(contract.schema)
      #expect(contract.changes.contains { $0.kind == .compatible })
      #expect(contract.changes.contains { $0.kind == .breaking })
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

  @Test(arguments: cases)
  func `records obey the rules of their stream, but for those invalid by nature`(
    _ test: WorkloadCase
  ) throws {
    let workload = try test.make()
    var broken: [String: Int] = [:]
    var count = 0
    for (lane, stream) in lanes(workload) {
      let name = workload.streams[stream].name
      let contract = try #require(workload.contracts.first { $0.stream == name })
      for index in [0, 3, 11] {
        let block = try #require(workload.source.block(index, of: lane))
        for (i, event) in events(block).enumerated()
        where i < 300 && block.keyLength[i] != RecordEntry.markerKey {
          count += 1
          let rule = try brokenRule(
            event, workload, contract, workload.plan.inputs[stream].eventTime)
          if let rule { broken["\(name) \(rule)", default: 0] += 1 }
        }
      }
    }
    #expect(count > 500)
    let natural = broken.keys.allSatisfy {
      ["positions null-island", "positions speed_mph"].contains($0)
    }
    #expect(natural, "\(broken)")
  }
}
