import Draws
import Model
import Queries
import Scenarios
import Testing
import Workloads

/// Columns of a position, in the order of the plan.
private struct Fix {
  var event: Event
  var vehicle: Int64 { event.columns[0] }
  /// Seconds since 1970.
  var second: Int64 { event.columns[1] / 1_000 }
  var latitude: Int64 { event.columns[2] }
  var longitude: Int64 { event.columns[3] }
  var speed: Int64 { event.columns[4] }
  var odometer: Int64 { event.columns[5] }
  var hdop: Int64 { event.columns[6] }
  var satellites: Int64 { event.columns[7] }
  var isMarker: Bool { event.columns[8] == 3 }
}

private func fleet(
  _ query: String = "trips", vehicles: Int64 = 40, rate: Int64 = 4_000,
  _ parameters: [(String, ParameterValue)] = []
) throws -> Workload {
  try workload("fleet", query: query, rate: rate, [("vehicles", .count(vehicles))] + parameters)
}

/// Positions, no markers, of all lanes in send order per lane, over so many days.
private func fixes(_ workload: Workload, days: Int) throws -> [Fix] {
  try read(workload, days: days, stream: 0).map { Fix(event: $0) }.filter { !$0.isMarker }
}

private func read(_ workload: Workload, days: Int, stream: Int) throws -> [Event] {
  var all: [Event] = []
  for (lane, of) in lanes(workload) where of == stream {
    let first = workload.source.eventTimeFloor(block: 0, of: lane)
    var index = 0
    while workload.source.eventTimeFloor(block: index, of: lane) - first
      < Int64(days) * 86_400 * .second
    {
      all += events(try #require(workload.source.block(index, of: lane)))
      index += 1
    }
  }
  return all
}

private func byVehicle(_ fixes: [Fix]) -> [[Fix]] {
  Dictionary(grouping: fixes) { $0.vehicle }.sorted { $0.key < $1.key }.map(\.value)
}

private func serviceDay(_ second: Int64) -> Int64 { (second - 34_200) / 86_400 }

/// Event-time milliseconds from the taking of a position to its sending.
private func lateness(_ fix: Fix, _ speed: Double) -> Double {
  Double(fix.event.intendedAt) * speed / 1e6 - Double(fix.event.eventTime - start.ns) / 1e6
}

@Suite struct FleetTests {
  @Test func `positions obey the rules of the stream, but for those that break them by nature`()
    throws
  {
    let all = try fixes(fleet(), days: 2)
    let invalid = all.filter { fix in
      !(30_150_000...30_490_000).contains(fix.latitude)
        || !(-97_900_000 ... -97_660_000).contains(fix.longitude)
        || !(0...100).contains(fix.speed)
    }
    #expect(invalid.allSatisfy { $0.speed == 255 || ($0.latitude == 0 && $0.longitude == 0) })
    #expect(all.allSatisfy { (0..<40).contains($0.vehicle) && (5...500).contains($0.hdop) })
    #expect(all.allSatisfy { (0...40).contains($0.satellites) })
    #expect(Double(invalid.count) / Double(all.count) < 0.002)
    let many = try fixes(
      fleet(
        "visits",
        [("null_island", .ratio(Ratio(1, 10))), ("speed_unknown", .ratio(Ratio(1, 10)))]),
      days: 1)
    #expect(abs(share(many) { $0.latitude == 0 } - 0.1) < 0.02)
    #expect(abs(share(many) { $0.speed == 255 } - 0.1) < 0.02)
  }

  @Test func `the odometer of a vehicle never falls inside a day`() throws {
    for fixes in byVehicle(try fixes(fleet(), days: 2)) {
      let sorted = fixes.sorted { $0.second < $1.second }
      let falls = zip(sorted, sorted.dropFirst()).contains { a, b in
        serviceDay(a.second) == serviceDay(b.second) && b.odometer < a.odometer
      }
      #expect(!falls)
    }
  }

  @Test func `live positions and history are each sent in order`() throws {
    let workload = try fleet("trips", [("unacked", .count(0))])
    let columns: [ColumnSource] = [.field("historical")]
    var overtaken = 0
    for fixes in byVehicle(try fixes(workload, days: 1)) {
      var last = [Int64.min, Int64.min]
      for fix in fixes {
        let isHistory = try fields(fix.event, workload, columns, "fix_at").columns[0] == 1
        #expect(fix.second > last[isHistory ? 1 : 0])
        if isHistory && fix.second < last[0] { overtaken += 1 }
        last[isHistory ? 1 : 0] = fix.second
      }
    }
    #expect(overtaken > 0)
  }

  @Test func `the trip is that of the last assignment, and legs do not overlap`() throws {
    let workload = try fleet()
    let assigned = Dictionary(
      grouping: try read(workload, days: 3, stream: 1).filter { $0.columns[2] != 2 }
    ) { $0.columns[0] }
    for (_, legs) in assigned {
      let times = legs.map(\.eventTime).sorted()
      #expect(zip(times, times.dropFirst()).allSatisfy { $1 - $0 >= 6 * 60 * .second })
    }
    let columns: [ColumnSource] = [.field("trip_id")]
    var offTrip = 0
    let all = try fixes(workload, days: 2)
    for fix in all where fix.event.eventTime > start.ns + 20 * 3_600 * .second {
      let read = try fields(fix.event, workload, columns, "fix_at")
      if read.nulls == 1 {
        offTrip += 1
        continue
      }
      let legs = assigned[fix.vehicle] ?? []
      let last = legs.last { $0.eventTime <= fix.event.eventTime }
      let trip = try fields(try #require(last), workload, columns, "starts_at").columns[0]
      #expect(read.columns[0] == trip)
      #expect(trip & 0xf_ffff == fix.vehicle)
      #expect(trip >> 26 == serviceDay(fix.second) & 31)
    }
    #expect(offTrip > 0)
  }

  @Test func `copies after a dead spot say the same as their originals`() throws {
    let all = try fixes(fleet(), days: 2)
    var copies = 0
    for (_, same) in Dictionary(grouping: all, by: { [$0.vehicle, $0.second] })
    where same.count > 1 {
      copies += 1
      #expect(same.count == 2)
      #expect(same[0].event.columns == same[1].event.columns)
      #expect(same[0].event.sequence != same[1].event.sequence)
    }
    // A third of the slots has a dead spot, with two copies each.
    #expect(copies > all.count / 1_000 && copies < all.count / 50)
  }

  @Test func `nothing is nearly too late`() throws {
    let workload = try fleet(
      "trips", [("dead_spot", .ratio(.one)), ("dead_spot_long", .ratio(Ratio(1, 2)))])
    let speed = 4_000 / (40 * 0.40 / 88)
    let late = try fixes(workload, days: 3).map { lateness($0, speed) / 1_000 }
    // Watermark delay, lateness and gap are 3,300 s, the slack 600 s less a flush.
    #expect(!late.contains { $0 > 2_720 && $0 < 3_880 })
    #expect(late.contains { $0 > 3_900 })
    #expect(late.contains { $0 > 1_000 && $0 < 2_700 })
    #expect(late.allSatisfy { $0 > -1 })
  }

  @Test func `without dead spots nothing is later than the watermark allows`() throws {
    let workload = try fleet("trips", [("dead_spot", .ratio(.zero))])
    let speed = 4_000 / (40 * 0.40 / 88)
    let late = try fixes(workload, days: 1).map { lateness($0, speed) / 1_000 }
    #expect(late.allSatisfy { $0 > -1 && $0 < 123 })
    #expect(late.contains { $0 > 60 })
  }

  @Test func `zones lie inside their cells, and hexagons inside their circles`() throws {
    let workload = try fleet("visits")
    let maps = workload.plan.operators.compactMap { step -> ZoneMap? in
      guard case .select(_, let columns) = step, columns.count > 1,
        case .zone(_, _, let map) = columns[1]
      else { return nil }
      return map
    }
    let map = try #require(maps.first)
    let zones = map.zones.compactMap { $0 }
    #expect(zones.count > 60 && zones.count < 95)
    let hexagons = zones.filter { !$0.corners.isEmpty }
    #expect(hexagons.count > zones.count / 6 && hexagons.count < zones.count / 2)
    for zone in zones {
      let row = zone.number / Int64(map.columns)
      let column = zone.number % Int64(map.columns)
      #expect(zone.x - zone.radius >= column * map.cell)
      #expect(zone.x + zone.radius < (column + 1) * map.cell)
      #expect(zone.y - zone.radius >= row * map.cell)
      #expect(zone.y + zone.radius < (row + 1) * map.cell)
      for corner in zone.corners {
        let dx = corner.x - zone.x
        let dy = corner.y - zone.y
        #expect(dx * dx + dy * dy <= zone.radius * zone.radius)
      }
    }
  }

  @Test func `assignments are not sent where the query does not read them`() throws {
    let visits = try fleet("visits")
    #expect(visits.laneStream == [0, 0, nil, nil])
    #expect(visits.streams.map(\.name) == ["positions"])
    let trips = try fleet("trips")
    #expect(trips.laneStream == [0, 0, 1, 1])
    #expect(
      try events(#require(visits.source.block(2, of: 1)))
        == events(#require(trips.source.block(2, of: 1))))
  }

  @Test func `the answer does not depend on the rate`() throws {
    let slow = try fixes(fleet(rate: 1_000), days: 1)
    let fast = try fixes(fleet(rate: 8_000), days: 1)
    func named(_ fixes: [Fix]) -> Set<[Int64]> {
      Set(fixes.filter { $0.second < start.ns / .second + 60_000 }.map { $0.event.columns })
    }
    #expect(named(slow) == named(fast))
  }
}

func share<Element>(_ all: [Element], _ holds: (Element) -> Bool) -> Double {
  Double(all.count(where: holds)) / Double(max(all.count, 1))
}

/// Gates of the page: what was measured on the buses of Capital Metro.
@Suite struct FleetStatisticsTests {
  @Test func `gaps are spread as in the real feed`() throws {
    var gaps: [Int64] = []
    for fixes in byVehicle(try fixes(fleet(), days: 2)) {
      let seconds = Set(fixes.map(\.second)).sorted()
      gaps += zip(seconds, seconds.dropFirst()).map { $1 - $0 }.filter { $0 <= 3_600 }
    }
    gaps.sort()
    func quantile(_ p: Double) -> Int64 { gaps[Int(p * Double(gaps.count))] }
    for (gap, part, within) in [
      (120, 0.47, 0.03), (119, 0.09, 0.015), (90, 0.06, 0.015), (30, 0.02, 0.012),
    ] {
      #expect(abs(share(gaps) { $0 == gap } - part) < within, "\(gap) s")
    }
    #expect((29...40).contains(quantile(0.1)))
    #expect((117...121).contains(quantile(0.5)))
    #expect((130...145).contains(quantile(0.99)))
    let long = share(gaps) { $0 > 300 }
    #expect(long > 0.000_5 && long < 0.004)
  }

  @Test func `speeds and steps are those of buses`() throws {
    let usable = try fixes(fleet(vehicles: 60), days: 1).filter {
      $0.hdop <= 50 && $0.speed <= 100
    }
    #expect(abs(share(usable) { $0.speed == 0 } - 0.37) < 0.06)
    // Metres a second; a whole number of miles an hour stands for the mile above it.
    let moving = usable.map { (Double($0.speed) + 0.5) * 0.447_04 }.filter { $0 > 0.4 }.sorted()
    func quantile(_ all: [Double], _ p: Double) -> Double { all[Int(p * Double(all.count))] }
    #expect(abs(quantile(moving, 0.5) / 9.4 - 1) < 0.2, "\(quantile(moving, 0.5))")
    #expect(abs(quantile(moving, 0.9) / 15.6 - 1) < 0.2, "\(quantile(moving, 0.9))")
    var steps: [Double] = []
    for fixes in byVehicle(usable) {
      let sorted = fixes.sorted { $0.second < $1.second }
      for (a, b) in zip(sorted, sorted.dropFirst())
      where (1...3_600).contains(b.second - a.second) {
        let dx = Double(b.longitude - a.longitude) * 0.863_6
        let dy = Double(b.latitude - a.latitude)
        steps.append((dx * dx + dy * dy).squareRoot() * 0.111_32)
      }
    }
    steps.sort()
    #expect(abs(share(steps) { $0 < 10 } - 0.13) < 0.06, "\(share(steps) { $0 < 10 })")
    #expect(abs(quantile(steps, 0.5) / 412 - 1) < 0.3, "\(quantile(steps, 0.5))")
    #expect(abs(quantile(steps, 0.9) / 1_050 - 1) < 0.3, "\(quantile(steps, 0.9))")
    #expect(abs(quantile(steps, 0.99) / 2_050 - 1) < 0.3, "\(quantile(steps, 0.99))")
  }

  @Test func `routes are used as unequally as in the real network`() throws {
    let workload = try fleet(vehicles: 300)
    let legs = try read(workload, days: 2, stream: 1).filter { $0.columns[2] != 2 }
    var days: [[Int64]: Int64] = [:]
    for leg in legs {
      days[[leg.columns[0], serviceDay(leg.eventTime / .second)]] = leg.columns[1]
    }
    let counts = Dictionary(grouping: days.values) { $0 }.map(\.value.count).sorted(by: >)
    let total = Double(counts.reduce(0, +))
    #expect(abs(Double(counts[0]) / total - 0.09) < 0.035)
    #expect(abs(Double(counts.prefix(10).reduce(0, +)) / total - 0.49) < 0.08)
  }
}
