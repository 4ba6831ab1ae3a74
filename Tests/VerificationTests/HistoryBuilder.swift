import Bytes
import Foundation
import History
import Model
import Queries
import Scenarios
import Verification
import Workloads

/// One entry of a history that a test writes.
struct Step {
  var kind: EntryKind
  var at: Int64
  /// What tests look for to change a history: "sent 0:3", "polled 1@4".
  var name: String
  var write: (HistoryWriter) -> Void
}

func batch(_ source: UInt32, _ sequences: [UInt64]) -> RecordBatch {
  let batch = RecordBatch(source: source, partition: 0, capacity: 4, byteCapacity: 64)
  let nothing: [UInt8] = [0]
  for sequence in sequences {
    nothing.withUnsafeBufferPointer { bytes in
      batch.append(
        sequence: sequence, intendedAt: 0, keyAndValue: bytes.baseAddress!,
        keyLength: RecordEntry.noKey, valueLength: 0)
    }
  }
  return batch
}

/// A small run as it should be: 2 lanes of 20 events, keys 0 and 1 in partitions 0 and 1, a count
/// per key and 10 ms of event time; transactional sink. Tests change `steps`.
struct SmallRun {
  var events: [Small]
  var plan: Plan
  var steps: [Step] = []
  var sink = SinkKind.transactional
  var endOfLoad: Instant?
  var partitions = 2

  static func digest(_ sequence: UInt64) -> UInt64 { evidenceHash(source: 77, sequence: sequence) }

  init(operators: [PlanOperator]? = nil) {
    events = []
    for lane in 0..<2 {
      for sequence in 0..<20 {
        events.append(
          Small(Int64(sequence), UInt32(lane), UInt64(sequence), [Int64(sequence % 2), 1]))
      }
    }
    let count = PlanOperator.tumbling(
      0, key: [0], size: 10 * .millisecond, offset: 0, [.count, .sum(1)])
    plan = VerificationTests.plan(
      2, operators ?? [count], key: [0, 1], value: [2], delay: 1)
    add(.engineStarted, 0, "started") { $0.number(1) }
    for lane in 0..<2 { add(sent(UInt32(lane), Array(0..<20), at: 1)) }
    for key in 0..<2 {
      for lane in 0..<2 {
        let sequences = stride(from: key, to: 20, by: 2).map { UInt64($0) }
        add(acknowledged(key, lane * 10, UInt32(lane), sequences, at: 3))
        add(polled(key, lane * 10, UInt32(lane), sequences, at: 5))
      }
    }
    addEnd()
  }

  var workload: Workload {
    VerificationTests.workload(events, plan, perBlock: 4, lanes: 2)
  }

  mutating func add(
    _ kind: EntryKind, _ at: Int64, _ name: String, _ write: @escaping (HistoryWriter) -> Void
  ) {
    add(Step(kind: kind, at: at, name: name, write: write))
  }

  mutating func add(_ step: Step) { steps.append(step) }

  /// Watermark, results of the oracle in one transaction, and the end.
  mutating func addEnd() {
    add(watermark(18, at: 8))
    add(.checkpointBegan, 8, "checkpoint began") { $0.number(1) }
    add(.transactionBegan, 8, "transaction began") { $0.number(7) }
    add(emitted(rows(), in: 7, at: 9))
    add(.checkpointCompleted, 10, "checkpoint") { $0.number(1) }
    add(.commitRequested, 10, "commit requested") {
      $0.number(7)
      $0.number(1)
    }
    add(.committed, 11, "committed") { $0.number(7) }
    for (place, row) in rows().enumerated() { add(observed([row], offset: place, at: 12)) }
    for partition in 0..<2 {
      add(.positionCommitted, 12, "position") {
        $0.number(UInt64(partition))
        $0.number(10)
      }
      add(.endOffset, 13, "end \(partition)") {
        $0.number(UInt64(partition))
        $0.number(20)
      }
    }
    add(.resultEndOffset, 13, "result end") {
      $0.number(0)
      $0.number(5)
    }
    add(.runEnded, 14, "run ended") {
      $0.number(1)
      $0.text("")
    }
  }

  func rows(
    excluding: Set<EventID> = [], repeating: Set<EventID> = []
  ) -> [RowSummary] {
    oracleRows(workload, excluding: excluding, repeating: repeating).map {
      RowSummary(
        key: $0.key, valueDigest: $0.digest, evidenceCount: $0.evidence.count,
        evidenceSum: $0.evidence.sum, evidenceXor: $0.evidence.xor, lineage: $0.lineage)
    }
  }

  func sent(_ source: UInt32, _ sequences: [UInt64], at: Int64) -> Step {
    Step(kind: .sent, at: at, name: "sent \(source)") {
      $0.signed(0)
      $0.run(of: batch(source, sequences), from: 0, count: sequences.count)
    }
  }

  func acknowledged(
    _ partition: Int, _ offset: Int, _ source: UInt32, _ sequences: [UInt64], at: Int64
  ) -> Step {
    Step(kind: .acknowledged, at: at, name: "acknowledged \(partition)@\(offset)") {
      $0.number(UInt64(partition))
      $0.number(UInt64(offset))
      $0.run(of: batch(source, sequences), from: 0, count: sequences.count)
    }
  }

  func outcome(_ kind: EntryKind, _ source: UInt32, _ sequences: [UInt64], at: Int64) -> Step {
    Step(kind: kind, at: at, name: "\(kind) \(source)") {
      $0.text("time-out")
      $0.run(of: batch(source, sequences), from: 0, count: sequences.count)
    }
  }

  func polled(
    _ partition: Int, _ offset: Int, _ source: UInt32, _ sequences: [UInt64], at: Int64,
    wrongBy: UInt64 = 0
  ) -> Step {
    Step(kind: .polled, at: at, name: "polled \(partition)@\(offset)") {
      $0.number(0)
      $0.number(UInt64(partition))
      $0.number(UInt64(offset))
      $0.word(sequences.reduce(wrongBy) { $0 &+ SmallRun.digest($1) })
      $0.run(of: batch(source, sequences), from: 0, count: sequences.count)
    }
  }

  func watermark(_ milliseconds: Int64, at: Int64) -> Step {
    Step(kind: .watermark, at: at, name: "watermark \(milliseconds)") {
      $0.number(0)
      $0.signed(milliseconds * .millisecond)
    }
  }

  func emitted(_ rows: [RowSummary], in transaction: UInt64, at: Int64) -> Step {
    Step(kind: .emitted, at: at, name: "emitted") { writer in
      writer.number(0)
      writer.number(transaction)
      writer.number(UInt64(rows.count))
      for row in rows { writer.row(row) }
    }
  }

  func observed(_ rows: [RowSummary], offset: Int, at: Int64) -> Step {
    Step(kind: .observed, at: at, name: "observed \(offset)") { writer in
      writer.number(0)
      writer.number(UInt64(offset))
      writer.number(UInt64(rows.count))
      for row in rows { writer.row(row) }
    }
  }

  func number(_ kind: EntryKind, _ value: UInt64, at: Int64) -> Step {
    Step(kind: kind, at: at, name: "\(kind) \(value)") { $0.number(value) }
  }

  func index(_ name: String) -> Int {
    guard let index = steps.firstIndex(where: { $0.name == name }) else {
      fatalError("no step \(name) among \(steps.map(\.name))")
    }
    return index
  }

  mutating func replace(_ name: String, with others: Step...) {
    let place = index(name)
    steps.replaceSubrange(place...place, with: others)
  }

  mutating func insert(after name: String, _ others: Step...) {
    steps.insert(contentsOf: others, at: index(name) + 1)
  }

  mutating func remove(_ name: String) { steps.remove(at: index(name)) }

  /// Writes the history, reads it back, and judges it.
  func judged(
    _ configuration: Configuration = .init(), damage: (inout [UInt8]) -> Void = { _ in },
    flushEach: Bool = false, recorder: (any SampleRecorder)? = nil
  ) throws -> Outcome {
    let path = NSTemporaryDirectory() + "weir-history-\(UUID().uuidString)"
    defer { unlink(path) }
    let writer = try HistoryWriter(path: path)
    for step in steps {
      writer.begin(step.kind, at: Instant(ns: step.at * .millisecond))
      step.write(writer)
      if flushEach { writer.flush() }
    }
    _ = writer.finish()
    var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
    damage(&bytes)
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let context = JudgeContext(
      workload: workload, endOfLoad: endOfLoad, partitions: partitions, sink: configuration.sink,
      recorder: recorder)
    let judge = Judge(context: context)
    let reading = try HistoryFile.read(path) { bytes, first, start in
      judge.observe(block: bytes, firstEntry: first, startAt: start)
      return true
    }
    let judgement = judge.finish(reading.end)
    let anomalies = try judge.tell(judgement, from: path)
    return Outcome(
      judgement: judgement,
      assessment: assess(judgement, anomalies, under: configuration, plan: plan))
  }
}

struct Outcome {
  var judgement: Judgement
  var assessment: Assessment

  var verdict: Verdict { assessment.verdict }
  /// Class ids and counts, in the order of the catalogue.
  var found: [String] { judgement.facts.map { "\($0.id) \($0.count)" } }

  func anomaly(_ id: String) -> Anomaly? { assessment.anomalies.first { $0.id == id } }

  func attributed(_ cause: ResultCounts.Cause) -> UInt64 {
    judgement.results.attribution.first { $0.cause == cause }?.count ?? 0
  }
}
