import Backbones
import Model

/// The embedded engine behind the port of all engines.
extension EmbeddedEngine: Engine {
  public var status: EngineStatus {
    EngineStatus(processed: processed, busy: busy, isDrained: isDrained)
  }

  public func carryOut(
    _ order: EngineOrder, at now: Instant, _ outbox: inout EngineOutbox
  ) -> NodeOutcome {
    switch order {
    case .start: start(at: now, &outbox)
    case .control(.crash): crash(at: now, &outbox)
    case .control(.restart): restart(at: now, &outbox)
    case .control(.pause): setPaused(true, at: now, &outbox)
    case .control(.resume): setPaused(false, at: now, &outbox)
    case .drain(let ends): drain(to: ends, at: now, &outbox)
    // It has committed what there was, and lives in this process.
    case .stop: break
    }
    return .done
  }

  /// It holds nothing outside of this process.
  public func close() {}
}
