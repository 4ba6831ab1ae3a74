import Bytes
import Foundation
import History
import Model
import Queries
import Scenarios
import Verification
import Workloads

/// Events of a job's input: two lanes of six, a minute of event time for each three, JSON values.
struct JobSource: EventSource {
  static let start: Int64 = 1_767_225_600_000_000_000
  let laneCount = 2
  let perBlock = 4

  static func value(_ lane: Int, _ sequence: Int) -> String {
    "{\"source\":\(lane),\"sequence\":\(sequence),\"shop\":\"s\(sequence % 2)\","
      + "\"cents\":\(100 * lane + sequence),\"id\":\(1000 * lane + sequence)}"
  }

  static func time(_ sequence: Int) -> Int64 { start + Int64(sequence / 3) * 60_000_000_000 }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    // The source goes on behind the end of the load.
    if index < 0 || index > 20 { return nil }
    let values = (0..<perBlock).map { Array(Self.value(lane, index * perBlock + $0).utf8) }
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: UInt64(index * perBlock), count: perBlock,
      byteCapacity: values.reduce(0) { $0 + $1.count }, columnCount: 0)
    var at = 0
    for (place, value) in values.enumerated() {
      for byte in value {
        block.bytes[at] = byte
        at += 1
      }
      let sequence = index * perBlock + place
      block.start[place + 1] = UInt32(at)
      block.keyLength[place] = RecordEntry.noKey
      block.intendedAt[place] = Int64(sequence) * .millisecond
      block.eventTime[place] = Self.time(sequence)
      block.digest[place] = digest64(value)
      block.nulls[place] = 0
    }
    return block
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    Int(clamping: sequence / UInt64(perBlock))
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: Int64(index * perBlock) * .millisecond)
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 { Self.time(index * perBlock) }
}

/// The history of a job as it should be: twelve events, lane by lane in two partitions, and what
/// the job writes. Tests change `outputs`, `steps` and `expected`.
struct JobRun {
  static let events = (0..<2).flatMap { lane in (0..<6).map { (lane: lane, sequence: $0) } }
  var checks: [OutputCheck]
  var outputs: [(key: String?, value: String)]
  var expected: [String]?
  var problem = ""
  var flushed: [(lane: Int, sequence: Int)] = []
  /// Events that the log did not take.
  var failed: Set<Int> = []
  var ended: String?
  /// The job commits before Weir has read as far.
  var isAhead = false
  var reads = StreamChoice(name: "requests", encoding: .json)
  var writes = StreamChoice(name: "copies", encoding: .json)

  init(_ checks: OutputCheck.Kind...) {
    self.checks = checks.map { OutputCheck(kind: $0, stream: "copies") }
    outputs = Self.events.map { (nil, JobSource.value($0.lane, $0.sequence)) }
  }

  private func write(_ writer: HistoryWriter) {
    func begin(_ kind: EntryKind, _ numbers: UInt64...) {
      writer.begin(kind, at: Instant(ns: 5 * .millisecond))
      for number in numbers { writer.number(number) }
    }
    begin(.engineStarted, 1)
    for lane in 0..<2 {
      let all = (0..<6).map { UInt64($0) }
      let stored = lane == 0 ? all.filter { !failed.contains(Int($0)) } : all
      begin(.sent)
      writer.signed(0)
      writer.run(of: batch(UInt32(lane), all), from: 0, count: 6)
      begin(.acknowledged, UInt64(lane), 0)
      writer.run(of: batch(UInt32(lane), stored), from: 0, count: stored.count)
      for sequence in failed.sorted() where lane == 0 {
        begin(.failed)
        writer.text("refused")
        writer.run(of: batch(0, [UInt64(sequence)]), from: 0, count: 1)
      }
      if isAhead { begin(.positionCommitted, UInt64(lane), UInt64(stored.count)) }
      begin(.readBack, 0, UInt64(lane), 0)
      writer.word(
        stored.reduce(0) { $0 &+ digest64(Array(JobSource.value(lane, Int($1)).utf8)) })
      writer.run(of: batch(UInt32(lane), stored), from: 0, count: stored.count)
      if !isAhead { begin(.positionCommitted, UInt64(lane), UInt64(stored.count)) }
    }
    for (place, output) in outputs.enumerated() {
      begin(.output, 0, UInt64(place), output.key == nil ? 0 : 1)
      writer.bytes(Array((output.key ?? "").utf8))
      writer.bytes(Array(output.value.utf8))
    }
    for event in flushed { begin(.flushed, 0, UInt64(event.lane), UInt64(event.sequence)) }
    if let ended {
      begin(.jobEnded)
      writer.text(ended)
    }
    for lane in 0..<2 {
      begin(.endOffset, UInt64(lane), UInt64(lane == 0 ? 6 - failed.count : 6))
    }
    if let expected {
      for row in expected {
        begin(.expectedRow, 0, 0)
        writer.bytes([])
        writer.bytes(Array(row.utf8))
      }
      begin(.expectedRows, 0, UInt64(expected.count))
      writer.text(problem)
    }
    begin(.resultEndOffset, 0, UInt64(outputs.count))
    begin(.runEnded, 1)
    writer.text("")
  }

  func judged(
    _ configuration: Configuration = .init(isJob: true), damage: (inout [UInt8]) -> Void = { _ in }
  ) throws -> Outcome {
    let path = NSTemporaryDirectory() + "weir-history-\(UUID().uuidString)"
    defer { unlink(path) }
    let writer = try HistoryWriter(path: path)
    write(writer)
    _ = writer.finish()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    damage(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    var small = workload([], plan(0, [], key: [], value: []), lanes: 2)
    small.source = JobSource()
    let context = JudgeContext(
      workload: small, endOfLoad: Instant(ns: 6 * .millisecond), partitions: 2, sink: .append,
      output: OutputContract(
        checks: checks, reads: reads, writes: writes, schema: #"{"type": "string"}"#))
    let judge = Judge(context: context)
    let reading = try HistoryFile.read(path) { bytes, first, start in
      judge.observe(block: bytes, firstEntry: first, startAt: start)
      return true
    }
    let judgement = judge.finish(reading.end)
    let anomalies = try judge.tell(judgement, from: path)
    return Outcome(
      judgement: judgement,
      assessment: assess(judgement, anomalies, under: configuration, plan: small.plan))
  }
}
