import Backbones
import Engines
import Faults
import History
import Model
import Queries
import Scenarios
import Schemas
import Workloads

/// Puts the parts of a run together.
struct Assembly {
  let scenario: Scenario
  let workload: Workload
  let history: HistoryWriter
  let cache: BlockCache
  /// What fills the port of a live run.
  let live: LiveSystem?

  /// Partitions of all input streams together.
  var inputPartitions: Int { scenario.resources.partitions * workload.streams.count }

  /// Partitions of the result stream: as many as one input has, so that the sink spreads alike.
  var resultPartitions: Int { scenario.resources.partitions }

  /// One look at every lane in so many nanoseconds: the linger of the producer clients.
  static let tick: Nanoseconds = 5 * .millisecond

  /// A trace that is replayed into a real system keeps its time: the system's own client lingers as
  /// it is told to, so nothing is held back for a batch.
  static let replayTick: Nanoseconds = 50 * .microsecond

  private var keepsInstants: Bool {
    guard live != nil, case .trace(let speed, _) = scenario.load else { return false }
    return speed != nil
  }

  func parts(
    endOfLoad: Instant, logDefects: Set<LogDefect>, engineDefects: Set<EngineDefect>
  ) throws(RunFailure) -> RunParts {
    let messageFaults = MessageFaults(seed: scenario.seed)
    let load = LoadGenerator(
      cache: cache, history: history, laneStream: workload.laneStream,
      partitions: scenario.resources.partitions, tick: keepsInstants ? Self.replayTick : Self.tick,
      endOfLoad: endOfLoad,
      spreadsKeyless: !isKeyed, keepsInstants: keepsInstants)
    let backbone: any Backbone
    var engine: (any Engine)?
    if let live {
      backbone = live.backbone
      engine = live.engine
      if engine == nil, backbone.capabilities.reads { engine = try makeEngine(engineDefects) }
    } else {
      var settings = logSettings
      settings.defects = logDefects
      backbone = EmbeddedLog(
        settings, consumers: scenario.resources.slots, filter: messageFaults)
      engine = try makeEngine(engineDefects)
    }
    let job = scenario.engine.job
    let parts = RunParts(
      load: load, backbone: backbone, engine: engine,
      reader: StreamReader(
        job == nil ? .rows : .output, partitions: resultPartitions,
        committedOnly: job?.writes.isCommittedOnly ?? (scenario.sink.kind == .transactional),
        history: history),
      history: history, faults: scenario.faults.plan, messageFaults: messageFaults,
      resultStream: scenario.sink.stream)
    if let job { addParts(of: job, to: parts) }
    return parts
  }

  /// Weir reads back what the job is given, and closes its last windows.
  private func addParts(of job: JobChoice, to parts: RunParts) {
    let partitions = scenario.resources.partitions
    parts.auditor = StreamReader(
      .events, partitions: partitions, committedOnly: true, history: history)
    parts.flush = job.flush.map {
      FlushEvents(source: workload.source, partitions: partitions, after: $0, history: history)
    }
  }

  /// True when a key must stay in one partition, so that one task sees all of it.
  private var isKeyed: Bool {
    if scenario.engine.job != nil { return false }
    return workload.plan.operators.contains { step in
      switch step {
      case .input, .filter, .select, .union, .expand: false
      default: true
      }
    }
  }

  private func pair(_ spread: Spread) -> (Nanoseconds, Nanoseconds) {
    (spread.median, spread.p99)
  }

  private var logSettings: LogSettings {
    let backbone = scenario.backbone
    let flush: LogSettings.Flush
    switch backbone.fsync {
    case .never: flush = .never
    case .batch: flush = .batch
    case .interval: flush = .interval(.second)
    }
    let costs = backbone.costs
    return LogSettings(
      inputPartitions: inputPartitions, resultPartitions: resultPartitions,
      producers: workload.source.laneCount, idempotent: backbone.idempotent,
      acknowledgesAfterFlush: backbone.acks == .all, flush: flush, link: pair(costs.link),
      request: pair(costs.request), record: pair(costs.record), batch: pair(costs.batch),
      byte: pair(costs.byte), fsync: pair(costs.fsync), seed: scenario.seed)
  }

  private func makeEngine(_ defects: Set<EngineDefect>) throws(RunFailure) -> EmbeddedEngine {
    var readers: [ColumnReader] = []
    for (stream, input) in zip(workload.streams, workload.plan.inputs) {
      do throws(SchemaError) {
        readers.append(
          try ColumnReader(
            schema: try AvroSchema.parse(stream.schema), schemaID: stream.schemaID,
            columns: input.columns, eventTime: input.eventTime))
      } catch {
        throw .internalError("the schema of \(stream.name): \(error.message)")
      }
    }
    let engine = scenario.engine
    let sink: SinkMode
    switch scenario.sink.kind {
    case .append: sink = .append
    case .upsert: sink = .upsert
    case .transactional: sink = .transactional
    }
    // In real time work takes what it takes.
    let costs = live == nil ? engine.costs : EngineCosts(free: ())
    var settings = EngineSettings(
      tasks: scenario.resources.slots, partitions: scenario.resources.partitions,
      resultPartitions: resultPartitions, sink: sink,
      checkpointInterval: engine.checkpointInterval, restartDelay: engine.restartDelay,
      recordCost: pair(costs.record), stateCost: pair(costs.state),
      checkpointCost: pair(costs.checkpoint), seed: scenario.seed)
    // A group deals partitions out in turns; the engine's tasks keep the state of theirs.
    let dealsAlike =
      workload.streams.count == 1
      || scenario.resources.partitions % scenario.resources.slots == 0
    settings.joinsGroup = dealsAlike && live?.backbone.capabilities.groups ?? false
    settings.coordination = engine.strategy == .microBatch ? .microBatches : .continuous
    settings.defects = defects
    do throws(PlanError) {
      return try EmbeddedEngine(
        settings, plan: workload.plan, readers: readers, laneStream: workload.laneStream,
        lateLanes: workload.lateLanes, history: history)
    } catch {
      throw .internalError(error.message)
    }
  }
}

extension EngineCosts {
  /// Nothing costs modelled time.
  fileprivate init(free: Void) {
    self.init(record: Spread(0), state: Spread(0), checkpoint: Spread(0))
  }
}
