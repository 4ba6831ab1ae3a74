import Model
import Scenarios
import Statistics
import Workloads

/// What is known of a run beside what its history proves.
struct RunFacts {
  var scenario: Scenario
  var scenarioText: String
  var version: String
  var workload: Workload
  var phases: PhasePlan
  var hash: Digest128
  var historyEntries: UInt64
  var interruptedAt: Instant?
  var machine: MachineFacts
  var sent: UInt64

  /// False when the backbone delivers nothing, so that there is nothing to judge.
  var delivers: Bool { scenario.backbone.kind != .null }
  var clock: RunClock { machine.clock }
  var measured: Nanoseconds { phases.healStart - phases.measureStart }
}
