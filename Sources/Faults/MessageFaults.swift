import Draws
import Model
import Scenarios

/// The message faults of a run on the modelled wire: the first active one that does not let a
/// message pass decides its fate. Each draws from a stream of its own, so that a further fault
/// changes nothing for the others.
public final class MessageFaults: WireFilter {
  private struct Active {
    let index: Int
    let fault: PlannedFault
    let stream: DrawStream
    var draws: UInt64 = 0
    var touched: UInt64 = 0
  }

  private var active: [Active] = []
  private let family: DrawFamily
  /// Faults that have changed a message since the last look, in the order in which they did.
  public private(set) var newlyConfirmed: [Int] = []

  public init(seed: UInt64) {
    family = DrawFamily(seed: seed, component: "faults", purpose: "message")
  }

  public var isActive: Bool { !active.isEmpty }

  /// Starts a fault; `index` is its place in the plan.
  public func begin(_ fault: PlannedFault, index: Int) {
    active.append(Active(index: index, fault: fault, stream: family.stream(UInt64(index))))
  }

  public func end(index: Int) { active.removeAll { $0.index == index } }

  public func takeConfirmed() -> [Int] {
    defer { newlyConfirmed.removeAll() }
    return newlyConfirmed
  }

  public func fate(of crossing: WireCrossing, at now: Instant) -> Fate {
    for position in active.indices {
      let fate = decide(position, crossing)
      if fate == .pass { continue }
      active[position].touched &+= 1
      if active[position].touched == 1 { newlyConfirmed.append(active[position].index) }
      return fate
    }
    return .pass
  }

  private func decide(_ position: Int, _ crossing: WireCrossing) -> Fate {
    let fault = active[position].fault
    if !concerns(fault, crossing) { return .pass }
    active[position].draws &+= 1
    let stream = active[position].stream
    let word = stream.word(active[position].draws)
    if fault.ratio != .one && word >= fault.ratio.threshold { return .pass }
    switch fault.kind {
    case .partition, .drop, .dropResponse: return .drop
    // A message that is held back is overtaken by those behind it.
    case .delay, .reorder: return .delay(amount(fault, stream, active[position].draws))
    case .duplicate: return .duplicate(after: amount(fault, stream, active[position].draws))
    default: return .pass
    }
  }

  private func amount(_ fault: PlannedFault, _ stream: DrawStream, _ draw: UInt64) -> Nanoseconds {
    let by = fault.by ?? Spread(100 * .millisecond)
    if by.median == by.p99 { return by.median }
    // Uniform between median and p99: a delay fault is a disturbance, not a model of a network.
    let span = UInt64(by.p99 - by.median + 1)
    return by.median + Int64(stream.below(span, draw ^ (1 << 63)))
  }

  private func concerns(_ fault: PlannedFault, _ crossing: WireCrossing) -> Bool {
    switch fault.target {
    case .node(let role, let index):
      if !matches(role, crossing.role) { return false }
      if let index, role != .broker && role != .engine, crossing.client != Int32(index - 1) {
        return false
      }
    case .leader: return false
    case .link(let from, let to, let bothWays):
      let outbound = matches(from, crossing.role) && to == .broker
      let inbound = matches(to, crossing.role) && from == .broker
      if !outbound && !inbound { return false }
      if !bothWays {
        let direction: WireCrossing.Direction = outbound ? .request : .response
        if crossing.direction != direction { return false }
      }
    }
    // What a producer or a sink writes, and what a consumer reads.
    let content: WireCrossing.Content = crossing.role == .consumer ? .fetch : .produce
    switch fault.kind {
    case .dropResponse: return crossing.direction == .response && crossing.content == content
    case .delay, .duplicate, .drop, .reorder:
      return crossing.direction == .request && crossing.content == content
    default: return true
    }
  }

  private func matches(_ role: FaultTarget.Role, _ client: ClientRole) -> Bool {
    switch role {
    case .producer: client == .producer
    case .consumer, .task: client == .consumer
    case .sink: client == .sink
    case .engine: client == .consumer || client == .sink
    case .broker: client != .reader
    }
  }
}
