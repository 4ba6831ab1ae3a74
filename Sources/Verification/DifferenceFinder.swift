import Bytes
import Model
import Queries
import Scenarios
import Workloads

/// Names the differences between what is due and what was seen (queries.md 2.5).
struct DifferenceFinder {
  let judge: Judge
  /// Keys with something pending, in the order in which they came up, and what is known of each.
  private var keys: [UInt64] = []
  var groups: [UInt64: Group] = [:]
  /// Events whose hash is what the sums of a row differ by.
  private var owners: [UInt64: EventID] = [:]
  /// Events that one row lacks, and those that one has too many.
  private var leftOut: Set<EventID> = []
  private var added: [(event: EventID, row: PendingRow, key: [UInt8])] = []

  struct Variant: Hashable {
    var value: UInt64
    var evidence: Evidence

    /// Some order that is the same in every process.
    static func precedes(_ a: Variant, _ b: Variant) -> Bool {
      (a.value, a.evidence.count, a.evidence.sum) < (b.value, b.evidence.count, b.evidence.sum)
    }
  }

  struct Group {
    var key: [UInt8] = []
    var pending: [PendingRow] = []
    /// Rows due for the key by variant, in the world as it was, without the lost events, and with
    /// doubled ones twice.
    var due: [Variant: Int] = [:]
    var delivered: [Variant: Int] = [:]
    var doubled: [Variant: Int] = [:]
    /// Rows seen for the key.
    var seen: [Variant: Int] = [:]
    /// Where results are corrected: the rows due in each of the three worlds, in the order in which
    /// they take each other's place.
    var versions: [[PendingRow]] = [[], [], []]
  }

  init(judge: Judge) {
    self.judge = judge
    for place in judge.results.table.places() {
      let row = judge.results.table.rows[place]
      let relevant =
        row.expected != row.observed || judge.results.isAbortedRead(row)
      if !relevant { continue }
      if groups[row.keyDigest] == nil { keys.append(row.keyDigest) }
      groups[row.keyDigest, default: Group()].pending.append(row)
    }
    for key in judge.results.final?.differing() ?? [] where groups[key] == nil {
      keys.append(key)
      groups[key] = Group()
    }
  }

  mutating func run(_ judgement: inout Judgement) {
    if keys.isEmpty { return }
    computeAgain()
    if areDivisions {
      judgement.gaps.append(
        "\(keys.count) sessions are divided otherwise than in event order: a late event lies "
          + "beside a session that was closed, and what may come of it is not decided")
      return
    }
    for key in keys { name(key, &judgement) }
    for (event, row, key) in added where leftOut.contains(event) {
      judge.facts.add("E9", event: event) {
        Case(
          subject: .result(row.keyDigest), event: event, key: key,
          conclusion: "So event \(event.text) was counted in result "
            + "\(key.withUnsafeBytes(cellText)) and not in the one that it belongs to.")
      }
    }
  }

  /// Runs the oracle again for the keys in question: as it should be, over what was really
  /// delivered, and over that with doubled events counted twice.
  private mutating func computeAgain() {
    let collector = Collector(keys: Set(keys))
    let judge = judge
    let base = judge.makeOracle(judge.due) { collector.take($0, 0) }
    var others: [Oracle] = []
    if !judge.missing.isEmpty {
      others.append(judge.makeOracle(judge.due, without: judge.missing) { collector.take($0, 1) })
    }
    if !judge.log.duplicates.isEmpty {
      others.append(
        judge.makeOracle(judge.due, without: judge.missing, repeating: judge.log.duplicates) {
          collector.take($0, 2)
        })
    }
    let wanted = wantedHashes()
    if !wanted.isEmpty {
      base.onEvent = { source, sequence in
        let hash = evidenceHash(source: source, sequence: sequence)
        if wanted.contains(hash) {
          collector.owners[hash] = EventID(source: source, sequence: sequence)
        }
      }
    }
    base.finish()
    owners = collector.owners
    for other in others { other.finish() }
    for key in keys {
      guard var group = groups[key] else { continue }
      group.key = collector.texts[key] ?? []
      for row in collector.rows[key] ?? [] {
        let variant = Variant(value: row.value, evidence: row.evidence)
        var version = PendingRow(
          keyDigest: key, valueDigest: row.value, evidence: row.evidence, lineage: row.lineage)
        version.expected = 1
        group.versions[row.world].append(version)
        switch row.world {
        case 0: group.due[variant, default: 0] += 1
        case 1: group.delivered[variant, default: 0] += 1
        default: group.doubled[variant, default: 0] += 1
        }
      }
      // What is not pending was seen as often as it was due.
      group.seen = group.due
      for row in group.pending {
        let variant = Variant(value: row.valueDigest, evidence: row.evidence)
        group.seen[variant] = Int(row.observed) + (group.due[variant] ?? 0) - Int(row.expected)
      }
      groups[key] = group
    }
  }

  /// By what the sums of the row due and the row seen differ, where one event makes the difference.
  private func wantedHashes() -> Set<UInt64> {
    var wanted: Set<UInt64> = []
    for key in keys {
      guard let group = groups[key] else { continue }
      for due in group.pending where due.expected > due.observed {
        for seen in group.pending where seen.observed > seen.expected {
          if due.evidence.count == seen.evidence.count &+ 1 {
            wanted.insert(due.evidence.sum &- seen.evidence.sum)
          } else if seen.evidence.count == due.evidence.count &+ 1 {
            wanted.insert(seen.evidence.sum &- due.evidence.sum)
          }
        }
      }
    }
    return wanted
  }

  private mutating func name(_ key: UInt64, _ judgement: inout Judgement) {
    guard let group = groups[key] else { return }
    var open = group.pending.filter { $0.expected > $0.observed }
    var extra = group.pending.filter { $0.observed > $0.expected }
    for row in group.pending where judge.results.isAbortedRead(row) {
      judge.facts.add("T1", event: row.lineage) {
        made(key, group, row, "was seen although its only transaction was aborted")
      }
    }
    if let final = judge.results.final { return nameLast(key, group, final, &judgement) }
    if judge.results.sink == .upsert { settleUpsert(key, group, &open, &extra) }
    let cause = upstreamCause(group)
    while let missing = open.first {
      open.removeFirst()
      if let place = extra.firstIndex(where: { $0.expected <= 0 }) {
        different(key, group, missing, extra.remove(at: place), cause, &judgement)
      } else {
        self.missing(key, group, missing, cause, &judgement)
      }
    }
    for row in extra {
      for _ in 0..<Int(row.observed - row.expected) {
        surplus(key, group, row, cause, &judgement)
      }
    }
  }

  /// With an upsert sink the last value of a key counts: if that is the one due, earlier ones and
  /// repeats are no difference.
  private func settleUpsert(
    _ key: UInt64, _ group: Group, _ open: inout [PendingRow], _ extra: inout [PendingRow]
  ) {
    guard let last = judge.results.table.lastShown(key) else { return }
    let shown = Variant(value: last.value, evidence: last.evidence)
    if group.due[shown] ?? 0 > 0 {
      open.removeAll()
      extra.removeAll()
    } else {
      // Whatever else was shown has been overwritten.
      extra.removeAll { !$0.isSame(last.value, last.evidence) }
      if open.isEmpty, let overwritten = group.due.keys.min(by: Variant.precedes),
        extra.count == 1
      {
        var row = extra[0]
        row.valueDigest = overwritten.value
        row.evidence = overwritten.evidence
        row.expected = 1
        row.observed = 0
        open = [row]
      }
    }
  }

  private func upstreamCause(_ group: Group) -> ResultCounts.Cause? {
    let seen = group.seen.filter { $0.value > 0 }
    if !judge.missing.isEmpty && seen == group.delivered { return .lostUpstream }
    if !judge.log.duplicates.isEmpty && seen == group.doubled { return .duplicateUpstream }
    return nil
  }

  func missing(
    _ key: UInt64, _ group: Group, _ row: PendingRow, _ cause: ResultCounts.Cause?,
    _ judgement: inout Judgement
  ) {
    judgement.results.missing += 1
    if row.emitted > 0 {
      judgement.results.counts[ResultCounts.Cause.sink.rawValue] += 1
      judge.facts.add("S1", event: row.lineage) {
        made(key, group, row, "was handed to the sink and never seen there")
      }
      return
    }
    count(missingClass, key, group, row, cause ?? .wrongLogic, "was due and never came", &judgement)
  }

  var missingClass: String {
    let maker = judge.context.workload.plan.maker
    return maker.isAbsence ? "E15" : maker.isJoin ? "E17" : "E2"
  }

  private func surplus(
    _ key: UInt64, _ group: Group, _ row: PendingRow, _ cause: ResultCounts.Cause?,
    _ judgement: inout Judgement
  ) {
    judgement.results.extra += 1
    if group.due[Variant(value: row.valueDigest, evidence: row.evidence)] ?? 0 > 0
      && cause != .duplicateUpstream
    {
      judgement.results.counts[ResultCounts.Cause.sink.rawValue] += 1
      let double = judge.results.isDoubleCommit(row)
      judge.facts.add(double ? "S3" : "S2", event: row.lineage) {
        made(
          key, group, row,
          double ? "was committed in two transactions" : "was seen twice and is due once")
      }
      if judge.results.hasAbortedCopy(row) {
        judge.facts.add("T1", event: row.lineage) {
          made(key, group, row, "was seen more often than committed transactions wrote it")
        }
      }
      return
    }
    // The result of the key was seen, and this is another one.
    let isLate = group.due.contains { $0.value > 0 && group.seen[$0.key] ?? 0 > 0 }
    count(
      isLate ? "E6" : "E3", key, group, row, cause ?? .unexplained,
      isLate ? "was seen once more, with another value" : "was seen and is not due", &judgement)
  }

  mutating func different(
    _ key: UInt64, _ group: Group, _ due: PendingRow, _ seen: PendingRow,
    _ cause: ResultCounts.Cause?, _ judgement: inout Judgement
  ) {
    judgement.results.different += 1
    if due.evidence == seen.evidence {
      return count(
        "E1", key, group, seen, cause ?? .wrongLogic,
        "was computed from the right events and has the wrong value", &judgement)
    }
    let named = nameEvent(due.evidence, seen.evidence)
    if let named, due.evidence.count > seen.evidence.count {
      leftOut.insert(named.event)
    } else if let named {
      added.append((named.event, seen, group.key))
    }
    let text = named.map { " (event \($0.event.text) \($0.verb))" } ?? ""
    let difference =
      "was computed from \(seen.evidence.count) events, and \(due.evidence.count) belong to it"
    count(
      "E4", key, group, seen, cause ?? named?.cause ?? .wrongLogic, difference + text, &judgement)
  }

  func count(
    _ id: String, _ key: UInt64, _ group: Group, _ row: PendingRow, _ cause: ResultCounts.Cause,
    _ what: String, _ judgement: inout Judgement
  ) {
    judgement.results.counts[cause.rawValue] += 1
    judge.facts.add(id, event: row.lineage) { made(key, group, row, what) }
    switch cause {
    case .lostUpstream: judge.facts.addCause(id, "L3")
    case .duplicateUpstream: judge.facts.addCause(id, "L2")
    case .droppedLate: judge.facts.addCause(id, "E5")
    case .sink, .wrongLogic, .unexplained, .job: break
    }
  }

  /// With one event more or less, the sums differ by the hash of that event.
  private func nameEvent(
    _ due: Evidence, _ seen: Evidence
  ) -> (event: EventID, verb: String, cause: ResultCounts.Cause)? {
    if due.count == seen.count &+ 1, let event = owners[due.sum &- seen.sum] {
      if judge.missing.contains(event) { return (event, "was lost", .lostUpstream) }
      if judge.illegallyDropped.contains(event) { return (event, "was dropped late", .droppedLate) }
      return (event, "was left out", .wrongLogic)
    }
    if seen.count == due.count &+ 1, let event = owners[seen.sum &- due.sum] {
      if judge.log.duplicates.contains(event) {
        return (event, "was counted twice", .duplicateUpstream)
      }
      return (event, "was counted twice", .wrongLogic)
    }
    return nil
  }

  func made(_ key: UInt64, _ group: Group, _ row: PendingRow, _ what: String) -> Case {
    let name = group.key.isEmpty ? "the result" : "result " + group.key.withUnsafeBytes(cellText)
    return Case(
      subject: .result(key), event: row.lineage, key: group.key,
      conclusion: "So \(name) \(what).")
  }
}

/// Keeps the rows of some keys.
private final class Collector {
  let keys: Set<UInt64>
  var rows: [UInt64: [(world: Int, value: UInt64, evidence: Evidence, lineage: EventID)]] = [:]
  var texts: [UInt64: [UInt8]] = [:]
  var owners: [UInt64: EventID] = [:]

  init(keys: Set<UInt64>) { self.keys = keys }

  func take(_ row: ExpectedRow, _ world: Int) {
    let digest = digest64(row.key)
    if !keys.contains(digest) { return }
    rows[digest, default: []].append((world, row.valueDigest, row.evidence, row.lineage))
    if texts[digest] == nil { texts[digest] = [UInt8](row.key) }
  }
}
