import Bytes
import History
import Model
import Workloads

/// Where every event of the input stands, as Weir read it back: what the job was given.
struct InputStates {
  /// Sequences of a lane have gaps: they are kept in pages, made where events are.
  private struct Lane {
    var pages: [UInt64: Int] = [:]
    /// Partition and offset in the input log; -1 where the event is not.
    var places: [Int64] = []
  }

  private var lanes: [Lane] = []
  private(set) var count: UInt64 = 0

  private static let offsetBits: Int64 = 44
  private static let pageBits: UInt64 = 6
  private static let pageSize = 1 << Int(pageBits)

  mutating func readRun(_ cursor: inout EntryCursor) throws(DecodingError) {
    _ = try cursor.number()
    let partition = Int64(clamping: try cursor.number())
    var offset = Int64(clamping: try cursor.number())
    _ = try cursor.word()
    guard partition < 1 << 18, offset < 1 << Self.offsetBits else {
      throw .malformed("a record of partition \(partition) at \(offset)", at: 0)
    }
    var lanes = lanes
    self.lanes = []
    var added: UInt64 = 0
    _ = try cursor.run { source, sequence in
      defer { offset += 1 }
      // An event that no workload plans is a finding of the log checker.
      guard source < 1 << 16 else { return }
      while lanes.count <= Int(source) { lanes.append(Lane()) }
      let place = Self.makePlace(&lanes[Int(source)], sequence)
      if lanes[Int(source)].places[place] >= 0 { return }
      lanes[Int(source)].places[place] = partition << Self.offsetBits | offset
      added &+= 1
    }
    self.lanes = lanes
    count &+= added
  }

  private static func makePlace(_ lane: inout Lane, _ sequence: UInt64) -> Int {
    let inside = Int(sequence & (1 << pageBits - 1))
    if let page = lane.pages[sequence >> pageBits] { return page + inside }
    let page = lane.places.count
    lane.pages[sequence >> pageBits] = page
    lane.places.append(contentsOf: repeatElement(-1, count: pageSize))
    return page + inside
  }

  /// Partition and offset of an event; nil when it is not in the input log.
  func place(_ event: EventID) -> (partition: Int, offset: Int64)? {
    guard Int(event.source) < lanes.count else { return nil }
    let lane = lanes[Int(event.source)]
    guard let page = lane.pages[event.sequence >> Self.pageBits] else { return nil }
    let place = lane.places[page + Int(event.sequence & (1 << Self.pageBits - 1))]
    if place < 0 { return nil }
    return (Int(place >> Self.offsetBits), place & (1 << Self.offsetBits - 1))
  }

  /// Calls `visit` with every event that is in the input log, lane by lane, in order.
  func forEach(
    _ source: any EventSource, _ provider: (Int, Int) -> EventBlock?,
    _ visit: (EventBlock, Int) -> Void
  ) {
    for (number, lane) in lanes.enumerated() where number < source.laneCount {
      var block: EventBlock?
      for page in lane.pages.keys.sorted() {
        guard let first = lane.pages[page] else { continue }
        for inside in 0..<Self.pageSize where lane.places[first + inside] >= 0 {
          let sequence = page << Self.pageBits | UInt64(inside)
          if block?.index(of: sequence) == nil {
            block = provider(number, source.blockIndex(of: sequence, in: number))
          }
          if let found = block, let index = found.index(of: sequence) { visit(found, index) }
        }
      }
    }
  }
}

extension EventBlock {
  func event(_ index: Int) -> EventID {
    EventID(source: lane, sequence: baseSequence + UInt64(index))
  }
}
