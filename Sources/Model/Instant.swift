/// A length of time in nanoseconds. Negative where a difference is meant.
public typealias Nanoseconds = Int64

/// A point in run time: nanoseconds since the run began. Warm-up starts at zero.
@frozen public struct Instant: Comparable, Hashable, Sendable {
  public var ns: Int64

  @inlinable public init(ns: Int64) { self.ns = ns }

  public static let zero = Instant(ns: 0)
  public static let distantFuture = Instant(ns: .max)

  @inlinable public static func < (a: Instant, b: Instant) -> Bool { a.ns < b.ns }
  @inlinable public static func + (a: Instant, d: Nanoseconds) -> Instant { Instant(ns: a.ns &+ d) }
  @inlinable public static func - (a: Instant, d: Nanoseconds) -> Instant { Instant(ns: a.ns &- d) }
  @inlinable public static func - (a: Instant, b: Instant) -> Nanoseconds { a.ns &- b.ns }
}

/// Event time: what the domain says about when something happened. Nanoseconds since
/// 1970-01-01T00:00Z, negative allowed.
@frozen public struct Timestamp: Comparable, Hashable, Sendable {
  public var ns: Int64

  @inlinable public init(ns: Int64) { self.ns = ns }

  @inlinable public static func < (a: Timestamp, b: Timestamp) -> Bool { a.ns < b.ns }
}

extension Nanoseconds {
  public static let microsecond: Nanoseconds = 1_000
  public static let millisecond: Nanoseconds = 1_000_000
  public static let second: Nanoseconds = 1_000_000_000
  public static let minute: Nanoseconds = 60_000_000_000
  public static let hour: Nanoseconds = 3_600_000_000_000
  public static let day: Nanoseconds = 86_400_000_000_000
}
