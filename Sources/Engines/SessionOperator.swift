import Model
import Queries

/// Sessions per key (queries.md 3.4): rows wait until the watermark is beyond last + gap +
/// lateness, and are folded then.
final class SessionOperator: Operator {
  private let digest: KeyDigest
  private let key: [Int]
  private let inputWidth: Int
  private let gap: Nanoseconds
  private let lateness: Nanoseconds
  private let resolution: Nanoseconds
  private let aggregation: Aggregation
  private let onLate: (UnsafePointer<Int64>, Int64) -> Void

  private struct Waiting {
    var rows: [StoredRow] = []
    /// When the first session of the key may be closed.
    var due = Int64.max
  }

  private struct State {
    var keys: [UInt64: Waiting] = [:]
    var queue = DueQueue()
    var watermark = Int64.min
  }

  private var state = State()
  private var snapshots = ValueSnapshots<State>()
  private let scratch: UnsafeMutablePointer<Int64>
  private let cells: UnsafeMutablePointer<Int64>

  init(
    inputWidth: Int, key: [Int], gap: Nanoseconds, lateness: Nanoseconds,
    resolution: Nanoseconds, aggregation: Aggregation,
    onLate: @escaping (UnsafePointer<Int64>, Int64) -> Void
  ) {
    digest = KeyDigest(key)
    self.key = key
    self.inputWidth = inputWidth
    self.gap = gap
    self.lateness = lateness
    self.resolution = resolution
    self.aggregation = aggregation
    self.onLate = onLate
    scratch = .allocate(capacity: RowLayout.header + key.count + 2 + aggregation.width)
    cells = .allocate(capacity: max(aggregation.words, 1))
    super.init(width: key.count + 2 + aggregation.width)
  }

  deinit {
    scratch.deallocate()
    cells.deallocate()
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let due = row[0] &+ gap &+ lateness
    if state.watermark > due {
      onLate(row, state.watermark)
      return
    }
    let key = digest.of(row)
    let known = state.keys[key, default: Waiting()].due
    state.keys[key, default: Waiting()].rows.append(StoredRow(row, origin, width: inputWidth))
    snapshots.words += RowLayout.header + inputWidth
    if due < known {
      state.keys[key]?.due = due
      state.queue.add(at: due, key: key)
    }
  }

  package override func advance(to new: Int64) {
    if new <= state.watermark { return }
    state.watermark = new
    // A session closes when the watermark is greater than its instant.
    while let (at, key) = state.queue.take(until: new == .max ? .max : new - 1) {
      guard var waiting = state.keys[key], waiting.due == at else { continue }
      state.keys[key] = nil
      close(&waiting, new)
      if waiting.rows.isEmpty { continue }
      state.queue.add(at: waiting.due, key: key)
      state.keys[key] = waiting
    }
  }

  private func close(_ waiting: inout Waiting, _ watermark: Int64) {
    let order = waiting.rows.indices.sorted { a, b in
      let (x, y) = (waiting.rows[a].time, waiting.rows[b].time)
      return x != y ? x < y : a < b
    }
    let rows = order.map { waiting.rows[$0] }
    waiting = Waiting()
    var first = 0
    while first < rows.count {
      var end = first + 1
      while end < rows.count && rows[end].time - rows[end - 1].time <= gap { end += 1 }
      let due = rows[end - 1].time &+ gap &+ lateness
      if watermark > due || watermark == .max {
        emit(rows[first..<end])
      } else {
        waiting.rows += rows[first..<end]
        waiting.due = min(waiting.due, due)
      }
      first = end
    }
  }

  private func emit(_ rows: ArraySlice<StoredRow>) {
    guard let first = rows.first, let last = rows.last else { return }
    cells.update(repeating: 0, count: max(aggregation.words, 1))
    var lists = NodePool(rowWords: 1)
    var origin = Origin(evidence: Evidence(), latest: last.origin.latest)
    for row in rows {
      row.use { aggregation.add($0, to: cells, lists: &lists) }
      origin.evidence.add(row.origin.evidence)
      if row.time == last.time && origin.latest < row.origin.latest {
        origin.latest = row.origin.latest
      }
    }
    var nulls: UInt32 = 0
    let columns = scratch + RowLayout.header
    for (slot, column) in key.enumerated() {
      columns[slot] = first.value(column) ?? 0
      if first.value(column) == nil { nulls |= 1 << UInt32(slot) }
    }
    columns[key.count] = first.time
    columns[key.count + 1] = last.time + gap
    if !aggregation.finish(cells, lists, into: columns, from: key.count + 2, nulls: &nulls) {
      hasOverflowed = true
    }
    scratch[0] = last.time + gap - resolution
    scratch[1] = RowLayout.identity(source: origin.latest.source, nulls: nulls)
    scratch[2] = Int64(bitPattern: origin.latest.sequence)
    identify(&origin, scratch, 0...key.count)
    emit(scratch, &origin)
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(state, number) }

  package override func restore(_ number: UInt64) {
    if let old = snapshots.restore(number) { state = old }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
