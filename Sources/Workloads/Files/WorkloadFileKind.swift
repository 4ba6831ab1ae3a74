import Model
import Queries
import Scenarios
import Schemas

/// A workload file as a kind that scenarios can name. `name` is what they write, such as
/// "orders.workload.yaml".
public func workloadKind(_ file: WorkloadFile, name: String) -> WorkloadKind {
  let own = file.queries.map { WorkloadQuery(name: $0.name, summary: $0.summary) }
  return WorkloadKind(
    name: name, domain: "own", summary: file.summary,
    queries: own + [
      WorkloadQuery(name: "copy", summary: "Each event of the first stream comes out once."),
      WorkloadQuery(
        name: "count", summary: "Events of a key of the first stream in each second."),
    ],
    defaultSources: file.sources, parameters: []
  ) { (choice, load, seed) throws(Problems) in
    try make(file, choice, rate: constantRate(load, choice), seed)
  }
}

private func make(
  _ file: WorkloadFile, _ choice: WorkloadChoice, rate: Rate, _ seed: UInt64
) throws(Problems) -> Workload {
  let first = file.streams[0].name
  let found =
    file.queries.first { $0.name == choice.query }?.plan
    ?? passThroughPlan(query: choice.query, stream: first)
  guard var plan = found else {
    throw refusal("the workload \(choice.kind) has no query \(choice.query)")
  }
  for (index, input) in plan.inputs.enumerated() {
    guard let stream = file.streams.first(where: { $0.name == input.stream }) else { continue }
    plan.inputs[index].complete(from: stream)
  }
  let source = try KernelSource(file, choice, rate: rate, seed: seed, plan: plan)
  let read = plan.inputs.compactMap { input in file.streams.first { $0.name == input.stream } }
  let laneStream: [Int?] = file.streams.flatMap { stream in
    Array(
      repeating: plan.inputs.firstIndex { $0.stream == stream.name }, count: choice.sources)
  }
  return Workload(
    kind: choice.kind, source: source,
    streams: read.map {
      WorkloadStream(name: $0.name, schema: $0.schemaJSON, schemaID: $0.schemaID)
    },
    laneStream: laneStream, eventNoun: "events",
    resultNoun: choice.query == "copy" ? "copies" : "results", plan: plan)
}

extension PlanInput {
  /// Takes the time and the markers of a stream.
  fileprivate mutating func complete(from stream: FileStream) {
    eventTime = stream.schema.fields[stream.timeField].name
    guard let markers = stream.markers else { return }
    let field = ColumnSource.field(stream.schema.fields[markers.field].name)
    let column = columns.firstIndex(of: field) ?? columns.count
    if column == columns.count { columns.append(field) }
    isMarker = .equal(.column(column), markers.symbol)
  }
}

/// The events of a workload file: stream i has the lanes from i · sources on.
struct KernelSource: EventSource {
  let laneCount: Int
  private let streams: [KernelStream]
  private let sources: Int
  private let startMillis: Int64

  init(
    _ file: WorkloadFile, _ choice: WorkloadChoice, rate: Rate, seed: UInt64, plan: Plan
  ) throws(Problems) {
    let populations = file.populations.map { MemberDraw($0, seed: seed) }
    sources = choice.sources
    startMillis = floorMillis(choice.start)
    laneCount = sources * file.streams.count
    var streams: [KernelStream] = []
    for (number, stream) in file.streams.enumerated() {
      let perSecond = rate.perSecond * stream.share
      if perSecond / Double(sources) > 100_000_000 {
        throw refusal(
          "more than 100 million events a second for one source of \(stream.name)",
          hint: "more sources")
      }
      let columns = plan.inputs.first { $0.stream == stream.name }?.columns ?? []
      streams.append(
        KernelStream(
          stream, populations: populations, seed: seed, firstLane: number * sources,
          lanes: sources, perSecond: perSecond, startMillis: startMillis, columns: columns,
          partitions: choice.partitions))
    }
    self.streams = streams
  }

  func block(_ index: Int, of lane: Int) -> EventBlock? {
    streams[lane / sources].block(index, lane: lane % sources)
  }

  func blockIndex(of sequence: UInt64, in lane: Int) -> Int {
    streams[lane / sources].grid.block(of: sequence)
  }

  func earliestSend(block index: Int, of lane: Int) -> Instant {
    Instant(ns: streams[lane / sources].grid.start(of: index))
  }

  func eventTimeFloor(block index: Int, of lane: Int) -> Int64 {
    let stream = streams[lane / sources]
    return stream.stamped(startMillis + Int64(stream.grid.firstStamp(of: index))) * .millisecond
  }
}
