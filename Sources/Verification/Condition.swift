import Queries

/// A condition of a plan on a row of a store. The commonest, one comparison of a column, is tested
/// where it stands.
final class Condition {
  private enum Simple { case none, equal, atLeast, atMost }
  private let formula: Formula
  private let simple: Simple
  private let column: Int
  private let constant: Int64

  init(_ predicate: Predicate) {
    formula = Formula(predicate)
    switch predicate {
    case .equal(.column(let c), let v): (simple, column, constant) = (.equal, c, v)
    case .atLeast(.column(let c), let v): (simple, column, constant) = (.atLeast, c, v)
    case .atMost(.column(let c), let v): (simple, column, constant) = (.atMost, c, v)
    default: (simple, column, constant) = (.none, 0, 0)
    }
  }

  /// A value in it did not fit 64 bits.
  var overflowed: Bool { formula.overflowed }

  @inline(__always) func holds(_ rows: Rows, _ index: Int) -> Bool {
    if simple == .none { return formula.truth(of: RowCells(rows, index)) == true }
    if rows.isNull(index, column) { return false }
    let value = rows.row(index)[column]
    switch simple {
    case .equal: return value == constant
    case .atLeast: return value >= constant
    default: return value <= constant
    }
  }
}
