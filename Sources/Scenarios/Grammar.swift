import Model

/// One key of the scenario grammar. The table of all keys is the only place that knows them: the
/// loader, the printer of resolved scenarios, `weir list keys` and the JSON Schema read it.
public struct GrammarKey: Sendable {
  public var name: String
  /// What values it takes.
  public var type: GrammarType
  /// The default as it would be written; nil when there is none or it depends on other keys.
  public var defaultText: String?
  /// What the default is when no text can say it: "of the query".
  public var defaultNote: String?
  /// What the key means, in a few words.
  public var meaning: String
  /// Whether this version reads it.
  public var availability: Availability
  /// Set for a key that only some kinds or shapes understand.
  public var belonging: Belonging?
  /// True when a file without it is refused.
  public var isRequired: Bool

  /// Whether a version of Weir has the part that a key belongs to.
  public enum Availability: Hashable, Sendable {
    case now
    /// Known to the grammar, refused by this version.
    case later
    /// Belongs to a kind that this version has not; validated, and without effect while another
    /// kind is chosen.
    case otherKind
  }

  /// The key counts only when the key `selector` beside it has one of these values.
  public struct Belonging: Hashable, Sendable {
    /// Name of the key beside it that chooses: `kind` or `shape`.
    public var selector: String
    /// The choices that understand the key.
    public var values: [String]
  }

  init(
    _ name: String, _ type: GrammarType, default defaultText: String? = nil, note: String? = nil,
    _ meaning: String, availability: Availability = .now, of belonging: Belonging? = nil,
    required: Bool = false
  ) {
    self.name = name
    self.type = type
    self.defaultText = defaultText
    self.defaultNote = note
    self.meaning = meaning
    self.availability = availability
    self.belonging = belonging
    self.isRequired = required
  }

  /// The same key, refused by this version.
  var later: GrammarKey {
    var key = self
    key.availability = .later
    return key
  }

  /// The same key, as part of a kind that this version has not.
  var ofOtherKind: GrammarKey {
    var key = self
    key.availability = .otherKind
    return key
  }
}

/// One value of a choice.
public struct GrammarChoice: Hashable, Sendable {
  public var name: String
  /// False when this version refuses it.
  public var isAvailable: Bool
}

/// What a key takes.
public indirect enum GrammarType: Sendable {
  case version
  case seed
  case name
  case text
  case truth
  case path
  case count(ClosedRange<Int64>)
  case duration(ClosedRange<Nanoseconds>)
  /// A duration above 0, or `to-end`.
  case measure
  case spread
  case size
  case rate
  case ratio
  case speed
  case instant
  case number
  case hosts
  case target
  case secret
  case anomaly
  case choice([GrammarChoice])
  /// One of the workloads that the caller knows.
  case workload
  /// Parameters of the chosen workload.
  case parameters
  case section([GrammarKey])
  case list(GrammarType)
  /// A mapping with free names.
  case free(GrammarType)
  /// Invariants, and thresholds on metrics.
  case expectations([GrammarKey])
  /// A value that no part of this version reads.
  case anything

  /// In a few words, as `weir list keys` shows it.
  public var text: String {
    switch self {
    case .version: "1"
    case .seed: "0 to 2^64-1"
    case .name: "name"
    case .text: "text"
    case .truth: "true, false"
    case .path: "path"
    case .count(let range): "count, \(rangeText(range, formatCount))"
    case .duration(let range): "duration, \(rangeText(range, formatDuration))"
    case .measure: "duration above 0, or to-end"
    case .spread: "spread"
    case .size: "size"
    case .rate: "rate"
    case .ratio: "ratio"
    case .speed: "speed"
    case .instant: "instant"
    case .number: "number"
    case .hosts: "hosts"
    case .target: "target"
    case .secret: "secret"
    case .anomaly: "anomaly id"
    case .choice(let choices):
      choices.filter(\.isAvailable).map(\.name).joined(separator: ", ")
    case .workload: "workload"
    case .parameters: "mapping"
    case .section: "mapping"
    case .list(let element): "list of \(element.text)"
    case .free(let value): "mapping of names to \(value.text)"
    case .expectations: "mapping"
    case .anything: "value"
    }
  }
}

private func rangeText<Bound>(
  _ range: ClosedRange<Bound>, _ format: (Bound) -> String
) -> String {
  "\(format(range.lowerBound)) to \(format(range.upperBound))"
}

func available(_ names: [String], later: [String] = []) -> GrammarType {
  .choice(
    names.map { GrammarChoice(name: $0, isAvailable: true) }
      + later.map { GrammarChoice(name: $0, isAvailable: false) })
}

func available<Choice: RawRepresentable & CaseIterable>(
  _ type: Choice.Type, later: [String] = []
) -> GrammarType where Choice.RawValue == String {
  available(type.allCases.map(\.rawValue), later: later)
}

let anyCount: ClosedRange<Int64> = 0...Int64.max
let anyDuration: ClosedRange<Nanoseconds> = 0...longestDuration
let positiveDuration: ClosedRange<Nanoseconds> = 1...longestDuration

/// The keys of the whole file, in the order in which they are printed.
public let scenarioGrammar: [GrammarKey] = [
  GrammarKey("weir", .version, default: "1", "version of this grammar", required: true),
  GrammarKey(
    "name", .name, note: "path below scenarios/ without .yaml", "runs are kept under reports/NAME/"
  ),
  GrammarKey("seed", .seed, default: "1", "all draws of a run follow from it"),
  GrammarKey(
    "demonstrates", available(Demonstration.self), default: "valid",
    "the outcome this file is meant to show; changes no exit code"),
  GrammarKey(
    "workload", .section(workloadKeys), "events, and what is asked of them", required: true),
  GrammarKey("load", .section(loadKeys), "when events are sent", required: true),
  GrammarKey("streams", .free(.section(streamKeys)), "of a job of yours, as far as needed"),
  GrammarKey("schema", .section(schemaKeys), "registry, evolution, invalid events").later,
  GrammarKey("backbone", .section(backboneKeys), "the log that carries the events"),
  GrammarKey("engine", .section(engineKeys), "what computes the results"),
  GrammarKey("sink", .section(sinkKeys), "where the results go"),
  GrammarKey("resources", .section(resourceKeys), "how much of everything"),
  GrammarKey("environment", .section(environmentKeys), "nodes that Weir did not start").later,
  GrammarKey("faults", .section(faultKeys), "what breaks, and when"),
  GrammarKey(
    "clock", available(ClockKind.self),
    note: "virtual with embedded backbone and engine, else wall",
    "simulated time, or time as it passes"),
  GrammarKey("phases", .section(phaseKeys), "how long"),
  GrammarKey("probes", .free(.section(probeKeys)), "figures pulled from Prometheus").later,
  GrammarKey("expect", .expectations(expectKeys), "what must hold"),
  GrammarKey("plan", .section(planKeys), "sweeps and searches").later,
  GrammarKey("report", .section(reportKeys), "how the report looks"),
  GrammarKey("schedule", .anything, "choices of a repro file, for weir replay").later,
]
