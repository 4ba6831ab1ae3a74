import Bytes
import Model
import Queries
import Workloads

/// One row that is due. The key bytes are valid during the call only.
public struct ExpectedRow {
  /// Canonical cells of the result key.
  public var key: UnsafeRawBufferPointer
  public var valueDigest: UInt64
  /// Event time, nanoseconds since 1970.
  public var time: Int64
  public var evidence: Evidence
  /// The latest contributing event, and the instant at which it was to be sent.
  public var lineage: EventID
  public var intendedAt: Instant
}

/// The right answer: sorts the events of a workload by event time and applies the plan to them one
/// after the other, in the plainest way that memory allows. Shares the plan types with the engine,
/// and nothing else. Knows nothing of arrival, partitions, watermarks or restarts.
public final class Oracle {
  /// Rows due so far.
  public private(set) var rowCount: UInt64 = 0
  /// Every event with a time below this has been computed with; exclusions come too late for them.
  public private(set) var passed = Int64.min
  /// A sum was due that does not fit 64 bits: the plan has no answer there.
  public var overflowed: Bool { steps.contains { $0.overflowed } }
  /// Called with every event as it is computed with, once for each time it counts.
  var onEvent: ((UInt32, UInt64) -> Void)?

  private let plan: Plan
  private let endOfLoad: Instant
  private var events: EventBuckets
  private var steps: [OracleStep] = []
  private let input: InputStep
  private let onRow: (ExpectedRow) -> Void
  private var excluded: Set<EventID> = []
  private let repeated: Set<EventID>
  private var key = ByteWriter()
  private var value = ByteWriter()

  /// Events that were to be sent at `endOfLoad` or later do not exist; nil: all of a finite source
  /// do. `repeated` events count twice. `blockProvider` gives blocks by lane and index; nil asks
  /// the source.
  public init(
    workload: Workload, endOfLoad: Instant?, excluding: Set<EventID> = [],
    repeating: Set<EventID> = [], blockProvider: ((Int, Int) -> EventBlock?)? = nil,
    onRow: @escaping (ExpectedRow) -> Void
  ) {
    plan = workload.plan
    self.endOfLoad = endOfLoad ?? .distantFuture
    self.onRow = onRow
    excluded = excluding
    repeated = repeating
    let source = workload.source
    events = EventBuckets(
      source: source, endOfLoad: self.endOfLoad, resolution: max(workload.plan.resolution, 1),
      width: workload.plan.input.columns.count,
      provider: blockProvider ?? { lane, index in source.block(index, of: lane) })
    input = InputStep(output: RowPicks(rows: Rows(width: workload.plan.input.columns.count)))
    steps = PlanSteps.make(workload.plan, input: input)
    let late = Set(workload.lateLanes.map { UInt32($0) })
    for step in steps { step.lateSources = late }
  }

  /// The event did not happen: it was never sent, failed, or was dropped late as the rules allow.
  /// Says whether the exclusion still counts, which it does not once its time is passed.
  /// `time` is the event's time, floored or not.
  public func exclude(_ event: EventID, time: Int64) -> Bool {
    if time < passed { return false }
    excluded.insert(event)
    return true
  }

  /// The event was dropped as late at one operator, legally: it does not count there, and does
  /// elsewhere. Says whether that still counts.
  /// Windows that `watermark` had not closed still take it.
  public func drop(
    _ event: EventID, time: Int64, at planOperator: Int, watermark: Int64 = .max
  ) -> Bool {
    if time < passed || !steps.indices.contains(planOperator) { return false }
    steps[planOperator].dropped.insert(event)
    steps[planOperator].droppedAt[event] = watermark
    return true
  }

  /// True when the operator left the event out by itself, so that its drop changes nothing.
  public func isNeutral(_ event: EventID, at planOperator: Int) -> Bool {
    steps.indices.contains(planOperator) && steps[planOperator].neutral.contains(event)
  }

  /// Computes with all events whose time is below `eventTime`, as far as whole buckets go.
  public func advance(to eventTime: Int64) {
    events.load(until: eventTime)
    while let bucket = events.take(until: eventTime) {
      process(bucket)
      events.giveBack(bucket.rows)
    }
  }

  /// Computes with everything that is left; needs a finite source or an end of load.
  public func finish() {
    advance(to: .max)
    input.output.removeAll()
    run(frontier: .max)
    passed = .max
  }

  /// Finishes two oracles of one workload side by side, so that rows of both come close together.
  func finishBeside(_ other: Oracle) {
    var bound = Int64.min
    while let next = nextBound(after: bound) {
      bound = next
      advance(to: bound)
      other.advance(to: bound)
    }
    finish()
    other.finish()
  }

  /// A time some way on, nil when nothing is left.
  private func nextBound(after bound: Int64) -> Int64? { events.someTimeAfter(bound) }

  private func process(_ bucket: EventBuckets.Bucket) {
    let picks = input.output
    let rows = bucket.rows
    picks.rows = rows
    picks.pickAllEvents(
      from: bucket.start, until: bucket.end, resolution: max(plan.resolution, 1),
      lanes: events.laneCount)
    if !excluded.isEmpty || !repeated.isEmpty { applyChanges(rows) }
    if let onEvent {
      for place in 0..<picks.count {
        let head = rows.heads[Int(picks.picks[place])]
        onEvent(head.source, head.sequence)
      }
    }
    run(frontier: bucket.end)
    passed = bucket.end
  }

  private func applyChanges(_ rows: Rows) {
    let picks = input.output
    let all = (0..<picks.count).map { Int(picks.picks[$0]) }
    picks.removeAll()
    for index in all {
      let head = rows.heads[index]
      let id = EventID(source: head.source, sequence: head.sequence)
      if excluded.contains(id) { continue }
      picks.pick(index)
      if repeated.contains(id) { picks.pick(index) }
    }
  }

  private func run(frontier: Int64) {
    input.frontier = frontier
    for step in steps { step.run() }
    guard let last = steps.last else { return }
    let output = last.output
    for place in 0..<output.count { handOut(output.rows, Int(output.picks[place])) }
  }

  private func handOut(_ rows: Rows, _ index: Int) {
    rowCount &+= 1
    key.removeAll()
    value.removeAll()
    let cells = rows.row(index)
    for column in plan.keyColumns {
      if rows.isNull(index, column) { key.nullCell() } else { key.cell(cells[column]) }
    }
    for column in plan.valueColumns {
      if rows.isNull(index, column) { value.nullCell() } else { value.cell(cells[column]) }
    }
    let head = rows.heads[index]
    // As `ResultRow.valueDigest`: the cells of the value, then the time.
    value.word(UInt64(bitPattern: head.time))
    onRow(
      ExpectedRow(
        key: key.bytes, valueDigest: digest64(value.bytes), time: head.time,
        evidence: rows.evidence(index),
        lineage: EventID(source: head.source, sequence: head.sequence),
        intendedAt: Instant(ns: head.intendedAt)))
  }
}

/// Turns the operators of a plan into steps.
enum PlanSteps {
  static func make(_ plan: Plan, input: InputStep) -> [OracleStep] {
    let ordered = orderMatters(plan.operators)
    var steps: [OracleStep] = []
    for (number, planned) in plan.operators.enumerated() {
      steps.append(step(planned, number, steps, input, plan, ordered[number]))
    }
    return steps
  }

  private static func step(
    _ planned: PlanOperator, _ number: Int, _ steps: [OracleStep], _ input: InputStep,
    _ plan: Plan, _ ordered: Bool
  ) -> OracleStep {
    switch planned {
    case .input: input
    case .filter(let i, let predicate): FilterStep(steps[i], predicate)
    case .select(let i, let expressions): SelectStep(steps[i], expressions)
    case .union(let inputs):
      UnionStep(
        inputs.map { steps[$0] }, width: inputs.first.map { steps[$0].output.rows.width } ?? 0,
        ordered: ordered)
    case .deduplicate(let i, let key, let horizon):
      DeduplicateStep(steps[i], by: key, horizon: horizon)
    case .tumbling(let i, let key, let size, let offset, let aggregates)
    where WindowStep.knows(aggregates):
      WindowStep(
        steps[i], key: key, size: size, offset: offset, aggregates: aggregates,
        resolution: plan.resolution, ordered: ordered, number: number)
    case .tumbling(let i, let key, let size, let offset, let aggregates):
      SlidingStep(
        steps[i], key: key, span: (size, size, offset), aggregates: aggregates, plan: plan,
        ordered: ordered, number: number)
    case .sliding(let i, let key, let size, let slide, let offset, let aggregates):
      SlidingStep(
        steps[i], key: key, span: (size, slide, offset), aggregates: aggregates, plan: plan,
        ordered: ordered, number: number)
    case .session(let i, let key, let gap, let aggregates):
      SessionStep(
        steps[i], key: key, gap: gap, aggregates: aggregates, resolution: plan.resolution,
        ordered: ordered, number: number)
    case .expand, .total, .intervalJoin, .asOfJoin:
      preconditionFailure("no engine runs this plan")
    case .topN(let i, let group, let order, let count):
      TopStep(
        steps[i], group: group, order: order, count: count, ordered: ordered, number: number)
    case .match(let i, let key, let match):
      MatchStep(steps[i], key: key, match, ordered: ordered, number: number)
    case .pattern(let i, let key, let predicates, let within, let measures):
      PatternStep(
        steps[i], key: key, steps: predicates, within: within, measures: measures,
        ordered: ordered, number: number)
    case .process(let i, let key, .cardGuard(let limit, let window, let block, let pass)):
      CardGuardStep(
        steps[i], key: key, limit: limit, window: window, block: block, pass: pass,
        ordered: ordered, number: number)
    }
  }

  /// For each operator, whether something that reads it, directly or through filters, selections
  /// and unions, depends on the order or the completeness of its rows.
  static func orderMatters(_ operators: [PlanOperator]) -> [Bool] {
    var matters = [Bool](repeating: false, count: operators.count)
    for number in operators.indices.reversed() {
      switch operators[number] {
      case .input: break
      case .intervalJoin(let join): for i in [join.left, join.right] { matters[i] = true }
      case .asOfJoin(let join): for i in [join.left, join.right] { matters[i] = true }
      case .filter(let i, _), .select(let i, _): if matters[number] { matters[i] = true }
      case .union(let inputs): if matters[number] { for i in inputs { matters[i] = true } }
      case .deduplicate(let i, _, _), .tumbling(let i, _, _, _, _), .pattern(let i, _, _, _, _),
        .process(let i, _, _), .sliding(let i, _, _, _, _, _), .session(let i, _, _, _),
        .topN(let i, _, _, _), .match(let i, _, _), .expand(let i, _, _), .total(let i, _, _):
        matters[i] = true
      }
    }
    return matters
  }
}
