import Bytes
import History
import Model
import Queries
import Scenarios

/// Holds what the sink showed against what is due, and follows the sink's transactions.
final class ResultChecker {
  let facts: FactBook
  private let log: LogChecker
  let sink: SinkKind
  private let recorder: (any SampleRecorder)?
  /// Where results are corrected: what counts of each key.
  let final: FinalTable?
  /// Where nothing but the plan says that a key comes once: the keys that were due last.
  private var recentKeys: RecentKeys?
  var table = ResultTable()
  private(set) var observed: UInt64 = 0
  private(set) var found: UInt64 = 0
  private(set) var aborted: Set<UInt64> = []
  private var undecided: Set<UInt64> = []
  private var committed: Set<UInt64> = []
  private var completed: Set<UInt64> = [0]
  private var checkpointOf: [UInt64: UInt64] = [:]
  private var nextSweep = 4096
  private var emissions: UInt64 = 0
  /// The reader of the result stream was told where it ends.
  private(set) var endWasTold = false

  init(
    plan: Plan, facts: FactBook, log: LogChecker, sink: SinkKind,
    recorder: (any SampleRecorder)?
  ) {
    final = plan.emission == .corrections ? FinalTable() : nil
    recentKeys = plan.emission == .final && !plan.isKeyNatural ? RecentKeys() : nil
    self.facts = facts
    self.log = log
    self.sink = sink
    self.recorder = recorder
  }

  /// A row is due.
  func due(_ row: ExpectedRow) {
    if let final { return dueForNow(row, final) }
    let key = digest64(row.key)
    if recentKeys?.insert(key) == true { cameTwice(key, row) }
    let place = table.row(key, row.valueDigest, row.evidence, row.lineage)
    expect(place, row)
    if table.rows[place].observed > 0 && table.rows[place].expected == 1 { matched(place) }
    settle(place)
  }

  /// the declared key of a final result does not identify its rows.
  private func cameTwice(_ key: UInt64, _ row: ExpectedRow) {
    facts.add("E6", event: row.lineage) {
      Case(
        subject: .result(key), event: row.lineage, key: [UInt8](row.key),
        conclusion: "So result \(cellText(row.key)) is due twice, although each key of a final "
          + "result comes once.")
    }
  }

  func expect(_ place: Int, _ row: ExpectedRow) {
    var sentAt: Int64 = -1
    var acknowledgedAt: Int64 = -1
    if let view = log.view(row.lineage.source, row.lineage.sequence, .reader) {
      let i = Int(row.lineage.sequence - view.base)
      sentAt = view.sentAt[i]
      acknowledgedAt = view.acknowledgedAt[i]
    }
    table.update(place) { pending in
      pending.expected += 1
      pending.lineage = row.lineage
      pending.intendedAt = row.intendedAt.ns
      pending.sentAt = sentAt
      pending.acknowledgedAt = acknowledgedAt
    }
  }

  /// The row is not due after all: an event that it was computed with is left out.
  func notDue(_ row: ExpectedRow) {
    let place = table.row(digest64(row.key), row.valueDigest, row.evidence, row.lineage)
    table.update(place) { $0.expected -= 1 }
    let now = table.rows[place]
    if now.expected == 0 && now.observed == 0 { table.remove(place) } else { settle(place) }
  }

  func matched(_ place: Int) {
    found &+= 1
    let row = table.rows[place]
    recorder?.result(
      ResultSample(
        intendedAt: Instant(ns: row.intendedAt), sentAt: instant(row.sentAt),
        acknowledgedAt: instant(row.acknowledgedAt), emittedAt: instant(row.emittedAt),
        observedAt: Instant(ns: row.observedAt), lineage: row.lineage))
  }

  private func instant(_ ns: Int64) -> Instant? { ns < 0 ? nil : Instant(ns: ns) }

  /// A row is done with when it was due and seen equally often, and its transaction is decided.
  private func settle(_ place: Int) {
    let row = table.rows[place]
    if row.expected == 0 || row.expected != row.observed { return }
    if row.transaction != 0 && undecided.contains(row.transaction) { return }
    // Of two transactions with one row, one may not be committed: kept until that is known.
    if row.hasEarlier && row.earlier != row.transaction && !aborted.contains(row.earlier) { return }
    if isAbortedRead(row) { return }
    table.remove(place)
  }

  func isAbortedRead(_ row: PendingRow) -> Bool {
    guard row.observed > 0 && row.emitted > 0 && aborted.contains(row.transaction) else {
      return false
    }
    return !row.hasEarlier || aborted.contains(row.earlier)
  }

  /// The row was seen more often than transactions that were not aborted wrote it.
  func hasAbortedCopy(_ row: PendingRow) -> Bool {
    row.abortedEmissions > 0 && row.observed > row.emitted - row.abortedEmissions
  }

  func isUndecided(_ transaction: UInt64) -> Bool { undecided.contains(transaction) }

  /// Rows seen before their transaction was decided wait for it; looked at again when many do.
  func sweep() {
    if table.pending < nextSweep { return }
    settleAll()
    nextSweep = max(4096, table.pending * 2)
  }

  func settleAll() {
    for place in table.places() {
      if final == nil { settle(place) } else { settleVersion(place) }
    }
  }

  func readEmitted(_ cursor: inout EntryCursor) throws(DecodingError) {
    _ = try cursor.number()
    let (transaction, count) = (try cursor.number(), try cursor.number())
    let at = cursor.at.ns
    for _ in 0..<count {
      let row = try cursor.row()
      let place = table.row(digest64(row.key), row.valueDigest, row.evidence, row.lineage)
      emissions &+= 1
      let replaces = aborted.contains(table.rows[place].transaction)
      table.update(place) { pending in
        if pending.emitted > 0 && !replaces && !pending.hasEarlier {
          pending.earlier = pending.transaction
          pending.hasEarlier = true
        }
        if pending.emitted > 0 && replaces { pending.abortedEmissions += 1 }
        pending.emitted += 1
        pending.transaction = transaction
        pending.emittedAt = at
        pending.emission = emissions
      }
    }
  }

  func readObserved(_ cursor: inout EntryCursor) throws(DecodingError) {
    _ = (try cursor.number(), try cursor.number())
    let count = try cursor.number()
    let at = cursor.at.ns
    for _ in 0..<count {
      let row = try cursor.row()
      observed &+= 1
      if let final {
        showForNow(row, at, cursor.entry, final)
        continue
      }
      let key = digest64(row.key)
      let place = table.row(key, row.valueDigest, row.evidence, row.lineage)
      if sink == .upsert { table.show(key, row.valueDigest, row.evidence) }
      let entry = cursor.entry
      table.update(place) { pending in
        pending.observed += 1
        if pending.observed == 1 {
          pending.observedAt = at
          pending.entry = entry
        }
      }
      if table.rows[place].observed == 1 && table.rows[place].expected > 0 { matched(place) }
      settle(place)
    }
  }

  func readTransaction(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    let entry = cursor.entry
    let transaction = try cursor.number()
    switch kind {
    case .transactionBegan: undecided.insert(transaction)
    case .commitRequested:
      let checkpoint = try cursor.number()
      checkpointOf[transaction] = checkpoint
      if !completed.contains(checkpoint) { early(transaction, checkpoint, entry) }
    case .committed:
      if aborted.contains(transaction) { flipped(transaction, entry) }
      undecided.remove(transaction)
      committed.insert(transaction)
      checkpointOf[transaction] = nil
    case .aborted:
      if committed.contains(transaction) { flipped(transaction, entry) }
      undecided.remove(transaction)
      aborted.insert(transaction)
      checkpointOf[transaction] = nil
    default: _ = try cursor.text()
    }
  }

  private func early(_ transaction: UInt64, _ checkpoint: UInt64, _ entry: UInt64) {
    facts.add("S6") {
      Case(
        subject: .transaction(transaction), entries: [entry],
        conclusion: "So transaction \(transaction) was to be committed before checkpoint "
          + "\(checkpoint), which it carries, was complete.")
    }
  }

  private func flipped(_ transaction: UInt64, _ entry: UInt64) {
    facts.add("T13") {
      Case(
        subject: .transaction(transaction), entries: [entry],
        conclusion: "So transaction \(transaction) was decided both ways.")
    }
  }

  /// S4: transactions whose checkpoint was completed and that nobody decided by the end.
  func reportAbandoned() {
    for transaction in checkpointOf.keys.sorted() {
      guard let checkpoint = checkpointOf[transaction], completed.contains(checkpoint) else {
        continue
      }
      facts.add("S4") {
        Case(
          subject: .transaction(transaction), entries: [],
          conclusion: "So transaction \(transaction) was never committed, although its "
            + "checkpoint \(checkpoint) was complete.")
      }
    }
  }

  func readCompleted(_ cursor: inout EntryCursor) throws(DecodingError) {
    completed.insert(try cursor.number())
  }

  func readResultEnd(_ cursor: inout EntryCursor) throws(DecodingError) {
    _ = (try cursor.number(), try cursor.number())
    endWasTold = true
  }

  /// Two committed transactions carry the row: both its emissions are known, or the row was seen
  /// and settled before it was handed over once more.
  func isDoubleCommit(_ row: PendingRow) -> Bool {
    if sink != .transactional || row.emitted == 0 || !committed.contains(row.transaction) {
      return false
    }
    if row.expected == 0 { return true }
    return row.hasEarlier && row.transaction != row.earlier && committed.contains(row.earlier)
  }
}

extension RowSummary {
  var evidence: Evidence {
    Evidence(count: evidenceCount, sum: evidenceSum, xor: evidenceXor)
  }
}
