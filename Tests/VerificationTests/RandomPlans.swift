import Model
import Queries

/// Random plans over one to three streams of three columns: a key, a small value, a number; each
/// may be null.
struct RandomPlans {
  var dice: Dice
  var streams = 1
  /// Whether joins, lists, totals and arithmetic are drawn as well.
  var isWide = false
  var operators: [PlanOperator] = []
  var width = 3
  var last = 0
  /// Operators whose rows a later one may read beside the last, with their columns.
  var others: [(place: Int, width: Int)] = []
  var hasSession = false
  var emission = Emission.final

  init(_ dice: Dice) { self.dice = dice }

  func ms(_ n: Int) -> Int64 { Int64(n) * .millisecond }

  /// A plan, and whether its results need that nothing is late.
  mutating func plan(delay: Int64, lateness: Int64) -> Plan {
    operators = (0..<streams).map { .input($0) }
    width = 3
    last = 0
    hasSession = false
    emission = .final
    others = (1..<max(streams, 1)).map { ($0, 3) }
    for stage in 0..<1 + dice.below(3) {
      if isWide && width <= 12 && dice.below(stage == 0 && streams > 1 ? 2 : 4) == 0 {
        addWideStage()
      } else {
        addStage()
      }
    }
    if isWide && streams > 1 { readAll() }
    return Plan(
      name: "random",
      inputs: (0..<streams).map {
        PlanInput(stream: "events\($0)", columns: (0..<3).map { .field("f\($0)") })
      },
      watermarkDelay: delay * .millisecond, allowedLateness: lateness * .millisecond,
      emission: emission, operators: operators, keyColumns: [0], valueColumns: Array(0..<width))
  }

  /// Every stream is read by the result.
  private mutating func readAll() {
    for (place, width) in others where place < streams {
      if !operators.contains(where: { reads($0, place) }) && width == self.width {
        add(.union([last, place]), width: width)
      }
    }
  }

  private func reads(_ planned: PlanOperator, _ place: Int) -> Bool {
    switch planned {
    case .union(let inputs): inputs.contains(place)
    case .intervalJoin(let join): join.left == place || join.right == place
    case .asOfJoin(let join): join.left == place || join.right == place
    default: false
    }
  }

  mutating func add(_ step: PlanOperator, width new: Int) {
    if others.count < 6 { others.append((last, width)) }
    operators.append(step)
    last = operators.count - 1
    width = new
  }

  private mutating func addStage() {
    let key = [[0], [0], [], [0, width - 1]][dice.below(4)]
    switch dice.below(11) {
    case 0: add(.filter(last, predicate(step: 0)), width: width)
    case 1: add(.deduplicate(last, by: key, horizon: ms(1 + dice.below(12))), width: width)
    case 2, 3: addWindow(key)
    case 4:
      let aggregates = aggregates()
      hasSession = true
      add(
        .session(last, key: key, gap: ms(dice.below(6)), aggregates),
        width: key.count + 2 + aggregates.reduce(0) { $0 + $1.width })
    case 5:
      addWindow(key)
      let group = dice.below(2) == 0 ? [] : [dice.below(width)]
      let order = (0..<1 + dice.below(2)).map { _ in
        SortColumn(dice.below(width), descending: dice.below(2) == 0)
      }
      add(
        .topN(last, group: group, order: order, count: 1 + dice.below(3)), width: width + 1)
    case 6:
      let count = 1 + dice.below(3)
      let steps = (0..<count).map { _ in predicate(step: 0) }
      add(
        .pattern(
          last, key: key, steps: steps, within: ms(1 + dice.below(15)),
          measures: [
            Measure(step: 0, column: 0), Measure(step: count - 1, column: width - 1),
            Measure(step: 0, column: 2),
          ]), width: key.count + 3)
    default: addMatch(key)
    }
  }

  private mutating func addWindow(_ key: [Int]) {
    let aggregates = aggregates()
    let slide = 1 + dice.below(5)
    let size = slide * (1 + dice.below(4))
    let offset = ms(dice.below(30) - 15)
    let new = key.count + 1 + aggregates.reduce(0) { $0 + $1.width }
    if dice.below(3) == 0 {
      add(.tumbling(last, key: key, size: ms(size), offset: offset, aggregates), width: new)
    } else {
      add(
        .sliding(
          last, key: key, size: ms(size), slide: ms(slide), offset: offset, aggregates),
        width: new)
    }
  }

  private mutating func addMatch(_ key: [Int]) {
    let count = 1 + dice.below(3)
    let isWide = width * (count + 1) > 32
    var steps: [Predicate] = []
    for step in 0..<count { steps.append(predicate(step: isWide ? 0 : step)) }
    var absence: MissingRow?
    if dice.below(2) == 0 {
      absence = MissingRow(
        predicate(step: isWide ? 0 : count), within: ms(1 + dice.below(12)),
        sameInstant: dice.below(2) == 0)
    }
    add(
      .match(
        last, key: key,
        Match(
          steps: steps, within: ms(1 + dice.below(15)),
          contiguity: dice.below(2) == 0 ? .strict : .relaxed, absence: absence,
          measures: [
            Measure(step: 0, column: 0), Measure(step: count - 1, column: width - 1),
            Measure(step: 0, column: dice.below(width)),
          ])), width: key.count + 3)
  }

  mutating func aggregates() -> [Aggregate] {
    var all: [Aggregate] = []
    for _ in 0..<2 + dice.below(3) {
      let c = dice.below(width)
      let by = dice.below(width)
      switch dice.below(isWide ? 14 : 13) {
      case 0, 1: all.append(.count)
      case 13: all.append(.firstDistinct(1 + dice.below(3), c))
      case 2: all.append(.sum(c))
      case 3: all.append(.min(c))
      case 4: all.append(.max(c))
      case 5: all.append(.countOf(c))
      case 6: all.append(.first(c))
      case 7: all.append(.last(c))
      case 8: all.append(.argMin(c, by: by))
      case 9: all.append(.argMax(c, by: by))
      case 10: all.append(.distinct(c))
      case 11: all.append(.mean(c))
      default:
        let denominator = 1 + dice.below(10)
        all.append(
          .quantile(
            c, numerator: Int64(1 + dice.below(denominator)), denominator: Int64(denominator)))
      }
    }
    return all
  }

  /// A condition on a candidate and the rows bound to the steps before `step`.
  mutating func predicate(step: Int) -> Predicate {
    let column = Expression.column(dice.below(4) == 0 ? 0 : width - 1 - dice.below(2))
    switch dice.below(step > 0 ? 11 : 8) {
    case 0: return .equal(column, Int64(dice.below(4)))
    case 1: return .among(column, [0, 2, 3])
    case 2: return .atLeast(column, 2)
    case 3: return .atMost(column, 2)
    case 4: return .not(.equal(column, 1))
    case 5: return .and([.atLeast(column, 1), .not(.equal(.column(1), 3))])
    case 6: return .less(column, .column(1))
    case 7: return .or([.equal(.null, 1), .atMost(.column(1), 3)])
    case 8: return .less(column, .bound(step: dice.below(step), column: dice.below(width)))
    case 9: return .same(column, .bound(step: dice.below(step), column: dice.below(width)))
    default:
      let earlier = Expression.bound(step: step - 1, column: width - 1)
      return .or([.not(.less(column, earlier)), .equal(earlier, 2)])
    }
  }
}
