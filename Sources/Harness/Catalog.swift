import Model
import Scenarios
import Workloads

/// The kinds of workload as the scenario loader wants to know them.
public func scenarioCatalog(anomalies: [String]) -> ScenarioCatalog {
  ScenarioCatalog(workloads: workloadKinds.map(describe), anomalies: anomalies)
}

private func describe(_ kind: WorkloadKind) -> WorkloadKindDescription {
  WorkloadKindDescription(
    name: kind.name, domain: kind.domain, summary: kind.summary,
    queries: kind.queries.map(\.name), defaultSources: kind.defaultSources,
    parameters: kind.parameters.map(describe))
}

private func describe(_ parameter: WorkloadParameter) -> ParameterDescription {
  let type: ParameterType
  switch (parameter.minimum, parameter.maximum) {
  case (.count(let low), .count(let high)): type = .count(low...high)
  case (.duration(let low), .duration(let high)): type = .duration(low...high)
  default: type = .ratio
  }
  return ParameterDescription(
    name: parameter.name, type: type, defaultValue: parameter.defaultValue, unit: parameter.unit,
    meaning: parameter.meaning, origin: parameter.origin)
}
