import Draws
import Model
import Scenarios

/// Streams in the order of their lanes. Charts stand before monitors, so that of two readings taken
/// at one time the order of events takes the charted one first.
enum PatientStream: Int, CaseIterable, Sendable {
  case adt, observations, vitals, labs

  var name: String {
    switch self {
    case .adt: "adt"
    case .observations: "observations"
    case .vitals: "vitals"
    case .labs: "labs"
    }
  }

  var stream: WorkloadStream {
    let schema =
      switch self {
      case .adt: PatientSchemas.adt
      case .observations: PatientSchemas.observations
      case .vitals: PatientSchemas.vitals
      case .labs: PatientSchemas.labs
      }
    return WorkloadStream(name: name, schema: schema, schemaID: schemaID)
  }

  var schemaID: UInt32 { UInt32(501 + rawValue) }
}

/// The streams of the beds: stream number · sources + (pair modulo sources) is the lane.
struct PatientSource: EventSource {
  let laneCount: Int
  private let sources: Int
  private let settings: PatientSettings
  private let clock: PopulationClock
  private let markers: MarkerGrid
  private let tables: PatientTables

  init(
    seed: UInt64, settings: PatientSettings, choice: WorkloadChoice, rate: Rate
  ) throws(Problems) {
    let clock = try PopulationClock(
      natural: settings.naturalRate, rate: rate, sources: choice.sources, start: choice.start)
    self.clock = clock
    self.settings = settings
    sources = choice.sources
    laneCount = PatientStream.allCases.count * choice.sources
    markers = MarkerGrid(
      interval: clock.markerInterval(natural: 30_000), partitions: choice.partitions)
    tables = PatientTables(seed: seed, settings: settings)
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    guard let stream = PatientStream(rawValue: lane / sources) else { return nil }
    let start = clock.start(of: index)
    let from = clock.startMillis + start
    let to = from + clock.blockMillis
    let instants = markers.instants(from: start, to: start + clock.blockMillis)
      .map { $0 + clock.startMillis }
    let frame = PatientBlock(
      lane: lane, index: index, from: from, start: clock.startMillis, clock: clock)
    switch stream {
    case .adt:
      let maker = AdmissionMaker(tables)
      let made = collect(lane, instants, marker: Admission.marker) {
        if index == 0 { maker.census($0, at: from, into: &$1) }
        maker.admissions($0, from: from, to: to, into: &$1)
      }
      return frame.encode(made)
    case .observations:
      let maker = ChartMaker(tables)
      let made = collect(lane, instants, marker: Observation.marker) {
        if index == 0 { maker.census($0, at: from, into: &$1) }
        maker.observations($0, from: from, to: to, into: &$1)
      }
      return frame.encode(made)
    case .vitals:
      let maker = VitalsMaker(tables)
      let made = collect(lane, instants, marker: VitalReading.marker) {
        maker.readings($0, from: from, to: to, into: &$1)
      }
      return frame.encode(made)
    case .labs:
      let maker = LabMaker(tables)
      let made = collect(lane, instants, marker: LabResult.marker) {
        maker.results($0, from: from, to: to, into: &$1)
      }
      return frame.encode(made)
    }
  }

  /// Markers, then what the pairs of a lane say, pair by pair.
  private func collect<Event>(
    _ lane: Int, _ instants: [Int64], marker: (Int64) -> Event,
    _ make: (BedPair, inout [Event]) -> Void
  ) -> [Event] {
    var made: [Event] = []
    for instant in instants {
      for _ in 0..<markers.partitions { made.append(marker(instant)) }
    }
    for pair in stride(from: lane % sources, to: settings.pairs, by: sources) {
      make(BedPair(pair: pair, families: tables), &made)
    }
    return made
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    Int(sequence >> UInt64(BlockGrid.sequenceBits))
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant { clock.earliestSend(index) }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let behind: Int64 =
      switch PatientStream(rawValue: lane / sources) {
      case .adt: settings.longestADT + 1
      case .labs: LabMaker.oldest
      default: 0
      }
    return (clock.startMillis + clock.start(of: index) - behind) * .millisecond
  }
}
