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
  /// Windows [s, s + size) with s = offset modulo slide, per key; size is a multiple of slide, at
  /// most 1,000 of it. A row is in every window that holds its time. Columns as `tumbling`.
  case sliding(
    Int, key: [Int], size: Nanoseconds, slide: Nanoseconds, offset: Nanoseconds, [Aggregate])
  /// Rows of a key whose neighbours in time are at most `gap` apart. Columns: the key, the first
  /// time and the last time plus gap in nanoseconds, then those of the aggregates.
  case session(Int, key: [Int], gap: Nanoseconds, [Aggregate])
  /// The first rows of each window and group, in an order. The input is a tumbling or sliding
  /// window, with filters and selections between. Columns: those of the input, then the rank.
  case topN(Int, group: [Int], order: [SortColumn], count: Int)
  /// A pattern whose contiguity is stated, whose steps see the rows bound before, and that may end
  /// in an absence. Columns: the key, then the measures.
  case match(Int, key: [Int], Match)
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

/// A value of the rows of a window or session. Rows whose column (or `by`) is null are left out,
/// but not of `count`. Without rows left: 0 for the counts, else null.
public enum Aggregate: Hashable, Sendable {
  case count
  /// Exact; a sum that does not fit an int64 is the error `overflow`.
  case sum(Int)
  case min(Int)
  case max(Int)
  /// Rows whose column is not null.
  case countOf(Int)
  /// The column of the first or last such row in event order.
  case first(Int)
  case last(Int)
  /// The column, null or not, of the row with the least or greatest `by`; of several the first in
  /// event order.
  case argMin(Int, by: Int)
  case argMax(Int, by: Int)
  /// How many different values.
  case distinct(Int)
  /// Two columns: the sum and the number of rows, never divided.
  case mean(Int)
  /// The value at rank max(1, ceil(numerator * n / denominator)) of n sorted values;
  /// 0 < numerator <= denominator.
  case quantile(Int, numerator: Int64, denominator: Int64)

  /// Columns that it takes in the result.
  public var width: Int { if case .mean = self { 2 } else { 1 } }

  /// True when the order of the rows decides the value.
  public var needsOrder: Bool {
    switch self {
    case .first, .last, .argMin, .argMax: true
    default: false
    }
  }
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
  /// A column of the row that is bound to an earlier step; only in the steps of a `Match`.
  case bound(step: Int, column: Int)
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
  /// The first value is less than the second.
  case less(Expression, Expression)
  /// The two values are equal.
  case same(Expression, Expression)
}
