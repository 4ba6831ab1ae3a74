import Model

/// One demand on a backbone, as data: what it is called, what it belongs to, what it says, and how
/// it is tried.
public struct ConformanceCheck: Sendable {
  /// What a check asks of its subject beyond the port.
  public enum Need: Hashable, Sendable {
    /// Messages can be lost, delayed and doubled.
    case wire
    /// The node can be crashed or paused.
    case nodes
  }

  /// `capability.what`, such as "ordering.one-producer"; never changes its meaning.
  public let id: String
  public let capability: ConformanceCapability
  /// What must hold, one sentence without full stop.
  public let sentence: String
  public let needs: Set<Need>
  let body: @Sendable (ConformanceWorld) throws(CheckFailure) -> Void

  init(
    _ capability: ConformanceCapability, _ name: String, _ sentence: String,
    needs: Set<Need> = [],
    _ body: @escaping @Sendable (ConformanceWorld) throws(CheckFailure) -> Void
  ) {
    id = "\(capability.rawValue).\(name)"
    self.capability = capability
    self.sentence = sentence
    self.needs = needs
    self.body = body
  }
}

/// All checks, in the order in which they are tried and listed.
public let conformanceChecks: [ConformanceCheck] =
  orderingChecks + idempotenceChecks + durabilityChecks + transactionChecks + visibilityChecks
  + fencingChecks + positionChecks + groupChecks + groupCommitChecks + recordChecks + readingChecks
  + clientChecks + restartChecks
  + pauseChecks

/// Throws unless the condition is true.
func require(
  _ condition: Bool, _ message: @autoclosure () -> String
) throws(CheckFailure) {
  if !condition { throw .violated(message()) }
}

/// Throws unless both are equal; says what was due and what was seen.
func require<T: Equatable>(
  _ seen: T, is due: T, _ what: @autoclosure () -> String
) throws(CheckFailure) {
  if seen != due { throw .violated("\(what()): \(brief(seen)) in place of \(brief(due))") }
}

private func brief<T>(_ value: T) -> String {
  let text = "\(value)"
  return text.count > 120 ? "\(text.prefix(120))..." : text
}
