import Bytes
import History
import Model
import Queries
import Scenarios

/// Results that are corrected (queries.md 2.6): several rows of a key come, the last one counts,
/// and a tombstone withdraws it. What is compared at the end is the last row of each key; changes
/// on the way are free.
extension ResultChecker {
  /// A row is due, unless a later one of its key takes its place.
  func dueForNow(_ row: ExpectedRow, _ final: FinalTable) {
    let key = digest64(row.key)
    final.setDue(key, FinalTable.variant(row.valueDigest, row.evidence))
    for place in table.places(of: key) where table.rows[place].expected > 0 {
      table.update(place) { $0.expected = 0 }
      if table.rows[place].observed == 0 && table.rows[place].emitted == 0 { table.remove(place) }
    }
    let place = table.row(key, row.valueDigest, row.evidence, row.lineage)
    expect(place, row)
    if table.rows[place].observed > 0 { matched(place) }
    settleVersion(place)
  }

  /// The sink showed a row.
  func showForNow(_ row: RowSummary, _ at: Int64, _ entry: UInt64, _ final: FinalTable) {
    let key = digest64(row.key)
    let isTombstone = row.evidence.count == 0
    if isTombstone {
      final.withdraw(key)
    } else {
      final.setShown(key, FinalTable.variant(row.valueDigest, row.evidence))
    }
    let place = table.row(key, row.valueDigest, row.evidence, row.lineage)
    let emittedAt = table.rows[place].emittedAt
    let emission = table.rows[place].emission
    // A row that was handed over, replaced and handed over again may be either of the two.
    let isOne = table.rows[place].emitted - table.rows[place].abortedEmissions <= 1
    if sink == .transactional && emission > 0 && isOne && final.isOutOfOrder(key, emission) {
      outOfOrder(row, entry)
    }
    table.update(place) { pending in
      pending.observed += 1
      if pending.observed == 1 { (pending.observedAt, pending.entry) = (at, entry) }
    }
    // What came before it does not count any more.
    for other in table.places(of: key) where other != place {
      let old = table.rows[other]
      let isBefore = old.observed > 0 || (old.emitted > 0 && old.emittedAt < emittedAt)
      if old.expected == 0 && isBefore && isDecided(old) { table.remove(other) }
    }
    if table.rows[place].observed == 1 && table.rows[place].expected > 0 { matched(place) }
    settleVersion(place)
  }

  /// S7: of one key a row was shown after one that the engine made later.
  private func outOfOrder(_ row: RowSummary, _ entry: UInt64) {
    facts.add("S7", event: row.lineage) {
      let name = row.key.withUnsafeBytes(cellText)
      return Case(
        subject: .result(digest64(row.key)), event: row.lineage, key: row.key, entries: [entry],
        conclusion: "So a row of result \(name) was seen behind one that was made after it.")
    }
  }

  /// A version is done with when it was due and seen, and its transaction is decided.
  func settleVersion(_ place: Int) {
    let row = table.rows[place]
    let isTombstone = row.evidence.count == 0 && row.observed > 0
    if (row.expected > 0 && row.observed > 0 || isTombstone) && isDecided(row) {
      table.remove(place)
    }
  }

  /// The transaction of the row is decided, and not against a row that was seen.
  private func isDecided(_ row: PendingRow) -> Bool {
    !(row.transaction != 0 && isUndecided(row.transaction)) && !isAbortedRead(row)
  }
}
