/// Shares blocks between those who walk along the lanes at about the same place: sender, judge and
/// oracle. For one thread. It keeps what was asked for until it is released, at most `limit` blocks
/// a lane; what lies outside is made anew each time.
public final class BlockCache {
  public let source: any EventSource
  /// Blocks kept per lane at most.
  public let limit: Int
  private var lanes: [Lane]

  private struct Lane {
    /// Index of the first block that may be kept.
    var base = 0
    /// Block `base + i`, nil when it was not asked for.
    var blocks: [EventBlock?] = []
  }

  public init(_ source: any EventSource, limit: Int = 256) {
    self.source = source
    self.limit = limit
    lanes = [Lane](repeating: Lane(), count: source.laneCount)
  }

  /// Block `index` of a lane, nil past its end.
  public func get(_ index: Int, of lane: Int) -> EventBlock? {
    let place = index - lanes[lane].base
    if place < 0 || place >= limit { return source.block(index, of: lane) }
    if place < lanes[lane].blocks.count, let block = lanes[lane].blocks[place] { return block }
    guard let block = source.block(index, of: lane) else { return nil }
    while lanes[lane].blocks.count <= place { lanes[lane].blocks.append(nil) }
    lanes[lane].blocks[place] = block
    return block
  }

  /// The block that holds a sequence, and where; nil when there is no such event.
  public func find(_ sequence: UInt64, of lane: Int) -> (block: EventBlock, index: Int)? {
    guard let block = get(source.blockIndex(of: sequence, in: lane), of: lane),
      let index = block.index(of: sequence)
    else { return nil }
    return (block, index)
  }

  /// Forgets the blocks of a lane before `index`: no one will ask for them in order any more.
  public func release(below index: Int, of lane: Int) {
    let gone = index - lanes[lane].base
    if gone <= 0 { return }
    lanes[lane].blocks.removeFirst(min(gone, lanes[lane].blocks.count))
    lanes[lane].base = index
  }

  /// Blocks that are kept at the moment, over all lanes.
  public var kept: Int {
    lanes.reduce(0) { $0 + $1.blocks.reduce(0) { $1 == nil ? $0 : $0 + 1 } }
  }
}
