import History
import Model
import Queries
import Scenarios

/// What the facts of a run mean under its promises.
public struct Assessment: Sendable {
  public var verdict: Verdict
  /// Cause of an unknown or invalid verdict, one sentence without full stop; empty when valid.
  public var reason: String
  /// Not permitted first, then permitted; within each in the order of the catalogue.
  public var anomalies: [Anomaly]
  /// The whole catalogue, in its order.
  public var classes: [ClassState]
  public var promises: [PromiseState]

  public struct ClassState: Hashable, Sendable {
    public enum State: String, Sendable { case clean, permitted, violation, notApplicable, unknown }
    public var id: String
    public var name: String
    public var state: State
    public var count: Int
    /// Why it does not apply or is unknown.
    public var reason: String
  }

  public struct PromiseState: Hashable, Sendable {
    public var part: String
    public var promise: String
    public var kept: Verdict
  }
}

/// Judges facts: the verdict is a function of what was found, what the parts promise and what the
/// scenario expects. `anomalies` are those that `Judge.tell` made of the judgement.
public func assess(
  _ judgement: Judgement, _ anomalies: [Anomaly], under configuration: Configuration, plan: Plan
) -> Assessment {
  let promised = promises(configuration)
  var judged = anomalies
  for place in judged.indices {
    let (permitted, reason) = permission(
      judged[place].id, judgement, promised, configuration)
    judged[place].permitted = permitted
    judged[place].reason = reason
  }
  let gaps = judgement.gaps + blindSpots(judgement)
  let cut = judgement.end != .complete
  let broken = judged.filter { !$0.permitted }
  let verdict: Verdict =
    cut ? .unknown : !broken.isEmpty ? .invalid : gaps.isEmpty ? .valid : .unknown
  let reason =
    switch verdict {
    case .valid: ""
    case .unknown: gaps.first ?? "the history is not whole"
    case .invalid: sentence(of: broken)
    }
  return Assessment(
    verdict: verdict, reason: reason,
    anomalies: judged.filter { !$0.permitted } + judged.filter { $0.permitted },
    classes: catalogue.map { state(of: $0, judgement, judged, gaps, configuration, plan) },
    promises: promised.map { kept($0, broken, gaps) })
}

private func sentence(of broken: [Anomaly]) -> String {
  guard let first = broken.first else { return "" }
  let more = broken.count > 1 ? ", and \(broken.count - 1) more classes were found" : ""
  return "\(first.count) of \(first.id) \(first.name): \(first.reason)\(more)"
}

/// A check that saw nothing says unknown.
private func blindSpots(_ judgement: Judgement) -> [String] {
  var spots: [String] = []
  if judgement.ledger.isReadBack {
    if !judgement.seen.contains(.readBack) { spots.append("the input was not read back") }
  } else if !judgement.seen.contains(.polled) {
    spots.append("the engine read nothing")
  }
  if judgement.results.due == 0 && judgement.results.extra == 0 {
    spots.append("no result was due, so nothing was compared")
  }
  return spots
}

private func permission(
  _ id: String, _ judgement: Judgement, _ promised: [PartPromise], _ configuration: Configuration
) -> (Bool, String) {
  let fact = judgement.fact(id)
  if configuration.permit.contains(id) { return (true, "the scenario permits it") }
  if id == "L4" { return (true, "not decided: the reader did not come as far") }
  // A wrong result that follows from an upstream class goes with that class where the scenario
  // expects no more than that.
  if let fact, !fact.causes.isEmpty, fact.causes.reduce(0, { $0 + $1.count }) == fact.count,
    fact.causes.allSatisfy({ follows($0.id, configuration.expected) })
  {
    let ids = fact.causes.map(\.id).joined(separator: ", ")
    return (true, "it follows from \(ids), and \(configuration.expected.rawValue) was expected")
  }
  if let breaker = promised.first(where: { $0.forbids.contains(id) }) {
    let allowed = promised.last { $0.allows.contains { $0.id == id } }
    if breaker.part != "end to end", let allowed, allowed.part == "end to end" {
      return (true, allowed.allows.first { $0.id == id }?.reason ?? "")
    }
    return (false, "\(breaker.part): \(breaker.sentence)")
  }
  // A weak promise of the engine excuses a wrong result only where something was read twice or
  // left out at all.
  let excuses = ["L2", "C4", "L3", "C3", "L8"]
  let isExcused =
    configuration.isJob || !id.hasPrefix("E") || excuses.contains { judgement.fact($0) != nil }
  for part in promised where isExcused {
    if let allowance = part.allows.first(where: { $0.id == id }) {
      return (true, allowance.reason)
    }
  }
  return (false, "nothing permits it")
}

private func follows(_ cause: String, _ expected: Guarantee) -> Bool {
  switch expected {
  case .exactlyOnce: false
  case .atLeastOnce: cause == "L2" || cause == "C4"
  case .atMostOnce: cause == "L3" || cause == "C3"
  }
}

private func kept(
  _ promise: PartPromise, _ broken: [Anomaly], _ gaps: [String]
) -> Assessment.PromiseState {
  let isBroken = broken.contains { promise.forbids.contains($0.id) }
  return .init(
    part: promise.part, promise: promise.sentence,
    kept: isBroken ? .invalid : gaps.isEmpty ? .valid : .unknown)
}

private func state(
  of named: AnomalyClass, _ judgement: Judgement, _ judged: [Anomaly], _ gaps: [String],
  _ configuration: Configuration, _ plan: Plan
) -> Assessment.ClassState {
  func make(_ state: Assessment.ClassState.State, _ count: Int = 0, _ reason: String = "")
    -> Assessment.ClassState
  {
    .init(id: named.id, name: named.name, state: state, count: count, reason: reason)
  }
  if let found = judged.first(where: { $0.id == named.id }) {
    if named.id == "L4" && !configuration.permit.contains("L4") {
      return make(.unknown, found.count, found.reason)
    }
    return make(found.permitted ? .permitted : .violation, found.count, found.reason)
  }
  if let reason = notApplicable(named.id, configuration, plan) {
    return make(.notApplicable, 0, reason)
  }
  if !named.isChecked { return make(.unknown, 0, "not looked for in this version") }
  if let missing = unseen(named.id, judgement) { return make(.unknown, 0, missing) }
  if let gap = gaps.first { return make(.unknown, 0, gap) }
  return make(.clean)
}

/// Why a class cannot occur in this pipeline; nil when it can.
private func notApplicable(_ id: String, _ c: Configuration, _ plan: Plan) -> String? {
  if c.isJob {
    let seenOfJobs = ["C2", "E1", "E2", "E3", "E4", "S2", "V10"]
    if "CEST".contains(id.prefix(1)), !seenOfJobs.contains(id) {
      return "of the job only its output and its committed positions are seen"
    }
  } else if id == "V10" {
    return "there is no job of the user"
  }
  switch id {
  case "C6", "C7": return "partitions are assigned to tasks for the whole run"
  case "C8", "C9", "C10", "C11", "C12", "C13", "C14", "C15", "C16":
    return "the log has no acknowledgement of single deliveries"
  case "C19", "C20": return "partitions are not split and not leased"
  case "L5", "L6", "L9", "L10", "T2", "T3", "T4", "T5", "C5":
    return "no operation both reads and writes the input log"
  case "E9": return plan.hasWindow ? nil : "the plan has no window"
  case "E15": return plan.maker.isAbsence ? nil : "no result of the plan waits for a silence"
  case "E17": return plan.maker.isJoin ? nil : "the results of the plan are not those of a join"
  case "S7":
    if c.sink != .transactional { return "the sink has no transactions" }
    return plan.emission == .corrections ? nil : "a key has one result"
  case "E14": return "the number of tasks does not change"
  case "E16": return c.strategy == .continuous ? "the engine does not work in batches" : nil
  case "S3", "S4", "S5", "S6", "T6", "T7", "T13":
    return c.sink == .transactional ? nil : "the sink has no transactions"
  case "D9": return "there is one tenant"
  default: return nil
  }
}

/// What a class would have to be seen in, where the history has nothing of it.
private func unseen(_ id: String, _ judgement: Judgement) -> String? {
  let need: EntryKind? =
    switch id {
    case "L1", "L13": .acknowledged
    case "L2", "L3", "L4", "L8", "L12", "L14", "C3", "C4", "D1", "D2":
      judgement.ledger.isReadBack ? .readBack : .polled
    case "C1", "C2": .positionCommitted
    case "E5", "E7", "E8": .watermark
    case "S4", "S6": .commitRequested
    case "S2", "S3", "S7", "E1", "E3", "E4", "E6", "E9":
      judgement.ledger.isReadBack ? .output : .observed
    default: nil
    }
  guard let need, !judgement.seen.contains(need) else { return nil }
  return "the history has no entry \(need.name)"
}
