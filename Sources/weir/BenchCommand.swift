import CShim
import Commands
import Glibc
import Model
import Scenarios
import Statistics

/// What one repetition of a bench found.
struct BenchSample {
  /// In the unit of the bench.
  var value: Double
  /// Peak memory of the process that ran it.
  var memory: UInt64
}

/// The median of a bench over its repetitions.
struct BenchOutcome {
  var bench: Bench
  var samples: [BenchSample]

  var median: Double { quantile(samples.map(\.value)) }
  var memory: UInt64 { samples.map(\.memory).max() ?? 0 }

  /// An interval that holds the median of the population with at least 95 % confidence whatever
  /// the distribution: the order statistics whose binomial ranks leave at most 2.5 % on each side
  /// (W. J. Conover, Practical Nonparametric Statistics, section 3.2). Nil below six samples.
  var interval: (low: Double, high: Double)? {
    let count = samples.count
    if count < 6 { return nil }
    var tail = 1.0
    for _ in 0..<count { tail /= 2 }
    var term = tail
    var rank = 0
    while rank + 1 < count / 2 {
      term = term * Double(count - rank) / Double(rank + 1)
      if tail + term > 0.025 { break }
      tail += term
      rank += 1
    }
    let sorted = samples.map(\.value).sorted()
    return (sorted[rank], sorted[count - 1 - rank])
  }

  var met: Bool? {
    bench.target.map { bench.moreIsBetter ? median >= $0 : median <= $0 }
  }

  private func quantile(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    if sorted.isEmpty { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }
}

extension Session {
  func bench() throws(Problems) -> ExitCode {
    var chosen: [Bench] = []
    for name in invocation.arguments {
      let found = Bench.all.filter { $0.name == name || $0.name.hasPrefix("\(name)-") }
      guard !found.isEmpty else {
        let names = Bench.all.map(\.name)
        var text = "no bench '\(name)'"
        if let near = nearestName(to: name, in: names) { text += "; did you mean '\(near)'?" }
        throw failure("\(text)  All benches: \(names.joined(separator: " "))")
      }
      chosen += found.filter { !$0.isLong || $0.name == name }
    }
    if chosen.isEmpty { chosen = Bench.all.filter { !$0.isLong } }
    let load = Machine.load
    var outcomes: [BenchOutcome] = []
    for bench in chosen {
      let repetitions = invocation.count("repeat").map { Int($0) } ?? bench.repetitions
      var samples: [BenchSample] = []
      for number in 1...repetitions {
        console.detail("\(bench.name), repetition \(number) of \(repetitions)")
        samples.append(try measure(bench))
      }
      outcomes.append(BenchOutcome(bench: bench, samples: samples))
    }
    let missed = outcomes.contains { $0.met == false }
    let code: ExitCode = missed && invocation.has("require") ? .missed : .holds
    if console.json {
      console.document(document(outcomes, load, code))
    } else if !console.quiet || code != .holds {
      console.result(table(outcomes, load))
    }
    return code
  }

  /// One repetition in a process of its own, so that memory and caches start afresh.
  private func measure(_ bench: Bench) throws(Problems) -> BenchSample {
    let outcome = try ChildProcess.run(["/proc/self/exe", "__bench", bench.name])
    if outcome.code != 0 {
      let line = outcome.errors.split(separator: "\n").first.map(String.init) ?? ""
      let prefix = "weir: error: "
      let text = line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : line
      throw failure(
        "the bench \(bench.name) failed: \(text.isEmpty ? "code \(outcome.code)" : text)",
        code: ExitCode(rawValue: outcome.code) ?? .internalError)
    }
    guard let value = Double(outcome.output.split(separator: "\n").last ?? "") else {
      throw failure("the bench \(bench.name) printed no figure", code: .internalError)
    }
    return BenchSample(value: value, memory: outcome.peakMemory)
  }

  private func table(_ outcomes: [BenchOutcome], _ load: String) -> String {
    var out = row("bench", "unit", "value", "95 % interval", "peak memory", "target", "")
    for outcome in outcomes {
      let bench = outcome.bench
      let interval = outcome.interval.map { "[\(bench.print($0.low)), \(bench.print($0.high))]" }
      let target = bench.target.map { "\(bench.moreIsBetter ? ">=" : "<=") \(bench.print($0))" }
      out += row(
        bench.name, bench.unit, bench.print(outcome.median), interval ?? "-",
        NumberStyle.plain.bytes(outcome.memory), target ?? "-",
        outcome.met.map { $0 ? "met" : "MISSED" } ?? "")
    }
    let counts = outcomes.map { String($0.samples.count) }.joined(separator: ", ")
    return out + "\(Machine().cores) cores, load \(load) before; \(Machine.build) build; "
      + "repetitions: \(counts)\n"
  }

  private func row(_ cells: String...) -> String {
    let widths = [16, 18, 12, 20, 14, 12, 0]
    return trimmedRight(zip(cells, widths).map { padded($0, $1) }.joined()) + "\n"
  }

  private func document(
    _ outcomes: [BenchOutcome], _ load: String, _ code: ExitCode
  ) -> JSONValue {
    let number = { (value: Double) in JSONValue.decimal("\(value)") }
    return .object([
      ("schema", .string("weir-bench/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      ("version", .string(weirVersion)), ("build", .string(Machine.build)),
      ("load_before", .string(load)),
      (
        "benches",
        .array(
          outcomes.map { outcome in
            .object([
              ("name", .string(outcome.bench.name)), ("unit", .string(outcome.bench.unit)),
              ("median", number(outcome.median)),
              (
                "interval",
                outcome.interval.map { .array([number($0.low), number($0.high)]) } ?? .null
              ),
              ("samples", .array(outcome.samples.map { number($0.value) })),
              ("peak_memory_bytes", .integer(Int64(outcome.memory))),
              ("target", outcome.bench.target.map(number) ?? .null),
              ("met", outcome.met.map { .bool($0) } ?? .null),
            ])
          })
      ),
    ])
  }
}
