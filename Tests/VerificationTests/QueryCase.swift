import Bytes
import Engines
import Model
import Queries
import Testing
import Verification
import Workloads

/// A row as the cases write it: its columns, then its time in milliseconds.
struct CaseRow: Hashable, Comparable, CustomStringConvertible {
  var cells: [Int64?]
  var time: Int64

  init(_ cells: [Int64?], at time: Int64) {
    self.cells = cells
    self.time = time
  }

  static func < (a: CaseRow, b: CaseRow) -> Bool {
    if a.time != b.time { return a.time < b.time }
    return NaiveRow.less(a.cells, b.cells) ?? false
  }

  var description: String {
    "[" + cells.map { $0.map { "\($0)" } ?? "null" }.joined(separator: ", ") + "] at \(time)"
  }
}

func ms(_ n: Int64) -> Int64 { n * .millisecond }

/// A case of the conformance list: events in their order of arrival, written as (time, sequence,
/// columns), and a plan whose last operator's columns are the result.
struct QueryCase {
  var operators: [PlanOperator]
  var columns: Int
  var delay: Int64 = 1_000
  var lateness: Int64 = 0
  var arrivals: [Small]

  init(
    _ operators: [PlanOperator], columns: Int, delay: Int64 = 1_000, lateness: Int64 = 0,
    _ arrivals: [Small]
  ) {
    self.operators = operators
    self.columns = columns
    self.delay = delay
    self.lateness = lateness
    self.arrivals = arrivals
  }

  var plan: Plan {
    Plan(
      name: "case",
      input: PlanInput(
        stream: "events",
        columns: (0..<(arrivals.first?.columns.count ?? 0)).map { .field("f\($0)") }),
      watermarkDelay: ms(delay), allowedLateness: ms(lateness), operators: [.input(0)] + operators,
      keyColumns: Array(0..<columns), valueColumns: [])
  }

  /// The rows that engine, oracle and naive oracle agree on, and the sequences that were dropped as
  /// late. Once with a restart at every event.
  func run() throws -> (rows: [CaseRow], dropped: [UInt64], overflowed: Bool) {
    let plan = plan
    let driver = try EngineDriver(plan, arrivals)
    driver.run(crashes: [:], pause: [])
    let engine = try driver.rows.map { CaseRow(try cells($0.key), at: $0.time / .millisecond) }
    let restarted = try EngineDriver(plan, arrivals)
    restarted.run(
      crashes: Dictionary(uniqueKeysWithValues: arrivals.indices.map { ($0, $0 % 5) }), pause: [])
    #expect(
      restarted.rows.map(\.key).sorted(by: bytesPrecede)
        == driver.rows.map(\.key).sorted(by: bytesPrecede), "with restarts")
    final class Box { var rows: [([UInt8], Int64)] = [] }
    let box = Box()
    let load = workload(arrivals, plan)
    let oracle = Oracle(workload: load, endOfLoad: nil) {
      box.rows.append(([UInt8]($0.key), $0.time))
    }
    for drop in driver.drops {
      _ = oracle.drop(drop.event, time: .max, at: drop.step, watermark: drop.watermark)
    }
    oracle.finish()
    let due = try box.rows.map { CaseRow(try cells($0.0), at: $0.1 / .millisecond) }
    #expect(engine.sorted() == due.sorted(), "engine and oracle")
    if driver.drops.isEmpty {
      let naive = try NaiveOracle(plan: plan).rows(arrivals)
        .map { CaseRow(try cells($0.key), at: $0.time / .millisecond) }
      #expect(naive.sorted() == due.sorted(), "naive oracle and oracle")
    }
    #expect(oracle.overflowed == driver.program.hasOverflowed)
    return (engine.sorted(), driver.drops.map(\.event.sequence), oracle.overflowed)
  }

  private func bytesPrecede(_ a: [UInt8], _ b: [UInt8]) -> Bool { a.lexicographicallyPrecedes(b) }

  private func cells(_ bytes: [UInt8]) throws -> [Int64?] {
    try bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      var cells: [Int64?] = []
      while !reader.isAtEnd { cells.append(try reader.byte() == 0 ? nil : try reader.signed()) }
      return cells
    }
  }
}
