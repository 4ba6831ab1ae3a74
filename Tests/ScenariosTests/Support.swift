import Model
import Scenarios
import Testing

let testCatalog = ScenarioCatalog(workloads: [
  WorkloadKindDescription(
    name: "fraud-detection", domain: "finance", summary: "card payments and their alerts",
    queries: ["alerts", "decisions"], defaultSources: 8,
    parameters: [
      count("cards", 10_000_000, 1...1_000_000_000), count("merchants", 50_000, 1...10_000_000),
      ratio("fraud", Ratio(43, 25_000)), ratio("honest", Ratio(387, 25_000)),
      count("velocity_limit", 6, 1...1000), duration("velocity_window", .minute),
      duration("limit_window", 10 * .minute), duration("block", 15 * .minute),
      count("travel_speed", 250, 1...10_000), duration("answer_within", 10 * .second),
      count("again_every", 2000, 1...1_000_000), count("slow_every", 2000, 1...1_000_000),
    ]),
  WorkloadKindDescription(
    name: "pass-through", domain: "any", summary: "each event comes out once, or is counted",
    queries: ["copy", "count"], defaultSources: 4,
    parameters: [
      count("keys", 1000, 1...1_000_000_000), duration("window", .second),
      count("payload", 64, 1...65_536),
    ]),
])

private func count(
  _ name: String, _ value: Int64, _ range: ClosedRange<Int64>
) -> ParameterDescription {
  .init(
    name: name, type: .count(range), defaultValue: .count(value), meaning: name, origin: "assumed")
}

private func ratio(_ name: String, _ value: Ratio) -> ParameterDescription {
  .init(name: name, type: .ratio, defaultValue: .ratio(value), meaning: name, origin: "assumed")
}

private func duration(_ name: String, _ value: Nanoseconds) -> ParameterDescription {
  .init(
    name: name, type: .duration(1...longestDuration), defaultValue: .duration(value),
    meaning: name, origin: "assumed")
}

/// Loads a text as `try.yaml`.
func load(
  _ text: String, _ overrides: [ScenarioOverride] = [], catalog: ScenarioCatalog = testCatalog
) -> Result<LoadedScenario, Problems> {
  loadScenario(
    bytes: Array(text.utf8), file: "try.yaml", name: "try", overrides: overrides, catalog: catalog)
}

/// The problems of a text as they are shown; empty when there is none.
func complaints(_ text: String, _ overrides: [ScenarioOverride] = []) -> String {
  switch load(text, overrides) {
  case .success: ""
  case .failure(let problems): renderProblems(problems.list)
  }
}

/// The scenario of a text that must have no problem.
func scenario(_ text: String, _ overrides: [ScenarioOverride] = []) throws -> Scenario {
  try load(text, overrides).get().scenario
}

/// A valid file with further lines below the smallest one.
func file(_ lines: String...) -> String {
  ([
    "# Demonstrates: a test.", "weir: 1", "workload: {kind: fraud-detection}",
    "load: {shape: constant, rate: 20k/s}",
  ] + lines).joined(separator: "\n") + "\n"
}
