import Model
import Queries

/// What the plans read of an admission.
enum AdmissionColumn {
  static let stay = 0
  static let kind = 1
  static let bed = 2
  static let priorBed = 3
  static let scale = 4
  static let sources: [ColumnSource] = [
    .field("stay_id"), .field("kind"), .field("bed"), .field("prior_bed"), .field("spo2_scale"),
  ]
}

/// What the plans read of a monitor's value.
enum VitalColumn {
  static let bed = 0
  static let code = 1
  static let value = 2
  static let status = 3
  static let takenAt = 4
  static let sources: [ColumnSource] = [
    .field("bed"), .field("code"), .field("value_milli"), .field("status"), .field("taken_at"),
  ]
}

/// What the plans read of an observation.
enum ObservationColumn {
  static let id = 0
  static let stay = 1
  static let code = 2
  static let value = 3
  static let status = 4
  static let takenAt = 5
  static let sources: [ColumnSource] = [
    .field("obs_id"), .field("stay_id"), .field("code"), .field("value_milli"), .field("status"),
    .field("taken_at"),
  ]
}

/// What the plans read of a laboratory result.
enum LabColumn {
  static let id = 0
  static let version = 1
  static let stay = 2
  static let test = 3
  static let value = 4
  static let status = 5
  static let collectedAt = 6
  static let releasedAt = 7
  static let sources: [ColumnSource] = [
    .field("result_id"), .field("version"), .field("stay_id"), .textDigest("test"),
    .field("value_milli"), .field("status"), .field("collected_at"), .field("released_at"),
  ]
}

/// The plan of a query, nil when there is none of that name.
func patientPlan(query: String, _ settings: PatientSettings) -> Plan? {
  var builder = PatientPlanBuilder()
  let scored = builder.scoring(settings)
  let keyColumns: [Int]
  let labels: [ResultLabel]
  switch query {
  case "scores":
    builder.add(.filter(scored, .equal(.column(0), 0)))
    builder.add(
      .select(
        scored + 1, [1, 2, 8, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18].map { .column($0) }))
    keyColumns = [0, 1]
    labels = scoreLabels
  case "alarms":
    builder.add(.filter(scored, .equal(.column(0), 1)))
    builder.add(.select(scored + 1, [1, 3, 2, 4, 5, 6, 7].map { .column($0) }))
    keyColumns = [0, 1, 2, 3]
    labels = alarmLabels
  case "screen": return screenPlan(&builder, scored)
  default: return nil
  }
  return Plan(
    name: query, inputs: builder.inputs, watermarkDelay: PatientSettings.watermarkDelay,
    operators: builder.operators, keyColumns: keyColumns,
    valueColumns: Array(keyColumns.count..<labels.count), labels: labels)
}

private let scoreLabels = [
  ResultLabel("stay_id"), ResultLabel("slot_at", .time), ResultLabel("aggregate"),
  ResultLabel("floor"), ResultLabel("missing"), ResultLabel("pulse"), ResultLabel("breath"),
  ResultLabel("saturation"), ResultLabel("systolic"), ResultLabel("temperature"),
  ResultLabel("consciousness"), ResultLabel("oxygen"),
  ResultLabel("band", .names(["UNKNOWN", "NONE", "LOW", "LOW_MEDIUM", "MEDIUM", "HIGH"])),
  ResultLabel("oldest_taken_at", .time),
]

private let alarmLabels = [
  ResultLabel("stay_id"), ResultLabel("level", .names(["URGENT", "EMERGENCY"])),
  ResultLabel("raised_at", .time), ResultLabel("phase", .names(["START", "END"])),
  ResultLabel("at", .time),
  ResultLabel("reason", .names(["SUM", "SINGLE", "RECOVERED", "DISCHARGED"])),
  ResultLabel("floor"),
]

/// Operators in order, by number.
struct PatientPlanBuilder {
  private(set) var operators: [PlanOperator] = []

  private(set) var inputs = [
    PlanInput(
      stream: "adt", columns: AdmissionColumn.sources, eventTime: "event_at",
      watermarkDelay: PatientSettings.adtWatermarkDelay,
      isMarker: .equal(.column(AdmissionColumn.kind), AdmissionKind.heartbeat.rawValue)),
    PlanInput(
      stream: "observations", columns: ObservationColumn.sources, eventTime: "entered_at",
      isMarker: .equal(.column(ObservationColumn.code), ObservationCode.heartbeat.rawValue)),
    PlanInput(
      stream: "vitals", columns: VitalColumn.sources, eventTime: "sent_at",
      isMarker: .equal(.column(VitalColumn.code), VitalCode.heartbeat.rawValue)),
  ]

  /// Adds a stream; returns its number.
  mutating func read(_ input: PlanInput) -> Int {
    inputs.append(input)
    return inputs.count - 1
  }

  @discardableResult mutating func add(_ step: PlanOperator) -> Int {
    operators.append(step)
    return operators.count - 1
  }

  /// Who lies in a bed: (bed, stay or null), by the time of the admission.
  private mutating func occupancy(_ adt: Int) -> Int {
    func of(_ kinds: [AdmissionKind]) -> Predicate {
      .among(.column(AdmissionColumn.kind), kinds.map(\.rawValue))
    }
    let bed = Expression.column(AdmissionColumn.bed)
    let comes = add(.filter(adt, of([.admit, .transfer, .cancelDischarge])))
    let into = add(.select(comes, [bed, .column(AdmissionColumn.stay)]))
    let moves = add(.filter(adt, of([.transfer])))
    let out = add(.select(moves, [.column(AdmissionColumn.priorBed), .null]))
    let leaves = add(.filter(adt, of([.discharge])))
    let gone = add(.select(leaves, [bed, .null]))
    return add(.union([into, out, gone]))
  }

  /// Everything up to the machine, whose number it returns.
  mutating func scoring(_ settings: PatientSettings) -> Int {
    let adt = add(.input(0))
    let occupancy = occupancy(adt)
    func time(_ column: Int) -> Expression {
      .multiply(.column(column), .constant(.millisecond))
    }
    let vitals = add(.input(2))
    let final = add(.filter(vitals, .equal(.column(VitalColumn.status), 0)))
    let joined = add(
      .asOfJoin(
        AsOfJoin(
          left: final, right: occupancy, leftKey: [VitalColumn.bed], rightKey: [0],
          at: .smaller(time(VitalColumn.takenAt), .time))))
    // Without a patient a reading is an orphan.
    let stay = Expression.column(VitalColumn.sources.count + 1)
    let known = add(.filter(joined, .not(.isNull(stay))))
    let readings = add(
      .select(
        known,
        [
          stay, .constant(0), .column(VitalColumn.code), .column(VitalColumn.value), .constant(0),
          time(VitalColumn.takenAt), .null, .null,
        ]))
    let charts = add(.input(1))
    let code = Expression.column(ObservationColumn.code)
    let charted = add(
      .select(
        charts,
        [
          .column(ObservationColumn.stay), .constant(0),
          // TEMP, ACVPU and O2 are signs 4 to 6, SBP is sign 3.
          .choose(
            .equal(code, ObservationCode.systolic.rawValue), .constant(3),
            .add(code, .constant(4))),
          .column(ObservationColumn.value), .column(ObservationColumn.status),
          time(ObservationColumn.takenAt), .column(ObservationColumn.id), .null,
        ]))
    let admissions = add(
      .select(
        adt,
        [
          .column(AdmissionColumn.stay), .constant(1), .column(AdmissionColumn.kind), .null, .null,
          .null, .null, .column(AdmissionColumn.scale),
        ]))
    let all = add(.union([readings, charted, admissions]))
    return add(.process(all, key: [0], .news2(settings.scoring)))
  }
}
