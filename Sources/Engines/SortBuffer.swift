import Model

/// Rows that wait for the watermark, in a ring of buckets by event time; a bucket is sorted when
/// the watermark closes it, and handed on in event order (time, source, sequence).
package struct SortBuffer: ~Copyable {
  private struct Bucket {
    var rows: UnsafeMutablePointer<Int64>?
    var count = 0
    var capacity = 0
  }

  private struct SortKey {
    var first: UInt64
    var sequence: UInt64
    var place: UInt32
  }

  private static let ring = 1024

  let stride: Int
  /// Nanoseconds of event time in a bucket.
  let width: Int64
  private let buckets: UnsafeMutablePointer<Bucket>
  /// Number of the first bucket that is still open.
  private var nextBucket: Int64
  private var keys: UnsafeMutablePointer<SortKey>
  private var keyCapacity = 256
  /// Memory of buckets that were handed on: only as many buckets have some as hold rows.
  private var spare: [Bucket] = []
  /// Rows too far ahead for the ring.
  private var far: [Int64] = []
  package private(set) var count = 0

  package init(rowWords: Int, width: Int64) {
    stride = rowWords
    self.width = max(width, 1)
    buckets = .allocate(capacity: Self.ring)
    buckets.initialize(repeating: Bucket(), count: Self.ring)
    nextBucket = .min
    keys = .allocate(capacity: keyCapacity)
  }

  deinit {
    for index in 0..<Self.ring { buckets[index].rows?.deallocate() }
    for bucket in spare { bucket.rows?.deallocate() }
    buckets.deallocate()
    keys.deallocate()
  }

  /// The watermark that the buffer can serve: the start of the bucket that holds `time`.
  package func floor(_ time: Int64) -> Int64 {
    if time == .max { return .max }
    return floorDivision(time, width) * width
  }

  /// Adds a row whose time is not below the last watermark.
  @inline(__always) package mutating func add(_ row: UnsafePointer<Int64>) {
    let number = floorDivision(row[0], width)
    if nextBucket == .min { nextBucket = number - Int64(Self.ring / 2) }
    if number < nextBucket { rebase(to: number) }
    count &+= 1
    if number >= nextBucket &+ Int64(Self.ring) {
      far.append(contentsOf: UnsafeBufferPointer(start: row, count: stride))
      return
    }
    put(row, number)
  }

  @inline(__always) private mutating func put(_ row: UnsafePointer<Int64>, _ number: Int64) {
    let slot = Int(number & Int64(Self.ring - 1))
    let bucket = buckets + slot
    if bucket.pointee.count == bucket.pointee.capacity { grow(slot) }
    // A few words: a loop is faster than a call.
    let place = bucket.pointee.rows.unsafelyUnwrapped + bucket.pointee.count &* stride
    var word = 0
    while word < stride {
      place[word] = row[word]
      word &+= 1
    }
    bucket.pointee.count &+= 1
  }

  /// Makes room below the first bucket; happens only before the first watermark.
  private mutating func rebase(to number: Int64) {
    let rows = contents()
    for index in 0..<Self.ring { empty(index) }
    far = []
    count = 0
    nextBucket = number - Int64(Self.ring / 2)
    rows.withUnsafeBufferPointer { rows in
      var index = 0
      while index < rows.count {
        add(rows.baseAddress! + index)
        index += stride
      }
    }
  }

  private mutating func grow(_ slot: Int) {
    let old = buckets[slot]
    if old.capacity == 0, let reused = spare.popLast() {
      buckets[slot] = reused
      return
    }
    let capacity = max(old.capacity * 2, 16)
    let wider = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * stride)
    if let rows = old.rows {
      wider.update(from: rows, count: old.count * stride)
      rows.deallocate()
    }
    buckets[slot] = Bucket(rows: wider, count: old.count, capacity: capacity)
  }

  /// Empties a bucket and keeps its memory for another one.
  private mutating func empty(_ slot: Int) {
    if buckets[slot].capacity == 0 { return }
    buckets[slot].count = 0
    spare.append(buckets[slot])
    buckets[slot] = Bucket()
  }

  /// Hands on, in event order, every row with a time below the watermark, which is one that
  /// `floor` gave. `expect` is called before with each row of a bucket, so that memory can be asked
  /// for ahead of its use.
  package mutating func release(
    below watermark: Int64, expect: (UnsafePointer<Int64>) -> Void,
    _ visit: (UnsafePointer<Int64>) -> Void
  ) {
    if count == 0 {
      if watermark != .max { nextBucket = max(nextBucket, floorDivision(watermark, width)) }
      return
    }
    let target = watermark == .max ? .max : floorDivision(watermark, width)
    while nextBucket < target && count > 0 {
      takeFar()
      let slot = Int(nextBucket & Int64(Self.ring - 1))
      let waiting = buckets[slot].count
      if waiting > 0, let rows = buckets[slot].rows {
        sort(rows, waiting)
        for index in 0..<waiting { expect(rows + Int(keys[index].place) * stride) }
        for index in 0..<waiting { visit(rows + Int(keys[index].place) * stride) }
        empty(slot)
        count -= waiting
      }
      nextBucket += 1
      if waiting == 0 { skipEmpty(to: target) }
    }
    if target != .max { nextBucket = max(nextBucket, target) }
  }

  /// Jumps over a long hole in event time.
  private mutating func skipEmpty(to target: Int64) {
    if far.count != count * stride || far.isEmpty { return }
    var least = Int64.max
    var index = 0
    while index < far.count {
      least = min(least, floorDivision(far[index], width))
      index += stride
    }
    nextBucket = max(nextBucket, min(least, target))
  }

  private mutating func takeFar() {
    if far.isEmpty { return }
    let limit = nextBucket &+ Int64(Self.ring)
    var kept: [Int64] = []
    far.withUnsafeBufferPointer { rows in
      var index = 0
      while index < rows.count {
        let row = rows.baseAddress! + index
        let number = floorDivision(row[0], width)
        if number < limit && number >= nextBucket {
          put(row, number)
        } else {
          kept.append(contentsOf: UnsafeBufferPointer(start: row, count: stride))
        }
        index += stride
      }
    }
    far = kept
  }

  private mutating func sort(_ rows: UnsafeMutablePointer<Int64>, _ waiting: Int) {
    if waiting > keyCapacity {
      keys.deallocate()
      keyCapacity = waiting * 2
      keys = .allocate(capacity: keyCapacity)
    }
    let start = nextBucket * width
    let fits = width < 1 << 31
    for index in 0..<waiting {
      let row = rows + index * stride
      let ahead = fits ? UInt64(bitPattern: row[0] &- start) << 32 : 0
      keys[index] = SortKey(
        first: ahead | UInt64(UInt32(truncatingIfNeeded: row[1])),
        sequence: UInt64(bitPattern: row[2]), place: UInt32(index))
    }
    var view = UnsafeMutableBufferPointer(start: keys, count: waiting)
    if fits {
      view.sort { $0.first != $1.first ? $0.first < $1.first : $0.sequence < $1.sequence }
    } else {
      let stride = stride
      view.sort { a, b in
        let s = rows[Int(a.place) * stride]
        let t = rows[Int(b.place) * stride]
        if s != t { return s < t }
        return a.first != b.first ? a.first < b.first : a.sequence < b.sequence
      }
    }
  }

  /// A copy of all waiting rows; the memory of `old` is used again if it is large enough.
  package func contents(reusing old: consuming [Int64] = []) -> [Int64] {
    var rows = old
    rows.removeAll(keepingCapacity: true)
    rows.reserveCapacity(count * stride)
    rows.append(contentsOf: far)
    for index in 0..<Self.ring where buckets[index].count > 0 {
      rows.append(
        contentsOf: UnsafeBufferPointer(
          start: UnsafePointer(buckets[index].rows), count: buckets[index].count * stride))
    }
    return rows
  }

  /// Replaces everything by what `contents` gave, at a watermark.
  package mutating func restore(_ rows: [Int64], watermark: Int64) {
    for index in 0..<Self.ring { empty(index) }
    far = []
    count = 0
    nextBucket = watermark == .min ? .min : floorDivision(watermark, width)
    rows.withUnsafeBufferPointer { rows in
      var index = 0
      while index < rows.count {
        add(rows.baseAddress! + index)
        index += stride
      }
    }
  }
}

@inline(__always) func floorDivision(_ a: Int64, _ b: Int64) -> Int64 {
  let quotient = a / b
  return a % b < 0 ? quotient - 1 : quotient
}
