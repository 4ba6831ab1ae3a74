import Model

/// Keyed state: open addressing over rows of words in undo memory. Word 0 is the key, a 64-bit
/// digest that is never zero; word 1 is the time until which the row is needed. Rows whose time is
/// over are dropped when the table would grow, so that memory follows what is alive.
package struct KeyedTable {
  private(set) var memory: UndoMemory
  private let pool = MemoryPool()
  package private(set) var count = 0
  private(set) var mask: Int
  /// Rows needed until a time below this may be dropped.
  package var now = Int64.min
  /// Words of a row; a power of two, so that a row of up to eight words lies in one line.
  let stride: Int
  private let shift: Int

  package init(words: Int, capacity: Int = 1 << 10) {
    var stride = 1
    while stride < words { stride *= 2 }
    self.stride = stride
    shift = stride.trailingZeroBitCount
    mask = capacity - 1
    memory = UndoMemory(byteCount: capacity * stride * 8)
  }

  @inline(__always) var words: UnsafeMutablePointer<Int64> {
    memory.base.assumingMemoryBound(to: Int64.self)
  }

  /// Index of the row of a key, nil when there is none.
  @inline(__always) package func find(_ key: UInt64) -> Int? {
    let words = words
    let wanted = Int64(bitPattern: key)
    var index = Int(truncatingIfNeeded: key) & mask
    while true {
      let found = words[index << shift]
      if found == wanted { return index }
      if found == 0 { return nil }
      index = (index &+ 1) & mask
    }
  }

  /// Index of the row of a key, and whether it was added; a new row is all zeros but for the key.
  @inline(__always) package mutating func findOrAdd(_ key: UInt64) -> (index: Int, isNew: Bool) {
    let words = words
    let wanted = Int64(bitPattern: key)
    var index = Int(truncatingIfNeeded: key) & mask
    while true {
      let found = words[index << shift]
      if found == wanted { return (index, false) }
      if found == 0 { break }
      index = (index &+ 1) & mask
    }
    if count &* 4 > mask &* 3 { return (addAfterGrowth(key), true) }
    touch(index)
    words[index << shift] = wanted
    count &+= 1
    return (index, true)
  }

  @inline(never) private mutating func addAfterGrowth(_ key: UInt64) -> Int {
    let now = now
    remove { $0[1] < now }
    if count &* 2 > mask { rebuild(capacity: (mask + 1) * 2) { _ in true } }
    return findOrAdd(key).index
  }

  /// Reads the place where a key would be, so that it is near when it is needed.
  @inline(__always) func expect(_ key: UInt64) -> Int64 {
    words[(Int(truncatingIfNeeded: key) & mask) << shift]
  }

  /// The words of a row, for reading.
  @inline(__always) package func row(_ index: Int) -> UnsafeMutablePointer<Int64> {
    words + (index << shift)
  }

  /// Must be called before a row is changed.
  @inline(__always) package func touch(_ index: Int) {
    let first = (index << shift) >> 3
    memory.touch(line: first)
    if stride > 8 {
      for line in 1..<(stride >> 3) { memory.touch(line: first + line) }
    }
  }

  /// Drops every row for which `goes` is true.
  package mutating func remove(_ goes: (UnsafeMutablePointer<Int64>) -> Bool) {
    var live = 0
    eachRow { if !goes($0) { live += 1 } }
    if live == count { return }
    var capacity = 1 << 10
    while capacity < live * 2 { capacity *= 2 }
    rebuild(capacity: capacity) { !goes($0) }
  }

  /// Rows in the order of their slots, which is the same in every run.
  package func eachRow(_ visit: (UnsafeMutablePointer<Int64>) -> Void) {
    for index in 0...mask where words[index << shift] != 0 { visit(row(index)) }
  }

  private mutating func rebuild(
    capacity: Int, _ keeps: (UnsafeMutablePointer<Int64>) -> Bool
  ) {
    var old = self
    memory = pool.take(byteCount: capacity * stride * 8)
    mask = capacity - 1
    count = 0
    old.eachRow { source in
      if !keeps(source) { return }
      let (index, _) = findOrAdd(UInt64(bitPattern: source[0]))
      row(index).update(from: source, count: stride)
    }
    recycle(&old)
  }

  /// Keeps the memory of a table that is not needed any more, unless a snapshot still holds it.
  package func recycle(_ old: inout KeyedTable) {
    if isKnownUniquelyReferenced(&old.memory) { pool.give(old.memory) }
  }

  /// The state of now under a checkpoint's number. A table that is rebuilt later gets new memory,
  /// and the snapshot keeps the old one.
  package mutating func mark(_ checkpoint: UInt64) -> KeyedTable {
    memory.mark(checkpoint)
    return self
  }

  /// Brings back what `mark` returned.
  package mutating func restore(_ snapshot: KeyedTable, _ checkpoint: UInt64) {
    self = snapshot
    memory.rollBack(to: checkpoint)
  }

  package func forget(before checkpoint: UInt64) { memory.forget(before: checkpoint) }
}
