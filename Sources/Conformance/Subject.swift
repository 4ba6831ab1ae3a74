import Backbones
import Model

/// What checks are about. A subject promises all of them, or says which it does not.
public enum ConformanceCapability: String, Hashable, Sendable, CaseIterable {
  /// The order of records within a partition.
  case ordering
  /// Repeats of a request have no second effect.
  case idempotence
  /// Whatever was acknowledged can be read, where the acknowledgement says.
  case durability
  /// Records of a transaction are seen together or not at all.
  case transactions
  /// An older instance of a transactional client has no effect.
  case fencing
  /// Input positions, alone and inside of transactions.
  case positions
  /// Readers divide the input among themselves, and commit as members of one division.
  case groups
  /// Keys and values come back as they were sent, whatever their size.
  case records
  /// Fetches and end offsets.
  case reading
  /// Clients that are gone.
  case clients
  /// Crash and restart of the node: what was acknowledged is kept.
  case restart
  /// The node stands still for a while.
  case pause
}

/// How large the backbone of one check is.
public struct ConformanceShape: Hashable, Sendable {
  public var inputPartitions = 2
  public var resultPartitions = 2
  public var producers = 2
  public var consumers = 3

  public init() {}
}

/// A backbone that can be held against the suite: how to make a fresh one, and what can be asked of
/// it.
public struct ConformanceSubject: Sendable {
  public var name: String
  /// Capabilities that this configuration does not promise, each with the reason.
  public var withheld: [ConformanceCapability: String]
  /// True when messages pass the filter that `make` is given: a model.
  public var hasWire: Bool
  /// True when nodes can be crashed, paused and brought back.
  public var hasNodes: Bool
  /// True: a model whose events are held back until their instant on the wall clock.
  public var isPaced: Bool
  /// Makes a fresh backbone with empty topics and no committed positions. The filter is nil for a
  /// subject without wire.
  public var make:
    @Sendable (ConformanceShape, (any WireFilter)?) throws(CheckFailure) -> any Backbone

  public init(
    name: String, withheld: [ConformanceCapability: String] = [:], hasWire: Bool, hasNodes: Bool,
    isPaced: Bool = false,
    make:
      @escaping @Sendable (ConformanceShape, (any WireFilter)?) throws(CheckFailure)
      -> any Backbone
  ) {
    self.name = name
    self.withheld = withheld
    self.hasWire = hasWire
    self.hasNodes = hasNodes
    self.isPaced = isPaced
    self.make = make
  }

  /// The embedded log; `adjust` changes its settings. Read records are kept, so that they can be
  /// read again.
  public static func embedded(
    name: String = "embedded", withheld: [ConformanceCapability: String] = [:],
    isPaced: Bool = false, adjust: @escaping @Sendable (inout LogSettings) -> Void = { _ in }
  ) -> ConformanceSubject {
    ConformanceSubject(
      name: name, withheld: withheld, hasWire: true, hasNodes: true, isPaced: isPaced
    ) { shape, filter in
      var settings = LogSettings(
        inputPartitions: shape.inputPartitions, resultPartitions: shape.resultPartitions,
        producers: shape.producers, seed: 1)
      settings.trims = false
      adjust(&settings)
      return EmbeddedLog(settings, consumers: shape.consumers, filter: filter)
    }
  }
}

/// Why a check did not pass.
public enum CheckFailure: Error, Hashable, Sendable {
  /// The backbone did otherwise than it should: what was seen, and what was due.
  case violated(String)
  /// The check could not be carried out on this subject.
  case impossible(String)
}
