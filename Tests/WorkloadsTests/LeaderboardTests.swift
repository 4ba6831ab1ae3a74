import Draws
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

/// Two days of a small arena.
private func arena(
  hours: Int64, players: Int64 = 1_024, _ more: [(String, ParameterValue)] = []
) throws -> (workload: Workload, events: [Event]) {
  var test = ShopCase(
    kind: "leaderboards", query: "board", rate: 2_000,
    parameters: [("players", .count(players))] + more, partitions: 1)
  if players > 4_000 { test.rate = 20_000 }
  let workload = try test.make()
  let source = workload.source
  let end = source.eventTimeFloor(block: 0, of: 0) + hours * 3_600 * .second
  let all = (0..<source.laneCount).flatMap { lane in
    var own: [Event] = []
    var index = 0
    while lane >= 4 || source.eventTimeFloor(block: index, of: lane) < end {
      guard let block = source.block(index, of: lane) else { break }
      own += events(block)
      index += 1
      if source.eventTimeFloor(block: index, of: 0) >= end { break }
    }
    return own.filter { !$0.key.isEmpty }
  }
  return (workload, all)
}

/// Columns: match, player, mode, revision, points, games, ended, decided.
private func scores(_ events: [Event], late: Bool = true) -> [Event] {
  events.filter { $0.lane < 2 || (late && $0.lane >= 4) }
}

private func fields(_ event: Event, _ schema: String, _ id: UInt32, _ names: [String]) throws
  -> [Int64]
{
  let reader = try ColumnReader(
    schema: try AvroSchema.parse(schema), schemaID: id, columns: names.map { .field($0) },
    eventTime: "ended_at")
  var columns = [Int64](repeating: 0, count: names.count)
  var nulls: UInt32 = 0
  _ = try event.value.withUnsafeBytes { value in
    try columns.withUnsafeMutableBufferPointer {
      try reader.read(value, into: $0.baseAddress!, nulls: &nulls)
    }
  }
  return columns
}

@Suite struct LeaderboardTests {
  @Test func `scores of a match add up, revision by revision`() throws {
    let (_, all) = try arena(hours: 30, [("cheats", .ratio(Ratio(1, 10)))])
    var matches: [Int64: [Event]] = [:]
    for event in scores(all) { matches[event.columns[0], default: []].append(event) }
    var corrected = 0
    for (match, events) in matches {
      let distinct = Dictionary(grouping: events) { $0.columns[1...3].map { $0 } }
      // What is sent again says the same.
      #expect(distinct.values.allSatisfy { Set($0.map(\.columns)).count == 1 })
      let once = distinct.values.map { $0[0] }
      let results = once.filter { $0.columns[3] == 0 }
      #expect(results.count == 2 && results.reduce(0) { $0 + $1.columns[4] } == 2, "\(match)")
      #expect(Set(once.map { $0.columns[6] }).count == 1)
      for player in Set(once.map { $0.columns[1] }) {
        let own = once.filter { $0.columns[1] == player }.sorted { $0.columns[3] < $1.columns[3] }
        #expect(own.map { $0.columns[3] } == Array(0..<Int64(own.count)))
        for last in own.indices {
          let points = own[0...last].reduce(0) { $0 + $1.columns[4] }
          let games = own[0...last].reduce(0) { $0 + $1.columns[5] }
          #expect((0...2).contains(points) && (0...1).contains(games))
        }
        #expect(zip(own, own.dropFirst()).allSatisfy { $0.columns[7] < $1.columns[7] })
        corrected += own.count - 1
      }
    }
    #expect(corrected > 200)
  }

  @Test func `nobody plays two matches at once`() throws {
    let (_, all) = try arena(hours: 6)
    var spans: [Int64: [(Int64, Int64)]] = [:]
    let matches = all.filter { (2..<4).contains($0.lane) }
    var players: [Int64: Set<Int64>] = [:]
    for event in scores(all, late: false) {
      players[event.columns[0], default: []].insert(event.columns[1])
    }
    for event in matches {
      let times = try fields(event, matchSchema, 402, ["started_at", "ended_at"])
      let both = try #require(players[event.columns[0]])
      #expect(both.count == 2)
      for player in both { spans[player, default: []].append((times[0], times[1])) }
    }
    #expect(matches.count == players.count && matches.count > 2_000)
    for own in spans.values {
      let sorted = own.sorted { $0.0 < $1.0 }
      #expect(zip(sorted, sorted.dropFirst()).allSatisfy { $0.1 <= $1.0 })
    }
  }

  @Test func `verdicts come as late as the page says, and reports twice`() throws {
    let (_, all) = try arena(
      hours: 60, [("cheats", .ratio(Ratio(1, 5))), ("retry", .ratio(Ratio(1, 20)))])
    let verdicts = all.filter { $0.lane >= 6 && $0.columns[3] == 1 && $0.columns[5] != 0 }
    let late = verdicts.filter { $0.columns[4] == -2 }.map { $0.columns[7] - $0.columns[6] }
      .sorted()
    let median = Double(late[late.count / 2]) / 60_000
    #expect(late.count > 500 && abs(median - 20) < 4, "\(median)")
    #expect(late[0] >= 30_000)
    let results = scores(all, late: false).count
    let again = all.filter { (4..<6).contains($0.lane) }
    #expect(abs(Double(again.count) / Double(results) - 0.05) < 0.01)
    var originals: [[Int64]: Event] = [:]
    for event in scores(all, late: false) { originals[event.columns] = event }
    for copy in again {
      if let original = originals[copy.columns] { #expect(copy.intendedAt > original.intendedAt) }
    }
  }

  @Test func `without cheats and faults nothing is corrected`() throws {
    let (_, all) = try arena(
      hours: 3, [("cheats", .ratio(.zero)), ("annulled", .ratio(.zero)), ("retry", .ratio(.zero))])
    #expect(scores(all).count == scores(all, late: false).count)
  }
}

private let matchSchema = """
  {"type": "record", "name": "Match", "namespace": "weir.gaming.leaderboards", "fields": [
    {"name": "source", "type": "int"}, {"name": "sequence", "type": "long"},
    {"name": "match_id", "type": "long"},
    {"name": "mode", "type": {"type": "enum", "name": "Mode",
      "symbols": ["ULTRA", "BULLET", "BLITZ", "RAPID", "CLASSICAL", "HEARTBEAT"]}},
    {"name": "server_id", "type": "int"},
    {"name": "started_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "ended_at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "players", "type": "int"},
    {"name": "termination", "type": {"type": "enum", "name": "Termination",
      "symbols": ["NORMAL", "TIME_FORFEIT", "ABANDONED"]}},
    {"name": "tournament_id", "type": ["null", "int"], "default": null}
  ]}
  """

/// Gates against a day of online chess; figures as in the workload's page.
@Suite struct LeaderboardStatisticsTests {
  @Test func `modes, durations, endings and tournaments are as in the real games`() throws {
    let (_, all) = try arena(hours: 1, players: 16_384)
    let names = ["mode", "started_at", "ended_at", "termination"]
    let matches = try all.filter { (2..<4).contains($0.lane) }.map {
      try fields($0, matchSchema, 402, names)
    }
    let count = Double(matches.count)
    #expect(count > 3_000)
    func share(_ holds: ([Int64]) -> Bool) -> Double { Double(matches.filter(holds).count) / count }
    for (mode, measured) in [(0, 0.009), (1, 0.30), (2, 0.54), (3, 0.14), (4, 0.016)] {
      #expect(abs(share { $0[0] == mode } - measured) < 0.025, "\(mode)")
    }
    for (ending, measured) in [(0, 0.66), (1, 0.32), (2, 0.017)] {
      #expect(abs(share { $0[3] == ending } - measured) < 0.025, "\(ending)")
    }
    let durations = matches.map { Double($0[2] - $0[1]) / 1_000 }.sorted()
    for (part, seconds) in [(0.1, 75.0), (0.5, 270), (0.9, 590), (0.99, 1_528)] {
      let found = durations[Int(count * part)]
      #expect(found > seconds / 1.2 && found < seconds * 1.2, "\(part): \(found)")
    }
    let slots: [Int64] = [60, 420, 960, 2_880, 3_600]
    let aligned = share { $0[1] % (slots[Int($0[0])] * 1_000) == 0 }
    #expect(abs(aligned - 0.18) < 0.02, "\(aligned)")
  }

  @Test func `ratings, their changes and results are as in the real games`() throws {
    let (workload, all) = try arena(hours: 1, players: 16_384, [("cheats", .ratio(.zero))])
    let names = ["match_id", "player_id", "rating", "rating_diff", "delta_points"]
    let rows = try scores(all, late: false).map {
      try fields($0, workload.schema, workload.schemaID, names)
    }
    // White's score stands in front of black's.
    let pairs = stride(from: 0, to: rows.count - 1, by: 2).map { (rows[$0], rows[$0 + 1]) }
    #expect(pairs.allSatisfy { $0.0[0] == $0.1[0] })
    let count = Double(pairs.count)
    func share(_ holds: (([Int64], [Int64])) -> Bool) -> Double {
      Double(pairs.filter(holds).count) / count
    }
    #expect(abs(share { $0.0[4] == 2 } - 0.466) < 0.03)
    #expect(abs(share { $0.0[4] == 1 } - 0.045) < 0.012)
    let ratings = rows.map { Double($0[2]) }
    let mean = ratings.reduce(0, +) / Double(ratings.count)
    let square = ratings.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(ratings.count)
    #expect(abs(mean - 1_656) < 30 && abs(square.squareRoot() - 370) < 30)
    let gaps = pairs.map { abs(Double($0.0[2] - $0.1[2])) }.sorted()
    let median = gaps[gaps.count / 2]
    let ninth = gaps[gaps.count * 9 / 10]
    #expect(median > 28 / 1.5 && median < 28 * 1.5, "\(median)")
    #expect(ninth > 180 / 2.0 && ninth < 180 * 2.0, "\(ninth)")
    let changes = rows.map { abs($0[3]) }.sorted()
    #expect((4...8).contains(changes[changes.count / 2]))
    let large = Double(changes.filter { $0 > 20 }.count) / Double(changes.count)
    #expect(abs(large - 0.036) < 0.015, "\(large)")
  }
}
