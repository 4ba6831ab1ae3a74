import Backbones
import Engines
import History
import Model
import Scheduling

/// Steps of the drain, in order. What is not wanted of a run is stepped over.
enum Drain {
  case notYet, waitingForSends, waitingForEnds
  /// Events behind the last one are on their way, then the new end of the input is asked for.
  case flushing, waitingForLastEnds
  case engine, stopping, waitingForResultEnds, results
}

/// The end of a run: everything that was sent is answered, the engine has come to the end of it and
/// is stopped, and its results are read to their end.
extension RunLoop {
  var drainState: String {
    switch drain {
    case .notYet: "it had not begun"
    case .waitingForSends:
      parts.load.isOver
        ? "\(parts.load.outstanding) sends were not answered" : "not all events had been sent"
    case .waitingForEnds, .waitingForLastEnds: "the input did not say where it ends"
    case .flushing: "the events that close the last windows were not answered"
    case .engine: engineState
    case .stopping: "the engine did not stop"
    case .waitingForResultEnds: "the results did not say where they end"
    case .results: "the results were not read to the end"
    }
  }

  private var engineState: String {
    let reason = parts.engine?.status.waitsFor ?? ""
    return reason.isEmpty ? "the engine had not read to the end" : reason
  }

  func goOnDraining(at now: Instant) {
    if isFinished { return }
    switch drain {
    case .waitingForSends:
      if !parts.load.isOver || parts.load.outstanding > 0 { return }
      if parts.engine == nil {
        finish(complete: true, "", at: now)
        return
      }
      drain = .waitingForEnds
      ask(.input, at: now)
    case .flushing:
      if parts.flush?.outstanding ?? 0 > 0 { return }
      if parts.flush?.hasFailed ?? false {
        return finish(
          complete: false, "an event that closes the last windows was not acknowledged", at: now)
      }
      drain = .waitingForLastEnds
      ask(.input, at: now)
    case .engine:
      guard let status = parts.engine?.status, status.isDrained || status.isGone else { return }
      drain = .stopping
      if parts.engine?.carryOut(.stop, at: now, &engineOutbox) != .underWay {
        askForResults(at: now)
      }
    case .stopping:
      if parts.engine?.status.isGone ?? true { askForResults(at: now) }
    case .results:
      if parts.reader.isDone && parts.auditor?.isDone ?? true {
        finish(complete: true, "", at: now)
      }
    case .notYet, .waitingForEnds, .waitingForLastEnds, .waitingForResultEnds: break
    }
  }

  private func askForResults(at now: Instant) {
    drain = .waitingForResultEnds
    ask(.results, at: now)
  }

  private func ask(_ topic: Topic, at now: Instant) {
    parts.backbone.handle(.endOffsets(ClientID(.reader, 0), topic), at: now, outbox: &outbox)
    for later in outbox.later {
      timeline.schedule(.backbone(later.event), at: later.at, .completion)
    }
    outbox.later.removeAll(keepingCapacity: true)
  }

  func take(ends offsets: [Int64], of topic: Topic, at now: Instant) {
    if topic == .input, drain == .waitingForLastEnds { return drainEngine(to: offsets, at: now) }
    for (partition, offset) in offsets.enumerated() {
      parts.history.begin(topic == .input ? .endOffset : .resultEndOffset, at: now)
      parts.history.number(UInt64(partition))
      parts.history.number(UInt64(offset))
    }
    if topic == .results {
      drain = .results
      parts.reader.finish(at: offsets)
      return
    }
    parts.auditor?.finish(at: offsets)
    guard let flush = parts.flush else { return drainEngine(to: offsets, at: now) }
    drain = .flushing
    flush.send(endOfLoad: parts.load.endOfLoad, at: now, &commands)
  }

  private func drainEngine(to offsets: [Int64], at now: Instant) {
    drain = .engine
    _ = parts.engine?.carryOut(.drain(to: offsets), at: now, &engineOutbox)
  }

  func finish(complete: Bool, _ reason: String, at now: Instant) {
    if isFinished { return }
    isFinished = true
    if complete { parts.atEnd?(now) }
    parts.history.begin(.runEnded, at: now)
    parts.history.number(complete ? 1 : 0)
    parts.history.text(reason)
  }

  /// What an engine outside of this process tells.
  func take(_ report: EngineReport, at now: Instant) {
    switch report {
    case .running(let tasks):
      parts.history.begin(.engineStarted, at: now)
      parts.history.number(UInt64(tasks))
    case .stopped: parts.history.begin(.engineStopped, at: now)
    case .ended(let how):
      parts.history.begin(.jobEnded, at: now)
      parts.history.text(how)
    case .carriedOut(let action, let happened):
      controlled(action, Self.engineNode, happened, at: now)
    case .committed(let partition, let offset):
      parts.history.begin(.positionCommitted, at: now)
      parts.history.number(UInt64(partition))
      parts.history.number(UInt64(offset))
    }
  }
}
