import Model

/// What the loader must be told about parts that stand above it: passed in by the caller.
public struct ScenarioCatalog: Sendable {
  /// In the order in which they are listed.
  public var workloads: [WorkloadKindDescription]
  /// Ids of the anomaly catalogue, for `expect.permit`; when empty only their form is checked.
  public var anomalies: [String]
  /// Names that mappings with free names take; those of a mapping that is not here are not checked.
  public var options: [FreeNames]

  /// The names that a mapping such as `backbone.kafka.producer` takes.
  public struct FreeNames: Hashable, Sendable {
    public var path: String
    public var names: [String]

    public init(path: String, names: [String]) {
      self.path = path
      self.names = names
    }
  }

  public init(
    workloads: [WorkloadKindDescription], anomalies: [String] = [], options: [FreeNames] = []
  ) {
    self.workloads = workloads
    self.anomalies = anomalies
    self.options = options
  }

  /// The names that a mapping takes; empty when every name is taken.
  func names(below path: String) -> [String] {
    options.first { $0.path == path }?.names ?? []
  }

  /// The description of a kind, nil when there is none of that name.
  public func workload(_ name: String) -> WorkloadKindDescription? {
    workloads.first { $0.name == name }
  }
}

/// A kind of workload as a scenario may choose it.
public struct WorkloadKindDescription: Hashable, Sendable {
  public var name: String
  /// "finance", or "any".
  public var domain: String
  /// One sentence without a full stop.
  public var summary: String
  /// Never empty; the first is the default.
  public var queries: [String]
  /// Sources of a scenario that does not say how many.
  public var defaultSources: Int
  /// In the order in which they are printed.
  public var parameters: [ParameterDescription]

  public init(
    name: String, domain: String, summary: String, queries: [String], defaultSources: Int,
    parameters: [ParameterDescription]
  ) {
    precondition(!queries.isEmpty, "a workload has at least one query")
    self.name = name
    self.domain = domain
    self.summary = summary
    self.queries = queries
    self.defaultSources = defaultSources
    self.parameters = parameters
  }
}

/// One parameter of a workload.
public struct ParameterDescription: Hashable, Sendable {
  public var name: String
  /// Type and range of its values.
  public var type: ParameterType
  /// The value of a scenario that does not give it; of the same type.
  public var defaultValue: ParameterValue
  /// What one of it is: "cards", "m/s"; empty where the type says it.
  public var unit: String
  /// What it means, one sentence without a full stop.
  public var meaning: String
  /// Where the default comes from: "assumed", or a source.
  public var origin: String

  public init(
    name: String, type: ParameterType, defaultValue: ParameterValue, unit: String = "",
    meaning: String, origin: String
  ) {
    self.name = name
    self.type = type
    self.defaultValue = defaultValue
    self.unit = unit
    self.meaning = meaning
    self.origin = origin
  }
}

/// Type and range of a parameter.
public enum ParameterType: Hashable, Sendable {
  case count(ClosedRange<Int64>)
  /// From 0 to 1, unless the kind says less in its own checks.
  case ratio
  case duration(ClosedRange<Nanoseconds>)
  case choice([String])

  /// The range as text: "1 to 10k", "0 to 1", "1ms to 1h", "a, b".
  public var rangeText: String {
    switch self {
    case .count(let range):
      "\(formatCount(range.lowerBound)) to \(formatCount(range.upperBound))"
    case .ratio: "0 to 1"
    case .duration(let range):
      "\(formatDuration(range.lowerBound)) to \(formatDuration(range.upperBound))"
    case .choice(let names): names.joined(separator: ", ")
    }
  }
}

extension ParameterValue {
  /// As it is written in a scenario.
  public var text: String {
    switch self {
    case .count(let count): formatCount(count)
    case .ratio(let ratio): formatRatio(ratio)
    case .duration(let length): formatDuration(length)
    case .choice(let name): name
    }
  }
}

/// The fifteen applications and the pass-through; which of them exist is the catalogue's to say.
let knownWorkloadKinds = [
  "market-data", "fraud-detection", "algorithmic-trading", "dynamic-pricing", "recommendations",
  "inventory", "predictive-maintenance", "fleet", "environment", "live-analytics", "leaderboards",
  "in-game-events", "patient-monitoring", "device-anomaly", "public-health-surveillance",
  "pass-through",
]
