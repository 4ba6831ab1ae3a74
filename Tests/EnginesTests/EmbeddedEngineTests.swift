import Backbones
import Engines
import History
import Model
import Queries
import Scenarios
import Schemas
import Testing
import Workloads

/// The engine by itself: a test plays the backbone and the clock.
private final class EngineWorld {
  let engine: EmbeddedEngine
  let block: EventBlock
  private(set) var commands: [Command] = []
  private var timers: [(timer: EngineTimer, at: Instant)] = []
  private(set) var now = Instant.zero

  init(sink: SinkMode) throws {
    let kind = try #require(workloadKinds.first { $0.name == "pass-through" })
    let workload = try kind.make(
      WorkloadChoice(
        kind: kind.name, query: "copy", sources: 1, start: Timestamp(ns: 1_000 * .second)),
      .constant(Rate(count: 1_000, per: .second)), 1)
    block = try #require(
      (0..<9).lazy.compactMap { workload.source.block($0, of: 0) }
        .first { $0.count > 40 })
    let reader = try ColumnReader(
      schema: try AvroSchema.parse(workload.schema), schemaID: workload.schemaID,
      columns: workload.plan.input.columns)
    let settings = EngineSettings(
      tasks: 1, partitions: 1, resultPartitions: 4, sink: sink,
      checkpointInterval: 100 * .millisecond, restartDelay: 50 * .millisecond,
      recordCost: (1, 1), stateCost: (1, 1), checkpointCost: (1, 1), seed: 1)
    engine = try EmbeddedEngine(
      settings, plan: workload.plan, readers: [reader], laneStream: [0], lateLanes: [],
      history: try HistoryWriter(path: nil))
  }

  /// Lets the engine do something, and keeps what it asks for.
  func act(_ body: (inout EngineOutbox) throws -> Void) rethrows {
    var outbox = EngineOutbox()
    try body(&outbox)
    commands += outbox.commands
    timers += outbox.timers
  }

  func answer(_ completion: Completion) throws {
    try act { try engine.receive(completion, at: now, &$0) }
  }

  /// Fires the timers that are due within a while.
  func run(for length: Nanoseconds) {
    let end = now + length
    while let next = timers.indices.min(by: { timers[$0].at < timers[$1].at }),
      timers[next].at <= end
    {
      let (timer, at) = timers.remove(at: next)
      now = max(now, at)
      act { outbox in
        do { try engine.fire(timer, at: now, &outbox) } catch { Issue.record("\(error)") }
      }
    }
    now = end
  }

  func takeCommands() -> [Command] {
    defer { commands.removeAll() }
    return commands
  }

  /// From the start of the process to its first poll.
  func comeUp(positions: [Int64], snapshot: UInt64) throws {
    try answer(.transactionsReady(ClientID(.sink, 0), true))
    try answer(.positions(ClientID(.sink, 0), positions, snapshot: snapshot))
  }

  /// Delivers the first records of the block; returns the result batches that come of it.
  func deliver(_ count: Int) throws -> [RecordBatch] {
    let batch = RecordBatch(source: 0, partition: 0, capacity: count, byteCapacity: 64)
    for index in 0..<count {
      let start = Int(block.start[index])
      let key = block.keyLength[index]
      let keyBytes = key == RecordEntry.noKey ? 0 : Int(key)
      batch.append(
        sequence: block.baseSequence + UInt64(index), intendedAt: 0,
        keyAndValue: block.bytes + start, keyLength: key,
        valueLength: Int(block.start[index + 1]) - start - keyBytes)
    }
    _ = takeCommands()
    let delivery = Delivery(batch: batch, baseOffset: 0, first: 0)
    try answer(
      .polled(
        ClientID(.consumer, 0), .input, partition: 0, [delivery], next: Int64(count)))
    run(for: .millisecond)
    return takeCommands().flatMap { command -> [RecordBatch] in
      if case .submit(_, .results, let batches, _) = command { batches } else { [] }
    }
  }

  func end(_ batch: RecordBatch, _ outcome: Outcome) throws {
    try answer(.submitted(ClientID(.sink, 0), .results, batch, outcome))
  }
}

@Suite struct EmbeddedEngineTests {
  private func positions(of commands: [Command]) -> [Int64]? {
    for case .commit(_, _, let positions, _) in commands { return positions }
    return nil
  }

  @Test func `a checkpoint is committed once its rows are acknowledged, with its positions`() throws
  {
    let world = try EngineWorld(sink: .transactional)
    world.act { world.engine.start(at: .zero, &$0) }
    try world.comeUp(positions: [0], snapshot: 0)
    let batches = try world.deliver(20)
    #expect(batches.reduce(0) { $0 + $1.count } == 20)
    #expect(batches.count > 1)
    world.run(for: 150 * .millisecond)
    #expect(positions(of: world.takeCommands()) == nil, "nothing is acknowledged yet")
    for batch in batches { try world.end(batch, .acknowledged(base: 0)) }
    #expect(positions(of: world.takeCommands()) == [20])
  }

  @Test func `a refusal in one of several answers does not spoil the next life`() throws {
    let world = try EngineWorld(sink: .transactional)
    world.act { world.engine.start(at: .zero, &$0) }
    try world.comeUp(positions: [0], snapshot: 0)
    let lost = try world.deliver(30)
    #expect(lost.count > 2)
    for (index, batch) in lost.enumerated() {
      try world.end(batch, index == 1 ? .unknown("refused") : .acknowledged(base: 0))
    }
    let stopped = world.takeCommands().contains { if case .close = $0 { true } else { false } }
    #expect(stopped, "the process gives up")
    world.run(for: 60 * .millisecond)
    try world.comeUp(positions: [0], snapshot: 0)
    for batch in try world.deliver(30) { try world.end(batch, .acknowledged(base: 0)) }
    world.run(for: 150 * .millisecond)
    #expect(positions(of: world.takeCommands()) == [30])
  }

  @Test func `timers of an earlier life do nothing`() throws {
    let world = try EngineWorld(sink: .append)
    world.act { world.engine.start(at: .zero, &$0) }
    try world.comeUp(positions: [0], snapshot: 0)
    world.act { world.engine.crash(at: world.now, &$0) }
    _ = world.takeCommands()
    world.run(for: .second)
    #expect(world.takeCommands().isEmpty)
    world.act { world.engine.crash(at: world.now, &$0) }
    #expect(world.takeCommands().isEmpty, "what is dead does not die again")
  }

  @Test func `records that do not decode are passed over`() throws {
    let world = try EngineWorld(sink: .append)
    world.act { world.engine.start(at: .zero, &$0) }
    try world.answer(.positions(ClientID(.sink, 0), [0], snapshot: 0))
    let batch = RecordBatch(source: 0, partition: 0, capacity: 1, byteCapacity: 8)
    let noise: [UInt8] = [0, 0, 0, 0, 1, 255, 255]
    batch.append(
      sequence: 0, intendedAt: 0, keyAndValue: noise, keyLength: RecordEntry.noKey,
      valueLength: noise.count)
    _ = world.takeCommands()
    try world.answer(
      .polled(
        ClientID(.consumer, 0), .input, partition: 0,
        [Delivery(batch: batch, baseOffset: 0, first: 0)], next: 1))
    world.run(for: .millisecond)
    let polls = world.takeCommands().compactMap { command -> Int64? in
      if case .poll(_, _, _, let offset, _) = command { offset } else { nil }
    }
    #expect(polls == [1])
    #expect(world.engine.processed == 1)
  }
}
