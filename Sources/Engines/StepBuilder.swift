import Model
import Queries

/// Chooses and makes the operator of one step of a plan, in one task.
struct StepBuilder {
  let plan: Plan
  let index: Int
  /// Columns of its inputs, and what is known of their rows.
  let widths: [Int]
  var inputs: [RowTraits]
  let faults: ProgramFaults
  let run: RunProgress
  let defects: Set<EngineDefect>

  typealias Late = (UnsafePointer<Int64>, Int64) -> Void

  private var lateness: Nanoseconds { plan.lateness(of: index) }
  private var corrects: Bool { plan.emission == .corrections }

  func with(inputs: [RowTraits]) -> StepBuilder {
    var made = self
    made.inputs = inputs
    return made
  }

  /// True when the step is defined over the table of its input: that is corrected, or its order is
  /// one that the operators of streams do not have.
  func wantsTable(_ step: PlanOperator) -> Bool {
    let known = inputs.first
    let changes = inputs.contains { $0.changes } || (corrects && lateness > 0)
    switch step {
    case .total, .intervalJoin, .asOfJoin: return true
    case .tumbling(_, _, _, _, let aggregates), .sliding(_, _, _, _, _, let aggregates),
      .session(_, _, _, let aggregates):
      let isNew = aggregates.contains { if case .firstDistinct = $0 { true } else { false } }
      let wantsOrder = aggregates.contains(where: \.needsOrder)
      let hasOrder = known.map { $0.isEvent || $0.identity != nil } ?? false
      return changes || isNew || (wantsOrder && !hasOrder)
    case .topN: return changes || known?.identity == nil || known?.isWindow != true
    case .deduplicate: return changes || plan.windowBehind(index) > 0
    case .process(_, _, .cardGuard): return false
    case .process: return inputs.contains { $0.changes }
    default: return false
    }
  }

  /// True for a union that rows of one identity may enter by two ways.
  func copies(_ step: PlanOperator) -> Bool {
    guard case .union = step else { return false }
    let roots = inputs.flatMap(\.roots)
    return Set(roots).count < roots.count
  }

  /// How far rows may come out behind the watermark, and how far they may still change.
  func holds(_ step: PlanOperator) -> (Nanoseconds, Nanoseconds) {
    let isTable = wantsTable(step)
    let late = lateness
    let now = isTable && corrects ? 0 : late
    switch step {
    case .tumbling, .sliding: return (now, late)
    case .session: return (now + plan.resolution, late + plan.resolution)
    case .deduplicate: return isTable ? (now, late) : (0, 0)
    case .pattern(_, _, _, let within, _): return (within, within)
    case .match(_, _, let match):
      let hold = match.contiguity == .relaxed ? match.within : 0
      return (hold, hold)
    case .asOfJoin: return (now, late)
    case .intervalJoin(let join):
      var hold = join.takesRightTime ? max(0, -join.lower) : max(0, join.upper)
      if join.kind == .left { hold = max(hold, join.upper) }
      return (hold + now, hold + late)
    default: return (0, 0)
    }
  }

  /// Where the rows of each input go, if not to the operator itself.
  func sides(_ step: PlanOperator) -> ((Operator, Int) -> Operator)? {
    switch step {
    case .intervalJoin, .asOfJoin:
      return { made, side in
        (made as? TableOperator).map { TableOperator.Side($0, side) } ?? made
      }
    case .union where copies(step):
      return { made, side in
        let copy = CopyOperator(width: made.width, copy: side)
        copy.follow(with: made)
        return copy
      }
    default: return nil
    }
  }

  // What comes out

  func traits(_ step: PlanOperator) -> RowTraits {
    var made = rowTraits(step)
    made.changes =
      inputs.contains { $0.changes } || (wantsTable(step) && corrects && lateness > 0)
    switch step {
    // What a window behind would still take is taken here, even if it displaces a row.
    case .deduplicate, .asOfJoin:
      if corrects && plan.windowBehind(index) > 0 { made.changes = true }
    case .total: made.changes = true
    case .process where corrects: made.changes = true
    default: break
    }
    return made
  }

  private func rowTraits(_ step: PlanOperator) -> RowTraits {
    let first = inputs.first ?? RowTraits(roots: [])
    switch step {
    case .input, .filter: return first
    case .deduplicate:
      var made = first
      if wantsTable(step) { (made.isPlain, made.order) = (false, nil) }
      return made
    case .select(_, let expressions):
      return first.moved { column in expressions.firstIndex { $0 == .column(column) } }
    case .union: return union(step)
    case .expand:
      var made = first
      (made.isPlain, made.isEvent, made.order) = (false, false, nil)
      (made.identity, made.isWindow) = (nil, false)
      return made
    case .tumbling(_, let key, _, _, _), .sliding(_, let key, _, _, _, _),
      .session(_, let key, _, _):
      var made = first.made(by: index, key: key)
      made.identity = Array(0...key.count)
      if case .session = step {} else { made.isWindow = true }
      return made
    case .total(_, let key, _), .pattern(_, let key, _, _, _), .match(_, let key, _):
      return first.made(by: index, key: key)
    case .topN(_, let group, _, _):
      var made = first
      made.roots = [index]
      (made.isPlain, made.isEvent, made.order) = (false, false, nil)
      made.isWindow = false
      made.identity = group + [widths[0]]
      return made
    case .intervalJoin:
      var made = first
      made.roots = [index]
      (made.isPlain, made.isEvent, made.order) = (false, false, nil)
      (made.identity, made.isWindow) = (nil, false)
      return made
    case .asOfJoin:
      var made = first
      (made.isPlain, made.order) = (false, nil)
      return made
    case .process: return first.made(by: index, key: [])
    }
  }

  private func union(_ step: PlanOperator) -> RowTraits {
    var made = inputs[0]
    let roots = inputs.flatMap(\.roots)
    made.roots = Array(Set(roots)).sorted()
    let isCopied = copies(step)
    made.isPlain = !isCopied && inputs.allSatisfy(\.isPlain)
    made.isEvent = !isCopied && inputs.allSatisfy(\.isEvent)
    let isInOrder = !isCopied && inputs.allSatisfy { $0.order == inputs[0].order }
    made.order = isInOrder ? inputs[0].order : nil
    (made.identity, made.isWindow) = (nil, false)
    made.recordKey =
      inputs.allSatisfy { $0.recordKey == inputs[0].recordKey } ? inputs[0].recordKey : nil
    let isOne = inputs.allSatisfy { $0.movedFor == made.movedFor && $0.roots == made.roots }
    made.determining =
      isOne
      ? made.determining.filter { list in
        inputs.allSatisfy { $0.determining.contains(list) }
      } : []
    if !isOne && inputs.contains(where: { $0.movedFor != nil }) { made.recordKey = nil }
    return made
  }
}
