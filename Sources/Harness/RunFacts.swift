import Backbones
import Model
import Scenarios
import Statistics
import Workloads

/// What the run itself knows, for its result.
struct RunFacts {
  var request: RunRequest
  var workload: Workload
  var clock: RunClock
  var phases: PhasePlan
  var hash: Digest128
  var historyEntries: UInt64
  var historyBytes: UInt64
  /// Why the history is not whole on disk.
  var historyFailure: String?
  var ended: Instant
  var interruptedAt: Instant?
  var sendLateness: LatencyHistogram
  var backboneUsage: BackboneUsage
  var engineBusy: Nanoseconds
  var sent: UInt64
  var sentBytes: UInt64
  /// False when the backbone delivers nothing, so that there is nothing to judge.
  var delivers: Bool

  var scenario: Scenario { request.scenario }
  var measured: Nanoseconds { phases.healStart - phases.measureStart }
}
