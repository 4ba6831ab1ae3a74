import Model
import Queries

/// Turns the operators of a plan into steps.
enum PlanSteps {
  static func make(_ plan: Plan, inputs: [InputStep]) -> [OracleStep] {
    let ordered = orderMatters(plan.operators)
    var steps: [OracleStep] = []
    for (number, planned) in plan.operators.enumerated() {
      steps.append(step(planned, number, steps, inputs, plan, ordered[number]))
    }
    return steps
  }

  private static func step(
    _ planned: PlanOperator, _ number: Int, _ steps: [OracleStep], _ inputs: [InputStep],
    _ plan: Plan, _ ordered: Bool
  ) -> OracleStep {
    switch planned {
    case .input(let i): inputs[i]
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
    case .expand(let i, let columns, let pairs): ExpandStep(steps[i], columns, pairs: pairs)
    case .total(let i, let key, let aggregates):
      TotalStep(steps[i], key: key, aggregates: aggregates, number: number)
    case .intervalJoin(let join):
      IntervalJoinStep(steps[join.left], steps[join.right], join, ordered: ordered, number: number)
    case .asOfJoin(let join):
      AsOfJoinStep(steps[join.left], steps[join.right], join, number: number)
    case .topN(let i, let group, let order, let count):
      TopStep(
        steps[i], group: group, order: order, count: count, ordered: ordered, number: number)
    case .match(let i, let key, let match):
      MatchStep(steps[i], key: key, match, ordered: ordered, number: number)
    case .pattern(let i, let key, let predicates, let within, let measures):
      PatternStep(
        steps[i], key: key, steps: predicates, within: within, measures: measures,
        ordered: ordered, number: number)
    case .process(let i, let key, let machine):
      OracleMachines.step(
        machine, steps[i], key: key, ordered: ordered, number: number,
        keepsLast: plan.emission == .corrections && !comesOut(plan, number))
    }
  }

  /// Whether the rows of an operator are the result as they are, but for selections of columns:
  /// then each may come out at once, and the last of a key counts there.
  private static func comesOut(_ plan: Plan, _ number: Int) -> Bool {
    var last = number
    for next in plan.operators.indices.dropFirst(number + 1) {
      guard case .select(last, _) = plan.operators[next] else { return false }
      last = next
    }
    return true
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
