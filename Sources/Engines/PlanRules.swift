import Model
import Queries

/// What the numbers in an operator must be.
struct PlanRules {
  let plan: Plan
  let index: Int
  /// Columns of its inputs.
  let widths: [Int]

  func check(_ step: PlanOperator) throws(PlanError) {
    switch step {
    case .tumbling(_, _, let size, let offset, let aggregates):
      try duration(size, "a window", least: 1)
      try duration(offset, "an offset")
      try check(aggregates)
    case .sliding(_, _, let size, let slide, let offset, let aggregates):
      try duration(size, "a window", least: 1)
      try duration(slide, "a slide", least: 1)
      try duration(offset, "an offset")
      if size % slide != 0 || size / slide > 1_000 {
        throw refusal(
          "a window of \(size) ns is no multiple, up to 1,000 times, of its slide of \(slide) ns")
      }
      try check(aggregates)
    case .session(_, _, let gap, let aggregates):
      try duration(gap, "a gap", least: 0)
      try check(aggregates)
    case .topN(_, _, _, let count):
      if count < 1 { throw refusal("the first \(count) rows of a window are none") }
    case .match(_, _, let match): try check(match)
    case .input(let stream):
      if !plan.inputs.indices.contains(stream) { throw refusal("there is no input \(stream)") }
    case .union(let sources):
      if sources.isEmpty { throw refusal("a union of nothing") }
    case .deduplicate(_, _, let horizon):
      if horizon != .max { try duration(horizon, "a horizon", least: 1) }
    case .total(_, _, let aggregates):
      if plan.emission != .corrections { throw refusal("a total that is not corrected") }
      try check(aggregates)
    case .intervalJoin(let join):
      try duration(join.lower, "a bound")
      try duration(join.upper, "a bound", least: join.lower)
      try checkKeys(join.leftKey, join.rightKey)
    case .asOfJoin(let join):
      if let back = join.back { try duration(back, "how far it looks back", least: 0) }
      try checkKeys(join.leftKey, join.rightKey)
    default: break
    }
  }

  private func check(_ aggregates: [Aggregate]) throws(PlanError) {
    for case .quantile(_, let numerator, let denominator) in aggregates
    where numerator < 1 || numerator > denominator {
      throw refusal("a quantile of \(numerator)/\(denominator) is not above 0 and at most 1")
    }
    for case .firstDistinct(let n, _) in aggregates where n < 1 || n > 16 {
      throw refusal("the first \(n) different values are not 1 to 16")
    }
  }

  private func checkKeys(_ left: [Int], _ right: [Int]) throws(PlanError) {
    if left.count != right.count { throw refusal("keys with different numbers of columns") }
  }

  private func check(_ match: Match) throws(PlanError) {
    if match.steps.isEmpty { throw refusal("a match without steps") }
    try duration(match.within, "a bound", least: 1)
    for (number, step) in match.steps.enumerated() { try check(step, below: number) }
    if let absence = match.absence {
      try duration(absence.within, "an absence", least: 1)
      try check(absence.condition, below: match.steps.count)
    }
    for measure in match.measures where !match.steps.indices.contains(measure.step) {
      throw refusal("a measure of step \(measure.step), which does not exist")
    }
  }

  /// A step sees the rows of earlier steps only.
  private func check(_ predicate: Predicate, below step: Int) throws(PlanError) {
    var wrong: Int?
    _ = predicate.placing { expression in
      if case .bound(let bound, _) = expression, bound >= step || bound < 0 { wrong = bound }
      return expression
    }
    if let wrong {
      throw refusal("step \(step) reads the row of step \(wrong), which is not bound yet")
    }
  }

  private func duration(
    _ value: Nanoseconds, _ name: String, least: Nanoseconds = .min
  ) throws(PlanError) {
    if value < least { throw refusal("\(name) of \(value) ns is too short") }
    if value % plan.resolution != 0 {
      throw refusal("\(name) of \(value) ns is no multiple of the resolution")
    }
  }

  private func refusal(_ text: String) -> PlanError {
    PlanError(message: "operator \(index) of \(plan.name): \(text)")
  }
}
