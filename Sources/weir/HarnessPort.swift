import Commands
import Model
import Scenarios
import Statistics

/// What the command line asks of the run loop and of the judges. Everything that the commands need
/// of `Harness` goes through here.

/// What a run is doing, for the live line: counts since it began.
struct ProgressFigures {
  var phase: String
  /// Run time, and where the load ends.
  var now: Instant
  var endOfLoad: Instant
  var sent: UInt64
  var read: UInt64
  var backlog: UInt64
  var faultsSoFar: Int
  var faultsPlanned: Int
}

private let absent = failure("the run loop is not in this version")

func execute(
  _ loaded: LoadedScenario, overrides: [String], command: String, history: String,
  progress: @escaping (ProgressFigures) -> Void
) throws(Problems) -> RunResult {
  throw absent
}

/// Judges a history file from its entries alone.
func judge(history: String) throws(Problems) -> RunResult { throw absent }

/// The result of a run folder as it was reported, from its history and what stands beside it.
func readRun(folder: String) throws(Problems) -> RunResult { throw absent }
