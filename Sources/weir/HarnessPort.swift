import Commands
import Harness
import Model
import Scenarios
import Statistics

/// What the command line asks of the run loop and of the judges: everything that it needs of
/// `Harness` goes through here.

/// Runs a scenario and judges it; the history is written to `history` as the run goes on.
func execute(
  _ loaded: LoadedScenario, overrides: [String], command: String, history: String?,
  trace: String?, progress: @escaping (RunProgress) -> Void = { _ in }
) throws(Problems) -> RunResult {
  let request = RunRequest(
    scenario: loaded.scenario, scenarioText: loaded.resolved, command: command,
    overrides: overrides, historyPath: history, tracePath: trace, version: weirVersion)
  do throws(RunFailure) {
    return try Harness.execute(request, progress: progress)
  } catch {
    throw problems(error)
  }
}

/// Judges a history file from its entries alone. A trace that it names is looked for from the
/// current folder.
func judge(history: String) throws(Problems) -> RunResult {
  do throws(RunFailure) {
    return try judgeHistory(path: history, version: weirVersion, tracePath: nil) {
      text throws(Problems) in
      try loadScenario(
        bytes: Array(text.utf8), file: history, name: "recorded", catalog: Catalogue.forLoader
      ).get().scenario
    }
  } catch {
    throw problems(error)
  }
}

/// The result of a run folder, judged again from its history.
func readRun(folder: String) throws(Problems) -> RunResult {
  let recorded = try RecordedResult("\(folder)/result.json")
  var result = try judge(history: "\(folder)/history.weir")
  try recorded.complete(&result)
  if result.identity.clock == .live {
    throw failure(
      "\(folder) was a live run: what its own sender measured is not in the history, so it cannot "
        + "be rendered again in this version")
  }
  return result
}

private func problems(_ failure: RunFailure) -> Problems {
  switch failure {
  case .problems(let problems): problems
  case .history(let message): weirFailure(message)
  case .internalError(let message): weirFailure(message, code: .internalError)
  }
}

private func weirFailure(_ message: String, code: ExitCode = .usage) -> Problems {
  Problems([Problem(file: "weir", message: message)], code: code)
}
