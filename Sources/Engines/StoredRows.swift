import Model
import Queries

/// A row that an operator keeps, with what it was made of.
struct StoredRow {
  var words: [Int64]
  var origin: Origin

  init(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?, width: Int) {
    words = Array(UnsafeBufferPointer(start: row, count: RowLayout.header + width))
    self.origin = Origin.of(row, origin)
  }

  var time: Int64 { words[0] }

  /// Nil is null.
  func value(_ column: Int) -> Int64? {
    words[1] >> Int64(32 + column) & 1 != 0 ? nil : words[RowLayout.header + column]
  }

  func use(_ body: (UnsafePointer<Int64>) -> Void) {
    words.withUnsafeBufferPointer { if let base = $0.baseAddress { body(base) } }
  }

  /// Order of the values in some columns, null first; nil when all are equal.
  static func precedes(_ a: StoredRow, _ b: StoredRow, _ columns: [SortColumn]) -> Bool? {
    for term in columns {
      let x = a.value(term.column)
      let y = b.value(term.column)
      if x == y { continue }
      let isLess = x.map { x in y.map { x < $0 } ?? false } ?? true
      return isLess != term.descending
    }
    return nil
  }
}

/// Instants at which something of a key is due, the least first.
struct DueQueue {
  private var items: [(at: Int64, key: UInt64)] = []

  var first: Int64? { items.first?.at }

  private static func precedes(_ a: (at: Int64, key: UInt64), _ b: (at: Int64, key: UInt64)) -> Bool
  {
    a.at != b.at ? a.at < b.at : a.key < b.key
  }

  mutating func add(at instant: Int64, key: UInt64) {
    items.append((instant, key))
    var child = items.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if !Self.precedes(items[child], items[parent]) { break }
      items.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the first item, if it is due at `limit` or before.
  mutating func take(until limit: Int64) -> (at: Int64, key: UInt64)? {
    guard let first = items.first, first.at <= limit else { return nil }
    let last = items.removeLast()
    if items.isEmpty { return first }
    items[0] = last
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < items.count {
        if Self.precedes(items[child], items[least]) { least = child }
      }
      if least == parent { return first }
      items.swapAt(parent, least)
      parent = least
    }
  }
}

/// The states that an operator of plain values was in at its checkpoints. A copy costs nothing
/// until the state changes.
struct ValueSnapshots<State> {
  private var states: [UInt64: State] = [:]
  /// Words that were added since the last checkpoint.
  var words = 0

  var lines: Int { (words + 7) / 8 }

  mutating func keep(_ state: State, _ number: UInt64) {
    states[number] = state
    words = 0
  }

  mutating func restore(_ number: UInt64) -> State? {
    states = states.filter { $0.key <= number }
    return states[number]
  }

  mutating func forget(before number: UInt64) { states = states.filter { $0.key >= number } }
}

/// Puts rows that a window made into event order for operators that want it.
final class OrderOperator: Operator {
  private let order: RowOrder
  private var waiting: [StoredRow] = []
  private var snapshots = ValueSnapshots<[StoredRow]>()

  init(width: Int, order: RowOrder) {
    self.order = order
    super.init(width: width)
  }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    waiting.append(StoredRow(row, origin, width: width))
    snapshots.words += RowLayout.header + width
  }

  package override func advance(to watermark: Int64) {
    var ready = waiting.filter { $0.time < watermark || watermark == .max }
    if ready.isEmpty { return }
    waiting.removeAll { $0.time < watermark || watermark == .max }
    let terms = (order.columns ?? []).map { SortColumn($0) }
    ready.sort { a, b in
      if a.time != b.time { return a.time < b.time }
      return StoredRow.precedes(a, b, terms) ?? false
    }
    for row in ready {
      var origin = row.origin
      row.use { emit($0, &origin) }
    }
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(waiting, number) }

  package override func restore(_ number: UInt64) {
    if let rows = snapshots.restore(number) { waiting = rows }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}

/// The first rows of each window and group (queries.md 3.6). All rows of a window have its time.
final class TopOperator: Operator {
  private let count: Int
  private let terms: [SortColumn]
  private let group: [SortColumn]
  private var waiting: [StoredRow] = []
  private var snapshots = ValueSnapshots<[StoredRow]>()
  private let scratch: UnsafeMutablePointer<Int64>

  /// `identity`: the columns of the input's result key, the last tie-break.
  init(inputWidth: Int, group: [Int], order: [SortColumn], identity: [Int], count: Int) {
    self.count = count
    self.group = group.map { SortColumn($0) }
    terms = self.group + order + identity.map { SortColumn($0) }
    scratch = .allocate(capacity: RowLayout.header + inputWidth + 1)
    super.init(width: inputWidth + 1)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    waiting.append(StoredRow(row, origin, width: width - 1))
    snapshots.words += RowLayout.header + width
  }

  package override func advance(to watermark: Int64) {
    var ready = waiting.filter { $0.time < watermark || watermark == .max }
    if ready.isEmpty { return }
    waiting.removeAll { $0.time < watermark || watermark == .max }
    ready.sort { a, b in
      if a.time != b.time { return a.time < b.time }
      return StoredRow.precedes(a, b, terms) ?? false
    }
    var rank = 0
    for (index, row) in ready.enumerated() {
      let isNew =
        index == 0 || ready[index - 1].time != row.time
        || StoredRow.precedes(ready[index - 1], row, group) != nil
      rank = isNew ? 1 : rank + 1
      if rank > count { continue }
      for (place, word) in row.words.enumerated() { scratch[place] = word }
      scratch[RowLayout.header + width - 1] = Int64(rank)
      var origin = row.origin
      emit(scratch, &origin)
    }
  }

  package override func checkpoint(_ number: UInt64) { snapshots.keep(waiting, number) }

  package override func restore(_ number: UInt64) {
    if let rows = snapshots.restore(number) { waiting = rows }
  }

  package override func forget(before number: UInt64) { snapshots.forget(before: number) }
  package override var changedLines: Int { snapshots.lines }
}
