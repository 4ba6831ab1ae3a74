import Draws
import Model

/// A position as it is sent, without identity.
struct FleetPosition {
  var vehicle: Int64 = 0
  /// Nil off trip.
  var trip: Int64?
  /// Milliseconds since 1970.
  var fixAt: Int64 = 0
  var latitude: Int64 = 0
  var longitude: Int64 = 0
  var milesPerHour: Int64 = 0
  var bearing: Int64?
  var odometer: Int64 = 0
  var status = FleetStatus.heartbeat
  var hdop: Int64 = 10
  var satellites: Int64 = 9
  var sentAt: Int64 = 0
  var isHistory = false

  /// A record that says only how late it is.
  static func marker(at millis: Int64) -> Self {
    var marker = Self()
    marker.fixAt = floorDivide(millis, 1_000) * 1_000
    marker.sentAt = millis
    marker.latitude = FleetWorld.south + FleetWorld.height / 2
    marker.longitude = FleetWorld.west + FleetWorld.degreesWide / 2
    return marker
  }
}

/// Symbols of the enum `current_status`, in their order.
enum FleetStatus: Int64 {
  case inTransit, stopped, incoming, heartbeat
}

/// Makes the positions of reports; quick while those of one leg come one after another.
struct PositionMaker {
  private let world: FleetWorld
  private let families: FleetFamilies
  private let settings: FleetSettings
  private let normal = NormalTable.shared
  private var profile: FleetProfile

  /// GPS noise per axis, millionths of a degree.
  private static let noise = 45.0
  private static let unknownSpeed: Int64 = 255

  init(
    world: FleetWorld, families: FleetFamilies, settings: FleetSettings, speeds: QuantileTable
  ) {
    self.world = world
    self.families = families
    self.settings = settings
    profile = FleetProfile(stopShare: settings.stopShare, speeds: speeds, families: families)
  }

  mutating func position(
    _ day: FleetDay, slot: Int, _ report: FleetChannel.Report
  ) -> FleetPosition {
    let route = world.routes[day.route]
    let leg = day.leg(at: report.second)
    let place = profile.place(
      day, leg: leg, second: report.second - day.start - leg * day.legLength, route: route)
    let isBack = leg & 1 == 1
    let (point, segment) = route.point(at: isBack ? route.length - place.driven : place.driven)
    let draws = families.report.indexed(UInt64(day.vehicle))
      .indexed(UInt64(bitPattern: Int64(day.day))).stream(UInt64(slot))
    let base = UInt64(report.number) << 3
    let extras = draws.word(base | 5)

    var position = FleetPosition()
    position.vehicle = Int64(day.vehicle)
    position.trip = extras & 0xff < 10 ? nil : day.trip(leg)
    position.fixAt = Int64(report.second) * 1_000
    position.milesPerHour = place.milesPerHour
    // Six in a hundred devices do not know where they are heading.
    if (extras >> 8) & 0xff >= 15 {
      position.bearing = (route.bearings[segment] + (isBack ? 180 : 0)) % 360
    }
    position.odometer = odometer(day, leg, place.driven, route)
    position.status =
      place.milesPerHour == 0 ? .stopped : place.isArriving ? .incoming : .inTransit
    position.hdop = 7 + Int64((extras >> 16) & 15)
    position.satellites = 6 + Int64((extras >> 20) & 7)
    position.sentAt = report.send - 1_000 + Int64((((extras >> 24) & 0xffff) * 2_001) >> 16)
    position.isHistory = report.isHistory
    let east = Self.noise * normal.sample(draws.word(base | 3))
    let north = Self.noise * normal.sample(draws.word(base | 4))
    setPlace(
      &position, x: point.x + Int64(east), y: point.y + Int64(north), draws, base)
    return position
  }

  private func odometer(
    _ day: FleetDay, _ leg: Int, _ driven: Int64, _ route: FleetRoute
  ) -> Int64 {
    let start =
      20_000_000
      + Int64(
        families.vehicle.stream(UInt64(day.vehicle)).below(380_000_001, 1))
    return start + Int64(day.day & 1_023) * 400_000
      + (Int64(leg) * route.length + driven) * 11_132 / 100_000
  }

  private func setPlace(
    _ position: inout FleetPosition, x: Int64, y: Int64, _ draws: DrawStream, _ base: UInt64
  ) {
    var x = min(max(x, 0), FleetWorld.width - 1)
    var y = min(max(y, 0), FleetWorld.height)
    let chance = draws.word(base | 6)
    if chance < threshold(settings.jumps) {
      let other = draws.word(base | 7)
      x = Int64((other >> 32).multipliedFullWidth(by: UInt64(FleetWorld.width) << 32).high)
      y = Int64((other << 32).multipliedFullWidth(by: UInt64(FleetWorld.height)).high)
      if other % 5 != 0 { position.hdop = 51 + Int64((other >> 8) % 150) }
    }
    position.latitude = FleetWorld.latitude(y)
    position.longitude = FleetWorld.longitude(x)
    // Events that are invalid by nature; the other end of the same draw.
    if chance > UInt64.max - threshold(settings.nullIsland) {
      position.latitude = 0
      position.longitude = 0
    } else if chance > UInt64.max - threshold(settings.nullIsland + settings.speedUnknown) {
      position.milesPerHour = Self.unknownSpeed
    }
  }
}

/// An assignment of a vehicle to a trip, as it is sent.
struct FleetAssignment {
  var vehicle: Int64
  var route: Int64
  var trip: Int64
  /// Symbols OUT, BACK, HEARTBEAT.
  var direction: Int64
  /// Milliseconds since 1970.
  var startsAt: Int64
  var driver: Int64

  static let heartbeat: Int64 = 2

  init(_ day: FleetDay, leg: Int, at millis: Int64) {
    vehicle = Int64(day.vehicle)
    route = Int64(day.route)
    trip = day.trip(leg)
    direction = Int64(leg & 1)
    startsAt = millis
    driver = Int64(day.driver)
  }

  private init(marker millis: Int64) {
    vehicle = 0
    route = 0
    trip = 0
    direction = Self.heartbeat
    startsAt = millis
    driver = 0
  }

  static func marker(at millis: Int64) -> Self { Self(marker: millis) }
}
