import Model
import Queries

/// Windows that overlap, and windows with aggregates that `WindowStep` does not know. The windows
/// that are open stand in the order of their starts; rows come in event order, so those that end
/// at or before a row are complete.
final class SlidingStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let size: Nanoseconds
  private let slide: Nanoseconds
  private let offset: Nanoseconds
  private let aggregates: [Aggregate]
  private let resolution: Nanoseconds
  private let lateness: Nanoseconds
  private let number: Int
  private var open: [Window] = []
  private var serial: UInt64 = 0

  private struct Window {
    var start: Int64
    var groups: [UInt64: OracleGroup] = [:]
  }

  init(
    _ input: OracleStep, key: [Int],
    span: (size: Nanoseconds, slide: Nanoseconds, offset: Nanoseconds),
    aggregates: [Aggregate], plan: Plan, ordered: Bool, number: Int
  ) {
    self.input = input
    self.key = key
    (size, slide, offset) = span
    self.aggregates = aggregates
    resolution = plan.resolution
    lateness = plan.lateness(of: number)
    self.number = number
    let width = key.count + 1 + aggregates.reduce(0) { $0 + $1.width }
    super.init(output: RowPicks(rows: Rows(width: width)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count { take(from.rows, Int(from.picks[place])) }
    frontier = input.frontier
    close(until: frontier)
  }

  private func take(_ rows: Rows, _ index: Int) {
    let head = rows.heads[index]
    close(until: head.time)
    var closed = Int64.min
    if isDropped(head) {
      closed = droppedAt[EventID(source: head.source, sequence: head.sequence)] ?? .max
    }
    var into = (head.time - offset) % slide
    if into < 0 { into += slide }
    let newest = head.time - into
    let digest = rows.digest(index, key)
    for start in stride(from: newest - size + slide, through: newest, by: Int(slide)) {
      // The engine had closed this window before it met the event.
      if closed != .min && (closed == .max || start + size + lateness <= closed) { continue }
      let place = window(start)
      open[place].groups[
        digest,
        default: OracleGroup(rows, index, key: key, aggregates: aggregates.count)
      ].take(rows, index, aggregates)
    }
  }

  /// The place of a window among the open ones, which it joins if it is not there.
  private func window(_ start: Int64) -> Int {
    var place = open.count
    while place > 0 && open[place - 1].start > start { place -= 1 }
    if place > 0 && open[place - 1].start == start { return place - 1 }
    open.insert(Window(start: start), at: place)
    return place
  }

  private func close(until bound: Int64) {
    while let first = open.first, bound == .max || first.start + size <= bound {
      open.removeFirst()
      let groups = first.groups.values.sorted { identityPrecedes($0.key, $1.key) }
      for group in groups {
        serial += 1
        let key = group.key + [first.start]
        putOut(
          key + columns(group, aggregates), time: first.start + size - resolution, identity: key,
          evidence: group.evidence, last: group.last, number: number, serial: serial)
      }
    }
  }
}

/// Sessions: rows of a key whose neighbours in time are at most the gap apart.
final class SessionStep: OracleStep {
  private let input: OracleStep
  private let key: [Int]
  private let gap: Nanoseconds
  private let aggregates: [Aggregate]
  private let resolution: Nanoseconds
  private let ordered: Bool
  private let number: Int
  private var open: [UInt64: Session] = [:]
  /// Keys by the time at which the gap after one of their rows ends.
  private var ends = DeathQueue()
  private var closed: [Session] = []
  private var serial: UInt64 = 0

  private struct Session {
    var start: Int64
    var last: Int64
    var group: OracleGroup
  }

  init(
    _ input: OracleStep, key: [Int], gap: Nanoseconds, aggregates: [Aggregate],
    resolution: Nanoseconds, ordered: Bool, number: Int
  ) {
    self.input = input
    self.key = key
    self.gap = gap
    self.aggregates = aggregates
    self.resolution = resolution
    self.ordered = ordered
    self.number = number
    let width = key.count + 2 + aggregates.reduce(0) { $0 + $1.width }
    super.init(output: RowPicks(rows: Rows(width: width)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count {
      let index = Int(from.picks[place])
      if !isDropped(from.rows.heads[index]) { take(from.rows, index) }
    }
    let bound = input.frontier
    // A row at exactly the end of the gap would still join.
    while let digest = ends.take(until: bound == .max || bound == .min ? bound : bound - 1) {
      guard let session = open[digest] else { continue }
      if bound == .max || session.last + gap < bound {
        closed.append(session)
        open[digest] = nil
      }
    }
    frontier = bound == .max || bound == .min ? bound : bound - resolution
    putOut()
  }

  private func take(_ rows: Rows, _ index: Int) {
    let digest = rows.digest(index, key)
    let time = rows.heads[index].time
    ends.add(time + gap, digest)
    var session: Session
    if let known = open[digest], time - known.last <= gap {
      session = known
    } else {
      if let known = open[digest] { closed.append(known) }
      session = Session(
        start: time, last: time,
        group: OracleGroup(rows, index, key: key, aggregates: aggregates.count))
    }
    open[digest] = nil
    session.last = time
    session.group.take(rows, index, aggregates)
    open[digest] = session
  }

  private func putOut() {
    closed.sort { a, b in
      if a.last != b.last { return a.last < b.last }
      return identityPrecedes(a.group.key + [a.start], b.group.key + [b.start])
    }
    for session in closed {
      serial += 1
      let key = session.group.key + [session.start]
      putOut(
        key + [session.last + gap] + columns(session.group, aggregates),
        time: session.last + gap - resolution, identity: key, evidence: session.group.evidence,
        last: session.group.last, number: number, serial: serial)
    }
    closed.removeAll()
  }
}

/// The first rows of each window and group. Rows of a window have one time, and all of them have
/// come when the frontier has passed it.
final class TopStep: OracleStep {
  private let input: OracleStep
  private let group: [Int]
  private let order: [SortColumn]
  private let count: Int
  private let number: Int
  private var waiting: Rows
  private var serial: UInt64 = 0

  init(
    _ input: OracleStep, group: [Int], order: [SortColumn], count: Int, ordered: Bool, number: Int
  ) {
    self.input = input
    self.group = group
    self.order = order
    self.count = count
    self.number = number
    waiting = Rows(width: input.output.rows.width)
    super.init(output: RowPicks(rows: Rows(width: input.output.rows.width + 1)))
  }

  override func run() {
    output.rows.removeAll()
    output.removeAll()
    let from = input.output
    for place in 0..<from.count { waiting.addCopy(from.rows, Int(from.picks[place])) }
    frontier = input.frontier
    let rest = Rows(width: waiting.width)
    var ready: [Int] = []
    for index in 0..<waiting.count {
      if frontier == .max || waiting.heads[index].time < frontier {
        ready.append(index)
      } else {
        rest.addCopy(waiting, index)
      }
    }
    let rows = waiting
    ready.sort { precedes(rows, $0, $1) }
    var rank = 0
    var before: Int?
    for index in ready {
      if let before, rows.heads[before].time == rows.heads[index].time,
        rows.keyPrecedes(before, index, group) == nil
      {
        rank += 1
      } else {
        rank = 1
      }
      before = index
      if rank <= count { putOut(rows, index, rank) }
    }
    waiting = rest
  }

  private func precedes(_ rows: Rows, _ a: Int, _ b: Int) -> Bool {
    if rows.heads[a].time != rows.heads[b].time { return rows.heads[a].time < rows.heads[b].time }
    if let known = rows.keyPrecedes(a, b, group) { return known }
    for term in order {
      guard let known = rows.keyPrecedes(a, b, [term.column]) else { continue }
      return known != term.descending
    }
    return identityPrecedes(rows.identity(a), rows.identity(b))
  }

  private func putOut(_ rows: Rows, _ index: Int, _ rank: Int) {
    serial += 1
    func cell(_ column: Int) -> Int64? {
      rows.isNull(index, column) ? nil : rows.row(index)[column]
    }
    putOut(
      (0..<rows.width).map(cell) + [Int64(rank)], time: rows.heads[index].time,
      identity: group.map(cell) + [Int64(rank)], evidence: rows.evidence(index),
      last: rows.heads[index], number: number, serial: serial)
  }
}
