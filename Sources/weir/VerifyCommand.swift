import Commands
import Model
import Scenarios
import Statistics
import Verification

extension Session {
  func verify() throws(Problems) -> ExitCode {
    let word = invocation.arguments[0]
    let path: String
    if Files.kind(word) == .file {
      if word.hasSuffix(".jsonl") {
        throw failure("\(word): histories as JSON lines are not in this version (\(weirVersion))")
      }
      path = word
    } else {
      path = try RunLookup.find(word) + "/history.weir"
    }
    console.detail("the history is \(path)")
    let result = try judge(history: path)
    let code = Self.code(of: result.outcome.correctness)
    let page = VerdictPage(result)
    var explained: [VerdictPage.Case] = []
    if let wanted = invocation.value("explain") { explained = try page.cases(wanted) }
    if console.json {
      console.document(page.document(code, explained))
    } else if !console.quiet {
      console.result(explained.isEmpty ? page.overview : page.told(explained))
    } else if code != .holds {
      console.result(page.sentence + "\n")
    }
    return code
  }

  static func code(of verdict: Verdict) -> ExitCode {
    switch verdict {
    case .valid: .holds
    case .unknown: .inconclusive
    case .invalid: .violated
    }
  }
}

/// What a history proves, as text.
struct VerdictPage {
  /// One witness of a class.
  struct Case {
    var anomaly: Anomaly
    /// From 1.
    var number: Int
  }

  let result: RunResult

  init(_ result: RunResult) { self.result = result }

  var sentence: String {
    let outcome = result.outcome
    switch outcome.correctness {
    case .valid: return "VALID  \(countedResults)"
    case .unknown: return "INCONCLUSIVE  \(asciiEscaped(outcome.correctnessReason))."
    case .invalid: return "INVALID  \(asciiEscaped(outcome.sentence))"
    }
  }

  private var countedResults: String {
    let style = NumberStyle.plain
    let oracle = result.oracle
    return
      "\(style.count(oracle.found)) of \(style.count(oracle.due)) \(result.identity.resultNoun)"
      + " are as the oracle says; nothing contradicts what was promised."
  }

  /// The verdict, the anomalies, and how much was looked at.
  var overview: String {
    var out = sentence + "\n"
    for anomaly in result.anomalies.found {
      let word = anomaly.permitted ? "permitted" : "VIOLATED"
      out += "  \(padded(word, 11))\(anomaly.id) \(anomaly.name), \(times(anomaly.count)): "
      out += asciiEscaped(anomaly.permitted ? anomaly.reason : anomaly.definition) + "\n"
    }
    let states = result.anomalies.classes
    let clean = states.filter { $0.state == .clean }.count
    let apply = states.filter { $0.state != .notApplicable }
    let unknown = apply.filter { $0.state == .unknown }
    let later = unknown.filter { anomalyClass($0.id)?.isChecked == false }
    out += "  \(apply.count) of \(states.count) anomaly classes apply: \(clean) clean, "
    out += "\(later.count) not looked for in this version\n"
    var reasons: [String] = []
    let open = unknown.filter { anomalyClass($0.id)?.isChecked != false }
    for one in open where !reasons.contains(one.reason) { reasons.append(one.reason) }
    for reason in reasons {
      let ids = open.filter { $0.reason == reason }.map(\.id).joined(separator: " ")
      out += "  unknown    \(ids): \(asciiEscaped(reason))\n"
    }
    out += "  history hash \(result.identity.historyHash.text)\n"
    if let first = result.anomalies.found.first(where: { !$0.witnesses.isEmpty }) {
      let run = result.identity.historyHash.text.prefix(8)
      out += "EXPLAIN  weir verify \(run) --explain \(first.id)/1\n"
    }
    return out
  }

  /// `S2`: its first case; `S2/3`: the third; `all`: the first of every class.
  func cases(_ wanted: String) throws(Problems) -> [Case] {
    let found = result.anomalies.found
    if wanted == "all" {
      return found.filter { !$0.witnesses.isEmpty }.map { Case(anomaly: $0, number: 1) }
    }
    let parts = wanted.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard let anomaly = found.first(where: { $0.id == parts[0] || $0.name == parts[0] }) else {
      let ids = result.anomalies.classes.map(\.id)
      if ids.contains(String(parts[0])) {
        throw failure("--explain: no case of \(parts[0]) was found in this history")
      }
      let near = nearestName(to: String(parts[0]), in: ids).map { "; did you mean '\($0)'?" } ?? ""
      throw failure("--explain: no anomaly class '\(parts[0])'\(near)  All: weir list checkers")
    }
    if parts.count == 1 { return [Case(anomaly: anomaly, number: 1)] }
    guard let number = Int(parts[1]), number >= 1, number <= anomaly.witnesses.count else {
      throw failure(
        "--explain: '\(wanted)': \(anomaly.id) has \(anomaly.witnesses.count) told in full, from 1")
    }
    return [Case(anomaly: anomaly, number: number)]
  }

  /// Cases with their stories.
  func told(_ cases: [Case]) -> String {
    cases.map(told).joined(separator: "\n")
      + "  Times from the start of the measure phase.\n"
  }

  private func told(_ one: Case) -> String {
    let anomaly = one.anomaly
    let head = anomaly.permitted ? "PERMITTED" : "INVALID"
    var out = "\(head)  \(anomaly.id) \(anomaly.name), \(times(anomaly.count)): "
    out += asciiEscaped(anomaly.definition) + "."
    guard one.number <= anomaly.witnesses.count else { return out + "\n" }
    if anomaly.count > 1 { out += " Case \(one.number), told in full:" }
    out += "\n"
    let witness = anomaly.witnesses[one.number - 1]
    for step in witness.story {
      let entry = padded("#\(NumberStyle.plain.count(step.entry))", 12)
      out += "  \(seconds(step.at))  \(entry)\(asciiEscaped(step.sentence))\n"
    }
    out += "  \(asciiEscaped(witness.conclusion))\n"
    if !anomaly.others.isEmpty {
      let ids = anomaly.others.map { "\($0.source):\(NumberStyle.plain.count($0.sequence))" }
      out += "  Others: \(ids.joined(separator: "  "))\n"
    }
    return out
  }

  /// From the start of the measure phase, as `14.603 s`.
  private func seconds(_ at: Instant) -> String {
    let ns = at.ns + (result.rates.samples.first?.start ?? 0)
    let millis = ns.magnitude / 1_000_000
    let rest = String(millis % 1000)
    let text =
      "\(ns < 0 ? "-" : "")\(millis / 1000).\(String(repeating: "0", count: 3 - rest.count))"
    let full = text + rest + " s"
    return String(repeating: " ", count: max(0, 9 - full.count)) + full
  }

  private func times(_ count: Int) -> String {
    count == 1 ? "1 time" : "\(NumberStyle.plain.count(count)) times"
  }

  func document(_ code: ExitCode, _ cases: [Case]) -> JSONValue {
    .object([
      ("schema", .string("weir-verify/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      ("verdict", .string("\(result.outcome.correctness)")),
      ("reason", .string(result.outcome.correctnessReason)),
      ("history_hash", .string(result.identity.historyHash.text)),
      (
        "anomalies",
        .array(
          result.anomalies.found.map {
            .object([
              ("class", .string($0.id)), ("name", .string($0.name)),
              ("count", .integer(Int64($0.count))), ("permitted", .bool($0.permitted)),
              ("reason", .string($0.reason)),
            ])
          })
      ),
      (
        "classes",
        .array(
          result.anomalies.classes.map {
            .object([
              ("class", .string($0.id)), ("state", .string($0.state.rawValue)),
              ("reason", .string($0.reason)),
            ])
          })
      ),
      ("explained", .array(cases.map(document))),
    ])
  }

  private func document(_ one: Case) -> JSONValue {
    guard one.number <= one.anomaly.witnesses.count else { return .null }
    let witness = one.anomaly.witnesses[one.number - 1]
    return .object([
      ("class", .string(one.anomaly.id)), ("case", .integer(Int64(one.number))),
      (
        "story",
        .array(
          witness.story.map {
            .object([
              ("entry", .integer(Int64(clamping: $0.entry))), ("at_ns", .integer($0.at.ns)),
              ("sentence", .string($0.sentence)),
            ])
          })
      ),
      ("conclusion", .string(witness.conclusion)),
    ])
  }
}
