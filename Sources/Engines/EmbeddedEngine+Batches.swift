import Backbones
import Model
import Queries

/// A batch as it stands in the offset log: the records below these offsets, after what the snapshot
/// covers.
struct PlannedBatch: Equatable {
  var after: UInt64
  var ends: [Int64]
}

/// Micro-batches: plan, run, commit; one after the other (`Coordination.microBatches`).
extension EmbeddedEngine {
  /// Starts the next batch, or the one that was planned before a crash, if its records are here.
  /// Without anything to do the interval passes.
  func startBatch(at now: Instant, _ outbox: inout EngineOutbox) {
    if reachedEnd || isDrained { return }
    isBatchDue = batch != nil || sink.phase != .open
    if isBatchDue { return }
    var next = PlannedBatch(after: committedCheckpoint, ends: readPositions)
    let isRepeated = planned?.after == committedCheckpoint
    if isRepeated, let planned { next = planned }
    if zip(readPositions, next.ends).contains(where: { $0 < $1 }) {
      isBatchDue = true
      return
    }
    let longest = plan(next)
    if longest == nil && !tasks.contains(where: \.isBehind) && !isRepeated {
      if endOffsets != nil { finishInput(at: now, &outbox) }
      return
    }
    batch = next
    var start = now
    if !isRepeated {
      start = now + costs.checkpoint.draw(word())
      outbox.timers.append((.batchPlanned(life: life), start))
    }
    outbox.timers.append((.batchDone(life: life), start + (longest ?? 0)))
  }

  /// Task time of the longest task of a batch; nil when there are no records.
  private func plan(_ next: PlannedBatch) -> Nanoseconds? {
    var longest: Nanoseconds?
    for task in tasks.indices {
      var cost: Nanoseconds?
      for item in work[task] {
        var records: Int64 = 0
        for delivery in item.deliveries {
          let first = delivery.baseOffset + Int64(delivery.first)
          let last = min(
            delivery.baseOffset + Int64(delivery.batch.count), next.ends[item.partition])
          records += max(last - first, 0)
        }
        if records > 0 { cost = (cost ?? 0) + costs.record.draw(word()) * records }
      }
      busy += cost ?? 0
      if let cost { longest = max(longest ?? 0, cost) }
    }
    return longest
  }

  /// Works through the records of the batch, closes what the watermark of the batches before
  /// closes, and takes the snapshot that is committed with the results.
  func finishBatch(at now: Instant, _ outbox: inout EngineOutbox) throws(PlanError) {
    guard let batch else { return }
    for task in tasks {
      let items = work[task.number]
      work[task.number] = []
      for item in items { take(item, below: batch.ends[item.partition], task, at: now) }
    }
    for task in tasks {
      task.advanceBehind(at: now)
      if let failure = program.failure { throw PlanError(message: failure) }
      sink.write(task.takeRows(), task: task.number, at: now, &outbox)
    }
    self.batch = nil
    beginCheckpoint(at: now, &outbox)
  }

  /// What lies beyond the end waits for the next batch.
  private func take(
    _ item: (partition: Int, deliveries: [Delivery], next: Int64), below end: Int64,
    _ task: EngineTask, at now: Instant
  ) {
    let local = homes[item.partition].local
    var rest: [Delivery] = []
    for delivery in item.deliveries {
      let before = task.positions[local]
      task.receive(delivery, partition: local, until: end, at: now)
      let last = delivery.baseOffset + Int64(delivery.batch.count)
      processed &+= UInt64(max(min(last, end) - max(before, delivery.baseOffset), 0))
      if last <= end { continue }
      var later = delivery
      later.first = max(delivery.first, Int(end - delivery.baseOffset))
      rest.append(later)
    }
    if item.next <= end {
      task.skip(to: item.next, partition: local)
    } else {
      work[task.number].append((item.partition, rest, item.next))
    }
  }
}
