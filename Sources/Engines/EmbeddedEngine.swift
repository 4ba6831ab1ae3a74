import Backbones
import Draws
import History
import Model
import Queries
import Schemas

/// The embedded engine: tasks that read partitions, continuous processing with checkpoints, and a
/// sink. A state machine: it gets completions, timers, crash and restart, and posts commands and
/// timers; it never waits.
///
/// Recovery (design section 7): the snapshot is durable first, then its number travels with the
/// input positions in the commit; a restart asks which snapshot was committed and goes on there.
public final class EmbeddedEngine {
  let settings: EngineSettings
  let history: HistoryWriter
  let input: EngineInput
  var program: Program
  var tasks: [EngineTask] = []
  private let recorder: LateRecorder
  /// Of each partition: its task, and its place among the task's.
  var homes: [(task: Int, local: Int)] = []
  var sink: SinkWriter
  let sinkClient = ClientID(.sink, 0)

  /// What each task reads by the group, nil while it has nothing.
  var memberships: [Membership?] = []
  /// While it starts: the sink is the only one of its name, and positions were asked for.
  var sinkIsReady = false
  var hasAskedPositions = false

  enum Phase { case stopped, starting, running }
  var phase = Phase.stopped
  /// Each start is a life of its own: timers and answers of an earlier one are ignored.
  var life: UInt32 = 0

  var checkpoint: UInt64 = 0
  var committedCheckpoint: UInt64 = 0
  var durable = false
  var checkpointPositions: [Int64] = []
  /// The checkpoint that a commit under way carries.
  var commitRequested: (transaction: UInt64, checkpoint: UInt64)?

  /// Records taken and not yet worked through, per task, in order.
  var work: [[(partition: Int, deliveries: [Delivery], next: Int64)]] = []
  var workHead: [Int] = []
  var busyUntil: [Instant] = []
  var readPositions: [Int64]

  let costs: (record: DelayTable, state: DelayTable, checkpoint: DelayTable)
  let draws: DrawStream
  var drawn: UInt64 = 0
  var endOffsets: [Int64]?
  var pausedSince: Instant?
  var heldTimers: [EngineTimer] = []
  /// The batch that was last written down, which a restart does not forget; the one that runs.
  var planned: PlannedBatch?
  var batch: PlannedBatch?
  /// A batch is due as soon as the one before is committed, or its records are here.
  var isBatchDue = false
  var reachedEnd = false
  /// All input up to the end offsets is processed and committed.
  public internal(set) var isDrained = false
  /// Task busy time, by the cost model.
  public internal(set) var busy: Nanoseconds = 0
  /// Records worked through.
  public internal(set) var processed: UInt64 = 0

  /// `readers` are those of the plan's inputs, in their order; `laneStream` says which of them each
  /// lane belongs to.
  public init(
    _ settings: EngineSettings, plan: Plan, readers: [ColumnReader], laneStream: [Int?],
    lateLanes: Set<Int>, history: HistoryWriter
  ) throws(PlanError) {
    self.settings = settings
    self.history = history
    input = EngineInput(
      plan: plan, readers: readers, laneStream: laneStream, lateLanes: lateLanes,
      partitions: settings.partitions)
    sink = SinkWriter(
      partitions: settings.resultPartitions, isTransactional: settings.sink == .transactional,
      history: history)
    readPositions = Array(repeating: 0, count: input.allPartitions)
    func table(_ cost: (Nanoseconds, Nanoseconds)) -> DelayTable {
      DelayTable(median: cost.0, p99: cost.1)
    }
    costs = (table(settings.recordCost), table(settings.stateCost), table(settings.checkpointCost))
    draws = DrawFamily(seed: settings.seed, component: "engine", purpose: "costs").stream(0)
    let recorder = LateRecorder(history: history)
    self.recorder = recorder
    program = try Program(plan, tasks: settings.tasks, defects: settings.defects) {
      recorder.record($0)
    }
    buildTasks()
  }

  func rebuild() throws(PlanError) {
    let recorder = recorder
    program = try Program(input.plan, tasks: settings.tasks, defects: settings.defects) {
      recorder.record($0)
    }
    buildTasks()
  }

  private func buildTasks() {
    tasks = []
    homes = Array(repeating: (0, 0), count: input.allPartitions)
    for number in 0..<settings.tasks {
      let mine = (0..<input.allPartitions).filter {
        input.task(of: $0, tasks: settings.tasks) == number
      }
      for (local, partition) in mine.enumerated() { homes[partition] = (number, local) }
      tasks.append(
        EngineTask(
          number: number, partitions: mine, input: input, program: program, history: history,
          recorder: recorder))
    }
    work = Array(repeating: [], count: settings.tasks)
    workHead = Array(repeating: 0, count: settings.tasks)
    busyUntil = Array(repeating: .zero, count: settings.tasks)
  }

  func client(_ task: Int) -> ClientID { ClientID(.consumer, task) }

  func word() -> UInt64 {
    drawn &+= 1
    return draws.word(drawn)
  }

  /// Rows that wait in the engine for the watermark.
  public var waiting: Int { tasks.reduce(0) { $0 + $1.waiting } }

  // Life cycle

  /// Starts the process: takes the place of an older one and asks where to go on.
  public func start(at now: Instant, _ outbox: inout EngineOutbox) {
    precondition(phase == .stopped, "an engine that runs cannot be started")
    memberships = Array(repeating: nil, count: settings.tasks)
    if settings.joinsGroup {
      for task in tasks.indices {
        outbox.commands.append(.join(client(task), keepsPlace: true))
      }
    }
    getReady(&outbox)
  }

  /// The process dies at once: memory, timers and requests are gone.
  public func crash(at now: Instant, _ outbox: inout EngineOutbox) {
    if phase == .stopped { return }
    phase = .stopped
    life &+= 1
    history.begin(.engineStopped, at: now)
    sink.crash()
    batch = nil
    isBatchDue = false
    for task in tasks.indices {
      outbox.commands.append(.close(client(task)))
      work[task].removeAll()
      workHead[task] = 0
    }
    outbox.commands.append(.close(sinkClient))
  }

  /// The fault is over: the process starts after its restart delay.
  public func restart(at now: Instant, _ outbox: inout EngineOutbox) {
    outbox.timers.append((.start, now + settings.restartDelay))
  }

  /// Stops and goes on, as a stopped process does: what comes meanwhile is taken up at the end.
  public func setPaused(_ paused: Bool, at now: Instant, _ outbox: inout EngineOutbox) {
    if paused {
      pausedSince = now
    } else if pausedSince != nil {
      pausedSince = nil
      let timers = heldTimers
      heldTimers.removeAll()
      for timer in timers { outbox.timers.append((timer, now)) }
    }
  }

  func resume(
    from positions: [Int64], snapshot: UInt64, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError) {
    settleOpenTransaction(snapshot, at: now)
    let restored =
      settings.defects.contains(.staleRestore) && snapshot > 1 ? snapshot - 1 : snapshot
    let before = tasks.map(\.positions)
    if restored == 0 {
      try rebuild()
    } else {
      program.restore(restored)
      for task in tasks { task.restore(restored) }
      program.greatest = tasks.map(\.greatest).max() ?? .min
    }
    for task in tasks { task.setPositions(positions) }
    if settings.defects.contains(.skipsReplay) && snapshot > 0 {
      for (task, positions) in zip(tasks, before) { task.overridePositions(positions) }
    }
    committedCheckpoint = snapshot
    history.begin(.restored, at: now)
    history.number(restored)
    history.begin(.engineStarted, at: now)
    history.number(UInt64(settings.tasks))
    phase = .running
    reachedEnd = false
    for task in tasks {
      busyUntil[task.number] = now
      for (local, partition) in task.partitions.enumerated() {
        readPositions[partition] = task.positions[local]
        poll(partition, at: now, &outbox)
      }
    }
    sink.open(at: now, &outbox)
    let next = (now.ns / settings.checkpointInterval + 1) * settings.checkpointInterval
    outbox.timers.append((.checkpoint(life: life), Instant(ns: next)))
  }

  /// What became of the transaction that was open when the process died.
  func settleOpenTransaction(_ snapshot: UInt64, at now: Instant) {
    guard settings.sink == .transactional, sink.transaction > 0 else { return }
    if let request = commitRequested, request.transaction == sink.transaction,
      request.checkpoint == snapshot
    {
      history.begin(.committed, at: now)
    } else {
      history.begin(.aborted, at: now)
    }
    history.number(sink.transaction)
    commitRequested = nil
  }

  func poll(_ partition: Int, at now: Instant, _ outbox: inout EngineOutbox) {
    outbox.commands.append(
      .poll(
        client(homes[partition].task), .input, partition: partition,
        offset: readPositions[partition], committedOnly: true))
  }

  // Completions

  public func receive(
    _ completion: Completion, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError) {
    switch completion {
    case .polled(_, _, let partition, let deliveries, let next):
      take(partition, deliveries, next, at: now, &outbox)
    case .transactionsReady:
      sinkIsReady = true
      askPositions(&outbox)
    case .positions(_, let positions, let snapshot):
      if phase == .starting && hasAskedPositions {
        try resume(from: positions, snapshot: snapshot, at: now, &outbox)
      }
    case .submitted(_, _, let batch, let outcome):
      // What was answered together with a refusal belongs to the process that gave up on it.
      if phase != .running { return }
      sink.acknowledged(batch.count)
      guard case .acknowledged = outcome else { return fail(at: now, &outbox) }
      commitIfReady(at: now, &outbox)
    case .committed(_, let transaction, let outcome):
      committed(transaction, outcome, at: now, &outbox)
    case .positionsCommitted(_, let snapshot, let outcome):
      guard case .acknowledged = outcome else { return fail(at: now, &outbox) }
      positionsCommitted(snapshot, at: now, &outbox)
    case .assigned(let membership): assigned(membership, &outbox)
    case .revoked(let client, _): revoked(client, at: now, &outbox)
    case .aborted, .endOffsets, .leader, .controlled: break
    }
  }

  /// A refusal that leaves the sink in an unknown state: the process gives up and starts anew, as
  /// a job does that fails over.
  func fail(at now: Instant, _ outbox: inout EngineOutbox) {
    if phase != .running { return }
    crash(at: now, &outbox)
    restart(at: now, &outbox)
  }

  func take(
    _ partition: Int, _ deliveries: [Delivery], _ next: Int64, at now: Instant,
    _ outbox: inout EngineOutbox
  ) {
    guard phase == .running else { return }
    var records = 0
    for delivery in deliveries { records += delivery.batch.count - delivery.first }
    let task = homes[partition].task
    readPositions[partition] = next
    if settings.coordination == .microBatches {
      work[task].append((partition, deliveries, next))
      poll(partition, at: now, &outbox)
      if isBatchDue { startBatch(at: now, &outbox) }
      return
    }
    let cost = records == 0 ? 0 : costs.record.draw(word()) * Int64(records)
    busy += cost
    busyUntil[task] = max(busyUntil[task], now) + cost
    work[task].append((partition, deliveries, next))
    outbox.timers.append((.taskDone(task: task, life: life), busyUntil[task]))
  }

  // Timers

  public func fire(
    _ timer: EngineTimer, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError) {
    if pausedSince != nil {
      heldTimers.append(timer)
      return
    }
    switch timer {
    case .start:
      if phase == .stopped { start(at: now, &outbox) }
    case .watch: break
    case .taskDone(let task, let life):
      if life == self.life && phase == .running { try finishWork(task, at: now, &outbox) }
    case .checkpoint(let life):
      if life == self.life && phase == .running {
        if settings.coordination == .microBatches {
          startBatch(at: now, &outbox)
        } else {
          beginCheckpoint(at: now, &outbox)
        }
        if !isDrained {
          outbox.timers.append((.checkpoint(life: life), now + settings.checkpointInterval))
        }
      }
    case .batchPlanned(let life):
      if life == self.life && phase == .running { planned = batch }
    case .batchDone(let life):
      if life == self.life && phase == .running { try finishBatch(at: now, &outbox) }
    case .snapshotDurable(let number, let life):
      if life == self.life && phase == .running && number == checkpoint {
        durable = true
        history.begin(.checkpointCompleted, at: now)
        history.number(number)
        commitIfReady(at: now, &outbox)
      }
    }
  }

  func finishWork(
    _ number: Int, at now: Instant, _ outbox: inout EngineOutbox
  ) throws(PlanError) {
    let item = work[number][workHead[number]]
    workHead[number] += 1
    if workHead[number] == work[number].count {
      work[number].removeAll(keepingCapacity: true)
      workHead[number] = 0
    } else if workHead[number] >= 32 {
      // What was worked through is let go, or its batches would stay in memory.
      work[number].removeFirst(workHead[number])
      workHead[number] = 0
    }
    let task = tasks[number]
    let local = homes[item.partition].local
    for delivery in item.deliveries {
      task.receive(delivery, partition: local, at: now)
      processed &+= UInt64(delivery.batch.count - delivery.first)
    }
    task.skip(to: item.next, partition: local)
    task.advance(at: now)
    if let failure = program.failure { throw PlanError(message: failure) }
    sink.write(task.takeRows(), task: number, at: now, &outbox)
    poll(item.partition, at: now, &outbox)
    if endOffsets != nil { finishInput(at: now, &outbox) }
  }
}
