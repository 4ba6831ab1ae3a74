import Draws

/// What a vehicle does on a service day, 03:30 to 03:30 local time: when it is active, on which
/// route, and where it is at any second. Seconds are those since 1970.
struct FleetDay: Sendable {
  let vehicle: Int
  let day: Int
  let start: Int
  let end: Int
  let route: Int
  let driver: Int
  /// Seconds from the start of a leg to that of the next.
  let legLength: Int

  /// Local time is UTC less six hours.
  static let dayStart = 9 * 3_600 + 1_800
  /// Seconds of a stretch of reports and of an outage slot.
  static let slot = 4 * 3_600
  /// Slots that a day can have: at most eleven hours.
  static let slots = 3

  init(vehicle: Int, day: Int, world: FleetWorld, families: FleetFamilies) {
    let fixed = families.vehicle.stream(UInt64(vehicle))
    let draws = families.day.indexed(UInt64(vehicle)).stream(UInt64(bitPattern: Int64(day)))
    let isMorning = fixed.below(100, 0) < 65
    let earliest = isMorning ? 3_600 : 8 * 3_600 + 1_800
    start = day * 86_400 + Self.dayStart + earliest + Int(draws.below(3 * 3_600, 0))
    end = start + 8 * 3_600 + Int(draws.below(3 * 3_600, 1))
    route = world.routeTable.pick(draws.word(2))
    driver = Int(draws.below(1_000_000, 3))
    self.vehicle = vehicle
    self.day = day
    legLength = (world.routes[route].drive + world.routes[route].layover) * 60
  }

  static func day(of second: Int) -> Int { floorDivide(second - dayStart, 86_400) }

  func leg(at second: Int) -> Int { (second - start) / legLength }

  var legs: Int { (end - 1 - start) / legLength + 1 }

  /// The number of a trip: service day modulo 32, leg, vehicle.
  func trip(_ leg: Int) -> Int64 {
    Int64((((day & 31) << 6) | leg) << 20 | vehicle)
  }
}

/// The named draws of the workload.
struct FleetFamilies: Sendable {
  let vehicle: DrawFamily
  let day: DrawFamily
  let leg: DrawFamily
  let mode: DrawFamily
  let report: DrawFamily
  let outage: DrawFamily
  let feed: DrawStream
  let assignment: DrawFamily

  init(seed: UInt64) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "iot.fleet", purpose: purpose)
    }
    vehicle = family("vehicle")
    day = family("day")
    leg = family("leg")
    mode = family("mode")
    report = family("report")
    outage = family("outage")
    feed = family("feed").stream(0)
    assignment = family("assignment")
  }
}

/// The speeds of a leg, minute by minute, scaled so that they make the length of the route. Kept
/// while reports of one leg are made in order.
struct FleetProfile {
  private var key = (vehicle: -1, day: 0, leg: 0)
  private var driven = [Double](repeating: 0, count: FleetRoute.longestDrive + 1)
  private let stops: UInt64
  private let speeds: QuantileTable
  private let families: FleetFamilies

  init(stopShare: Double, speeds: QuantileTable, families: FleetFamilies) {
    stops = threshold(stopShare)
    self.speeds = speeds
    self.families = families
  }

  /// Quantiles of a Weibull distribution of shape 1.70 and scale 10.7 m/s, in mm/s.
  static func weibull() -> QuantileTable {
    QuantileTable(range: 0...60_000) { p in
      10_700 * portableExp(portableLog(-portableLog(1 - p)) / 1.70)
    }
  }

  struct Place {
    /// From the start of the leg, in millionths of a degree.
    var driven: Int64
    var milesPerHour: Int64
    var isArriving: Bool
  }

  /// Where on its leg a vehicle is some seconds after the leg's start.
  mutating func place(_ day: FleetDay, leg: Int, second: Int, route: FleetRoute) -> Place {
    if key != (day.vehicle, day.day, leg) { fill(day, leg, route) }
    let minute = second / 60
    if minute >= route.drive {
      return Place(driven: route.length, milesPerHour: 0, isArriving: false)
    }
    let step = driven[minute + 1] - driven[minute]
    // Millionths of a degree a minute as miles an hour: 0.11132 m, 1,609.344 m.
    let speed = Int64(step * 0.111_32 * 60 / 1_609.344)
    return Place(
      driven: Int64(driven[minute] + step * Double(second % 60) / 60), milesPerHour: speed,
      isArriving: minute == route.drive - 1)
  }

  private mutating func fill(_ day: FleetDay, _ leg: Int, _ route: FleetRoute) {
    key = (day.vehicle, day.day, leg)
    let draws = families.leg.indexed(UInt64(day.vehicle))
      .indexed(UInt64(bitPattern: Int64(day.day))).stream(UInt64(leg))
    var sum = 0.0
    for minute in 0..<route.drive {
      let word = draws.word(UInt64(2 * minute))
      if word >= stops { sum += Double(speeds.sample(draws.word(UInt64(2 * minute + 1)))) }
      driven[minute + 1] = sum
    }
    if sum == 0 {
      for minute in 0..<route.drive { driven[minute + 1] = Double(minute + 1) }
      sum = Double(route.drive)
    }
    let scale = Double(route.length) / sum
    for minute in 0..<route.drive { driven[minute + 1] *= scale }
  }
}
