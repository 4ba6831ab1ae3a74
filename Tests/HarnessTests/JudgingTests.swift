import Faults
import Harness
import Model
import Scenarios
import Statistics
import Testing

@Suite struct JudgingTests {
  /// The verdict on a history file, from its entries and the scenario that wrote them.
  func judged(_ path: String, _ scenario: Scenario) throws(RunFailure) -> RunResult {
    let parse = { (_: String) throws(Problems) -> Scenario in scenario }
    return try judgeHistory(path: path, machine: nil, traceFile: { _ in nil }, parse: parse)
  }

  @Test func `a history is judged again as the run was`() throws {
    let path = temporaryPath("again")
    defer { remove(path) }
    for sink in [SinkKind.transactional, .append] {
      let scenario = smallScenario(sink: sink, faults: [Fault.crash(.engine)])
      let result = try run(scenario, path: path)
      let again = try judged(path, scenario)
      #expect(again.outcome.correctness == result.outcome.correctness)
      #expect(again.identity.historyHash == result.identity.historyHash)
      #expect(again.anomalies.found == result.anomalies.found)
      #expect(again.oracle.due == result.oracle.due)
    }
  }

  @Test func `a truncated history is never valid`() throws {
    let path = temporaryPath("whole")
    let cut = temporaryPath("cut")
    defer {
      remove(path)
      remove(cut)
    }
    let scenario = smallScenario(rate: 400)
    #expect(try run(scenario, path: path).outcome.correctness == .valid)
    let bytes = readFile(path)
    for part in [1, 2, 9, 30, 60, 90, 99] {
      writeFile(cut, Array(bytes.prefix(bytes.count * part / 100)))
      expectNotValid(cut, scenario, "cut to \(part) %")
    }
    for back in [1, 7, 40, 500] {
      writeFile(cut, Array(bytes.dropLast(back)))
      expectNotValid(cut, scenario, "without its last \(back) bytes")
    }
  }

  @Test func `nor is a damaged one`() throws {
    let path = temporaryPath("sound")
    let bad = temporaryPath("bad")
    defer {
      remove(path)
      remove(bad)
    }
    let scenario = smallScenario(rate: 400)
    _ = try run(scenario, path: path)
    var bytes = readFile(path)
    for place in stride(from: 3, to: bytes.count, by: bytes.count / 9) {
      bytes[place] ^= 0x20
      writeFile(bad, bytes)
      expectNotValid(bad, scenario, "byte \(place) changed")
      bytes[place] ^= 0x20
    }
  }

  private func expectNotValid(_ path: String, _ scenario: Scenario, _ what: Comment) {
    do throws(RunFailure) {
      let result = try judged(path, scenario)
      #expect(result.outcome.correctness != .valid, what)
      #expect(result.outcome.code != .holds, what)
    } catch {
      guard case .history(let message) = error else {
        Issue.record("\(what): \(error)")
        return
      }
      #expect(!message.isEmpty)
    }
  }

  @Test func `a run that cannot finish is unknown`() throws {
    var fault = Fault.partition
    fault.at = 1_400 * .millisecond
    fault.duration = 60 * .second
    var scenario = smallScenario(faults: [fault])
    scenario.phases.drain = .second
    let result = try run(scenario)
    #expect(result.outcome.correctness == .unknown, "\(result.story)")
    #expect(result.outcome.code == .inconclusive)
    #expect(!result.outcome.correctnessReason.isEmpty)
  }

  @Test func `a run in which nothing was due says that nothing was compared`() throws {
    var scenario = smallScenario(query: "alerts")
    scenario.workload.parameters = [
      .init(name: "cards", value: .count(10_000_000)), .init(name: "fraud", value: .ratio(.zero)),
      .init(name: "honest", value: .ratio(.zero)),
    ]
    let result = try run(scenario)
    #expect(result.outcome.correctness == .unknown, "\(result.story)")
  }
}
