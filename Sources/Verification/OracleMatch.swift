import Model
import Queries

/// Patterns with stated contiguity, conditions on bound rows, and absences (queries.md 3.9, 3.10).
/// The rows of a key stand in a list. At the end of each round the attempts are made from the first
/// start that is open, as far as the rows below the frontier tell; a match that waits for a silence
/// looks through the list when its deadline is passed. Rows that nothing needs any more go.
final class MatchStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let match: Match
  private let conditions: [Formula]
  /// What breaks the silence of an absence.
  private let silenceBreaker: Formula
  private let ordered: Bool
  private let number: Int
  private var keys: [UInt64: KeyRows] = [:]
  /// Keys by the time at which something of them is due; not in order of it.
  private var due: [(at: Int64, digest: UInt64)] = []
  private var found: [Found] = []
  private var serial: UInt64 = 0

  private struct Item {
    var head: RowHead
    var cells: [Int64?]
    var evidence: Evidence
    var identity: [Int64?]
  }

  private struct Silence {
    var bound: [Int]
    var deadline: Int64
  }

  private struct KeyRows {
    var items: [Item] = []
    /// Place of the first row that no attempt has begun with yet.
    var start = 0
    var silences: [Silence] = []
  }

  private struct Found {
    var time: Int64
    var identity: [Int64?]
    var cells: [Int64?]
    var evidence: Evidence
    var last: RowHead
  }

  init(_ input: OracleStep, key: [Int], _ match: Match, ordered: Bool, number: Int) {
    self.input = input
    self.key = key
    self.match = match
    conditions = match.steps.map { Formula($0) }
    silenceBreaker = Formula(match.absence?.condition ?? .or([]))
    self.ordered = ordered
    self.number = number
    super.init(output: RowPicks(rows: Rows(width: key.count + match.measures.count)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    let bound = input.frontier
    var touched: Set<UInt64> = []
    var order: [UInt64] = []
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if isDropped(from.rows.heads[index]) { continue }
      let digest = from.rows.digest(index, key)
      keys[digest, default: KeyRows()].items.append(item(from.rows, index))
      if touched.insert(digest).inserted { order.append(digest) }
    }
    for entry in due where entry.at <= bound {
      if touched.insert(entry.digest).inserted { order.append(entry.digest) }
    }
    due.removeAll { $0.at <= bound }
    for digest in order { settle(digest, bound) }
    let hold = match.contiguity == .relaxed ? match.within : 0
    frontier = !ordered || bound == .max || bound == .min ? bound : bound - hold
    handOn()
    if silenceBreaker.overflowed || conditions.contains(where: { $0.overflowed }) {
      overflowed = true
    }
  }

  private func item(_ rows: Rows, _ index: Int) -> Item {
    Item(
      head: rows.heads[index],
      cells: (0..<rows.width).map { rows.isNull(index, $0) ? nil : rows.row(index)[$0] },
      evidence: rows.evidence(index), identity: ordered ? rows.identity(index) : [])
  }

  /// Does for a key all that rows below `bound` allow.
  private func settle(_ digest: UInt64, _ bound: Int64) {
    guard var rows = keys.removeValue(forKey: digest) else { return }
    while rows.start < rows.items.count {
      let first = rows.items[rows.start].head.time
      guard let places = attempt(rows.items, rows.start) else {
        let isOpen = bound != .max && first + match.within > bound
        if isOpen && mayStillSucceed(rows.items, rows.start) { break }
        rows.start += 1
        continue
      }
      let last = places[places.count - 1]
      if let absence = match.absence {
        rows.silences.append(
          Silence(bound: places, deadline: rows.items[last].head.time + absence.within))
      } else {
        conclude(rows.items, places, at: rows.items[last].head.time)
      }
      rows.start = last + 1
    }
    var open: [Silence] = []
    for silence in rows.silences {
      if bound != .max && silence.deadline > bound {
        open.append(silence)
      } else if isSilent(rows.items, silence) {
        conclude(rows.items, silence.bound, at: silence.deadline)
      }
    }
    rows.silences = open
    trim(&rows)
    if rows.start < rows.items.count {
      due.append((rows.items[rows.start].head.time + match.within, digest))
    }
    for silence in open { due.append((silence.deadline, digest)) }
    if !rows.items.isEmpty { keys[digest] = rows }
    if rows.start == rows.items.count, open.isEmpty, let last = rows.items.last {
      // Kept for an absence that looks back within the instant.
      due.append((last.head.time + 1, digest))
      if bound > last.head.time { keys[digest] = nil }
    }
  }

  /// The places of the rows that an attempt from `first` binds; nil when it does not come to its
  /// end with the rows that are there.
  private func attempt(_ items: [Item], _ first: Int) -> [Int]? {
    var places: [Int] = []
    for (step, condition) in conditions.enumerated() {
      var next = places.last.map { $0 + 1 } ?? first
      if match.contiguity == .relaxed && step > 0 {
        while next < items.count && !holds(condition, items, next, places) { next += 1 }
      }
      guard next < items.count, holds(condition, items, next, places),
        items[next].head.time - items[first].head.time < match.within
      else { return nil }
      places.append(next)
    }
    return places
  }

  /// Whether an attempt that has failed so far lacks nothing but rows to come.
  private func mayStillSucceed(_ items: [Item], _ first: Int) -> Bool {
    var places: [Int] = []
    for (step, condition) in conditions.enumerated() {
      var next = places.last.map { $0 + 1 } ?? first
      while next < items.count, !holds(condition, items, next, places) {
        if match.contiguity == .strict || step == 0 { return false }
        next += 1
      }
      if next == items.count { return true }
      if items[next].head.time - items[first].head.time >= match.within { return false }
      places.append(next)
    }
    return false
  }

  private func isSilent(_ items: [Item], _ silence: Silence) -> Bool {
    guard let absence = match.absence, let last = silence.bound.last else { return true }
    let time = items[last].head.time
    for place in items.indices where !silence.bound.contains(place) {
      let isAfter = place > last && items[place].head.time < silence.deadline
      let isBeside = absence.sameInstant && place < last && items[place].head.time == time
      if isAfter || isBeside, holds(silenceBreaker, items, place, silence.bound) {
        return false
      }
    }
    return true
  }

  /// Lets go of the rows before everything that may still be asked for.
  private func trim(_ rows: inout KeyRows) {
    var needed = rows.start
    for silence in rows.silences { needed = min(needed, silence.bound[0]) }
    if match.absence?.sameInstant == true, let last = rows.items.last {
      let time = needed < rows.items.count ? rows.items[needed].head.time : last.head.time
      while needed > 0 && rows.items[needed - 1].head.time == time { needed -= 1 }
    }
    rows.items.removeFirst(needed)
    rows.start -= needed
    for place in rows.silences.indices {
      rows.silences[place].bound = rows.silences[place].bound.map { $0 - needed }
    }
  }

  private func conclude(_ items: [Item], _ places: [Int], at time: Int64) {
    guard let first = places.first, let last = places.last else { return }
    var evidence = Evidence()
    for place in places { evidence.add(items[place].evidence) }
    let keyCells = key.map { items[first].cells[$0] }
    found.append(
      Found(
        time: time, identity: keyCells + items[first].identity,
        cells: keyCells + match.measures.map { items[places[$0.step]].cells[$0.column] },
        evidence: evidence, last: items[last].head))
  }

  private func handOn() {
    let isReady = { (row: Found) in
      !self.ordered || self.frontier == .max || row.time < self.frontier
    }
    let ready = found.filter(isReady).sorted { a, b in
      a.time != b.time ? a.time < b.time : identityPrecedes(a.identity, b.identity)
    }
    found.removeAll(where: isReady)
    for row in ready {
      serial += 1
      putOut(
        row.cells, time: row.time, identity: row.identity, evidence: row.evidence,
        last: row.last, number: number, serial: serial)
    }
  }

  /// Whether a row satisfies a condition, seen from the rows bound before it.
  private func holds(
    _ condition: Formula, _ items: [Item], _ place: Int, _ bound: [Int]
  ) -> Bool {
    condition.truth(of: Candidate(items: items, place: place, bound: bound)) == true
  }

  private struct Candidate: CellSource {
    let items: [Item]
    let place: Int
    let bound: [Int]

    func cell(_ column: Int) -> Int64? { items[place].cells[column] }

    func bound(_ step: Int, _ column: Int) -> Int64? {
      step < bound.count ? items[bound[step]].cells[column] : nil
    }

    var time: Int64 { items[place].head.time }
  }
}
