import Backbones
import Engines
import Faults
import Model
import Scenarios

/// Faults of nodes: who they are, and what is done to them.
extension RunLoop {
  /// The node that a fault is about; nil while nobody knows which one leads its partition.
  private func place(of index: Int) -> (role: FaultTarget.Role, number: Int?)? {
    switch parts.faults[index].target {
    case .node(let role, let number): (role, number)
    case .leader: leaders[index].map { (.broker, $0 + 1) }
    case .link: nil
    }
  }

  /// The backbone says who leads a partition: the faults that wait for it begin.
  func leaderFound(_ topic: Topic, _ partition: Int, _ node: Int?, at now: Instant) {
    guard let node else { return }
    for index in parts.faults.indices where leaders[index] == nil && requested.contains(index) {
      guard case .leader(let stream, partition) = parts.faults[index].target,
        parts.topic(of: stream) == topic
      else { continue }
      leaders[index] = node
      if carryOut(index, starts: true, at: now) == .done {
        confirm(index, at: now)
        endIfOver(index, at: now)
      }
    }
  }

  /// Stands for the engine among the nodes.
  static let engineNode = -1

  func carryOut(_ index: Int, starts: Bool, at now: Instant) -> NodeOutcome {
    let fault = parts.faults[index]
    guard let (role, number) = place(of: index) else { return .refused }
    let action: NodeAction
    switch (fault.kind, starts) {
    case (.crash, true): action = .crash
    case (.crash, false): action = .restart
    case (.pause, true): action = .pause
    case (.pause, false): action = .resume
    default: return .refused
    }
    let isEngine = role == .engine || role == .task
    let node = isEngine ? Self.engineNode : (number ?? 1) - 1
    if underWay.contains(where: { $0.index == index }) { return .underWay }
    let outcome: NodeOutcome
    if isEngine {
      outcome = parts.engine?.carryOut(.control(action), at: now, &engineOutbox) ?? .refused
    } else {
      outcome = parts.backbone.control(action, node: node, at: now, outbox: &outbox)
    }
    if outcome == .underWay { underWay.append((action, node, index, starts)) }
    return outcome
  }
}
