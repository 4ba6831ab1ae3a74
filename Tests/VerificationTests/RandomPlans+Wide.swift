import Model
import Queries

extension RandomPlans {
  /// A stage that joins, repeats, computes or totals.
  mutating func addWideStage() {
    switch dice.below(8) {
    case 0, 1: addIntervalJoin()
    case 2, 3: addAsOfJoin()
    case 4: addUnion()
    case 5:
      let pairs = dice.below(2) == 0
      let list = (0..<1 + dice.below(3)).map { _ in dice.below(width) }
      add(.expand(last, list, pairs: pairs), width: width + (pairs ? 3 : 2))
    case 6:
      let key = [[0], []][dice.below(2)]
      add(
        .process(
          last, key: key,
          .cardGuard(
            limit: Int64(dice.below(4)), window: ms(dice.below(10)), block: ms(dice.below(12)),
            pass: [0, width - 1])), width: 5)
    default:
      var list: [Expression] = [.column(0)]
      for _ in 0..<2 + dice.below(2) { list.append(expression(2)) }
      add(.select(last, list), width: list.count)
    }
  }

  /// The last operator's rows, and those of another one.
  private mutating func sides() -> (left: (Int, Int), right: (Int, Int)) {
    let usable = others.filter { $0.width + width <= 16 }
    let other =
      usable.isEmpty
      ? (last, width) : usable[dice.below(2) == 0 ? 0 : dice.below(usable.count)]
    return dice.below(3) == 0 ? (other, (last, width)) : ((last, width), other)
  }

  private mutating func keys(_ l: Int, _ r: Int) -> ([Int], [Int]) {
    switch dice.below(6) {
    case 0: return ([], [])
    case 1: return ([0, dice.below(l)], [0, dice.below(r)])
    default: return ([0], [0])
    }
  }

  private mutating func addIntervalJoin() {
    let (left, right) = sides()
    if left.1 + right.1 > 32 { return }
    let (leftKey, rightKey) = keys(left.1, right.1)
    let lower = dice.below(12) - 8
    add(
      .intervalJoin(
        IntervalJoin(
          left: left.0, right: right.0, leftKey: leftKey, rightKey: rightKey, lower: ms(lower),
          upper: ms(lower + dice.below(8)), kind: dice.below(2) == 0 ? .inner : .left,
          takesRightTime: dice.below(3) == 0)), width: left.1 + right.1)
  }

  private mutating func addAsOfJoin() {
    let (left, right) = sides()
    if left.1 + right.1 > 32 { return }
    let (leftKey, rightKey) = keys(left.1, right.1)
    var at: Expression?
    var back: Nanoseconds?
    if dice.below(3) == 0 {
      let distance = dice.below(6)
      at = .subtract(.time, .constant(ms(distance)))
      if dice.below(2) == 0 { back = ms(distance + dice.below(3)) }
    }
    add(
      .asOfJoin(
        AsOfJoin(
          left: left.0, right: right.0, leftKey: leftKey, rightKey: rightKey, at: at,
          kind: dice.below(2) == 0 ? .inner : .left, back: back)), width: left.1 + right.1)
  }

  private mutating func addUnion() {
    let same = others.filter { $0.width == width }
    if same.isEmpty {
      add(.union([last, last]), width: width)
    } else {
      let other = same[dice.below(same.count)].place
      add(.union(dice.below(2) == 0 ? [last, other] : [other, last]), width: width)
    }
  }

  private mutating func expression(_ depth: Int) -> Expression {
    let column = Expression.column(dice.below(width))
    if depth == 0 { return dice.below(4) == 0 ? .constant(Int64(dice.below(9)) - 4) : column }
    let a = expression(depth - 1)
    let b = expression(depth - 1)
    switch dice.below(14) {
    case 0: return .add(a, b)
    case 1: return .subtract(a, b)
    case 2: return .multiply(a, b)
    case 3: return .divide(a, b, [.floor, .halfEven, .halfUp][dice.below(3)])
    case 4: return .modulo(a, b)
    case 5: return .coalesce([a, b])
    case 6: return .smaller(a, b)
    case 7: return .greater(a, b)
    case 8: return .choose(predicate(step: 0), a, b)
    case 9: return .choose(.isNull(a), b, a)
    case 10: return .divide(.time, .constant(.millisecond), .floor)
    default: return column
    }
  }
}
