import Model
import Queries

/// What the numbers in an operator must be.
struct PlanRules {
  let plan: Plan
  let index: Int

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
    case .expand, .total, .intervalJoin, .asOfJoin:
      throw refusal("not in this version")
    default: break
    }
  }

  private func check(_ aggregates: [Aggregate]) throws(PlanError) {
    for case .quantile(_, let numerator, let denominator) in aggregates
    where numerator < 1 || numerator > denominator {
      throw refusal("a quantile of \(numerator)/\(denominator) is not above 0 and at most 1")
    }
    for case .firstDistinct in aggregates { throw refusal("not in this version") }
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
    func check(_ expressions: Expression...) throws(PlanError) {
      for case .bound(let bound, _) in expressions where bound >= step || bound < 0 {
        throw refusal("step \(step) reads the row of step \(bound), which is not bound yet")
      }
    }
    switch predicate {
    case .equal(let e, _), .among(let e, _), .atLeast(let e, _), .atMost(let e, _): try check(e)
    case .less(let a, let b), .same(let a, let b): try check(a, b)
    case .and(let parts), .or(let parts):
      for part in parts { try self.check(part, below: step) }
    case .not(let part): try self.check(part, below: step)
    case .isNull(let e): try check(e)
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
