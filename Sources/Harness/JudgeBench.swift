import History
import Model
import Queries
import Scenarios
import Statistics
import Verification
import Workloads

/// What the judges found, and what it means.
struct Verdicts {
  var judgement: Judgement
  var assessment: Assessment
}

/// Judge and recorder side by side, fed with the blocks of one history: those of a run as it goes
/// on, or those of a file.
final class JudgeBench {
  let recorder: Recorder
  private let judge: Judge
  private let scenario: Scenario
  private let plan: Plan
  private let workload: Workload
  private let cache: BlockCache

  init(
    scenario: Scenario, workload: Workload, phases: PhasePlan, endOfLoad: Instant,
    cache: BlockCache
  ) {
    self.scenario = scenario
    self.cache = cache
    plan = workload.plan
    let partitions = scenario.resources.partitions * workload.streams.count
    // A job that commits nothing does not tell how far it has come.
    let isBlind = scenario.engine.job.map { $0.group == .none } ?? false
    recorder = Recorder(
      interval: scenario.report.interval, measureStart: phases.measureStart,
      measureEnd: phases.healStart, partitions: partitions,
      delivers: scenario.backbone.kind != .null && !isBlind,
      readsAreCommits: scenario.engine.job != nil)
    self.workload = workload
    judge = Judge(
      context: JudgeContext(
        workload: workload, endOfLoad: endOfLoad, partitions: partitions,
        sink: scenario.sink.kind, delivers: scenario.backbone.kind != .null,
        blockProvider: { lane, index in cache.get(index, of: lane) },
        recorder: recorder, output: outputContract(scenario, workload)))
  }

  /// Events that a job was given so far, as JSON, in the order of their intended instants.
  func inputs() -> [[UInt8]] {
    guard let output = judge.output else { return [] }
    var events: [(at: Int64, event: EventID, text: [UInt8])] = []
    let provider = { [cache] (lane: Int, index: Int) in cache.get(index, of: lane) }
    output.forEachInput(workload.source, provider) { block, index, text in
      let event = EventID(source: block.lane, sequence: block.baseSequence + UInt64(index))
      events.append((block.intendedAt[index], event, text))
    }
    events.sort { ($0.at, $0.event) < ($1.at, $1.event) }
    return events.map(\.text)
  }

  func observe(_ bytes: UnsafeRawBufferPointer, _ firstEntry: UInt64) {
    observe(bytes, firstEntry, recorder.endedAt)
  }

  func observe(_ bytes: UnsafeRawBufferPointer, _ firstEntry: UInt64, _ startAt: Instant) {
    recorder.observe(block: bytes, firstEntry: firstEntry, startAt: startAt)
    judge.observe(block: bytes, firstEntry: firstEntry, startAt: startAt)
  }

  func finish(_ end: HistoryEnd, path: String?) throws(RunFailure) -> Verdicts {
    let judgement = judge.finish(end)
    let anomalies: [Anomaly]
    if let path {
      do throws(HistoryError) {
        anomalies = try judge.tell(judgement, from: path)
      } catch {
        throw .history(error.message)
      }
    } else {
      anomalies = judge.tell(judgement)
    }
    return Verdicts(
      judgement: judgement,
      assessment: assess(judgement, anomalies, under: Configuration(scenario), plan: plan))
  }
}
