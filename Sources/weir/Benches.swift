import Bytes
import CShim
import Commands
import Glibc
import History
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
  /// Takes so long that it is run only when it is named.
  var isLong = false
  /// One repetition; the value in `unit`.
  var run: @Sendable () throws(Problems) -> Double

  /// The benches of this version.
  static let all =
    [pipeline, historyShare, nullBackbone, memory, help] + replays + [replayHour, replayDrift]
    + traces

  func print(_ value: Double) -> String {
    switch unit {
    case "us": NumberStyle.plain.duration(Int64(value * 1_000))
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
    let events = try runPayments(measure: "520s")
    if events < 50_000_000 { throw failure("only \(events) events were sent") }
    return Double(shim_peak_memory_bytes())
  }

  /// What keeping the history costs beside the whole: its entries are written once more, hashed and
  /// stored, and that, less the time of only reading them, is held against the CPU time of the run
  /// that made them.
  static let historyShare = Bench(
    name: "history", unit: "%", target: 5, moreIsBetter: false, repetitions: 7
  ) { () throws(Problems) in
    let folder = try BenchFolder()
    defer { folder.remove() }
    let start = shim_process_cpu_ns()
    _ = try runPayments(measure: "10s", in: folder)
    let whole = shim_process_cpu_ns() - start
    let reading = shim_process_cpu_ns()
    try rewriteHistory(folder.history, to: nil)
    let again = shim_process_cpu_ns()
    try rewriteHistory(folder.history, to: folder.history + ".again")
    let both = shim_process_cpu_ns() - again
    let alone = again - reading
    return Double(both - min(both, alone)) * 100 / Double(whole)
  }

  /// What the harness costs for an event when the system under test costs nothing: generator,
  /// batches, history and judge over the null adapter, in real time.
  static let nullBackbone = Bench(
    name: "null-backbone", unit: "ns/event", target: 150, moreIsBetter: false, repetitions: 5
  ) { () throws(Problems) in
    let text = """
      # Demonstrates: what the harness costs.
      weir: 1
      workload: {kind: pass-through, query: copy, sources: 4}
      load: {shape: constant, rate: 400k/s}
      backbone: {kind: "null"}
      clock: wall
      resources: {partitions: 4}
      phases: {warm_up: 0s, measure: 4s, heal: 0s}

      """
    let loaded = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get()
    let start = shim_process_cpu_ns()
    let result = try executeUnrecorded(loaded)
    return Double(shim_process_cpu_ns() - start) / Double(max(result.usage.events, 1))
  }

  /// Runs the scenario of the benches with its history on disk; how many events it sent.
  private static func runPayments(
    measure: String, in folder: BenchFolder? = nil
  ) throws(Problems) -> UInt64 {
    let text = """
      # Demonstrates: Weir's own speed.
      weir: 1
      seed: 42
      workload:
        kind: fraud-detection
        sources: 8
        parameters: {cards: 10M, again_every: 0, velocity_window: 1200ms, drain_window: 10s}
      load: {shape: constant, rate: 100k/s}
      engine: {watermark_delay: 2s, checkpoint_interval: 1s, costs: {record: 10us}}
      resources: {partitions: 4, slots: 2}
      phases: {warm_up: 0s, measure: \(measure), heal: 0s}

      """
    let loaded = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get()
    let own = folder == nil ? try BenchFolder() : nil
    defer { own?.remove() }
    let result = try execute(
      loaded, scenarioPath: "bench.yaml", overrides: [], command: "weir bench",
      folder: (folder ?? own)?.path ?? ".", progress: { _ in })
    if result.outcome.correctness != .valid || result.outcome.saturated {
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
  if let name = line.first, name.hasPrefix(KafkaBench.name) {
    return KafkaBench.repeatPart(name, Array(line.dropFirst()), console)
  }
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

/// A private folder for the history of a bench, below TMPDIR.
struct BenchFolder {
  let path: String
  var history: String { "\(path)/history.weir" }

  init() throws(Problems) {
    var template = Array("\(variable("TMPDIR") ?? "/tmp")/weir-bench-XXXXXX".utf8CString)
    let made = template.withUnsafeMutableBufferPointer { mkdtemp($0.baseAddress!) != nil }
    guard made else { throw failure("no temporary folder: \(Files.reason(errno))") }
    path = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
  }

  func remove() {
    for name in Files.names(in: path) { unlink("\(path)/\(name)") }
    rmdir(path)
  }
}

/// Reads every entry of a history and writes it to a new one; without one it is only read.
private func rewriteHistory(_ path: String, to copy: String?) throws(Problems) {
  do throws(HistoryError) {
    let writer = copy == nil ? nil : try HistoryWriter(path: copy)
    _ = try HistoryFile.read(path) { bytes, first, at in
      var cursor = EntryCursor(bytes, firstEntry: first, startAt: at)
      do throws(DecodingError) {
        while let kind = try cursor.next() {
          writer?.begin(kind, at: cursor.at)
          try rewrite(kind, &cursor, writer)
        }
      } catch {
        return false
      }
      return true
    }
    _ = writer?.finish()
    if let lost = writer?.failure { throw lost }
  } catch {
    throw failure(error.message)
  }
}

private func rewrite(
  _ kind: EntryKind, _ cursor: inout EntryCursor, _ writer: HistoryWriter?
) throws(DecodingError) {
  for field in kind.fields {
    switch field {
    case .number: writer?.number(try cursor.number())
    case .signed: writer?.signed(try cursor.signed())
    case .word: writer?.word(try cursor.word())
    case .text: writer?.text(try cursor.text())
    case .bytes: writer?.bytes([UInt8](try cursor.bytes()))
    case .run:
      var first: UInt64?
      var steps: [UInt64] = []
      var last: UInt64 = 0
      let (source, count) = try cursor.run { _, sequence in
        if first == nil { first = sequence } else { steps.append(sequence &- last) }
        last = sequence
      }
      for number in [UInt64(source), UInt64(count), first ?? 0] { writer?.number(number) }
      for step in steps { writer?.number(step) }
    case .rows:
      let count = try cursor.number()
      writer?.number(count)
      for _ in 0..<count { writer?.row(try cursor.row()) }
    }
  }
}
