import Bytes
import History
import Model
import Queries
import Workloads

/// Reads a history as it is written and finds what should not be there. Facts only: whether a fact
/// breaks a promise is decided by `assess`. Memory follows disorder and results under way, not the
/// length of the run.
public final class Judge {
  let context: JudgeContext
  let provider: (Int, Int) -> EventBlock?
  let facts = FactBook()
  let log: LogChecker
  let results: ResultChecker
  let oracle: Oracle
  /// Of a job of the user.
  public let output: OutputChecker?
  private var watermarks: [Int64] = []
  private var tasks = 0
  private(set) var seen: Set<EntryKind> = []
  private var endedInOrder = false
  private var endReason = ""
  private(set) var unreadable: String?
  /// What the first oracle leaves out, and what it ought to have left out.
  var applied = Exclusions()
  var due = Exclusions()
  /// Acknowledged, and never read.
  var missing: Set<EventID> = []
  private(set) var legallyDropped: Set<EventID> = []
  private(set) var illegallyDropped: Set<EventID> = []
  private(set) var droppedEvents: Set<EventID> = []

  public init(context: JudgeContext) {
    self.context = context
    let source = context.workload.source
    provider = context.blockProvider ?? { lane, index in source.block(index, of: lane) }
    let log = LogChecker(
      workload: context.workload, endOfLoad: context.endOfLoad, partitions: context.partitions,
      facts: facts, provider: provider, recorder: context.recorder)
    let results = ResultChecker(
      plan: context.workload.plan, facts: facts, log: log, sink: context.sink,
      recorder: context.recorder)
    log.positionsFollowReads = context.output == nil
    self.log = log
    self.results = results
    output = context.output.map { [facts] in
      OutputChecker($0, partitions: context.partitions, facts: facts)
    }
    oracle = Oracle(
      workload: context.workload, endOfLoad: context.endOfLoad, blockProvider: provider
    ) { results.due($0) }
  }

  /// Reads one block of a history: the next one. `startAt` is the instant before its first entry.
  public func observe(block: UnsafeRawBufferPointer, firstEntry: UInt64, startAt: Instant) {
    if unreadable != nil { return }
    var cursor = EntryCursor(block, firstEntry: firstEntry, startAt: startAt)
    do throws(DecodingError) {
      while let kind = try cursor.next() {
        seen.insert(kind)
        try read(kind, &cursor)
      }
    } catch {
      unreadable = "entry \(cursor.entry) cannot be read: \(error)"
      return
    }
    readOutput(block, firstEntry, startAt)
    advance()
  }

  /// The checks of an output look at the same entries.
  private func readOutput(_ block: UnsafeRawBufferPointer, _ first: UInt64, _ startAt: Instant) {
    guard let output else { return }
    var cursor = EntryCursor(block, firstEntry: first, startAt: startAt)
    do throws(DecodingError) {
      while let kind = try cursor.next() { try output.read(kind, &cursor) }
    } catch {
      unreadable = "entry \(cursor.entry) cannot be read: \(error)"
    }
  }

  /// Result rows that wait for their counterpart: what the table of results holds now.
  public var pendingResults: Int { results.table.pending }

  private func read(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    switch kind {
    case .sent:
      _ = try cursor.signed()
      try log.readSent(&cursor)
    case .acknowledged: try log.readAcknowledged(&cursor)
    case .failed: try log.readOutcome(&cursor, EventFlags.failed) { leaveOut($0, $1) }
    case .unknown: try log.readOutcome(&cursor, EventFlags.unknown) { _, _ in }
    case .polled, .readBack: try log.readPolled(&cursor)
    case .watermark: try readWatermark(&cursor)
    case .lateDropped: try readDrop(&cursor)
    case .emitted: try results.readEmitted(&cursor)
    case .observed: try results.readObserved(&cursor)
    case .transactionBegan, .commitRequested, .committed, .aborted, .commitUnknown:
      try results.readTransaction(kind, &cursor)
    case .checkpointCompleted: try results.readCompleted(&cursor)
    case .endOffset: try log.readEnd(&cursor)
    case .resultEndOffset: try results.readResultEnd(&cursor)
    case .positionCommitted: try log.readPosition(&cursor)
    case .undecodable: try log.readUndecodable(&cursor)
    case .engineStarted: tasks = Int(clamping: min(try cursor.number(), 1 << 16))
    case .engineStopped: watermarks.removeAll()
    case .restored:
      _ = try cursor.number()
      watermarks.removeAll()
      log.restored()
    case .runEnded:
      endedInOrder = try cursor.number() == 1
      endReason = try cursor.text()
    case .runBegan, .phase, .checkpointBegan, .checkpointAborted, .buffered, .interrupted,
      .faultRequested,
      .faultConfirmed, .faultHealed, .output, .flushed, .expectedRow, .expectedRows, .jobEnded:
      try cursor.skip(kind)
    }
  }

  private func leaveOut(_ event: EventID, _ time: Int64) {
    if oracle.exclude(event, time: log.floored(time)) { applied.everywhere.insert(event) }
  }

  /// E7: a watermark never falls while the engine lives.
  private func readWatermark(_ cursor: inout EntryCursor) throws(DecodingError) {
    let entry = cursor.entry
    let (task, time) = (try cursor.number(), try cursor.signed())
    guard task < 1 << 16 else { throw .malformed("task \(task)", at: 0) }
    while watermarks.count <= Int(task) { watermarks.append(.min) }
    let before = watermarks[Int(task)]
    if time < before {
      facts.add("E7") {
        Case(
          subject: .task(task), entries: [entry],
          conclusion: "So the watermark of task \(task) went back from \(before) to \(time).")
      }
    }
    watermarks[Int(task)] = max(before, time)
    if time < .max && time > log.greatestWatermark(context.workload.plan) {
      eager(task, time, entry)
    }
  }

  /// E8: no event had been read from which the watermark could follow.
  private func eager(_ task: UInt64, _ time: Int64, _ entry: UInt64) {
    facts.add("E8") {
      Case(
        subject: .task(task), entries: [entry],
        conclusion: "So the watermark of task \(task) came to \(time), although no event read "
          + "from some stream by then lies its delay after that.")
    }
  }

  /// E5: a drop is legal only where the recorded watermark had closed what the event belonged to,
  /// and where that watermark itself kept its delay (queries.md 2.4, P-0).
  private func readDrop(_ cursor: inout EntryCursor) throws(DecodingError) {
    let entry = cursor.entry
    _ = try cursor.number()
    let planOperator = Int(clamping: try cursor.number())
    let source = UInt32(clamping: try cursor.number())
    let event = EventID(source: source, sequence: try cursor.number())
    let watermark = try cursor.signed()
    guard Int(source) < log.lanes.count,
      let block = log.lanes[Int(source)].block(of: event.sequence),
      let i = block.index(of: event.sequence)
    else {
      log.phantom(event, entry, "was dropped late")
      return
    }
    let time = log.floored(block.eventTime[i])
    let rules = LateRules(plan: context.workload.plan)
    let reason = rules.objection(
      time: time, stream: log.stream(of: source), planOperator: planOperator,
      watermark: watermark, ahead: log.timeAhead(of: event).map { log.floored($0) })
    droppedEvents.insert(event)
    if let reason {
      illegallyDropped.insert(event)
      facts.add("E5", event: event) {
        Case(
          subject: .event(event), event: event, entries: [entry],
          conclusion: "So event \(event.text) was dropped against the rules: \(reason).")
      }
      return
    }
    legallyDropped.insert(event)
    let drop = Exclusions.Drop(planOperator: planOperator, event: event, watermark: watermark)
    due.drops.insert(drop)
    if oracle.drop(event, time: time, at: planOperator, watermark: watermark)
      || oracle.isNeutral(event, at: planOperator)
    {
      applied.drops.insert(drop)
    }
  }

  /// Lets the oracle follow the least watermark of all tasks, and lets go of what is done with.
  private func advance() {
    if tasks > 0, watermarks.count >= tasks, let least = watermarks.min(), least > oracle.passed {
      // The end of the input says nothing about how far the load had come.
      if least < .max || context.endOfLoad != nil { oracle.advance(to: least) }
    }
    log.tidy(
      passed: context.delivers && output == nil ? oracle.passed : .max,
      needsRead: context.delivers)
    results.sweep()
  }

  /// The disorder of some stream went beyond what the plan waits for (queries.md 2.3).
  var isLossy: Bool {
    let rules = LateRules(plan: context.workload.plan)
    return (0..<log.streams).contains {
      log.greatestDisorder[$0] >= rules.patience(stream: $0)
    }
  }

  /// The history is over. `end` is what its reader found.
  public func finish(_ end: HistoryEnd) -> Judgement {
    var judgement = Judgement(end: end)
    judgement.seen = seen
    switch end {
    case .complete: break
    case .truncated(let block, let byte):
      judgement.gaps.append("the history ends in block \(block), byte \(byte), before the run did")
    case .damaged(let block, let byte):
      judgement.gaps.append("the history is damaged in block \(block), at byte \(byte)")
    }
    if let unreadable { judgement.gaps.append("the history is damaged: \(unreadable)") }
    if end == .complete && unreadable == nil && !endedInOrder {
      let reason = endReason.isEmpty ? "" : ": \(endReason)"
      judgement.gaps.append("the run was cut before its end\(reason)")
    }
    if !context.delivers {
      judgement.gaps.append("the backbone delivers nothing, so there is nothing to compare")
    }
    let whole = judgement.gaps.isEmpty
    finishLog(&judgement, whole: whole)
    if let output {
      if whole { output.finish(&judgement, self) }
      judgement.ledger.isReadBack = true
    } else {
      if whole { finishResults(&judgement) }
      judgement.results.due = oracle.rowCount
    }
    judgement.facts = facts.inOrder()
    for stream in 0..<log.streams {
      judgement.greatestDisorder = max(judgement.greatestDisorder, log.greatestDisorder[stream])
    }
    judgement.regimeIsComplete = !isLossy
    judgement.lateDropped = UInt64(legallyDropped.count)
    judgement.inputEvents = log.polled
    return judgement
  }
}

/// What an oracle leaves out.
struct Exclusions: Equatable {
  struct Drop: Hashable {
    var planOperator: Int
    var event: EventID
    var watermark: Int64
  }

  var everywhere: Set<EventID> = []
  var drops: Set<Drop> = []

  func apply(to oracle: Oracle) {
    // Order does not matter: both only fill sets.
    for drop in drops {
      _ = oracle.drop(
        drop.event, time: .max, at: drop.planOperator, watermark: drop.watermark)
    }
  }
}

/// When an operator may drop an event as late (queries.md 2.4 P-0 and 3.1).
struct LateRules {
  let plan: Plan

  /// Disorder of a stream below this changes nothing: its delay and the least lateness of the
  /// operators that drop.
  func patience(stream: Int) -> Nanoseconds {
    var least: Nanoseconds?
    for (number, planned) in plan.operators.enumerated() {
      switch planned {
      case .input, .filter, .select, .union, .topN, .expand: continue
      default: least = min(least ?? .max, plan.lateness(of: number))
      }
    }
    return plan.delay(of: stream) &+ (least ?? plan.allowedLateness)
  }

  /// Why the drop is not legal; nil when it is. `ahead` is the greatest event time that may have
  /// been read before the event.
  func objection(
    time: Int64, stream: Int = 0, planOperator: Int, watermark: Int64, ahead: Int64?
  ) -> String? {
    guard plan.operators.indices.contains(planOperator) else {
      return "the plan has no operator \(planOperator)"
    }
    let lateness = plan.lateness(of: planOperator)
    switch plan.operators[planOperator] {
    case .input, .filter, .select, .union, .topN, .expand:
      return "operator \(planOperator) keeps no state and drops nothing"
    case .tumbling(_, _, let size, let offset, _):
      var into = (time &- offset) % size
      if into < 0 { into += size }
      let end = time &- into &+ size
      if watermark < end &+ lateness { return "its window was open until \(end &+ lateness)" }
    case .sliding(_, _, let size, let slide, let offset, _):
      // The first of the event's windows, the first that closes.
      var into = (time &- offset) % slide
      if into < 0 { into += slide }
      let end = time &- into &+ slide
      if watermark < end &+ lateness {
        return "the first of its windows, of \(size) ns, was open until \(end &+ lateness)"
      }
    case .session(_, _, let gap, _):
      let end = time &+ gap &+ lateness
      if watermark <= end { return "a session of its own was open until \(end)" }
    case .deduplicate:
      let slack = windowBehind(planOperator)
      if time >= watermark &- lateness &- slack { return "it was not behind \(watermark)" }
    case .pattern, .match, .process, .intervalJoin, .asOfJoin, .total:
      if time >= watermark &- lateness { return "it was not behind the watermark \(watermark)" }
    }
    guard let ahead else { return "it had not been read" }
    if watermark > ahead &- plan.delay(of: stream) {
      return "the watermark \(watermark) was less than the delay behind \(ahead)"
    }
    return nil
  }

  /// The greatest window that reads the operator through filters and selections alone.
  private func windowBehind(_ planOperator: Int) -> Nanoseconds {
    var reached: Set<Int> = [planOperator]
    var slack: Nanoseconds = 0
    for (number, planned) in plan.operators.enumerated() {
      switch planned {
      case .filter(let i, _), .select(let i, _): if reached.contains(i) { reached.insert(number) }
      case .tumbling(let i, _, let size, _, _): if reached.contains(i) { slack = max(slack, size) }
      case .sliding(let i, _, let size, _, _, _):
        if reached.contains(i) { slack = max(slack, size) }
      case .session(let i, _, let gap, _): if reached.contains(i) { slack = max(slack, gap) }
      default: break
      }
    }
    return slack
  }
}
