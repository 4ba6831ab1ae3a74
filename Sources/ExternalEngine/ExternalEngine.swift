import Backbones
import CShim
import Engines
import Glibc
import Model
import Processes
import Scenarios

/// A job of the user behind the port of all engines: started before the load, watched, crashed and
/// started again by the fault plan, stopped at the end. A black box: how far it has come is told by
/// the positions that its consumer group commits, and that it is done by its output falling quiet.
///
/// The process that `start` leaves in the foreground is the job. Where `start` returns, the job is
/// whatever the commands say it is.
public final class ExternalEngine: Engine {
  let plan: JobPlan
  let processes: JobProcesses
  let client = ClientID(.consumer, 0)

  /// What is under way, and until when.
  enum Step: Equatable {
    case none
    case killing(until: Instant)
    case restarting(until: Instant)
    case pausing(Bool, until: Instant)
    case stopping(until: Instant)
  }

  enum Life: Equatable { case running, crashed, ended, stopped }

  var step = Step.none
  var life = Life.running
  /// `start` returned: there is no process to watch.
  var isDetached = false
  /// Of a crash or a stop: the command has been carried out.
  var isCommandDone = false
  /// The command under way asks whether the job is ready.
  var isProbing = false
  var nextReadyCheck = Instant.zero

  // How far it has come
  var positions: [Int64]
  var ends: [Int64]?
  var outputEnds: [Int64] = []
  var quietSince = Instant.zero
  var isAsking = false
  var isAskingEnds = false
  var isDrained = false
  var nextLook = Instant.zero
  private var notes: [ProcessIdentity] = []

  static let watchInterval: Nanoseconds = 20 * .millisecond
  static let lookInterval: Nanoseconds = 200 * .millisecond

  /// Starts the job and waits until it is ready; ends it again when it does not become so.
  public init(_ plan: JobPlan) throws(JobProblem) {
    self.plan = plan
    processes = JobProcesses(plan)
    positions = Array(repeating: 0, count: plan.partitions)
    _ = ProcessRecords(stateFolder: plan.stateFolder).endLeftovers()
    do throws(JobProblem) {
      try begin()
      try checkFaults()
    } catch {
      processes.endAll()
      forgetNotes()
      throw error
    }
  }

  public var status: EngineStatus {
    var status = EngineStatus(busy: processes.busy, isGone: life == .ended || life == .stopped)
    status.processed = UInt64(positions.reduce(0, +))
    status.isDrained = isDrained
    status.waitsFor = waitsFor
    return status
  }

  func note(_ process: ProcessIdentity) { notes.append(process) }

  private func forgetNotes() {
    for process in notes { processes.forget(process) }
    notes.removeAll()
  }

  // Orders

  public func carryOut(
    _ order: EngineOrder, at now: Instant, _ outbox: inout EngineOutbox
  ) -> NodeOutcome {
    switch order {
    case .start:
      outbox.reports.append(.running(tasks: 1))
      outbox.timers.append((.watch, now + Self.watchInterval))
      return .done
    case .control(let action): return control(action, at: now)
    case .drain(let ends):
      self.ends = ends
      quietSince = now
      return .done
    case .stop: return stop(at: now)
    }
  }

  private func control(_ action: NodeAction, at now: Instant) -> NodeOutcome {
    if step != .none { return .refused }
    let limit = now + plan.job.within
    switch action {
    case .crash:
      guard life == .running else { return .refused }
      if plan.job.kill.isEmpty {
        if !processes.signal(SIGKILL) { return .refused }
        isCommandDone = true
      } else if !run(plan.job.kill) {
        return .refused
      }
      step = .killing(until: limit)
    case .restart:
      guard life == .crashed else { return .refused }
      do throws(ProcessProblem) {
        try startProcess(plan.job.restart.isEmpty ? plan.job.start : plan.job.restart)
      } catch {
        return .refused
      }
      step = .restarting(until: limit)
      nextReadyCheck = now
    case .pause, .resume:
      guard life == .running, processes.signal(action == .pause ? SIGSTOP : SIGCONT) else {
        return .refused
      }
      step = .pausing(action == .pause, until: limit)
    }
    return .underWay
  }

  private func stop(at now: Instant) -> NodeOutcome {
    if life == .ended || life == .stopped { return .done }
    _ = processes.signal(SIGCONT)
    isCommandDone = plan.job.stop.isEmpty || !run(plan.job.stop)
    if isCommandDone { _ = processes.signal(SIGTERM) }
    step = .stopping(until: now + plan.job.within)
    return .underWay
  }

  private func run(_ line: [String]) -> Bool {
    isCommandDone = false
    processes.endCommand()
    do throws(ProcessProblem) {
      try processes.startCommand(line)
      return true
    } catch {
      return false
    }
  }

  func startProcess(_ line: [String]) throws(ProcessProblem) {
    try processes.startJob(line)
    if let process = processes.foreground { note(process) }
  }

  // Answers

  public func receive(_ completion: Completion, at now: Instant, _ outbox: inout EngineOutbox) {
    switch completion {
    case .positions(_, let committed, _):
      isAsking = false
      for (partition, offset) in committed.enumerated()
      where partition < positions.count && offset != positions[partition] {
        positions[partition] = offset
        quietSince = now
        outbox.reports.append(.committed(partition: partition, offset: offset))
      }
    case .endOffsets(_, .results, let found):
      isAskingEnds = false
      if found != outputEnds {
        outputEnds = found
        quietSince = now
      }
    default: break
    }
  }

  public func fire(_ timer: EngineTimer, at now: Instant, _ outbox: inout EngineOutbox) {
    guard timer == .watch, life != .stopped else { return }
    watch(at: now, &outbox)
    look(at: now, &outbox)
    if ends != nil && !isDrained { isDrained = isQuiet(at: now) }
    outbox.timers.append((.watch, now + Self.watchInterval))
  }

  public func close() {
    if life != .stopped, isDetached, !plan.job.stop.isEmpty { stopDetached() }
    processes.endAll()
    life = .stopped
    forgetNotes()
  }
}
