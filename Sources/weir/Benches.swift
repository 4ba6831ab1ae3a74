import CShim
import Commands
import Model
import Scenarios
import Statistics

/// One thing about Weir whose speed is measured.
struct Bench: Sendable {
  var name: String
  /// What the value counts, such as "events/CPU-s", "ms", "bytes".
  var unit: String
  /// Nil: only reported.
  var target: Double?
  var moreIsBetter: Bool
  var repetitions: Int
  /// One repetition; the value in `unit`.
  var run: @Sendable () throws(Problems) -> Double

  /// The benches of this version.
  static let all = [pipeline, memory, help]

  func print(_ value: Double) -> String {
    switch unit {
    case "ms": NumberStyle.plain.duration(Int64(value * 1_000_000))
    case "bytes": NumberStyle.plain.bytes(UInt64(max(value, 0)))
    case "%": NumberStyle.plain.decimal(value, 1) + " %"
    default:
      value >= 1_000 ? NumberStyle.plain.short(UInt64(value)) : NumberStyle.plain.three(value)
    }
  }

  /// Card payments in virtual time without faults, generator to verdict, at a load that the model
  /// sustains: events for each second of CPU.
  static let pipeline = Bench(
    name: "pipeline", unit: "events/CPU-s", target: 1_000_000, moreIsBetter: true, repetitions: 7
  ) { () throws(Problems) in
    let start = shim_process_cpu_ns()
    let events = try runPayments(measure: "20s")
    return Double(events) * 1e9 / Double(shim_process_cpu_ns() - start)
  }

  /// Fifty million payments: memory follows rate and watermark delay, not the length of the run.
  static let memory = Bench(
    name: "memory-50M", unit: "bytes", target: 256 * 1024 * 1024, moreIsBetter: false,
    repetitions: 1
  ) { () throws(Problems) in
    let events = try runPayments(measure: "500s")
    if events < 50_000_000 { throw failure("only \(events) events were sent") }
    return Double(shim_peak_memory_bytes())
  }

  /// Runs the scenario of the benches; how many events it sent. Its verdict must be valid.
  private static func runPayments(measure: String) throws(Problems) -> UInt64 {
    let text = """
      # Demonstrates: Weir's own speed.
      weir: 1
      workload:
        kind: fraud-detection
        sources: 8
        parameters: {cards: 1M, duplicate_horizon: 10s, velocity_window: 2s}
      load: {shape: constant, rate: 100k/s}
      backbone: {costs: {record: 100ns}}
      engine: {watermark_delay: 2s, costs: {record: 5us}}
      resources: {partitions: 4, slots: 2}
      phases: {warm_up: 0s, measure: \(measure), heal: 0s}

      """
    let loaded = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get()
    let result = try executeUnrecorded(loaded)
    if result.outcome.correctness == .invalid || result.outcome.saturated {
      throw failure("the run of the bench is not valid: \(result.outcome.sentence)")
    }
    return result.usage.events
  }

  /// Wall time from start to end of `weir --help`, the least of five: what a shell waits for.
  static let help = Bench(
    name: "help", unit: "ms", target: 30, moreIsBetter: false, repetitions: 7
  ) { () throws(Problems) in
    var least = UInt64.max
    for _ in 0..<5 {
      let start = shim_monotonic_ns()
      let outcome = try ChildProcess.run(["/proc/self/exe", "--help"])
      if outcome.code != 0 { throw failure("--help ended with \(outcome.code)") }
      least = min(least, shim_monotonic_ns() - start)
    }
    return Double(least) / 1_000_000
  }
}

/// Carries out one repetition for the process that measures it.
func repeatBench(_ line: [String]) -> ExitCode {
  let console = Console(json: false, quiet: false, verbose: false, color: "never")
  guard let name = line.first, let bench = Bench.all.first(where: { $0.name == name }) else {
    console.diagnostic("weir: error: no such bench\n")
    return .usage
  }
  do {
    console.result("\(try bench.run())\n")
    return .holds
  } catch {
    console.report(error)
    return error.code
  }
}
