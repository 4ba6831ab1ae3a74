import Model
import Queries

extension NaiveOracle {
  func windows(
    _ rows: [NaiveRow], _ key: [Int],
    _ span: (size: Nanoseconds, slide: Nanoseconds, offset: Nanoseconds),
    _ aggregates: [Aggregate], _ number: Int
  ) -> [NaiveRow] {
    var groups: [[Int64?]: [NaiveRow]] = [:]
    for row in rows {
      let newest = floorDiv(row.time - span.offset, span.slide) * span.slide + span.offset
      for back in 0..<span.size / span.slide {
        let start = newest - back * span.slide
        if row.identity[0] == 0, let closed = drops[number]?[row.events[0]],
          closed == .max || start + span.size + plan.lateness(of: number) <= closed
        {
          continue
        }
        groups[key.map { row.cells[$0] } + [start], default: []].append(row)
      }
    }
    return groups.map { group, members in
      let start = (group.last ?? nil) ?? 0
      return NaiveRow(
        time: start + span.size - plan.resolution, identity: [Int64(number)] + group,
        cells: group + cells(members, aggregates), events: members.flatMap(\.events))
    }
  }

  func sessions(
    _ rows: [NaiveRow], _ key: [Int], _ gap: Nanoseconds, _ aggregates: [Aggregate], _ number: Int
  ) -> [NaiveRow] {
    var sessions: [[NaiveRow]] = []
    for row in rows {
      if let last = sessions.last?.last, row.time - last.time <= gap {
        sessions[sessions.count - 1].append(row)
      } else {
        sessions.append([row])
      }
    }
    return sessions.map { members in
      let group = key.map { members[0].cells[$0] } + [members[0].time]
      let end = members[members.count - 1].time + gap
      return NaiveRow(
        time: end - plan.resolution, identity: [Int64(number)] + group,
        cells: group + [end] + cells(members, aggregates), events: members.flatMap(\.events))
    }
  }

  /// Members are in event order.
  func cells(_ members: [NaiveRow], _ aggregates: [Aggregate]) -> [Int64?] {
    aggregates.flatMap { aggregate -> [Int64?] in
      func values(_ c: Int) -> [Int64] { members.compactMap { $0.cells[c] } }
      func sum(_ c: Int) -> Int64? {
        values(c).isEmpty ? nil : Int64(exactly: values(c).reduce(Int128(0)) { $0 + Int128($1) })
      }
      switch aggregate {
      case .count: return [Int64(members.count)]
      case .countOf(let c): return [Int64(values(c).count)]
      case .sum(let c): return [sum(c)]
      case .min(let c): return [values(c).min()]
      case .max(let c): return [values(c).max()]
      case .first(let c): return [values(c).first]
      case .last(let c): return [values(c).last]
      case .argMin(let c, let by):
        guard let least = values(by).min() else { return [nil] }
        return [members.first { $0.cells[by] == least }?.cells[c]]
      case .argMax(let c, let by):
        guard let most = values(by).max() else { return [nil] }
        return [members.first { $0.cells[by] == most }?.cells[c]]
      case .firstDistinct(let n, let c):
        var firsts: [Int64?] = []
        for x in values(c) where !firsts.contains(x) { firsts.append(x) }
        return (0..<n).map { $0 < firsts.count ? firsts[$0] : nil }
      case .distinct(let c): return [Int64(Set(values(c)).count)]
      case .mean(let c): return [sum(c), Int64(values(c).count)]
      case .quantile(let c, let numerator, let denominator):
        let sorted = values(c).sorted()
        // The least rank that is at least the share.
        let rank = (1...Swift.max(sorted.count, 1)).first {
          Int64($0) * denominator >= numerator * Int64(sorted.count)
        }
        return [rank.flatMap { sorted.isEmpty ? nil : sorted[$0 - 1] }]
      }
    }
  }

  func ranks(
    _ rows: [NaiveRow], _ group: [Int], _ order: [SortColumn], _ count: Int, _ number: Int
  ) -> [NaiveRow] {
    let groups = Dictionary(grouping: rows) { row in [row.time] + group.map { row.cells[$0] } }
    return groups.values.flatMap { members in
      let sorted = members.sorted { a, b in
        for term in order {
          let (x, y) = ([a.cells[term.column]], [b.cells[term.column]])
          if let less = NaiveRow.less(x, y) { return less != term.descending }
        }
        return NaiveRow.precedes(a, b)
      }
      return sorted.prefix(count).enumerated().map { place, row in
        let rank = Int64(place + 1)
        return NaiveRow(
          time: row.time, identity: [Int64(number)] + group.map { row.cells[$0] } + [rank],
          cells: row.cells + [rank], events: row.events)
      }
    }
  }

  /// Rows of one key in event order.
  func matches(
    _ rows: [NaiveRow], _ key: [Int], _ match: Match, _ number: Int
  ) -> [NaiveRow] {
    func attempt(_ i: Int) -> [Int]? {
      var bound: [Int] = []
      for step in match.steps {
        let from = bound.last.map { $0 + 1 } ?? i
        let isFree = match.contiguity == .relaxed && !bound.isEmpty
        let end = isFree ? rows.count : Swift.min(from + 1, rows.count)
        let candidates = from < end ? Array(from..<end) : []
        let rowsBound = bound.map { rows[$0] }
        guard let next = candidates.first(where: { truth(step, rows[$0], rowsBound) == true })
        else { return nil }
        bound.append(next)
      }
      return rows[bound[bound.count - 1]].time - rows[i].time < match.within ? bound : nil
    }
    var found: [NaiveRow] = []
    var i = 0
    while i < rows.count {
      guard let bound = attempt(i) else {
        i += 1
        continue
      }
      let last = bound[bound.count - 1]
      i = last + 1
      var time = rows[last].time
      if let absence = match.absence {
        let rowsBound = bound.map { rows[$0] }
        let breaks = rows.indices.contains { n in
          let isAfter = n > last && rows[n].time < time + absence.within
          let isBeside =
            absence.sameInstant && n < last && rows[n].time == time && !bound.contains(n)
          return (isAfter || isBeside)
            && truth(absence.condition, rows[n], rowsBound) == true
        }
        if breaks { continue }
        time += absence.within
      }
      let first = rows[bound[0]]
      let keyCells = key.map { first.cells[$0] }
      found.append(
        NaiveRow(
          time: time, identity: [Int64(number)] + keyCells + first.identity,
          cells: keyCells + match.measures.map { rows[bound[$0.step]].cells[$0.column] },
          events: bound.flatMap { rows[$0].events }))
    }
    return found
  }
}

extension PlanOperator {
  /// A row may be too late for one of its results and in time for another.
  var isSliced: Bool {
    if case .tumbling = self { return true }
    if case .sliding = self { return true }
    return false
  }
}
