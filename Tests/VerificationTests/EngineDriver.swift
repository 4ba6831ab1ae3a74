import Engines
import Model
import Queries

/// Runs a plan in the engine over events in their order of arrival, as tasks of one partition per
/// stream do, with a crash if wanted.
final class EngineDriver {
  struct Drop {
    var event: EventID
    var step: Int
    var watermark: Int64
  }

  private struct Position {
    /// Greatest time of each source, in each task.
    var frontiers: [[UInt32: Int64]]
    var greatest = Int64.min
    var rows: [ResultRow] = []
    var drops: [Drop] = []
  }

  private final class Late { var take: (LateEvent) -> Void = { _ in } }

  let program: Program
  private let plan: Plan
  private let arrivals: [Small]
  private let streamOf: [UInt32: Int]
  private let tasks: Int
  private let taskOf: (Small) -> Int
  private var position: Position

  /// With several tasks each event goes to that of its record key: the column that `partitionedBy`
  /// names.
  init(
    _ plan: Plan, _ arrivals: [Small], tasks: Int = 1, partitionedBy column: Int = 0,
    defects: Set<EngineDefect> = []
  ) throws {
    self.plan = plan
    self.arrivals = arrivals
    var streams: [UInt32: Int] = [:]
    for event in arrivals { streams[event.source] = event.stream }
    streamOf = streams
    self.tasks = tasks
    taskOf = { event in
      let key = column < event.columns.count ? event.columns[column] ?? 77 : 77
      return Int(UInt64(bitPattern: key &* 31 &+ 7) % UInt64(tasks))
    }
    let late = Late()
    program = try Program(plan, tasks: tasks, defects: defects) { late.take($0) }
    var frontiers: [UInt32: Int64] = [:]
    for event in arrivals { frontiers[event.source] = .min }
    position = Position(frontiers: Array(repeating: frontiers, count: tasks))
    late.take = { [unowned self] late in
      position.drops.append(
        Drop(event: late.event, step: late.step, watermark: late.watermark))
    }
  }

  var rows: [ResultRow] { position.rows }
  var drops: [Drop] { position.drops }

  /// Runs to the end. At each place in `crashes` it takes a checkpoint, goes on for some events,
  /// dies and comes back; `pause` says after which events the watermark does not move.
  func run(crashes: [Int: Int], pause: Set<Int>) {
    for place in arrivals.indices {
      if let more = crashes[place] {
        let saved = position
        let number = UInt64(place + 1)
        program.checkpoint(number)
        for ahead in place..<min(place + more, arrivals.count) {
          take(arrivals[ahead], moves: !pause.contains(ahead))
        }
        if more % 2 == 0 { end() }
        program.restore(number)
        position = saved
        program.greatest = position.greatest
        if more % 3 == 0 { program.forget(before: number) }
      }
      take(arrivals[place], moves: !pause.contains(place))
    }
    end()
  }

  private func floored(_ time: Int64) -> Int64 {
    let rest = time % plan.resolution
    return time - (rest < 0 ? rest + plan.resolution : rest)
  }

  private func take(_ event: Small, moves: Bool) {
    let task = taskOf(event)
    let time = floored(event.time * .millisecond)
    // Markers of the other partitions come with it: their sources are as far.
    for each in 0..<tasks {
      let known = position.frontiers[each][event.source] ?? .min
      position.frontiers[each][event.source] = max(known, time)
    }
    if !event.isMarker {
      position.greatest = max(position.greatest, time)
      program.greatest = position.greatest
      push(event, task, time)
    }
    collect()
    if moves { advance(task) }
  }

  private func advance(_ task: Int) {
    let streams = plan.inputs.indices.map { stream in
      let sources = position.frontiers[task].filter { streamOf[$0.key] == stream }
      let least = sources.values.min() ?? .max
      return least == .min || least == .max ? least : least - plan.delay(of: stream)
    }
    program.advance(task, to: streams)
    collect()
  }

  private func end() {
    program.advance(to: .max)
    collect()
  }

  private func collect() { position.rows += program.output.take() }

  private func push(_ event: Small, _ task: Int, _ time: Int64) {
    var nulls: UInt32 = 0
    for (column, value) in event.columns.enumerated() where value == nil {
      nulls |= 1 << UInt32(column)
    }
    let words =
      [
        time, RowLayout.identity(source: event.source, nulls: nulls),
        Int64(bitPattern: event.sequence),
      ] + event.columns.map { $0 ?? 0 }
    let input = program.input(event.stream, task: task)
    words.withUnsafeBufferPointer { input.push($0.baseAddress!, nil) }
  }
}
