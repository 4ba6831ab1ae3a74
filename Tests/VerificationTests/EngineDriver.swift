import Engines
import Model
import Queries

/// Runs a plan in the engine over events in their order of arrival, as a task of one partition
/// does, with a crash if wanted.
final class EngineDriver {
  struct Drop {
    var event: EventID
    var step: Int
    var watermark: Int64
  }

  private struct Position {
    var next = 0
    var watermark = Int64.min
    var frontiers: [UInt32: Int64]
    var waiting: [Small] = []
    var rows: [ResultRow] = []
    var drops: [Drop] = []
  }

  private final class Late { var take: (Int, EventID) -> Void = { _, _ in } }

  let program: Program
  private let plan: Plan
  private let arrivals: [Small]
  private var position: Position

  init(_ plan: Plan, _ arrivals: [Small], defects: Set<EngineDefect> = []) throws {
    self.plan = plan
    self.arrivals = arrivals
    let late = Late()
    program = try Program(plan, defects: defects) { step, row in
      late.take(
        step,
        EventID(
          source: UInt32(truncatingIfNeeded: row[1]), sequence: UInt64(bitPattern: row[2])))
    }
    var frontiers: [UInt32: Int64] = [:]
    for event in arrivals { frontiers[event.source] = .min }
    position = Position(frontiers: frontiers)
    late.take = { [unowned self] in drop($1, at: $0) }
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
        for step in program.operators { step.checkpoint(number) }
        for ahead in place..<min(place + more, arrivals.count) {
          take(arrivals[ahead], moves: !pause.contains(ahead))
        }
        if more % 2 == 0 { advance(to: .max) }
        for step in program.operators { step.restore(number) }
        program.output.rows.removeAll()
        position = saved
        for step in program.operators where more % 3 == 0 { step.forget(before: number) }
      }
      take(arrivals[place], moves: !pause.contains(place))
    }
    advance(to: .max)
  }

  private func take(_ event: Small, moves: Bool) {
    let time = event.time * .millisecond
    position.frontiers[event.source] = max(position.frontiers[event.source] ?? .min, time)
    if !program.needsOrder {
      push(event)
    } else if time < position.watermark {
      for step in program.orderedEntries {
        drop(EventID(source: event.source, sequence: event.sequence), at: step)
      }
    } else {
      position.waiting.append(event)
    }
    collect()
    let least = position.frontiers.values.min() ?? .min
    if moves && least > .min { advance(to: least - plan.watermarkDelay) }
  }

  private func drop(_ event: EventID, at step: Int) {
    position.drops.append(Drop(event: event, step: step, watermark: position.watermark))
  }

  private func advance(to watermark: Int64) {
    if watermark <= position.watermark { return }
    position.watermark = watermark
    let isReady = { (event: Small) in
      watermark == .max || event.time * .millisecond < watermark
    }
    let ready = position.waiting.filter(isReady).sorted {
      ($0.time, $0.source, $0.sequence) < ($1.time, $1.source, $1.sequence)
    }
    position.waiting.removeAll(where: isReady)
    for event in ready { push(event) }
    program.advance(to: watermark)
    collect()
  }

  private func collect() {
    position.rows += program.output.rows
    program.output.rows.removeAll()
  }

  private func push(_ event: Small) {
    var nulls: UInt32 = 0
    for (column, value) in event.columns.enumerated() where value == nil {
      nulls |= 1 << UInt32(column)
    }
    let words =
      [
        event.time * .millisecond, RowLayout.identity(source: event.source, nulls: nulls),
        Int64(bitPattern: event.sequence),
      ] + event.columns.map { $0 ?? 0 }
    words.withUnsafeBufferPointer { program.input.push($0.baseAddress!, nil) }
  }
}
