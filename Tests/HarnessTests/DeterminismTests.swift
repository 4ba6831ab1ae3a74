import Faults
import Harness
import History
import Model
import Scenarios
import Statistics
import Testing

@Suite struct DeterminismTests {
  static let faults = [
    Fault.crash(.engine), Fault.message(.delay), Fault.message(.dropResponse, .sink),
  ]

  @Test func `one seed gives one history, another seed another`() throws {
    var scenario = smallScenario(faults: Self.faults)
    let first = try run(scenario)
    let second = try run(scenario)
    #expect(first.identity.historyHash == second.identity.historyHash)
    scenario.seed = 2
    let third = try run(scenario)
    #expect(first.identity.historyHash != third.identity.historyHash)
    #expect(third.outcome.correctness == .valid, "\(third.story)")
  }

  @Test func `a file changes nothing, and holds what was hashed`() throws {
    let path = temporaryPath("same")
    defer { remove(path) }
    let scenario = smallScenario(faults: Self.faults)
    let kept = try run(scenario, path: path)
    #expect(kept.identity.historyHash == (try run(scenario)).identity.historyHash)
    var entries: UInt64 = 0
    let reading = try HistoryFile.read(path) { _, first, _ in
      entries = first
      return true
    }
    #expect(reading.hash == kept.identity.historyHash)
    #expect(reading.end == .complete)
    #expect(reading.entryCount > entries)
  }

  @Test func `virtual and paced runs have the same history`() throws {
    var scenario = smallScenario(
      faults: Self.faults.map { fault in
        var sooner = fault
        sooner.at = min(fault.at, 300 * .millisecond)
        sooner.duration = min(fault.duration, 200 * .millisecond)
        return sooner
      })
    scenario.phases.warmUp = 100 * .millisecond
    scenario.phases.measure = 600 * .millisecond
    scenario.phases.heal = 100 * .millisecond
    let virtual = try run(scenario)
    scenario.clock = .wall
    let paced = try run(scenario)
    #expect(paced.identity.clock == .paced)
    #expect(virtual.identity.historyHash == paced.identity.historyHash)
    #expect(paced.outcome.correctness == .valid, "\(paced.story)")
  }
}
