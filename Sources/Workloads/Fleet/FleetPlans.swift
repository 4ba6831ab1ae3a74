import Model
import Queries

/// What the plans read of a position.
enum PositionColumn {
  static let vehicle = 0
  static let fixAt = 1
  static let latitude = 2
  static let longitude = 3
  static let speed = 4
  static let odometer = 5
  static let hdop = 6
  static let satellites = 7
  static let status = 8
  static let sources: [ColumnSource] = [
    .field("vehicle_id"), .field("fix_at"), .field("lat_e6"), .field("lon_e6"),
    .field("speed_mph"), .field("odometer_m"), .field("hdop_tenths"), .field("satellites"),
    .field("current_status"),
  ]
}

/// What the plans read of an assignment.
enum AssignmentColumn {
  static let vehicle = 0
  static let route = 1
  static let direction = 2
  static let sources: [ColumnSource] = [
    .field("vehicle_id"), .field("route_id"), .field("direction"),
  ]
}

/// The plan of a query, nil when there is none of that name.
func fleetPlan(query: String, _ settings: FleetSettings, _ zones: ZoneMap) -> Plan? {
  let positions = PlanInput(
    stream: "positions", columns: PositionColumn.sources, eventTime: "fix_at",
    isMarker: .equal(.column(PositionColumn.status), FleetStatus.heartbeat.rawValue),
    recordKey: [PositionColumn.vehicle])
  let assignments = PlanInput(
    stream: "assignments", columns: AssignmentColumn.sources, eventTime: "starts_at",
    isMarker: .equal(.column(AssignmentColumn.direction), FleetAssignment.heartbeat),
    recordKey: [AssignmentColumn.vehicle])
  let horizon = FleetSettings.watermarkDelay + FleetSettings.allowedLateness
  // Positions that a session may use, one for each vehicle and second.
  let usable: [PlanOperator] = [
    .input(0), .filter(0, usablePosition),
    .deduplicate(1, by: [PositionColumn.vehicle, PositionColumn.fixAt], horizon: horizon),
  ]
  switch query {
  case "trips":
    return Plan(
      name: query, inputs: [positions, assignments],
      watermarkDelay: FleetSettings.watermarkDelay,
      allowedLateness: FleetSettings.allowedLateness, emission: .corrections,
      operators: usable + trips(settings), keyColumns: [0, 1],
      valueColumns: [2, 3, 4, 5, 6, 7, 8, 9, 10],
      labels: [
        ResultLabel("vehicle_id"), ResultLabel("started_at", .time),
        ResultLabel("ended_at", .time), ResultLabel("fixes"), ResultLabel("distance_m"),
        ResultLabel("max_mph"), ResultLabel("from_lat_e6"), ResultLabel("from_lon_e6"),
        ResultLabel("to_lat_e6"), ResultLabel("to_lon_e6"), ResultLabel("route_id"),
      ])
  case "visits":
    return Plan(
      name: query, inputs: [positions], watermarkDelay: FleetSettings.watermarkDelay,
      allowedLateness: FleetSettings.allowedLateness, emission: .corrections,
      operators: usable + visits(settings, zones), keyColumns: [0, 1, 2],
      valueColumns: [3, 4, 5],
      labels: [
        ResultLabel("vehicle_id"), ResultLabel("zone"), ResultLabel("entered_at", .time),
        ResultLabel("left_at", .time), ResultLabel("fixes"), ResultLabel("dwell_s"),
      ])
  default: return nil
  }
}

/// Rules 3 to 6 of the page, which hold whether or not invalid records were taken out before, and a
/// fix good enough to be used.
private let usablePosition = Predicate.and([
  .atMost(.column(PositionColumn.hdop), 50), .atLeast(.column(PositionColumn.satellites), 4),
  .atLeast(.column(PositionColumn.speed), 0), .atMost(.column(PositionColumn.speed), 100),
  .atLeast(.column(PositionColumn.latitude), FleetWorld.south),
  .atMost(.column(PositionColumn.latitude), FleetWorld.south + FleetWorld.height),
  .atLeast(.column(PositionColumn.longitude), FleetWorld.west),
  .atMost(.column(PositionColumn.longitude), FleetWorld.west + FleetWorld.degreesWide),
])

/// Operators 3 to 7: the route is that of the vehicle's last assignment.
private func trips(_ settings: FleetSettings) -> [PlanOperator] {
  let route = PositionColumn.sources.count + AssignmentColumn.route
  let fixAt = PositionColumn.fixAt
  func first(_ column: Int) -> Aggregate { .argMin(column, by: fixAt) }
  func last(_ column: Int) -> Aggregate { .argMax(column, by: fixAt) }
  return [
    .input(1),
    .asOfJoin(
      AsOfJoin(
        left: 2, right: 3, leftKey: [PositionColumn.vehicle],
        rightKey: [AssignmentColumn.vehicle])),
    .filter(4, .atLeast(.column(PositionColumn.speed), settings.moveSpeed)),
    // Columns: vehicle, start, end, then these from 3 on.
    .session(
      5, key: [PositionColumn.vehicle], gap: settings.tripGap,
      [
        .count, first(PositionColumn.odometer), last(PositionColumn.odometer),
        .max(PositionColumn.speed), first(PositionColumn.latitude),
        first(PositionColumn.longitude), last(PositionColumn.latitude),
        last(PositionColumn.longitude), first(route),
      ]),
    .select(
      6,
      [
        .column(0), .column(1), .subtract(.column(2), .constant(settings.tripGap)), .column(3),
        .subtract(.column(5), .column(4)), .column(6), .column(7), .column(8), .column(9),
        .column(10), .column(11),
      ]),
  ]
}

/// Operators 3 to 7: a session for each vehicle and zone; one stray position is no visit.
private func visits(_ settings: FleetSettings, _ zones: ZoneMap) -> [PlanOperator] {
  let left = Expression.subtract(.column(3), .constant(settings.visitGap))
  return [
    .select(
      2,
      [
        .column(PositionColumn.vehicle),
        .zone(.column(PositionColumn.latitude), .column(PositionColumn.longitude), zones),
      ]),
    .filter(3, .not(.isNull(.column(1)))),
    .session(4, key: [0, 1], gap: settings.visitGap, [.count]),
    .filter(5, .atLeast(.column(4), settings.minFixes)),
    .select(
      6,
      [
        .column(0), .column(1), .column(2), left, .column(4),
        .divide(.subtract(left, .column(2)), .constant(.second), .floor),
      ]),
  ]
}

extension FleetWorld {
  /// The zones as plans look them up, numbered by cell.
  var zoneMap: ZoneMap {
    ZoneMap(
      originLatitude: Self.south, originLongitude: Self.west,
      longitudeScale: Self.longitudeScale, cell: Self.cell, rows: Self.rows,
      columns: Self.columns,
      zones: zones.enumerated().map { index, zone in
        guard let zone else { return nil }
        return ZoneMap.Zone(
          number: Int64(index), x: zone.centre.x, y: zone.centre.y, radius: zone.radius,
          corners: zone.isHexagon ? hexagon(zone) : [])
      })
  }

  /// Corners on the circle, the first to the east: 56,756 is 65,536 times the sine of 60°.
  private func hexagon(_ zone: Zone) -> [ZoneMap.Corner] {
    let half = zone.radius / 2
    let high = (zone.radius * 56_756) >> 16
    let offsets = [
      (zone.radius, 0), (half, high), (-half, high), (-zone.radius, 0), (-half, -high),
      (half, -high),
    ]
    return offsets.map { ZoneMap.Corner(x: zone.centre.x + $0.0, y: zone.centre.y + $0.1) }
  }
}
