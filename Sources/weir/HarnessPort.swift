import Commands
import Model
import Scenarios
import Statistics

/// What the command line asks of the run loop and of the judges. Everything that the commands need
/// of `Harness` goes through here.

/// Figures of the last seconds of a run, for the live line.
struct ProgressFigures {
  var phase: String
  /// Run time since the start of the phase, and how long the phase lasts if that is known.
  var position: Nanoseconds
  var length: Nanoseconds?
  var offered: Double
  var done: Double
  var p99: Nanoseconds?
  var backlog: UInt64
  var faultsBegun: Int
  var faultsPlanned: Int
  var anomalies: Int
  /// Things that happened since the last call: phases, faults, new classes of anomalies.
  var news: [String]
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
