import Commands
import Model
import Statistics

/// Puts back into a result that was judged from a history what only the run itself knew and its
/// `result.json` keeps: the command, the costs, what the machine spent.
struct RecordedResult {
  let document: JSONValue
  let path: String

  init(_ path: String) throws(Problems) {
    self.path = path
    let text = try Files.text(path, limit: 1 << 28)
    do {
      document = try JSONValue(parsing: text)
    } catch {
      throw failure("\(path) is no JSON: \(error.message), at byte \(error.offset)")
    }
    if document["schema"]?.text != "weir-result/1" {
      throw failure("\(path) is not a result of this version: its schema is not weir-result/1")
    }
  }

  func complete(_ result: inout RunResult) throws(Problems) {
    let hash = try text(document["history_hash"], "history_hash")
    if hash != result.identity.historyHash.text {
      throw failure(
        "\(path) is about another history: \(hash), not \(result.identity.historyHash.text)",
        hint: "judge the history alone: weir verify")
    }
    try identity(&result.identity)
    try usage(&result.usage)
    result.cost.basis = try text(document["cost"]?["basis"], "cost.basis")
    result.cost.events = try count(document["cost"]?["events"], "cost.events")
    result.cost.parts = []
    for part in document["cost"]?["parts"]?.elements ?? [] {
      result.cost.parts.append(
        CostResult.Part(
          name: try text(part["name"], "cost.parts.name"),
          busy: Int64(try count(part["busy_ns"], "cost.parts.busy_ns"))))
    }
    result.harness.historyBytes = try count(
      document["harness"]?["history_bytes"], "harness.history_bytes")
    result.environment = []
    for fact in document["environment"]?["facts"]?.elements ?? [] {
      result.environment.append(
        EnvironmentFact(
          name: try text(fact["name"], "environment.name"),
          value: try text(fact["value"], "environment.value")))
    }
  }

  private func identity(_ identity: inout RunIdentity) throws(Problems) {
    let recorded = document["identity"]
    identity.command = try text(recorded?["command"], "identity.command")
    identity.overrides = []
    for option in recorded?["overrides"]?.elements ?? [] {
      identity.overrides.append(try text(option, "identity.overrides"))
    }
    let clock = try text(recorded?["clock"], "identity.clock")
    guard let clock = RunClock(rawValue: clock) else {
      throw failure("\(path): identity.clock is '\(clock)'")
    }
    identity.clock = clock
  }

  private func usage(_ usage: inout Usage) throws(Problems) {
    let recorded = document["usage"]
    usage.events = try count(recorded?["events"], "usage.events")
    usage.payloadBytes = try count(recorded?["payload_bytes"], "usage.payload_bytes")
    usage.requests = try count(recorded?["requests"], "usage.requests")
    usage.deliveries = try count(recorded?["deliveries"], "usage.deliveries")
    usage.retainedBytes = try count(recorded?["retained_bytes"], "usage.retained_bytes")
    usage.wall = Int64(try count(recorded?["wall_ns"], "usage.wall_ns"))
    usage.cpu = Int64(try count(recorded?["cpu_ns"], "usage.cpu_ns"))
    usage.peakMemory = try count(recorded?["peak_memory_bytes"], "usage.peak_memory_bytes")
    usage.simulated = Int64(try count(recorded?["simulated_ns"], "usage.simulated_ns"))
  }

  private func text(_ value: JSONValue?, _ name: String) throws(Problems) -> String {
    if let text = value?.text { return text }
    throw failure("\(path): \(name) is missing or no text")
  }

  private func count(_ value: JSONValue?, _ name: String) throws(Problems) -> UInt64 {
    if let number = value?.integer, number >= 0 { return UInt64(number) }
    throw failure("\(path): \(name) is missing or no count")
  }
}
