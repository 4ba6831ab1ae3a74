import Model
import Queries

/// Aggregates over all rows of a key, due at the end of the run and with its time.
final class TotalStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let aggregates: [Aggregate]
  private let number: Int
  private var groups: [UInt64: OracleGroup] = [:]

  init(_ input: OracleStep, key: [Int], aggregates: [Aggregate], number: Int) {
    self.input = input
    self.key = key
    self.aggregates = aggregates
    self.number = number
    let width = key.count + aggregates.reduce(0) { $0 + $1.width }
    super.init(output: RowPicks(rows: Rows(width: width)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if isDropped(from.rows.heads[index]) { continue }
      groups[
        from.rows.digest(index, key),
        default: OracleGroup(from.rows, index, key: key, aggregates: aggregates.count)
      ].take(from.rows, index, aggregates)
    }
    // What comes out has the time of the end, and nothing of it is known before.
    frontier = input.frontier == .max ? .max : min(input.frontier, end)
    if frontier < .max { return }
    let sorted = groups.values.sorted { identityPrecedes($0.key, $1.key) }
    for (place, group) in sorted.enumerated() {
      putOut(
        group.key + columns(group, aggregates), time: end, identity: group.key,
        evidence: group.evidence, last: group.last, number: number, serial: UInt64(place))
    }
    groups.removeAll()
  }
}

/// One row for each element of a list that stands in columns, or for each ordered pair of different
/// places; elements that are null give none.
final class ExpandStep: OracleStep {
  private let input: OracleStep
  private let list: [Int]
  private let pairs: Bool

  init(_ input: OracleStep, _ list: [Int], pairs: Bool) {
    self.input = input
    self.list = list
    self.pairs = pairs
    super.init(output: RowPicks(rows: Rows(width: input.output.rows.width + (pairs ? 3 : 2))))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      let cells = RowCells(from.rows, index)
      let elements = list.compactMap { cells.cell($0) }
      var copy: Int64 = 0
      for (i, element) in elements.enumerated() {
        if !pairs {
          putOut(from.rows, index, [element, copy])
          copy += 1
          continue
        }
        for (j, other) in elements.enumerated() where j != i {
          putOut(from.rows, index, [element, other, copy])
          copy += 1
        }
      }
    }
    frontier = input.frontier
  }

  private func putOut(_ rows: Rows, _ index: Int, _ more: [Int64]) {
    let made = output.rows.addLike(rows, index)
    let row = output.rows.row(made)
    row.update(from: rows.row(index), count: rows.width)
    for (place, cell) in more.enumerated() { row[rows.width + place] = cell }
    output.pick(made)
  }
}
