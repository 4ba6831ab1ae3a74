import Model

/// A value computed from one row. Arithmetic on null is null; a value that does not fit an int64 is
/// the error `overflow`.
public indirect enum Expression: Hashable, Sendable {
  case column(Int)
  case constant(Int64)
  case null
  /// A column of the row that is bound to an earlier step; only in the steps of a `Match`.
  case bound(step: Int, column: Int)
  /// The row's event time in nanoseconds, floored to the plan's resolution.
  case time
  case add(Expression, Expression)
  case subtract(Expression, Expression)
  case multiply(Expression, Expression)
  /// The quotient, rounded as stated; null when the divisor is zero. The divisor is made positive
  /// first.
  case divide(Expression, Expression, Rounding)
  /// What floor division leaves; null when the divisor is zero.
  case modulo(Expression, Expression)
  /// The first value that is not null.
  case coalesce([Expression])
  case smaller(Expression, Expression)
  case greater(Expression, Expression)
  /// The first expression where the condition is true, else the second.
  case choose(Predicate, Expression, Expression)
  /// Number of the zone that holds a place (latitude, longitude in millionths of a degree), null
  /// when there is none or a coordinate is null.
  case zone(Expression, Expression, ZoneMap)
}

/// How a quotient becomes an integer (queries.md 5.2).
public enum Rounding: Hashable, Sendable {
  case floor
  /// To the nearest; halves to the even one.
  case halfEven
  /// To the nearest; halves up: (2a + b) div 2b.
  case halfUp
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
  /// Never unknown.
  case isNull(Expression)
}

/// Zones on a plane, at most one in each cell of a grid and wholly inside of it. Integers only:
/// dy = latitude - origin, dx = ((longitude - origin) * longitudeScale) >> 16, both in
/// millionths of a degree of latitude.
public struct ZoneMap: Hashable, Sendable {
  /// Latitude and longitude of the corner with the least of both, millionths of a degree.
  public var originLatitude: Int64
  public var originLongitude: Int64
  public var longitudeScale: Int64
  /// Side of a cell in the units of dx and dy; cell (row, column) = (dy div cell, dx div cell).
  public var cell: Int64
  public var rows: Int
  public var columns: Int
  /// By row * columns + column; places outside of the grid are in no zone.
  public var zones: [Zone?]

  public struct Zone: Hashable, Sendable {
    /// What the expression `zone` gives.
    public var number: Int64
    /// Centre in dx and dy.
    public var x: Int64
    public var y: Int64
    /// A place is inside when its squared distance is at most `radius` squared and there are no
    /// corners; with corners, by the crossing number, lower edge inside, upper edge outside.
    public var radius: Int64
    /// Corners in order, as dx and dy; empty for a circle.
    public var corners: [Corner]

    public init(number: Int64, x: Int64, y: Int64, radius: Int64, corners: [Corner] = []) {
      self.number = number
      self.x = x
      self.y = y
      self.radius = radius
      self.corners = corners
    }
  }

  public struct Corner: Hashable, Sendable {
    public var x: Int64
    public var y: Int64

    public init(x: Int64, y: Int64) {
      self.x = x
      self.y = y
    }
  }

  public init(
    originLatitude: Int64, originLongitude: Int64, longitudeScale: Int64, cell: Int64, rows: Int,
    columns: Int, zones: [Zone?]
  ) {
    self.originLatitude = originLatitude
    self.originLongitude = originLongitude
    self.longitudeScale = longitudeScale
    self.cell = cell
    self.rows = rows
    self.columns = columns
    self.zones = zones
  }
}
