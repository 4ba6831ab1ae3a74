/// The rows that an operator hands on: some of the rows of a store, in event order.
final class RowPicks {
  var rows: Rows
  private(set) var picks: UnsafeMutablePointer<Int32>
  private var moved: [Int32] = []
  private var groupOf: [Int32] = []
  private var ends: [Int32] = []
  private(set) var count = 0
  private var capacity = 256

  init(rows: Rows) {
    self.rows = rows
    picks = .allocate(capacity: capacity)
  }

  deinit { picks.deallocate() }

  @inline(__always) func pick(_ index: Int) {
    if count == capacity {
      let wider = UnsafeMutablePointer<Int32>.allocate(capacity: capacity * 2)
      wider.update(from: picks, count: count)
      picks.deallocate()
      picks = wider
      capacity *= 2
    }
    picks[count] = Int32(truncatingIfNeeded: index)
    count &+= 1
  }

  func removeAll() { count = 0 }

  /// Picks all events of a bucket in event order. Those of a lane stand in the order of their
  /// sequences already, so it is enough to distribute them by lane and then by time, both keeping
  /// the order of equals; a bucket of many times is sorted by comparison.
  func pickAllEvents(from start: Int64, until end: Int64, resolution: Int64, lanes: Int) {
    let (span, overflow) = end.subtractingReportingOverflow(start)
    if overflow || span / resolution > 1 << 12 || lanes > 1 << 12 || rows.count < 16 {
      return pickAllSorted()
    }
    removeAll()
    for index in 0..<rows.count { pick(index) }
    let heads = rows.heads
    distribute(groups: lanes) { Int(heads[$0].source) }
    distribute(groups: Int(span / resolution) + 1) { Int((heads[$0].time &- start) / resolution) }
  }

  /// Groups the picks by `group`, keeping the order within each.
  @inline(__always) private func distribute(groups: Int, _ group: (Int) -> Int) {
    if moved.count < count {
      moved = Array(repeating: 0, count: count * 2)
      groupOf = moved
    }
    if ends.count <= groups { ends = Array(repeating: 0, count: groups + 1) }
    moved.withUnsafeMutableBufferPointer { moved in
      groupOf.withUnsafeMutableBufferPointer { groupOf in
        ends.withUnsafeMutableBufferPointer { ends in
          for place in 0...groups { ends[place] = 0 }
          for place in 0..<count {
            let of = group(Int(picks[place]))
            groupOf[place] = Int32(truncatingIfNeeded: of)
            ends[of + 1] &+= 1
          }
          for place in 0..<groups { ends[place + 1] &+= ends[place] }
          for place in 0..<count {
            let of = Int(groupOf[place])
            moved[Int(ends[of])] = picks[place]
            ends[of] &+= 1
          }
        }
      }
      for place in 0..<count { picks[place] = moved[place] }
    }
  }

  /// Picks all rows of the store, sorted into event order.
  func pickAllSorted() {
    removeAll()
    for index in 0..<rows.count { pick(index) }
    let heads = rows.heads
    var buffer = UnsafeMutableBufferPointer(start: picks, count: count)
    buffer.sort { RowHead.precedes(heads[Int($0)], heads[Int($1)]) }
  }
}
