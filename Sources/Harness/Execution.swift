import Backbones
import CShim
import Engines
import History
import Model
import Queries
import Scenarios
import Scheduling
import Statistics
import Verification
import Workloads

/// A run and what it took beside its history.
public struct Execution: Sendable {
  public var result: RunResult
  public var machine: MachineFacts
}

/// Runs a scenario to its end and judges it. The history is written to `request.historyPath` as the
/// run goes on, and is read back for the stories of what went wrong.
public func execute(
  _ request: RunRequest, progress: ((RunProgress) -> Void)? = nil
) throws(RunFailure) -> Execution {
  let meter = Meter()
  let scenario = request.scenario
  let workload = try makeWorkload(
    scenario, tracePath: request.tracePath, own: request.ownKinds)
  let phases = try phasePlan(scenario, workload)
  let clock = try runClock(scenario)
  let live = clock == .live ? try openLive(request, workload.streams.count) : nil
  defer { live?.close() }
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
  history.onBlock = { bench.observe($0, $1) }
  writeFirstEntry(history, request, clock)
  let assembly = Assembly(
    scenario: scenario, workload: workload, history: history, cache: cache, live: live)
  let parts = try assembly.parts(
    endOfLoad: phases.drainStart, logDefects: request.logDefects,
    engineDefects: request.engineDefects)
  parts.atEnd = rowWriter(request, bench, history)
  let loop = RunLoop(
    parts, pacer: makePacer(clock, live?.backbone), phases: phases, progress: progress)
  // A sender that waits for its turn behind the system under test measures the machine.
  let goesFirst = live != nil && shim_go_first() == 0
  defer { if goesFirst { shim_go_along() } }
  let ended = try loop.run()
  if goesFirst { shim_go_along() }
  let hash = history.finish()
  let verdicts = try bench.finish(.complete, path: request.historyPath)
  try checkSource(workload, scenario)
  var machine = MachineFacts()
  machine.command = request.command
  machine.overrides = request.overrides
  machine.clock = clock
  machine.ended = ended.ns
  machine.environment = request.environment
  machine.historyBytes = history.byteCount
  machine.historyFailure = history.failure?.message ?? ""
  machine.take(parts.backbone.usage)
  machine.engineBusy = parts.engine?.status.busy ?? 0
  machine.payloadBytes = parts.load.bytes
  machine.setLateness(loop.sendLateness)
  machine.take(meter)
  let facts = RunFacts(
    scenario: scenario, scenarioText: request.scenarioText, version: request.version,
    workload: workload, phases: phases, hash: hash, historyEntries: history.entryCount,
    interruptedAt: loop.interruptedAt, machine: machine, sent: parts.load.sent)
  let result = ResultBuilder(facts: facts, recorder: bench.recorder, verdicts: verdicts).build()
  return Execution(result: result, machine: machine)
}

/// Writes what checks of a job's output expect, at the end of the run.
private func rowWriter(
  _ request: RunRequest, _ bench: JudgeBench, _ history: HistoryWriter
) -> (Instant) -> Void {
  { now in
    writeExpectedRows(
      request.expectedRows,
      events: {
        history.flush()
        return bench.inputs()
      }, to: history, at: now)
  }
}

/// Judges a recorded history from its entries alone: the scenario stands in its first one.
/// `parse` reads the scenario text that the history holds. `ownKinds` are the workloads of files
/// that it needs. `machine` is what the run folder knows beside it; without it, costs and usage are
/// those of no run.
public func judgeHistory(
  path: String, machine: MachineFacts?,
  ownKinds: (Scenario) throws(Problems) -> [WorkloadKind] = { _ in [] },
  traceFile: (Scenario) -> String?,
  parse: (String) throws(Problems) -> Scenario
) throws(RunFailure) -> RunResult {
  let head = try HistoryHead.read(path)
  let scenario: Scenario
  do throws(Problems) { scenario = try parse(head.scenario) } catch { throw .problems(error) }
  let own: [WorkloadKind]
  do throws(Problems) { own = try ownKinds(scenario) } catch { throw .problems(error) }
  let workload = try makeWorkload(scenario, tracePath: traceFile(scenario), own: own)
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
  try checkSource(workload, scenario)
  var known = machine ?? MachineFacts()
  if machine == nil {
    known.command = "weir verify \(path)"
    known.clock = head.clock == "live" ? .live : .virtual
    known.ended = bench.recorder.endedAt.ns
  }
  let facts = RunFacts(
    scenario: scenario, scenarioText: head.scenario, version: head.version, workload: workload,
    phases: phases, hash: reading.hash, historyEntries: reading.entryCount,
    interruptedAt: head.interruptedAt, machine: known,
    sent: verdicts.judgement.ledger.sent)
  return ResultBuilder(facts: facts, recorder: bench.recorder, verdicts: verdicts).build()
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
  case (.kafka, _): return .live
  case (.embedded, .virtual): return .virtual
  case (.embedded, .wall): return .paced
  }
}

/// What fills the port of a live run.
private func openLive(
  _ request: RunRequest, _ inputs: Int
) throws(RunFailure) -> LiveSystem {
  if request.scenario.backbone.kind == .null { return LiveSystem(backbone: NullBackbone()) }
  guard let open = request.openLive else {
    throw .internalError("nothing fills the port of \(request.scenario.backbone.kind.rawValue)")
  }
  return try open(request.scenario, inputs)
}

private func makePacer(_ clock: RunClock, _ live: (any LiveBackbone)?) -> any Pacer {
  switch clock {
  case .virtual: VirtualPacer()
  case .paced: WallPacer()
  case .live: WallPacer(descriptors: live.map { [$0.descriptor] } ?? [])
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

  var wallSoFar: Nanoseconds { Int64(shim_monotonic_ns() - wall) }
  var cpuSoFar: Nanoseconds { Int64(shim_process_cpu_ns() - cpu) }
}

extension MachineFacts {
  mutating func take(_ meter: Meter) {
    wall = meter.wallSoFar
    cpu = meter.cpuSoFar
    peakMemory = shim_peak_memory_bytes()
  }

  mutating func take(_ usage: BackboneUsage) {
    requests = usage.requests
    deliveries = usage.deliveries
    retainedBytes = usage.retainedBytes
    brokerBusy = usage.busy
  }
}
