import Model
import Statistics

/// What a run folder keeps beside the history: how the run was asked for, and what the machine
/// spent. Nothing in it is judged; with it, a report is rendered again to the same bytes.
public struct MachineFacts: Hashable, Sendable {
  public var command = ""
  public var overrides: [String] = []
  public var clock = RunClock.virtual
  public var wall: Nanoseconds = 0
  public var cpu: Nanoseconds = 0
  public var peakMemory: UInt64 = 0
  public var payloadBytes: UInt64 = 0
  public var requests: UInt64 = 0
  public var deliveries: UInt64 = 0
  public var retainedBytes: UInt64 = 0
  public var brokerBusy: Nanoseconds = 0
  public var engineBusy: Nanoseconds = 0
  public var ended: Nanoseconds = 0
  public var historyBytes: UInt64 = 0
  /// Why the history is not whole on disk; empty when it is.
  public var historyFailure = ""
  /// How often a send was how late, nanoseconds.
  public var lateness: [Lateness] = []
  /// Name and value of each line of the environment.
  public var environment: [Fact] = []

  public struct Lateness: Hashable, Sendable {
    public var nanoseconds: Int64
    public var count: UInt64
  }

  public struct Fact: Hashable, Sendable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }
  }

  public init() {}

  private static let numbers: [(String, any (WritableKeyPath<MachineFacts, Int64> & Sendable))] = [
    ("wall_ns", \.wall), ("cpu_ns", \.cpu), ("broker_busy_ns", \.brokerBusy),
    ("engine_busy_ns", \.engineBusy), ("ended_ns", \.ended),
  ]

  private static let counts: [(String, any (WritableKeyPath<MachineFacts, UInt64> & Sendable))] = [
    ("peak_memory_bytes", \.peakMemory), ("payload_bytes", \.payloadBytes),
    ("requests", \.requests), ("deliveries", \.deliveries), ("retained_bytes", \.retainedBytes),
    ("history_bytes", \.historyBytes),
  ]

  /// One line a fact: a name, a space, the value with line breaks made spaces.
  public var text: String {
    var lines = ["weir-machine 1", "command \(command)", "clock \(clock.rawValue)"]
    lines += overrides.map { "override \($0)" }
    lines += Self.numbers.map { "\($0.0) \(self[keyPath: $0.1])" }
    lines += Self.counts.map { "\($0.0) \(self[keyPath: $0.1])" }
    if !historyFailure.isEmpty { lines.append("history_failure \(historyFailure)") }
    lines += lateness.map { "late \($0.nanoseconds) \($0.count)" }
    lines += environment.map { "environment \($0.name)=\($0.value)" }
    return lines.map { $0.split(separator: "\n").joined(separator: " ") + "\n" }.joined()
  }

  /// Reads what `text` wrote; nil when it is something else. Unknown names are passed over, so
  /// that a later version may add some.
  public init?(parsing text: String) {
    let lines = text.split(separator: "\n").map(String.init)
    guard lines.first == "weir-machine 1" else { return nil }
    for line in lines.dropFirst() {
      let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
      let value = parts.count > 1 ? String(parts[1]) : ""
      if !take(String(parts[0]), value) { return nil }
    }
  }

  private mutating func take(_ name: String, _ value: String) -> Bool {
    if let place = Self.numbers.first(where: { $0.0 == name })?.1 {
      guard let number = Int64(value) else { return false }
      self[keyPath: place] = number
      return true
    }
    if let place = Self.counts.first(where: { $0.0 == name })?.1 {
      guard let number = UInt64(value) else { return false }
      self[keyPath: place] = number
      return true
    }
    switch name {
    case "command": command = value
    case "override": overrides.append(value)
    case "history_failure": historyFailure = value
    case "clock":
      guard let known = RunClock(rawValue: value) else { return false }
      clock = known
    case "late":
      let parts = value.split(separator: " ")
      guard parts.count == 2, let late = Int64(parts[0]), let count = UInt64(parts[1]) else {
        return false
      }
      lateness.append(Lateness(nanoseconds: late, count: count))
    case "environment":
      let parts = value.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2 else { return false }
      environment.append(Fact(name: String(parts[0]), value: String(parts[1])))
    default: break
    }
    return true
  }

  /// The lateness as a histogram.
  var sendLateness: LatencyHistogram {
    var histogram = LatencyHistogram()
    for late in lateness { histogram.record(late.nanoseconds, times: late.count) }
    return histogram
  }

  mutating func setLateness(_ histogram: LatencyHistogram) {
    lateness = []
    histogram.forEachBucket { low, _, count in
      lateness.append(Lateness(nanoseconds: low, count: count))
    }
    if histogram.notPositive > 0 {
      lateness.insert(Lateness(nanoseconds: 0, count: histogram.notPositive), at: 0)
    }
  }
}
