/// One part of several into which the lanes of a workload are dealt: lanes of index modulo count.
public struct Shard: Hashable, Sendable {
  /// From 0, below `count`.
  public var index: Int
  public var count: Int

  /// All lanes.
  public static let whole = Shard(index: 0, count: 1)

  public init(index: Int, count: Int) {
    precondition(count > 0 && index >= 0 && index < count, "a shard is one of its count")
    self.index = index
    self.count = count
  }

  @inlinable public func holds(_ lane: Int) -> Bool { lane % count == index }
}
