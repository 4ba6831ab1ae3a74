import Bytes
import Engines
import Model
import Queries
import Testing
import Verification

/// A case of the conformance list over several streams, for the two oracles and for the engine, in
/// one task and in two, with a restart at every event. The result has all columns of the
/// last operator.
struct StreamCase {
  var streams = 2
  var operators: [PlanOperator]
  var columns: Int
  var emission = Emission.final
  var resolution = Nanoseconds.millisecond
  var events: [Small]

  init(
    _ operators: [PlanOperator], columns: Int, streams: Int = 2, emission: Emission = .final,
    _ events: [Small]
  ) {
    self.operators = operators
    self.columns = columns
    self.streams = streams
    self.emission = emission
    self.events = events
  }

  var plan: Plan {
    Plan(
      name: "case",
      inputs: (0..<streams).map { stream in
        PlanInput(
          stream: "events\(stream)",
          columns: (0..<(events.first?.columns.count ?? 0)).map { .field("f\($0)") })
      },
      watermarkDelay: ms(1_000), resolution: resolution, emission: emission,
      operators: (0..<streams).map { .input($0) } + operators,
      keyColumns: Array(0..<columns), valueColumns: [])
  }

  /// Rows that both oracles agree on, however far the streaming one is brought in between.
  func run() throws -> (rows: [CaseRow], failure: String?, overflowed: Bool) {
    let plan = plan
    let load = workload(events, plan, perBlock: 2)
    var naive = NaiveOracle(plan: plan)
    naive.drops = [:]
    let rows = try naive.rows(events).map {
      CaseRow(try cells($0.key), at: $0.time / .millisecond)
    }.sorted()
    var failure: String?
    for stops in [[], [5, 12, 20], Array(stride(from: -5, to: 60, by: 1))] as [[Int64]] {
      final class Box { var rows: [([UInt8], Int64)] = [] }
      let box = Box()
      let oracle = Oracle(workload: load, endOfLoad: nil) {
        box.rows.append(([UInt8]($0.key), $0.time))
      }
      for stop in stops { oracle.advance(to: ms(stop)) }
      oracle.finish()
      let streamed = try box.rows.map { CaseRow(try cells($0.0), at: $0.1 / .millisecond) }
      #expect(streamed.sorted() == rows, "brought to \(stops)")
      #expect(oracle.overflowed == naive.flags.overflowed)
      failure = oracle.failure
    }
    for tasks in [1, 2] {
      let driver = try EngineDriver(plan, events, tasks: tasks)
      let places =
        tasks == 1
        ? [:]
        : [Int: Int](
          uniqueKeysWithValues: events.indices.map { ($0, $0 % 5) })
      driver.run(crashes: places, pause: [])
      #expect((driver.program.failure == nil) == (failure == nil))
      if failure != nil { continue }
      #expect(driver.drops.isEmpty)
      #expect(try table(driver.rows) == rows, "engine of \(tasks) tasks")
      #expect(driver.program.hasOverflowed == naive.flags.overflowed)
    }
    return (rows, failure, naive.flags.overflowed)
  }

  /// What counts of the engine's rows in the end.
  private func table(_ rows: [ResultRow]) throws -> [CaseRow] {
    var counting = rows
    if emission == .corrections {
      var last: [[UInt8]: ResultRow] = [:]
      for row in rows { last[row.key] = row }
      counting = last.values.filter { !$0.isTombstone }
    }
    return try counting.map { CaseRow(try cells($0.key), at: $0.time / .millisecond) }.sorted()
  }

  private func cells(_ bytes: [UInt8]) throws -> [Int64?] {
    try bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      var cells: [Int64?] = []
      while !reader.isAtEnd { cells.append(try reader.byte() == 0 ? nil : try reader.signed()) }
      return cells
    }
  }
}
