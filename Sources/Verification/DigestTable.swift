/// A map from a 64-bit digest to a 64-bit value in flat memory: open addressing, linear probing,
/// deletion by shifting back, so that no tombstones gather. Entries that are no longer needed are
/// swept away a few at each insertion: memory follows what is alive, not what was ever seen.
final class DigestTable {
  struct Slot {
    /// Zero marks an empty slot; a digest of zero is kept as one.
    var key: UInt64
    var value: UInt64
  }

  private(set) var slots: UnsafeMutablePointer<Slot>
  private(set) var count = 0
  private var mask: Int
  private var hand = 0

  init(capacity: Int = 64) {
    slots = Self.allocate(capacity)
    mask = capacity - 1
  }

  deinit { slots.deallocate() }

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Slot> {
    let slots = UnsafeMutablePointer<Slot>.allocate(capacity: capacity)
    slots.initialize(repeating: Slot(key: 0, value: 0), count: capacity)
    return slots
  }

  var capacity: Int { mask &+ 1 }

  /// The slot of a key, or the empty slot where it would go.
  @inline(__always) func slot(of digest: UInt64) -> Int {
    let key = digest == 0 ? 1 : digest
    var index = Int(truncatingIfNeeded: key) & mask
    while true {
      let found = slots[index].key
      if found == key || found == 0 { return index }
      index = (index &+ 1) & mask
    }
  }

  /// The first slot that `slot(of:)` would read; reading many of these ahead hides the latency of
  /// memory.
  @inline(__always) func touch(_ digest: UInt64) -> UInt64 {
    slots[Int(truncatingIfNeeded: digest == 0 ? 1 : digest) & mask].key
  }

  @inline(__always) func value(of digest: UInt64) -> UInt64? {
    value(at: slot(of: digest))
  }

  @inline(__always) func value(at index: Int) -> UInt64? {
    slots[index].key == 0 ? nil : slots[index].value
  }

  /// Sets the value of a key. `isDead` says of a value that its entry is not needed any more.
  @inline(__always) func set(
    _ digest: UInt64, _ value: UInt64, isDead: (UInt64) -> Bool = { _ in false }
  ) {
    set(digest, at: slot(of: digest), value, isDead: isDead)
  }

  /// The same where `index` is what `slot(of:)` said, with nothing changed since.
  @inline(__always) func set(
    _ digest: UInt64, at index: Int, _ value: UInt64, isDead: (UInt64) -> Bool
  ) {
    if slots[index].key != 0 {
      slots[index].value = value
      return
    }
    slots[index] = Slot(key: digest == 0 ? 1 : digest, value: value)
    count &+= 1
    sweep(4, isDead)
    if count &* 5 > capacity &* 4 { makeRoom(isDead) }
  }

  func remove(_ digest: UInt64) {
    let index = slot(of: digest)
    if slots[index].key != 0 { clear(index) }
  }

  func removeAll() {
    slots.update(repeating: Slot(key: 0, value: 0), count: capacity)
    count = 0
  }

  private func makeRoom(_ isDead: (UInt64) -> Bool) {
    sweep(capacity, isDead)
    if count &* 5 <= capacity &* 3 { return }
    let old = slots
    let oldCapacity = capacity
    slots = Self.allocate(oldCapacity * 2)
    mask = oldCapacity * 2 - 1
    hand = 0
    for index in 0..<oldCapacity where old[index].key != 0 {
      slots[slot(of: old[index].key)] = old[index]
    }
    old.deallocate()
  }

  @inline(__always) private func sweep(_ steps: Int, _ isDead: (UInt64) -> Bool) {
    for _ in 0..<steps {
      if slots[hand].key != 0 && isDead(slots[hand].value) {
        // What shifts into its place is looked at in the next step.
        clear(hand)
      } else {
        hand = (hand &+ 1) & mask
      }
    }
  }

  private func clear(_ index: Int) {
    var hole = index
    var next = index
    while true {
      next = (next &+ 1) & mask
      let slot = slots[next]
      if slot.key == 0 { break }
      let home = Int(truncatingIfNeeded: slot.key) & mask
      // It may move back only if its home is not behind the hole.
      if (next &- home) & mask >= (next &- hole) & mask {
        slots[hole] = slot
        hole = next
      }
    }
    slots[hole].key = 0
    count &-= 1
  }
}

/// Records of a fixed number of 64-bit words, addressed by number, freed and used again.
final class Slab {
  let stride: Int
  private(set) var words: UnsafeMutablePointer<Int64>
  private var capacity: Int
  private var used = 0
  private var firstFree = -1

  init(stride: Int) {
    self.stride = max(stride, 1)
    capacity = 16
    words = .allocate(capacity: capacity * self.stride)
  }

  deinit { words.deallocate() }

  @inline(__always) subscript(_ record: Int) -> UnsafeMutablePointer<Int64> {
    words + record &* stride
  }

  func take() -> Int {
    if firstFree >= 0 {
      let record = firstFree
      firstFree = Int(self[record][0])
      return record
    }
    if used == capacity {
      let wider = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * 2 * stride)
      wider.update(from: words, count: capacity * stride)
      words.deallocate()
      words = wider
      capacity *= 2
    }
    used += 1
    return used - 1
  }

  func give(_ record: Int) {
    self[record][0] = Int64(firstFree)
    firstFree = record
  }

  func removeAll() {
    used = 0
    firstFree = -1
  }
}

/// A bijection of 64-bit words that scatters neighbours: the digest of a key of one integer, so
/// that such keys never collide.
@inline(__always) func scattered(_ word: UInt64) -> UInt64 {
  var x = word &* 0x9E37_79B9_7F4A_7C15
  x ^= x >> 32
  x = x &* 0xD6E8_FEB8_6659_FD93
  x ^= x >> 29
  return x
}
