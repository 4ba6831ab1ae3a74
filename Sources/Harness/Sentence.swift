import Model
import Scenarios
import Statistics
import Verification
import Workloads

/// The one sentence that a report opens with: what was checked, or what went wrong, with numbers.
struct Sentence {
  let result: RunResult
  let facts: RunFacts
  let verdicts: Verdicts
  private let style = NumberStyle.plain

  init(result: RunResult, facts: RunFacts, verdicts: Verdicts) {
    self.result = result
    self.facts = facts
    self.verdicts = verdicts
  }

  var text: String {
    switch result.outcome.code {
    case .holds: valid
    case .violated: invalid
    case .missed: missed
    case .inconclusive: inconclusive
    case .notUsable: result.outcome.usableReason + "."
    case .interrupted: interrupted
    default: result.outcome.correctnessReason + "."
    }
  }

  private var events: String {
    "\(style.count(verdicts.judgement.ledger.sent)) \(facts.workload.eventNoun)"
  }

  private var results: String {
    "\(style.count(verdicts.judgement.results.due)) \(facts.workload.resultNoun)"
  }

  private var faults: String {
    switch result.faults.count {
    case 0: ""
    case 1: ", through 1 fault"
    case let count: ", through \(count) faults"
    }
  }

  private var guarantee: String {
    switch facts.scenario.expect.guarantee ?? facts.scenario.engine.guarantee {
    case .exactlyOnce: "exactly once"
    case .atLeastOnce: "at least once"
    case .atMostOnce: "at most once"
    }
  }

  private var valid: String {
    if facts.scenario.engine.job != nil {
      let checks = facts.scenario.expect.output.count
      return "\(events): all \(style.count(verdicts.judgement.results.due)) expectations of "
        + "\(checks == 1 ? "the check" : "\(checks) checks") of the output hold\(faults)."
    }
    return "\(events) gave \(results), each \(guarantee)\(faults)."
  }

  private var invalid: String {
    guard let first = result.anomalies.found.first(where: { !$0.permitted }) else {
      return "\(result.outcome.correctnessReason)."
    }
    let expected = " (\(guarantee) was expected)."
    let noun = facts.workload.resultNoun
    let due = style.count(verdicts.judgement.results.due)
    let count = style.count(first.count)
    switch first.id {
    case "S2": return "\(count) of \(due) \(noun) were written more than once\(expected)"
    case "S1", "E2": return "\(count) of \(due) \(noun) are missing\(expected)"
    case "E3": return "\(count) \(noun) are there that no event explains\(expected)"
    case "E1", "E4": return "\(count) of \(due) \(noun) have a wrong value\(expected)"
    case "L3", "L4":
      return "\(count) of \(events) were acknowledged and never read\(expected)"
    case "L2": return "\(count) of \(events) stand more than once in the log\(expected)"
    case "V10": return "the job ended although nothing had been asked of it."
    case "T1": return "\(count) \(noun) of aborted transactions were shown to readers."
    default: return "\(first.id) \(first.name) was found \(count) times: \(first.definition)."
    }
  }

  private var missed: String {
    let rates = result.rates
    if result.outcome.saturated {
      return "throughput \(style.rate(rates.achieved)) of \(style.rate(rates.offered)) offered: "
        + "the system is saturated."
    }
    guard let worst = result.thresholds.first(where: { $0.outcome == .missed }) else {
      return "a limit is missed."
    }
    return "\(worst.metric) is \(worst.measured), wanted \(worst.expected)."
  }

  private var inconclusive: String {
    if result.outcome.correctness == .unknown {
      return "\(result.outcome.correctnessReason)."
    }
    guard let open = result.thresholds.first(where: { $0.outcome == .undecided }) else {
      return "the evidence does not decide."
    }
    return "\(open.metric) is not decided: \(open.reason)."
  }

  private var interrupted: String {
    let at = style.duration(
      max(0, (result.outcome.interruptedAt ?? .zero) - facts.phases.measureStart))
    let whole = style.duration(facts.measured)
    let state =
      verdicts.assessment.verdict == .invalid
      ? "invalid: \(verdicts.assessment.reason)" : "valid so far"
    return "after \(at) of \(whole): \(events) judged; \(state)."
  }
}
