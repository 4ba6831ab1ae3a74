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
  package let operators: [Operator]
  package let output: OutputOperator
  /// Operators that want their rows in event order and have none such before them: rows are put in
  /// order for them, and what comes too late for that is late for them.
  package let orderedEntries: [Int]
  /// True when some operator wants its rows in event order.
  package var needsOrder: Bool { !orderedEntries.isEmpty }

  package init(
    _ plan: Plan, defects: Set<EngineDefect>, onLate: @escaping (Int, UnsafePointer<Int64>) -> Void
  ) throws(PlanError) {
    var built: [Operator] = []
    var entries: [Int] = []
    var isBehindOrder: [Bool] = []
    guard case .input? = plan.operators.first else {
      throw PlanError(message: "the first operator of a plan is its input")
    }
    for (index, step) in plan.operators.enumerated() {
      for source in Self.inputs(of: step) where source >= index {
        throw PlanError(message: "operator \(index) of \(plan.name) reads a later one")
      }
      let made = try Self.make(step, plan, built, defects) { onLate(index, $0) }
      for source in Self.inputs(of: step) {
        if built[source].isFull {
          throw PlanError(message: "too many operators of \(plan.name) read operator \(source)")
        }
        built[source].follow(with: made)
      }
      let behind = Self.inputs(of: step).contains { isBehindOrder[$0] }
      if Self.needsOrder(step) && !behind { entries.append(index) }
      isBehindOrder.append(behind || Self.needsOrder(step))
      built.append(made)
    }
    output = OutputOperator(
      width: built[built.count - 1].width, key: plan.keyColumns, value: plan.valueColumns)
    built[built.count - 1].follow(with: output)
    input = built[0]
    operators = built
    orderedEntries = entries
  }

  private static func inputs(of step: PlanOperator) -> [Int] {
    switch step {
    case .input: []
    case .filter(let source, _), .select(let source, _), .deduplicate(let source, _, _),
      .tumbling(let source, _, _, _, _), .pattern(let source, _, _, _, _),
      .process(let source, _, _):
      [source]
    case .union(let sources): sources
    }
  }

  private static func needsOrder(_ step: PlanOperator) -> Bool {
    switch step {
    case .deduplicate, .pattern, .process: true
    default: false
    }
  }

  private static func make(
    _ step: PlanOperator, _ plan: Plan, _ built: [Operator], _ defects: Set<EngineDefect>,
    _ onLate: @escaping (UnsafePointer<Int64>) -> Void
  ) throws(PlanError) -> Operator {
    switch step {
    case .input:
      return Passage(width: plan.input.columns.count)
    case .filter(let source, let predicate):
      return FilterOperator(width: built[source].width, predicate)
    case .select(_, let expressions):
      return SelectOperator(expressions)
    case .union(let sources):
      let width = built[sources[0]].width
      if sources.contains(where: { built[$0].width != width }) {
        throw PlanError(message: "a union of rows with different columns in \(plan.name)")
      }
      return Passage(width: width)
    case .deduplicate(let source, let columns, let horizon):
      return DeduplicateOperator(width: built[source].width, by: columns, horizon: horizon)
    case .tumbling(_, let key, let size, let offset, let aggregates):
      if size <= 0 || size % plan.resolution != 0 || offset % plan.resolution != 0 {
        throw PlanError(message: "a window of \(size) ns is no multiple of the resolution")
      }
      return TumblingOperator(
        key: key, size: size, offset: offset, lateness: plan.allowedLateness,
        resolution: plan.resolution, aggregates: aggregates, defects: defects, onLate: onLate)
    case .pattern(let source, let key, let steps, let within, let measures):
      return PatternOperator(
        inputWidth: built[source].width, key: key, steps: steps, within: within,
        measures: measures, defects: defects)
    case .process(_, let key, .cardGuard(let limit, let window, let block, let pass)):
      return CardGuardOperator(
        key: key, limit: Int(limit), window: window, block: block, pass: pass, defects: defects)
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
