import Backbones
import Engines
import Faults
import Model

/// Everything that can happen in a run.
enum RunEvent {
  case phase(RunPhase)
  /// A lane is looked at.
  case load(Int)
  case backbone(BackboneEvent)
  case engine(EngineTimer)
  case fault(FaultStep)
  /// The drain has lasted long enough.
  case drainLimit
}

/// Phases of a run, in order. Insist on liveness only after healing.
public enum RunPhase: String, Sendable, CaseIterable {
  case warmUp = "warm-up"
  case measure
  case heal
  case drain
}

/// When each phase begins. Nil: at the end of the trace.
struct PhasePlan {
  let measureStart: Instant
  let healStart: Instant
  let drainStart: Instant
  let drainLimit: Instant
}
