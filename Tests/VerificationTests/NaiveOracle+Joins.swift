import Model
import Queries

extension NaiveOracle {
  func expanded(_ row: NaiveRow, _ columns: [Int], _ pairs: Bool) -> [NaiveRow] {
    let elements = columns.compactMap { row.cells[$0] }
    var lists: [[Int64]] = elements.map { [$0] }
    if pairs {
      lists = elements.indices.flatMap { i in
        elements.indices.filter { $0 != i }.map { [elements[i], elements[$0]] }
      }
    }
    return lists.enumerated().map { copy, list in
      var made = row
      made.cells = row.cells + list.map { Optional($0) } + [Int64(copy)]
      return made
    }
  }

  func totals(
    _ rows: [NaiveRow], _ key: [Int], _ aggregates: [Aggregate], _ number: Int, _ events: [Small]
  ) -> [NaiveRow] {
    Dictionary(grouping: rows) { row in key.map { row.cells[$0] } }.map { group, members in
      NaiveRow(
        time: end(events), identity: [Int64(number)] + group,
        cells: group + cells(members, aggregates), events: members.flatMap(\.events))
    }
  }

  private func meet(_ l: NaiveRow, _ leftKey: [Int], _ r: NaiveRow, _ rightKey: [Int]) -> Bool {
    zip(leftKey, rightKey).allSatisfy { l.cells[$0] != nil && l.cells[$0] == r.cells[$1] }
  }

  func pairs(
    _ left: [NaiveRow], _ right: [NaiveRow], _ join: IntervalJoin, _ number: Int
  ) -> [NaiveRow] {
    let width = right.first?.cells.count ?? widthOf(join.right)
    return left.flatMap { l -> [NaiveRow] in
      let partners = right.filter { r in
        meet(l, join.leftKey, r, join.rightKey)
          && r.time - l.time >= join.lower && r.time - l.time <= join.upper
      }
      if partners.isEmpty && join.kind == .left {
        let nulls = [Int64?](repeating: nil, count: width)
        return [
          NaiveRow(
            time: l.time, identity: [Int64(number)] + l.identity, cells: l.cells + nulls,
            events: l.events)
        ]
      }
      return partners.map { r in
        NaiveRow(
          time: join.takesRightTime ? r.time : l.time,
          identity: [Int64(number)] + l.identity + r.identity, cells: l.cells + r.cells,
          events: l.events + r.events)
      }
    }
  }

  func versions(_ left: [NaiveRow], _ right: [NaiveRow], _ join: AsOfJoin) -> [NaiveRow] {
    left.flatMap { l -> [NaiveRow] in
      let at = join.at.map { value($0, l) } ?? l.time
      // The last of those in event order.
      let last = right.last { r in
        meet(l, join.leftKey, r, join.rightKey) && at.map { r.time <= $0 } == true
      }
      var made = l
      if let last {
        made.cells += last.cells
        made.events += last.events
      } else if join.kind == .left {
        made.cells += [Int64?](repeating: nil, count: widthOf(join.right))
      } else {
        return []
      }
      return [made]
    }
  }

  /// Columns of an operator's rows.
  func widthOf(_ number: Int) -> Int {
    func of(_ aggregates: [Aggregate]) -> Int { aggregates.reduce(0) { $0 + $1.width } }
    return switch plan.operators[number] {
    case .input(let i): plan.inputs[i].columns.count
    case .filter(let i, _), .deduplicate(let i, _, _): widthOf(i)
    case .select(_, let expressions): expressions.count
    case .union(let inputs): widthOf(inputs[0])
    case .expand(let i, _, let pairs): widthOf(i) + (pairs ? 3 : 2)
    case .tumbling(_, let key, _, _, let a): key.count + 1 + of(a)
    case .sliding(_, let key, _, _, _, let a): key.count + 1 + of(a)
    case .session(_, let key, _, let a): key.count + 2 + of(a)
    case .total(_, let key, let a): key.count + of(a)
    case .topN(let i, _, _, _): widthOf(i) + 1
    case .pattern(_, let key, _, _, let measures): key.count + measures.count
    case .match(_, let key, let match): key.count + match.measures.count
    case .intervalJoin(let join): widthOf(join.left) + widthOf(join.right)
    case .asOfJoin(let join): widthOf(join.left) + widthOf(join.right)
    case .process(_, _, .cardGuard(_, _, _, let pass)): pass.count + 3
    }
  }
}
