import Backbones
import Bytes
import History
import Model
import Queries
import Schemas

/// What the tasks of an engine read, and how.
struct EngineInput {
  let plan: Plan
  /// One for each stream of the plan.
  let readers: [ColumnReader]
  /// Of each lane: the stream of its events, nil for one that no stream of the plan has.
  let laneStream: [Int?]
  /// Lanes that are late by design: they move no watermark and hold none back.
  let lateLanes: Set<Int>
  /// Partitions of each stream.
  let partitions: Int

  /// Partitions of all streams.
  var allPartitions: Int { partitions * plan.inputs.count }

  func stream(of partition: Int) -> Int { partition / partitions }

  /// A partition belongs to the task of its number within the stream, so that equal keys of all
  /// streams meet in one task.
  func task(of partition: Int, tasks: Int) -> Int { partition % partitions % tasks }
}

/// One task of the embedded engine: its partitions and its part of the program. It can be saved and
/// brought back at any checkpoint.
final class EngineTask {
  let number: Int
  /// Partitions that it reads, ascending.
  let partitions: [Int]
  /// Next offset of each of its partitions.
  private(set) var positions: [Int64]
  /// The least watermark of its streams.
  private(set) var watermark = Int64.min
  /// Greatest event time seen, markers left out.
  private(set) var greatest = Int64.min

  private let input: EngineInput
  private let plan: Plan
  private let program: Program
  private let history: HistoryWriter

  /// Greatest event time seen of each (partition, source); lanes that are late by design have none.
  private var frontiers: [Int64]
  private let lanes: Int
  private let isLate: [Bool]
  private let markers: [Condition?]
  private let scratch: UnsafeMutablePointer<Int64>
  /// Watermarks of its streams, and the steps in which they go.
  private var streams: [Int64]
  private let granule: Nanoseconds
  /// Watermarks that the next batch closes with.
  private var ahead: [Int64]
  private var snapshots: [UInt64: Snapshot] = [:]

  private struct Snapshot {
    var positions: [Int64]
    var watermark: Int64
    var greatest: Int64
    var frontiers: [Int64]
    var streams: [Int64]
    var ahead: [Int64]
  }

  init(
    number: Int, partitions: [Int], input: EngineInput, program: Program,
    history: HistoryWriter, recorder: LateRecorder
  ) {
    self.number = number
    self.partitions = partitions
    self.input = input
    self.program = program
    self.history = history
    self.recorder = recorder
    plan = input.plan
    lanes = input.laneStream.count
    positions = Array(repeating: 0, count: partitions.count)
    frontiers = Array(repeating: .min, count: partitions.count * lanes)
    isLate = (0..<lanes).map { input.lateLanes.contains($0) }
    let faults = ProgramFaults()
    markers = plan.inputs.map { $0.isMarker.map { Condition.compile($0, faults) } }
    let width = plan.inputs.map(\.columns.count).max() ?? 0
    scratch = .allocate(capacity: RowLayout.header + width)
    streams = Array(repeating: .min, count: plan.inputs.count)
    granule = plan.granule
    ahead = streams
    if partitions.isEmpty {
      // Nothing will ever come here: others need not wait for it.
      streams = Array(repeating: .max, count: plan.inputs.count)
      program.advance(number, to: streams)
    }
  }

  private let recorder: LateRecorder

  deinit { scratch.deallocate() }

  /// Rows that wait for the watermark.
  var waiting: Int { program.waiting(number) }

  /// Takes the records of one delivery, those below an offset, at an instant.
  func receive(
    _ delivery: Delivery, partition local: Int, until end: Int64 = .max, at now: Instant
  ) {
    let batch = delivery.batch
    let last = Int(clamping: min(Int64(batch.count), end &- delivery.baseOffset))
    let count = last - delivery.first
    if count <= 0 { return }
    recorder.at = now
    var sum: UInt64 = 0
    for index in delivery.first..<last { sum &+= digest64(batch.value(index)) }
    history.begin(.polled, at: now)
    history.number(UInt64(number))
    history.number(UInt64(partitions[local]))
    history.number(UInt64(delivery.baseOffset + Int64(delivery.first)))
    history.word(sum)
    history.run(of: batch, from: delivery.first, count: count)
    let stream = input.stream(of: partitions[local])
    let entry = program.input(stream, task: number)
    for index in delivery.first..<last {
      take(batch, index, local, stream, entry, delivery.baseOffset + Int64(index), now)
    }
    positions[local] = delivery.baseOffset + Int64(last)
  }

  @inline(__always) private func take(
    _ batch: RecordBatch, _ index: Int, _ local: Int, _ stream: Int, _ entry: Operator,
    _ offset: Int64, _ now: Instant
  ) {
    var nulls: UInt32 = 0
    let header: RecordHeader
    do throws(RecordError) {
      header = try input.readers[stream].read(
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
    if let marker = markers[stream], marker.test(scratch) == .yes { return }
    if t > greatest { greatest = t }
    entry.push(scratch, nil)
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

  /// Moves the watermarks as far as every (partition, source) allows.
  func advance(at now: Instant) {
    if partitions.isEmpty { return }
    streams = reached()
    advanceProgram(at: now)
  }

  private func reached() -> [Int64] {
    var reached = streams
    for stream in streams.indices {
      let least = least(of: stream)
      if least == .min || least == .max { continue }
      let low = lowered(least, by: plan.delay(of: stream))
      reached[stream] = max(streams[stream], floorDivision(low, granule) * granule)
    }
    return reached
  }

  /// Moves the watermarks as far as the batches before had come, and remembers how far this one
  /// has.
  func advanceBehind(at now: Instant) {
    if partitions.isEmpty { return }
    streams = ahead
    advanceProgram(at: now)
    ahead = reached()
  }

  /// The last batch has come further than the watermarks.
  var isBehind: Bool { !partitions.isEmpty && ahead != streams }

  /// The least of the greatest times of the inputs of a stream's watermark.
  private func least(of stream: Int) -> Int64 {
    var least = Int64.max
    for local in partitions.indices where input.stream(of: partitions[local]) == stream {
      for lane in 0..<lanes where !isLate[lane] && input.laneStream[lane] == stream {
        least = min(least, frontiers[local * lanes + lane])
      }
    }
    return least
  }

  /// Steps over offsets that hold no records for this reader.
  func skip(to offset: Int64, partition local: Int) {
    positions[local] = max(positions[local], offset)
  }

  /// Everything has been read: nothing older will come.
  func advanceToEnd(at now: Instant) {
    streams = Array(repeating: .max, count: streams.count)
    advanceProgram(at: now)
  }

  private func advanceProgram(at now: Instant) {
    recorder.at = now
    program.greatest = max(program.greatest, greatest)
    let new = streams.min() ?? .min
    if new > watermark && !partitions.isEmpty {
      watermark = new
      history.begin(.watermark, at: now)
      history.number(UInt64(number))
      history.signed(new)
    }
    program.advance(number, to: streams)
  }

  /// Rows that came out since the last time, in any task.
  func takeRows() -> [ResultRow] { program.output.isEmpty ? [] : program.output.take() }

  // Checkpoints

  func checkpoint(_ number: UInt64) {
    snapshots[number] = Snapshot(
      positions: positions, watermark: watermark, greatest: greatest, frontiers: frontiers,
      streams: streams, ahead: ahead)
  }

  /// Brings back a checkpoint that was taken; reading goes on at its positions.
  func restore(_ number: UInt64) {
    guard let snapshot = snapshots[number] else {
      preconditionFailure("checkpoint \(number) was never taken")
    }
    positions = snapshot.positions
    watermark = snapshot.watermark
    greatest = snapshot.greatest
    frontiers = snapshot.frontiers
    streams = snapshot.streams
    ahead = snapshot.ahead
    snapshots = snapshots.filter { $0.key <= number }
  }

  func forget(before number: UInt64) { snapshots = snapshots.filter { $0.key >= number } }

  /// A defect: positions of now with the state of a checkpoint.
  func overridePositions(_ new: [Int64]) { positions = new }

  func setPositions(_ committed: [Int64]) {
    for local in partitions.indices { positions[local] = committed[partitions[local]] }
  }
}

extension Plan {
  /// The steps in which watermarks go: finer ones than a sixteenth of the shortest delay would not
  /// make results sooner by much.
  var granule: Nanoseconds {
    let wait = inputs.indices.map { delay(of: $0) }.min() ?? watermarkDelay
    var width = resolution
    while width * 32 <= wait { width *= 2 }
    return width
  }
}

/// Writes down events that came too late.
final class LateRecorder {
  private let history: HistoryWriter
  var at = Instant.zero

  init(history: HistoryWriter) { self.history = history }

  func record(_ late: LateEvent) {
    history.begin(.lateDropped, at: at)
    history.number(UInt64(late.task))
    history.number(UInt64(late.step))
    history.number(UInt64(late.event.source))
    history.number(late.event.sequence)
    history.signed(late.watermark)
  }
}
