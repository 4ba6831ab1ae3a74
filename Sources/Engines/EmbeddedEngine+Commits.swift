import Backbones
import History
import Model

/// Checkpoints, commits, and the end of the input.
extension EmbeddedEngine {
  func beginCheckpoint(at now: Instant, _ outbox: inout EngineOutbox) {
    if sink.phase != .open || isDrained { return }
    checkpoint += 1
    durable = false
    history.begin(.checkpointBegan, at: now)
    history.number(checkpoint)
    var changed = 0
    checkpointPositions = Array(repeating: 0, count: input.allPartitions)
    changed += program.changedLines
    program.checkpoint(checkpoint)
    for task in tasks {
      task.checkpoint(checkpoint)
      for (local, partition) in task.partitions.enumerated() {
        checkpointPositions[partition] = task.positions[local]
      }
    }
    history.begin(.buffered, at: now)
    history.number(UInt64(waiting))
    sink.flush()
    let cost = costs.checkpoint.draw(word()) + costs.state.draw(word()) * Int64(changed)
    outbox.timers.append((.snapshotDurable(checkpoint, life: life), now + cost))
  }

  func commitIfReady(at now: Instant, _ outbox: inout EngineOutbox) {
    guard sink.phase == .flushing, durable, sink.outstanding == 0 else { return }
    sink.commit()
    if settings.sink == .transactional {
      commitRequested = (sink.transaction, checkpoint)
      history.begin(.commitRequested, at: now)
      history.number(sink.transaction)
      history.number(checkpoint)
      outbox.commands.append(
        .commit(
          sinkClient, transaction: sink.transaction, positions: checkpointPositions,
          snapshot: checkpoint))
    } else {
      outbox.commands.append(
        .commitPositions(sinkClient, positions: checkpointPositions, snapshot: checkpoint))
    }
  }

  func committed(
    _ transaction: UInt64, _ outcome: Outcome, at now: Instant, _ outbox: inout EngineOutbox
  ) {
    guard phase == .running else { return }
    switch outcome {
    case .acknowledged:
      history.begin(.committed, at: now)
      history.number(transaction)
      commitRequested = nil
      positionsCommitted(checkpoint, at: now, &outbox)
    case .failed:
      fail(at: now, &outbox)
    case .unknown(let code):
      history.begin(.commitUnknown, at: now)
      history.number(transaction)
      history.text(code)
      fail(at: now, &outbox)
    }
  }

  func positionsCommitted(
    _ snapshot: UInt64, at now: Instant, _ outbox: inout EngineOutbox
  ) {
    guard phase == .running else { return }
    for (partition, offset) in checkpointPositions.enumerated() {
      history.begin(.positionCommitted, at: now)
      history.number(UInt64(partition))
      history.number(UInt64(offset))
    }
    committedCheckpoint = snapshot
    // A restart that brings back the one before is a defect to be seen: only then is it kept.
    let keepsOlder = settings.defects.contains(.staleRestore) && snapshot > 0
    program.forget(before: keepsOlder ? snapshot - 1 : snapshot)
    for task in tasks { task.forget(before: keepsOlder ? snapshot - 1 : snapshot) }
    if reachedEnd {
      isDrained = true
      return
    }
    sink.open(at: now, &outbox)
    if endOffsets != nil { finishInput(at: now, &outbox) }
    if isBatchDue { startBatch(at: now, &outbox) }
  }

  // The end

  /// The input ends at these offsets: once they are reached the last results come out and are
  /// committed.
  public func drain(to offsets: [Int64], at now: Instant, _ outbox: inout EngineOutbox) {
    endOffsets = offsets
    if phase == .running { finishInput(at: now, &outbox) }
  }

  func finishInput(at now: Instant, _ outbox: inout EngineOutbox) {
    guard let ends = endOffsets, !reachedEnd, phase == .running, sink.phase == .open,
      batch == nil
    else { return }
    for task in tasks {
      for (local, partition) in task.partitions.enumerated()
      where task.positions[local] < ends[partition] {
        return
      }
    }
    reachedEnd = true
    // The end of the run in event time, which machines and totals want to know before.
    program.greatest = tasks.map(\.greatest).max() ?? .min
    for task in tasks {
      task.advanceToEnd(at: now)
      sink.write(task.takeRows(), task: task.number, at: now, &outbox)
    }
    beginCheckpoint(at: now, &outbox)
  }
}
