import Model
import Queries

/// Deliberate defects of the engine, for tests of the tests; empty in every real run.
public enum EngineDefect: String, Hashable, Sendable, CaseIterable {
  /// The velocity rule fires one attempt too early.
  case ruleOffByOne = "rule-off-by-one"
  /// Starts of patterns never die: what they hold back does not come out. One window in 64 is
  /// never closed: its result does not come out.
  case lostTimer = "lost-timer"
  /// A restart brings back the checkpoint before the committed one.
  case staleRestore = "stale-restore"
  /// A restart reads on from where it was, with the state of the checkpoint.
  case skipsReplay = "skips-replay"
}

/// Why a plan cannot be run.
public struct PlanError: Error, Hashable, Sendable {
  public var message: String
}

/// A plan as operators that push rows to each other. One for each task.
package final class Program {
  package let input: Operator
  /// In topological order; those that only put rows in order for others are among them.
  package let operators: [Operator]
  package let output: OutputOperator
  /// Operators that want their rows in event order and have none such before them: rows are put in
  /// order for them, and what comes too late for that is late for them.
  package let orderedEntries: [Int]
  /// True when some operator wants its rows in event order.
  package var needsOrder: Bool { !orderedEntries.isEmpty }
  /// A sum did not fit an int64: the plan has no answer there.
  package var hasOverflowed: Bool { operators.contains { $0.hasOverflowed } }

  /// Of each operator: those that it reads, and how far its rows may lie behind its watermark.
  private let wiring: [(inputs: [Int], hold: Nanoseconds)]
  private var passed: [Int64]

  package init(
    _ plan: Plan, defects: Set<EngineDefect>, onLate: @escaping (Int, UnsafePointer<Int64>) -> Void
  ) throws(PlanError) {
    guard case .input(0)? = plan.operators.first else {
      throw PlanError(message: "the first operator of a plan is its input")
    }
    var builder = ProgramBuilder(plan, defects: defects, onLate: onLate)
    for index in plan.operators.indices { try builder.add(index) }
    output = OutputOperator(
      width: builder.last.width, key: plan.keyColumns, value: plan.valueColumns)
    builder.last.follow(with: output)
    input = builder.built[0]
    operators = builder.built
    wiring = builder.wiring
    orderedEntries = builder.entries
    passed = Array(repeating: .min, count: operators.count)
  }

  /// No event with a time below the watermark will come. Each operator hears of it after those that
  /// it reads, less what they may still put out behind it.
  package func advance(to watermark: Int64) {
    for index in operators.indices {
      var heard = watermark
      for source in wiring[index].inputs { heard = min(heard, passed[source]) }
      operators[index].advance(to: heard)
      let low = heard.subtractingReportingOverflow(wiring[index].hold)
      passed[index] = heard == .max ? .max : low.overflow ? .min : low.partialValue
    }
  }
}

/// The end of a program: turns rows into result rows.
package final class OutputOperator: Operator {
  private let key: [Int]
  private let value: [Int]
  /// Rows since the last time they were taken.
  package var rows: [ResultRow] = []

  init(width: Int, key: [Int], value: [Int]) {
    self.key = key
    self.value = value
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let id = EventID(source: RowLayout.source(row), sequence: UInt64(bitPattern: row[2]))
    rows.append(
      ResultRow(
        key: cells(row, key), value: cells(row, value), time: row[0],
        evidence: origin?.pointee.evidence ?? Evidence(source: id.source, sequence: id.sequence),
        lineage: origin?.pointee.latest ?? id))
  }

  private func cells(_ row: UnsafePointer<Int64>, _ columns: [Int]) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: columns.count * 11) { bytes, count in
      for column in columns {
        if RowLayout.isNull(row, column) {
          bytes[count] = 0
          count += 1
          continue
        }
        bytes[count] = 1
        count += 1
        let x = row[RowLayout.header + column]
        var rest = UInt64(bitPattern: (x << 1) ^ (x >> 63))
        while rest >= 0x80 {
          bytes[count] = UInt8(truncatingIfNeeded: rest) | 0x80
          rest >>= 7
          count += 1
        }
        bytes[count] = UInt8(truncatingIfNeeded: rest)
        count += 1
      }
    }
  }
}
