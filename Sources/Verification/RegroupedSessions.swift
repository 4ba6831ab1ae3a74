import Model
import Queries
import Workloads

/// Sessions beside sessions that were closed already (queries.md 2.4, P-3). A late event that is
/// accepted within the gap of one makes a session of its own, where the right answer is one. Which
/// sessions may come depends on the order of arrival, which is not decided here: where the rows
/// seen have each event that belongs to them exactly once, and only their division differs, the
/// verdict is unknown, never valid.
extension DifferenceFinder {
  /// Whether all differences are of that kind.
  var areDivisions: Bool {
    let plan = judge.context.workload.plan
    guard plan.emission == .final, judge.isLossy, case .session = plan.maker else { return false }
    var due = Evidence()
    var seen = Evidence()
    for place in judge.results.table.places() {
      let row = judge.results.table.rows[place]
      for _ in 0..<max(row.expected - row.observed, 0) { due.add(row.evidence) }
      for _ in 0..<max(row.observed - row.expected, 0) { seen.add(row.evidence) }
    }
    return due == seen && due.count > 0
  }
}
