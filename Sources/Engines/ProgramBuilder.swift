import Model
import Queries

/// Builds the operators of a plan one after the other, in all tasks, and refuses what cannot be
/// run.
struct ProgramBuilder {
  let plan: Plan
  let tasks: Int
  let defects: Set<EngineDefect>
  let onLate: (LateEvent) -> Void
  let faults = ProgramFaults()
  let run = RunProgress()
  private(set) var stages: [Program.Stage] = []
  /// By task and stream.
  private(set) var entries: [[Operator]] = []
  private(set) var helpers: [Operator] = []
  /// Something puts rows in order that operators made.
  private(set) var needsIdentities = false
  /// Of each operator of the plan: its stage, and its rows.
  private var places: [Int] = []
  private var traits: [RowTraits] = []
  private var orderers: [Ordering: (stage: Int, readers: LateReaders)] = [:]
  private let streamStages: Int

  /// One way to a stage: from a stage, to the task of a key if that is another one.
  private struct Edge {
    var stage: Int
    var exchange: [Int]?
  }

  private struct Ordering: Hashable {
    var stage: Int
    var exchange: [Int]?
    var lateness: Nanoseconds
  }

  /// Operators behind what puts events in order: what comes too late is late for all of them.
  private final class LateReaders {
    var steps: [Int] = []
  }

  init(
    _ plan: Plan, tasks: Int, defects: Set<EngineDefect>,
    onLate: @escaping (LateEvent) -> Void
  ) throws(PlanError) {
    self.plan = plan
    self.tasks = tasks
    self.defects = defects
    self.onLate = onLate
    streamStages = plan.inputs.count
    if plan.operators.isEmpty {
      throw PlanError(message: "the plan \(plan.name) has no operators")
    }
    for (stream, input) in plan.inputs.enumerated() {
      let made = (0..<tasks).map { _ in Passage(width: input.columns.count) as Operator }
      stages.append(
        Program.Stage(
          operators: made, inputs: [], stream: stream, gathers: false, isShared: false,
          passed: Array(repeating: .min, count: tasks),
          settled: Array(repeating: .min, count: tasks)))
    }
    entries = (0..<tasks).map { task in stages.map { $0.operators[task] } }
  }

  /// The stage that puts out the result.
  var last: Program.Stage { stages[places[places.count - 1]] }

  mutating func add(_ index: Int) throws(PlanError) {
    let step = plan.operators[index]
    let sources = step.sources
    for source in sources where source >= index || source < 0 {
      throw refusal(index, "it reads a later operator")
    }
    let widths = sources.map { stages[places[$0]].operators[0].width }
    try PlanRules(plan: plan, index: index, widths: widths).check(step)
    let known = sources.map { traits[$0] }
    if case .input(let stream) = step {
      places.append(stream)
      traits.append(inputTraits(stream))
      return
    }
    if known.contains(where: \.changes) { try checkReader(step, index) }
    let exchanges = exchanges(step, known)
    let builder = StepBuilder(
      plan: plan, index: index, widths: widths, inputs: known, faults: faults, run: run,
      defects: defects)
    let wantsTable = builder.wantsTable(step)
    var edges = zip(sources, exchanges).map { Edge(stage: places[$0], exchange: $1) }
    var inOrder = known
    if step.needsOrder && !wantsTable {
      edges = [try ordered(edges[0], known[0], index, &inOrder)]
    }
    if wantsTable { needsIdentities = true }
    let late = onLate
    let maker = builder.with(inputs: inOrder)
    var made: [Operator] = []
    for task in 0..<tasks {
      made.append(
        try maker.make(step) { row, watermark in
          late(
            LateEvent(
              event: EventID(
                source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2])),
              step: index, task: task, watermark: watermark))
        })
    }
    if made[0].width > 32 { throw refusal(index, "it has more than 32 columns") }
    let (hold, lateHold) = builder.holds(step)
    for one in made {
      one.number = index
      one.hold = hold
      // What only passes a table on changes for as long as the table does.
      one.lateHold = wantsTable ? lateHold : known.contains(where: \.changes) ? hold : nil
    }
    try append(made, edges, sides: maker.sides(step), reader: index)
    places.append(stages.count - 1)
    traits.append(located(maker.traits(step), step, exchanges))
  }

  private func inputTraits(_ stream: Int) -> RowTraits {
    let input = plan.inputs[stream]
    return RowTraits(
      roots: [-1 - stream], isPlain: true, isEvent: true, recordKey: input.recordKey,
      determining: input.determiningKey)
  }

  func refusal(_ index: Int, _ text: String) -> PlanError {
    PlanError(message: "operator \(index) of \(plan.name): \(text)")
  }

  /// After a table that is corrected only what is defined over tables may come (queries.md 2.6).
  private func checkReader(_ step: PlanOperator, _ index: Int) throws(PlanError) {
    switch step {
    case .pattern, .match:
      throw refusal(index, "a pattern cannot read a table that is corrected")
    case .process(_, _, .cardGuard):
      throw refusal(index, "this machine cannot read a table that is corrected")
    default: break
    }
  }

  /// By which columns rows must move to other tasks, for each source; nil: they need not.
  private func exchanges(_ step: PlanOperator, _ inputs: [RowTraits]) -> [[Int]?] {
    guard tasks > 1, let keys = step.keys else { return inputs.map { _ in nil } }
    if inputs.count == 1 { return [inputs[0].areTogether(keys[0]) ? nil : keys[0]] }
    // Two sides meet without moving only where both are together by the same part of their key.
    let places = zip(inputs, keys).map { input, key in
      input.recordKey.map { $0.map { key.firstIndex(of: $0) } }
    }
    if let left = places[0], places[0] == places[1], !left.contains(nil) { return [nil, nil] }
    return keys
  }

  /// Traits after rows moved: they are together by the key now.
  private func located(
    _ made: RowTraits, _ step: PlanOperator, _ exchanges: [[Int]?]
  ) -> RowTraits {
    guard let key = exchanges.first, let key else { return made }
    var made = made
    made.recordKey = nil
    made.determining = []
    made.movedFor = places.count
    switch step {
    case .deduplicate, .intervalJoin, .asOfJoin, .topN: made.determining = [key]
    case .tumbling, .sliding, .session, .total, .pattern, .match:
      made.determining = [Array(key.indices)]
    default: break
    }
    return made
  }

  /// A way to rows in event order.
  private mutating func ordered(
    _ edge: Edge, _ known: RowTraits, _ index: Int, _ inputs: inout [RowTraits]
  ) throws(PlanError) -> Edge {
    if known.order != nil && edge.exchange == nil { return edge }
    let lateness = plan.lateness(of: index)
    let wanted = Ordering(stage: edge.stage, exchange: edge.exchange, lateness: lateness)
    let stage: Int
    if let there = orderers[wanted] {
      there.readers.steps.append(index)
      stage = there.stage
    } else {
      let readers = LateReaders()
      readers.steps.append(index)
      let width = stages[edge.stage].operators[0].width
      var made: [Operator] = []
      for task in 0..<tasks {
        made.append(orderer(known, width, lateness, task, readers))
      }
      try append(made, [edge], sides: nil, reader: index)
      stage = stages.count - 1
      orderers[wanted] = (stage, readers)
    }
    inputs[0].order = stage
    return Edge(stage: stage, exchange: nil)
  }

  private mutating func orderer(
    _ known: RowTraits, _ width: Int, _ lateness: Nanoseconds, _ task: Int,
    _ readers: LateReaders
  ) -> Operator {
    if !known.isPlain {
      needsIdentities = true
      return OrderOperator(width: width, lateness: lateness)
    }
    let late = onLate
    return EventOrderOperator(
      width: width, bucket: plan.bucket(lateness), lateness: lateness
    ) { row, watermark in
      let event = EventID(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2]))
      for step in readers.steps {
        late(LateEvent(event: event, step: step, task: task, watermark: watermark))
      }
    }
  }

  private mutating func append(
    _ made: [Operator], _ edges: [Edge], sides: ((Operator, Int) -> Operator)?, reader: Int
  ) throws(PlanError) {
    for (side, edge) in edges.enumerated() {
      let targets = made.map { sides?($0, side) ?? $0 }
      if sides != nil { helpers += targets }
      let sources = stages[edge.stage].operators
      if sources[0].isFull {
        throw refusal(reader, "too many operators read what it reads")
      }
      if let key = edge.exchange {
        let exchange = ExchangeOperator(width: sources[0].width, key: key, targets: targets)
        helpers.append(exchange)
        for source in sources { source.follow(with: exchange) }
      } else {
        for (source, target) in zip(sources, targets) { source.follow(with: target) }
      }
    }
    let gathers = edges.contains { $0.exchange != nil }
    stages.append(
      Program.Stage(
        operators: made, inputs: edges.map(\.stage), stream: nil, gathers: gathers,
        isShared: gathers || edges.contains { stages[$0.stage].isShared },
        passed: Array(repeating: .min, count: tasks),
        settled: Array(repeating: .min, count: tasks)))
  }
}

extension Plan {
  /// Width of the buckets of event time in which rows wait: finer ones than a sixteenth of the wait
  /// would not make results sooner by much.
  package func bucket(_ lateness: Nanoseconds) -> Nanoseconds {
    let wait = inputs.indices.reduce(watermarkDelay) { max($0, delay(of: $1)) } + lateness
    var width = resolution
    while width * 32 <= wait { width *= 2 }
    return width
  }
}
