import Harness
import Model
import Scenarios
import Statistics
import Testing

/// Whole runs with a job of the user in place of the engine: a fake one, on a log in memory.
@Suite(.serialized) struct JobRunTests {
  private func jobScenario(
    _ encoding: StreamEncoding, flush: Nanoseconds? = nil, _ checks: OutputCheck.Kind...
  ) -> Scenario {
    var scenario = smallScenario("pass-through", query: "copy", rate: 400)
    scenario.backbone.kind = .kafka
    scenario.clock = .wall
    scenario.engine.kind = .external
    scenario.engine.job = JobChoice(
      start: ["a"], reads: StreamChoice(name: "events", encoding: encoding),
      writes: StreamChoice(name: "copies", encoding: encoding), flush: flush)
    scenario.expect.output = checks.map { OutputCheck(kind: $0, stream: "copies") }
    scenario.expect.thresholds = [
      // Nothing here is measured, and the machine of a test may be busy.
      Threshold(metric: "send_lateness.p99", comparison: .below, limit: .duration(.minute))
    ]
    return scenario
  }

  private func run(
    _ scenario: Scenario, _ defect: FakeJob.Defect = .none, rows: RowProvider? = nil
  ) throws -> RunResult {
    let path = temporaryPath("job")
    defer { remove(path) }
    var request = RunRequest(
      scenario: scenario, scenarioText: printScenario(scenario), command: "a test",
      historyPath: path, version: "test")
    let log = FakeLog(partitions: scenario.resources.partitions)
    request.openLive = { (_: Scenario, _: Int) throws(RunFailure) in
      LiveSystem(backbone: log, engine: FakeJob(log, defect))
    }
    if let rows { request.expectedRows = [(0, rows)] }
    let result = try execute(request).result
    let again = try judgeHistory(
      path: path, machine: nil, traceFile: { _ in nil },
      parse: { (_: String) throws(Problems) in scenario })
    #expect(again.outcome.correctness == result.outcome.correctness, "from the history alone")
    #expect(again.anomalies.found == result.anomalies.found)
    return result
  }

  @Test func `a job that copies everything is valid, through a crash, in both encodings`() throws {
    for encoding in [StreamEncoding.avro, .json] {
      var scenario = jobScenario(encoding, .eachOnce(.exactly))
      scenario.faults.plan = [Fault.crash(.engine)]
      let result = try run(scenario)
      #expect(result.outcome.correctness == .valid, "\(encoding): \(result.story)")
      #expect(result.faults.allSatisfy { $0.confirmed && $0.healed })
      #expect(result.oracle.due == result.usage.events && result.oracle.due > 500)
      #expect(result.latency.all.count > 0, "each output has the latency of its event")
      #expect(result.rates.backlogEnd == 0)
    }
  }

  @Test func `one event that is lost or repeated is found among all`() throws {
    let lost = try run(jobScenario(.avro, .eachOnce(.exactly)), .loses)
    #expect(lost.anomalies.found.map(\.id) == ["E2"], "\(lost.story)")
    #expect(lost.outcome.code == .violated)
    let repeated = try run(jobScenario(.json, .eachOnce(.exactly)), .repeats)
    #expect(repeated.anomalies.found.map(\.id) == ["S2"], "\(repeated.story)")
    #expect(repeated.anomalies.found.first?.count == 1)
  }

  @Test func `events that close windows are sent on every partition, and judged by nobody`() throws
  {
    let result = try run(jobScenario(.json, flush: 2 * .second, .eachOnce(.exactly)))
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    #expect(result.oracle.due == result.usage.events)
  }

  @Test func `rows that a command would make are those of the events`() throws {
    let scenario = jobScenario(
      .json, .equal(by: [.value(["sequence"])], to: .command(["x"]), ignore: []))
    let rows: RowProvider = { events in
      .rows(events().map { ExpectedRows.Row(key: nil, value: $0) })
    }
    let result = try run(scenario, rows: rows)
    #expect(result.outcome.correctness == .valid, "\(result.story)")
    let changed = try run(
      scenario,
      rows: { events in
        .rows(
          events().enumerated().map { place, row in
            let text = String(decoding: row, as: UTF8.self)
            let other = place == 7 ? text.replacing("\"key\":", with: "\"key\":1") : text
            return ExpectedRows.Row(key: nil, value: Array(other.utf8))
          })
      })
    #expect(changed.anomalies.found.map(\.id) == ["E1"], "\(changed.story)")
    let none = try run(scenario, rows: { _ in .problem("the command failed") })
    #expect(none.outcome.correctness == .unknown)
  }

  @Test func `a job that ends by itself is invalid, and the run does not wait for it`() throws {
    let result = try run(jobScenario(.avro, .eachOnce(.exactly)), .ends)
    #expect(result.anomalies.found.map(\.id).contains("V10"), "\(result.story)")
    #expect(result.anomalies.found.map(\.id).contains("E2"))
    #expect(result.outcome.code == .violated)
  }
}
