import Bytes
import Model
import Queries
import Scenarios
import Testing
import Verification
import Workloads

/// What the oracle says of generated events, against the sentences of the workloads' pages computed
/// from scratch in the plainest way.
@Suite struct ShopAnswerTests {
  private struct Seen {
    var lane: Int
    var sequence: UInt64
    var stream: Int
    /// Milliseconds.
    var time: Int64
    var columns: [Int64]
  }

  private static let shop: [(String, ParameterValue)] = [
    ("ttl", .duration(60 * .second)), ("block", .duration(740 * .second)), ("skus", .count(64)),
    ("stock_cover", .count(50)),
  ]

  private func make(
    _ kind: String, _ query: String, rate: Int64, _ parameters: [(String, ParameterValue)]
  ) throws -> Workload {
    let kind = try #require(workloadKinds.first { $0.name == kind })
    return try kind.make(
      WorkloadChoice(
        kind: kind.name,
        parameters: parameters.map { WorkloadChoice.Parameter(name: $0.0, value: $0.1) },
        query: query, sources: 2, start: Timestamp(ns: 1_767_225_600_000_000_000)),
      .constant(Rate(count: rate, per: .second)), 1)
  }

  /// All events that are sent before an instant, markers left out, in event order.
  private func events(_ workload: Workload, until end: Int64) -> [Seen] {
    var seen: [Seen] = []
    for (lane, stream) in workload.laneStream.enumerated() {
      guard let stream else { continue }
      var index = 0
      while workload.source.earliestSend(block: index, of: lane).ns < end,
        let block = workload.source.block(index, of: lane)
      {
        for i in 0..<block.count
        where block.intendedAt[i] < end && block.keyLength[i] != RecordEntry.markerKey {
          seen.append(
            Seen(
              lane: lane, sequence: block.baseSequence + UInt64(i), stream: stream,
              time: block.eventTime[i] / .millisecond, columns: block.columns.map { $0[i] }))
        }
        index += 1
      }
    }
    return seen.sorted { ($0.time, $0.lane, $0.sequence) < ($1.time, $1.lane, $1.sequence) }
  }

  /// The oracle's rows: key and value in one.
  private func answer(_ workload: Workload, until end: Int64) throws -> [[Int64?]] {
    var workload = workload
    workload.plan.keyColumns += workload.plan.valueColumns
    workload.plan.valueColumns = []
    final class Box { var rows: [[UInt8]] = [] }
    let box = Box()
    let oracle = Oracle(workload: workload, endOfLoad: Instant(ns: end)) {
      box.rows.append([UInt8]($0.key))
    }
    oracle.finish()
    #expect(oracle.failure == nil && !oracle.overflowed)
    return try box.rows.map { bytes in
      try bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        var cells: [Int64?] = []
        while !reader.isAtEnd { cells.append(try reader.byte() == 0 ? nil : try reader.signed()) }
        return cells
      }
    }
  }

  private func sorted(_ rows: [[Int64?]]) -> [[Int64?]] {
    rows.sorted { a, b in
      for (x, y) in zip(a, b) where x != y { return (x ?? .min) < (y ?? .min) }
      return a.count < b.count
    }
  }

  @Test func `the ledger of a shop, from scratch`() throws {
    let workload = try make("inventory", "stock", rate: 10, Self.shop)
    let end = 500 * Nanoseconds.second
    let all = events(workload, until: end)
    let last = try #require(all.last).time
    struct Shelf {
      var onHand: Int64 = 0
      var open: [Int64: (quantity: Int64, expiry: Int64, hard: Bool)] = [:]
    }
    var rows: [[Int64?]] = []
    for (_, own) in Dictionary(grouping: all, by: { $0.columns[0...1].map { $0 } }) {
      var shelf = Shelf()
      func expire(until time: Int64) {
        for (id, held) in shelf.open where !held.hard && held.expiry <= time {
          rows.append([2, id, 2, held.expiry * .millisecond, nil])
          shelf.open[id] = nil
        }
      }
      for event in own {
        expire(until: event.time)
        let (kind, quantity, id) = (event.columns[2], event.columns[3], event.columns[4])
        if event.stream == 0 {
          if kind == 0 { rows.append([0, id, quantity, shelf.onHand, quantity - shelf.onHand]) }
          shelf.onHand = kind == 0 ? quantity : shelf.onHand + (kind < 3 ? quantity : 0)
          continue
        }
        let number = event.columns[5]
        let now = event.time * .millisecond
        let reserved = shelf.open.values.reduce(0) { $0 + $1.quantity }
        switch (kind, shelf.open[number]) {
        case (0, nil):
          let fits = quantity <= shelf.onHand - reserved
          let left = shelf.onHand - reserved - (fits ? quantity : 0)
          rows.append([1, number, fits ? 1 : 0, left, nil])
          if fits { shelf.open[number] = (quantity, event.time + event.columns[6], false) }
        case (1, .some(let held)) where !held.hard: shelf.open[number]?.hard = true
        case (2, .some):
          rows.append([2, number, 1, now, nil])
          shelf.open[number] = nil
        case (3, .some(let held)) where held.hard:
          rows.append([2, number, 0, now, nil])
          shelf.onHand -= held.quantity
          shelf.open[number] = nil
        case (4, _): break
        default: Issue.record("a misfit in a clean trace: \(event)")
        }
      }
      // A timer stands a millisecond before the end of its reservation.
      expire(until: last + 1)
    }
    #expect(sorted(try answer(workload, until: end)) == sorted(rows))
    #expect(rows.contains { $0[0] == 1 && $0[2] == 0 } && rows.count > 5_000)
  }

  @Test func `nobody is uncaptured but for those whom the end cuts`() throws {
    let workload = try make("inventory", "uncaptured", rate: 10, Self.shop)
    let end = 400 * Nanoseconds.second
    let all = events(workload, until: end)
    let last = try #require(all.last).time
    let captured = Set(all.filter { $0.stream == 1 && $0.columns[1] == 1 }.map { $0.columns[0] })
    let open = all.filter {
      $0.stream == 0 && $0.columns[1] == 1 && !captured.contains($0.columns[0])
    }
    #expect(open.allSatisfy { $0.time > last - 6_000 })
    let rows = try answer(workload, until: end)
    #expect(sorted(rows) == sorted(open.map { [$0.columns[0], $0.time * .millisecond] }))
  }

  @Test func `boards, from scratch`() throws {
    let workload = try make(
      "leaderboards", "board", rate: 2_000,
      [("players", .count(512)), ("cheats", .ratio(Ratio(1, 10))), ("top", .count(7))])
    let end = 20 * Nanoseconds.second
    let all = events(workload, until: end)
    struct Group: Hashable {
      var mode: Int64
      var hour: Int64
    }
    var seen: Set<[Int64]> = []
    var sums: [Group: [Int64: (points: Int64, games: Int64)]] = [:]
    for event in all where event.columns[7] - event.columns[6] <= 20 * 3_600_000 {
      let c = event.columns
      if !seen.insert([c[0], c[1], c[3]]).inserted { continue }
      let group = Group(mode: c[2], hour: c[6] / 3_600_000 * 3_600_000)
      let old = sums[group]?[c[1]] ?? (0, 0)
      sums[group, default: [:]][c[1]] = (old.points + c[4], old.games + c[5])
    }
    var rows: [[Int64?]] = []
    for (group, players) in sums {
      let best = players.filter { $0.value.points >= 1 && $0.value.games >= 1 }.sorted {
        (-$0.value.points, $0.value.games, $0.key) < (-$1.value.points, $1.value.games, $1.key)
      }
      for (rank, row) in best.prefix(7).enumerated() {
        rows.append([
          group.mode, group.hour * .millisecond, Int64(rank + 1), row.key, row.value.points,
          row.value.games,
        ])
      }
      #expect(players.values.allSatisfy { $0.points >= 0 && $0.points <= 2 * max($0.games, 1) })
    }
    #expect(sorted(try answer(workload, until: end)) == sorted(rows))
    #expect(rows.count > 300)
  }
}
