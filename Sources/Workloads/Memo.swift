import Synchronization

/// Remembers the last few results of a pure function for each of several slots, so that those who
/// walk along together share the work. Nobody can see it but by the time that it saves: what is
/// forgotten is made anew, the same.
final class Memo<Value: Sendable>: Sendable {
  private let slots: [Slot]
  private let held: Int

  private final class Slot: Sendable {
    let recent = Mutex<[(key: Int, value: Value)]>([])
  }

  /// `held` results are kept per slot.
  init(slots count: Int, held: Int) {
    slots = (0..<count).map { _ in Slot() }
    self.held = held
  }

  /// The result for a key, made if it is not there. Others who want something of the same slot
  /// wait meanwhile, since they mostly want the same.
  func get(_ key: Int, slot: Int, make: () -> Value) -> Value {
    slots[slot].recent.withLock { recent in
      if let place = recent.lastIndex(where: { $0.key == key }) {
        let found = recent.remove(at: place)
        recent.append(found)
        return found.value
      }
      let value = make()
      if recent.count == held { recent.removeFirst() }
      recent.append((key, value))
      return value
    }
  }
}
