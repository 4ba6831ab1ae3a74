import Backbones
import Bytes
import History
import Model
import Queries
import Schemas

/// One task of the embedded engine: its partitions, the rows that wait for the watermark, and the
/// operators. It can be saved and brought back at any checkpoint.
final class EngineTask {
  let number: Int
  /// Partitions that it reads, ascending.
  let partitions: [Int]
  /// Next offset of each of its partitions.
  private(set) var positions: [Int64]
  private(set) var watermark = Int64.min

  private let plan: Plan
  private let reader: ColumnReader
  private let program: Program
  private var buffer: SortBuffer
  private let history: HistoryWriter
  private var at = Instant.zero

  /// Greatest event time seen of each (partition, source); lanes that are late by design have none.
  private var frontiers: [Int64]
  private let lanes: Int
  private let isLate: [Bool]
  private let scratch: UnsafeMutablePointer<Int64>
  private var snapshots: [UInt64: Snapshot] = [:]

  /// Memory of a snapshot that is not needed any more.
  private var spare: [[Int64]] = []

  private struct Snapshot {
    var positions: [Int64]
    var watermark: Int64
    var frontiers: [Int64]
    var waiting: [Int64]
  }

  init(
    number: Int, partitions: [Int], plan: Plan, reader: ColumnReader, lanes: Int,
    lateLanes: Set<Int>, history: HistoryWriter, defects: Set<EngineDefect>
  ) throws(PlanError) {
    self.number = number
    self.partitions = partitions
    self.plan = plan
    self.reader = reader
    self.lanes = lanes
    self.history = history
    positions = Array(repeating: 0, count: partitions.count)
    frontiers = Array(repeating: .min, count: partitions.count * lanes)
    isLate = (0..<lanes).map { lateLanes.contains($0) }
    let words = RowLayout.header + plan.input.columns.count
    scratch = .allocate(capacity: words)
    // Finer buckets than a sixteenth of the delay would not make results sooner by much.
    var width = plan.resolution
    while width * 32 <= plan.watermarkDelay { width *= 2 }
    buffer = SortBuffer(rowWords: words, width: width)
    let late = LateRecorder(history: history, task: number)
    program = try Program(plan, defects: defects) { step, row in
      late.record(step, RowLayout.source(row), UInt64(bitPattern: row[2]))
    }
    recorder = late
    if program.needsOrder && plan.allowedLateness > 0 {
      throw PlanError(
        message: "allowed lateness with operators in event order is not in this version")
    }
  }

  private let recorder: LateRecorder
  /// What was read ahead; kept so that it is read.
  private var expected: Int64 = 0

  deinit { scratch.deallocate() }

  /// Rows that wait for the watermark.
  var waiting: Int { buffer.count }

  /// Takes the records of one delivery, at an instant.
  func receive(_ delivery: Delivery, partition local: Int, at now: Instant) {
    let batch = delivery.batch
    recorder.at = now
    history.polled(
      batch, from: delivery.first, reader: number, partition: partitions[local],
      baseOffset: delivery.baseOffset, at: now)
    for index in delivery.first..<batch.count {
      take(batch, index, local, delivery.baseOffset + Int64(index), now)
    }
    positions[local] = delivery.baseOffset + Int64(batch.count)
  }

  @inline(__always) private func take(
    _ batch: RecordBatch, _ index: Int, _ local: Int, _ offset: Int64, _ now: Instant
  ) {
    var nulls: UInt32 = 0
    let header: RecordHeader
    do throws(RecordError) {
      header = try reader.read(
        batch.value(index), key: batch.key(index), into: scratch + RowLayout.header,
        nulls: &nulls)
    } catch {
      recordUndecodable(local, offset, error.rawValue, now)
      return
    }
    let t = plan.resolution == 1 ? header.eventTime : floored(header.eventTime)
    let lane = Int(header.source)
    if lane < lanes && !isLate[lane] {
      let place = local * lanes + lane
      if t > frontiers[place] { frontiers[place] = t }
    }
    scratch[0] = t
    scratch[1] = RowLayout.identity(source: header.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: header.sequence)
    if !program.needsOrder {
      program.input.push(scratch, nil)
    } else if t < watermark {
      for step in program.orderedEntries {
        recorder.record(step, header.source, header.sequence)
      }
    } else {
      buffer.add(scratch)
    }
  }

  @inline(__always) private func floored(_ time: Int64) -> Int64 {
    floorDivision(time, plan.resolution) * plan.resolution
  }

  private func recordUndecodable(
    _ local: Int, _ offset: Int64, _ reason: String, _ now: Instant
  ) {
    history.begin(.undecodable, at: now)
    history.number(UInt64(number))
    history.number(UInt64(partitions[local]))
    history.number(UInt64(offset))
    history.text(reason)
  }

  /// Moves the watermark as far as every (partition, source) allows. True when it moved.
  func advance(at now: Instant) -> Bool {
    var least = Int64.max
    for local in partitions.indices {
      for lane in 0..<lanes where !isLate[lane] {
        least = min(least, frontiers[local * lanes + lane])
      }
    }
    if least == .min || least == .max { return false }
    return advance(to: buffer.floor(least - plan.watermarkDelay), at: now)
  }

  /// Steps over offsets that hold no records for this reader.
  func skip(to offset: Int64, partition local: Int) {
    positions[local] = max(positions[local], offset)
  }

  /// Everything has been read: nothing older will come.
  func advanceToEnd(at now: Instant) { _ = advance(to: .max, at: now) }

  private func advance(to new: Int64, at now: Instant) -> Bool {
    if new <= watermark { return false }
    watermark = new
    recorder.at = now
    recorder.watermark = new
    history.begin(.watermark, at: now)
    history.number(UInt64(number))
    history.signed(new)
    let input = program.input
    var sum: Int64 = 0
    buffer.release(below: new) {
      sum &+= input.expect($0)
    } _: {
      input.push($0, nil)
    }
    expected = sum
    program.advance(to: new)
    return true
  }

  /// Rows that came out since the last time.
  func takeRows() -> [ResultRow] {
    if program.output.rows.isEmpty { return [] }
    defer { program.output.rows.removeAll(keepingCapacity: true) }
    return program.output.rows
  }

  // Checkpoints

  /// Lines of 64 bytes that a snapshot of now would write.
  var changedLines: Int {
    buffer.count + program.operators.reduce(0) { $0 + $1.changedLines }
  }

  func checkpoint(_ number: UInt64) {
    let memory = spare.popLast() ?? []
    snapshots[number] = Snapshot(
      positions: positions, watermark: watermark, frontiers: frontiers,
      waiting: buffer.contents(reusing: memory))
    for step in program.operators { step.checkpoint(number) }
  }

  /// Brings back a checkpoint that was taken; reading goes on at its positions.
  func restore(_ number: UInt64) {
    guard let snapshot = snapshots[number] else {
      preconditionFailure("checkpoint \(number) was never taken")
    }
    positions = snapshot.positions
    watermark = snapshot.watermark
    recorder.watermark = watermark
    frontiers = snapshot.frontiers
    buffer.restore(snapshot.waiting, watermark: watermark)
    for step in program.operators { step.restore(number) }
    program.output.rows.removeAll()
    snapshots = snapshots.filter { $0.key <= number }
  }

  func forget(before number: UInt64) {
    for step in program.operators { step.forget(before: number) }
    for old in snapshots.keys.sorted() where old < number {
      if let snapshot = snapshots.removeValue(forKey: old), spare.isEmpty {
        spare.append(snapshot.waiting)
      }
    }
  }

  /// A defect: positions of now with the state of a checkpoint.
  func overridePositions(_ new: [Int64]) { positions = new }

  func setPositions(_ committed: [Int64]) {
    for local in partitions.indices { positions[local] = committed[partitions[local]] }
  }
}

/// Writes down events that came too late.
private final class LateRecorder {
  private let history: HistoryWriter
  private let task: Int
  var at = Instant.zero

  init(history: HistoryWriter, task: Int) {
    self.history = history
    self.task = task
  }

  /// The watermark that judges; also the time in the entry.
  var watermark = Int64.min

  func record(_ step: Int, _ source: UInt32, _ sequence: UInt64) {
    history.begin(.lateDropped, at: at)
    history.number(UInt64(task))
    history.number(UInt64(step))
    history.number(UInt64(source))
    history.number(sequence)
    history.signed(watermark)
  }
}
