import Model
import Queries

/// What is known of the rows of an operator before any of them exists.
struct RowTraits {
  enum Identity {
    /// Rows are events, with their source and sequence.
    case event
    /// A window made them: the columns hold their result key.
    case columns([Int])
    /// Something else made them, or their result key was dropped: reason.
    case other(String)
  }

  var identity: Identity
  /// Rows come in event order, once the input does.
  var isInOrder: Bool
  /// All rows of one window come together, with one time.
  var isWindow = false
}

/// Builds the operators of a plan one after the other, and refuses what cannot be run.
struct ProgramBuilder {
  let plan: Plan
  let defects: Set<EngineDefect>
  let onLate: (Int, UnsafePointer<Int64>) -> Void
  private(set) var built: [Operator] = []
  private(set) var wiring: [(inputs: [Int], hold: Nanoseconds)] = []
  private(set) var entries: [Int] = []
  /// Of each operator of the plan: its place in `built`, and its rows.
  private var places: [Int] = []
  private var traits: [RowTraits] = []
  /// The first window that reads events as they arrive.
  private var unorderedWindow: Int?

  init(
    _ plan: Plan, defects: Set<EngineDefect>, onLate: @escaping (Int, UnsafePointer<Int64>) -> Void
  ) {
    self.plan = plan
    self.defects = defects
    self.onLate = onLate
  }

  /// The operator that puts out the result.
  var last: Operator { built[places[places.count - 1]] }

  mutating func add(_ index: Int) throws(PlanError) {
    let step = plan.operators[index]
    let sources = Self.inputs(of: step)
    for source in sources where source >= index || source < 0 {
      throw PlanError(message: "operator \(index) of \(plan.name) reads a later one")
    }
    try PlanRules(plan: plan, index: index).check(step)
    var inputs = sources.map { places[$0] }
    if Self.needsOrder(step), let source = sources.first {
      inputs = [try ordered(source, for: index)]
    }
    let known = sources.map { traits[$0] }
    if Self.isWindow(step), let input = known.first, case .event = input.identity,
      !input.isInOrder
    {
      unorderedWindow = unorderedWindow ?? index
    }
    if let window = unorderedWindow, let entry = entries.first {
      throw PlanError(
        message: "operator \(entry) of \(plan.name) wants events in event order and operator "
          + "\(window) as they arrive: not in this version")
    }
    let late = onLate
    let made = try make(step, index, inputs, known) { late(index, $0) }
    if made.width > 32 {
      throw PlanError(message: "operator \(index) of \(plan.name) has more than 32 columns")
    }
    try append(made, inputs, hold: hold(step), reader: index)
    places.append(built.count - 1)
    traits.append(Self.traits(step, known))
  }

  private mutating func append(
    _ made: Operator, _ inputs: [Int], hold: Nanoseconds, reader: Int
  ) throws(PlanError) {
    for source in inputs {
      if built[source].isFull {
        throw PlanError(message: "too many operators of \(plan.name) read what \(reader) reads")
      }
      built[source].follow(with: made)
    }
    built.append(made)
    wiring.append((inputs, hold))
  }

  /// The place of an operator that gives the rows of `source` in event order.
  private mutating func ordered(_ source: Int, for index: Int) throws(PlanError) -> Int {
    if traits[source].isInOrder { return places[source] }
    switch traits[source].identity {
    case .event:
      entries.append(index)
      return places[source]
    case .columns(let columns):
      let width = built[places[source]].width
      let sorter = OrderOperator(width: width, order: RowOrder(columns: columns))
      try append(sorter, [places[source]], hold: 0, reader: index)
      return built.count - 1
    case .other(let reason):
      throw PlanError(
        message: "operator \(index) of \(plan.name) wants event order, but \(reason): "
          + "not in this version")
    }
  }

  static func inputs(of step: PlanOperator) -> [Int] {
    switch step {
    case .input: []
    case .filter(let source, _), .select(let source, _), .deduplicate(let source, _, _),
      .tumbling(let source, _, _, _, _), .sliding(let source, _, _, _, _, _),
      .session(let source, _, _, _), .topN(let source, _, _, _),
      .pattern(let source, _, _, _, _), .match(let source, _, _), .process(let source, _, _):
      [source]
    case .union(let sources): sources
    case .expand(let source, _, _), .total(let source, _, _): [source]
    case .intervalJoin(let join): [join.left, join.right]
    case .asOfJoin(let join): [join.left, join.right]
    }
  }

  private static func needsOrder(_ step: PlanOperator) -> Bool {
    switch step {
    case .deduplicate, .pattern, .match, .process: true
    default: false
    }
  }

  private static func isWindow(_ step: PlanOperator) -> Bool {
    switch step {
    case .tumbling, .sliding, .session: true
    default: false
    }
  }

  private func hold(_ step: PlanOperator) -> Nanoseconds {
    switch step {
    case .tumbling, .sliding: plan.allowedLateness
    case .session: plan.allowedLateness + plan.resolution
    case .pattern(_, _, _, let within, _): within + plan.allowedLateness
    case .match(_, _, let match):
      (match.contiguity == .relaxed ? match.within : 0) + plan.allowedLateness
    default: 0
    }
  }

  private static func traits(_ step: PlanOperator, _ inputs: [RowTraits]) -> RowTraits {
    switch step {
    case .input: return RowTraits(identity: .event, isInOrder: false)
    case .filter: return inputs[0]
    case .deduplicate: return RowTraits(identity: inputs[0].identity, isInOrder: true)
    case .select(_, let expressions):
      guard case .columns(let old) = inputs[0].identity else { return inputs[0] }
      let new = old.compactMap { column in
        expressions.firstIndex { $0 == .column(column) }
      }
      if new.count == old.count {
        return RowTraits(
          identity: .columns(new), isInOrder: inputs[0].isInOrder, isWindow: inputs[0].isWindow)
      }
      return RowTraits(
        identity: .other("a selection dropped columns of its rows' result key"),
        isInOrder: inputs[0].isInOrder)
    case .union:
      let isEvent = inputs.allSatisfy { if case .event = $0.identity { true } else { false } }
      return RowTraits(
        identity: isEvent ? .event : .other("it reads a union of results"),
        isInOrder: isEvent && inputs.contains { $0.isInOrder })
    case .tumbling(_, let key, _, _, _), .sliding(_, let key, _, _, _, _):
      return RowTraits(
        identity: .columns(Array(0...key.count)), isInOrder: false, isWindow: true)
    case .session(_, let key, _, _):
      return RowTraits(identity: .columns(Array(0...key.count)), isInOrder: false)
    case .topN:
      return RowTraits(identity: .other("it reads ranks"), isInOrder: false)
    case .expand, .total, .intervalJoin, .asOfJoin: preconditionFailure("refused by the rules")
    case .pattern, .match:
      return RowTraits(identity: .other("it reads matches"), isInOrder: false)
    case .process:
      return RowTraits(identity: .other("it reads what a machine made"), isInOrder: true)
    }
  }

  private func make(
    _ step: PlanOperator, _ index: Int, _ inputs: [Int], _ known: [RowTraits],
    _ late: @escaping (UnsafePointer<Int64>) -> Void
  ) throws(PlanError) -> Operator {
    let width = inputs.first.map { built[$0].width } ?? plan.input.columns.count
    switch step {
    case .input: return Passage(width: width)
    case .filter(_, let predicate): return FilterOperator(width: width, predicate)
    case .select(_, let expressions): return SelectOperator(expressions)
    case .union:
      if inputs.contains(where: { built[$0].width != width }) {
        throw PlanError(message: "a union of rows with different columns in \(plan.name)")
      }
      return Passage(width: width)
    case .deduplicate(_, let columns, let horizon):
      return DeduplicateOperator(width: width, by: columns, horizon: horizon)
    case .tumbling, .sliding, .session:
      return try makeWindow(step, width, index, known[0], late)
    case .expand, .total, .intervalJoin, .asOfJoin: preconditionFailure("refused by the rules")
    case .topN(_, let group, let order, let count):
      guard case .columns(let identity) = known[0].identity, known[0].isWindow else {
        throw PlanError(
          message: "operator \(index) of \(plan.name) ranks what is no tumbling or sliding window "
            + "with its key: not in this version")
      }
      return TopOperator(
        inputWidth: width, group: group, order: order, identity: identity, count: count)
    case .pattern(_, let key, let steps, let within, let measures):
      if case .columns = known[0].identity {
        let match = Match(
          steps: steps, within: within, contiguity: .relaxed, measures: measures)
        return MatchOperator(inputWidth: width, key: key, match, defects: defects)
      }
      return PatternOperator(
        inputWidth: width, key: key, steps: steps, within: within, measures: measures,
        defects: defects)
    case .match(_, let key, let match):
      if width * (1 + match.steps.count) > 32 {
        throw PlanError(
          message: "operator \(index) of \(plan.name): columns of its input times one more than "
            + "its steps are above 32")
      }
      return MatchOperator(inputWidth: width, key: key, match, defects: defects)
    case .process(_, let key, .cardGuard(let limit, let window, let block, let pass)):
      return CardGuardOperator(
        key: key, limit: Int(limit), window: window, block: block, pass: pass, defects: defects)
    }
  }

  private func makeWindow(
    _ step: PlanOperator, _ width: Int, _ index: Int, _ known: RowTraits,
    _ late: @escaping (UnsafePointer<Int64>) -> Void
  ) throws(PlanError) -> Operator {
    let lateness = plan.allowedLateness
    func folding(_ aggregates: [Aggregate]) throws(PlanError) -> Aggregation {
      switch known.identity {
      case .event: return Aggregation(aggregates, order: RowOrder(columns: nil))
      case .columns(let columns): return Aggregation(aggregates, order: RowOrder(columns: columns))
      case .other(let reason):
        if aggregates.contains(where: \.needsOrder) {
          throw PlanError(
            message: "operator \(index) of \(plan.name) has an aggregate that wants event order, "
              + "but \(reason): not in this version")
        }
        return Aggregation(aggregates, order: RowOrder(columns: nil))
      }
    }
    switch step {
    case .tumbling(_, let key, let size, let offset, let aggregates)
    where TumblingOperator.covers(aggregates):
      return TumblingOperator(
        key: key, size: size, offset: offset, lateness: lateness, resolution: plan.resolution,
        aggregates: aggregates, defects: defects, onLate: late)
    case .tumbling(_, let key, let size, let offset, let aggregates):
      return WindowOperator(
        key: key, size: size, slide: size, offset: offset, lateness: lateness,
        resolution: plan.resolution, aggregation: try folding(aggregates), onLate: late)
    case .sliding(_, let key, let size, let slide, let offset, let aggregates):
      return WindowOperator(
        key: key, size: size, slide: slide, offset: offset, lateness: lateness,
        resolution: plan.resolution, aggregation: try folding(aggregates), onLate: late)
    case .session(_, let key, let gap, let aggregates):
      return SessionOperator(
        inputWidth: width, key: key, gap: gap, lateness: lateness, resolution: plan.resolution,
        aggregation: try folding(aggregates), onLate: late)
    default: preconditionFailure("not a window")
    }
  }
}
