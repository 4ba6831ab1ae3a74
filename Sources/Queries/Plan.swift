import Model

/// What is computed, not how: a small declarative query over named streams. Data, not closures, so
/// that it can stand in a file, be translated, and be read by the oracle and by the engine alike.
/// The exact meaning of every operator is in `docs/queries.md`.
public struct Plan: Hashable, Sendable {
  public var name: String
  /// The streams that are read, and the columns that their rows have.
  public var inputs: [PlanInput]
  /// How far event times may lie behind the greatest one seen of their (partition, source), unless
  /// an input says otherwise.
  public var watermarkDelay: Nanoseconds
  /// How long a closed result still takes events, unless `latenessOf` says otherwise.
  public var allowedLateness: Nanoseconds
  /// Lateness of single operators, by their number.
  public var latenessOf: [Int: Nanoseconds]
  /// Event times are floored to multiples of this before anything else.
  public var resolution: Nanoseconds
  public var emission: Emission
  /// In topological order; an operator reads only those before it.
  public var operators: [PlanOperator]
  /// Columns of the last operator that identify a result row, then those that are its value.
  public var keyColumns: [Int]
  public var valueColumns: [Int]
  /// Names of the key's columns and of the value's, for people; empty, or one for each.
  public var labels: [ResultLabel]

  public init(
    name: String, inputs: [PlanInput], watermarkDelay: Nanoseconds,
    allowedLateness: Nanoseconds = 0, latenessOf: [Int: Nanoseconds] = [:],
    resolution: Nanoseconds = .millisecond, emission: Emission = .final,
    operators: [PlanOperator], keyColumns: [Int], valueColumns: [Int], labels: [ResultLabel] = []
  ) {
    self.name = name
    self.inputs = inputs
    self.watermarkDelay = watermarkDelay
    self.allowedLateness = allowedLateness
    self.latenessOf = latenessOf
    self.resolution = resolution
    self.emission = emission
    self.operators = operators
    self.keyColumns = keyColumns
    self.valueColumns = valueColumns
    self.labels = labels
  }

  /// A plan over one stream.
  public init(
    name: String, input: PlanInput, watermarkDelay: Nanoseconds,
    allowedLateness: Nanoseconds = 0, resolution: Nanoseconds = .millisecond,
    operators: [PlanOperator], keyColumns: [Int], valueColumns: [Int]
  ) {
    self.init(
      name: name, inputs: [input], watermarkDelay: watermarkDelay,
      allowedLateness: allowedLateness, resolution: resolution, operators: operators,
      keyColumns: keyColumns, valueColumns: valueColumns)
  }

  /// The first input; the only one of most plans.
  public var input: PlanInput {
    get { inputs[0] }
    set { inputs[0] = newValue }
  }

  /// Watermark delay of an input.
  public func delay(of input: Int) -> Nanoseconds {
    inputs[input].watermarkDelay ?? watermarkDelay
  }

  /// Allowed lateness of an operator.
  public func lateness(of index: Int) -> Nanoseconds { latenessOf[index] ?? allowedLateness }
}

/// When results come out.
public enum Emission: Hashable, Sendable {
  /// Once, when nothing can change them any more.
  case final
  /// As soon as they are due, and again whenever a late event changes them; a row that is no longer
  /// part of the result is withdrawn by a tombstone.
  case corrections
}

/// How a column of a result is called, and how its number is to be read.
public struct ResultLabel: Hashable, Sendable {
  public enum Kind: Hashable, Sendable {
    case integer
    /// Nanoseconds since 1970.
    case time
    /// A `ColumnSource.text`.
    case text
    /// One of the names, by index.
    case names([String])
  }

  public var name: String
  public var kind: Kind

  public init(_ name: String, _ kind: Kind = .integer) {
    self.name = name
    self.kind = kind
  }
}

/// A stream as a plan sees it.
public struct PlanInput: Hashable, Sendable {
  public var stream: String
  public var columns: [ColumnSource]
  /// The field of the record that is its event time.
  public var eventTime: String
  /// Instead of the plan's.
  public var watermarkDelay: Nanoseconds?
  /// Rows for which this is true are markers: they move the watermark and the input's end, and
  /// reach no operator.
  public var isMarker: Predicate?
  /// Columns that are the record's key, so that rows equal in them lie in one partition; nil when
  /// nothing is known. In several inputs of a plan it is the same key, written alike. Saves an
  /// engine the exchange of rows between its tasks, and changes no result.
  public var recordKey: [Int]?
  /// Other lists of columns that determine the record's key, such as the number of an order whose
  /// key is its customer.
  public var determiningKey: [[Int]]

  public init(
    stream: String, columns: [ColumnSource], eventTime: String = "event_time",
    watermarkDelay: Nanoseconds? = nil, isMarker: Predicate? = nil, recordKey: [Int]? = nil,
    determiningKey: [[Int]] = []
  ) {
    self.stream = stream
    self.columns = columns
    self.eventTime = eventTime
    self.watermarkDelay = watermarkDelay
    self.isMarker = isMarker
    self.recordKey = recordKey
    self.determiningKey = determiningKey
  }
}

/// Where a column of the input comes from. Every column is an int64 or null: enums are their index,
/// booleans 0 and 1, timestamps their number in the unit of the field.
public enum ColumnSource: Hashable, Sendable {
  /// A field of an integer type of the record's Avro schema, by name.
  case field(String)
  /// A string field of at most seven bytes of UTF-8, packed so that numbers are ordered as the
  /// strings are by their bytes: `packedText`. A longer one is an error of the record.
  case text(String)
  /// XXH3-64 of the bytes of a string field: tells equal from different and nothing else.
  case textDigest(String)
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
  /// The rows of one of the plan's inputs, in the columns named there.
  case input(Int)
  /// Rows for which the predicate is true.
  case filter(Int, Predicate)
  /// Rows of the given columns; time, identity and evidence stay.
  case select(Int, [Expression])
  /// All rows of all inputs, which have the same number of columns. An input may be there twice:
  /// each copy is a row.
  case union([Int])
  /// One row for each element of a list that stands in columns, or for each ordered pair of
  /// different places; null elements give no row. Columns: those of the input, then the element (or
  /// both), then its number from 0. Time and identity stay; the number of the copy comes last in
  /// the order.
  case expand(Int, [Int], pairs: Bool)
  /// In event order per `by`: a row goes iff a kept earlier one is less than `horizon` before it.
  /// `Int64.max` keeps the first for ever.
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
  /// The same over all rows of a key, up to the end of the run; corrections only. Columns: the key,
  /// then those of the aggregates. Its rows have the time of the end.
  case total(Int, key: [Int], [Aggregate])
  /// The first rows of each window and group, in an order. The input is a tumbling or sliding
  /// window, with filters and selections between. Columns: those of the input, then the rank.
  case topN(Int, group: [Int], order: [SortColumn], count: Int)
  /// A pattern whose contiguity is stated, whose steps see the rows bound before, and that may end
  /// in an absence. Columns: the key, then the measures.
  case match(Int, key: [Int], Match)
  /// All pairs with equal keys that are not null and lower <= t(right) - t(left) <= upper. Columns:
  /// those of the left row, then those of the right one, null in a left row without a pair.
  case intervalJoin(IntervalJoin)
  /// Each left row with the last right one, in event order, of the same key that is not null and
  /// t(right) <= at. Columns as `intervalJoin`. Identity, and time, are those of the left row.
  case asOfJoin(AsOfJoin)
  /// A named machine per key. Its columns are the machine's.
  case process(Int, key: [Int], Machine)
}

/// What of a row without a partner becomes of it.
public enum JoinKind: Hashable, Sendable {
  case inner
  /// It is kept, the other side null.
  case left
}

/// `PlanOperator.intervalJoin`. Result key: both identities.
public struct IntervalJoin: Hashable, Sendable {
  public var left: Int
  public var right: Int
  /// Columns that must be equal, pair by pair.
  public var leftKey: [Int]
  public var rightKey: [Int]
  /// lower <= upper; both may be negative.
  public var lower: Nanoseconds
  public var upper: Nanoseconds
  public var kind: JoinKind
  /// The time of a pair is that of its right row.
  public var takesRightTime: Bool

  public init(
    left: Int, right: Int, leftKey: [Int], rightKey: [Int], lower: Nanoseconds,
    upper: Nanoseconds, kind: JoinKind = .inner, takesRightTime: Bool = false
  ) {
    self.left = left
    self.right = right
    self.leftKey = leftKey
    self.rightKey = rightKey
    self.lower = lower
    self.upper = upper
    self.kind = kind
    self.takesRightTime = takesRightTime
  }
}

/// `PlanOperator.asOfJoin`.
public struct AsOfJoin: Hashable, Sendable {
  public var left: Int
  public var right: Int
  public var leftKey: [Int]
  public var rightKey: [Int]
  /// A time of the left row in nanoseconds, at most its own, else the run fails; nil for its own.
  public var at: Expression?
  public var kind: JoinKind
  /// How far `at` may lie before the row's time; bounds the state. Nil keeps every version.
  public var back: Nanoseconds?

  public init(
    left: Int, right: Int, leftKey: [Int], rightKey: [Int], at: Expression? = nil,
    kind: JoinKind = .left, back: Nanoseconds? = nil
  ) {
    self.left = left
    self.right = right
    self.leftKey = leftKey
    self.rightKey = rightKey
    self.at = at
    self.kind = kind
    self.back = back
  }
}
