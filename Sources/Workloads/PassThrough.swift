import Bytes
import Draws
import Model
import Queries
import Scenarios
import Schemas

/// Events that mean nothing, and results that cost nothing: what is left is the pipeline itself.
let passThrough = WorkloadKind(
  name: "pass-through", domain: "any",
  summary: "Records with a key and a payload of fixed size go through as they are, or are counted.",
  queries: [
    WorkloadQuery(name: "copy", summary: "Each event comes out once."),
    WorkloadQuery(name: "count", summary: "Events of a key in a tumbling window."),
  ],
  defaultSources: 4, parameters: passThroughParameters, make: makePassThrough)

private let passThroughParameters = [
  WorkloadParameter(
    name: "keys", defaultValue: .count(1_000), minimum: .count(1), maximum: .count(1 << 40),
    unit: "keys", meaning: "Different keys, all equally likely.", origin: "assumed"),
  WorkloadParameter(
    name: "window", defaultValue: .duration(.second), minimum: .duration(.millisecond),
    maximum: .duration(.day), unit: "duration",
    meaning: "Length of the windows of the query count; whole milliseconds.", origin: "assumed"),
  WorkloadParameter(
    name: "payload", defaultValue: .count(64), minimum: .count(0), maximum: .count(65_536),
    unit: "bytes", meaning: "Bytes of arbitrary content in each record.", origin: "assumed"),
]

/// The input of a pass-through plan, for whoever fills its columns.
public let passThroughColumns: [ColumnSource] = [.keyDigest, .valueDigest, .source, .sequence]

/// The plan of a query of `pass-through` over a stream of any schema: it looks at digests and
/// identities alone. Nil for a query that does not exist.
public func passThroughPlan(
  query: String, stream: String, window: Nanoseconds = .second,
  watermarkDelay: Nanoseconds = 100 * .millisecond
) -> Plan? {
  let input = PlanInput(stream: stream, columns: passThroughColumns)
  switch query {
  case "copy":
    return Plan(
      name: query, input: input, watermarkDelay: watermarkDelay, operators: [.input(0)],
      keyColumns: [2, 3], valueColumns: [1])
  case "count":
    return Plan(
      name: query, input: input, watermarkDelay: watermarkDelay,
      operators: [.input(0), .tumbling(0, key: [0], size: window, offset: 0, [.count])],
      keyColumns: [0, 1], valueColumns: [2])
  default: return nil
  }
}

@Sendable private func makePassThrough(
  _ choice: WorkloadChoice, _ load: LoadShape, _ seed: UInt64
) throws(Problems) -> Workload {
  let values = ParameterValues(choice, declared: passThroughParameters)
  let window = try values.duration("window")
  if window % .millisecond != 0 {
    throw refusal("the parameter window of pass-through is not a whole number of milliseconds")
  }
  guard let plan = passThroughPlan(query: choice.query, stream: "events", window: window) else {
    throw refusal(
      "the workload pass-through has no query \(choice.query)", hint: "take copy or count")
  }
  let source = try PassThroughSource(
    seed: seed, lanes: choice.sources, rate: constantRate(load, choice),
    start: choice.start, keys: UInt64(try values.count("keys")),
    payload: Int(try values.count("payload")))
  return Workload(
    kind: choice.kind, source: source, stream: "events", eventNoun: "events",
    resultNoun: choice.query == "copy" ? "copies" : "counts", plan: plan,
    schema: PassThroughSource.schema, schemaID: PassThroughSource.schemaID)
}

/// Event i of the n in a block lies anywhere in the i-th of n equal parts of it, and is sent at
/// once.
struct PassThroughSource: EventSource {
  static let schemaID: UInt32 = 1
  static let schema = """
    {"type": "record", "name": "Event", "namespace": "weir.passthrough", "fields": [
      {"name": "source", "type": "int"},
      {"name": "sequence", "type": "long"},
      {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
      {"name": "key", "type": "long"},
      {"name": "payload", "type": "bytes"}
    ]}
    """

  let laneCount: Int
  private let grid: BlockGrid
  private let quotas: [Quota]
  private let draws: [DrawFamily]
  private let startMillis: Int64
  private let keys: UInt64
  private let payload: Int

  init(
    seed: UInt64, lanes: Int, rate: Rate, start: Timestamp, keys: UInt64, payload: Int
  ) throws(Problems) {
    let perStamp = rate.perSecond / 1_000 / Double(lanes)
    if perStamp > 500_000 {
      throw refusal("more than 500 million events a second for one source", hint: "more sources")
    }
    let grid = BlockGrid(rate: perStamp)
    let phases = DrawFamily(seed: seed, component: "pass-through", purpose: "phase").stream(0)
    let events = DrawFamily(seed: seed, component: "pass-through", purpose: "event")
    laneCount = lanes
    self.grid = grid
    quotas = (0..<lanes).map {
      Quota(perStamp * Double(1 << grid.level), phase: phases.word(UInt64($0)))
    }
    draws = (0..<lanes).map { events.indexed(UInt64($0)) }
    startMillis = floorMillis(start)
    self.keys = keys
    self.payload = payload
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    let count = quotas[lane].count(index)
    let block = EventBlock(
      lane: UInt32(lane), baseSequence: grid.baseSequence(of: index), count: count,
      byteCapacity: count * (payload + 56), columnCount: 4)
    if count > 0 { fill(block, index, draws[lane].stream(UInt64(index))) }
    return block
  }

  private func fill(_ block: EventBlock, _ index: Int, _ draws: DrawStream) {
    let start = grid.start(of: index)
    let part = grid.length / Int64(block.count)
    var out = RecordWriter(block.bytes)
    for i in 0..<block.count {
      let first = draws.word(UInt64(truncatingIfNeeded: 2 &* i))
      let second = draws.word(UInt64(truncatingIfNeeded: 2 &* i &+ 1))
      let place = Int64(bitPattern: first.multipliedFullWidth(by: UInt64(bitPattern: part)).high)
      let at = start &+ Int64(i) &* part &+ place
      let millis = startMillis &+ at / BlockGrid.stamp
      let key = second.multipliedFullWidth(by: keys).high
      let sequence = block.baseSequence &+ UInt64(i)

      let begin = out.at
      out.bigEndian(key)
      let value = out.at
      out.frame(Self.schemaID)
      out.unsigned(UInt64(block.lane))
      out.unsigned(sequence)
      out.signed(millis)
      out.unsigned(key)
      out.unsigned(UInt64(payload))
      out.noise(first ^ second, payload)

      block.intendedAt[i] = at
      block.eventTime[i] = millis &* .millisecond
      block.start[i + 1] = UInt32(truncatingIfNeeded: out.at - block.bytes)
      block.keyLength[i] = 8
      let digest = digest64(value, out.at - value)
      block.digest[i] = digest
      block.columns[0][i] = Int64(bitPattern: digest64(begin, 8))
      block.columns[1][i] = Int64(bitPattern: digest)
      block.columns[2][i] = Int64(block.lane)
      block.columns[3][i] = Int64(bitPattern: sequence)
      block.nulls[i] = 0
    }
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int { grid.block(of: sequence) }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: grid.start(of: index))
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    (startMillis + grid.start(of: index) / BlockGrid.stamp) * .millisecond
  }
}

/// Event times are whole milliseconds, so the run begins on one.
func floorMillis(_ start: Timestamp) -> Int64 {
  Int64(floorDivide(Int(start.ns), Int(Nanoseconds.millisecond)))
}
