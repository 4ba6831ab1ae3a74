import Model
import Queries
import Scenarios

/// Early-warning scores of hospital patients. See `docs/workloads/patient-monitoring.md`.
let patientMonitoring = WorkloadKind(
  name: "patient-monitoring", domain: "healthcare",
  summary: "Monitors, charts and admissions of hospital beds; early-warning scores and alarms.",
  queries: [
    WorkloadQuery(name: "scores", summary: "The early-warning score of a patient at a time slot."),
    WorkloadQuery(name: "alarms", summary: "When an alarm of a patient began and ended, and why."),
    WorkloadQuery(name: "screen", summary: "Lactate around the start of an urgent alarm."),
  ],
  defaultSources: 8, parameters: patientParameters, make: makePatientMonitoring)

private let minute = 60 * Nanoseconds.second
private let hour = 60 * minute

private let patientParameters: [WorkloadParameter] = [
  .count(
    "pairs", 1_000, 1...1_000_000, unit: "pairs of beds",
    "Pairs of a critical-care bed and a step-down bed.", "assumed"),
  .duration("vital_every", minute, .second...hour, "Time between two panels.", "assumed"),
  .duration(
    "score_every", 5 * minute, (10 * .second)...hour, "Grid of the scores.", "assumed"),
  .duration(
    "round_critical", hour, minute...(24 * hour), "Chart rounds in critical care.", "assumed"),
  .duration(
    "round_stepdown", 4 * hour, minute...(24 * hour), "Chart rounds in step-down beds.",
    "assumed"),
  .ratio("skip", Ratio(8, 100), "Chart rounds that are left out.", "assumed"),
  .duration(
    "entry_delay", 4 * minute, .second...(4 * minute),
    "Median time from taking an observation to entering it; at most thirty minutes.", "assumed"),
  .duration(
    "adt_delay", 12 * .second, .second...(6 * minute),
    "Median time from an admission to its message.", "assumed"),
  .duration(
    "adt_delay_most", 45 * .second, .second...(20 * minute),
    "Longest such time; above a minute messages come too late.", "assumed"),
  .ratio(
    "deterioration", Ratio(32, 100), "Six-hour cells in which a patient begins to worsen.",
    "published"),
  .ratio("scale2", Ratio(6, 100), "Stays with the oxygen target of scale 2.", "assumed"),
  .ratio(
    "wrong_discharge", Ratio(5, 1_000), "Stays without transfer discharged by mistake first.",
    "assumed"),
  .count(
    "probe_off", 100, 0...1_000, unit: "percent", "Scales how often probes fall off.", "published"),
  .ratio("outage", Ratio(10, 100), "Twelve-hour slots of a ward with a gateway outage.", "assumed"),
  .duration(
    "clock_offset", 2 * .second, 0...minute, "Standard deviation of the monitors' clocks.",
    "assumed"),
  .count(
    "clock_drift", 20, 0...1_000, unit: "ppm", "Greatest drift of the monitors' clocks.",
    "assumed"),
  .ratio(
    "correct", Ratio(6, 1_000), most: Ratio(3, 10), "Observations corrected later.", "assumed"),
  .ratio(
    "withdraw", Ratio(2, 1_000), most: Ratio(3, 10),
    "Observations withdrawn later: they were another patient's.", "assumed"),
  .ratio(
    "double_chart", Ratio(4, 1_000), most: Ratio(3, 10), "Observations charted twice.", "assumed"),
  .ratio(
    "lab_correct", Ratio(1, 100), most: Ratio(3, 10), "Laboratory results corrected later.",
    "assumed"),
  .count(
    "lab_rate", 100, 1...1_000, unit: "percent", "Scales how often samples are drawn.", "measured"),
  .duration(
    "valid_monitor", 5 * minute, .second...(24 * hour), "Validity of pulse, breath, oxygen.",
    "assumed"),
  .duration(
    "valid_bp", 30 * minute, .second...(24 * hour), "Validity of a blood pressure.", "assumed"),
  .duration(
    "valid_chart", 270 * minute, .second...(24 * hour), "Validity of what is charted.", "assumed"),
  .count(
    "clear_slots", 3, 1...100, unit: "slots", "Complete slots below a level that end an alarm.",
    "assumed"),
]

/// The parameters as numbers; times in milliseconds where nothing else is said.
struct PatientSettings: Hashable, Sendable {
  var pairs: Int
  var vitalEvery: Int64
  var roundCritical: Int64
  var roundStepDown: Int64
  var skip: Double
  var entryDelay: Int64
  let longestEntry = 30 * minuteMillis
  var adtDelay: Int64
  var longestADT: Int64
  var deterioration: Double
  var scale2: Double
  var wrongDischarge: Double
  var probeOff: Double
  var outage: Double
  var clockOffset: Int64
  var clockDrift: Int64
  var correct: Double
  var withdraw: Double
  var doubleChart: Double
  var labCorrect: Double
  /// Per cent.
  var labRate: Int64
  var scoring: News2

  static let watermarkDelay = 20 * Nanoseconds.second
  static let adtWatermarkDelay = 60 * Nanoseconds.second

  init(_ choice: WorkloadChoice) throws(Problems) {
    let values = ParameterValues(choice, declared: patientParameters)
    func millis(_ name: String) throws(Problems) -> Int64 {
      let value = try values.duration(name)
      if value % .millisecond != 0 {
        throw refusal(
          "the parameter \(name) of patient-monitoring is not a whole number of milliseconds")
      }
      return value / .millisecond
    }
    func share(_ name: String) throws(Problems) -> Double { try values.ratio(name).value }
    pairs = Int(try values.count("pairs"))
    vitalEvery = try millis("vital_every")
    roundCritical = try millis("round_critical")
    roundStepDown = try millis("round_stepdown")
    skip = try share("skip")
    entryDelay = try millis("entry_delay")
    adtDelay = try millis("adt_delay")
    longestADT = try millis("adt_delay_most")
    deterioration = try share("deterioration")
    scale2 = try share("scale2")
    wrongDischarge = try share("wrong_discharge")
    probeOff = Double(try values.count("probe_off")) / 100
    outage = try share("outage")
    clockOffset = try millis("clock_offset")
    clockDrift = try values.count("clock_drift")
    correct = try share("correct")
    withdraw = try share("withdraw")
    doubleChart = try share("double_chart")
    labCorrect = try share("lab_correct")
    labRate = try values.count("lab_rate")
    scoring = News2(
      every: try millis("score_every") * .millisecond,
      validMonitor: try millis("valid_monitor") * .millisecond,
      validPressure: try millis("valid_bp") * .millisecond,
      validChart: try millis("valid_chart") * .millisecond,
      clearSlots: try values.count("clear_slots"))
  }

  /// Events per second of event time at the panels' usual beat.
  var naturalRate: Double {
    Double(pairs) * (0.079 * Double(minuteMillis) / Double(vitalEvery) + 0.003)
  }
}

@Sendable private func makePatientMonitoring(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let settings = try PatientSettings(choice)
  guard let plan = patientPlan(query: choice.query, settings) else {
    throw refusal(
      "the workload patient-monitoring has no query \(choice.query)",
      hint: "take scores, alarms or screen")
  }
  let source = try PatientSource(
    seed: seed, settings: settings, choice: choice, rate: constantRate(load, choice))
  let streams = plan.inputs.compactMap { input in
    PatientStream.allCases.first { $0.name == input.stream }
  }
  return Workload(
    kind: choice.kind, source: source, streams: streams.map(\.stream),
    laneStream: (0..<source.laneCount).map { lane in
      streams.firstIndex { $0.rawValue == lane / choice.sources }
    },
    eventNoun: "records", resultNoun: choice.query, plan: plan,
    contracts: patientContracts(settings))
}
