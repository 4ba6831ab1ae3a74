import Queries

/// The machine `news2`, for one stay, from the sentences at `News2`: each slot anew from
/// the chart of all readings that can still matter.
struct OracleScores: OracleMachine {
  /// What is known of a sign, ascending by (time taken, order of first version).
  private struct Entry {
    let taken: Int64
    let order: UInt64
    let id: Int64?
    var reading: Int64?
  }

  /// A row of the answer, null as nil; columns as numbered at `News2`.
  typealias Answer = [Int64?]

  private let rules: News2
  private var stay: Int64?
  private var charts: [[Entry]]
  private var entered: UInt64 = 0
  /// When the present open interval began.
  private var openSince: Int64?
  private var oxygenScale: Int64 = 1
  private var history: [SlotLevel] = []
  private var active: [Int64?] = [nil, nil]

  private struct SlotLevel {
    var sum: Int64
    var hasThree: Bool
    var isComplete: Bool
    func reaches(_ level: Int) -> Bool { level == 0 ? sum > 4 || hasThree : sum > 6 }
  }

  let width = News2.outputs
  let resultKey: [Int]? = nil
  /// A stay is remembered for the whole run.
  let isBlank = false
  private static let slot = MachineTimer(0)

  init(_ rules: News2) {
    self.rules = rules
    charts = (0..<News2.signs).map { _ in [] }
  }

  mutating func take(_ cells: MachineRow, _ turn: inout MachineTurn) {
    stay = cells[0]
    if cells[1] == 0 { note(cells) } else { admit(cells, &turn) }
    if openSince != nil { turn.set(Self.slot, at: firstSlot(turn.now)) }
  }

  private mutating func admit(_ cells: MachineRow, _ turn: inout MachineTurn) {
    oxygenScale = cells[7] ?? oxygenScale
    if (cells[2] == 0 || cells[2] == 3) && openSince == nil { openSince = turn.now }
    if cells[2] == 2 && openSince != nil {
      openSince = nil
      turn.cancel(Self.slot)
      for level in 0..<2 {
        guard let raised = active[level] else { continue }
        turn.emit(
          row(
            level, raised: raised, phase: 1, at: turn.now, why: 3, sum: history.last?.sum ?? 0))
      }
      history = []
      active = [nil, nil]
    }
  }

  mutating func run(_ timer: MachineTimer, _ turn: inout MachineTurn) {
    for answer in answer(slot: turn.now) { turn.emit(answer) }
    turn.set(Self.slot, at: turn.now + rules.every)
  }

  /// The least multiple at or above a time, for negative times too.
  private func firstSlot(_ time: Int64) -> Int64 {
    let low = time / rules.every * rules.every
    return low >= time ? low : low + rules.every
  }

  private mutating func note(_ cells: MachineRow) {
    guard let sign = cells[2], sign >= 0, sign < Int64(News2.signs) else { return }
    let chart = Int(sign)
    if cells[4] == 1 || cells[4] == 2 {
      guard let id = cells[6] else { return }
      if cells[4] == 1 && cells[3] == nil { return }
      for place in charts[chart].indices where charts[chart][place].id == id {
        if cells[4] == 2 {
          charts[chart][place].reading = nil
        } else if charts[chart][place].reading != nil {
          charts[chart][place].reading = cells[3]
        }
      }
      return
    }
    guard let taken = cells[5], let value = cells[3] else { return }
    let entry = Entry(taken: taken, order: entered, id: cells[6], reading: value)
    entered += 1
    // Most readings belong at the end.
    var place = charts[chart].count
    while place > 0 && charts[chart][place - 1].taken > taken { place -= 1 }
    charts[chart].insert(entry, at: place)
  }

  /// The answer of slot `g`, and the alarms that begin or end there.
  private mutating func answer(slot g: Int64) -> [Answer] {
    var chosen: [Entry?] = []
    for sign in 0..<News2.signs {
      let since = g - rules.validity(sign)
      chosen.append(charts[sign].last { $0.taken <= g && $0.taken > since && $0.reading != nil })
      // No later slot looks at what is as old as this.
      charts[sign].removeAll { $0.taken <= since }
    }
    let given = chosen[6]?.reading
    let points = chosen.enumerated().map { sign, entry -> Int64? in
      guard let value = entry?.reading else { return nil }
      return Self.score(sign, value, scale: oxygenScale, given: given)
    }
    let present = points.compactMap { $0 }
    let slot = SlotLevel(
      sum: present.reduce(0, +), hasThree: present.contains(3),
      isComplete: present.count == News2.signs)
    var mask: Int64 = 0
    for (sign, point) in points.enumerated() where point == nil { mask += 1 << Int64(sign) }
    let oldest = chosen.compactMap { $0?.taken }.min()
    var answers: [Answer] = [
      [0, stay, g, nil, nil, nil, nil, slot.sum, slot.isComplete ? slot.sum : nil, mask] + points
        + [Self.band(slot), oldest]
    ]
    history.append(slot)
    for level in 0..<2 {
      if let raised = active[level] {
        if !hasCalmed(level, since: raised, g) { continue }
        active[level] = nil
        answers.append(row(level, raised: raised, phase: 1, at: g, why: 2, sum: slot.sum))
      } else if slot.reaches(level) {
        active[level] = g
        let why: Int64 = slot.sum > (level == 0 ? 4 : 6) ? 0 : 1
        answers.append(row(level, raised: g, phase: 0, at: g, why: why, sum: slot.sum))
      }
    }
    let most = Int(rules.clearSlots)
    if history.count > most { history.removeFirst(history.count - most) }
    return answers
  }

  /// Whether the last slots, all of them after the start, are complete and below the level.
  private func hasCalmed(_ level: Int, since raised: Int64, _ g: Int64) -> Bool {
    if (g - raised) / rules.every < rules.clearSlots { return false }
    let last = history.suffix(Int(rules.clearSlots))
    return last.count == Int(rules.clearSlots)
      && last.allSatisfy { $0.isComplete && !$0.reaches(level) }
  }

  private func row(
    _ level: Int, raised: Int64, phase: Int64, at: Int64, why: Int64, sum: Int64
  ) -> Answer {
    [1, stay, raised, Int64(level), phase, at, why, sum]
      + Answer(repeating: nil, count: News2.outputs - 8)
  }

  private static func band(_ slot: SlotLevel) -> Int64 {
    guard slot.isComplete else { return 0 }
    switch slot.sum {
    case 0: return 1
    case 1...4: return slot.hasThree ? 3 : 2
    case 5, 6: return 4
    default: return 5
    }
  }

  /// The chart of the royal college: upper bound of each class in thousandths, and its points.
  private static let classes: [[(most: Int64, points: Int64)]] = [
    [(40_000, 3), (50_000, 1), (90_000, 0), (110_000, 1), (130_000, 2), (.max, 3)],
    [(8_000, 3), (11_000, 1), (20_000, 0), (24_000, 2), (.max, 3)],
    [(91_000, 3), (93_000, 2), (95_000, 1), (.max, 0)],
    [(90_000, 3), (100_000, 2), (110_000, 1), (219_000, 0), (.max, 3)],
    [(35_000, 3), (36_000, 1), (38_000, 0), (39_000, 1), (.max, 2)],
    [(0, 0), (.max, 3)],
    [(0, 0), (.max, 2)],
  ]
  /// Saturation on scale 2: with oxygen, and on air or when that is not known.
  private static let withOxygen: [(most: Int64, points: Int64)] = [
    (83_000, 3), (85_000, 2), (87_000, 1), (92_000, 0), (94_000, 1), (96_000, 2), (.max, 3),
  ]
  private static let onAir: [(most: Int64, points: Int64)] = [
    (83_000, 3), (85_000, 2), (87_000, 1), (.max, 0),
  ]

  private static func score(_ sign: Int, _ value: Int64, scale: Int64, given: Int64?) -> Int64 {
    var table = classes[sign]
    if sign == 2 && scale == 2 { table = given.map { $0 > 0 } == true ? withOxygen : onAir }
    return table.first { value <= $0.most }?.points ?? 0
  }
}
