import Bytes
import History
import Model
import Queries
import Workloads

/// What a read record turned out to be, with the digest that its value must have.
enum ReadRecord {
  case phantom
  /// A place of the log that was read before.
  case again(UInt64)
  case fresh(UInt64)
  case duplicate(UInt64)
}

/// What a run of read records adds up to.
struct ReadRun {
  let entry: UInt64
  let partition: Int
  /// Of the record that comes next.
  var offset: Int64
  /// Offsets below had been read before.
  let high: Int64
  /// Of the digests that the values must have.
  var sum: UInt64 = 0
  /// No record was a phantom, so that the sum means something.
  var isWhole = true
  var fresh: UInt64 = 0
  var again = 0
  var firstAgain: EventID?

  mutating func take(_ record: ReadRecord, _ event: EventID) {
    switch record {
    case .phantom: isWhole = false
    case .again(let digest):
      again += 1
      firstAgain = firstAgain ?? event
      sum &+= digest
    case .fresh(let digest):
      fresh &+= 1
      sum &+= digest
    case .duplicate(let digest): sum &+= digest
    }
  }
}

extension LogChecker {
  /// A read of a partition begins at `offset`.
  func begin(_ partition: Int, _ offset: Int64, _ entry: UInt64) {
    if offset > partitions[partition].high {
      let gap = partitions[partition].high..<offset
      if partitions[partition].jumps.count >= 4096 {
        partitions[partition].jumps.removeFirst(2048)
        partitions[partition].jumpEntries.removeFirst(2048)
      }
      partitions[partition].jumps.append(gap)
      partitions[partition].jumpEntries.append(entry)
    }
  }

  /// The read is over; `again` records of it had been read before.
  func end(
    _ partition: Int, _ offset: Int64, _ again: Int, _ firstAgain: EventID?, _ entry: UInt64
  ) {
    partitions[partition].position = offset
    partitions[partition].high = max(partitions[partition].high, offset)
    if again == 0 {
      partitions[partition].restored = false
      return
    }
    let id = partitions[partition].restored ? "C4" : "L8"
    facts.add(id, count: again, event: firstAgain) {
      let subject = firstAgain.map { Subject.event($0) } ?? .entry(entry)
      let cause = id == "C4" ? "after the restart" : "without a restart"
      return Case(
        subject: subject, event: firstAgain, entries: [entry],
        conclusion: "So \(again) records of partition \(partition) were read again \(cause).")
    }
  }

  /// A record whose event has no open block: a straggler, one seen before, or a phantom.
  func pollElsewhere(
    _ source: UInt32, _ sequence: UInt64, _ partition: Int, _ offset: Int64, isAgain: Bool,
    _ entry: UInt64
  ) -> ReadRecord {
    let event = EventID(source: source, sequence: sequence)
    guard Int(source) < lanes.count else {
      phantom(event, entry, "was read")
      return .phantom
    }
    let lane = lanes[Int(source)]
    let known = lane.straggler(sequence)
    guard known != nil || lane.isGone(sequence), let block = lane.block(of: sequence),
      let i = block.index(of: sequence)
    else {
      phantom(event, entry, "was read")
      return .phantom
    }
    if var known, known.flags & EventFlags.polled == 0 {
      if known.flags & EventFlags.sent == 0 {
        phantom(event, entry, "was read")
        return .phantom
      }
      if known.flags & EventFlags.failed != 0 { abortedRead(source, sequence, entry) }
      if known.flags & EventFlags.placed != 0
        && (known.offset != offset || Int(known.partition) != partition)
      {
        inconsistent(
          event, entry, acknowledged: (known.partition, known.offset),
          read: (Int32(partition), offset))
      }
      known.flags |= EventFlags.polled
      lane.set(sequence, known)
      let pair = partition * lanes.count + Int(source)
      order(pair, source, sequence, partition, entry)
      disorder(
        pair, stream(of: source), block.eventTime[i], lateLanes.contains(Int(source)))
      return .fresh(block.digest[i])
    }
    if isAgain { return .again(block.digest[i]) }
    duplicate(event, entry, partition, offset)
    return .duplicate(block.digest[i])
  }

  func duplicate(_ event: EventID, _ entry: UInt64, _ partition: Int, _ offset: Int64) {
    if duplicates.count < duplicatesKept { duplicates.insert(event) }
    foundTwice(event)
    facts.add("L2", event: event) {
      Case(
        subject: .event(event), event: event, entries: [entry],
        conclusion: "So event \(event.text) stands in the log twice, the second time at offset "
          + "\(offset) of partition \(partition).")
    }
  }

  func abortedRead(_ source: UInt32, _ sequence: UInt64, _ entry: UInt64) {
    let event = EventID(source: source, sequence: sequence)
    facts.add("T1", event: event) {
      Case(
        subject: .event(event), event: event, entries: [entry],
        conclusion: "So event \(event.text) was read although its send had certainly failed.")
    }
  }

  /// L14: within a partition the events of one source stand in the order in which it sent them.
  @inline(__always) func order(
    _ pair: Int, _ source: UInt32, _ sequence: UInt64, _ partition: Int, _ entry: UInt64
  ) {
    if sequence < lastSequence[pair] {
      misordered(EventID(source: source, sequence: sequence), pair, partition, entry)
    } else {
      lastSequence[pair] = sequence
    }
  }

  private func misordered(
    _ event: EventID, _ pair: Int, _ partition: Int, _ entry: UInt64
  ) {
    let earlier = EventID(source: event.source, sequence: lastSequence[pair])
    facts.add("L14", event: event) {
      Case(
        subject: .event(event), event: event, entries: [entry],
        conclusion: "So partition \(partition) holds event \(event.text) behind \(earlier.text), "
          + "which its source sent later.")
    }
  }

  /// How far an event's time lies behind the greatest one read of its partition and source.
  @inline(__always) func disorder(_ pair: Int, _ stream: Int, _ time: Int64, _ late: Bool) {
    let greatest = greatestTime[pair]
    if time >= greatest {
      greatestTime[pair] = time
      if !late && time > streamTime[stream] { streamTime[stream] = time }
      return
    }
    if !late && greatest &- time > greatestDisorder[stream] {
      greatestDisorder[stream] = max(greatestDisorder[stream], floored(greatest) - floored(time))
    }
  }

  /// The stream of a source; 0 for one that there is none of.
  @inline(__always) func stream(of source: UInt32) -> Int {
    Int(source) < laneStream.count ? laneStream[Int(source)] ?? 0 : 0
  }

  func floored(_ time: Int64) -> Int64 {
    let into = time % resolution
    return into < 0 ? time - into - resolution : time - into
  }

  func restored() {
    for partition in partitions.indices { partitions[partition].restored = true }
  }

  func readEnd(_ cursor: inout EntryCursor) throws(DecodingError) {
    let (partition, offset) = (try cursor.number(), try cursor.number())
    guard knows(partition: partition), offset < UInt64(Int64.max) else {
      throw .malformed("the end of partition \(partition) at \(offset)", at: 0)
    }
    partitions[Int(partition)].end = Int64(offset)
  }

  /// The greatest watermark that what was read allows: the least of the streams.
  func greatestWatermark(_ plan: Plan) -> Int64 {
    var least = Int64.max
    for stream in 0..<streams {
      let time = streamTime[stream]
      least = min(least, time == .min ? .min : time &- plan.delay(of: stream))
    }
    return least
  }

  /// C2: the committed position of a partition never goes down. C1: nor does it lie beyond what was
  /// read.
  func readPosition(_ cursor: inout EntryCursor) throws(DecodingError) {
    let entry = cursor.entry
    let (partition, offset) = (try cursor.number(), try cursor.number())
    guard knows(partition: partition), offset < UInt64(Int64.max) else {
      throw .malformed("a position in partition \(partition) at \(offset)", at: 0)
    }
    let read = partitions[Int(partition)].high
    if positionsFollowReads, Int64(offset) > read {
      facts.add("C1") {
        Case(
          subject: .position(partition), entries: [entry],
          conclusion: "So position \(offset) of partition \(partition) was committed, although "
            + "it had been read to \(read) only.")
      }
    }
    let before = partitions[Int(partition)].committed
    if Int64(offset) < before {
      facts.add("C2") {
        Case(
          subject: .position(partition), entries: [entry],
          conclusion: "So the committed position of partition \(partition) went back from "
            + "\(before) to \(offset).")
      }
    }
    partitions[Int(partition)].committed = Int64(offset)
  }

  /// D2: a record that no schema reads. Its place in the log counts as read.
  func readUndecodable(_ cursor: inout EntryCursor) throws(DecodingError) {
    let entry = cursor.entry
    _ = try cursor.number()
    let (partition, offset) = (try cursor.number(), try cursor.number())
    let reason = try cursor.text()
    guard knows(partition: partition), offset < UInt64(Int64.max) else {
      throw .malformed("a record of partition \(partition) at \(offset)", at: 0)
    }
    begin(Int(partition), Int64(offset), entry)
    end(Int(partition), Int64(offset) + 1, 0, nil, entry)
    facts.add("D2") {
      Case(
        subject: .entry(entry), entries: [entry],
        conclusion: "So offset \(offset) of partition \(partition) holds bytes that do not "
          + "decode: \(reason).")
    }
  }

  /// The greatest event time that the engine may have read before an event, by its place; nil when
  /// its place is not known.
  func timeAhead(of event: EventID) -> Int64? {
    guard Int(event.source) < lanes.count else { return nil }
    if lateLanes.contains(Int(event.source)) { return streamTime[stream(of: event.source)] }
    let partition: Int32
    if let view = view(event.source, event.sequence, .reader) {
      partition = view.partition[Int(event.sequence - view.base)]
    } else if let known = lanes[Int(event.source)].straggler(event.sequence) {
      partition = known.partition
    } else {
      // Let go: any partition of the source.
      let times = partitions.indices.map { greatestTime[$0 * lanes.count + Int(event.source)] }
      return times.max()
    }
    if partition < 0 { return nil }
    return greatestTime[Int(partition) * lanes.count + Int(event.source)]
  }
}
