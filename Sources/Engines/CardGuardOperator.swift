import Model
import Queries

/// The machine `cardGuard` (`Machine`): velocity and blocking per key, in event order.
final class CardGuardOperator: Operator {
  private let digest: KeyDigest
  private let limit: Int
  private let window: Nanoseconds
  private let block: Nanoseconds
  private let pass: [Int]
  private let scratch: UnsafeMutablePointer<Int64>
  private let offByOne: Bool

  /// Key; when the last attempt leaves the window or the block ends; blocked until; place of the oldest time; then the times of the
  /// last `limit - 1` attempts.
  private var cards: KeyedTable
  private var snapshots: [UInt64: KeyedTable] = [:]
  private static let times = 4
  /// Long before any event, and far from overflow.
  private static let never = Int64.min / 4

  init(
    key: [Int], limit: Int, window: Nanoseconds, block: Nanoseconds, pass: [Int],
    defects: Set<EngineDefect>
  ) {
    digest = KeyDigest(key)
    self.limit = limit
    self.window = window
    self.block = block
    self.pass = pass
    offByOne = defects.contains(.ruleOffByOne)
    cards = KeyedTable(words: Self.times + max(limit - 1, 1))
    scratch = .allocate(capacity: RowLayout.header + pass.count + 3)
    super.init(width: pass.count + 3)
  }

  deinit { scratch.deallocate() }

  package override func push(_ row: UnsafePointer<Int64>, _ origin: UnsafePointer<Origin>?) {
    let t = row[0]
    let (index, isNew) = cards.findOrAdd(digest.of(row))
    let card = cards.row(index)
    if isNew {
      card[2] = Self.never
      for slot in 0..<max(limit - 1, 1) { card[Self.times + slot] = Self.never }
    } else {
      cards.touch(index)
    }
    let attempts = countAttempts(card, at: t)
    var code: Int64 = 0
    if t < card[2] {
      code = 62
    } else if attempts >= limit - (offByOne ? 1 : 0) {
      code = 65
      card[2] = t + block
    }
    card[1] = max(t + window, card[2])
    remember(card, t)
    answer(row, origin, code: code, attempts: min(attempts, limit), blockedUntil: card[2])
  }

  /// Attempts with a time in [t - window, t], this one included, counted as far as `limit`.
  @inline(__always) private func countAttempts(_ card: UnsafeMutablePointer<Int64>, at t: Int64)
    -> Int
  {
    var count = 1
    for slot in 0..<(limit - 1) where card[Self.times + slot] >= t - window { count += 1 }
    return count
  }

  @inline(__always) private func remember(_ card: UnsafeMutablePointer<Int64>, _ t: Int64) {
    if limit < 2 { return }
    let slot = Int(card[3])
    card[Self.times + slot] = t
    card[3] = slot == limit - 2 ? 0 : Int64(slot + 1)
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
    if row[0] >= blockedUntil { nulls |= 1 << UInt32(pass.count + 2) }
    scratch[0] = row[0]
    scratch[1] = RowLayout.identity(source: RowLayout.source(row), nulls: nulls)
    scratch[2] = row[2]
    emit(scratch, origin)
  }

  package override func advance(to watermark: Int64) { cards.now = watermark }

  package override func checkpoint(_ number: UInt64) { snapshots[number] = cards.mark(number) }

  package override func restore(_ number: UInt64) {
    guard let table = snapshots[number] else { return }
    cards.restore(table, number)
    snapshots = snapshots.filter { $0.key <= number }
  }

  package override func forget(before number: UInt64) {
    cards.forget(before: number)
    snapshots = snapshots.filter { $0.key >= number }
  }

  package override var changedLines: Int { cards.memory.changedLines }
}
