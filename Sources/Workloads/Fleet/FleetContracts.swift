import Queries

/// Contracts of the fleet's streams for a population.
func fleetContracts(_ settings: FleetSettings) -> [StreamContract] {
  let vehicles = 0...(Int64(settings.vehicles) - 1)
  let positions = FleetEncoder.positionsSchema
  let assignments = FleetEncoder.assignmentsSchema
  return [
    StreamContract(
      stream: "positions", schema: positions,
      changes: [
        SchemaChange(
          .compatible, "occupancy_pct is added with a default",
          positions.addingField(
            #"{"name": "occupancy_pct", "type": ["null", "int"], "default": null}"#)),
        SchemaChange(
          .breaking, "speed_mph becomes speed_kmh without an alias",
          positions.replacingOnce("speed_mph", "speed_kmh")),
      ],
      rules: positionRules(vehicles)),
    StreamContract(
      stream: "assignments", schema: assignments,
      changes: [
        SchemaChange(
          .compatible, "block_id is added with a default",
          assignments.addingField(
            #"{"name": "block_id", "type": ["null", "int"], "default": null}"#)),
        SchemaChange(
          .breaking, "driver_id becomes a string",
          assignments.replacingOnce(
            #"{"name": "driver_id", "type": "int"}"#,
            #"{"name": "driver_id", "type": "string"}"#)),
      ],
      rules: [
        .range("vehicle_id", vehicles), .range("route_id", 0...(Int64(settings.routes) - 1)),
      ]),
  ]
}

/// Rules 2 to 8 of the page; that a record decodes comes before them.
private func positionRules(_ vehicles: ClosedRange<Int64>) -> [ValidityRule] {
  let day = Expression.modulo(
    .divide(
      .subtract(.column(2), .constant(Int64(FleetDay.dayStart) * 1_000)), .constant(86_400_000),
      .floor), .constant(32))
  let south = FleetWorld.south
  let west = FleetWorld.west
  return [
    .range("vehicle_id", vehicles),
    .range("lat_e6", -90_000_000...90_000_000),
    .range("lon_e6", -180_000_000...180_000_000),
    ValidityRule(
      .outOfRange, "null-island", [.field("lat_e6"), .field("lon_e6")],
      .not(.and([.equal(.column(0), 0), .equal(.column(1), 0)]))),
    ValidityRule(
      .outOfRange, "area", [.field("lat_e6"), .field("lon_e6")],
      .and([
        .atLeast(.column(0), south), .atMost(.column(0), south + FleetWorld.height),
        .atLeast(.column(1), west), .atMost(.column(1), west + FleetWorld.degreesWide),
      ])),
    .range("speed_mph", 0...100),
    .range("hdop_tenths", 5...500),
    .range("satellites", 0...40),
    ValidityRule(
      .rule, "trip", [.field("trip_id"), .field("vehicle_id"), .field("fix_at")],
      .or([
        .isNull(.column(0)),
        .and([
          .same(.modulo(.column(0), .constant(1 << 20)), .column(1)),
          .same(.divide(.column(0), .constant(1 << 26), .floor), day),
        ]),
      ])),
    .atMost(.rule, "age", "sent_at", "fix_at", 86_400_000),
    .atMost(.future, "future", "fix_at", "sent_at", 300_000),
  ]
}
