import Model
import Queries
import Scenarios

/// Buses, their trips and their visits to zones. See `docs/workloads/fleet.md`.
let fleet = WorkloadKind(
  name: "fleet", domain: "iot",
  summary: "Positions of buses, some of them late from dead spots; trips and visits to zones.",
  queries: [
    WorkloadQuery(
      name: "trips",
      summary: "From where to where a vehicle moved, how far, how fast, which route."),
    WorkloadQuery(name: "visits", summary: "When a vehicle entered a zone and left it."),
  ],
  defaultSources: 8, parameters: fleetParameters, make: makeFleet)

private let minute = 60 * Nanoseconds.second

private let fleetParameters: [WorkloadParameter] = [
  .count("vehicles", 300, 1...1_000_000, unit: "vehicles", "Vehicles of the fleet.", "assumed"),
  .count("routes", 76, 1...5_000, unit: "routes", "Routes, of unequal use.", "measured"),
  .ratio("zone_share", Ratio(45, 100), "Cells of the area that hold a zone.", "assumed"),
  .count(
    "zone_radius", 80, 10...200, unit: "m",
    "Least radius of a zone; the greatest is four times as much.", "assumed"),
  .ratio(
    "stop_share", Ratio(19, 100), most: Ratio(60, 100), "Minutes of a leg in which a bus stands.",
    "measured"),
  .ratio(
    "dead_spot", Ratio(35, 100), "Four-hour slots of a vehicle with a stretch without network.",
    "assumed"),
  .ratio(
    "dead_spot_long", Ratio(4, 100), "Dead spots of hours, whose oldest positions come too late.",
    "assumed"),
  .duration(
    "history_lag", 5 * minute, 0...(20 * minute),
    "Longest time from the end of a dead spot to its history; the shortest is a tenth of it.",
    "assumed"),
  .ratio("jumps", Ratio(15, 10_000), most: Ratio(1, 10), "Positions somewhere else.", "assumed"),
  .ratio("null_island", Ratio(2, 10_000), most: Ratio(1, 10), "Positions at 0/0.", "assumed"),
  .ratio(
    "speed_unknown", Ratio(5, 10_000), most: Ratio(1, 10), "Positions with a speed of 255.",
    "measured"),
  .count(
    "feed_gaps", 6, 0...25, unit: "per day", "Times the whole feed is held for 60 to 110 s.",
    "assumed"),
  .count(
    "unacked", 2, 0...50, unit: "records", "Records sent again at the end of a dead spot.",
    "assumed"),
  .count("move_speed", 3, 0...100, unit: "mph", "From this speed on a vehicle moves.", "published"),
  .duration(
    "trip_gap", 420 * .second, .second...(4 * 60 * minute),
    "Longest time between two positions of a trip.", "published"),
  .duration(
    "visit_gap", 420 * .second, .second...(4 * 60 * minute),
    "Longest time between two positions of a visit.", "published"),
  .count("min_fixes", 2, 1...1_000, unit: "positions", "Positions of a visit at least.", "assumed"),
]

/// The parameters as numbers; seconds where nothing else is said.
struct FleetSettings: Hashable, Sendable {
  var vehicles: Int
  var routes: Int
  var zoneShare: Double
  var zoneRadius: ClosedRange<Int64>
  var stopShare: Double
  var deadSpot: Double
  var deadSpotLong: Double
  var historyLag: ClosedRange<Int>
  var jumps: Double
  var nullIsland: Double
  var speedUnknown: Double
  var feedGaps: Int
  var unacked: Int
  var moveSpeed: Int64
  var tripGap: Nanoseconds
  var visitGap: Nanoseconds
  var minFixes: Int64

  static let watermarkDelay = 3 * minute
  static let allowedLateness = 45 * minute

  init(_ choice: WorkloadChoice) throws(Problems) {
    let values = ParameterValues(choice, declared: fleetParameters)
    vehicles = Int(try values.count("vehicles"))
    routes = Int(try values.count("routes"))
    zoneShare = try values.ratio("zone_share").value
    let radius = try values.count("zone_radius")
    zoneRadius = radius...(4 * radius)
    stopShare = try values.ratio("stop_share").value
    deadSpot = try values.ratio("dead_spot").value
    deadSpotLong = try values.ratio("dead_spot_long").value
    let lag = Int(try values.duration("history_lag") / .second)
    historyLag = (lag / 10)...lag
    jumps = try values.ratio("jumps").value
    nullIsland = try values.ratio("null_island").value
    speedUnknown = try values.ratio("speed_unknown").value
    feedGaps = Int(try values.count("feed_gaps"))
    unacked = Int(try values.count("unacked"))
    moveSpeed = try values.count("move_speed")
    tripGap = try values.duration("trip_gap")
    visitGap = try values.duration("visit_gap")
    minFixes = try values.count("min_fixes")
    for gap in [tripGap, visitGap] where gap % .second != 0 {
      throw refusal("trip_gap and visit_gap of fleet are whole seconds")
    }
    if 4 * radius * 1_000_000 / 111_320 >= 5_000 {
      throw refusal(
        "zones of \(4 * radius) m do not fit their cells",
        hint: "take a zone_radius of 139 or less")
    }
  }

  /// Positions per second of event time: a vehicle is active two fifths of the day.
  var naturalRate: Double { Double(vehicles) * 0.40 / 88 }

  var longestGap: Int { Int(max(tripGap, visitGap) / .second) }

  /// Seconds after which a position is too late for its session.
  var lateAfter: Int {
    Int((Self.watermarkDelay + Self.allowedLateness) / .second) + longestGap
  }
}

@Sendable private func makeFleet(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let settings = try FleetSettings(choice)
  let source = try FleetSource(
    seed: seed, settings: settings, choice: choice, rate: constantRate(load, choice))
  guard let plan = fleetPlan(query: choice.query, settings, source.zoneMap) else {
    throw refusal(
      "the workload fleet has no query \(choice.query)", hint: "take trips or visits")
  }
  let positions = WorkloadStream(
    name: "positions", schema: FleetEncoder.positionsSchema, schemaID: FleetEncoder.positionsID)
  let assignments = WorkloadStream(
    name: "assignments", schema: FleetEncoder.assignmentsSchema,
    schemaID: FleetEncoder.assignmentsID)
  let readsAssignments = plan.inputs.count > 1
  return Workload(
    kind: choice.kind, source: source,
    streams: readsAssignments ? [positions, assignments] : [positions],
    laneStream: (0..<(2 * choice.sources)).map {
      $0 < choice.sources ? 0 : readsAssignments ? 1 : nil
    },
    eventNoun: "positions", resultNoun: choice.query, plan: plan,
    contracts: fleetContracts(settings))
}
