import Model

/// The streams of a run, as the port numbers them.
public enum Topic: UInt8, Hashable, Sendable {
  case input = 0
  case results = 1
}

/// One client of a backbone: a role and an index within it.
@frozen public struct ClientID: Hashable, Sendable {
  public var role: ClientRole
  public var index: Int32

  @inlinable public init(_ role: ClientRole, _ index: Int) {
    self.role = role
    self.index = Int32(index)
  }
}

/// What a member of the consumer group is to read, by one division of the input among members.
public struct Membership: Hashable, Sendable {
  public var client: ClientID
  /// Number of the division; rises with each one.
  public var generation: Int64
  /// Ascending.
  public var partitions: [Int]

  public init(_ client: ClientID, generation: Int64, partitions: [Int]) {
    self.client = client
    self.generation = generation
    self.partitions = partitions
  }
}

/// What the harness asks of a backbone, in batches.
public enum Command {
  /// Sends batches of one client, each for one partition; one outcome each. `transaction` is the
  /// open transaction of the client, 0 outside of any.
  case submit(ClientID, Topic, [RecordBatch], transaction: UInt64)
  /// Reads a partition from an offset; answered when there is something. One at a time for each
  /// (client, topic, partition).
  case poll(ClientID, Topic, partition: Int, offset: Int64, committedOnly: Bool)
  /// Makes this client the only one of its transactional id; what an older one left open is
  /// aborted.
  case initTransactions(ClientID)
  /// Commits a transaction together with input positions and the snapshot they belong to.
  case commit(ClientID, transaction: UInt64, positions: [Int64], snapshot: UInt64)
  case abort(ClientID, transaction: UInt64)
  /// Commits input positions outside of a transaction.
  case commitPositions(ClientID, positions: [Int64], snapshot: UInt64)
  /// Asks for the committed input positions and their snapshot.
  case fetchPositions(ClientID)
  /// Asks where the partitions of a topic end.
  case endOffsets(ClientID, Topic)
  /// Asks which node leads a partition.
  case findLeader(Topic, partition: Int)
  /// The client is gone: nothing more is answered to it. As a member of the group it was killed.
  case close(ClientID)
  /// Becomes a member of the consumer group of the run, which divides the input among its members.
  /// One that keeps its place gets back what it had when it joins anew, without a new division.
  case join(ClientID, keepsPlace: Bool)
  /// Leaves the group in good order: the others get its partitions at once.
  case leave(ClientID)
  /// Commits as `commit` does, on behalf of these members; fails without effect when one of them
  /// does not belong to the group as it is now.
  case commitAs([Membership], ClientID, transaction: UInt64, positions: [Int64], snapshot: UInt64)
}

/// How an operation ended. A time-out is unknown, never failed.
public enum Outcome: Hashable, Sendable {
  case acknowledged(base: Int64)
  /// Certainly no effect.
  case failed(String)
  case unknown(String)
}

/// Records of one batch as a reader gets them, from `first` on.
public struct Delivery {
  public var batch: RecordBatch
  /// Offset of record 0 of the batch.
  public var baseOffset: Int64
  public var first: Int

  public init(batch: RecordBatch, baseOffset: Int64, first: Int) {
    self.batch = batch
    self.baseOffset = baseOffset
    self.first = first
  }
}

/// Answers of a backbone.
public enum Completion {
  case submitted(ClientID, Topic, RecordBatch, Outcome)
  case polled(ClientID, Topic, partition: Int, [Delivery], next: Int64)
  /// True when the client may go on; false when a newer one has taken its place.
  case transactionsReady(ClientID, Bool)
  case committed(ClientID, transaction: UInt64, Outcome)
  case aborted(ClientID, transaction: UInt64)
  case positionsCommitted(ClientID, snapshot: UInt64, Outcome)
  case positions(ClientID, [Int64], snapshot: UInt64)
  case endOffsets(ClientID, Topic, [Int64])
  /// A member of the group reads these partitions from now on.
  case assigned(Membership)
  /// A member has nothing to read until it is assigned something anew; it joins again by itself.
  case revoked(ClientID, generation: Int64)
  /// The node that leads a partition, counted from 0; nil when none does or nobody knows.
  case leader(Topic, partition: Int, node: Int?)
  /// An action on a node that was under way has come to its end: whether it happened.
  case controlled(NodeAction, node: Int, Bool)
}

/// What a backbone can promise, as a value.
public struct Capabilities: Hashable, Sendable {
  public var transactions: Bool
  public var idempotence: Bool
  /// Records can be read back.
  public var reads: Bool
  /// Readers of the input can divide it among themselves as a consumer group.
  public var groups: Bool

  public init(transactions: Bool, idempotence: Bool, reads: Bool, groups: Bool = false) {
    self.transactions = transactions
    self.idempotence = idempotence
    self.reads = reads
    self.groups = groups
  }
}

/// What a backbone moved, for costs.
public struct BackboneUsage: Hashable, Sendable {
  public var requests: UInt64 = 0
  public var bytes: UInt64 = 0
  public var deliveries: UInt64 = 0
  public var retainedBytes: UInt64 = 0
  /// Broker busy time, by the cost model.
  public var busy: Nanoseconds = 0
  /// Requests that a client sent again.
  public var retries: UInt64 = 0

  public init() {}
}

/// A message of a backbone to itself, at a later instant.
public struct BackboneEvent {
  package var content: WireEvent

  package init(_ content: WireEvent) { self.content = content }
}

/// What a component wants to happen: posted here, carried out by the one loop.
public struct Outbox {
  public struct Later {
    public var event: BackboneEvent
    public var at: Instant
  }

  public var completions: [Completion] = []
  public var later: [Later] = []

  public init() {
    completions.reserveCapacity(32)
    later.reserveCapacity(32)
  }

  @inlinable public mutating func post(_ completion: Completion) { completions.append(completion) }

  package mutating func post(_ event: WireEvent, at instant: Instant) {
    later.append(Later(event: BackboneEvent(event), at: instant))
  }

  public var isEmpty: Bool { completions.isEmpty && later.isEmpty }

  public mutating func removeAll() {
    completions.removeAll(keepingCapacity: true)
    later.removeAll(keepingCapacity: true)
  }
}

/// The port. A model and a live adapter fill it alike; held as `any Backbone`, one call per batch.
public protocol Backbone: AnyObject {
  var capabilities: Capabilities { get }
  var usage: BackboneUsage { get }
  func handle(_ command: Command, at now: Instant, outbox: inout Outbox)
  /// A message that it posted to itself has come due.
  func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox)
  /// Does something to a node, counted from 0.
  func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome
}

/// What became of an action on a node.
public enum NodeOutcome: Hashable, Sendable {
  /// It cannot be done, and did not happen.
  case refused
  case done
  /// A completion will say whether it happened.
  case underWay
}

/// A backbone outside of this process: its answers arrive when they arrive.
public protocol LiveBackbone: Backbone {
  /// Becomes readable when there are completions.
  var descriptor: Int32 { get }
  /// Hands over the completions that have arrived.
  func collect(at now: Instant, outbox: inout Outbox)
  /// Lets everything go, also what was launched; nothing is asked of it afterwards.
  func close()
}
