import Model
import Queries

/// Relaxed contiguity (queries.md 3.9). Per key a list of attempts in order of their start. A row
/// is offered to each, and opens one of its own if it satisfies step 1. The first attempt of the
/// list decides: complete, it is a match and takes all attempts that start up to its last row with
/// it; out of time, it goes; else nothing of the key can be told yet.
final class PatternStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let steps: [Condition]
  private let within: Nanoseconds
  private let measures: [Measure]
  private let ordered: Bool
  private let number: UInt32
  /// Key digest to the first attempt of its list.
  private let table = DigestTable()
  private let attempts: Slab
  private let matches: Rows
  /// Of attempts and matches, where something that follows orders by it: identity of the first row.
  private var firstRows: [Int: [Int64?]] = [:]
  private var rowSerial: Int64 = 0
  private var serial: UInt64 = 0
  /// Keys in the order in which their attempts die: time of death, key digest.
  private var deaths = DeathQueue()

  /// Words of an attempt; the values of the measures follow.
  private enum Word {
    static let next = 0, start = 1, startTime = 2, step = 3, count = 4, sum = 5, xor = 6
    static let nulls = 7, last = 8, lastTime = 9, source = 10, sequence = 11, intended = 12
    static let first = 13
  }

  init(
    _ input: OracleStep, key: [Int], steps: [Predicate], within: Nanoseconds,
    measures: [Measure], ordered: Bool, number: Int
  ) {
    self.input = input
    self.key = key
    self.steps = steps.map { Condition($0) }
    self.within = within
    self.measures = measures
    self.ordered = ordered
    self.number = UInt32(number)
    attempts = Slab(stride: Word.first + key.count + measures.count)
    matches = Rows(width: key.count + measures.count)
    super.init(output: RowPicks(rows: Rows(width: key.count + measures.count)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if isDropped(from.rows.heads[index]) { continue }
      expire(until: from.rows.heads[index].time)
      offer(from.rows, index)
    }
    let bound = input.frontier
    expire(until: bound)
    // A match with last row at T is decided once every start up to T is out of time.
    frontier = !ordered || bound == .max || bound == .min ? bound : bound - within
    handOn()
    for step in steps where step.overflowed { overflowed = true }
  }

  private func offer(_ rows: Rows, _ index: Int) {
    rowSerial += 1
    let time = rows.heads[index].time
    let opens = steps[0].holds(rows, index)
    var fits = opens
    for step in 1..<max(steps.count, 1) where !fits { fits = steps[step].holds(rows, index) }
    if !fits { return }
    let digest = rows.digest(index, key)
    var first = table.value(of: digest).map { Int($0) } ?? -1
    var last = -1
    var walk = first
    while walk >= 0 {
      let attempt = attempts[walk]
      let step = Int(attempt[Word.step])
      if step < steps.count && time - attempt[Word.startTime] < within
        && steps[step].holds(rows, index)
      {
        bind(walk, step, rows, index)
      }
      last = walk
      walk = Int(attempts[walk][Word.next])
    }
    if opens {
      let made = open(rows, index)
      if last >= 0 { attempts[last][Word.next] = Int64(made) } else { first = made }
      deaths.add(time &+ within, digest)
    }
    resolve(digest, first, now: time)
  }

  private func open(_ rows: Rows, _ index: Int) -> Int {
    let made = attempts.take()
    let attempt = attempts[made]
    for word in 0..<attempts.stride { attempt[word] = 0 }
    attempt[Word.next] = -1
    attempt[Word.start] = rowSerial
    attempt[Word.startTime] = rows.heads[index].time
    for (place, column) in key.enumerated() {
      attempt[Word.first + place] = rows.row(index)[column]
      if rows.isNull(index, column) { attempt[Word.nulls] |= 1 << Int64(place) }
    }
    if ordered { firstRows[made] = rows.identity(index) }
    bind(made, 0, rows, index)
    return made
  }

  private func bind(_ number: Int, _ step: Int, _ rows: Rows, _ index: Int) {
    let attempt = attempts[number]
    let head = rows.heads[index]
    let evidence = rows.evidence(index)
    attempt[Word.step] = Int64(step) + 1
    attempt[Word.count] &+= Int64(bitPattern: evidence.count)
    attempt[Word.sum] &+= Int64(bitPattern: evidence.sum)
    attempt[Word.xor] ^= Int64(bitPattern: evidence.xor)
    attempt[Word.last] = rowSerial
    attempt[Word.lastTime] = head.time
    // Bound rows come in event order, but their lineages need not: the later one is kept.
    attempt[Word.source] = Int64(head.source)
    attempt[Word.sequence] = Int64(bitPattern: head.sequence)
    attempt[Word.intended] = head.intendedAt
    for (place, measure) in measures.enumerated() where measure.step == step {
      let word = key.count + place
      attempt[Word.first + word] = rows.row(index)[measure.column]
      if rows.isNull(index, measure.column) { attempt[Word.nulls] |= 1 << Int64(word) }
    }
  }

  /// Decides what can be decided of one key at time `now`.
  private func resolve(_ digest: UInt64, _ start: Int, now: Int64) {
    var first = start
    while first >= 0 {
      let attempt = attempts[first]
      if attempt[Word.step] == Int64(steps.count) {
        let last = attempt[Word.last]
        putOut(first)
        while first >= 0 && attempts[first][Word.start] <= last { first = drop(first) }
      } else if now &- attempt[Word.startTime] >= within {
        first = drop(first)
      } else {
        break
      }
    }
    if first >= 0 {
      table.set(digest, UInt64(first))
    } else if start >= 0 {
      table.remove(digest)
    }
  }

  private func drop(_ number: Int) -> Int {
    let next = Int(attempts[number][Word.next])
    if ordered { firstRows[number] = nil }
    attempts.give(number)
    return next
  }

  /// Time has come to `now`: attempts that started `within` before are out of time.
  private func expire(until now: Int64) {
    while let digest = deaths.take(until: now) {
      if let first = table.value(of: digest) { resolve(digest, Int(first), now: now) }
    }
  }

  private func putOut(_ number: Int) {
    let attempt = attempts[number]
    let head = RowHead(
      time: attempt[Word.lastTime], origin: self.number, high: 0,
      low: UInt64(bitPattern: attempt[Word.start]),
      nulls: UInt64(bitPattern: attempt[Word.nulls]),
      source: UInt32(truncatingIfNeeded: attempt[Word.source]), evidence: -1,
      sequence: UInt64(bitPattern: attempt[Word.sequence]), intendedAt: attempt[Word.intended])
    let evidence = Evidence(
      count: UInt64(bitPattern: attempt[Word.count]),
      sum: UInt64(bitPattern: attempt[Word.sum]), xor: UInt64(bitPattern: attempt[Word.xor]))
    let made = matches.add(head, evidence: evidence)
    matches.row(made).update(from: attempt + Word.first, count: matches.width)
    if ordered {
      let cells = key.indices.map {
        matches.isNull(made, $0) ? nil : Optional(matches.row(made)[$0])
      }
      matches.setIdentity(made, cells + (firstRows[number] ?? []))
    }
  }

  /// Hands on the matches; where what follows depends on order, only those below the frontier, by
  /// time and result key.
  private func handOn() {
    if matches.count == 0 { return }
    let waiting = Rows(width: matches.width)
    let rows = output.rows
    var ready: [Int] = []
    for index in 0..<matches.count {
      if !ordered || matches.heads[index].time < frontier {
        ready.append(index)
      } else {
        waiting.addCopy(matches, index)
      }
    }
    if ordered {
      ready.sort { a, b in
        let (x, y) = (matches.heads[a].time, matches.heads[b].time)
        if x != y { return x < y }
        return identityPrecedes(matches.identity(a), matches.identity(b))
      }
    }
    for index in ready {
      serial += 1
      rows.addCopy(matches, index)
      rows.heads[rows.count - 1].low = serial
      output.pick(rows.count - 1)
    }
    matches.removeAll()
    for index in 0..<waiting.count { matches.addCopy(waiting, index) }
  }
}

/// Times at which attempts die, in order: starts come in order of time, so the queue does too.
struct DeathQueue {
  private var times: [Int64] = []
  private var digests: [UInt64] = []
  private var head = 0

  mutating func add(_ time: Int64, _ digest: UInt64) {
    times.append(time)
    digests.append(digest)
  }

  mutating func take(until now: Int64) -> UInt64? {
    guard head < times.count, times[head] <= now else { return nil }
    head += 1
    let digest = digests[head - 1]
    if head >= 4096 && head * 2 > times.count {
      times.removeFirst(head)
      digests.removeFirst(head)
      head = 0
    }
    return digest
  }
}
