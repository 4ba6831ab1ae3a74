import Bytes

/// A growing row of numbers that is filled, read and used again. One owner.
final class IntegerBuffer {
  private(set) final var base: UnsafeMutablePointer<Int64>
  final var count = 0
  private final var capacity: Int

  init(capacity: Int = 64) {
    self.capacity = max(capacity, 1)
    base = .allocate(capacity: self.capacity)
  }

  deinit { base.deallocate() }

  @inline(__always) final func append(_ value: Int64) {
    if count == capacity { reserve(capacity * 2) }
    base[count] = value
    count &+= 1
  }

  /// Room for at least `n` numbers in all.
  final func reserve(_ n: Int) {
    if n <= capacity { return }
    let wider = UnsafeMutablePointer<Int64>.allocate(capacity: n)
    wider.update(from: base, count: count)
    base.deallocate()
    base = wider
    capacity = n
  }

  @inline(__always) final subscript(index: Int) -> Int64 { base[index] }
}

/// A growing row of byte strings that lie in one piece of memory; several may share bytes.
final class SpanBuffer {
  private(set) final var starts: UnsafeMutablePointer<UInt32>
  private(set) final var lengths: UnsafeMutablePointer<UInt32>
  private(set) final var bytes: UnsafeMutablePointer<UInt8>
  final var count = 0
  final var byteCount = 0
  private final var capacity = 64
  private final var byteCapacity = 1024

  init() {
    starts = .allocate(capacity: capacity)
    lengths = .allocate(capacity: capacity)
    bytes = .allocate(capacity: byteCapacity)
  }

  deinit {
    starts.deallocate()
    lengths.deallocate()
    bytes.deallocate()
  }

  final func append(_ span: UnsafeRawBufferPointer) {
    reserve(count + 1)
    reserveBytes(byteCount + span.count)
    if let start = span.baseAddress {
      UnsafeMutableRawPointer(bytes + byteCount).copyMemory(from: start, byteCount: span.count)
    }
    starts[count] = UInt32(byteCount)
    lengths[count] = UInt32(span.count)
    count &+= 1
    byteCount &+= span.count
  }

  /// Ends a string whose bytes were put behind the last one; there must be room for it.
  @inline(__always) final func close(upTo end: Int) {
    starts[count] = UInt32(byteCount)
    lengths[count] = UInt32(end &- byteCount)
    count &+= 1
    byteCount = end
  }

  /// The same strings as another has.
  final func copy(_ other: SpanBuffer) {
    reserve(other.count)
    reserveBytes(other.byteCount)
    starts.update(from: other.starts, count: other.count)
    lengths.update(from: other.lengths, count: other.count)
    bytes.update(from: other.bytes, count: other.byteCount)
    count = other.count
    byteCount = other.byteCount
  }

  /// Room for at least `n` strings in all.
  final func reserve(_ n: Int) {
    if n <= capacity { return }
    let room = max(n, capacity * 2)
    starts = grown(starts, count, room)
    lengths = grown(lengths, count, room)
    capacity = room
  }

  /// Room for at least `n` bytes in all.
  final func reserveBytes(_ n: Int) {
    if n <= byteCapacity { return }
    byteCapacity = max(n, byteCapacity * 2)
    bytes = grown(bytes, byteCount, byteCapacity)
  }

  final func removeAll() {
    count = 0
    byteCount = 0
  }

  /// Drops all but the first `n`, which must have been appended in order.
  final func truncate(_ n: Int) {
    if n < count { byteCount = Int(starts[n]) }
    count = min(n, count)
  }

  @inline(__always) final subscript(index: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: bytes + Int(starts[index]), count: Int(lengths[index]))
  }
}

private func grown<T>(
  _ old: UnsafeMutablePointer<T>, _ count: Int, _ capacity: Int
) -> UnsafeMutablePointer<T> {
  let wider = UnsafeMutablePointer<T>.allocate(capacity: capacity)
  wider.update(from: old, count: count)
  old.deallocate()
  return wider
}
