import Model
import Queries

/// Numbers in the column `rule` of an alert; the first two are response codes of ISO 8583 field 39.
public enum FraudRule {
  /// The card is blocked because of an earlier decline.
  public static let blocked: Int64 = 62
  /// Too many requests within the velocity window.
  public static let velocity: Int64 = 65
  /// Two tiny payments and then a large one, none of them with the card present.
  public static let drain: Int64 = 70
}

/// What the plans read of a request.
enum RequestColumn {
  static let authID = 0
  static let card = 1
  static let amount = 2
  static let entry = 3
  static let sources: [ColumnSource] = [
    .field("auth_id"), .field("card"), .field("amount_minor"), .field("entry"),
  ]
}

/// The plan of a query, nil when there is none of that name.
func fraudPlan(query: String, _ settings: FraudSettings) -> Plan? {
  var operators: [PlanOperator] = [.input(0)]
  if settings.againEvery > 0 {
    operators.append(
      .deduplicate(0, by: [RequestColumn.authID], horizon: settings.duplicateHorizon))
  }
  let requests = operators.count - 1
  let guarding = operators.count
  // Columns: auth_id, card, code, attempts, blocked_until.
  operators.append(
    .process(
      requests, key: [RequestColumn.card],
      .cardGuard(
        limit: settings.velocityLimit, window: settings.velocityWindow, block: settings.block,
        pass: [RequestColumn.authID, RequestColumn.card])))
  let keyColumns: [Int]
  let valueColumns: [Int]
  switch query {
  case "decisions":
    keyColumns = [0]
    valueColumns = [1, 2, 3, 4]
  case "alerts":
    appendAlerts(&operators, requests: requests, guarding: guarding, settings)
    keyColumns = [0, 1]
    valueColumns = [2, 3]
  default: return nil
  }
  return Plan(
    name: query, input: PlanInput(stream: "requests", columns: RequestColumn.sources),
    watermarkDelay: 250 * .millisecond, operators: operators, keyColumns: keyColumns,
    valueColumns: valueColumns)
}

/// Columns of the last operator: rule, auth_id, card, blocked_until.
private func appendAlerts(
  _ operators: inout [PlanOperator], requests: Int, guarding: Int, _ settings: FraudSettings
) {
  func append(_ step: PlanOperator) -> Int {
    operators.append(step)
    return operators.count - 1
  }
  let declined = append(
    .filter(guarding, .among(.column(2), [FraudRule.blocked, FraudRule.velocity])))
  let declines = append(.select(declined, [.column(2), .column(0), .column(1), .column(4)]))

  let amount = Expression.column(RequestColumn.amount)
  let tiny = Predicate.and([.atLeast(amount, 1), .atMost(amount, 200)])
  let large = Predicate.atLeast(amount, 20_000)
  // Rows that no step takes do not change a relaxed pattern; without them it has less to look at.
  let candidates = append(
    .filter(
      requests,
      .and([
        .among(.column(RequestColumn.entry), RequestEntry.notPresent.map(\.rawValue)),
        .or([tiny, large]),
      ])))
  let drained = append(
    .pattern(
      candidates, key: [RequestColumn.card], steps: [tiny, tiny, large],
      within: settings.drainWindow, measures: [Measure(step: 2, column: RequestColumn.authID)]))
  let drains = append(
    .select(drained, [.constant(FraudRule.drain), .column(1), .column(0), .null]))
  _ = append(.union([declines, drains]))
}

/// How the card number was entered: symbols of the enum `entry`, in their order.
enum RequestEntry: Int64, CaseIterable {
  case chip, contactless, magstripe, keyed, ecommerce, credentialOnFile, heartbeat

  static let notPresent: [RequestEntry] = [.keyed, .ecommerce, .credentialOnFile]
}
