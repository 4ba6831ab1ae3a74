import Model

/// What is computed, not how: a small declarative query over named streams. Data, not closures, so
/// that it can stand in a file, be translated, and be read by the oracle and by the engine alike.
/// The exact meaning of every operator is in `docs/queries.md`.
public struct Plan: Hashable, Sendable {
  public var name: String
  /// The stream that is read, and the columns that its rows have.
  public var input: PlanInput
  /// How far event times may lie behind the greatest one seen of their (partition, source).
  public var watermarkDelay: Nanoseconds
  /// How long a closed result still takes events.
  public var allowedLateness: Nanoseconds
  /// Event times are floored to multiples of this before anything else.
  public var resolution: Nanoseconds
  /// In topological order; an operator reads only those before it. Operator 0 is the input.
  public var operators: [PlanOperator]
  /// Columns of the last operator that identify a result row, then those that are its value.
  public var keyColumns: [Int]
  public var valueColumns: [Int]

  public init(
    name: String, input: PlanInput, watermarkDelay: Nanoseconds, allowedLateness: Nanoseconds = 0,
    resolution: Nanoseconds = .millisecond, operators: [PlanOperator], keyColumns: [Int],
    valueColumns: [Int]
  ) {
    self.name = name
    self.input = input
    self.watermarkDelay = watermarkDelay
    self.allowedLateness = allowedLateness
    self.resolution = resolution
    self.operators = operators
    self.keyColumns = keyColumns
    self.valueColumns = valueColumns
  }
}

/// A stream as a plan sees it.
public struct PlanInput: Hashable, Sendable {
  public var stream: String
  public var columns: [ColumnSource]

  public init(stream: String, columns: [ColumnSource]) {
    self.stream = stream
    self.columns = columns
  }
}

/// Where a column of the input comes from. All columns are int64 or null in this version: enums
/// are their index, booleans 0 and 1, timestamps their number.
public enum ColumnSource: Hashable, Sendable {
  /// A field of the record's Avro schema, by name.
  case field(String)
  /// XXH3-64 of the record's key bytes; null without key.
  case keyDigest
  /// XXH3-64 of the record's value bytes.
  case valueDigest
  case source
  case sequence
}

/// One step of a plan. Inputs are indices into `Plan.operators`; columns are indices into the
/// columns of the input row.
public indirect enum PlanOperator: Hashable, Sendable {
  /// The rows of the plan's input, in the columns named there. Always operator 0.
  case input
  /// Rows for which the predicate is true.
  case filter(Int, Predicate)
  /// Rows of the given columns; time, identity and evidence stay.
  case select(Int, [Expression])
  /// All rows of all inputs, which have the same number of columns.
  case union([Int])
  /// In event order per `by`: a row goes iff a kept earlier one is less than `horizon` before it.
  case deduplicate(Int, by: [Int], horizon: Nanoseconds)
  /// Windows [s, s + size) with s = offset modulo size, per key. Columns: the key, the window start
  /// in nanoseconds, then one per aggregate.
  case tumbling(Int, key: [Int], size: Nanoseconds, offset: Nanoseconds, [Aggregate])
  /// Relaxed contiguity, after a match skip past its last row; t(last) - t(first) < within.
  /// Columns: the key, then the measures.
  case pattern(Int, key: [Int], steps: [Predicate], within: Nanoseconds, measures: [Measure])
  /// A named machine per key. Its columns are the machine's.
  case process(Int, key: [Int], Machine)
}

/// A value taken from a row bound to a step of a pattern.
public struct Measure: Hashable, Sendable {
  public var step: Int
  public var column: Int

  public init(step: Int, column: Int) {
    self.step = step
    self.column = column
  }
}

public enum Aggregate: Hashable, Sendable {
  case count
  case sum(Int)
  case min(Int)
  case max(Int)
}

/// A machine of the `process` operator: what it does is written twice, in the engine and in the
/// oracle, from the sentence here.
public enum Machine: Hashable, Sendable {
  /// Decisions on card requests, in event order per card. Let `t` be the time of a request:
  /// 1. t < blocked_until: code 62;
  /// 2. requests of the card with time in [t - window, t], this one included, >= limit: code 65,
  ///    blocked_until = t + block;
  /// 3. else code 0. Every request counts as an attempt.
  /// Columns out: the `pass` columns of the request, code, attempts (at most `limit`),
  /// blocked_until in nanoseconds (null while the card is not blocked at the time of the answer).
  case cardGuard(limit: Int64, window: Nanoseconds, block: Nanoseconds, pass: [Int])
}

/// A value computed from one row. Arithmetic on null is null.
public indirect enum Expression: Hashable, Sendable {
  case column(Int)
  case constant(Int64)
  case null
}

/// A three-valued condition on a row; a row passes only on true.
public indirect enum Predicate: Hashable, Sendable {
  case equal(Expression, Int64)
  case among(Expression, [Int64])
  case atLeast(Expression, Int64)
  case atMost(Expression, Int64)
  case and([Predicate])
  case or([Predicate])
  case not(Predicate)
}
