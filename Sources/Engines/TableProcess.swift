import Model
import Queries

/// A machine over a table that is corrected: what it would have made of the rows as they are now
/// (queries.md 2.6).
final class ProcessRule<M: ProcessMachine>: TableRule {
  private let machine: M
  private let digest: KeyDigest
  private let key: [Int]

  init(_ context: TableContext, _ machine: M, key: [Int]) {
    self.machine = machine
    self.key = key
    digest = KeyDigest(key)
    super.init(context)
  }

  override var readsEnd: Bool { true }

  override func places(
    _ row: UnsafePointer<Int64>, side: Int, settled: Int64, missed: inout Bool
  ) -> [Place] {
    if isLate(row, settled) {
      missed = true
      return []
    }
    return [Place(digest: digest.of(row), start: 0)]
  }

  private struct Timer {
    var name: Int64
    var at: Int64
    var order: Int
    var origin: Origin
  }

  /// One run of the machine over the rows of a key.
  private struct Run {
    var state: M.State
    var timers: [Timer] = []
    var registered = 0
    var rows: [StoredRow] = []
    var count: Int64 = 0
    var actions = MachineActions()
  }

  override func compute(_ group: TableGroup, limit: Int64, due: inout Int64) -> [StoredRow] {
    var run = Run(state: machine.initialState())
    let key = key.map { column in group.left.first?.value(column) ?? nil }
    for row in group.left {
      if row.time >= limit && limit < .max {
        due = min(due, row.time + 1)
        break
      }
      timers(&run, below: row.time, key)
      run.actions.now = row.time
      run.actions.isTimer = false
      row.use { machine.onEvent(MachineRow(row: $0), &run.state, &run.actions) }
      finish(&run, row.origin, key)
    }
    timers(&run, below: min(limit, lowered(context.run.greatest, by: -1)), key)
    if let next = run.timers.map(\.at).min(), limit < .max {
      due = min(due, max(next, limit) &+ 1)
    }
    return run.rows
  }

  private func timers(_ run: inout Run, below limit: Int64, _ key: [Int64?]) {
    while let next = run.timers.indices.min(by: { a, b in
      let (x, y) = (run.timers[a], run.timers[b])
      return x.at != y.at ? x.at < y.at : x.order < y.order
    }), run.timers[next].at < limit {
      let timer = run.timers.remove(at: next)
      run.actions.now = timer.at
      run.actions.isTimer = true
      machine.onTimer(timer.name, &run.state, &run.actions)
      finish(&run, timer.origin, key)
    }
  }

  private func finish(_ run: inout Run, _ origin: Origin, _ key: [Int64?]) {
    if let failure = run.actions.failure { context.faults.fail(failure) }
    for (name, at) in run.actions.timers {
      run.timers.removeAll { $0.name == name }
      guard let at else { continue }
      run.timers.append(Timer(name: name, at: at, order: run.registered, origin: origin))
      run.registered += 1
    }
    var first = 0
    while first < run.actions.cells.count {
      let cells = Array(
        run.actions.cells[first..<min(first + machine.width, run.actions.cells.count)])
      first += machine.width
      var row = StoredRow(
        cells, time: run.actions.now, origin, number: context.number,
        key: machine.resultKey ?? [])
      if machine.resultKey == nil {
        var words = [Int64(context.number)]
        for cell in key { words += [cell == nil ? 0 : 1, cell ?? 0] }
        row.origin.identity = RowIdentity(words + [run.count])
      }
      run.count += 1
      // The last row of a result key counts.
      run.rows.removeAll { $0.identity == row.identity }
      run.rows.append(row)
    }
    run.actions.cells.removeAll(keepingCapacity: true)
    run.actions.timers.removeAll(keepingCapacity: true)
    if run.actions.clears {
      run.timers.removeAll()
      run.state = machine.initialState()
      run.actions.clears = false
    }
  }
}
