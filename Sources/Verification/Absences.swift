import Model
import Workloads

/// An event that the run left without a read, and why.
struct Absence {
  enum Kind { case neverSent, failed, unknown, lost, skipped, unseen }
  var event: EventID
  var time: Int64
  var kind: Kind
  var offset: Int64
  var partition: Int32
}

extension LogChecker {
  /// Every planned event that was not read, lane by lane; opens what is left of each lane.
  func absences() -> [Absence] {
    let drained = partitions.allSatisfy { $0.end != nil && $0.high >= $0.end! }
    var found: [Absence] = []
    for lane in lanes where laneStream[lane.lane] != nil {
      while lane.openNext() {}
      for sequence in lane.stragglers.keys.sorted() {
        guard let known = lane.straggler(sequence), known.flags & EventFlags.polled == 0,
          let block = lane.block(of: sequence), let i = block.index(of: sequence)
        else { continue }
        found.append(
          Absence(
            event: EventID(source: UInt32(lane.lane), sequence: sequence),
            time: block.eventTime[i],
            kind: kind(known.flags, known.partition, known.offset, drained),
            offset: known.offset, partition: known.partition))
      }
      for case let state? in lane.states {
        for i in 0..<state.block.count where state.flags[i] & EventFlags.polled == 0 {
          if lane.isBeyondLoad(state.block.intendedAt[i]) { break }
          found.append(
            Absence(
              event: EventID(
                source: UInt32(lane.lane), sequence: state.block.baseSequence + UInt64(i)),
              time: state.block.eventTime[i],
              kind: kind(state.flags[i], state.partition[i], state.offset[i], drained),
              offset: state.offset[i], partition: state.partition[i]))
        }
      }
    }
    return found
  }

  private func kind(
    _ flags: UInt8, _ partition: Int32, _ offset: Int64, _ drained: Bool
  ) -> Absence.Kind {
    if flags & EventFlags.sent == 0 { return .neverSent }
    if flags & EventFlags.acknowledged == 0 {
      return flags & EventFlags.failed != 0 ? .failed : .unknown
    }
    guard flags & EventFlags.placed != 0, knows(partition: UInt64(max(partition, 0))) else {
      return drained ? .lost : .unseen
    }
    let log = partitions[Int(partition)]
    if offset < log.high {
      return log.jumps.contains { $0.contains(offset) } ? .skipped : .lost
    }
    return log.end.map { offset >= $0 } ?? false ? .lost : .unseen
  }

  /// Partitions whose end was not told or not reached.
  func undrained() -> [Int] {
    partitions.indices.filter { partition in
      partitions[partition].end.map { partitions[partition].high < $0 } ?? true
    }
  }
}
