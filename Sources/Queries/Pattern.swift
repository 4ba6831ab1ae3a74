import Model

/// A value taken from a row bound to a step of a pattern.
public struct Measure: Hashable, Sendable {
  public var step: Int
  public var column: Int

  public init(step: Int, column: Int) {
    self.step = step
    self.column = column
  }
}

/// One term of an order of rows. Null is smaller than everything: last when descending.
public struct SortColumn: Hashable, Sendable {
  public var column: Int
  public var descending: Bool

  public init(_ column: Int, descending: Bool = false) {
    self.column = column
    self.descending = descending
  }
}

/// What `PlanOperator.match` looks for, per key in event order. After a match skip past its last
/// row; t(last) - t(first) < within.
public struct Match: Hashable, Sendable {
  public enum Contiguity: Hashable, Sendable {
    /// No row of the key stands between the rows of a match.
    case strict
    /// Each step takes the first later row that satisfies it.
    case relaxed
  }

  public var steps: [Predicate]
  public var within: Nanoseconds
  public var contiguity: Contiguity
  public var absence: MissingRow?
  public var measures: [Measure]

  public init(
    steps: [Predicate], within: Nanoseconds, contiguity: Contiguity, absence: MissingRow? = nil,
    measures: [Measure]
  ) {
    self.steps = steps
    self.within = within
    self.contiguity = contiguity
    self.absence = absence
    self.measures = measures
  }
}

/// The last step of a match that holds when no row satisfies it: none of the key after the last
/// bound row in event order and with a time below its time plus `within`. The time of the result is
/// that deadline.
public struct MissingRow: Hashable, Sendable {
  public var condition: Predicate
  public var within: Nanoseconds
  /// Rows at the time of the last bound row that come before it count as well, but for those of
  /// the match.
  public var sameInstant: Bool

  public init(_ condition: Predicate, within: Nanoseconds, sameInstant: Bool = false) {
    self.condition = condition
    self.within = within
    self.sameInstant = sameInstant
  }
}
