import Model
import Queries

/// A result row that is not settled: due and not seen, seen and not due, or seen more often.
struct PendingRow {
  var keyDigest: UInt64
  var valueDigest: UInt64
  var evidence: Evidence
  var lineage: EventID
  var next: Int32 = -1
  var expected: Int32 = 0
  var observed: Int32 = 0
  var emitted: Int32 = 0
  /// Transactions of the last emission and of one before it that was not aborted; 0: none.
  var transaction: UInt64 = 0
  var earlier: UInt64 = 0
  var hasEarlier = false
  /// Emissions in transactions that were aborted before the row was emitted again.
  var abortedEmissions: Int32 = 0
  var emittedAt: Int64 = -1
  /// The number of its last emission among all.
  var emission: UInt64 = 0
  var observedAt: Int64 = -1
  var intendedAt: Int64 = -1
  var sentAt: Int64 = -1
  var acknowledgedAt: Int64 = -1
  /// Number of the entry in which it was first seen at the sink.
  var entry: UInt64 = 0

  func isSame(_ value: UInt64, _ other: Evidence) -> Bool {
    valueDigest == value && evidence == other
  }
}

/// Result rows by the digest of their key, until what is due and what was seen agree.
struct ResultTable: ~Copyable {
  private let table = DigestTable()
  private(set) var rows: [PendingRow] = []
  private var free: [Int32] = []
  /// Of keys with something pending: the row that the sink showed last.
  private var shownLast: [UInt64: (value: UInt64, evidence: Evidence)] = [:]
  private(set) var peak = 0

  var pending: Int { rows.count - free.count }

  /// The pending row with this key, value and evidence; made when there is none.
  mutating func row(
    _ keyDigest: UInt64, _ value: UInt64, _ evidence: Evidence, _ lineage: EventID
  ) -> Int {
    let head = table.value(of: keyDigest).map { Int32(truncatingIfNeeded: $0) } ?? -1
    var walk = head
    while walk >= 0 {
      if rows[Int(walk)].isSame(value, evidence) { return Int(walk) }
      walk = rows[Int(walk)].next
    }
    var made = PendingRow(
      keyDigest: keyDigest, valueDigest: value, evidence: evidence, lineage: lineage)
    made.next = head
    let place: Int
    if let reuse = free.popLast() {
      place = Int(reuse)
      rows[place] = made
    } else {
      place = rows.count
      rows.append(made)
    }
    table.set(keyDigest, UInt64(place))
    peak = max(peak, pending)
    return place
  }

  mutating func update<R>(_ place: Int, _ change: (inout PendingRow) -> R) -> R {
    change(&rows[place])
  }

  mutating func remove(_ place: Int) {
    let digest = rows[place].keyDigest
    let head = table.value(of: digest).map { Int($0) } ?? -1
    if head == place {
      let next = rows[place].next
      if next >= 0 {
        table.set(digest, UInt64(next))
      } else {
        table.remove(digest)
        if !shownLast.isEmpty { shownLast[digest] = nil }
      }
    } else {
      var walk = head
      while Int(rows[walk].next) != place { walk = Int(rows[walk].next) }
      rows[walk].next = rows[place].next
    }
    rows[place].keyDigest = 0
    rows[place].emitted = -1
    free.append(Int32(place))
  }

  mutating func show(_ keyDigest: UInt64, _ value: UInt64, _ evidence: Evidence) {
    shownLast[keyDigest] = (value, evidence)
  }

  func lastShown(_ keyDigest: UInt64) -> (value: UInt64, evidence: Evidence)? {
    shownLast[keyDigest]
  }

  /// Places of the pending rows of a key.
  func places(of keyDigest: UInt64) -> [Int] {
    var places: [Int] = []
    var walk = table.value(of: keyDigest).map { Int($0) } ?? -1
    while walk >= 0 {
      places.append(walk)
      walk = Int(rows[walk].next)
    }
    return places
  }

  /// Places of the pending rows, oldest place first.
  func places() -> [Int] { rows.indices.filter { rows[$0].emitted >= 0 } }
}
