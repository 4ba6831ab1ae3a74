import Bytes
import Commands
import History
import Model
import Statistics

/// What a history file says of itself.
struct RecordedRun {
  var version = ""
  /// "virtual", "paced" or "live".
  var clock = ""
  /// The chain hash, 32 digits.
  var hash: String
  var entryCount: UInt64
  var end: HistoryEnd

  init(_ path: String) throws(Problems) {
    var fields: [String] = []
    let reading = try Self.read(path) { bytes, first, at in
      if first > 0 { return true }
      var cursor = EntryCursor(bytes, firstEntry: first, startAt: at)
      do {
        if try cursor.next() == .runBegan {
          for _ in 0..<3 { fields.append(try cursor.text()) }
        }
      } catch {
        return false
      }
      return true
    }
    hash = reading.hash.text
    entryCount = reading.entryCount
    end = reading.end
    if fields.count == 3 {
      version = fields[0]
      clock = fields[2]
    }
  }

  private static func read(
    _ path: String, visit: (UnsafeRawBufferPointer, UInt64, Instant) -> Bool
  ) throws(Problems) -> HistoryReading {
    do {
      return try HistoryFile.read(path, visit: visit)
    } catch {
      throw failure(error.message)
    }
  }

  /// The first entry in which two histories depart.
  struct Difference {
    var entry: UInt64
    var recorded: String
    var replayed: String

    var text: String {
      "first difference: entry \(NumberStyle.plain.count(entry)); "
        + "recorded: \(recorded); replayed: \(replayed)"
    }
  }

  static func firstDifference(
    _ recorded: String, _ replayed: String
  ) throws(Problems) -> Difference? {
    var digests: [UInt64] = []
    try forEachEntry(recorded) { digest, _ in
      digests.append(digest)
      return true
    }
    var entry: UInt64?
    var count: UInt64 = 0
    try forEachEntry(replayed) { digest, number in
      count = number + 1
      if number < UInt64(digests.count) && digests[Int(number)] == digest { return true }
      entry = number
      return false
    }
    if entry == nil && count < UInt64(digests.count) { entry = count }
    guard let entry else { return nil }
    return Difference(
      entry: entry, recorded: try describe(recorded, entry), replayed: try describe(replayed, entry)
    )
  }

  /// Calls `visit` with a digest of each entry and its number, until that returns false.
  private static func forEachEntry(
    _ path: String, _ visit: (UInt64, UInt64) -> Bool
  ) throws(Problems) {
    _ = try read(path) { bytes, first, at in
      var cursor = EntryCursor(bytes, firstEntry: first, startAt: at)
      do {
        while let kind = try cursor.next() {
          var digest = EntryDigest(kind, cursor.at)
          try digest.read(kind, from: &cursor)
          if !visit(digest.value, cursor.entry) { return false }
        }
      } catch {
        return false
      }
      return true
    }
  }

  /// One entry in words, or that there is none.
  private static func describe(_ path: String, _ entry: UInt64) throws(Problems) -> String {
    var text = "no such entry, the history ends before it"
    _ = try read(path) { bytes, first, at in
      var cursor = EntryCursor(bytes, firstEntry: first, startAt: at)
      do {
        while let kind = try cursor.next() {
          if cursor.entry == entry {
            var digest = EntryDigest(kind, cursor.at)
            try digest.read(kind, from: &cursor)
            let at = NumberStyle.plain.instant(cursor.at.ns, decimals: 3)
            text = "\(kind.name) at \(at)" + digest.words.map { " \($0)" }.joined()
            return false
          }
          try cursor.skip(kind)
        }
      } catch {
        return false
      }
      return true
    }
    return text
  }
}

/// Folds the fields of an entry into one number, and keeps the first few as words.
private struct EntryDigest {
  var value: UInt64
  var words: [String] = []

  init(_ kind: EntryKind, _ at: Instant) {
    value = UInt64(kind.rawValue)
    mix(UInt64(bitPattern: at.ns))
  }

  private mutating func mix(_ word: UInt64) {
    value = (value ^ word) &* 0x9e37_79b9_7f4a_7c15
    value ^= value >> 29
  }

  private mutating func keep(_ word: String) {
    if words.count < 8 { words.append(String(word.prefix(60))) }
  }

  mutating func read(_ kind: EntryKind, from cursor: inout EntryCursor) throws(DecodingError) {
    for field in kind.fields {
      switch field {
      case .number: note(try cursor.number())
      case .word: note(try cursor.word())
      case .signed:
        let number = try cursor.signed()
        mix(UInt64(bitPattern: number))
        keep(String(number))
      case .text:
        let text = try cursor.text()
        mix(digest64(Array(text.utf8)))
        keep("'\(text.prefix { $0 != "\n" })'")
      case .bytes:
        let bytes = try cursor.bytes()
        mix(digest64(bytes))
        keep("'\(String(decoding: bytes.prefix(200), as: UTF8.self).prefix { $0 != "\n" })'")
      case .run:
        var sum: UInt64 = 0
        var first: UInt64?
        let (source, count) = try cursor.run { _, sequence in
          first = first ?? sequence
          sum = (sum ^ sequence) &* 0x9e37_79b9_7f4a_7c15
        }
        mix(sum)
        mix(UInt64(source))
        keep("events \(source):\(first ?? 0) and \(count - 1) more")
      case .rows:
        let count = try cursor.number()
        for _ in 0..<count { mix(try cursor.row()) }
        keep("\(count) rows")
      }
    }
  }

  private mutating func note(_ number: UInt64) {
    mix(number)
    keep(String(number))
  }

  private mutating func mix(_ row: RowSummary) {
    mix(digest64(row.key))
    for word in [
      row.valueDigest, row.evidenceCount, row.evidenceSum, row.evidenceXor,
      UInt64(row.lineage.source), row.lineage.sequence,
    ] { mix(word) }
  }
}
