import Bytes
import Draws
import Model
import Queries
import Scenarios

/// The streams of the fleet: lanes 0 to sources - 1 hold positions, those after them assignments;
/// a vehicle is always in lane (its number modulo sources) of each.
///
/// Unchecked: tables are filled once, before anyone reads them.
struct FleetSource: EventSource, @unchecked Sendable {
  let laneCount: Int
  private let sources: Int
  private let settings: FleetSettings
  private let clock: PopulationClock
  private let markers: MarkerGrid
  private let world: FleetWorld
  private let families: FleetFamilies
  private let channel: FleetChannel
  private let speeds = FleetProfile.weibull()

  var zoneMap: ZoneMap { world.zoneMap }

  init(
    seed: UInt64, settings: FleetSettings, choice: WorkloadChoice, rate: Rate
  ) throws(Problems) {
    let clock = try PopulationClock(
      natural: settings.naturalRate, rate: rate, sources: choice.sources, start: choice.start)
    do throws(FleetWorldProblem) {
      world = try FleetWorld(seed: seed, settings: settings)
    } catch {
      throw refusal(
        "no two zones of the fleet are as far apart as the ends of a route",
        hint: "take a greater zone_share")
    }
    self.clock = clock
    self.settings = settings
    sources = choice.sources
    laneCount = 2 * choice.sources
    markers = MarkerGrid(
      interval: clock.markerInterval(natural: 30_000), partitions: choice.partitions)
    families = FleetFamilies(seed: seed)
    channel = FleetChannel(settings: settings, families: families)
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    let from = clock.start(of: index)
    let window = Window(
      lane: lane, index: index, from: from, to: from + clock.blockMillis,
      start: clock.startMillis)
    return lane < sources ? positions(window) : assignments(window)
  }

  /// A block as a stretch of time: `from` and `to` are event-time milliseconds after the start.
  private struct Window {
    var lane: Int
    var index: Int
    var from: Int64
    var to: Int64
    var start: Int64

    /// Milliseconds since 1970.
    var first: Int64 { start + from }
    var end: Int64 { start + to }
  }

  /// The vehicles of a lane with each of their days that can matter to a stretch of time.
  private func eachDay(
    _ first: Int64, _ end: Int64, lane: Int, reach: Int, _ body: (FleetDay) -> Void
  ) {
    let low = FleetDay.day(of: Int(floorDivide(first, 1_000)) - reach)
    let high = FleetDay.day(of: Int(floorDivide(end, 1_000)))
    for vehicle in stride(from: lane, to: settings.vehicles, by: sources) {
      for day in low...high {
        body(FleetDay(vehicle: vehicle, day: day, world: world, families: families))
      }
    }
  }

  private func positions(_ window: Window) -> EventBlock {
    var maker = PositionMaker(
      world: world, families: families, settings: settings, speeds: speeds)
    var order = SendOrder()
    var made: [FleetPosition] = []
    for instant in markers.instants(from: window.from, to: window.to) {
      for _ in 0..<markers.partitions {
        order.append(millis: instant - window.from, number: made.count)
        made.append(.marker(at: window.start + instant))
      }
    }
    let reach = FleetChannel.reach(settings)
    let firstSecond = Int(floorDivide(window.first, 1_000))
    let lastSecond = Int(floorDivide(window.end, 1_000))
    var reports: [FleetChannel.Report] = []
    eachDay(window.first, window.end, lane: window.lane, reach: reach) { day in
      for slot in 0..<FleetDay.slots {
        let start = day.start + slot * FleetDay.slot
        if start >= day.end || start > lastSecond { break }
        if start + reach < firstSecond { continue }
        channel.reports(day, slot: slot, into: &reports)
        for report in reports where report.send >= window.first && report.send < window.end {
          order.append(millis: report.send - window.first, number: made.count)
          made.append(maker.position(day, slot: slot, report))
        }
      }
    }
    order.sort()
    return FleetEncoder.positions(
      made, order, clock: clock, lane: window.lane, index: window.index)
  }

  private func assignments(_ window: Window) -> EventBlock {
    var order = SendOrder()
    var made: [FleetAssignment] = []
    for instant in markers.instants(from: window.from, to: window.to) {
      for _ in 0..<markers.partitions {
        order.append(millis: instant - window.from, number: made.count)
        made.append(.marker(at: window.start + instant))
      }
    }
    eachDay(window.first, window.end, lane: window.lane - sources, reach: 12 * 3_600 + 20) { day in
      let draws = families.assignment.indexed(UInt64(day.vehicle))
        .stream(UInt64(bitPattern: Int64(day.day)))
      for leg in 0..<day.legs {
        let at = Int64(day.start + leg * day.legLength) * 1_000
        let send = at + 1_000 + Int64(draws.below(19_001, UInt64(leg)))
        if send < window.first || send >= window.end { continue }
        order.append(millis: send - window.first, number: made.count)
        made.append(FleetAssignment(day, leg: leg, at: at))
      }
    }
    order.sort()
    return FleetEncoder.assignments(
      made, order, clock: clock, lane: window.lane, index: window.index)
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    Int(sequence >> UInt64(BlockGrid.sequenceBits))
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant { clock.earliestSend(index) }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let behind = lane < sources ? Int64(FleetChannel.reach(settings)) * 1_000 : 21_000
    return (clock.startMillis + clock.start(of: index) - behind) * .millisecond
  }
}
