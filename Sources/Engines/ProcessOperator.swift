import Model
import Queries

/// What a process needs beside its machine.
package struct ProcessSettings {
  /// A row replaces the one before with its result key, which is then withdrawn.
  let replaces: Bool
  let run: RunProgress
  let faults: ProgramFaults
  let losesTimers: Bool

  package init(
    replaces: Bool, run: RunProgress, faults: ProgramFaults, losesTimers: Bool = false
  ) {
    self.replaces = replaces
    self.run = run
    self.faults = faults
    self.losesTimers = losesTimers
  }
}

/// How far the run has come in event time, over all tasks.
package final class RunProgress {
  /// The greatest event time seen, markers left out: no timer beyond it may run yet, since the run
  /// may end here.
  package var greatest = Int64.min

  package init() {}
}

/// Runs a machine per key (queries.md 3.12). Its rows come in event order.
package final class ProcessOperator<M: ProcessMachine>: Operator {
  private struct Timer {
    var name: Int64
    var at: Int64
    /// Place among the registrations of the key.
    var order: Int64
    /// The event whose handling set it.
    var origin: Origin
  }

  private struct Entry {
    var state: M.State
    var timers: [Timer] = []
    var registered: Int64 = 0
    var rows: Int64 = 0
    /// The key's columns, null or not; needed where rows are named by them.
    var key: [Int64?] = []
    /// Rows that count at present, where later ones replace them.
    var shown: [RowIdentity: StoredRow] = [:]
  }

  private struct State {
    var keys: KeyedStates<Entry>
    var queue: DueQueue
  }

  private let machine: M
  private let digest: KeyDigest
  private let key: [Int]
  private let settings: ProcessSettings
  private var keys = KeyedStates<Entry>()
  private var queue = DueQueue()
  private var snapshots = ValueSnapshots<State>()
  private var actions = MachineActions()
  private let scratch: UnsafeMutablePointer<Int64>

  package init(_ machine: M, key: [Int], _ settings: ProcessSettings) {
    self.machine = machine
    digest = KeyDigest(key)
    self.key = key
    self.settings = settings
    scratch = .allocate(capacity: RowLayout.header + machine.width)
    super.init(width: machine.width)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let digest = digest.of(row)
    let made = Origin.of(row, origin)
    snapshots.words += 8
    let isOver = keys.update(digest, default: entry(row)) { entry in
      runTimers(&entry, digest, below: row[0])
      begin(row[0], isTimer: false)
      machine.onEvent(MachineRow(row: row), &entry.state, &actions)
      finish(&entry, digest, made)
      return canGo(entry)
    }
    if isOver { keys[digest] = nil }
  }

  private func entry(_ row: UnsafePointer<Int64>) -> Entry {
    var made = Entry(state: machine.initialState())
    if identifies || settings.replaces {
      made.key = key.map {
        RowLayout.isNull(row, $0) ? nil : row[RowLayout.header + $0]
      }
    }
    return made
  }

  private func begin(_ now: Int64, isTimer: Bool) {
    actions.now = now
    actions.isTimer = isTimer
    actions.cells.removeAll(keepingCapacity: true)
    actions.timers.removeAll(keepingCapacity: true)
    actions.clears = false
  }

  private func runTimers(_ entry: inout Entry, _ digest: UInt64, below limit: Int64) {
    while let next = entry.timers.indices.min(by: { a, b in
      let (x, y) = (entry.timers[a], entry.timers[b])
      return x.at != y.at ? x.at < y.at : x.order < y.order
    }), entry.timers[next].at < limit {
      let timer = entry.timers.remove(at: next)
      if settings.losesTimers { continue }
      begin(timer.at, isTimer: true)
      machine.onTimer(timer.name, &entry.state, &actions)
      finish(&entry, digest, timer.origin)
    }
  }

  /// Carries out what a call asked for.
  private func finish(_ entry: inout Entry, _ digest: UInt64, _ origin: Origin) {
    if let failure = actions.failure { settings.faults.fail(failure) }
    for (name, at) in actions.timers {
      entry.timers.removeAll { $0.name == name }
      guard let at else { continue }
      entry.timers.append(Timer(name: name, at: at, order: entry.registered, origin: origin))
      entry.registered += 1
      queue.add(at: at, key: digest)
    }
    var first = 0
    while first < actions.cells.count {
      put(actions.cells[first..<min(first + machine.width, actions.cells.count)], &entry, origin)
      first += machine.width
    }
    if actions.clears {
      entry.timers.removeAll()
      entry.state = machine.initialState()
    }
  }

  /// True when nothing of a cleared key is to be kept: rows are not numbered, and none counts.
  private func canGo(_ entry: Entry) -> Bool {
    actions.clears && machine.resultKey != nil && entry.shown.isEmpty
  }

  private func put(_ cells: ArraySlice<Int64?>, _ entry: inout Entry, _ origin: Origin) {
    var nulls: UInt32 = 0
    for (slot, cell) in cells.enumerated() {
      if cell == nil { nulls |= 1 << UInt32(slot) }
      scratch[RowLayout.header + slot] = cell ?? 0
    }
    var made = origin
    made.identity = nil
    scratch[0] = actions.now
    scratch[1] = RowLayout.identity(source: origin.latest.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: origin.latest.sequence)
    if identifies || settings.replaces { made.identity = identity(&entry) }
    if settings.replaces, let id = made.identity {
      if let old = entry.shown[id] {
        var before = old.origin
        old.use { withdraw($0, &before) }
      }
      entry.shown[id] = StoredRow(scratch, &made, width: width)
    }
    entry.rows += 1
    emit(scratch, &made)
  }

  private func identity(_ entry: inout Entry) -> RowIdentity {
    if let columns = machine.resultKey { return RowIdentity(number, scratch, columns) }
    var words = [Int64(number)]
    for cell in entry.key {
      words.append(cell == nil ? 0 : 1)
      words.append(cell ?? 0)
    }
    return RowIdentity(words + [entry.rows])
  }

  // A timer waits until an event as late as it has been seen: the run may end before.
  private func limit(_ watermark: Int64) -> Int64 {
    settings.run.greatest == .max
      ? watermark : min(watermark, settings.run.greatest + 1)
  }

  override func passes(_ watermark: Int64) -> Int64 {
    watermark == .max ? .max : lowered(limit(watermark), by: hold)
  }

  package override func advance(to watermark: Int64) {
    let limit = limit(watermark)
    while let (_, digest) = queue.take(until: limit == .min ? .min : limit - 1) {
      guard keys[digest] != nil else { continue }
      snapshots.words += 8
      let blank = Entry(state: machine.initialState())
      let isOver = keys.update(digest, default: blank) {
        begin(0, isTimer: true)
        runTimers(&$0, digest, below: limit)
        return canGo($0)
      }
      if isOver { keys[digest] = nil }
    }
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots.keep(State(keys: keys, queue: queue), number)
  }

  package override func restore(_ number: UInt64) {
    if let old = snapshots.restore(number) { (keys, queue) = (old.keys, old.queue) }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
