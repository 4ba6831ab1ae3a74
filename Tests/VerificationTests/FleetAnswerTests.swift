import Model
import Queries
import Scenarios
import Testing
import Verification
import Workloads

private let minute = 60 * Nanoseconds.second

/// Trips and visits worked out from the sentences of the page, in the slowest way.
private struct FleetPage {
  var fixes: [Told] = []
  var assignments: [Told] = []
  var gap = 420 * Nanoseconds.second

  init(_ events: [Told]) {
    var seen: Set<[Int64?]> = []
    for event in events where event.stream == 0 {
      // Columns: vehicle, fix_at, latitude, longitude, speed, odometer, hdop, satellites, status.
      let c = event.cells.map { $0 ?? 0 }
      let isUsable =
        c[6] <= 50 && c[7] >= 4 && (0...100).contains(c[4])
        && (30_150_000...30_490_000).contains(c[2]) && (-97_900_000 ... -97_660_000).contains(c[3])
      if isUsable && seen.insert([c[0], c[1]]).inserted { fixes.append(event) }
    }
    assignments = events.filter { $0.stream == 1 }
  }

  /// Neighbours that are more than the gap apart are in different pieces.
  private func pieces(_ sorted: [Told]) -> [[Told]] {
    var pieces: [[Told]] = []
    for fix in sorted {
      if let last = pieces.last?.last, fix.time - last.time <= gap {
        pieces[pieces.count - 1].append(fix)
      } else {
        pieces.append([fix])
      }
    }
    return pieces
  }

  func trips() -> [Answer] {
    var answers: [Answer] = []
    let moving = Dictionary(grouping: fixes.filter { ($0.cells[4] ?? 0) >= 3 }) { $0.cells[0] ?? 0 }
    for (vehicle, fixes) in moving {
      for piece in pieces(fixes) {
        let (a, b) = (piece[0], piece[piece.count - 1])
        let route = assignments.last { $0.cells[0] == vehicle && $0.time <= a.time }
        answers.append(
          Answer(
            key: [vehicle, a.time],
            value: [
              b.time, Int64(piece.count), (b.cells[5] ?? 0) - (a.cells[5] ?? 0),
              piece.compactMap { $0.cells[4] }.max(), a.cells[2], a.cells[3], b.cells[2],
              b.cells[3], route?.cells[1],
            ], time: b.time + gap - .millisecond))
      }
    }
    return answers
  }

  func visits(_ zones: ZoneMap) -> [Answer] {
    var answers: [Answer] = []
    var inside: [[Int64]: [Told]] = [:]
    for fix in fixes {
      guard let zone = zone(fix.cells[2] ?? 0, fix.cells[3] ?? 0, zones) else { continue }
      inside[[fix.cells[0] ?? 0, zone], default: []].append(fix)
    }
    for (key, fixes) in inside {
      for piece in pieces(fixes) where piece.count >= 2 {
        let (a, b) = (piece[0].time, piece[piece.count - 1].time)
        answers.append(
          Answer(
            key: [key[0], key[1], a],
            value: [b, Int64(piece.count), (b - a) / .second], time: b + gap - .millisecond))
      }
    }
    return answers
  }

  /// Every zone is tried: the grid of cells plays no part here.
  private func zone(_ latitude: Int64, _ longitude: Int64, _ map: ZoneMap) -> Int64? {
    let y = latitude - map.originLatitude
    let x = ((longitude - map.originLongitude) * map.longitudeScale) >> 16
    return map.zones.compactMap { $0 }.first { zone in
      if zone.corners.isEmpty {
        let (dx, dy) = (x - zone.x, y - zone.y)
        return dx * dx + dy * dy <= zone.radius * zone.radius
      }
      var crossings = 0
      for (i, a) in zone.corners.enumerated() {
        let b = zone.corners[(i + 1) % zone.corners.count]
        if (a.y <= y) == (b.y <= y) { continue }
        // The crossing lies to the east of the place.
        let (low, high) = a.y < b.y ? (a, b) : (b, a)
        if (high.x - low.x) * (y - low.y) > (x - low.x) * (high.y - low.y) { crossings += 1 }
      }
      return crossings % 2 == 1
    }?.number
  }
}

@Suite struct FleetAnswerTests {
  private func fleet(_ query: String) throws -> Workload {
    try Population.workload(
      "fleet", query, rate: 2_000,
      [
        ("vehicles", .count(12)), ("dead_spot", .ratio(Ratio(8, 10))),
        ("dead_spot_long", .ratio(.zero)),
        ("jumps", .ratio(Ratio(1, 50))),
      ])
  }

  private let end = Instant(ns: 2 * .second)

  @Test func `trips are what the page says`() throws {
    let workload = try fleet("trips")
    let page = FleetPage(try Population.events(workload, until: end))
    let trips = page.trips()
    #expect(trips.count > 20)
    let due = trips.map(\.text).sorted()
    #expect(Population.oracle(workload, until: end) == due)
    #expect(try Population.engine(workload, until: end, tasks: 2) == due)
    invariants(of: trips, page)
  }

  /// I1 to I6 of the page, on what the page says.
  private func invariants(of trips: [Answer], _ page: FleetPage) {
    var fixes: Int64 = 0
    for (_, own) in Dictionary(grouping: trips, by: { $0.key[0] ?? 0 }) {
      let sorted = own.sorted { ($0.key[1] ?? 0) < ($1.key[1] ?? 0) }
      for (a, b) in zip(sorted, sorted.dropFirst()) {
        #expect((b.key[1] ?? 0) - (a.value[0] ?? 0) > page.gap)
      }
      for trip in own {
        let seconds = ((trip.value[0] ?? 0) - (trip.key[1] ?? 0)) / .second
        #expect((0...(50 * seconds)).contains(trip.value[2] ?? -1))
        fixes += trip.value[1] ?? 0
      }
    }
    #expect(fixes == Int64(page.fixes.filter { ($0.cells[4] ?? 0) >= 3 }.count))
  }

  @Test func `visits are what the page says`() throws {
    let workload = try fleet("visits")
    let zones = workload.plan.operators.compactMap { step -> ZoneMap? in
      guard case .select(_, let columns) = step, columns.count > 1,
        case .zone(_, _, let map) = columns[1]
      else { return nil }
      return map
    }
    let page = FleetPage(try Population.events(workload, until: end))
    let visits = page.visits(try #require(zones.first))
    #expect(visits.count > 8)
    #expect(visits.allSatisfy { ($0.value[0] ?? 0) >= ($0.key[2] ?? 0) })
    let due = visits.map(\.text).sorted()
    #expect(Population.oracle(workload, until: end) == due)
    #expect(try Population.engine(workload, until: end, tasks: 1) == due)
  }

  /// Moving positions at some seconds, ten metres a second.
  private func drive(_ seconds: [Int64]) -> [Small] {
    seconds.enumerated().map { i, second in
      Small(
        second * 1_000, 0, UInt64(i),
        [7, second * 1_000, 30_200_000, -97_800_000, 20, 1_000 + 10 * second, 10, 9, 0])
    }
  }

  private func trips(
    _ seconds: [Int64], repeating: Set<EventID> = []
  ) throws -> [String] {
    let assignment = Small(0, 1, 0, [7, 3, 0], stream: 1)
    let load = Self.small(drive(seconds) + [assignment], try fleet("trips").plan)
    return Population.oracle(load, until: .distantFuture, repeating: repeating)
  }

  private static func small(_ events: [Small], _ plan: Plan) -> Workload { workload(events, plan) }

  private func trip(_ from: Int64, _ to: Int64, fixes: Int64) -> String {
    Answer(
      key: [7, from * .second],
      value: [
        to * .second, fixes, 10 * (to - from), 20, 30_200_000, -97_800_000, 30_200_000,
        -97_800_000, 3,
      ], time: (to + 420) * .second - .millisecond
    ).text
  }

  @Test func `the worked example, and what anomalies make of it`() throws {
    #expect(
      try trips([0, 120, 600, 720])
        == [trip(0, 120, fixes: 2), trip(600, 720, fixes: 2)].sorted())
    // The position of 360 s joins them; 420 s apart is together, 421 s is not.
    #expect(try trips([0, 120, 600, 720, 360]) == [trip(0, 720, fixes: 5)])
    #expect(try trips([0, 420]) == [trip(0, 420, fixes: 2)])
    #expect(try trips([0, 421]) == [trip(0, 0, fixes: 1), trip(421, 421, fixes: 1)].sorted())
    // A copy of a position changes nothing.
    #expect(try trips([0, 120, 120]) == [trip(0, 120, fixes: 2)])
  }
}
