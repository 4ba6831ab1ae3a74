import Model

/// The faults that exist in this version, named as in scenarios.
public enum FaultKind: String, Hashable, Sendable, CaseIterable {
  case crash, pause, partition, drop, delay, duplicate, reorder
  case dropResponse = "drop-response"
}

/// A role, one of its members, or a pair of roles.
public enum FaultTarget: Hashable, Sendable {
  /// Index from 1, nil: one drawn from the seed for a node fault, all for a message fault.
  case node(Role, index: Int?)
  /// Both directions, or only from the first to the second.
  case link(Role, Role, bothWays: Bool)
  /// The broker that leads a partition of a stream when the fault begins.
  case leader(stream: String, partition: Int)

  public enum Role: String, Hashable, Sendable, CaseIterable {
    case producer, consumer, broker, engine, task, sink
  }

  /// As written in a scenario.
  public var text: String {
    switch self {
    case .node(let role, nil): role.rawValue
    case .node(let role, let index?): "\(role.rawValue)-\(index)"
    case .leader(let stream, let partition): "leader(\(stream)/\(partition))"
    case .link(let a, let b, let both): "\(a.rawValue)\(both ? "<->" : "->")\(b.rawValue)"
    }
  }
}

public struct PlannedFault: Hashable, Sendable {
  public var kind: FaultKind
  public var target: FaultTarget
  /// From the start of the measure phase.
  public var at: Nanoseconds
  public var duration: Nanoseconds
  /// Share of messages, for message faults; one by default.
  public var ratio: Ratio
  /// How long a delayed or duplicated message takes.
  public var by: Spread?
  /// True when it was drawn from the seed rather than written.
  public var drawn: Bool

  public init(
    kind: FaultKind, target: FaultTarget, at: Nanoseconds, duration: Nanoseconds = 0,
    ratio: Ratio = .one, by: Spread? = nil, drawn: Bool = false
  ) {
    self.kind = kind
    self.target = target
    self.at = at
    self.duration = duration
    self.ratio = ratio
    self.by = by
    self.drawn = drawn
  }
}

/// How many faults of which kinds are drawn from the seed.
public struct FaultDraw: Hashable, Sendable {
  public var kinds: [FaultKind]
  public var count: Int
  public var longest: Nanoseconds
  /// Drawn faults that may overlap.
  public var atOnce: Int

  public init(kinds: [FaultKind], count: Int, longest: Nanoseconds, atOnce: Int) {
    self.kinds = kinds
    self.count = count
    self.longest = longest
    self.atOnce = atOnce
  }
}

public struct FaultSection: Hashable, Sendable {
  /// Written ones, then drawn ones once `draw` was carried out; in order of their start.
  public var plan: [PlannedFault]
  public var draw: FaultDraw?

  public init(plan: [PlannedFault] = [], draw: FaultDraw? = nil) {
    self.plan = plan
    self.draw = draw
  }
}

/// What the input stream of a run is called beside the stream of its results.
public func inputStream(besideResults stream: String) -> String {
  stream == "requests" ? "events" : "requests"
}
