import Bytes
import History
import Model
import Queries
import Scenarios
import Workloads

extension Judge {
  /// What became of each event that was not read, and the ledger.
  func finishLog(_ judgement: inout Judgement, whole: Bool) {
    var ledger = RunLedger()
    ledger.sent = log.sent
    log.reportMisplaced(whole: whole)
    let dropped = UInt64(droppedEvents.count)
    ledger.droppedLate = min(dropped, log.polled)
    ledger.read = log.polled - ledger.droppedLate
    if whole {
      for absence in log.absences() { settle(absence, &ledger) }
      for partition in log.undrained() {
        let log = log.partitions[partition]
        let reached = log.end.map { "offset \(log.high) of \($0)" } ?? "an end that was never told"
        judgement.gaps.append("partition \(partition) was not read to its end: \(reached)")
      }
    }
    judgement.ledger = ledger
  }

  private func settle(_ absence: Absence, _ ledger: inout RunLedger) {
    let event = absence.event
    switch absence.kind {
    case .neverSent: ledger.neverSent += 1
    case .failed: ledger.failed += 1
    case .unknown: ledger.unknown += 1
    case .lost, .skipped: ledger.lost += 1
    case .unseen: ledger.unseen += 1
    }
    switch absence.kind {
    case .neverSent, .failed, .unknown: due.everywhere.insert(event)
    case .lost, .skipped, .unseen: missing.insert(event)
    }
    let place =
      absence.partition < 0
      ? "" : " at offset \(absence.offset) of partition \(absence.partition)"
    let told: (String, String)? =
      switch absence.kind {
      case .lost:
        (
          "L3",
          "So event \(event.text) was acknowledged\(place) and is not in the log, although "
            + "it was read past that place."
        )
      case .skipped:
        (
          "C3",
          "So event \(event.text) was acknowledged\(place) and never read: the engine's "
            + "reader jumped over it."
        )
      case .unseen:
        ("L4", "So event \(event.text) was acknowledged\(place) and was not read by the end.")
      case .neverSent, .failed, .unknown: nil
      }
    guard let (id, conclusion) = told else { return }
    facts.add(id, event: event) {
      let jump = absence.kind == .skipped ? jumpEntry(absence) : nil
      return Case(
        subject: .event(event), event: event, entries: jump.map { [$0] } ?? [],
        conclusion: conclusion)
    }
  }

  private func jumpEntry(_ absence: Absence) -> UInt64? {
    let partition = log.partitions[Int(absence.partition)]
    let place = partition.jumps.firstIndex { $0.contains(absence.offset) }
    return place.map { partition.jumpEntries[$0] }
  }

  /// Brings the oracle to its end, corrects it for what was known too late, and names every
  /// difference that is left.
  func finishResults(_ judgement: inout Judgement) {
    oracleTakesRest()
    results.settleAll()
    var rowsDue = oracle.rowCount
    if due != applied {
      rowsDue = correctExpectations()
      results.settleAll()
    }
    if results.sink == .transactional { results.reportAbandoned() }
    if oracle.overflowed { judgement.gaps.append("a number of the plan does not fit 64 bits") }
    if let failure = oracle.failure { judgement.gaps.append("the plan has no answer: \(failure)") }
    if !results.endWasTold {
      judgement.gaps.append("where the result stream ends was never told")
    }
    if log.sent == 0 { judgement.gaps.append("no event was sent") }
    if let final = results.final { rowsDue = final.dueCount }
    if !results.table.places().isEmpty || results.final?.differing().isEmpty == false {
      var verdict = DifferenceFinder(judge: self)
      verdict.run(&judgement)
    }
    judgement.results.due = rowsDue
    judgement.results.found =
      rowsDue &- judgement.results.missing &- judgement.results.different
  }

  private func oracleTakesRest() {
    // Known now, and in time for what the oracle has not come to yet.
    for absence in due.everywhere.sorted() where !applied.everywhere.contains(absence) {
      guard let block = log.lanes[Int(absence.source)].block(of: absence.sequence),
        let i = block.index(of: absence.sequence)
      else { continue }
      let time = log.floored(block.eventTime[i])
      if oracle.exclude(absence, time: time) { applied.everywhere.insert(absence) }
    }
    oracle.finish()
  }

  /// Some events turned out to be absent after the oracle had computed with them: computes again,
  /// as it was and as it should be, side by side, and carries the difference over.
  private func correctExpectations() -> UInt64 {
    let results = results
    if let final = results.final {
      final.forgetDue()
      let after = makeOracle(due) { results.due($0) }
      after.finish()
      return after.rowCount
    }
    let before = makeOracle(applied) { results.notDue($0) }
    let after = makeOracle(due) { results.due($0) }
    before.finishBeside(after)
    return after.rowCount
  }

  func makeOracle(
    _ exclusions: Exclusions, without more: Set<EventID> = [], repeating: Set<EventID> = [],
    onRow: @escaping (ExpectedRow) -> Void
  ) -> Oracle {
    let oracle = Oracle(
      workload: context.workload, endOfLoad: context.endOfLoad,
      excluding: exclusions.everywhere.union(more), repeating: repeating,
      blockProvider: provider, onRow: onRow)
    exclusions.apply(to: oracle)
    return oracle
  }
}
