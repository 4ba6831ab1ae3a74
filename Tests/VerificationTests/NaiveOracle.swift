import Bytes
import Model
import Queries

/// A row of the naive oracle.
struct NaiveRow {
  var time: Int64
  /// Number of the operator, then the result key; an event: 0, source, sequence.
  var identity: [Int64?]
  var cells: [Int64?]
  var events: [EventID]

  static func precedes(_ a: NaiveRow, _ b: NaiveRow) -> Bool {
    if a.time != b.time { return a.time < b.time }
    return less(a.identity, b.identity) ?? false
  }

  static func less(_ a: [Int64?], _ b: [Int64?]) -> Bool? {
    for (x, y) in zip(a, b) where x != y {
      guard let x else { return true }
      guard let y else { return false }
      return x < y
    }
    return a.count != b.count ? a.count < b.count : nil
  }
}

/// The oracle once more, from the sentences of the reference alone: whole arrays, no streams, no
/// state that is forgotten. Slow, and for tests only.
struct NaiveOracle {
  let plan: Plan
  let flags = NaiveFlags()
  /// Events that were dropped as late, by operator, with the watermark of that moment.
  var drops: [Int: [EventID: Int64]] = [:]

  init(plan: Plan) { self.plan = plan }

  func rows(_ events: [Small]) -> [Due] {
    var outputs: [[NaiveRow]] = []
    for (number, planned) in plan.operators.enumerated() {
      // Windows see for themselves which of them a late row was too late for.
      let taken = planned.isSliced ? outputs : outputs.map { kept($0, at: number) }
      outputs.append(
        compute(planned, number, taken, events).enumerated()
          .sorted { a, b in
            if NaiveRow.precedes(a.element, b.element) { return true }
            if NaiveRow.precedes(b.element, a.element) { return false }
            return a.offset < b.offset
          }.map(\.element))
    }
    return (outputs.last ?? []).map { due($0) }
  }

  private func kept(_ rows: [NaiveRow], at number: Int) -> [NaiveRow] {
    guard let late = drops[number] else { return rows }
    return rows.filter { !($0.identity[0] == 0 && late[$0.events[0]] != nil) }
  }

  private func due(_ row: NaiveRow) -> Due {
    let key = bytes(plan.keyColumns.map { row.cells[$0] })
    let value = bytes(plan.valueColumns.map { row.cells[$0] })
    var evidence = Evidence()
    for event in row.events {
      evidence.add(Evidence(source: event.source, sequence: event.sequence))
    }
    let result = ResultRow(
      key: key, value: value, time: row.time, evidence: evidence,
      lineage: row.events.last ?? EventID(source: 0, sequence: 0))
    return Due(
      key: key, digest: result.valueDigest, time: row.time, evidence: evidence,
      lineage: result.lineage)
  }

  private func bytes(_ cells: [Int64?]) -> [UInt8] {
    var writer = ByteWriter()
    for cell in cells { if let cell { writer.cell(cell) } else { writer.nullCell() } }
    return writer.array()
  }

  private func compute(
    _ planned: PlanOperator, _ number: Int, _ outputs: [[NaiveRow]], _ events: [Small]
  ) -> [NaiveRow] {
    switch planned {
    case .input(let stream):
      events.filter { $0.stream == stream && !$0.isMarker }.map {
        NaiveRow(
          time: floorDiv($0.time * .millisecond, plan.resolution) * plan.resolution,
          identity: [0, Int64($0.source), Int64($0.sequence)], cells: $0.columns,
          events: [EventID(source: $0.source, sequence: $0.sequence)])
      }
    case .filter(let i, let predicate): outputs[i].filter { truth(predicate, $0) == true }
    case .select(let i, let expressions):
      outputs[i].map { row in
        var row = row
        row.cells = expressions.map { [old = row] in self.value($0, old) }
        return row
      }
    case .union(let inputs): inputs.flatMap { outputs[$0] }
    case .deduplicate(let i, let by, let horizon): deduplicate(outputs[i], by, horizon)
    case .tumbling(let i, let key, let size, let offset, let aggregates):
      windows(outputs[i], key, (size, size, offset), aggregates, number)
    case .sliding(let i, let key, let size, let slide, let offset, let aggregates):
      windows(outputs[i], key, (size, slide, offset), aggregates, number)
    case .session(let i, let key, let gap, let aggregates):
      perKey(outputs[i], key) { sessions($0, key, gap, aggregates, number) }
    case .topN(let i, let group, let order, let count):
      ranks(outputs[i], group, order, count, number)
    case .match(let i, let key, let match):
      perKey(outputs[i], key) { matches($0, key, match, number) }
    case .pattern(let i, let key, let steps, let within, let measures):
      perKey(outputs[i], key) { pattern($0, key, steps, within, measures, number) }
    case .expand(let i, let columns, let pairs):
      outputs[i].flatMap { expanded($0, columns, pairs) }
    case .total(let i, let key, let aggregates):
      totals(outputs[i], key, aggregates, number, events)
    case .intervalJoin(let join): pairs(outputs[join.left], outputs[join.right], join, number)
    case .asOfJoin(let join): versions(outputs[join.left], outputs[join.right], join)
    case .process(let i, let key, .cardGuard(let limit, let window, let block, let pass)):
      perKey(outputs[i], key) { cards($0, key, limit, window, block, pass, number) }
    }
  }

  /// Greatest time of the events; markers are none.
  func end(_ events: [Small]) -> Int64 {
    let times = events.filter { !$0.isMarker }.map(\.time)
    return floorDiv((times.max() ?? 0) * .millisecond, plan.resolution) * plan.resolution
  }

  func floorDiv(_ a: Int64, _ b: Int64) -> Int64 {
    a >= 0 || a % b == 0 ? a / b : a / b - 1
  }

  private func perKey(
    _ rows: [NaiveRow], _ key: [Int], _ each: ([NaiveRow]) -> [NaiveRow]
  ) -> [NaiveRow] {
    Dictionary(grouping: rows) { row in key.map { row.cells[$0] } }.values.flatMap(each)
  }

  private func deduplicate(
    _ rows: [NaiveRow], _ by: [Int], _ horizon: Nanoseconds
  ) -> [NaiveRow] {
    var kept: [NaiveRow] = []
    for row in rows {
      let repeated = kept.contains { earlier in
        by.allSatisfy { earlier.cells[$0] == row.cells[$0] } && row.time - earlier.time < horizon
      }
      if !repeated { kept.append(row) }
    }
    return kept
  }

  private func pattern(
    _ rows: [NaiveRow], _ key: [Int], _ steps: [Predicate], _ within: Nanoseconds,
    _ measures: [Measure], _ number: Int
  ) -> [NaiveRow] {
    func attempt(_ i: Int) -> [Int]? {
      if truth(steps[0], rows[i]) != true { return nil }
      var bound = [i]
      for step in steps.dropFirst() {
        guard
          let next = ((bound.last ?? i) + 1..<max(rows.count, (bound.last ?? i) + 1)).first(where: {
            truth(step, rows[$0]) == true
          })
        else { return nil }
        bound.append(next)
      }
      return rows[bound.last ?? i].time - rows[i].time < within ? bound : nil
    }
    var found: [NaiveRow] = []
    var i = 0
    while i < rows.count {
      guard let bound = attempt(i), let last = bound.last else {
        i += 1
        continue
      }
      let keyCells = key.map { rows[i].cells[$0] }
      found.append(
        NaiveRow(
          time: rows[last].time, identity: [Int64(number)] + keyCells + rows[i].identity,
          cells: keyCells + measures.map { rows[bound[$0.step]].cells[$0.column] },
          events: bound.flatMap { rows[$0].events }))
      i = last + 1
    }
    return found
  }

  private func cards(
    _ rows: [NaiveRow], _ key: [Int], _ limit: Int64, _ window: Nanoseconds, _ block: Nanoseconds,
    _ pass: [Int], _ number: Int
  ) -> [NaiveRow] {
    var blockedUntil: Int64?
    return rows.indices.map { n in
      let t = rows[n].time
      let attempts = rows[...n].filter { $0.time >= t - window && $0.time <= t }.count
      var code: Int64 = 0
      if let until = blockedUntil, t < until {
        code = 62
      } else if Int64(attempts) >= limit {
        code = 65
        blockedUntil = t + block
      } else {
        blockedUntil = nil
      }
      let keyCells = key.map { rows[n].cells[$0] }
      return NaiveRow(
        time: t, identity: [Int64(number)] + keyCells + [Int64(n)],
        cells: pass.map { rows[n].cells[$0] } + [code, min(Int64(attempts), limit), blockedUntil],
        events: rows[n].events)
    }
  }
}
