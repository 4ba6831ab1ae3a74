import CShim
import Commands
import KafkaBackbone
import Model
import Reporting
import Scenarios
import Statistics

extension Session {
  /// Runs a scenario in the model and on a real system, and holds one against the other.
  func validate() throws(Problems) -> ExitCode {
    let found = try ScenarioLookup().find(invocation.arguments[0])
    let against = try validationTarget()
    let tolerances = try readTolerances()
    let model = try loadSide(found, backbone: "embedded", clock: "virtual")
    let real = try loadSide(found, backbone: against, clock: "wall")
    if real.loaded.scenario.backbone.kind == .kafka {
      try KafkaSystem.require(for: real.loaded.scenario)
    }
    let first = try run(model, found, as: "model")
    if first.result.outcome.interruptedAt != nil {
      throw failure(
        "interrupted while the model ran; nothing was compared", code: .interrupted)
    }
    let second = try run(real, found, as: "real")
    let agreement = Agreement(
      model: first.result, real: second.result, tolerances: tolerances)
    let system = systemName(real.loaded.scenario)
    if console.json {
      console.document(document(agreement, system: system, (first, second)))
    } else if !console.quiet || agreement.code != .holds {
      console.result(renderAgreement(agreement, system: system))
      if !console.quiet {
        console.result("FILES  \(first.folder)/report.html, \(second.folder)/report.html\n")
      }
    }
    return agreement.code
  }

  /// One of the two runs before it is begun.
  private struct Side {
    var loaded: LoadedScenario
    var overrides: Overrides
  }

  private struct Finished {
    var result: RunResult
    var folder: String
  }

  /// `kafka`, `kafka://...` or `embedded`.
  private func validationTarget() throws(Problems) -> String {
    let text = try required("against")
    let kinds = ["kafka", "embedded"]
    if kinds.contains(text) || text.hasPrefix("kafka://") { return text }
    var message = "--against: nothing real is called '\(text)' in this version"
    if let near = nearestName(to: text, in: kinds) { message += "; did you mean '\(near)'?" }
    throw failure(message, hint: "one of: kafka, kafka://HOST:PORT, embedded")
  }

  private func readTolerances() throws(Problems) -> [(metric: String, share: Ratio)] {
    var tolerances: [(metric: String, share: Ratio)] = []
    for text in invocation.values("tolerance") {
      guard let equals = text.firstIndex(of: "=") else {
        throw failure("--tolerance '\(text)': there is no '=' in it", hint: "write METRIC=RATIO")
      }
      let metric = String(text[..<equals])
      let share = try read("tolerance", String(text[text.index(after: equals)...]), parseRatio)
      if !AgreementMeasure.names.contains(metric) {
        let near = nearestName(to: metric, in: AgreementMeasure.names)
        throw failure(
          "--tolerance: no metric '\(metric)'" + (near.map { "; did you mean '\($0)'?" } ?? ""),
          hint: "one of: " + AgreementMeasure.names.joined(separator: " "))
      }
      if tolerances.contains(where: { $0.metric == metric }) {
        throw failure("--tolerance: \(metric) is given twice")
      }
      tolerances.append((metric, share))
    }
    return tolerances
  }

  /// The scenario as this side runs it. The embedded log is one node, so the number of brokers is
  /// that of the real side only; faults on the others are refused by name.
  private func loadSide(
    _ found: FoundScenario, backbone: String, clock: String
  ) throws(Problems) -> Side {
    var overrides = try Overrides(invocation.options)
    if backbone == "embedded" {
      overrides.add(.unset("resources.brokers"), "--unset resources.brokers")
      overrides.add(.unset("backbone.bootstrap"), "--unset backbone.bootstrap")
    }
    overrides.add(.backbone(backbone), "--backbone \(shellQuoted(backbone))")
    overrides.add(.clock(clock), "--clock \(clock)")
    return Side(loaded: try loadScenario(found, overrides), overrides: overrides)
  }

  private func run(
    _ side: Side, _ found: FoundScenario, as name: String
  ) throws(Problems) -> Finished {
    let out = invocation.value("out").map { "\($0)/\(name)" }
    let folder = try RunFolder(scenario: side.loaded.scenario.name, out: out)
    console.detail("\(name): the run is written to \(folder.partial)")
    let texts = side.overrides.texts
    let result = try record(
      side.loaded, at: found.path, in: folder, overrides: texts,
      command: (["weir run", found.name] + texts).joined(separator: " "))
    let place = try finish(result, folder)
    console.note("\(name): \(usageLine(result))")
    return Finished(result: result, folder: place)
  }

  private func systemName(_ scenario: Scenario) -> String {
    if scenario.backbone.kind == .embedded { return "paced" }
    if let bootstrap = scenario.backbone.bootstrap { return "kafka \(bootstrap)" }
    let version = KafkaSystem.installation.flatMap { KafkaSystem.version(in: $0.home) }
    return version.map { "kafka \($0)" } ?? "kafka"
  }

  private func document(
    _ agreement: Agreement, system: String, _ runs: (model: Finished, real: Finished)
  ) -> JSONValue {
    let number = { (count: UInt64) in JSONValue.integer(Int64(clamping: count)) }
    let word = { (verdict: Verdict) in
      JSONValue.string(
        verdict == .valid ? "valid" : verdict == .unknown ? "unknown" : "invalid")
    }
    let words = { (list: [String]) in JSONValue.array(list.map { .string($0) }) }
    return .object([
      ("schema", .string("weir-validation/1")),
      ("exit_code", .integer(Int64(agreement.code.rawValue))),
      ("agrees", .bool(agreement.code == .holds || agreement.code == .missed)),
      ("scenario", .string(runs.model.result.identity.scenario)),
      ("seed", .string(String(runs.model.result.identity.seed))),
      ("against", .string(system)),
      (
        "verdict",
        .object([
          ("model", word(agreement.verdicts.model)), ("real", word(agreement.verdicts.real)),
          ("outcome", .string(agreement.verdict.rawValue)),
        ])
      ),
      (
        "counts",
        .array(
          agreement.counts.map {
            .object([
              ("name", .string($0.name)), ("model", number($0.model)), ("real", number($0.real)),
              ("agrees", .bool($0.agrees)),
            ])
          })
      ),
      (
        "classes",
        .object([
          ("predicted", words(agreement.predicted)), ("seen", words(agreement.seen)),
          ("unpredicted", words(agreement.unpredicted)),
        ])
      ),
      ("measures", .array(agreement.measures.map(measure))),
      ("costs", .object(agreement.costs.map { ($0.name, number($0.model)) })),
      ("unusable", .string(agreement.unusable)),
      ("model", run(runs.model)), ("real", run(runs.real)),
    ])
  }

  private func measure(_ measure: AgreementMeasure) -> JSONValue {
    let value = { (value: Double?) in
      guard let value else { return JSONValue.null }
      return measure.isTime ? .integer(Int64(value)) : .decimal("\(value)")
    }
    let share = { (value: Double?) in value.map { JSONValue.decimal("\($0)") } ?? .null }
    let unit = measure.isTime ? "ns" : "events_per_second"
    return .object([
      ("metric", .string(measure.metric)), ("unit", .string(unit)),
      ("model", value(measure.model)), ("real", value(measure.real)),
      ("difference", share(measure.difference)), ("tolerance", share(measure.tolerance?.value)),
      ("outcome", .string(measure.outcome.rawValue)),
    ])
  }

  private func run(_ finished: Finished) -> JSONValue {
    .object([
      ("folder", .string(finished.folder)),
      ("exit_code", .integer(Int64(finished.result.outcome.code.rawValue))),
      ("history_hash", .string(finished.result.identity.historyHash.text)),
      ("sentence", .string(finished.result.outcome.sentence)),
    ])
  }
}
