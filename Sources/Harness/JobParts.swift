import Backbones
import Bytes
import History
import Model
import Scenarios
import Schemas
import Verification
import Workloads

/// Where the rows come from that a check of the output expects. `events` gives the events that the
/// job was given, as JSON, in the order of their intended instants.
public typealias RowProvider = (_ events: () -> [[UInt8]]) -> ExpectedRows

/// Rows that a check of the output expects.
public enum ExpectedRows: Sendable {
  case rows([Row])
  /// Why there are none, in words for the report.
  case problem(String)

  public struct Row: Hashable, Sendable {
    public var key: [UInt8]?
    public var value: [UInt8]

    public init(key: [UInt8]?, value: [UInt8]) {
      self.key = key
      self.value = value
    }
  }
}

/// What a scenario demands of the output of a job; nil for Weir's own engine.
func outputContract(_ scenario: Scenario, _ workload: Workload) -> OutputContract? {
  scenario.engine.job.map { job in
    OutputContract(
      checks: scenario.expect.output, reads: job.reads, writes: job.writes,
      schema: workload.schema, commits: job.group != .none)
  }
}

/// Writes the rows that checks expect into the history, so that it alone suffices to judge again.
func writeExpectedRows(
  _ providers: [(check: Int, rows: RowProvider)], events: () -> [[UInt8]],
  to history: HistoryWriter, at now: Instant
) {
  for provider in providers {
    var problem = ""
    var count = 0
    switch provider.rows(events) {
    case .problem(let text): problem = text
    case .rows(let rows):
      count = rows.count
      for row in rows {
        history.begin(.expectedRow, at: now)
        history.number(UInt64(provider.check))
        history.number(row.key == nil ? 0 : 1)
        history.bytes(row.key ?? [])
        history.bytes(row.value)
      }
    }
    history.begin(.expectedRows, at: now)
    history.number(UInt64(provider.check))
    history.number(UInt64(count))
    history.text(problem)
  }
}

/// The records of the output of a recorded run, in its order.
public func outputRows(ofHistory path: String) throws(RunFailure) -> ExpectedRows {
  var rows: [ExpectedRows.Row] = []
  var problem = "it has no end"
  do throws(HistoryError) {
    _ = try HistoryFile.read(path) { bytes, first, startAt in
      var cursor = EntryCursor(bytes, firstEntry: first, startAt: startAt)
      do throws(DecodingError) {
        while let kind = try cursor.next() {
          switch kind {
          case .output:
            _ = (try cursor.number(), try cursor.number())
            let hasKey = try cursor.number() == 1
            let key = [UInt8](try cursor.bytes())
            rows.append(.init(key: hasKey ? key : nil, value: [UInt8](try cursor.bytes())))
          case .runEnded:
            let isComplete = try cursor.number() == 1
            let reason = try cursor.text()
            problem = isComplete ? "" : "it was cut: \(reason)"
          default: try cursor.skip(kind)
          }
        }
        return true
      } catch {
        problem = "it is damaged"
        return false
      }
    }
  } catch {
    throw .history(error.message)
  }
  return problem.isEmpty ? .rows(rows) : .problem(problem)
}
