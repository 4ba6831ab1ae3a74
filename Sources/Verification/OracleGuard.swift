import Model
import Queries

/// The card guard: each request of a card gets a code, from the sentences at `Machine.cardGuard`.
///
/// A card that made one request in the window and is not blocked is one slot of the table: its
/// time. Only cards with more have a record: the last `limit` times and the end of the block. A
/// card idle for longer than the window, and not blocked, is like one never seen, and forgotten.
final class CardGuardStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let limit: Int64
  private let window: Nanoseconds
  private let block: Nanoseconds
  private let pass: [Int]
  private let ordered: Bool
  private let number: UInt32
  /// Key digest to twice the time of the only request, or twice the record plus one.
  private let table = DigestTable(capacity: 1024)
  /// Words: blocked until, last time, number of times kept, place of the oldest, the times.
  private let records: Slab
  private let kept: Int
  private var origin: Int64?
  private var serial: UInt64 = 0
  private let digests = KeyDigests()
  private let notBlocked = Int64.min

  init(
    _ input: OracleStep, key: [Int], limit: Int64, window: Nanoseconds, block: Nanoseconds,
    pass: [Int], ordered: Bool, number: Int
  ) {
    self.input = input
    self.key = key
    self.limit = limit
    self.window = window
    self.block = block
    self.pass = pass
    self.ordered = ordered
    self.number = UInt32(number)
    kept = Int(max(limit, 1))
    records = Slab(stride: 4 + kept)
    super.init(output: RowPicks(rows: Rows(width: pass.count + 3)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    digests.compute(from, key, touching: table)
    var decided: [Int] = []
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if isDropped(from.rows.heads[index]) { continue }
      decide(from.rows, index, digests[place])
      if ordered { decided.append(index) }
    }
    // Result key of a decision: its key, then its number among those of the key.
    let order = ordered ? order(decided, from.rows) : []
    for place in 0..<output.rows.count {
      serial &+= 1
      let index = ordered ? order[place] : place
      output.rows.heads[index].origin = number
      output.rows.heads[index].high = 0
      output.rows.heads[index].low = serial
      if ordered { identify(index, from.rows, decided[index]) }
      output.pick(index)
    }
    frontier = input.frontier
  }

  private func decide(_ rows: Rows, _ index: Int, _ digest: UInt64) {
    let time = rows.heads[index].time
    if origin == nil { origin = time }
    let slot = table.slot(of: digest)
    let known = table.value(at: slot)
    var code: Int64 = 0
    var attempts: Int64 = 1
    var blockedUntil = notBlocked
    if let known, known & 1 == 1 {
      let record = records[Int(known >> 1)]
      remember(record, time)
      attempts = count(record, time)
      blockedUntil = record[0]
    } else if let known, time - singleTime(known) <= window {
      attempts = 2
    }
    if blockedUntil != notBlocked && time < blockedUntil {
      code = 62
    } else if attempts >= limit {
      code = 65
      blockedUntil = time + block
    } else {
      blockedUntil = notBlocked
    }
    keep(digest, slot, known, time, attempts, blockedUntil)
    putOut(rows, index, code, min(attempts, limit), blockedUntil)
  }

  @inline(__always) private func singleTime(_ value: UInt64) -> Int64 {
    (origin ?? 0) + (Int64(bitPattern: value) >> 1)
  }

  private func keep(
    _ digest: UInt64, _ slot: Int, _ known: UInt64?, _ time: Int64, _ attempts: Int64,
    _ blockedUntil: Int64
  ) {
    if let known, known & 1 == 1 {
      records[Int(known >> 1)][0] = blockedUntil
      return
    }
    let alone = known.map { time - singleTime($0) > window } ?? true
    if alone && blockedUntil == notBlocked {
      let value = UInt64(bitPattern: (time - (origin ?? 0)) << 1)
      table.set(digest, at: slot, value) { self.isDead($0, time) }
      return
    }
    let number = records.take()
    let record = records[number]
    record[0] = blockedUntil
    record[1] = time
    record[2] = 0
    record[3] = 0
    if !alone, let known { remember(record, singleTime(known)) }
    remember(record, time)
    table.set(digest, at: slot, UInt64(number) << 1 | 1) { self.isDead($0, time) }
  }

  private func isDead(_ value: UInt64, _ now: Int64) -> Bool {
    if value & 1 == 0 { return now - singleTime(value) > window }
    let record = records[Int(value >> 1)]
    if now - record[1] <= window || (record[0] != notBlocked && now < record[0]) { return false }
    records.give(Int(value >> 1))
    return true
  }

  private func remember(_ record: UnsafeMutablePointer<Int64>, _ time: Int64) {
    record[1] = time
    if record[2] < Int64(kept) {
      record[4 + Int(record[2])] = time
      record[2] += 1
    } else {
      record[4 + Int(record[3])] = time
      record[3] = (record[3] + 1) % Int64(kept)
    }
  }

  /// Requests with time in [time - window, time], as far as they are kept.
  private func count(_ record: UnsafeMutablePointer<Int64>, _ time: Int64) -> Int64 {
    var n: Int64 = 0
    for place in 0..<Int(record[2]) where time - record[4 + place] <= window { n += 1 }
    return n
  }

  /// The number of a decision among those of its key rises with the order of events, as does the
  /// serial.
  private func identify(_ made: Int, _ rows: Rows, _ index: Int) {
    let cells = key.map { rows.isNull(index, $0) ? nil : Optional(rows.row(index)[$0]) }
    output.rows.setIdentity(made, cells + [Int64(serial)])
  }

  private func putOut(
    _ rows: Rows, _ index: Int, _ code: Int64, _ attempts: Int64, _ blockedUntil: Int64
  ) {
    let made = output.rows.addLike(rows, index)
    let row = output.rows.row(made)
    let old = rows.row(index)
    var nulls: UInt64 = 0
    for (place, column) in pass.enumerated() {
      row[place] = old[column]
      if rows.isNull(index, column) { nulls |= 1 << UInt64(place) }
    }
    row[pass.count] = code
    row[pass.count + 1] = attempts
    row[pass.count + 2] = blockedUntil == notBlocked ? 0 : blockedUntil
    if blockedUntil == notBlocked { nulls |= 1 << UInt64(pass.count + 2) }
    output.rows.heads[made].nulls = nulls
  }

  /// Places of the rows just made, one for each row decided, by time, key and then event order.
  private func order(_ decided: [Int], _ rows: Rows) -> [Int] {
    decided.indices.sorted { a, b in
      let (x, y) = (rows.heads[decided[a]].time, rows.heads[decided[b]].time)
      if x != y { return x < y }
      return rows.keyPrecedes(decided[a], decided[b], key) ?? (a < b)
    }
  }
}
