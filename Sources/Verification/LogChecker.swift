import Bytes
import History
import Model
import Queries
import Workloads

/// Follows every event from the client through the log to the engine's reader, and finds what
/// happened to it that should not have.
final class LogChecker {
  /// Where a partition was read.
  struct Partition {
    /// The next offset that a reader who leaves nothing out would be given.
    var position: Int64 = 0
    /// One past the greatest offset ever read.
    var high: Int64 = 0
    /// The engine was restored since the partition was last read.
    var restored = false
    var end: Int64?
    var committed: Int64 = -1
    /// Offsets that the reader jumped over, the last ones.
    var jumps: [Range<Int64>] = []
    var jumpEntries: [UInt64] = []
    /// Greatest acknowledged offset as it rose: when, and what.
    var acknowledged: [(at: Int64, offset: Int64)] = []
  }

  /// The offset of an acknowledgement that does not tell one.
  static let noOffset = UInt64.max

  /// False where others commit than those whose reads are recorded: a job may be ahead of them.
  var positionsFollowReads = true
  let facts: FactBook
  let lanes: [LaneWindow]
  var partitions: [Partition]
  let lateLanes: Set<Int>
  /// The stream of each lane; nil sends nothing.
  let laneStream: [Int?]
  let resolution: Int64
  let recorder: (any SampleRecorder)?
  /// By partition and lane: last sequence read, greatest event time read.
  let lastSequence: UnsafeMutablePointer<UInt64>
  let greatestTime: UnsafeMutablePointer<Int64>
  private(set) var sent: UInt64 = 0
  var polled: UInt64 = 0
  /// By stream: how far an event lay behind the greatest time read of its partition and source,
  /// and the greatest time read of those that are not late by design.
  let greatestDisorder: UnsafeMutablePointer<Int64>
  let streamTime: UnsafeMutablePointer<Int64>
  let streams: Int
  /// Events at two offsets of the log; they count twice where the engine reads both.
  var duplicates: Set<EventID> = []
  let duplicatesKept = 100_000
  /// Events acknowledged at one place and read at another, in the order in which that was seen: no
  /// finding yet, since the place of the acknowledgement may hold a second copy.
  private var misplaced: [EventID: Misplaced] = [:]
  private var misplacedOrder: [EventID] = []

  private struct Misplaced {
    var entry: UInt64
    var acknowledged: (partition: Int32, offset: Int64)
    var read: (partition: Int32, offset: Int64)
  }

  init(
    workload: Workload, endOfLoad: Instant?, partitions: Int, facts: FactBook,
    provider: @escaping (Int, Int) -> EventBlock?, recorder: (any SampleRecorder)?
  ) {
    self.facts = facts
    self.recorder = recorder
    lateLanes = workload.lateLanes
    resolution = max(workload.plan.resolution, 1)
    let source = workload.source
    lanes = (0..<source.laneCount).map {
      LaneWindow(
        lane: $0, source: source, endOfLoad: endOfLoad ?? .distantFuture, provider: provider)
    }
    self.partitions = Array(repeating: Partition(), count: max(partitions, 1))
    let pairs = max(partitions, 1) * max(source.laneCount, 1)
    lastSequence = .allocate(capacity: pairs)
    lastSequence.initialize(repeating: 0, count: pairs)
    greatestTime = .allocate(capacity: pairs)
    greatestTime.initialize(repeating: .min, count: pairs)
    laneStream = workload.laneStream
    streams = max(workload.plan.inputs.count, 1)
    greatestDisorder = .allocate(capacity: streams)
    greatestDisorder.initialize(repeating: 0, count: streams)
    streamTime = .allocate(capacity: streams)
    streamTime.initialize(repeating: .min, count: streams)
  }

  deinit {
    lastSequence.deallocate()
    greatestTime.deallocate()
    greatestDisorder.deallocate()
    streamTime.deallocate()
  }

  func knows(partition: UInt64) -> Bool { partition < UInt64(partitions.count) }

  func view(_ source: UInt32, _ sequence: UInt64, _ role: LaneWindow.Role) -> BlockView? {
    guard Int(source) < lanes.count else { return nil }
    return lanes[Int(source)].state(of: sequence, for: role).map { BlockView($0) }
  }

  func tidy(passed: Int64, needsRead: Bool) {
    for lane in lanes { lane.tidy(passed: passed, needsRead: needsRead) }
  }

  // The readers of runs keep the addresses of the current block in `view`, and go back to the
  // lane only when a sequence lies outside of it.

  func readSent(_ cursor: inout EntryCursor) throws(DecodingError) {
    let at = cursor.at.ns
    let entry = cursor.entry
    var view: BlockView?
    let run = try cursor.run { source, sequence in
      if view == nil || sequence &- view!.base >= view!.count {
        view = self.view(source, sequence, .sender)
      }
      guard let view else { return self.unplanned(source, sequence, entry) }
      let i = Int(truncatingIfNeeded: sequence &- view.base)
      view.flags[i] |= EventFlags.sent
      view.sentAt[i] = at
    }
    sent &+= UInt64(run.count)
  }

  private func unplanned(_ source: UInt32, _ sequence: UInt64, _ entry: UInt64) {
    guard Int(source) < lanes.count, var straggler = lanes[Int(source)].straggler(sequence) else {
      return phantom(EventID(source: source, sequence: sequence), entry, "was sent")
    }
    straggler.flags |= EventFlags.sent
    lanes[Int(source)].set(sequence, straggler)
  }

  func phantom(_ event: EventID, _ entry: UInt64, _ verb: String) {
    facts.add("L12", event: event) {
      Case(
        subject: .event(event), event: event, entries: [entry],
        conclusion: "So event \(event.text) \(verb), although the workload never sent it.")
    }
  }

  func readAcknowledged(_ cursor: inout EntryCursor) throws(DecodingError) {
    let at = cursor.at.ns
    let entry = cursor.entry
    let (number, base) = (try cursor.number(), try cursor.number())
    let partition = Int32(truncatingIfNeeded: number)
    let told = base != Self.noOffset
    var offset = Int64(bitPattern: base)
    var view: BlockView?
    var firstSent = Int64.max
    var lastSent = Int64.min
    _ = try cursor.run { source, sequence in
      if view == nil || sequence &- view!.base >= view!.count {
        view = self.view(source, sequence, .answer)
      }
      defer { offset &+= 1 }
      guard let view else {
        return self.acknowledgeStraggler(source, sequence, at, partition, told ? offset : -1)
      }
      let i = Int(truncatingIfNeeded: sequence &- view.base)
      let flags = view.flags[i]
      if flags & EventFlags.acknowledged != 0 { return }
      view.acknowledgedAt[i] = at
      if flags & EventFlags.outcome == 0 && flags & EventFlags.polled != 0 { view.open[0] &-= 1 }
      var now = flags | EventFlags.acknowledged
      if told {
        if flags & EventFlags.placed == 0 {
          view.offset[i] = offset
          view.partition[i] = partition
          now |= EventFlags.placed
        } else if view.offset[i] != offset || view.partition[i] != partition {
          self.inconsistent(
            EventID(source: source, sequence: sequence), entry, acknowledged: (partition, offset),
            read: (view.partition[i], view.offset[i]))
        }
      }
      view.flags[i] = now
      firstSent = min(firstSent, view.sentAt[i])
      lastSent = max(lastSent, view.sentAt[i])
      self.recorder?.acknowledged(
        intendedAt: Instant(ns: view.intendedAt[i]), at: Instant(ns: at))
    }
    if told && knows(partition: number) {
      checkAppend(Int(partition), Int64(bitPattern: base), offset &- 1, lastSent, at, entry)
    }
  }

  /// L13: an answer tells an offset that is not above one that was answered before the send.
  private func checkAppend(
    _ partition: Int, _ first: Int64, _ last: Int64, _ sentAt: Int64, _ at: Int64, _ entry: UInt64
  ) {
    let known = partitions[partition].acknowledged
    if let top = known.last, first <= top.offset {
      // Only answers that came before the send count: what is in flight has no order.
      if let before = known.last(where: { $0.at < sentAt }), first <= before.offset {
        facts.add("L13") {
          Case(
            subject: .entry(entry), entries: [entry],
            conclusion: "So the log answered offset \(first) in partition \(partition) to a send "
              + "that began after offset \(before.offset) was acknowledged.")
        }
      }
    }
    if known.last.map({ last > $0.offset }) ?? true {
      partitions[partition].acknowledged.append((at, last))
      if known.count > 2048 { partitions[partition].acknowledged.removeFirst(1024) }
    }
  }

  private func acknowledgeStraggler(
    _ source: UInt32, _ sequence: UInt64, _ at: Int64, _ partition: Int32, _ offset: Int64
  ) {
    guard Int(source) < lanes.count, var known = lanes[Int(source)].straggler(sequence) else {
      return
    }
    if known.flags & EventFlags.acknowledged != 0 { return }
    known.flags |= EventFlags.acknowledged
    known.acknowledgedAt = at
    if offset >= 0 && known.flags & EventFlags.placed == 0 {
      known.offset = offset
      known.partition = partition
      known.flags |= EventFlags.placed
    }
    lanes[Int(source)].set(sequence, known)
    if let block = lanes[Int(source)].block(of: sequence), let i = block.index(of: sequence) {
      recorder?.acknowledged(intendedAt: Instant(ns: block.intendedAt[i]), at: Instant(ns: at))
    }
  }

  func inconsistent(
    _ event: EventID, _ entry: UInt64, acknowledged: (Int32, Int64), read: (Int32, Int64)
  ) {
    if duplicates.contains(event) || misplaced[event] != nil { return }
    let found = Misplaced(entry: entry, acknowledged: acknowledged, read: read)
    if misplacedOrder.count >= duplicatesKept { return report(event, found) }
    misplaced[event] = found
    misplacedOrder.append(event)
  }

  /// The event was read at a second place: then it is a duplicate, wherever it was acknowledged.
  func foundTwice(_ event: EventID) { misplaced[event] = nil }

  /// L1, at the end: what is not at the place of its acknowledgement, although that was read. A
  /// whole history was read to the end of the log.
  func reportMisplaced(whole: Bool) {
    for event in misplacedOrder {
      guard let found = misplaced[event] else { continue }
      let place = found.acknowledged
      let partition = UInt64(truncatingIfNeeded: place.partition)
      if whole || (knows(partition: partition) && partitions[Int(partition)].high > place.offset) {
        report(event, found)
      }
    }
  }

  private func report(_ event: EventID, _ found: Misplaced) {
    let (acknowledged, read) = (found.acknowledged, found.read)
    facts.add("L1", event: event) {
      Case(
        subject: .event(event), event: event, entries: [found.entry],
        conclusion: "So event \(event.text) was acknowledged at offset \(acknowledged.offset) of "
          + "partition \(acknowledged.partition) and read at offset \(read.offset) of partition "
          + "\(read.partition).")
    }
  }

  /// Failed or unknown; `each` is called with the event and its time for those that may be absent.
  func readOutcome(
    _ cursor: inout EntryCursor, _ bit: UInt8, _ each: (EventID, Int64) -> Void
  ) throws(DecodingError) {
    _ = try cursor.text()
    var view: BlockView?
    _ = try cursor.run { source, sequence in
      if view == nil || sequence &- view!.base >= view!.count {
        view = self.view(source, sequence, .answer)
      }
      let event = EventID(source: source, sequence: sequence)
      guard let view else {
        guard Int(source) < lanes.count, var known = lanes[Int(source)].straggler(sequence) else {
          return
        }
        known.flags |= bit
        lanes[Int(source)].set(sequence, known)
        return
      }
      let i = Int(truncatingIfNeeded: sequence &- view.base)
      let flags = view.flags[i]
      view.flags[i] = flags | bit
      let wasDone =
        flags & EventFlags.failed != 0
        || (flags & EventFlags.outcome != 0 && flags & EventFlags.polled != 0)
      if !wasDone && (bit == EventFlags.failed || flags & EventFlags.polled != 0) {
        view.open[0] &-= 1
      }
      if bit == EventFlags.failed && flags & EventFlags.polled == 0 {
        each(event, view.eventTime[i])
      }
    }
  }

  func readPolled(_ cursor: inout EntryCursor) throws(DecodingError) {
    let at = cursor.at
    _ = try cursor.number()
    let (number, base, digest) = (
      try cursor.number(), try cursor.number(), try cursor.word()
    )
    guard knows(partition: number), base < UInt64(Int64.max) else {
      throw .malformed("a read of partition \(number) at offset \(base)", at: 0)
    }
    let partition = Int(number)
    begin(partition, Int64(base), cursor.entry)
    var read = ReadRun(
      entry: cursor.entry, partition: partition, offset: Int64(base),
      high: partitions[partition].high)
    var view: BlockView?
    var pair = 0
    var stream = 0
    var late = false
    let run = try cursor.run { source, sequence in
      if view == nil || sequence &- view!.base >= view!.count {
        view = self.view(source, sequence, .reader)
        late = self.lateLanes.contains(Int(source))
        stream = self.stream(of: source)
        pair = partition &* max(self.lanes.count, 1) &+ min(Int(source), self.lanes.count &- 1)
      }
      if let view, view.flags[Int(sequence &- view.base)] & EventFlags.sent != 0 {
        self.poll(view, source, sequence, (pair, stream, late), &read)
      } else {
        read.take(
          self.pollElsewhere(
            source, sequence, partition, read.offset, isAgain: read.offset < read.high,
            read.entry), EventID(source: source, sequence: sequence))
      }
      read.offset &+= 1
    }
    polled &+= read.fresh
    recorder?.read(count: Int(read.fresh), at: at)
    end(partition, read.offset, read.again, read.firstAgain, read.entry)
    if read.isWhole && read.sum != digest { corrupt(run, read.entry) }
  }

  /// One record of an event whose block is open.
  @inline(__always) private func poll(
    _ view: BlockView, _ source: UInt32, _ sequence: UInt64,
    _ scope: (pair: Int, stream: Int, late: Bool), _ read: inout ReadRun
  ) {
    let i = Int(truncatingIfNeeded: sequence &- view.base)
    read.sum &+= view.digest[i]
    let flags = view.flags[i]
    if flags & EventFlags.polled != 0 {
      let event = EventID(source: source, sequence: sequence)
      if read.offset < read.high {
        read.again += 1
        read.firstAgain = read.firstAgain ?? event
      } else {
        duplicate(event, read.entry, read.partition, read.offset)
      }
      return
    }
    if flags & EventFlags.failed != 0 {
      abortedRead(source, sequence, read.entry)
    } else if flags & EventFlags.outcome != 0 {
      view.open[0] &-= 1
    }
    view.flags[i] = flags | EventFlags.polled | EventFlags.placed
    if flags & EventFlags.placed == 0 {
      view.offset[i] = read.offset
      view.partition[i] = Int32(truncatingIfNeeded: read.partition)
    } else if view.offset[i] != read.offset || Int(view.partition[i]) != read.partition {
      inconsistent(
        EventID(source: source, sequence: sequence), read.entry,
        acknowledged: (view.partition[i], view.offset[i]),
        read: (Int32(read.partition), read.offset))
    }
    read.fresh &+= 1
    order(scope.pair, source, sequence, read.partition, read.entry)
    disorder(scope.pair, scope.stream, view.eventTime[i], scope.late)
  }

  private func corrupt(_ run: (source: UInt32, count: Int), _ entry: UInt64) {
    facts.add("D1") {
      Case(
        subject: .entry(entry), entries: [entry],
        conclusion: "So at least one of the \(run.count) values of source \(run.source) read here "
          + "is not what was sent.")
    }
  }
}
