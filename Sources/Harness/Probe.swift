import CShim
import Engines
import History
import Model
import Scenarios
import Scheduling
import Workloads

/// scratch
public func probe(rate: Int64, seconds: Int64, slots: Int, partitions: Int, parameters: [WorkloadChoice.Parameter]) throws {
  let scenario = Scenario(
    name: "probe", description: "probe",
    workload: WorkloadChoice(kind: "fraud-detection", parameters: parameters, query: "alerts", sources: 8,
      start: Timestamp(ns: 1_767_225_600_000_000_000)),
    load: .constant(Rate(count: rate, per: .second)),
    engine: EngineChoice(checkpointInterval: .second, watermarkDelay: 2 * .second, costs: EngineCosts(record: Spread(10_000))),
    resources: Resources(brokers: 1, partitions: partitions, slots: slots))
  let workload = try makeWorkload(scenario, tracePath: nil)
  let history = try HistoryWriter(path: "/tmp/probe.weir")
  let cache = BlockCache(workload.source, limit: 256)
  let assembly = Assembly(scenario: scenario, workload: workload, history: history, cache: cache)
  let end = Instant(ns: seconds * .second)
  let t0 = shim_thread_cpu_ns()
  let parts = try assembly.parts(endOfLoad: end, logDefects: [], engineDefects: [])
  let loop = RunLoop(parts, pacer: VirtualPacer(), phases: PhasePlan(measureStart: .second2, healStart: end, drainStart: end, drainLimit: end + 60 * .second), progress: nil)
  let ended = try loop.run()
  let hash = history.finish()
  let dt = shim_thread_cpu_ns() - t0
  print("ended", ended.ns, "sent", parts.load.sent, "processed", parts.engine!.processed, "rows", parts.reader.rows, "entries", history.entryCount, "bytes/event", Double(history.byteCount) / Double(parts.load.sent), hash.text)
  print("ns/event", Double(dt) / Double(parts.load.sent), "rss MiB", shim_peak_memory_bytes() >> 20)
}
extension Instant { static let second2 = Instant(ns: 2_000_000_000) }
