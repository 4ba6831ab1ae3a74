import Commands
import Model
import Scenarios
import Statistics

/// What the command line asks of the run loop and of the judges. Everything that the commands need
/// of `Harness` goes through here.

/// A scenario that was read, overridden and checked.
struct LoadedScenario {
  var scenario: Scenario
  /// The resolved file: every default and every override.
  var text: String
}

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

/// Where the history of a repetition departs from the recorded one.
struct Difference {
  var entry: UInt64
  var at: Instant
  var recorded: String
  var replayed: String
}

func workloadNames() -> [String] { [] }
