import CShim
import Glibc
import Model
import Processes
import Scenarios

/// What happens before the load begins, and when a run breaks off: here the job is waited for.
extension ExternalEngine {
  private static let pause: UInt32 = 20_000

  /// So long a job is watched after it is ready: a `start` that returns has done so by then.
  private static let settling: UInt64 = 1_000_000_000

  func begin() throws(JobProblem) {
    let limit = shim_monotonic_ns() + UInt64(plan.job.within)
    do throws(ProcessProblem) {
      try startProcess(plan.job.start)
    } catch {
      throw JobProblem("engine.external.start: \(error.message)")
    }
    if !plan.job.ready.isEmpty { try waitForReady(before: limit) }
    let settled = shim_monotonic_ns() + Self.settling
    while !isDetached && shim_monotonic_ns() < settled { try pass() }
  }

  private func waitForReady(before limit: UInt64) throws(JobProblem) {
    while try !isReady(before: limit) {
      if shim_monotonic_ns() > limit {
        throw JobProblem(
          "the job was not ready within \(formatDuration(plan.job.within)): "
            + "\(plan.job.ready[0]) did not exit 0; \(processes.lastWords)",
          hint: "what it wrote is in \(plan.log)")
      }
      for _ in 0..<5 { try pass() }
    }
  }

  /// Lets a little time pass; sees whether `start` has returned.
  private func pass() throws(JobProblem) {
    if shim_interrupt_count() > 0 { throw JobProblem("interrupted", isInterrupted: true) }
    if let code = processes.takeForegroundEnd() {
      if code != 0 {
        throw JobProblem(
          "the job ended with code \(code) before it was ready; \(processes.lastWords)",
          hint: "its command: \(plan.job.start.joined(separator: " "))")
      }
      isDetached = true
    }
    usleep(Self.pause)
  }

  private func isReady(before limit: UInt64) throws(JobProblem) -> Bool {
    do throws(ProcessProblem) {
      try processes.startCommand(plan.job.ready)
    } catch {
      throw JobProblem("engine.external.ready: \(error.message)")
    }
    while true {
      try pass()
      if let code = processes.takeCommandEnd() { return code == 0 }
      if shim_monotonic_ns() > limit {
        processes.endCommand()
        return false
      }
    }
  }

  /// What the run will ask of the job must be possible, before it begins.
  func checkFaults() throws(JobProblem) {
    guard isDetached else { return }
    let how = "engine.external.start returned, so Weir has no process to watch"
    if plan.job.stop.isEmpty {
      throw JobProblem("\(how): it cannot stop the job", hint: "give a stop command")
    }
    if plan.isPaused {
      throw JobProblem(
        "\(how): the job cannot be paused", hint: "let start stay in the foreground")
    }
    if plan.isCrashed, plan.job.kill.isEmpty || plan.job.ready.isEmpty {
      throw JobProblem(
        "\(how): a crash needs a kill command, and a ready command that then fails",
        hint: "give both, or let start stay in the foreground")
    }
  }

  /// The run broke off: the job is asked to end, for ten seconds at most.
  func stopDetached() {
    processes.endCommand()
    do throws(ProcessProblem) {
      try processes.startCommand(plan.job.stop)
    } catch {
      return
    }
    let limit = shim_monotonic_ns() + UInt64(min(plan.job.within, 10 * .second))
    while processes.takeCommandEnd() == nil && shim_monotonic_ns() < limit { usleep(Self.pause) }
  }
}
