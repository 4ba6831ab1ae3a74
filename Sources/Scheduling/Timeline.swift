import Model

/// What happens first among events of one instant.
public enum Priority: UInt64, Sendable {
  case fault = 0
  case completion = 1
  case command = 2
  case timer = 3
  case source = 4
}

/// Pending events in one total order: (instant, priority, insertion number). A binary heap of small
/// keys; the events themselves lie still in slots.
public struct Timeline<Event>: ~Copyable {
  @frozen @usableFromInline struct Key {
    @usableFromInline var at: Int64
    /// Priority in the top byte, insertion number below.
    @usableFromInline var order: UInt64
    @usableFromInline var slot: Int32

    @inlinable init(at: Int64, order: UInt64, slot: Int32) {
      self.at = at
      self.order = order
      self.slot = slot
    }
  }

  @usableFromInline var keys: UnsafeMutablePointer<Key>
  @usableFromInline var slots: UnsafeMutablePointer<Event>
  @usableFromInline var free: UnsafeMutablePointer<Int32>
  @usableFromInline var freeCount: Int
  @usableFromInline var capacity: Int
  @usableFromInline var pending = 0
  @usableFromInline var inserted: UInt64 = 0
  @usableFromInline var current = Instant.zero

  public init(capacity: Int = 1 << 10) {
    self.capacity = capacity
    keys = .allocate(capacity: capacity)
    slots = .allocate(capacity: capacity)
    free = .allocate(capacity: capacity)
    freeCount = capacity
    for index in 0..<capacity { free[index] = Int32(capacity - 1 - index) }
  }

  deinit {
    for index in 0..<pending { (slots + Int(keys[index].slot)).deinitialize(count: 1) }
    keys.deallocate()
    slots.deallocate()
    free.deallocate()
  }

  @inlinable public var count: Int { pending }
  /// The instant of the last event handed out.
  @inlinable public var now: Instant { current }
  /// The instant of the next event, nil when none is pending.
  @inlinable public var nextInstant: Instant? { pending == 0 ? nil : Instant(ns: keys[0].at) }

  @inlinable static func less(_ a: Key, _ b: Key) -> Bool {
    a.at < b.at || (a.at == b.at && a.order < b.order)
  }

  /// Adds an event. An instant in the past is taken as now.
  @inlinable public mutating func schedule(
    _ event: consuming Event, at instant: Instant, _ priority: Priority
  ) {
    if freeCount == 0 { grow() }
    freeCount &-= 1
    let slot = free[freeCount]
    (slots + Int(slot)).initialize(to: event)
    let key = Key(
      at: max(instant.ns, current.ns), order: priority.rawValue << 56 | inserted, slot: slot)
    inserted &+= 1
    var index = pending
    pending &+= 1
    while index > 0 {
      let parent = (index &- 1) >> 1
      if !Self.less(key, keys[parent]) { break }
      keys[index] = keys[parent]
      index = parent
    }
    keys[index] = key
  }

  /// Takes the next event and moves `now` to its instant.
  @inlinable public mutating func next() -> Event? {
    if pending == 0 { return nil }
    let top = keys[0]
    pending &-= 1
    let last = keys[pending]
    var index = 0
    while true {
      var child = 2 &* index &+ 1
      if child >= pending { break }
      if child &+ 1 < pending && Self.less(keys[child &+ 1], keys[child]) { child &+= 1 }
      if !Self.less(keys[child], last) { break }
      keys[index] = keys[child]
      index = child
    }
    keys[index] = last
    current = Instant(ns: top.at)
    free[freeCount] = top.slot
    freeCount &+= 1
    return (slots + Int(top.slot)).move()
  }

  /// Moves `now` forward without an event, as a live run does when completions arrive.
  public mutating func advance(to instant: Instant) {
    if instant > current { current = instant }
  }

  @usableFromInline mutating func grow() {
    let wider = capacity * 2
    let newKeys = UnsafeMutablePointer<Key>.allocate(capacity: wider)
    newKeys.update(from: keys, count: pending)
    keys.deallocate()
    keys = newKeys
    let newSlots = UnsafeMutablePointer<Event>.allocate(capacity: wider)
    newSlots.moveInitialize(from: slots, count: capacity)
    slots.deallocate()
    slots = newSlots
    free.deallocate()
    free = .allocate(capacity: wider)
    for index in capacity..<wider { free[index - capacity] = Int32(wider - 1 - (index - capacity)) }
    freeCount = wider - capacity
    capacity = wider
  }
}
