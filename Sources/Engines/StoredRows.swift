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

  var identity: RowIdentity {
    origin.identity
      ?? RowIdentity(
        source: UInt32(truncatingIfNeeded: words[1]), sequence: UInt64(bitPattern: words[2]))
  }

  /// Event order (queries.md 1.4).
  static func precedes(_ a: StoredRow, _ b: StoredRow) -> Bool {
    if a.time != b.time { return a.time < b.time }
    if a.origin.identity == nil && b.origin.identity == nil {
      let (x, y) = (a.words[1] & 0xffff_ffff, b.words[1] & 0xffff_ffff)
      return x != y ? x < y : a.words[2] < b.words[2]
    }
    return RowIdentity.precedes(a.identity, b.identity)
  }

  /// Rows in event order; those of one identity as they stood.
  static func inOrder(_ rows: [StoredRow]) -> [StoredRow] {
    rows.enumerated().sorted { a, b in
      if precedes(a.element, b.element) { return true }
      if precedes(b.element, a.element) { return false }
      return a.offset < b.offset
    }.map(\.element)
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

/// Values by key, in shards: after a snapshot only the shards that change are copied.
struct KeyedStates<Value> {
  private static var count: Int { 256 }
  private var shards: [[UInt64: Value]] = Array(repeating: [:], count: Self.count)

  private func shard(_ key: UInt64) -> Int {
    Int(truncatingIfNeeded: scramble(key)) & (Self.count - 1)
  }

  subscript(key: UInt64) -> Value? {
    get { shards[shard(key)][key] }
    set { shards[shard(key)][key] = newValue }
  }

  /// Changes the value of a key in place.
  mutating func update<Result>(
    _ key: UInt64, default made: @autoclosure () -> Value, _ body: (inout Value) -> Result
  ) -> Result {
    body(&shards[shard(key)][key, default: made()])
  }
}
