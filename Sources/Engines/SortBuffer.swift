import Model

/// Rows that wait for the watermark, in a ring of buckets by event time; a bucket is sorted when
/// the watermark closes it, and handed on in event order (time, source, sequence).
package struct SortBuffer: ~Copyable {
  private struct Bucket {
    var rows: UnsafeMutablePointer<Int64>
    var count = 0
    var capacity: Int
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
  /// Rows too far ahead for the ring.
  private var far: [Int64] = []
  package private(set) var count = 0

  package init(rowWords: Int, width: Int64) {
    stride = rowWords
    self.width = max(width, 1)
    buckets = .allocate(capacity: Self.ring)
    for index in 0..<Self.ring {
      buckets[index] = Bucket(rows: .allocate(capacity: 8 * rowWords), capacity: 8)
    }
    nextBucket = .min
    keys = .allocate(capacity: keyCapacity)
  }

  deinit {
    for index in 0..<Self.ring { buckets[index].rows.deallocate() }
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
    (bucket.pointee.rows + bucket.pointee.count * stride).update(from: row, count: stride)
    bucket.pointee.count &+= 1
  }

  /// Makes room below the first bucket; happens only before the first watermark.
  private mutating func rebase(to number: Int64) {
    let rows = contents()
    for index in 0..<Self.ring { buckets[index].count = 0 }
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

  private func grow(_ slot: Int) {
    let bucket = buckets + slot
    let capacity = bucket.pointee.capacity
    let wider = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * 2 * stride)
    wider.update(from: bucket.pointee.rows, count: bucket.pointee.count * stride)
    bucket.pointee.rows.deallocate()
    bucket.pointee.rows = wider
    bucket.pointee.capacity = capacity * 2
  }

  /// Hands on, in event order, every row with a time below the watermark, which is one that
  /// `floor` gave.
  package mutating func release(below watermark: Int64, _ visit: (UnsafePointer<Int64>) -> Void) {
    if count == 0 {
      if watermark != .max { nextBucket = max(nextBucket, floorDivision(watermark, width)) }
      return
    }
    let target = watermark == .max ? .max : floorDivision(watermark, width)
    while nextBucket < target && count > 0 {
      takeFar()
      let slot = Int(nextBucket & Int64(Self.ring - 1))
      let waiting = buckets[slot].count
      if waiting > 0 {
        sort(slot, waiting)
        for index in 0..<waiting {
          visit(buckets[slot].rows + Int(keys[index].place) * stride)
        }
        buckets[slot].count = 0
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

  private mutating func sort(_ slot: Int, _ waiting: Int) {
    if waiting > keyCapacity {
      keys.deallocate()
      keyCapacity = waiting * 2
      keys = .allocate(capacity: keyCapacity)
    }
    let rows = buckets[slot].rows
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

  /// A copy of all waiting rows.
  package func contents() -> [Int64] {
    var rows = far
    rows.reserveCapacity(count * stride)
    for index in 0..<Self.ring where buckets[index].count > 0 {
      rows.append(
        contentsOf: UnsafeBufferPointer(
          start: buckets[index].rows, count: buckets[index].count * stride))
    }
    return rows
  }

  /// Replaces everything by what `contents` gave, at a watermark.
  package mutating func restore(_ rows: [Int64], watermark: Int64) {
    for index in 0..<Self.ring { buckets[index].count = 0 }
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
