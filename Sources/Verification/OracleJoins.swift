import Model
import Queries

/// All pairs of rows of two inputs with equal keys and times within bounds (queries.md 3.7). Rows
/// of both sides are kept as long as the other side may still bring a partner.
final class IntervalJoinStep: OracleStep {
  private let leftInput: OracleStep
  private let rightInput: OracleStep
  private let join: IntervalJoin
  private let ordered: Bool
  private let number: Int
  private let left: KeptRows
  private let right: KeptRows
  /// Pairs that are not handed on yet, by time.
  private var held: [Pair] = []
  private var serial: UInt64 = 0

  private struct Pair {
    var time: Int64
    var identity: [Int64?]
    var cells: [Int64?]
    var evidence: Evidence
    var last: RowHead
  }

  init(_ left: OracleStep, _ right: OracleStep, _ join: IntervalJoin, ordered: Bool, number: Int) {
    leftInput = left
    rightInput = right
    self.join = join
    self.ordered = ordered
    self.number = number
    let (l, r) = (left.output.rows.width, right.output.rows.width)
    self.left = KeptRows(width: l)
    self.right = KeptRows(width: r)
    super.init(output: RowPicks(rows: Rows(width: l + r)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    takeRights()
    takeLefts()
    letGo()
    frontier = bound()
    handOn()
  }

  private func takeRights() {
    let from = rightInput.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      let head = from.rows.heads[index]
      guard let digest = from.rows.joinDigest(index, join.rightKey), !isDropped(head) else {
        continue
      }
      let made = right.add(from.rows, index, of: digest)
      var partner = left.first(of: digest)
      while partner >= 0 {
        if fits(left.head(partner).time, head.time) { pair(partner, made) }
        partner = left.next(ofKey: partner)
      }
    }
  }

  private func takeLefts() {
    let from = leftInput.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      let head = from.rows.heads[index]
      if isDropped(head) { continue }
      let digest = from.rows.joinDigest(index, join.leftKey)
      if digest == nil && join.kind == .inner { continue }
      let made = left.add(from.rows, index, of: digest)
      guard let digest else { continue }
      var partner = right.first(of: digest)
      while partner >= 0 {
        if fits(head.time, right.head(partner).time) { pair(made, partner) }
        partner = right.next(ofKey: partner)
      }
    }
  }

  private func fits(_ left: Int64, _ right: Int64) -> Bool {
    clamped(left, plus: join.lower) <= right && right <= clamped(left, plus: join.upper)
  }

  /// Lets go of the rows that no partner can come for any more; a left one that never had one comes
  /// out alone, if it is to.
  private func letGo() {
    while left.first >= 0, isPast(left.head(left.first).time, join.upper, rightInput.frontier) {
      if join.kind == .left && !left.isMarked(left.first) { pair(left.first, nil) }
      left.removeFirst()
    }
    let ahead = join.lower == .min ? .max : -join.lower
    while right.first >= 0, isPast(right.head(right.first).time, ahead, leftInput.frontier) {
      right.removeFirst()
    }
  }

  private func isPast(_ time: Int64, _ reach: Int64, _ frontier: Int64) -> Bool {
    frontier == .max || clamped(time, plus: reach) < frontier
  }

  /// No later pair has a time below this.
  private func bound() -> Int64 {
    let (l, r) = (leftInput.frontier, rightInput.frontier)
    if l == .max && r == .max { return .max }
    let byLeft = min(l, clamped(r, plus: join.upper == .min ? .max : -join.upper))
    if !join.takesRightTime { return byLeft }
    let byRight = min(r, clamped(l, plus: join.lower))
    return join.kind == .left ? min(byLeft, byRight) : byRight
  }

  private func pair(_ l: Int, _ r: Int?) {
    var cells = (0..<left.width).map { left.cell(l, $0) }
    var evidence = left.evidence(l)
    var last = left.head(l)
    var time = last.time
    var identity: [Int64?] = []
    if ordered { identity = left.identity(l) }
    if let r {
      left.mark(l)
      cells += (0..<right.width).map { right.cell(r, $0) }
      evidence.add(right.evidence(r))
      if join.takesRightTime { time = right.head(r).time }
      if RowHead.precedes(last, right.head(r)) { last = right.head(r) }
      if ordered { identity += right.identity(r) }
    } else {
      cells += [Int64?](repeating: nil, count: right.width)
    }
    held.append(
      Pair(time: time, identity: identity, cells: cells, evidence: evidence, last: last))
  }

  private func handOn() {
    let isReady = { (pair: Pair) in
      !self.ordered || self.frontier == .max || pair.time < self.frontier
    }
    var ready = held.filter(isReady)
    if ready.isEmpty { return }
    if ready.count == held.count { held.removeAll() } else { held.removeAll(where: isReady) }
    if ordered {
      ready.sort { a, b in
        a.time != b.time ? a.time < b.time : identityPrecedes(a.identity, b.identity)
      }
    }
    for pair in ready {
      serial += 1
      putOut(
        pair.cells, time: pair.time, identity: pair.identity, evidence: pair.evidence,
        last: pair.last, number: number, serial: serial)
    }
  }
}

/// Each left row with the last right one, in event order, at or before a time of the left row's
/// (queries.md 3.8). A left row waits until the other side has come past its time.
final class AsOfJoinStep: OracleStep {
  private let leftInput: OracleStep
  private let rightInput: OracleStep
  private let join: AsOfJoin
  private let at: Formula?
  private let number: Int
  private let waiting: KeptRows
  private let versions: KeptRows
  /// When the version before the newest of a key at that time is no longer needed.
  private var successions: [(time: Int64, digest: UInt64)] = []
  private var settled = 0

  init(_ left: OracleStep, _ right: OracleStep, _ join: AsOfJoin, number: Int) {
    leftInput = left
    rightInput = right
    self.join = join
    at = join.at.map { Formula($0) }
    self.number = number
    let (l, r) = (left.output.rows.width, right.output.rows.width)
    waiting = KeptRows(width: l)
    versions = KeptRows(width: r)
    super.init(output: RowPicks(rows: Rows(width: l + r)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let rights = rightInput.output
    for place in 0..<rights.count {
      let index = Int(rights.picks[place])
      let head = rights.rows.heads[index]
      guard let digest = rights.rows.joinDigest(index, join.rightKey), !isDropped(head) else {
        continue
      }
      if versions.first(of: digest) >= 0 { successions.append((head.time, digest)) }
      _ = versions.add(rights.rows, index, of: digest)
    }
    let lefts = leftInput.output
    for place in 0..<lefts.count {
      let index = Int(lefts.picks[place])
      if isDropped(lefts.rows.heads[index]) { continue }
      _ = waiting.add(lefts.rows, index, of: nil)
    }
    frontier = min(leftInput.frontier, rightInput.frontier)
    while waiting.first >= 0, frontier == .max || waiting.head(waiting.first).time < frontier {
      join(waiting.first)
      waiting.removeFirst()
    }
    letGo()
    if at?.overflowed == true { overflowed = true }
  }

  private func join(_ left: Int) {
    let time = waiting.head(left).time
    let wanted = at.map { $0.value(of: KeptCells(rows: waiting, place: left)) } ?? time
    if let wanted, wanted > time { failure = "operator \(number): at after event time" }
    if let wanted, let back = join.back, at != nil, wanted < clamped(time, plus: -back) {
      failure = "operator \(number): at further back than stated"
    }
    var found = -1
    if let wanted, let digest = waiting.joinDigest(left, join.leftKey) {
      var version = versions.first(of: digest)
      while version >= 0 && versions.head(version).time <= wanted {
        found = version
        version = versions.next(ofKey: version)
      }
    }
    if found < 0 && join.kind == .inner { return }
    putOut(left, found)
  }

  private func putOut(_ left: Int, _ right: Int) {
    var evidence = waiting.evidence(left)
    var head = waiting.head(left)
    let width = waiting.width
    if right >= 0 {
      evidence.add(versions.evidence(right))
      head.nulls |= versions.head(right).nulls << UInt64(width)
      // Lineage: the later of the two.
      let other = versions.head(right)
      if RowHead.precedes(head, other) {
        (head.source, head.sequence, head.intendedAt) =
          (other.source, other.sequence, other.intendedAt)
      }
    } else {
      for column in 0..<versions.width { head.nulls |= 1 << UInt64(width + column) }
    }
    let made = output.rows.add(head, evidence: evidence)
    if head.origin != 0 { output.rows.setIdentity(made, operatorKey(waiting.identity(left))) }
    waiting.fill(output.rows.row(made), left)
    if right >= 0 {
      versions.fill(output.rows.row(made) + width, right)
    } else {
      for column in 0..<versions.width { output.rows.row(made)[width + column] = 0 }
    }
    output.pick(made)
  }

  /// An identity without the number of the operator, which the head of the row has.
  private func operatorKey(_ identity: [Int64?]) -> [Int64?] { Array(identity.dropFirst()) }

  /// Of the versions of a key, the newest that a later left row may ask for and all newer ones
  /// stay.
  private func letGo() {
    if at != nil && join.back == nil { return }
    var least = leftInput.frontier
    if waiting.first >= 0 { least = min(least, waiting.head(waiting.first).time) }
    let needed = at == nil ? least : clamped(least, plus: -(join.back ?? 0))
    while settled < successions.count, needed == .max || successions[settled].time <= needed {
      versions.removeFirst(of: successions[settled].digest)
      settled += 1
    }
    if settled > 4096 && settled * 2 > successions.count {
      successions.removeFirst(settled)
      settled = 0
    }
  }
}

/// A kept row as an expression reads it.
private struct KeptCells: CellSource {
  let rows: KeptRows
  let place: Int

  func cell(_ column: Int) -> Int64? { rows.cell(place, column) }
  func bound(_ step: Int, _ column: Int) -> Int64? { nil }
  var time: Int64 { rows.head(place).time }
}

extension Rows {
  /// Digest of the columns that must be equal in a join; nil when one of them is null, which equals
  /// nothing.
  func joinDigest(_ index: Int, _ columns: [Int]) -> UInt64? {
    for column in columns where isNull(index, column) { return nil }
    return digest(index, columns)
  }
}

extension KeptRows {
  func joinDigest(_ place: Int, _ columns: [Int]) -> UInt64? {
    if columns.count == 1 {
      return cell(place, columns[0]).map { scattered(UInt64(bitPattern: $0)) }
    }
    var hash: UInt64 = 0x243F_6A88_85A3_08D3
    for column in columns {
      guard let value = cell(place, column) else { return nil }
      hash = scattered(hash &+ scattered(UInt64(bitPattern: value)))
    }
    return hash
  }
}
