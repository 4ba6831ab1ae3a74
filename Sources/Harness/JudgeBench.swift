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

  init(
    scenario: Scenario, workload: Workload, phases: PhasePlan, endOfLoad: Instant,
    cache: BlockCache
  ) {
    self.scenario = scenario
    plan = workload.plan
    let partitions = scenario.resources.partitions * workload.streams.count
    recorder = Recorder(
      interval: scenario.report.interval, measureStart: phases.measureStart,
      measureEnd: phases.healStart, partitions: partitions,
      delivers: scenario.backbone.kind != .null)
    judge = Judge(
      context: JudgeContext(
        workload: workload, endOfLoad: endOfLoad, partitions: partitions,
        sink: scenario.sink.kind, delivers: scenario.backbone.kind != .null,
        blockProvider: { lane, index in cache.get(index, of: lane) },
        recorder: recorder))
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
