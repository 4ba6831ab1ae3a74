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
  /// A number was due that does not fit 64 bits: the plan has no answer there.
  public var overflowed: Bool { steps.contains { $0.overflowed } }
  /// Why the plan has no answer for other reasons, such as a timer set in the past; nil when it
  /// has.
  public var failure: String? { steps.first { !$0.failure.isEmpty }?.failure }
  /// Called with every event as it is computed with, once for each time it counts.
  var onEvent: ((UInt32, UInt64) -> Void)?

  private let plan: Plan
  private let endOfLoad: Instant
  private var events: EventBuckets
  private var steps: [OracleStep] = []
  /// One for each stream.
  private let inputs: [InputStep]
  private let onRow: (ExpectedRow) -> Void
  private var excluded: Set<EventID> = []
  private let repeated: Set<EventID>
  /// Greatest time of the events computed with: the end of the run in event time, once all are
  /// (`T_end`, queries.md 2.1).
  private var greatest = Int64.min
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
    let widths = workload.plan.inputs.map { $0.columns.count }
    events = EventBuckets(
      source: source, endOfLoad: self.endOfLoad, resolution: max(workload.plan.resolution, 1),
      widths: widths, laneStream: workload.laneStream,
      provider: blockProvider ?? { lane, index in source.block(index, of: lane) })
    inputs = widths.map { InputStep(output: RowPicks(rows: Rows(width: $0))) }
    steps = PlanSteps.make(workload.plan, inputs: inputs)
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
    for input in inputs { input.output.removeAll() }
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
    for (stream, rows) in bucket.rows.enumerated() {
      let picks = inputs[stream].output
      picks.rows = rows
      picks.pickAllEvents(
        from: bucket.start, until: bucket.end, resolution: max(plan.resolution, 1),
        lanes: events.laneCount)
      if !excluded.isEmpty || !repeated.isEmpty { applyChanges(rows, picks) }
      if picks.count > 0 {
        greatest = max(greatest, rows.heads[Int(picks.picks[picks.count - 1])].time)
      }
      if let onEvent {
        for place in 0..<picks.count {
          let head = rows.heads[Int(picks.picks[place])]
          onEvent(head.source, head.sequence)
        }
      }
    }
    run(frontier: bucket.end)
    passed = bucket.end
  }

  private func applyChanges(_ rows: Rows, _ picks: RowPicks) {
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
    for input in inputs { input.frontier = frontier }
    for step in steps {
      step.end = greatest
      step.run()
    }
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
