import Draws
import Model

/// Requests that the acquirer sends a second time, one to eight seconds later: a lane of its own,
/// late by design. All copies from a block go the same number of slots later, so that the copies of
/// any moment are found by looking at few blocks.
struct AgainLane: Sendable {
  private let every: Int
  private let lanes: [RequestLane]
  private let grid: BlockGrid
  private let delays: DrawFamily
  private let picks: DrawFamily

  /// Slots of 1.024 s between the block of the original and that of the copy.
  private static let slots = 2...7

  /// A copy of the event at a place in a block of a lane, and when it is sent.
  struct Copy {
    var at: Nanoseconds
    var lane: Int
    var block: Int
    var index: Int
    var outline: BlockOutline
  }

  /// Nil when nothing is sent again.
  init?(seed: UInt64, every: Int, lanes: [RequestLane], grid: BlockGrid) throws(Problems) {
    if every == 0 { return nil }
    // All lanes may choose the same block, from six blocks each.
    if lanes.count * 16_384 * Self.slots.count / every >= 1 << BlockGrid.sequenceBits {
      throw refusal(
        "again_every: \(every) makes too many copies of \(lanes.count) sources",
        hint: "take a greater again_every or fewer sources")
    }
    self.every = every
    self.lanes = lanes
    self.grid = grid
    delays = DrawFamily(seed: seed, component: "finance.fraud", purpose: "again delay")
    picks = DrawFamily(seed: seed, component: "finance.fraud", purpose: "again pick")
  }

  /// Blocks by which a copy can be behind its original.
  static func longest(_ grid: BlockGrid) -> Int {
    slots.upperBound << (BlockGrid.usualLevel - grid.level)
  }

  /// The copies that are sent within a block, in send order.
  func copies(in index: Int) -> [Copy] {
    var copies: [Copy] = []
    for slots in Self.slots {
      let block = index - (slots << (BlockGrid.usualLevel - grid.level))
      if block < 0 { continue }
      for lane in lanes {
        let delay = delays.indexed(UInt64(lane.lane)).stream(UInt64(block))
        if Int(delay.below(UInt64(Self.slots.count), 0)) + Self.slots.lowerBound != slots {
          continue
        }
        append(to: &copies, from: lane, block: block, sentIn: index)
      }
    }
    copies.sort { ($0.at, $0.lane, $0.block, $0.index) < ($1.at, $1.lane, $1.block, $1.index) }
    return copies
  }

  private func append(
    to copies: inout [Copy], from lane: RequestLane, block: Int, sentIn index: Int
  ) {
    let outline = lane.outline(block: block)
    let draws = picks.indexed(UInt64(lane.lane)).stream(UInt64(block))
    let first = Int(draws.below(UInt64(every), 0))
    for place in stride(from: first, to: outline.count, by: every) {
      let offset = draws.below(UInt64(grid.length), UInt64(place) + 1)
      copies.append(
        Copy(
          at: grid.start(of: index) + Nanoseconds(offset), lane: lane.lane, block: block,
          index: place, outline: outline))
    }
  }
}
