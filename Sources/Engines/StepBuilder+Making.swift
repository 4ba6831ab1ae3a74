import Model
import Queries

extension StepBuilder {
  func make(_ step: PlanOperator, _ late: @escaping Late) throws(PlanError) -> Operator {
    let width = widths.first ?? 0
    if wantsTable(step) { return try makeTable(step, late) }
    switch step {
    case .filter(_, let predicate): return FilterOperator(width: width, predicate, faults)
    case .select(_, let expressions): return SelectOperator(expressions, faults)
    case .union:
      if widths.contains(where: { $0 != width }) {
        throw refusal("a union of rows with different columns")
      }
      return Passage(width: width)
    case .expand(_, let elements, let pairs):
      return ExpandOperator(inputWidth: width, elements, pairs: pairs)
    case .deduplicate(_, let columns, let horizon):
      return DeduplicateOperator(width: width, by: columns, horizon: horizon)
    case .tumbling, .sliding, .session: return makeWindow(step, late)
    case .topN(_, let group, let order, let count):
      return TopOperator(
        inputWidth: width, group: group, order: order, identity: inputs[0].identity ?? [],
        count: count)
    case .pattern(_, let key, let steps, let within, let measures):
      if !inputs[0].isPlain {
        let match = Match(
          steps: steps, within: within, contiguity: .relaxed, measures: measures)
        return MatchOperator(
          inputWidth: width, key: key, match, faults: faults, defects: defects)
      }
      return PatternOperator(
        inputWidth: width, key: key, steps: steps, within: within, measures: measures,
        faults: faults, defects: defects)
    case .match(_, let key, let match):
      if width * (1 + match.steps.count) > 32 {
        throw refusal("columns of its input times one more than its steps are above 32")
      }
      return MatchOperator(inputWidth: width, key: key, match, faults: faults, defects: defects)
    case .process(_, let key, let machine): return try makeProcess(key, machine)
    case .input, .total, .intervalJoin, .asOfJoin: preconditionFailure("made elsewhere")
    }
  }

  private func refusal(_ text: String) -> PlanError {
    PlanError(message: "operator \(index) of \(plan.name): \(text)")
  }

  private func makeProcess(_ key: [Int], _ machine: Machine) throws(PlanError) -> Operator {
    if case .cardGuard(let limit, let window, let block, let pass) = machine {
      return CardGuardOperator(
        key: key, limit: Int(limit), window: window, block: block, pass: pass, defects: defects)
    }
    let settings = ProcessSettings(
      replaces: plan.emission == .corrections, run: run, faults: faults,
      losesTimers: defects.contains(.lostTimer))
    guard let made = processOperator(machine, key: key, settings) else {
      throw refusal("this machine is not in this version")
    }
    return made
  }

  private func makeWindow(_ step: PlanOperator, _ late: @escaping Late) -> Operator {
    let lateness = plan.lateness(of: index)
    let order = RowOrder(columns: inputs[0].isEvent ? nil : inputs[0].identity)
    switch step {
    case .tumbling(_, let key, let size, let offset, let aggregates)
    where TumblingOperator.covers(aggregates):
      return TumblingOperator(
        key: key, size: size, offset: offset, lateness: lateness, resolution: plan.resolution,
        aggregates: aggregates, defects: defects, onLate: late)
    case .tumbling(_, let key, let size, let offset, let aggregates):
      return WindowOperator(
        key: key, size: size, slide: size, offset: offset, lateness: lateness,
        resolution: plan.resolution, aggregation: Aggregation(aggregates, order: order),
        onLate: late)
    case .sliding(_, let key, let size, let slide, let offset, let aggregates):
      return WindowOperator(
        key: key, size: size, slide: slide, offset: offset, lateness: lateness,
        resolution: plan.resolution, aggregation: Aggregation(aggregates, order: order),
        onLate: late)
    case .session(_, let key, let gap, let aggregates):
      return SessionOperator(
        inputWidth: widths[0], key: key, gap: gap, lateness: lateness,
        resolution: plan.resolution, aggregation: Aggregation(aggregates, order: order),
        onLate: late)
    default: preconditionFailure("not a window")
    }
  }

  private func makeTable(_ step: PlanOperator, _ late: @escaping Late) throws(PlanError)
    -> Operator
  {
    let slack: Nanoseconds
    switch step {
    case .deduplicate, .asOfJoin: slack = plan.windowBehind(index)
    default: slack = 0
    }
    let context = TableContext(
      number: index, width: widths[0], resolution: plan.resolution,
      lateness: plan.lateness(of: index), slack: slack, run: run, faults: faults)
    func width(_ key: [Int], _ aggregates: [Aggregate], more: Int) -> Int {
      key.count + more + aggregates.reduce(0) { $0 + $1.width }
    }
    func made(_ rule: TableRule, _ width: Int) -> Operator {
      TableOperator(
        rule, width: width, inputWidths: widths, corrects: plan.emission == .corrections,
        onLate: late)
    }
    switch step {
    case .deduplicate(_, let columns, let horizon):
      return made(DeduplicateRule(context, by: columns, horizon: horizon), widths[0])
    case .tumbling(_, let key, let size, let offset, let aggregates):
      return made(
        WindowRule(context, key: key, size: size, slide: size, offset: offset, aggregates),
        width(key, aggregates, more: 1))
    case .sliding(_, let key, let size, let slide, let offset, let aggregates):
      return made(
        WindowRule(context, key: key, size: size, slide: slide, offset: offset, aggregates),
        width(key, aggregates, more: 1))
    case .session(_, let key, let gap, let aggregates):
      return made(
        SessionRule(context, key: key, gap: gap, aggregates), width(key, aggregates, more: 2))
    case .total(_, let key, let aggregates):
      return made(TotalRule(context, key: key, aggregates), width(key, aggregates, more: 0))
    case .topN(_, let group, let order, let count):
      return made(
        TopRule(context, group: group, order: order, count: count), widths[0] + 1)
    case .asOfJoin(let join):
      return made(
        AsOfRule(context, join, rightWidth: widths[1]), widths[0] + widths[1])
    case .intervalJoin(let join):
      return made(
        IntervalRule(context, join, rightWidth: widths[1]), widths[0] + widths[1])
    case .process(_, let key, let machine):
      guard let rule = processRule(machine, key: key, context) else {
        throw refusal("this machine cannot read a table that is corrected")
      }
      return made(rule.rule, rule.width)
    default: preconditionFailure("no table")
    }
  }
}
