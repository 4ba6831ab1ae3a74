import Model

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

  /// The first `n` different values of a column, by first occurrence in event order: `n` columns,
  /// null from the first one that is not there; 1 <= n <= 16.
  case firstDistinct(Int, Int)

  /// Columns that it takes in the result.
  public var width: Int {
    switch self {
    case .mean: 2
    case .firstDistinct(let n, _): n
    default: 1
    }
  }

  /// True when the order of the rows decides the value.
  public var needsOrder: Bool {
    switch self {
    case .first, .last, .argMin, .argMax, .firstDistinct: true
    default: false
    }
  }
}
