import Model
import Scenarios

/// A kind of workload that scenarios can name: what it is about, what it can be asked, which
/// parameters it has, and how it is made.
public struct WorkloadKind: Sendable {
  /// As in scenarios, such as "fraud-detection".
  public var name: String
  /// Such as "finance".
  public var domain: String
  /// One sentence.
  public var summary: String
  /// The first is the default.
  public var queries: [WorkloadQuery]
  public var defaultSources: Int
  public var parameters: [WorkloadParameter]
  /// Makes the workload; parameters that the choice does not hold have their defaults. Throws what
  /// no single parameter's range can tell.
  public var make: @Sendable (WorkloadChoice, LoadShape, UInt64) throws(Problems) -> Workload

  public init(
    name: String, domain: String, summary: String, queries: [WorkloadQuery], defaultSources: Int,
    parameters: [WorkloadParameter],
    make: @escaping @Sendable (WorkloadChoice, LoadShape, UInt64) throws(Problems) -> Workload
  ) {
    self.name = name
    self.domain = domain
    self.summary = summary
    self.queries = queries
    self.defaultSources = defaultSources
    self.parameters = parameters
    self.make = make
  }
}

/// What a workload can be asked.
public struct WorkloadQuery: Hashable, Sendable {
  public var name: String
  /// One sentence: what a result row says.
  public var summary: String

  public init(name: String, summary: String) {
    self.name = name
    self.summary = summary
  }
}

/// A number that shapes a workload.
public struct WorkloadParameter: Hashable, Sendable {
  public var name: String
  public var defaultValue: ParameterValue
  /// Least and greatest value, of the same kind as the default.
  public var minimum: ParameterValue
  public var maximum: ParameterValue
  /// What is counted, such as "cards"; "ratio" and "duration" for those.
  public var unit: String
  /// One sentence.
  public var meaning: String
  /// Where the default comes from: "published", "measured" or "assumed".
  public var origin: String

  public init(
    name: String, defaultValue: ParameterValue, minimum: ParameterValue, maximum: ParameterValue,
    unit: String, meaning: String, origin: String
  ) {
    self.name = name
    self.defaultValue = defaultValue
    self.minimum = minimum
    self.maximum = maximum
    self.unit = unit
    self.meaning = meaning
    self.origin = origin
  }
}

extension WorkloadParameter {
  /// Whether a value is of the parameter's kind and within its range.
  public func allows(_ value: ParameterValue) -> Bool {
    switch (value, minimum, maximum) {
    case (.count(let value), .count(let least), .count(let most)),
      (.duration(let value), .duration(let least), .duration(let most)):
      value >= least && value <= most
    case (.ratio(let value), .ratio(let least), .ratio(let most)):
      value.value >= least.value && value.value <= most.value
    default: false
    }
  }
}

/// All kinds of this version, in the order in which they are listed.
public let workloadKinds: [WorkloadKind] = [
  fleet, fraudDetection, inventory, leaderboards, passThrough, patientMonitoring,
]

/// The parameters of a choice, with the defaults of its kind.
struct ParameterValues {
  private let kind: String
  private let declared: [WorkloadParameter]
  private let chosen: [WorkloadChoice.Parameter]

  init(_ choice: WorkloadChoice, declared: [WorkloadParameter]) {
    kind = choice.kind
    self.declared = declared
    chosen = choice.parameters
  }

  private func value(_ name: String) throws(Problems) -> ParameterValue {
    guard let parameter = declared.first(where: { $0.name == name }) else {
      throw refusal("the workload \(kind) has no parameter \(name)")
    }
    guard let choice = chosen.last(where: { $0.name == name }) else {
      return parameter.defaultValue
    }
    if !parameter.allows(choice.value) {
      throw refusal("the parameter \(name) of \(kind) is outside its range")
    }
    return choice.value
  }

  func count(_ name: String) throws(Problems) -> Int64 {
    if case .count(let count) = try value(name) { return count }
    throw refusal("the parameter \(name) of \(kind) is a count")
  }

  func ratio(_ name: String) throws(Problems) -> Ratio {
    if case .ratio(let ratio) = try value(name) { return ratio }
    throw refusal("the parameter \(name) of \(kind) is a ratio")
  }

  func duration(_ name: String) throws(Problems) -> Nanoseconds {
    if case .duration(let duration) = try value(name) { return duration }
    throw refusal("the parameter \(name) of \(kind) is a duration")
  }
}

/// A refusal without a place in a file: the scenario loader knows places, a workload does not.
func refusal(_ message: String, hint: String? = nil) -> Problems {
  Problems([Problem(file: "workload", message: message, hint: hint)])
}

/// The rate of a generated load; a trace brings its own instants.
func constantRate(_ load: LoadShape, _ choice: WorkloadChoice) throws(Problems) -> Rate {
  if choice.sources < 1 { throw refusal("the workload \(choice.kind) needs one source or more") }
  guard case .constant(let rate) = load else {
    throw refusal(
      "the workload \(choice.kind) generates its events: load.shape: trace says nothing about it",
      hint: "take load.shape: constant, or name a trace in workload.trace")
  }
  return rate
}
