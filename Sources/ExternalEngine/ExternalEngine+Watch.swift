import Backbones
import Engines
import Glibc
import Model
import Processes
import Scenarios

/// Looks after the job while the run goes on.
extension ExternalEngine {
  func watch(at now: Instant, _ outbox: inout EngineOutbox) {
    let command = processes.takeCommandEnd()
    let end = processes.takeForegroundEnd()
    switch step {
    case .none: if let end { noticeEnd(end, &outbox) }
    case .killing(let limit):
      if let command, !isProbing, !isCommandDone {
        isCommandDone = true
        if command != 0 { return giveUpKill(now, now, &outbox) }
      }
      finishKill(command, limit, now, &outbox)
    case .restarting(let limit): finishRestart(end, command, limit, now, &outbox)
    case .pausing(let pauses, let limit):
      if let end {
        step = .none
        outbox.reports.append(.carriedOut(pauses ? .pause : .resume, false))
        return noticeEnd(end, &outbox)
      }
      let happened = processes.isStopped == pauses
      if !happened && now < limit { return }
      step = .none
      outbox.reports.append(.carriedOut(pauses ? .pause : .resume, happened))
    case .stopping(let limit): finishStop(command, limit, now, &outbox)
    }
  }

  /// The job ended although nobody had asked.
  private func noticeEnd(_ code: Int32, _ outbox: inout EngineOutbox) {
    if life != .running || isDetached { return }
    life = .ended
    let how = code > 128 ? "by signal \(code - 128)" : "with code \(code)"
    outbox.reports.append(.ended("\(how); \(processes.lastWords)"))
  }

  /// A crash has happened when nothing of the job is alive any more; of a job without process, when
  /// it says that it is not ready.
  private func finishKill(
    _ command: Int32?, _ limit: Instant, _ now: Instant, _ outbox: inout EngineOutbox
  ) {
    if isDetached {
      guard isCommandDone else { return giveUpKill(limit, now, &outbox) }
      if let command, command != 0, isProbing { return confirmKill(&outbox) }
      if processes.command == nil, now >= nextReadyCheck {
        isProbing = startProbe()
        nextReadyCheck = now + Self.lookInterval
      }
      return giveUpKill(limit, now, &outbox)
    }
    let isGone = processes.foreground == nil && isCommandDone && !processes.isAnyAlive
    if isGone { confirmKill(&outbox) } else { giveUpKill(limit, now, &outbox) }
  }

  private func confirmKill(_ outbox: inout EngineOutbox) {
    isProbing = false
    step = .none
    life = .crashed
    outbox.reports.append(.stopped)
    outbox.reports.append(.carriedOut(.crash, true))
  }

  private func giveUpKill(_ limit: Instant, _ now: Instant, _ outbox: inout EngineOutbox) {
    if now < limit { return }
    isProbing = false
    processes.endCommand()
    step = .none
    if processes.foreground == nil && !isDetached { life = .crashed }
    outbox.reports.append(.carriedOut(.crash, false))
  }

  private func startProbe() -> Bool {
    do throws(ProcessProblem) {
      try processes.startCommand(plan.job.ready)
      return true
    } catch {
      return false
    }
  }

  private func finishRestart(
    _ end: Int32?, _ command: Int32?, _ limit: Instant, _ now: Instant,
    _ outbox: inout EngineOutbox
  ) {
    if let end {
      if end != 0 { return failRestart(end, &outbox) }
      isDetached = true
    }
    let isReady = plan.job.ready.isEmpty || command == 0
    if isReady {
      step = .none
      life = .running
      outbox.reports.append(.running(tasks: 1))
      outbox.reports.append(.carriedOut(.restart, true))
      return
    }
    if now >= limit {
      processes.endCommand()
      return failRestart(nil, &outbox)
    }
    if processes.command == nil, now >= nextReadyCheck {
      _ = startProbe()
      nextReadyCheck = now + Self.lookInterval
    }
  }

  private func failRestart(_ code: Int32?, _ outbox: inout EngineOutbox) {
    step = .none
    life = .ended
    let how = code.map { "with code \($0)" } ?? "without becoming ready"
    outbox.reports.append(.ended("\(how) after a restart; \(processes.lastWords)"))
    outbox.reports.append(.carriedOut(.restart, false))
  }

  private func finishStop(
    _ command: Int32?, _ limit: Instant, _ now: Instant, _ outbox: inout EngineOutbox
  ) {
    if let command {
      isCommandDone = true
      // What does not stop by its own command is stopped by a signal.
      if command != 0 { _ = processes.signal(SIGTERM) }
    }
    let isOver = isCommandDone && processes.foreground == nil
    if !isOver && now < limit { return }
    processes.endAll()
    step = .none
    life = .stopped
    outbox.reports.append(.stopped)
  }

  // How far the job has come

  /// Asks for the committed positions, and near the end for the ends of the output.
  func look(at now: Instant, _ outbox: inout EngineOutbox) {
    if now < nextLook { return }
    nextLook = now + Self.lookInterval
    if plan.job.group != .none, !isAsking {
      isAsking = true
      outbox.commands.append(.fetchPositions(client))
    }
    if ends != nil, !isAskingEnds {
      isAskingEnds = true
      outbox.commands.append(.endOffsets(client, .results))
    }
  }

  private var isCommitted: Bool {
    if plan.job.group == .none { return true }
    guard let ends else { return false }
    return zip(positions, ends).allSatisfy { $0 >= $1 }
  }

  /// All input is committed, and the output has been quiet for long enough.
  func isQuiet(at now: Instant) -> Bool {
    isCommitted && !outputEnds.isEmpty && now - quietSince >= plan.job.quiet
  }

  var waitsFor: String {
    guard let ends else { return "" }
    if isCommitted { return "the output of the job did not fall quiet" }
    let group = plan.told.first { $0.name == "WEIR_GROUP" }?.value ?? ""
    if positions.allSatisfy({ $0 == 0 }) {
      return "the consumer group \(group) committed no position: engine.external.group names that "
        + "of the job"
    }
    let behind = positions.indices.first { positions[$0] < ends[$0] } ?? 0
    return "the job had committed \(positions[behind]) of \(ends[behind]) records of partition "
      + "\(behind)"
  }
}
