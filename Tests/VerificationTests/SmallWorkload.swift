import Bytes
import Draws
import Model
import Queries
import Verification
import Workloads

/// One event as a test writes it.
struct Small {
  var source: UInt32
  var sequence: UInt64
  /// Milliseconds of event time.
  var time: Int64
  var columns: [Int64?]
  /// The stream of its source.
  var stream: Int
  var isMarker = false

  init(
    _ time: Int64, _ source: UInt32, _ sequence: UInt64, _ columns: [Int64?], stream: Int = 0
  ) {
    self.stream = stream
    self.time = time
    self.source = source
    self.sequence = sequence
    self.columns = columns
  }
}

/// A finite source of written events, in blocks of a few.
struct SmallSource: EventSource {
  var lanes: [[Small]]
  var perBlock: Int
  /// Milliseconds of run time between two events of a lane.
  var pace: Int64 = 1

  init(_ events: [Small], lanes count: Int? = nil, perBlock: Int = 4) {
    let most = events.map { Int($0.source) + 1 }.max() ?? 1
    var lanes = [[Small]](repeating: [], count: count ?? most)
    for event in events { lanes[Int(event.source)].append(event) }
    for lane in lanes.indices { lanes[lane].sort { $0.sequence < $1.sequence } }
    self.lanes = lanes
    self.perBlock = perBlock
  }

  var laneCount: Int { lanes.count }

  /// Sequences of a lane go up by one from its first event.
  private func first(_ lane: Int) -> UInt64 { lanes[lane].first?.sequence ?? 0 }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    let from = index * perBlock
    if index < 0 || from >= lanes[lane].count { return nil }
    let events = lanes[lane][from..<min(from + perBlock, lanes[lane].count)]
    let width = events.first?.columns.count ?? 0
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: first(lane) + UInt64(from), count: events.count,
      byteCapacity: 1, columnCount: width)
    for (i, event) in events.enumerated() {
      block.intendedAt[i] = Int64(from + i) * pace * .millisecond
      block.eventTime[i] = event.time * .millisecond
      block.digest[i] = evidenceHash(source: 77, sequence: event.sequence)
      block.start[i + 1] = 0
      block.keyLength[i] = event.isMarker ? RecordEntry.markerKey : RecordEntry.noKey
      block.nulls[i] = 0
      for (c, value) in event.columns.enumerated() {
        block.columns[c][i] = value ?? 0
        if value == nil { block.nulls[i] |= 1 << UInt32(c) }
      }
    }
    return block
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    sequence < first(lane) ? -1 : Int(clamping: (sequence - first(lane)) / UInt64(perBlock))
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    index * perBlock >= lanes[lane].count
      ? .distantFuture : Instant(ns: Int64(index * perBlock) * pace * .millisecond)
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let from = index * perBlock
    if from >= lanes[lane].count { return .max }
    return (lanes[lane][from...].map(\.time).min() ?? 0) * .millisecond
  }
}

func workload(_ events: [Small], _ plan: Plan, perBlock: Int = 4, lanes: Int? = nil) -> Workload {
  let source = SmallSource(events, lanes: lanes, perBlock: perBlock)
  var laneStream = [Int?](repeating: plan.inputs.count == 1 ? 0 : nil, count: source.laneCount)
  for event in events { laneStream[Int(event.source)] = event.stream }
  return Workload(
    kind: "small", source: source,
    streams: plan.inputs.map { WorkloadStream(name: $0.stream, schema: "{}", schemaID: 1) },
    laneStream: laneStream, eventNoun: "events", resultNoun: "results", plan: plan)
}

func plan(
  _ width: Int, _ operators: [PlanOperator], key: [Int], value: [Int], delay: Int64 = 5
) -> Plan {
  Plan(
    name: "small",
    input: PlanInput(
      stream: "events", columns: (0..<width).map { .field("f\($0)") }),
    watermarkDelay: delay * .millisecond, operators: [.input(0)] + operators, keyColumns: key,
    valueColumns: value)
}

/// A row as tests compare it.
struct Due: Hashable, CustomStringConvertible {
  var key: [UInt8]
  var digest: UInt64
  var time: Int64
  var evidence: Evidence
  var lineage: EventID

  var description: String {
    key.withUnsafeBytes(cellText) + " \(digest & 0xffff) at \(time / .millisecond) of "
      + "\(evidence.count)"
  }
}

func oracleRows(
  _ workload: Workload, endOfLoad: Instant? = nil, excluding: Set<EventID> = [],
  repeating: Set<EventID> = [], advancing: [Int64] = []
) -> [Due] {
  final class Box { var rows: [Due] = [] }
  let box = Box()
  let oracle = Oracle(
    workload: workload, endOfLoad: endOfLoad, excluding: excluding, repeating: repeating
  ) { row in
    box.rows.append(
      Due(
        key: [UInt8](row.key), digest: row.valueDigest, time: row.time, evidence: row.evidence,
        lineage: row.lineage))
  }
  for time in advancing { oracle.advance(to: time * .millisecond) }
  oracle.finish()
  return box.rows
}
