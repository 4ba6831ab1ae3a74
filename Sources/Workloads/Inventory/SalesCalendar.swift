import Model

/// How the time of a shard is cut into sales, each a self-contained story of half the shard's keys:
/// sale j begins with a count of its keys, takes orders until sale j + 1 begins, and all its orders
/// have come to their ends when sale j + 2 counts the same keys again. Times are stamps of one
/// millisecond from the start of the run; borders are multiples of 1,024 of them.
struct SalesCalendar: Hashable, Sendable {
  /// Stamps for which a sale takes orders.
  let length: Int
  /// Stamps of the first sale of each shard, so that shards do not count at the same time.
  private let firsts: [Int]

  /// `countToCount` is the time between two counts of a key, in milliseconds.
  init(countToCount: Int, shards: Int) {
    let cells = max(1, countToCount / 2_048)
    length = cells * 1_024
    firsts = (0..<shards).map { max(1, cells * (4 + $0 % 8) / 8) * 1_024 }
  }

  func start(of sale: Int, shard: Int) -> Int {
    sale == 0 ? 0 : firsts[shard] + (sale - 1) * length
  }

  /// The sale that takes orders at a stamp.
  func sale(at stamp: Int, shard: Int) -> Int {
    stamp < firsts[shard] ? 0 : 1 + (stamp - firsts[shard]) / length
  }
}
