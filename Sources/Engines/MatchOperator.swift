import Model
import Queries

/// Patterns, strict or relaxed, whose steps see the rows bound before, with an absence at the end
/// if wanted (queries.md 3.9, 3.10). Its rows come in event order; it keeps those of a key from the
/// first start on that may still become a match.
final class MatchOperator: Operator {
  private let digest: KeyDigest
  private let key: [Int]
  private let match: Match
  private let conditions: Conditions
  private let inputWidth: Int
  private let forgetsDeadlines: Bool

  /// A match that waits for the end of its silence.
  private struct Pending {
    var deadline: Int64
    var bound: [StoredRow]
  }

  private struct Waiting {
    var rows: [StoredRow] = []
    /// Rows that went, of the time of the first of `rows` or of the latest row; kept only where an
    /// absence looks back within an instant.
    var gone: [StoredRow] = []
    var pending: [Pending] = []

    var isEmpty: Bool { rows.isEmpty && gone.isEmpty && pending.isEmpty }
  }

  private struct State {
    var keys: [UInt64: Waiting] = [:]
    var queue = DueQueue()
  }

  private enum Outcome {
    case matched([Int])
    case dead
    case undecided
  }

  private var state = State()
  private var snapshots = ValueSnapshots<State>()
  private let scratch: UnsafeMutablePointer<Int64>
  /// The candidate's columns, then those of the rows bound to each step.
  private let combined: UnsafeMutablePointer<Int64>

  init(
    inputWidth: Int, key: [Int], _ match: Match, faults: ProgramFaults,
    defects: Set<EngineDefect>
  ) {
    digest = KeyDigest(key)
    self.key = key
    self.match = match
    self.inputWidth = inputWidth
    forgetsDeadlines = defects.contains(.lostTimer)
    let all = match.steps + (match.absence.map { [$0.condition] } ?? [])
    conditions = Conditions(all.map { $0.placingBound(inputWidth) }, faults)
    scratch = .allocate(capacity: RowLayout.header + key.count + match.measures.count)
    combined = .allocate(capacity: RowLayout.header + inputWidth * (1 + match.steps.count))
    super.init(width: key.count + match.measures.count)
  }

  deinit {
    scratch.deallocate()
    combined.deallocate()
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    expire(until: row[0])
    let key = digest.of(row)
    let made = StoredRow(row, origin, width: inputWidth)
    var waiting = state.keys[key] ?? Waiting()
    // Out of the table while it changes, so that its arrays are not copied.
    state.keys[key] = nil
    if match.absence != nil {
      waiting.pending.removeAll { satisfies(made, match.steps.count, $0.bound[...]) }
    }
    snapshots.words += made.words.count
    waiting.rows.append(made)
    resolve(&waiting, key, now: made.time)
    if !waiting.rows.isEmpty { state.queue.add(at: made.time &+ match.within, key: key) }
    if match.absence?.sameInstant == true { state.queue.add(at: made.time + 1, key: key) }
    if !waiting.isEmpty { state.keys[key] = waiting }
  }

  package override func advance(to watermark: Int64) { expire(until: watermark) }

  private func expire(until now: Int64) {
    while let (at, key) = state.queue.take(until: now) {
      if forgetsDeadlines { continue }
      guard var waiting = state.keys[key] else { continue }
      state.keys[key] = nil
      resolve(&waiting, key, now: at)
      for pending in waiting.pending where pending.deadline <= at {
        emit(pending.bound, at: pending.deadline)
      }
      waiting.pending.removeAll { $0.deadline <= at }
      let kept = waiting.rows.first?.time ?? at
      waiting.gone.removeAll { $0.time < kept }
      if !waiting.isEmpty { state.keys[key] = waiting }
    }
  }

  /// Decides what can be decided of a key when all rows with times below `now` are known.
  private func resolve(_ waiting: inout Waiting, _ key: UInt64, now: Int64) {
    var first = 0
    loop: while first < waiting.rows.count {
      switch attempt(waiting.rows, first, now) {
      case .undecided: break loop
      case .dead: first += 1
      case .matched(let places):
        complete(places, &waiting, key)
        first = places[places.count - 1] + 1
      }
    }
    if match.absence?.sameInstant == true, let latest = waiting.rows.last?.time {
      waiting.gone += waiting.rows[..<first]
      let kept = first < waiting.rows.count ? waiting.rows[first].time : latest
      waiting.gone.removeAll { $0.time < kept }
    }
    waiting.rows.removeFirst(first)
  }

  private func attempt(_ rows: [StoredRow], _ first: Int, _ now: Int64) -> Outcome {
    if !satisfies(rows[first], 0, []) { return .dead }
    var places = [first]
    var bound = [rows[first]]
    let limit = rows[first].time &+ match.within
    var place = first + 1
    while places.count < match.steps.count {
      if place == rows.count { return now >= limit ? .dead : .undecided }
      if rows[place].time >= limit { return .dead }
      if satisfies(rows[place], places.count, bound[...]) {
        places.append(place)
        bound.append(rows[place])
      } else if match.contiguity == .strict {
        return .dead
      }
      place += 1
    }
    return .matched(places)
  }

  /// Whether a row satisfies a step (the last is the absence), with rows bound before.
  private func satisfies(
    _ row: StoredRow, _ step: Int, _ bound: ArraySlice<StoredRow>
  ) -> Bool {
    var nulls = row.words[1] >> 32 & 0xffff_ffff
    for column in 0..<inputWidth {
      combined[RowLayout.header + column] = row.words[RowLayout.header + column]
    }
    var place = inputWidth
    for earlier in bound {
      nulls |= (earlier.words[1] >> 32 & 0xffff_ffff) << Int64(place)
      for column in 0..<inputWidth {
        combined[RowLayout.header + place + column] = earlier.words[RowLayout.header + column]
      }
      place += inputWidth
    }
    combined[0] = row.time
    combined[1] = RowLayout.identity(source: 0, nulls: UInt32(truncatingIfNeeded: nulls))
    return conditions.test(step, combined) == .yes
  }

  private func complete(_ places: [Int], _ waiting: inout Waiting, _ key: UInt64) {
    let bound = places.map { waiting.rows[$0] }
    let last = places[places.count - 1]
    let time = waiting.rows[last].time
    guard let absence = match.absence else {
      emit(bound, at: time)
      return
    }
    let deadline = time &+ absence.within
    for row in waiting.rows[(last + 1)...] where row.time < deadline {
      if satisfies(row, match.steps.count, bound[...]) { return }
    }
    if absence.sameInstant {
      let before = waiting.rows[..<last].indices.filter { !places.contains($0) }
      for row in waiting.gone + before.map({ waiting.rows[$0] }) where row.time == time {
        if satisfies(row, match.steps.count, bound[...]) { return }
      }
    }
    waiting.pending.append(Pending(deadline: deadline, bound: bound))
    state.queue.add(at: deadline, key: key)
  }

  private func emit(_ bound: [StoredRow], at time: Int64) {
    guard let last = bound.last else { return }
    var nulls: UInt32 = 0
    var place = 0
    func put(_ value: Int64?) {
      if value == nil { nulls |= 1 << UInt32(place) }
      scratch[RowLayout.header + place] = value ?? 0
      place += 1
    }
    for column in key { put(last.value(column)) }
    for measure in match.measures { put(bound[measure.step].value(measure.column)) }
    var origin = Origin(evidence: Evidence(), latest: last.origin.latest)
    for row in bound { origin.evidence.add(row.origin.evidence) }
    scratch[0] = time
    scratch[1] = RowLayout.identity(source: origin.latest.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: origin.latest.sequence)
    identify(&origin, scratch, key.indices)
    if identifies {
      origin.identity = origin.identity.map { RowIdentity($0.words + bound[0].identity.words) }
    }
    emit(scratch, &origin)
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(state, number) }

  package override func restore(_ number: UInt64) {
    if let old = snapshots.restore(number) { state = old }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}

extension Predicate {
  /// The predicate over one long row: the candidate's columns, then those of each bound row.
  func placingBound(_ width: Int) -> Predicate {
    placing { expression in
      guard case .bound(let step, let column) = expression else { return expression }
      return .column(width * (1 + step) + column)
    }
  }
}
