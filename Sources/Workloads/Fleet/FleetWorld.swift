import Draws

/// Zones and routes of the area: small tables, functions of the seed. Places are in millionths of a
/// degree of latitude from the south-west corner: x to the east, y to the north.
final class FleetWorld: Sendable {
  static let south: Int64 = 30_150_000
  static let west: Int64 = -97_900_000
  /// Latitude and longitude run to 30.49 and -97.66.
  static let height: Int64 = 340_000
  static let degreesWide: Int64 = 240_000
  /// 65,536 cos 30.28°.
  static let longitudeScale: Int64 = 56_596
  static let width = (degreesWide * longitudeScale) >> 16
  static let cell: Int64 = 20_000
  static let rows = Int(height / cell)
  static let columns = Int(width / cell)

  struct Place: Hashable, Sendable {
    var x: Int64
    var y: Int64
  }

  struct Zone: Hashable, Sendable {
    var centre: Place
    var radius: Int64
    var isHexagon: Bool
  }

  /// By row · columns + column.
  let zones: [Zone?]
  let routes: [FleetRoute]
  let routeTable: AliasTable

  init(seed: UInt64, settings: FleetSettings) throws(FleetWorldProblem) {
    let draws = DrawFamily(seed: seed, component: "iot.fleet", purpose: "zone")
    zones = (0..<(Self.rows * Self.columns)).map { index in
      Self.zone(index, draws.stream(UInt64(index)), settings)
    }
    let centres = zones.compactMap { $0?.centre }
    let routeDraws = DrawFamily(seed: seed, component: "iot.fleet", purpose: "route")
    var routes: [FleetRoute] = []
    for index in 0..<settings.routes {
      let draws = routeDraws.stream(UInt64(index))
      guard let ends = Self.terminals(centres, draws) else { throw .noTerminals }
      routes.append(FleetRoute(from: ends.0, to: ends.1, draws: draws))
    }
    self.routes = routes
    routeTable = AliasTable(
      weights: (1...settings.routes).map { portableExp(-1.73 * portableLog(Double($0) + 9.6)) })
  }

  private static func zone(_ index: Int, _ draws: DrawStream, _ settings: FleetSettings) -> Zone? {
    if draws.word(0) >= threshold(settings.zoneShare) { return nil }
    let row = Int64(index / columns)
    let column = Int64(index % columns)
    let least = Double(settings.zoneRadius.lowerBound)
    let most = Double(settings.zoneRadius.upperBound)
    let place = Double(draws.word(3) >> 11) * 0x1p-53
    let metres = Int64(least * portableExp(place * portableLog(most / least)))
    return Zone(
      centre: Place(
        x: column * cell + 5_000 + Int64(draws.below(10_000, 1)),
        y: row * cell + 5_000 + Int64(draws.below(10_000, 2))),
      radius: metres * 1_000_000 / 111_320, isHexagon: draws.below(100, 4) < 30)
  }

  /// Two centres 45,000 to 170,000 apart; 64 tries, then the first pair from some place on.
  private static func terminals(_ centres: [Place], _ draws: DrawStream) -> (Place, Place)? {
    let count = UInt64(centres.count)
    if count < 2 { return nil }
    func fits(_ a: Place, _ b: Place) -> Bool {
      (45_000...170_000).contains(distance(a, b))
    }
    for attempt in 0..<64 {
      let a = centres[Int(draws.below(count, UInt64(100 + 2 * attempt)))]
      let b = centres[Int(draws.below(count, UInt64(101 + 2 * attempt)))]
      if fits(a, b) { return (a, b) }
    }
    for a in centres {
      for b in centres where fits(a, b) { return (a, b) }
    }
    return nil
  }

  static func latitude(_ y: Int64) -> Int64 { south + y }

  /// The least longitude whose x, as the plan computes it, is this one or more.
  static func longitude(_ x: Int64) -> Int64 {
    west + (x * 65_536 + longitudeScale - 1) / longitudeScale
  }

  /// Whether a place of degrees lies in the area; both edges belong to it.
  static func contains(latitude: Int64, longitude: Int64) -> Bool {
    (south...(south + height)).contains(latitude)
      && (west...(west + degreesWide)).contains(longitude)
  }
}

enum FleetWorldProblem: Error {
  /// No two zones are as far apart as the ends of a route.
  case noTerminals
}

/// Whole distance, rounded down.
func distance(_ a: FleetWorld.Place, _ b: FleetWorld.Place) -> Int64 {
  let dx = a.x - b.x
  let dy = a.y - b.y
  return Int64(Double(dx * dx + dy * dy).squareRoot())
}

/// A polyline between two terminals.
struct FleetRoute: Sendable {
  static let segments = 16
  /// Slowest pace of a leg, in millionths of a degree a minute: 7.5 m/s.
  private static let pace = 7.5 * 60 * 1_000_000 / 111_320
  static let longestDrive = 70

  let points: [FleetWorld.Place]
  /// Distance from the start at each point.
  let distances: [Int64]
  /// Whole degrees, clockwise from north, of each segment.
  let bearings: [Int64]
  /// Minutes of driving.
  let drive: Int
  /// Minutes of standing at the end of a leg.
  let layover: Int

  var length: Int64 { distances[Self.segments] }

  init(from: FleetWorld.Place, to: FleetWorld.Place, draws: DrawStream) {
    var points = [FleetWorld.Place](repeating: from, count: Self.segments + 1)
    points[Self.segments] = to
    var span = Self.segments
    while span > 1 {
      for start in stride(from: 0, to: Self.segments, by: span) {
        points[start + span / 2] = Self.midpoint(
          points[start], points[start + span], draws.word(UInt64(span * 32 + start)))
      }
      span /= 2
    }
    var distances: [Int64] = [0]
    for i in 0..<Self.segments {
      distances.append(distances[i] + max(1, distance(points[i], points[i + 1])))
    }
    self.points = points
    self.distances = distances
    bearings = (0..<Self.segments).map { bearing(points[$0], points[$0 + 1]) }
    drive = min(Self.longestDrive, max(1, Int(Double(distances[Self.segments]) / Self.pace + 0.5)))
    layover = 5 + Int(draws.below(8, 1))
  }

  /// Shifted sideways by up to a quarter of the span, kept in the area.
  private static func midpoint(
    _ a: FleetWorld.Place, _ b: FleetWorld.Place, _ word: UInt64
  ) -> FleetWorld.Place {
    let shift = (Double(word >> 11) * 0x1p-53 - 0.5) / 2
    let x = Double(a.x + b.x) / 2 - shift * Double(b.y - a.y)
    let y = Double(a.y + b.y) / 2 + shift * Double(b.x - a.x)
    return FleetWorld.Place(
      x: min(max(Int64(x), 500), FleetWorld.width - 500),
      y: min(max(Int64(y), 500), FleetWorld.height - 500))
  }

  /// The point at a distance from the start, and its segment.
  func point(at distance: Int64) -> (place: FleetWorld.Place, segment: Int) {
    var low = 0
    var high = Self.segments
    while high - low > 1 {
      let middle = (low + high) / 2
      if distances[middle] <= distance { low = middle } else { high = middle }
    }
    let part = min(max(distance - distances[low], 0), distances[high] - distances[low])
    let whole = distances[high] - distances[low]
    let a = points[low]
    let b = points[high]
    return (
      FleetWorld.Place(
        x: a.x + (b.x - a.x) * part / whole, y: a.y + (b.y - a.y) * part / whole), low
    )
  }
}

/// Direction in whole degrees clockwise from north, within one degree; no trigonometry.
func bearing(_ a: FleetWorld.Place, _ b: FleetWorld.Place) -> Int64 {
  let dx = Double(b.x - a.x)
  let dy = Double(b.y - a.y)
  if dx == 0 && dy == 0 { return 0 }
  let wide = max(dx, -dx)
  let high = max(dy, -dy)
  let ratio = min(wide, high) / max(wide, high)
  // The angle whose tangent this is, within a quarter of a degree.
  let eighth = ratio * (45 + 15.642 * (1 - ratio))
  let quarter = min(wide > high ? 90 - eighth : eighth, 90)
  let degrees =
    dy >= 0 ? (dx >= 0 ? quarter : 360 - quarter) : (dx >= 0 ? 180 - quarter : 180 + quarter)
  return Int64(degrees) % 360
}
