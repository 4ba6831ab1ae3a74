import Model
import Queries

/// The machine `cardGuard` (`Machine`): velocity and blocking per key, in event order.
final class CardGuardOperator: Operator {
  private let digest: KeyDigest
  private let key: [Int]
  private let limit: Int
  private let window: Nanoseconds
  private let block: Nanoseconds
  private let pass: [Int]
  private let scratch: UnsafeMutablePointer<Int64>
  private let offByOne: Bool

  /// Key; when the last attempt leaves the window or the block ends; 1 when the card has a record,
  /// 0 when its only attempt that may still count is the one of word 1. Most cards have one.
  private var cards = KeyedTable(words: 4)
  /// Key; the same word 1; blocked until; the times of the last `limit - 1` attempts, newest first.
  private var records: KeyedTable
  private var snapshots: [UInt64: (cards: KeyedTable, records: KeyedTable)] = [:]
  private static let times = 3
  /// Long before any event, and far from overflow.
  private static let never = Int64.min / 4

  init(
    key: [Int], limit: Int, window: Nanoseconds, block: Nanoseconds, pass: [Int],
    defects: Set<EngineDefect>
  ) {
    digest = KeyDigest(key)
    self.key = key
    self.limit = limit
    self.window = window
    self.block = block
    self.pass = pass
    offByOne = defects.contains(.ruleOffByOne)
    records = KeyedTable(words: Self.times + max(limit - 1, 1))
    scratch = .allocate(capacity: RowLayout.header + pass.count + 3)
    super.init(width: pass.count + 3)
  }

  deinit { scratch.deallocate() }

  override func expect(_ row: UnsafePointer<Int64>) -> Int64 { cards.expect(digest.of(row)) }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let t = row[0]
    let key = digest.of(row)
    let (index, isNew) = cards.findOrAdd(key)
    let card = cards.row(index)
    if !isNew { cards.touch(index) }
    let isAlone = isNew || (card[2] == 0 && card[1] < t)
    if isAlone && limit > 1 {
      card[1] = t + window
      card[2] = 0
      answer(row, origin, code: 0, attempts: 1, blockedUntil: Self.never)
      return
    }
    let only = card[2] == 0 && !isNew ? card[1] - window : Self.never
    let (place, isNewRecord) = records.findOrAdd(key)
    let record = records.row(place)
    if !isNewRecord { records.touch(place) }
    if isNewRecord || card[2] == 0 {
      record[2] = Self.never
      for slot in 0..<max(limit - 1, 1) { record[Self.times + slot] = Self.never }
      record[Self.times] = only
    }
    decide(row, origin, record)
    card[1] = record[1]
    card[2] = 1
  }

  private func decide(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?,
    _ record: UnsafeMutablePointer<Int64>
  ) {
    let t = row[0]
    var attempts = 1
    for slot in 0..<max(limit - 1, 0) where record[Self.times + slot] >= t - window {
      attempts += 1
    }
    var code: Int64 = 0
    if t < record[2] {
      code = 62
    } else if attempts >= limit - (offByOne ? 1 : 0) {
      code = 65
      record[2] = t + block
    }
    for slot in stride(from: limit - 2, to: 0, by: -1) {
      record[Self.times + slot] = record[Self.times + slot - 1]
    }
    record[Self.times] = t
    record[1] = max(t + window, record[2])
    answer(row, origin, code: code, attempts: min(attempts, limit), blockedUntil: record[2])
  }

  @inline(__always) private func answer(
    _ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?, code: Int64, attempts: Int,
    blockedUntil: Int64
  ) {
    var nulls: UInt32 = 0
    for slot in pass.indices {
      if RowLayout.isNull(row, pass[slot]) { nulls |= 1 << UInt32(slot) }
      scratch[RowLayout.header + slot] = row[RowLayout.header + pass[slot]]
    }
    let last = RowLayout.header + pass.count
    scratch[last] = code
    scratch[last + 1] = Int64(attempts)
    scratch[last + 2] = blockedUntil
    if row[0] >= blockedUntil && code != 65 { nulls |= 1 << UInt32(pass.count + 2) }
    scratch[0] = row[0]
    scratch[1] = RowLayout.identity(source: RowLayout.source(row), nulls: nulls)
    scratch[2] = row[2]
    if identifies {
      // Decisions of one card and time are numbered as their requests are.
      var made = Origin.of(row, origin)
      let id = made.identity ?? RowIdentity(made.latest)
      made.identity = RowIdentity(RowIdentity(number, row, key).words + id.words)
      return emit(scratch, &made)
    }
    emit(scratch, origin)
  }

  package override func advance(to watermark: Int64) {
    cards.now = watermark
    records.now = watermark
  }

  package override func checkpoint(_ number: UInt64) {
    snapshots[number] = (cards.mark(number), records.mark(number))
  }

  package override func restore(_ number: UInt64) {
    guard let tables = snapshots[number] else { return }
    cards.restore(tables.cards, number)
    records.restore(tables.records, number)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    cards.forget(before: number)
    records.forget(before: number)
    for old in snapshots.keys.sorted() where old < number {
      guard var tables = snapshots.removeValue(forKey: old) else { continue }
      cards.recycle(&tables.cards)
      records.recycle(&tables.records)
    }
  }

  package override var changedLines: Int { cards.memory.changedLines + records.memory.changedLines }
}
