import Model
import Queries

/// One operator of a plan as the oracle computes it. Rows come in event order, in rounds: a round
/// brings all rows with times below its bound that no earlier round brought.
class OracleStep {
  let output: RowPicks
  /// No row of a later round has a time below this.
  var frontier = Int64.min
  /// Events that were legally dropped late here, and do not count for this operator.
  var dropped: Set<EventID> = []
  /// The watermarks at which they were: windows that it had not closed still take them.
  var droppedAt: [EventID: Int64] = [:]
  /// A sum that does not fit 64 bits was due.
  var overflowed = false
  /// Sources that are late by design, and their events that this step left out by itself: a drop
  /// of such an event changes nothing (queries.md 2.3).
  var lateSources: Set<UInt32> = []
  var neutral: Set<EventID> = []
  /// The end of the run in event time is not before this (queries.md 2.1), and is this in the last
  /// round.
  var end = Int64.min
  /// Why the plan has no answer, beside sums that do not fit; empty when it has.
  var failure = ""

  init(output: RowPicks) { self.output = output }

  /// Reads what its inputs put out in this round, and puts out its own.
  func run() {}

  /// Whether a row is an event that was dropped here.
  @inline(__always) final func isDropped(_ head: RowHead) -> Bool {
    if dropped.isEmpty || head.origin != 0 { return false }
    return dropped.contains(EventID(source: head.source, sequence: head.sequence))
  }
}

/// The events themselves; the oracle fills it.
final class InputStep: OracleStep {}

/// Rows for which the predicate is true.
final class FilterStep: OracleStep {
  private let input: OracleStep
  private let condition: Condition

  init(_ input: OracleStep, _ predicate: Predicate) {
    self.input = input
    condition = Condition(predicate)
    super.init(output: RowPicks(rows: input.output.rows))
  }

  override func run() {
    let from = input.output
    let rows = from.rows
    output.rows = rows
    output.removeAll()
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if condition.holds(rows, index) { output.pick(index) }
    }
    if condition.overflowed { overflowed = true }
    frontier = input.frontier
  }
}

/// Rows of other columns, computed from one row each.
final class SelectStep: OracleStep {
  private let input: OracleStep
  /// The column that is copied, or the value that is computed.
  private let parts: [(column: Int, formula: Formula?)]

  init(_ input: OracleStep, _ expressions: [Expression]) {
    self.input = input
    parts = expressions.map { expression in
      if case .column(let c) = expression { return (c, nil) }
      return (0, Formula(expression))
    }
    super.init(output: RowPicks(rows: Rows(width: expressions.count)))
  }

  override func run() {
    let from = input.output
    let rows = output.rows
    rows.removeAll()
    output.removeAll()
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      let cells = RowCells(from.rows, index)
      let made = rows.addLike(from.rows, index)
      var nulls: UInt64 = 0
      for (column, part) in parts.enumerated() {
        let value =
          part.formula.map { $0.value(of: cells) } ?? cells.cell(part.column)
        if value == nil { nulls |= 1 << UInt64(column) }
        rows.row(made)[column] = value ?? 0
      }
      rows.heads[made].nulls = nulls
      output.pick(made)
    }
    for part in parts where part.formula?.overflowed == true { overflowed = true }
    frontier = input.frontier
  }
}

/// All rows of all inputs. Where what follows depends on order, rows wait until every input has
/// come as far.
final class UnionStep: OracleStep {
  private let inputs: [OracleStep]
  private let ordered: Bool
  private var waiting: Rows
  private var spare: Rows

  init(_ inputs: [OracleStep], width: Int, ordered: Bool) {
    self.inputs = inputs
    self.ordered = ordered
    waiting = Rows(width: width)
    spare = Rows(width: width)
    super.init(output: RowPicks(rows: Rows(width: width)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    frontier = inputs.map(\.frontier).min() ?? .max
    // The number of the input comes last in the order of rows of one identity: inputs are
    // appended in turn and the sort below keeps the order of equals.
    for input in inputs {
      let from = input.output
      for place in 0..<from.count { waiting.addCopy(from.rows, Int(from.picks[place])) }
    }
    if !ordered {
      swap(&waiting, &output.rows)
      for index in 0..<output.rows.count { output.pick(index) }
      return
    }
    spare.removeAll()
    for index in 0..<waiting.count {
      if waiting.heads[index].time < frontier {
        output.rows.addCopy(waiting, index)
      } else {
        spare.addCopy(waiting, index)
      }
    }
    swap(&waiting, &spare)
    output.pickAllSorted()
  }
}

/// A row goes iff a kept earlier one of its key is less than `horizon` before it.
final class DeduplicateStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let horizon: Nanoseconds
  /// Time of the last kept row of each key.
  private let kept = DigestTable(capacity: 1024)
  private let digests = KeyDigests()

  init(_ input: OracleStep, by key: [Int], horizon: Nanoseconds) {
    self.input = input
    self.key = key
    self.horizon = horizon
    super.init(output: RowPicks(rows: input.output.rows))
  }

  override func run() {
    let from = input.output
    let rows = from.rows
    output.rows = rows
    output.removeAll()
    digests.compute(from, key, touching: kept)
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      let digest = digests[place]
      let time = rows.heads[index].time
      if isDropped(rows.heads[index]) { continue }
      let slot = kept.slot(of: digest)
      if let last = kept.value(at: slot), time &- Int64(bitPattern: last) < horizon {
        noteNeutral(rows.heads[index])
        continue
      }
      let horizon = horizon
      kept.set(digest, at: slot, UInt64(bitPattern: time)) {
        time &- Int64(bitPattern: $0) >= horizon
      }
      output.pick(index)
    }
    frontier = input.frontier
  }

  @inline(__always) private func noteNeutral(_ head: RowHead) {
    if head.origin != 0 || lateSources.isEmpty || !lateSources.contains(head.source) { return }
    neutral.insert(EventID(source: head.source, sequence: head.sequence))
  }
}

/// Digests of the keys of a round's rows. Reading the places of the table that they will need ahead
/// of use lets the memory answer many at once.
final class KeyDigests {
  private var words: UnsafeMutablePointer<UInt64> = .allocate(capacity: 64)
  private var capacity = 64
  private var touched: UInt64 = 0

  deinit { words.deallocate() }

  @inline(__always) subscript(_ place: Int) -> UInt64 { words[place] }

  func compute(_ from: RowPicks, _ key: [Int], touching table: DigestTable) {
    if from.count > capacity {
      words.deallocate()
      capacity = from.count * 2
      words = .allocate(capacity: capacity)
    }
    let rows = from.rows
    for place in 0..<from.count { words[place] = rows.digest(Int(from.picks[place]), key) }
    var sum: UInt64 = 0
    for place in 0..<from.count { sum &+= table.touch(words[place]) }
    touched = sum
  }
}
