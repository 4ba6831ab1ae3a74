/// Shares blocks between those who walk along the lanes at about the same place: sender, judge and
/// oracle. For one thread. It holds on to the last few blocks of each lane that were made; older
/// ones are shared as long as somebody else holds them, and made anew after that. So memory follows
/// what is under way.
public final class BlockCache {
  public let source: any EventSource
  /// Blocks held per lane.
  public let held: Int
  private var lanes: [Lane]
  /// Blocks that were made so far, for tests and costs.
  public private(set) var made = 0

  private struct Lane {
    var recent: [(index: Int, block: EventBlock)] = []
    /// Ascending by index.
    var known: [(index: Int, reference: Reference)] = []
  }

  private struct Reference { weak var block: EventBlock? }

  public init(_ source: any EventSource, held: Int = 2) {
    self.source = source
    self.held = max(held, 1)
    lanes = [Lane](repeating: Lane(), count: source.laneCount)
  }

  /// Block `index` of a lane, nil past its end.
  public func get(_ index: Int, of lane: Int) -> EventBlock? {
    if let place = place(index, lane), let block = lanes[lane].known[place].reference.block {
      return block
    }
    guard let block = source.block(index, of: lane) else { return nil }
    made += 1
    keep(block, index, lane)
    return block
  }

  /// The block that holds a sequence, and where; nil when there is no such event.
  public func find(_ sequence: UInt64, of lane: Int) -> (block: EventBlock, index: Int)? {
    guard let block = get(source.blockIndex(of: sequence, in: lane), of: lane),
      let index = block.index(of: sequence)
    else { return nil }
    return (block, index)
  }

  private func place(_ index: Int, _ lane: Int) -> Int? {
    lanes[lane].known.lastIndex { $0.index == index }
  }

  private func keep(_ block: EventBlock, _ index: Int, _ lane: Int) {
    lanes[lane].known.removeAll { $0.index == index || $0.reference.block == nil }
    let place = lanes[lane].known.firstIndex { $0.index > index } ?? lanes[lane].known.count
    lanes[lane].known.insert((index, Reference(block: block)), at: place)
    lanes[lane].recent.append((index, block))
    if lanes[lane].recent.count > held { lanes[lane].recent.removeFirst() }
  }
}
