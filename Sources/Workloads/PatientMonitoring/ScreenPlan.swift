import Model
import Queries

private let hour = 3_600 * Nanoseconds.second

private func time(_ column: Int) -> Expression {
  .multiply(.column(column), .constant(.millisecond))
}

/// What of the laboratory's lactate lies around the start of an urgent alarm: results released
/// within a day of it, each in its latest version of those.
func screenPlan(_ builder: inout PatientPlanBuilder, _ scored: Int) -> Plan {
  let joined = builder.lactateAroundAlarms(scored)
  let (latest, screened) = builder.screened(joined)
  // A sample may take thirty hours, and its stamp may lie six hours ahead.
  let late = 36 * hour
  return Plan(
    name: "screen", inputs: builder.inputs, watermarkDelay: PatientSettings.watermarkDelay,
    latenessOf: [joined: late, latest: late, screened: late], emission: .corrections,
    operators: builder.operators, keyColumns: [0, 1], valueColumns: [2, 3, 4, 5],
    labels: [
      ResultLabel("stay_id"), ResultLabel("raised_at", .time), ResultLabel("n"),
      ResultLabel("max_umol"), ResultLabel("positive"), ResultLabel("first_collected_at", .time),
    ])
}

extension PatientPlanBuilder {
  /// Pairs of an urgent start and a lactate result of the stay. Columns: stay, raised_at, then
  /// those of the result.
  fileprivate mutating func lactateAroundAlarms(_ scored: Int) -> Int {
    let starts = add(
      .filter(scored, .and([.equal(.column(0), 1), .equal(.column(3), 0), .equal(.column(4), 0)])))
    let alarms = add(.select(starts, [.column(1), .column(2)]))
    let input = read(
      PlanInput(
        stream: "labs", columns: LabColumn.sources, eventTime: "collected_at",
        isMarker: .equal(.column(LabColumn.status), LabResult.heartbeat)))
    let labs = add(.input(input))
    let lactate = add(
      .filter(
        labs,
        .and([
          .equal(.column(LabColumn.test), LabSection.lactate.digest),
          .atMost(
            .subtract(time(LabColumn.releasedAt), time(LabColumn.collectedAt)), 30 * hour),
        ])))
    return add(
      .intervalJoin(
        IntervalJoin(
          left: alarms, right: lactate, leftKey: [0], rightKey: [LabColumn.stay],
          lower: -6 * hour, upper: 3 * hour)))
  }

  /// The two totals: a result in its latest version, an alarm with its results.
  fileprivate mutating func screened(_ joined: Int) -> (latest: Int, screened: Int) {
    func lab(_ column: Int) -> Expression { .column(2 + column) }
    let inTime = add(
      .filter(joined, .atMost(.subtract(time(2 + LabColumn.releasedAt), .column(1)), 24 * hour)))
    let results = add(
      .select(
        inTime,
        [
          .column(0), .column(1), lab(LabColumn.id), lab(LabColumn.version),
          lab(LabColumn.status), lab(LabColumn.value), time(2 + LabColumn.collectedAt),
        ]))
    let latest = add(
      .total(results, key: [0, 1, 2], [.argMax(4, by: 3), .argMax(5, by: 3), .argMax(6, by: 3)]))
    let known = add(
      .filter(latest, .and([.not(.equal(.column(3), 2)), .not(.isNull(.column(4)))])))
    let high = Predicate.atLeast(.column(4), 2_000)
    let valued = add(
      .select(
        known, [.column(0), .column(1), .column(4), .choose(high, .column(5), .null)]))
    let screened = add(.total(valued, key: [0, 1], [.count, .max(2), .min(3)]))
    add(
      .select(
        screened,
        [
          .column(0), .column(1), .column(2), .column(3),
          .choose(.atLeast(.column(3), 2_000), .constant(1), .constant(0)), .column(4),
        ]))
    return (latest, screened)
  }
}
