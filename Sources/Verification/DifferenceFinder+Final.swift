import Model
import Queries

extension DifferenceFinder {
  /// The last row due of a key against the last one shown, for results that are corrected.
  mutating func nameLast(
    _ key: UInt64, _ group: Group, _ final: FinalTable, _ judgement: inout Judgement
  ) {
    let shown = final.shown(key)
    let wanted = group.versions[0].last
    let dueNow = wanted.map(variant) ?? 0
    if dueNow == shown { return }
    let cause = upstreamCause(group, shown)
    let known = group.pending.filter { $0.observed > 0 } + group.versions.flatMap { $0 }
    let last = known.first { variant($0) == shown }
    if var wanted {
      let waiting = group.pending.first { variant($0) == dueNow }
      wanted.emitted = waiting?.emitted ?? 0
      if let last {
        different(key, group, wanted, last, cause, &judgement)
      } else if wanted.emitted > 0 {
        missing(key, group, wanted, cause, &judgement)
      } else {
        judgement.results.missing += 1
        count(
          missingClass, key, group, wanted, cause ?? .wrongLogic,
          "is due and was not there at the end", &judgement)
      }
    } else if let last {
      judgement.results.extra += 1
      count(
        "E3", key, group, last, cause ?? .unexplained, "was shown last and is not due", &judgement)
    }
  }

  private func variant(_ row: PendingRow) -> UInt64 {
    FinalTable.variant(row.valueDigest, row.evidence)
  }

  /// What was shown last is the right row of the events that were delivered.
  private func upstreamCause(_ group: Group, _ shown: UInt64) -> ResultCounts.Cause? {
    let lost = group.versions[1].last.map(variant) ?? 0
    let doubled = group.versions[2].last.map(variant) ?? 0
    if !judge.missing.isEmpty && shown == lost { return .lostUpstream }
    if !judge.log.duplicates.isEmpty && shown == doubled { return .duplicateUpstream }
    return nil
  }
}
