import Model
import Queries
import Workloads

/// Sorts events by event time a bucket at a time: reads each lane's blocks in send order and deals
/// their events out to buckets of event time, each of which is complete once no lane can have an
/// event for it any more. A bucket has the events of each stream apart. Markers are no events.
struct EventBuckets {
  struct Bucket {
    /// By stream.
    var rows: [Rows]
    /// No time in it is below `start`, all are below `end`.
    var start: Int64
    var end: Int64
  }

  private struct Lane {
    var next = 0
    var done = false
  }

  private let source: any EventSource
  private let endOfLoad: Instant
  private let resolution: Int64
  /// Columns of each stream, and the stream of each lane; nil sends nothing.
  private let widths: [Int]
  private let laneStream: [Int?]
  private let provider: (Int, Int) -> EventBlock?
  private var lanes: [Lane]
  /// Event time of a bucket; chosen when the first blocks are known.
  private var span: Int64 = 0
  /// By stream, then by number.
  private var buckets: [[Int64: Rows]]
  /// Numbers of the buckets that hold events, as a heap with the least first.
  private var heap: [Int64] = []
  private var spare: [[Rows]]
  /// The buckets of each stream that were used last, by number modulo 256. Not counted as
  /// references: each is held by `buckets` as long as it stands here.
  private var recent: [(number: Int64, rows: Unmanaged<Rows>?)]
  private var loadedUntil = Int64.min

  init(
    source: any EventSource, endOfLoad: Instant, resolution: Int64, widths: [Int],
    laneStream: [Int?], provider: @escaping (Int, Int) -> EventBlock?
  ) {
    self.source = source
    self.endOfLoad = endOfLoad
    self.resolution = resolution
    self.widths = widths
    self.laneStream = laneStream
    self.provider = provider
    lanes = (0..<source.laneCount).map { Lane(done: laneStream[$0] == nil) }
    buckets = widths.map { _ in [:] }
    spare = widths.map { _ in [] }
    recent = Array(repeating: (0, nil), count: 256 * widths.count)
  }

  var laneCount: Int { lanes.count }

  /// Loads every block that may have an event below `eventTime`.
  mutating func load(until eventTime: Int64) {
    if eventTime <= loadedUntil { return }
    loadedUntil = eventTime
    if span == 0 { span = chooseSpan() }
    for lane in lanes.indices {
      while !lanes[lane].done {
        let index = lanes[lane].next
        if source.earliestSend(block: index, of: lane) >= endOfLoad {
          lanes[lane].done = true
          break
        }
        if source.eventTimeFloor(block: index, of: lane) >= eventTime { break }
        lanes[lane].next += 1
        guard let block = provider(lane, index) else {
          lanes[lane].done = true
          break
        }
        deal(block, lane)
      }
    }
  }

  /// A bound above `bound` up to which one more block can be loaded; nil when all are.
  func someTimeAfter(_ bound: Int64) -> Int64? {
    var next = Int64.max
    var open = false
    for lane in lanes.indices where !lanes[lane].done {
      let floor = source.eventTimeFloor(block: lanes[lane].next, of: lane)
      if floor < .max { open = true }
      next = min(next, floor)
    }
    if !open { return nil }
    return max(next &+ 1, bound &+ max(span, 1))
  }

  /// The next bucket in time that is wholly below `eventTime`.
  mutating func take(until eventTime: Int64) -> Bucket? {
    guard let number = heap.first else { return nil }
    let (start, overflow) = number.multipliedReportingOverflow(by: span)
    let (end, beyond) = start.addingReportingOverflow(span)
    if eventTime != .max && (overflow || beyond || end > eventTime) { return nil }
    popHeap()
    var rows: [Rows] = []
    for stream in widths.indices {
      rows.append(
        buckets[stream].removeValue(forKey: number) ?? spare[stream].popLast()
          ?? Rows(width: widths[stream]))
      let place = stream << 8 | Int(truncatingIfNeeded: number) & 255
      if recent[place].number == number { recent[place].rows = nil }
    }
    return Bucket(
      rows: rows, start: overflow ? .min : start, end: overflow || beyond ? .max : end)
  }

  mutating func giveBack(_ rows: [Rows]) {
    for (stream, rows) in rows.enumerated() {
      rows.removeAll()
      if spare[stream].count < 64 { spare[stream].append(rows) }
    }
  }

  /// About 500 events a bucket, by the rate of the first blocks.
  private func chooseSpan() -> Int64 {
    var events: Int64 = 0
    var longest: Int64 = 1
    for lane in lanes.indices where laneStream[lane] != nil {
      guard source.earliestSend(block: 0, of: lane) < endOfLoad, let block = provider(lane, 0),
        block.count > 1
      else { continue }
      events += Int64(block.count)
      longest = max(longest, block.intendedAt[block.count - 1] &- block.intendedAt[0])
    }
    let span = longest / max(events / 500, 1)
    return max(1, min(span, Int64.hour) / resolution) * resolution
  }

  private mutating func deal(_ block: EventBlock, _ lane: Int) {
    guard let stream = laneStream[lane] else { return }
    let columns = block.columns
    let width = widths[stream]
    for index in 0..<block.count {
      let intendedAt = block.intendedAt[index]
      if intendedAt >= endOfLoad.ns {
        lanes[lane].done = true
        return
      }
      if block.keyLength[index] == RecordEntry.markerKey { continue }
      let raw = block.eventTime[index]
      var into = raw % resolution
      if into < 0 { into += resolution }
      let time = raw - into
      var number = time / span
      if number &* span > time { number -= 1 }
      let sequence = block.baseSequence &+ UInt64(index)
      let head = RowHead(
        time: time, origin: 0, high: block.lane, low: sequence, nulls: UInt64(block.nulls[index]),
        source: block.lane, evidence: -1, sequence: sequence, intendedAt: intendedAt)
      let place = stream << 8 | Int(truncatingIfNeeded: number) & 255
      if recent[place].number != number || recent[place].rows == nil {
        recent[place] = (number, Unmanaged.passUnretained(bucket(number, stream)))
      }
      recent[place].rows?._withUnsafeGuaranteedRef { rows in
        let row = rows.row(rows.add(head))
        for column in 0..<width { row[column] = columns[column][index] }
      }
    }
  }

  private mutating func bucket(_ number: Int64, _ stream: Int) -> Rows {
    if let known = buckets[stream][number] { return known }
    let isNew = !buckets.contains { $0[number] != nil }
    let rows = spare[stream].popLast() ?? Rows(width: widths[stream])
    buckets[stream][number] = rows
    if isNew { pushHeap(number) }
    return rows
  }

  private mutating func pushHeap(_ number: Int64) {
    heap.append(number)
    var child = heap.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if heap[parent] <= heap[child] { break }
      heap.swapAt(parent, child)
      child = parent
    }
  }

  private mutating func popHeap() {
    let last = heap.removeLast()
    if heap.isEmpty { return }
    heap[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child] < heap[least] { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
