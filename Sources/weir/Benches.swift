import CShim
import Commands
import Model
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
  static let all = [help]

  func print(_ value: Double) -> String {
    switch unit {
    case "ms": NumberStyle.plain.duration(Int64(value * 1_000_000))
    case "bytes": NumberStyle.plain.bytes(UInt64(max(value, 0)))
    case "%": NumberStyle.plain.decimal(value, 1) + " %"
    default:
      value >= 1_000 ? NumberStyle.plain.short(UInt64(value)) : NumberStyle.plain.three(value)
    }
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
