import CShim
import Glibc
import Model
import Processes
import Scenarios

/// The processes of a job: started, watched and ended. Knows no time; nothing here waits, except
/// `endAll`.
final class JobProcesses {
  private let plan: JobPlan
  private let records: ProcessRecords
  /// The process that `start` or `restart` left in the foreground.
  private(set) var foreground: ProcessIdentity?
  /// A command that is running beside it.
  private(set) var command: ProcessIdentity?
  private var spent: Nanoseconds = 0

  init(_ plan: JobPlan) {
    self.plan = plan
    records = ProcessRecords(stateFolder: plan.stateFolder)
  }

  /// CPU of the foreground process, also of those that are gone.
  var busy: Nanoseconds { spent + (foreground?.cpu ?? 0) }

  private func program(_ line: [String]) -> Program {
    Program(
      line, directory: plan.directory,
      variables: plan.job.environment.map { "\($0.name)=\($0.value)" }
        + plan.told.map { "\($0.name)=\($0.value)" },
      log: plan.log)
  }

  /// Starts what may stay in the foreground.
  func startJob(_ line: [String]) throws(ProcessProblem) {
    let process = try program(line).start()
    foreground = process
    try records.add(job: process, variable: plan.mark)
  }

  func startCommand(_ line: [String]) throws(ProcessProblem) {
    command = try program(line).start()
  }

  /// The exit code of the foreground process once it has ended: then there is none any more.
  func takeForegroundEnd() -> Int32? {
    guard let process = foreground else { return nil }
    // Of a process that has ended and was not waited for, the CPU is still told.
    let cpu = process.cpu
    let code = shim_wait(process.number, 0)
    if code == -EAGAIN { return nil }
    spent += cpu
    foreground = nil
    return code
  }

  func takeCommandEnd() -> Int32? {
    guard let process = command else { return nil }
    let code = shim_wait(process.number, 0)
    if code == -EAGAIN { return nil }
    command = nil
    return code
  }

  /// The command took too long.
  func endCommand() {
    guard let process = command else { return }
    _ = shim_kill(-process.number, SIGKILL)
    _ = shim_wait(process.number, 1)
    command = nil
  }

  /// Sends a signal to the whole group of the foreground process.
  func signal(_ number: Int32) -> Bool {
    guard let process = foreground else { return false }
    return shim_kill(-process.number, number) == 0
  }

  var isStopped: Bool { foreground?.isStopped ?? false }

  /// Processes that descend from the job, whatever became of the one that was started.
  var isAnyAlive: Bool { processes(having: plan.mark).contains(where: \.isAlive) }

  /// Kills whatever is left of the job and waits for it.
  func endAll() {
    endCommand()
    let process = foreground
    _ = signal(SIGKILL)
    _ = endProcesses(having: plan.mark)
    if let process {
      _ = shim_wait(process.number, 1)
      foreground = nil
    }
  }

  /// The job is over: no later Weir has to look for it.
  func forget(_ process: ProcessIdentity) { records.remove(process) }

  /// The last line that the job wrote.
  var lastWords: String {
    let text = String(decoding: readFile(plan.log) ?? [], as: UTF8.self)
    let row = text.split(separator: "\n").last { !$0.allSatisfy { $0 == " " } }
    return row.map { "it said: \($0.prefix(200))" } ?? "it said nothing"
  }
}
