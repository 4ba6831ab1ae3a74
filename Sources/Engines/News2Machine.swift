import Queries

/// The machine `news2`: early-warning scores and alarms of stays, as `News2` says.
struct News2Machine: ProcessMachine {
  private let settings: News2

  /// Names of the timers: the next slot; when nothing of a closed stay counts any more.
  private static let slot: Int64 = 0
  private static let over: Int64 = 1

  let width = News2.outputs
  let resultKey: [Int]? = nil

  init(_ settings: News2) { self.settings = settings }

  /// A reading that may still count. Readings of a sign stand in event order.
  fileprivate struct Reading {
    var taken: Int64
    var value: Int64
    /// Nil for what cannot be corrected.
    var number: Int64?
  }

  struct State {
    fileprivate var stay: Int64 = 0
    fileprivate var readings: [[Reading]] = Array(repeating: [], count: News2.signs)
    fileprivate var isOpen = false
    fileprivate var scale: Int64 = 1
    /// By level: when the active alarm was raised, and how many slots speak for its end.
    fileprivate var raisedAt: [Int64?] = [nil, nil]
    fileprivate var calm: [Int64] = [0, 0]
    fileprivate var lastFloor: Int64 = 0
  }

  func initialState() -> State { State() }

  func onEvent(_ row: MachineRow, _ state: inout State, _ actions: inout MachineActions) {
    guard let stay = row[0], let sort = row[1], let what = row[2] else { return }
    state.stay = stay
    if sort == 0 {
      read(row, sign: Int(what), actions.now, &state)
    } else {
      admit(what, scale: row[7], &state, &actions)
    }
    if state.isOpen { actions.set(Self.slot, at: nextSlot(atOrAfter: actions.now)) }
  }

  private func admit(
    _ what: Int64, scale: Int64?, _ state: inout State, _ actions: inout MachineActions
  ) {
    if let scale { state.scale = scale }
    switch what {
    case 0, 3:
      if state.isOpen { return }
      state.isOpen = true
      actions.cancel(Self.over)
    case 2:
      if !state.isOpen { return }
      state.isOpen = false
      actions.cancel(Self.slot)
      actions.set(Self.over, at: actions.now + settings.longestValidity + settings.every)
      for level in 0..<2 {
        guard let raised = state.raisedAt[level] else { continue }
        state.raisedAt[level] = nil
        actions.emit(
          alarm(
            state, level, raised: raised, isEnd: true, at: actions.now, reason: 3,
            floor: state.lastFloor))
      }
    default: return
    }
  }

  private func read(_ row: MachineRow, sign: Int, _ now: Int64, _ state: inout State) {
    guard state.readings.indices.contains(sign) else { return }
    switch row[4] {
    case 1:
      guard let number = row[6], let value = row[3] else { return }
      for i in state.readings[sign].indices where state.readings[sign][i].number == number {
        state.readings[sign][i].value = value
      }
    case 2:
      guard let number = row[6] else { return }
      state.readings[sign].removeAll { $0.number == number }
    default:
      guard let taken = row[5], let value = row[3] else { return }
      // What is too old for the slots to come is not kept.
      if taken <= now - settings.validity(sign) { return }
      if !state.isOpen { forget(now, sign, &state) }
      state.readings[sign].append(Reading(taken: taken, value: value, number: row[6]))
    }
  }

  private func forget(_ now: Int64, _ sign: Int, _ state: inout State) {
    let last = now - settings.validity(sign)
    state.readings[sign].removeAll { $0.taken <= last }
  }

  private func nextSlot(atOrAfter time: Int64) -> Int64 {
    let every = settings.every
    let rest = time % every
    return rest == 0 ? time : time - (rest < 0 ? rest + every : rest) + every
  }

  func onTimer(_ name: Int64, _ state: inout State, _ actions: inout MachineActions) {
    let next = actions.now + settings.every
    if name == Self.slot {
      actions.set(Self.slot, at: next)
      score(&state, &actions)
      return
    }
    for sign in 0..<News2.signs { forget(actions.now, sign, &state) }
    if state.readings.allSatisfy(\.isEmpty) {
      actions.clear()
    } else {
      actions.set(Self.over, at: next)
    }
  }

  /// A slot: all events up to it are known.
  private func score(_ state: inout State, _ actions: inout MachineActions) {
    let now = actions.now
    var values = [Int64?](repeating: nil, count: News2.signs)
    var oldest: Int64?
    for sign in 0..<News2.signs {
      forget(now, sign, &state)
      var best: Reading?
      for reading in state.readings[sign] where reading.taken <= now {
        if best.map({ reading.taken >= $0.taken }) ?? true { best = reading }
      }
      guard let best else { continue }
      values[sign] = best.value
      oldest = min(oldest ?? best.taken, best.taken)
    }
    let points = (0..<News2.signs).map { sign in
      values[sign].map { self.points(sign, $0, scale: state.scale, oxygen: values[6]) }
    }
    let floor = points.reduce(0) { $0 + ($1 ?? 0) }
    let missing = (0..<News2.signs).reduce(Int64(0)) { bits, sign in
      points[sign] == nil ? bits | 1 << Int64(sign) : bits
    }
    let hasThree = points.contains(3)
    var row: [Int64?] = [
      0, state.stay, now, nil, nil, nil, nil, floor, missing == 0 ? floor : nil, missing,
    ]
    row += points
    row += [band(floor, missing, hasThree), oldest]
    actions.emit(row)
    state.lastFloor = floor
    for level in 0..<2 {
      let isReached = level == 0 ? floor >= 5 || hasThree : floor >= 7
      step(level, isReached, isWhole: missing == 0, floor, &state, &actions)
    }
  }

  private func step(
    _ level: Int, _ isReached: Bool, isWhole: Bool, _ floor: Int64, _ state: inout State,
    _ actions: inout MachineActions
  ) {
    let now = actions.now
    guard let raised = state.raisedAt[level] else {
      if !isReached { return }
      state.raisedAt[level] = now
      state.calm[level] = 0
      let sum: Int64 = level == 0 ? 5 : 7
      actions.emit(
        alarm(
          state, level, raised: now, isEnd: false, at: now, reason: floor >= sum ? 0 : 1,
          floor: floor))
      return
    }
    state.calm[level] = !isReached && isWhole ? state.calm[level] + 1 : 0
    if state.calm[level] < settings.clearSlots { return }
    state.raisedAt[level] = nil
    actions.emit(
      alarm(state, level, raised: raised, isEnd: true, at: now, reason: 2, floor: floor))
  }

  private func alarm(
    _ state: State, _ level: Int, raised: Int64, isEnd: Bool, at: Int64, reason: Int64,
    floor: Int64
  ) -> [Int64?] {
    let row: [Int64?] = [1, state.stay, raised, Int64(level), isEnd ? 1 : 0, at, reason, floor]
    return row + [Int64?](repeating: nil, count: News2.outputs - row.count)
  }

  private func band(_ floor: Int64, _ missing: Int64, _ hasThree: Bool) -> Int64 {
    if missing != 0 { return 0 }
    if floor == 0 { return 1 }
    if floor >= 7 { return 5 }
    if floor >= 5 { return 4 }
    return hasThree ? 3 : 2
  }

  private func points(_ sign: Int, _ value: Int64, scale: Int64, oxygen: Int64?) -> Int64 {
    switch sign {
    case 0:
      if value <= 40_000 { return 3 }
      if value <= 50_000 { return 1 }
      if value <= 90_000 { return 0 }
      return value <= 110_000 ? 1 : value <= 130_000 ? 2 : 3
    case 1:
      if value <= 8_000 { return 3 }
      if value <= 11_000 { return 1 }
      return value <= 20_000 ? 0 : value <= 24_000 ? 2 : 3
    case 2: return saturation(value, scale: scale, isOnOxygen: (oxygen ?? 0) > 0)
    case 3:
      if value <= 90_000 { return 3 }
      if value <= 100_000 { return 2 }
      return value <= 110_000 ? 1 : value <= 219_000 ? 0 : 3
    case 4:
      if value <= 35_000 { return 3 }
      if value <= 36_000 { return 1 }
      return value <= 38_000 ? 0 : value <= 39_000 ? 1 : 2
    case 5: return value == 0 ? 0 : 3
    default: return value > 0 ? 2 : 0
    }
  }

  private func saturation(_ value: Int64, scale: Int64, isOnOxygen: Bool) -> Int64 {
    if scale != 2 {
      if value <= 91_000 { return 3 }
      return value <= 93_000 ? 2 : value <= 95_000 ? 1 : 0
    }
    if value <= 83_000 { return 3 }
    if value <= 85_000 { return 2 }
    if value <= 87_000 { return 1 }
    if value <= 92_000 || !isOnOxygen { return 0 }
    return value <= 94_000 ? 1 : value <= 96_000 ? 2 : 3
  }
}
