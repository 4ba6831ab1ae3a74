import Model
import Queries

/// A row inside the engine: words in raw memory. Word 0 is the event time in nanoseconds (floored
/// to the resolution of the plan), word 1 the source with the null bits of the columns above it,
/// word 2 the sequence; the columns follow.
package enum RowLayout {
  package static let header = 3

  @inline(__always) static func source(_ row: UnsafePointer<Int64>) -> UInt32 {
    UInt32(truncatingIfNeeded: row[1])
  }

  @inline(__always) static func nulls(_ row: UnsafePointer<Int64>) -> UInt32 {
    UInt32(truncatingIfNeeded: row[1] >> 32)
  }

  @inline(__always) static func isNull(_ row: UnsafePointer<Int64>, _ column: Int) -> Bool {
    row[1] >> Int64(32 + column) & 1 != 0
  }

  @inline(__always) package static func identity(source: UInt32, nulls: UInt32) -> Int64 {
    Int64(bitPattern: UInt64(nulls) << 32 | UInt64(source))
  }
}

/// What a row was made of, when that is more than the event whose identity it has.
package struct Origin {
  var evidence: Evidence
  /// The latest contributing event in event order.
  var latest: EventID
  /// Nil: that of the event `latest`, or one that nobody asks for.
  var identity: RowIdentity?

  /// What a row was made of: `origin`, or the event itself.
  @inline(__always) static func of(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?
  ) -> Origin {
    if let origin { return origin.pointee }
    let source = RowLayout.source(row)
    let sequence = UInt64(bitPattern: row[2])
    return Origin(
      evidence: Evidence(source: source, sequence: sequence),
      latest: EventID(source: source, sequence: sequence))
  }
}

/// What tells a row from all others of its time (queries.md 1.4), in words that compare one after
/// the other: number of the operator, then its result key. Behind it the numbers of the copies, the
/// latest first.
struct RowIdentity: Hashable {
  private(set) var words: [Int64]
  private let base: Int

  init(_ words: [Int64]) {
    self.words = words
    base = words.count
  }

  /// An event's.
  init(source: UInt32, sequence: UInt64) {
    self.init([0, Int64(source), Int64(bitPattern: sequence)])
  }

  init(_ event: EventID) { self.init(source: event.source, sequence: event.sequence) }

  /// A row whose result key stands in columns.
  init(_ number: Int, _ row: UnsafePointer<Int64>, _ columns: some Collection<Int>) {
    var words = [Int64(number)]
    words.reserveCapacity(1 + 2 * columns.count)
    for column in columns {
      let isNull = RowLayout.isNull(row, column)
      words.append(isNull ? 0 : 1)
      words.append(isNull ? 0 : row[RowLayout.header + column])
    }
    self.init(words)
  }

  /// A rank: its window, of which the row's time tells, comes first.
  init(rank number: Int, _ row: UnsafePointer<Int64>, _ columns: [Int]) {
    let words = RowIdentity(number, row, columns).words
    self.init([words[0], row[0]] + words.dropFirst())
  }

  /// The same row as copy `number` of several.
  func copy(_ number: Int) -> RowIdentity {
    var made = self
    made.words.insert(Int64(number), at: base)
    return made
  }

  static func precedes(_ a: RowIdentity, _ b: RowIdentity) -> Bool {
    a.words.lexicographicallyPrecedes(b.words)
  }
}

/// Digest of the key columns of a row; never zero. One column keeps distinct keys distinct.
struct KeyDigest {
  private let columns: [Int]
  /// The column when there is one: the usual case needs no list.
  private let only: Int

  init(_ columns: [Int]) {
    self.columns = columns
    only = columns.count == 1 ? columns[0] : -1
  }

  @inline(__always) func of(_ row: UnsafePointer<Int64>) -> UInt64 {
    var digest: UInt64 = 0
    if only >= 0 {
      digest = Self.fold(digest, row, only)
    } else {
      for column in columns { digest = Self.fold(digest, row, column) }
    }
    return digest == 0 ? 1 : digest
  }

  @inline(__always) private static func fold(
    _ digest: UInt64, _ row: UnsafePointer<Int64>, _ column: Int
  ) -> UInt64 {
    let isNull = RowLayout.isNull(row, column)
    let word = isNull ? 0x6e75_6c6c : UInt64(bitPattern: row[RowLayout.header + column])
    return scramble((digest &* 0x9E37_79B9_7F4A_7C15) ^ word &+ (isNull ? 1 : 0))
  }
}

@inline(__always) func scramble(_ word: UInt64) -> UInt64 {
  var x = word &+ 0x9E37_79B9_7F4A_7C15
  x = (x ^ (x >> 30)) &* 0xBF58_476D_1CE4_E5B9
  x = (x ^ (x >> 27)) &* 0x94D0_49BB_1331_11EB
  return x ^ (x >> 31)
}
