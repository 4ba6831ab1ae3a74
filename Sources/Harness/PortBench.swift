import Backbones
import CShim
import Engines
import History
import Model
import Scenarios
import Scheduling
import Verification
import Workloads

/// What Weir's own work at the port costs on a live backbone, as fast as it goes: sending with
/// every instant recorded and the history kept, and reading with everything checked. For benches.
public final class PortBench {
  /// What one direction took.
  public struct Figures: Sendable {
    public var events: UInt64
    public var wall: Nanoseconds
    /// Of all threads of this process.
    public var cpu: Nanoseconds
  }

  private let scenario: Scenario
  private let workload: Workload
  private let phases: PhasePlan
  private let historyPath: String

  /// The load of `scenario` is to ask for more than the backbone can take.
  public init(_ scenario: Scenario, historyPath: String) throws(RunFailure) {
    self.scenario = scenario
    self.historyPath = historyPath
    workload = try makeWorkload(scenario, tracePath: nil)
    phases = try phasePlan(scenario, workload)
  }

  /// Sends the whole load through the run loop and waits until every event has its answer.
  public func send(to backbone: any LiveBackbone) throws(RunFailure) -> Figures {
    let history = try open(historyPath)
    let assembly = Assembly(
      scenario: scenario, workload: workload, history: history,
      cache: BlockCache(workload.source), live: LiveSystem(backbone: SendOnly(backbone)))
    let parts = try assembly.parts(
      endOfLoad: phases.drainStart, logDefects: [], engineDefects: [])
    let meter = Meter()
    let pacer = WallPacer(descriptors: [backbone.descriptor])
    let loop = RunLoop(parts, pacer: pacer, phases: phases, progress: nil)
    _ = try loop.run()
    _ = history.finish()
    let figures = Figures(events: parts.load.sent, wall: meter.wallSoFar, cpu: meter.cpuSoFar)
    pacer.close()
    try check(history)
    if parts.load.outstanding > 0 {
      throw .history("\(parts.load.outstanding) events of the bench were not answered")
    }
    return figures
  }

  /// Reads back what `send` wrote, as an engine task does, with the judge beside it. Throws when
  /// anything is wrong with what was read.
  public func read(_ count: UInt64, from backbone: any LiveBackbone) throws(RunFailure) -> Figures {
    let cache = BlockCache(workload.source)
    let judge = Judge(
      context: JudgeContext(
        workload: workload, endOfLoad: phases.drainStart, partitions: scenario.resources.partitions,
        sink: scenario.sink.kind, blockProvider: { lane, index in cache.get(index, of: lane) }))
    do throws(HistoryError) {
      _ = try HistoryFile.read(historyPath) { bytes, first, startAt in
        judge.observe(block: bytes, firstEntry: first, startAt: startAt)
        return true
      }
    } catch {
      throw .history(error.message)
    }
    let history = try open(historyPath + ".read")
    history.onBlock = { judge.observe(block: $0, firstEntry: $1, startAt: .zero) }
    let meter = Meter()
    try drain(count, from: backbone, into: history)
    _ = history.finish()
    let figures = Figures(events: count, wall: meter.wallSoFar, cpu: meter.cpuSoFar)
    try check(history)
    // Cut, to the judge: there are no results, and so none to be judged.
    let judgement = judge.finish(.truncated(block: 0, byte: 0))
    if let fact = judgement.facts.first {
      throw .history("the bench read what it should not: \(fact.id), \(fact.count) times")
    }
    if judgement.inputEvents != count {
      throw .history("the bench read \(judgement.inputEvents) of \(count) events")
    }
    return figures
  }

  private func drain(
    _ count: UInt64, from backbone: any LiveBackbone, into history: HistoryWriter
  ) throws(RunFailure) {
    let client = ClientID(.consumer, 0)
    var outbox = Outbox()
    var pacer = WallPacer(descriptors: [backbone.descriptor])
    defer { pacer.close() }
    func ask(_ partition: Int, _ offset: Int64, at now: Instant) {
      backbone.handle(
        .poll(client, .input, partition: partition, offset: offset, committedOnly: true), at: now,
        outbox: &outbox)
    }
    for partition in 0..<scenario.resources.partitions { ask(partition, 0, at: .zero) }
    var left = Int64(count)
    let limit = Instant(ns: 120 * .second)
    while left > 0 {
      guard case .completions(let now) = pacer.wait(until: limit) else {
        throw .history("\(left) events of the bench were not read back within two minutes")
      }
      backbone.collect(at: now, outbox: &outbox)
      let completions = outbox.completions
      outbox.removeAll()
      for completion in completions {
        guard case .polled(_, _, let partition, let deliveries, let next) = completion else {
          continue
        }
        for delivery in deliveries {
          history.polled(
            delivery.batch, from: delivery.first, reader: 0, partition: partition,
            baseOffset: delivery.baseOffset, at: now)
          left -= Int64(delivery.batch.count - delivery.first)
        }
        ask(partition, next, at: now)
      }
    }
  }

  private func open(_ path: String) throws(RunFailure) -> HistoryWriter {
    do throws(HistoryError) { return try HistoryWriter(path: path) } catch {
      throw .history(error.message)
    }
  }

  private func check(_ history: HistoryWriter) throws(RunFailure) {
    if let failure = history.failure { throw .history(failure.message) }
  }
}

/// A backbone that is only written to: no engine is put behind it.
private final class SendOnly: LiveBackbone {
  private let inner: any LiveBackbone

  init(_ inner: any LiveBackbone) { self.inner = inner }

  var capabilities: Capabilities {
    var capabilities = inner.capabilities
    capabilities.reads = false
    return capabilities
  }
  var usage: BackboneUsage { inner.usage }
  var descriptor: Int32 { inner.descriptor }

  func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    inner.handle(command, at: now, outbox: &outbox)
  }

  func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {
    inner.handle(event, at: now, outbox: &outbox)
  }

  func collect(at now: Instant, outbox: inout Outbox) {
    inner.collect(at: now, outbox: &outbox)
  }

  func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome { inner.control(action, node: node, at: now, outbox: &outbox) }

  func close() { inner.close() }
}
