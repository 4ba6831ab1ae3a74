import CShim
import History
import Model
import Queries
import Scenarios
import Scheduling
import Statistics
import Verification
import Workloads

/// Runs a scenario to its end and judges it. The history is written to `request.historyPath` as the
/// run goes on, and is read back for the stories of what went wrong.
public func execute(
  _ request: RunRequest, progress: ((RunProgress) -> Void)? = nil
) throws(RunFailure) -> RunResult {
  let meter = Meter()
  let scenario = request.scenario
  let workload = try makeWorkload(scenario, tracePath: request.tracePath)
  let phases = try phasePlan(scenario, workload)
  let history: HistoryWriter
  do throws(HistoryError) {
    history = try HistoryWriter(path: request.historyPath)
  } catch {
    throw .history(error.message)
  }
  let cache = BlockCache(workload.source)
  let bench = JudgeBench(
    scenario: scenario, workload: workload, phases: phases, endOfLoad: phases.drainStart,
    cache: cache)
  history.onBlock = bench.observe
  let clock = try runClock(scenario)
  writeFirstEntry(history, request, clock)
  let assembly = Assembly(scenario: scenario, workload: workload, history: history, cache: cache)
  let parts = try assembly.parts(
    endOfLoad: phases.drainStart, logDefects: request.logDefects,
    engineDefects: request.engineDefects)
  let loop = RunLoop(
    parts, pacer: makePacer(clock, parts), phases: phases, progress: progress)
  let ended = try loop.run()
  let hash = history.finish()
  let end: HistoryEnd = .complete
  let verdicts = try bench.finish(end, path: request.historyPath)
  let facts = RunFacts(
    request: request, workload: workload, clock: clock, phases: phases, hash: hash,
    historyEntries: history.entryCount, historyBytes: history.byteCount,
    historyFailure: history.failure?.message, ended: ended, interruptedAt: loop.interruptedAt,
    sendLateness: loop.sendLateness, backboneUsage: parts.backbone.usage,
    engineBusy: parts.engine?.busy ?? 0, sent: parts.load.sent, sentBytes: parts.load.bytes,
    delivers: parts.engine != nil)
  return ResultBuilder(facts: facts, recorder: bench.recorder, verdicts: verdicts).build(
    usage: meter.usage)
}

/// Judges a recorded history from its entries alone: the scenario stands in its first one.
/// `parse` reads the scenario text that the history holds.
public func judgeHistory(
  path: String, version: String, tracePath: String?,
  parse: (String) throws(Problems) -> Scenario
) throws(RunFailure) -> RunResult {
  let meter = Meter()
  let head = try HistoryHead.read(path)
  let scenario: Scenario
  do throws(Problems) { scenario = try parse(head.scenario) } catch { throw .problems(error) }
  let workload = try makeWorkload(scenario, tracePath: tracePath)
  let phases = try phasePlan(scenario, workload)
  let endOfLoad = head.loadEndedAt.map { min($0, phases.drainStart) } ?? phases.drainStart
  let bench = JudgeBench(
    scenario: scenario, workload: workload, phases: phases, endOfLoad: endOfLoad,
    cache: BlockCache(workload.source))
  let reading: HistoryReading
  do throws(HistoryError) {
    reading = try HistoryFile.read(path) { bytes, first, startAt in
      bench.observe(bytes, first, startAt)
      return true
    }
  } catch {
    throw .history(error.message)
  }
  let verdicts = try bench.finish(reading.end, path: path)
  let request = RunRequest(
    scenario: scenario, scenarioText: head.scenario, command: "weir verify \(path)",
    historyPath: path, version: head.version)
  let facts = RunFacts(
    request: request, workload: workload, clock: RunClock(rawValue: head.clock) ?? .virtual,
    phases: phases, hash: reading.hash, historyEntries: reading.entryCount, historyBytes: 0,
    historyFailure: nil, ended: bench.recorder.endedAt, interruptedAt: head.interruptedAt,
    sendLateness: LatencyHistogram(), backboneUsage: .init(), engineBusy: 0,
    sent: verdicts.judgement.ledger.sent, sentBytes: 0,
    delivers: scenario.backbone.kind != .null)
  return ResultBuilder(facts: facts, recorder: bench.recorder, verdicts: verdicts).build(
    usage: meter.usage)
}

private func writeFirstEntry(_ history: HistoryWriter, _ request: RunRequest, _ clock: RunClock) {
  history.begin(.runBegan, at: .zero)
  history.text(request.version)
  history.text(request.scenarioText)
  // Virtual and paced runs have the same history: only a live one names its clock.
  history.text(clock == .live ? "live" : "models")
}

/// Which clock a scenario runs by: a model under the wall clock is paced.
func runClock(_ scenario: Scenario) throws(RunFailure) -> RunClock {
  switch (scenario.backbone.kind, scenario.clock) {
  case (.null, .virtual):
    throw .problems(
      Problems([
        Problem(
          file: scenario.name, message: "backbone null measures the harness in real time",
          hint: "add --clock wall")
      ]))
  case (.null, .wall): return .live
  case (.embedded, .virtual): return .virtual
  case (.embedded, .wall): return .paced
  }
}

private func makePacer(_ clock: RunClock, _ parts: RunParts) -> any Pacer {
  switch clock {
  case .virtual: VirtualPacer()
  case .paced: WallPacer()
  case .live:
    WallPacer(descriptors: (parts.backbone as? NullBackbone).map { [$0.descriptor] } ?? [])
  }
}

/// When the phases begin. A trace is measured to its end.
func phasePlan(_ scenario: Scenario, _ workload: Workload) throws(RunFailure) -> PhasePlan {
  let phases = scenario.phases
  let measureStart = Instant(ns: phases.warmUp)
  var healStart = measureStart
  if let measure = phases.measure {
    healStart = measureStart + measure
  } else {
    healStart = max(measureStart, lastSend(workload.source) + .millisecond)
  }
  let drainStart = healStart + phases.heal
  return PhasePlan(
    measureStart: measureStart, healStart: healStart, drainStart: drainStart,
    drainLimit: drainStart + phases.drain)
}

/// The last intended instant of a finite source.
private func lastSend(_ source: any EventSource) -> Instant {
  var last = Instant.zero
  for lane in 0..<source.laneCount {
    // Doubling, then halving: blocks of a finite source end somewhere.
    var low = 0
    var high = 1
    while source.block(high, of: lane) != nil { (low, high) = (high, high * 2) }
    while high - low > 1 {
      let middle = (low + high) / 2
      if source.block(middle, of: lane) != nil { low = middle } else { high = middle }
    }
    var index = low
    while index >= 0 {
      if let block = source.block(index, of: lane), block.count > 0 {
        last = max(last, Instant(ns: block.intendedAt[block.count - 1]))
        break
      }
      index -= 1
    }
  }
  return last
}

/// What the machine spends on a run.
struct Meter {
  private let wall = shim_monotonic_ns()
  private let cpu = shim_process_cpu_ns()

  struct Usage {
    var wall: Nanoseconds
    var cpu: Nanoseconds
    var peakMemory: UInt64
  }

  var usage: Usage {
    Usage(
      wall: Int64(shim_monotonic_ns() - wall), cpu: Int64(shim_process_cpu_ns() - cpu),
      peakMemory: shim_peak_memory_bytes())
  }
}
