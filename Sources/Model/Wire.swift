/// Who talks to a broker.
public enum ClientRole: UInt8, Hashable, Sendable {
  /// Sends the workload.
  case producer
  /// The reading side of the engine.
  case consumer
  /// The writing side of the engine.
  case sink
  /// Weir's own reader of the result stream: never faulted, since it is the instrument.
  case reader
}

/// One request or response on its way between a client and a broker node.
@frozen public struct WireCrossing: Hashable, Sendable {
  public enum Direction: UInt8, Hashable, Sendable { case request, response }
  public enum Content: UInt8, Hashable, Sendable { case produce, fetch, other }

  public var role: ClientRole
  /// Index of the client within its role, from 0.
  public var client: Int32
  public var direction: Direction
  public var content: Content

  @inlinable public init(
    role: ClientRole, client: Int32, direction: Direction, content: Content
  ) {
    self.role = role
    self.client = client
    self.direction = direction
    self.content = content
  }
}

/// What becomes of a message on the wire.
public enum Fate: Hashable, Sendable {
  case pass
  case drop
  /// Held back, and no longer in order with the messages around it.
  case delay(Nanoseconds)
  /// Delivered, and once more after a while.
  case duplicate(after: Nanoseconds)
}

/// Decides the fate of messages; consulted in one place, the wire.
public protocol WireFilter: AnyObject {
  /// False while no message fault is active, so that the wire need not ask.
  var isActive: Bool { get }
  func fate(of crossing: WireCrossing, at now: Instant) -> Fate
}

/// What can be done to a node that Weir runs.
public enum NodeAction: Hashable, Sendable { case crash, restart, pause, resume }
