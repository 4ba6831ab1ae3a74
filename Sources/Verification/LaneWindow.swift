import Model
import Workloads

/// What is known of one event, as bits.
struct EventFlags {
  static let sent: UInt8 = 1
  static let acknowledged: UInt8 = 2
  static let failed: UInt8 = 4
  static let unknown: UInt8 = 8
  static let polled: UInt8 = 16
  static let dropped: UInt8 = 32
  static let placed: UInt8 = 64
  static let outcome = acknowledged | failed | unknown
}

/// State of the events of one block, in flat memory.
final class BlockState {
  let block: EventBlock
  let index: Int
  let flags: UnsafeMutablePointer<UInt8>
  let sentAt: UnsafeMutablePointer<Int64>
  let acknowledgedAt: UnsafeMutablePointer<Int64>
  let offset: UnsafeMutablePointer<Int64>
  let partition: UnsafeMutablePointer<Int32>
  /// Events that are not yet done with: neither failed, nor both answered and polled.
  let open: UnsafeMutablePointer<Int>
  /// Greatest event time in it.
  let lastTime: Int64

  init(_ block: EventBlock, index: Int, existing: Int) {
    self.block = block
    self.index = index
    let n = max(block.count, 1)
    flags = .allocate(capacity: n)
    flags.initialize(repeating: 0, count: n)
    sentAt = .allocate(capacity: n)
    sentAt.initialize(repeating: -1, count: n)
    acknowledgedAt = .allocate(capacity: n)
    acknowledgedAt.initialize(repeating: -1, count: n)
    offset = .allocate(capacity: n)
    offset.initialize(repeating: -1, count: n)
    partition = .allocate(capacity: n)
    partition.initialize(repeating: -1, count: n)
    open = .allocate(capacity: 1)
    open.initialize(to: existing)
    var last = Int64.min
    for event in 0..<existing { last = max(last, block.eventTime[event]) }
    lastTime = last
  }

  deinit {
    open.deallocate()
    flags.deallocate()
    sentAt.deallocate()
    acknowledgedAt.deallocate()
    offset.deallocate()
    partition.deallocate()
  }
}

/// The addresses of a block's state, held while a run of its events is read, so that no event costs
/// a look-up.
struct BlockView {
  let base: UInt64
  let count: UInt64
  let flags: UnsafeMutablePointer<UInt8>
  let sentAt: UnsafeMutablePointer<Int64>
  let acknowledgedAt: UnsafeMutablePointer<Int64>
  let offset: UnsafeMutablePointer<Int64>
  let partition: UnsafeMutablePointer<Int32>
  let open: UnsafeMutablePointer<Int>
  let digest: UnsafeMutablePointer<UInt64>
  let eventTime: UnsafeMutablePointer<Int64>
  let intendedAt: UnsafeMutablePointer<Int64>

  init(_ state: BlockState) {
    base = state.block.baseSequence
    count = UInt64(state.block.count)
    flags = state.flags
    sentAt = state.sentAt
    acknowledgedAt = state.acknowledgedAt
    offset = state.offset
    partition = state.partition
    open = state.open
    digest = state.block.digest
    eventTime = state.block.eventTime
    intendedAt = state.block.intendedAt
  }
}

/// An event of a block that was let go although something of it was still open.
struct Straggler {
  var flags: UInt8
  var sentAt: Int64
  var acknowledgedAt: Int64
  var offset: Int64
  var partition: Int32
}

/// The events of one lane between the first that is still open and the last that was sent. Memory
/// follows the disorder: a block is let go when all its events are done with, and of an old block
/// only the open events are kept.
final class LaneWindow {
  let lane: Int
  private let provider: (Int, Int) -> EventBlock?
  private let source: any EventSource
  private let endOfLoad: Int64
  /// Blocks from `first` on; nil are let go.
  private(set) var states: [BlockState?] = []
  private(set) var first = 0
  private(set) var stragglers: [UInt64: Straggler] = [:]
  /// The last block that each kind of entry touched.
  private var recent: [BlockState?] = [nil, nil, nil]
  private var reloaded: EventBlock?
  private let keptBlocks = 48

  init(
    lane: Int, source: any EventSource, endOfLoad: Instant,
    provider: @escaping (Int, Int) -> EventBlock?
  ) {
    self.lane = lane
    self.source = source
    self.endOfLoad = endOfLoad.ns
    self.provider = provider
  }

  enum Role: Int { case sender, answer, reader }

  /// The state of the block of an event; nil when the block was let go or the event never was.
  @inline(__always) func state(of sequence: UInt64, for role: Role) -> BlockState? {
    if let state = recent[role.rawValue],
      sequence &- state.block.baseSequence < UInt64(state.block.count)
    {
      return state
    }
    return find(sequence, role)
  }

  private func find(_ sequence: UInt64, _ role: Role) -> BlockState? {
    let index = source.blockIndex(of: sequence, in: lane)
    // Bounded: a sequence far beyond what can have been sent is a phantom, not a reason to load.
    if index < first || index > first + states.count + 4096 { return nil }
    while index >= first + states.count { if !openNext() { return nil } }
    let state = states[index - first]
    guard let state, state.block.index(of: sequence) != nil else { return nil }
    recent[role.rawValue] = state
    return state
  }

  /// Opens the next block of the lane; false when there is none before the end of load.
  func openNext() -> Bool {
    let index = first + states.count
    if source.earliestSend(block: index, of: lane).ns >= endOfLoad { return false }
    guard let block = provider(lane, index) else { return false }
    var existing = block.count
    while existing > 0 && block.intendedAt[existing - 1] >= endOfLoad { existing -= 1 }
    states.append(BlockState(block, index: index, existing: existing))
    return true
  }

  /// The block of an event whose state was let go.
  func block(of sequence: UInt64) -> EventBlock? {
    if let reloaded, reloaded.index(of: sequence) != nil { return reloaded }
    let index = source.blockIndex(of: sequence, in: lane)
    if index < 0 || index >= first + states.count { return nil }
    if index >= first, let state = states[index - first] { return state.block }
    reloaded = provider(lane, index)
    if reloaded?.index(of: sequence) == nil { return nil }
    return reloaded
  }

  func isBeyondLoad(_ intendedAt: Int64) -> Bool { intendedAt >= endOfLoad }

  func straggler(_ sequence: UInt64) -> Straggler? { stragglers[sequence] }

  func set(_ sequence: UInt64, _ straggler: Straggler) {
    let done =
      straggler.flags & EventFlags.polled != 0
      && straggler.flags & EventFlags.outcome != 0
    stragglers[sequence] = done ? nil : straggler
  }

  /// Whether the event lies in a block that was opened and let go.
  func isGone(_ sequence: UInt64) -> Bool {
    let index = source.blockIndex(of: sequence, in: lane)
    if index < first { return index >= 0 }
    return index < first + states.count && states[index - first] == nil
  }

  /// Lets go of what is done with; `passed` is how far the oracle has come in event time.
  /// `needsRead` is false when nothing is delivered, so that an outcome is all there is to wait
  /// for.
  func tidy(passed: Int64, needsRead: Bool) {
    let old = states.count - keptBlocks
    for place in 0..<states.count {
      guard let state = states[place], state.lastTime < passed else { continue }
      let isDone = state.open[0] == 0 || (!needsRead && isAnswered(state, place))
      if isDone || place < old { letGo(state, place, needsRead) }
    }
    var gone = 0
    while gone < states.count && states[gone] == nil { gone += 1 }
    if gone > 0 {
      states.removeFirst(gone)
      first += gone
    }
  }

  /// Whether every event has an outcome; the newest blocks are still on their way.
  private func isAnswered(_ state: BlockState, _ place: Int) -> Bool {
    if place >= states.count - 2 { return false }
    for event in 0..<state.block.count where state.flags[event] & EventFlags.outcome == 0 {
      return false
    }
    return true
  }

  private func letGo(_ state: BlockState, _ place: Int, _ needsRead: Bool) {
    for event in 0..<state.block.count {
      let flags = state.flags[event]
      let isRead = flags & EventFlags.polled != 0 || !needsRead
      let done = isRead && flags & EventFlags.outcome != 0
      if done || state.block.intendedAt[event] >= endOfLoad { continue }
      stragglers[state.block.baseSequence &+ UInt64(event)] = Straggler(
        flags: flags, sentAt: state.sentAt[event], acknowledgedAt: state.acknowledgedAt[event],
        offset: state.offset[event], partition: state.partition[event])
    }
    for role in recent.indices where recent[role] === state { recent[role] = nil }
    states[place] = nil
  }
}
