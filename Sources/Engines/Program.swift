import Model
import Queries

/// Deliberate defects of the engine, for tests of the tests; empty in every real run.
public enum EngineDefect: String, Hashable, Sendable, CaseIterable {
  /// The velocity rule fires one attempt too early.
  case ruleOffByOne = "rule-off-by-one"
  /// Starts of patterns never die: what they hold back does not come out. One window in 64 is
  /// never closed: its result does not come out. Timers of machines do not run.
  case lostTimer = "lost-timer"
  /// A restart brings back the checkpoint before the committed one.
  case staleRestore = "stale-restore"
  /// A restart reads on from where it was, with the state of the checkpoint.
  case skipsReplay = "skips-replay"
}

/// Why a plan cannot be run, or why its run failed.
public struct PlanError: Error, Hashable, Sendable {
  public var message: String
}

/// An event that came too late for an operator of the plan.
package struct LateEvent {
  package var event: EventID
  package var step: Int
  package var task: Int
  /// The watermark that the operator had heard.
  package var watermark: Int64
}

/// A plan as operators that push rows to each other, in every task of the engine.
package final class Program {
  package let tasks: Int
  /// In topological order, those of all tasks; some only put rows in order for others.
  package let operators: [Operator]
  package let output: OutputOperator
  private let faults: ProgramFaults
  private let run: RunProgress
  private let entries: [[Operator]]
  private var stages: [Stage]
  private var snapshots: [UInt64: [Stage]] = [:]

  /// One step of the plan in every task.
  struct Stage {
    let operators: [Operator]
    /// Stages that it reads; the input of a stream reads none.
    let inputs: [Int]
    let stream: Int?
    /// Rows come to it from all tasks: its watermark is the least of theirs.
    let gathers: Bool
    /// So they do here or somewhere before.
    let isShared: Bool
    /// Below what no row will come out of each task, and below what none will change.
    var passed: [Int64]
    var settled: [Int64]
  }

  package convenience init(
    _ plan: Plan, tasks: Int = 1, defects: Set<EngineDefect> = [],
    onLate: @escaping (LateEvent) -> Void
  ) throws(PlanError) {
    var builder = try ProgramBuilder(plan, tasks: tasks, defects: defects, onLate: onLate)
    for index in plan.operators.indices { try builder.add(index) }
    self.init(builder)
  }

  private init(_ builder: ProgramBuilder) {
    tasks = builder.tasks
    let plan = builder.plan
    let last = builder.last
    output = OutputOperator(
      width: last.operators[0].width, key: plan.keyColumns, value: plan.valueColumns,
      replaces: plan.emission == .corrections)
    for step in last.operators { step.follow(with: output) }
    entries = builder.entries
    stages = builder.stages
    operators = builder.stages.flatMap(\.operators)
    faults = builder.faults
    run = builder.run
    helpers = builder.helpers
    for step in operators { step.identifies = builder.needsIdentities }
    for step in helpers { step.identifies = builder.needsIdentities }
  }

  /// Operators between the stages: exchanges, and the sides of joins.
  private let helpers: [Operator]

  /// Where the events of a stream enter a task.
  package func input(_ stream: Int = 0, task: Int = 0) -> Operator { entries[task][stream] }

  /// A value did not fit an int64: the plan has no answer there.
  package var hasOverflowed: Bool {
    faults.overflowed || operators.contains { $0.hasOverflowed }
  }

  /// Why the run failed, nil as long as it did not.
  package var failure: String? { faults.failure }

  /// The greatest event time that was seen in any task, markers left out.
  package var greatest: Int64 {
    get { run.greatest }
    set { run.greatest = newValue }
  }

  /// No event with a time below the watermark will come in any stream or task.
  package func advance(to watermark: Int64) {
    let all = Array(repeating: watermark, count: entries[0].count)
    for task in 0..<tasks { advance(task, to: all) }
  }

  /// No event of a stream with a time below its watermark will come in a task. Each operator hears
  /// of it after those that it reads, less what they may still put out behind it.
  package func advance(_ task: Int, to streams: [Int64]) {
    for index in stages.indices {
      if stages[index].isShared {
        for each in 0..<tasks { advance(stage: index, each, streams) }
      } else {
        advance(stage: index, task, streams)
      }
    }
  }

  private func advance(stage index: Int, _ task: Int, _ streams: [Int64]) {
    var heard = Int64.max
    var settled = Int64.max
    if let stream = stages[index].stream {
      heard = streams[stream]
      settled = heard
    } else if stages[index].gathers {
      for source in stages[index].inputs {
        for each in 0..<tasks {
          heard = min(heard, stages[source].passed[each])
          settled = min(settled, stages[source].settled[each])
        }
      }
    } else {
      for source in stages[index].inputs {
        heard = min(heard, stages[source].passed[task])
        settled = min(settled, stages[source].settled[task])
      }
    }
    let step = stages[index].operators[task]
    step.settled = settled
    step.advance(to: heard)
    stages[index].passed[task] = step.passes(heard)
    stages[index].settled[task] = step.passesSettled(heard)
  }

  // Checkpoints

  /// Rows that wait in the operators of a task for the watermark.
  package func waiting(_ task: Int) -> Int {
    stages.reduce(0) { $0 + $1.operators[task].waitingRows }
  }

  /// Lines of 64 bytes that a snapshot of now would write.
  package var changedLines: Int { operators.reduce(0) { $0 + $1.changedLines } }

  /// Remembers the state of now, in all tasks, under a number that rises.
  package func checkpoint(_ number: UInt64) {
    for step in operators { step.checkpoint(number) }
    snapshots[number] = stages
  }

  package func restore(_ number: UInt64) {
    for step in operators { step.restore(number) }
    if let old = snapshots[number] { stages = old }
    snapshots = snapshots.filter { $0.key <= number }
    output.removeAll()
  }

  /// Checkpoints before this one will not be asked for any more.
  package func forget(before number: UInt64) {
    for step in operators { step.forget(before: number) }
    snapshots = snapshots.filter { $0.key >= number }
  }
}
