import Draws

/// What a nurse charts. Times are milliseconds since 1970.
struct Observation {
  var id: Int64
  var stay: Int64
  var code: ObservationCode
  /// Thousandths of the unit.
  var value: Int64
  var status: ObservationStatus
  var takenAt: Int64
  var enteredAt: Int64
  /// Index of the role, nil when unknown.
  var role: Int?
}

/// Symbols of the enum `code` of observations, in their order.
enum ObservationCode: Int64 {
  case temperature, consciousness, oxygen, systolic, heartbeat
}

/// Symbols of the enum `status` of observations, in their order: final, corrected, withdrawn.
enum ObservationStatus: Int64 {
  case final, corrected, withdrawn
}

/// The chart rounds of a stay: items share the time at which they were taken and are entered some
/// minutes later; some are corrected, withdrawn or charted twice.
struct ChartMaker {
  private let tables: PatientTables
  private let settings: PatientSettings

  /// Rounds of a stay in one bed, and its bits in the number of an observation.
  private static let roundBits = 15
  private static let oxygenRounds: Int64 = 6

  init(_ tables: PatientTables) {
    self.tables = tables
    settings = tables.settings
  }

  /// Everything of a pair's patients that is entered in [from, to).
  func observations(_ pair: BedPair, from: Int64, to: Int64, into made: inout [Observation]) {
    let reach = settings.longestEntry + PatientTables.longestChange + 2 * minuteMillis
    for stay in pair.stays(from: from - reach, to: to) {
      var body = Physiology(stay, tables: tables)
      for stepDown in [false, true] {
        guard let presence = stay.presence(stepDown: stepDown) else { continue }
        rounds(
          stay, &body, stepDown, presence, entered: from..<to, reach: reach, into: &made)
      }
    }
  }

  /// The last round before the start of a run of everyone in the beds, as entered at that moment.
  func census(_ pair: BedPair, at start: Int64, into made: inout [Observation]) {
    for stay in pair.stays(from: start, to: start + 1) {
      var body = Physiology(stay, tables: tables)
      for stepDown in [true, false] {
        guard let presence = stay.presence(stepDown: stepDown), presence.lowerBound < start else {
          continue
        }
        var before: [Observation] = []
        let every = stepDown ? settings.roundStepDown : settings.roundCritical
        rounds(
          stay, &body, stepDown, presence, entered: (start - 3 * every)..<start, reach: 0,
          into: &before)
        guard let last = before.map(\.takenAt).max() else { continue }
        let withdrawn = Set(before.filter { $0.status == .withdrawn }.map(\.id))
        for var item in before
        where item.takenAt == last && item.status == .final && !withdrawn.contains(item.id) {
          item.value = before.last { $0.id == item.id }?.value ?? item.value
          item.enteredAt = start
          made.append(item)
        }
        break
      }
    }
  }

  private func rounds(
    _ stay: Stay, _ body: inout Physiology, _ stepDown: Bool, _ presence: Range<Int64>,
    entered: Range<Int64>, reach: Int64, into made: inout [Observation]
  ) {
    let every = stepDown ? settings.roundStepDown : settings.roundCritical
    let start = presence.lowerBound + 8 * minuteMillis
    let draws = tables.rounds.indexed(UInt64(stay.id)).stream(stepDown ? 1 : 0)
    let low = max(0, floorDivide(entered.lowerBound - reach - start, every) - 1)
    let high = min(
      floorDivide(min(entered.upperBound, presence.upperBound) - start, every) + 1,
      1 << Int64(Self.roundBits) - 1)
    if low > high { return }
    for n in low...high {
      let base = UInt64(n) << 4
      let wide = n == 0 ? 0 : every * 8 / 100
      let taken = start + n * every - wide + Int64(draws.below(UInt64(2 * wide + 1), base))
      if taken >= presence.upperBound || taken >= entered.upperBound { continue }
      let changes = draws.word(base | 1)
      let isOld = taken + settings.longestEntry + 2 * minuteMillis < entered.lowerBound
      if isOld && !hasChange(changes) { continue }
      let round = Round(
        stay: stay, number: n, stepDown: stepDown, start: start, every: every, taken: taken)
      enter(round, &body, draws, changes, entered, into: &made)
    }
  }

  private struct Round {
    var stay: Stay
    var number: Int64
    var stepDown: Bool
    var start: Int64
    var every: Int64
    var taken: Int64
  }

  /// What becomes of an item after it was entered.
  private enum Change { case none, corrected, withdrawn, doubled }

  private func change(_ word: UInt64, _ item: Int) -> Change {
    let place = Double((word >> UInt64(16 * item)) & 0xffff) / 65_536
    if place < settings.correct { return .corrected }
    if place < settings.correct + settings.withdraw { return .withdrawn }
    return place < settings.correct + settings.withdraw + settings.doubleChart ? .doubled : .none
  }

  private func hasChange(_ word: UInt64) -> Bool {
    (0..<4).contains { change(word, $0) == .corrected || change(word, $0) == .withdrawn }
  }

  private func enter(
    _ round: Round, _ body: inout Physiology, _ draws: DrawStream, _ changes: UInt64,
    _ entered: Range<Int64>, into made: inout [Observation]
  ) {
    let base = UInt64(round.number) << 4
    if draws.word(base | 2) < threshold(settings.skip) { return }
    let delay = tables.entryDelays.sample(draws.word(base | 3))
    let extras = draws.word(base | 4)
    for item in 0..<4 {
      if (extras >> UInt64(8 * item)) & 0xff < 5 { continue }
      guard let code = ObservationCode(rawValue: Int64(item)) else { continue }
      let value = value(code, round, &body, draws)
      var observation = Observation(
        id: id(round, item), stay: round.stay.id, code: code, value: value, status: .final,
        takenAt: round.taken, enteredAt: round.taken + delay,
        role: (extras >> 32) & 0xff < 13 ? nil : Int((extras >> 40) & 3))
      if entered.contains(observation.enteredAt) { made.append(observation) }
      let word = draws.word(base | UInt64(8 + item))
      switch change(changes, item) {
      case .none: continue
      case .doubled:
        observation.id += 1
        observation.enteredAt += 1 + Int64(word.multipliedFullWidth(by: 60_000).high)
      case .corrected:
        observation.status = .corrected
        observation.value = Self.corrected(code, value, up: word & 1 == 0)
        observation.enteredAt += 1 + tables.changeDelays.sample(word)
      case .withdrawn:
        observation.status = .withdrawn
        observation.enteredAt += 1 + tables.changeDelays.sample(word)
      }
      if entered.contains(observation.enteredAt) { made.append(observation) }
    }
  }

  private func id(_ round: Round, _ item: Int) -> Int64 {
    round.stay.id << 20 | (round.stepDown ? 1 << 19 : 0) | round.number << 4 | Int64(item) << 1
  }

  private func value(
    _ code: ObservationCode, _ round: Round, _ body: inout Physiology, _ draws: DrawStream
  ) -> Int64 {
    let base = UInt64(round.number) << 4
    switch code {
    case .temperature:
      return body.value(
        .temperature, at: round.taken, severity: body.severity(at: round.taken))
    case .systolic:
      return body.value(.systolic, at: round.taken, severity: body.severity(at: round.taken))
    case .consciousness:
      let chance = 0.008 + 0.03 * body.severity(at: round.taken)
      if draws.word(base | 5) >= threshold(chance) { return 0 }
      let place = draws.below(100, base | 6)
      return place < 60 ? 1_000 : place < 85 ? 2_000 : place < 95 ? 3_000 : 4_000
    case .oxygen, .heartbeat:
      // Oxygen stays as it is for six rounds.
      let group = round.number / Self.oxygenRounds
      let since = round.start + group * Self.oxygenRounds * round.every
      let chance = 0.10 + 0.18 * body.severity(at: since)
      let own = UInt64(group * Self.oxygenRounds) << 4 | 7
      if draws.word(own) >= threshold(chance) { return 0 }
      return 1_000 + 1_000 * Int64(mix(draws.word(own)) % 10)
    }
  }

  /// Another value in range: the next one that a person could have meant.
  private static func corrected(_ code: ObservationCode, _ value: Int64, up: Bool) -> Int64 {
    switch code {
    case .temperature: return value + (up ? 1_000 : -500)
    case .consciousness: return value == 0 ? 1_000 : 0
    case .oxygen, .heartbeat: return value == 0 ? 2_000 : 0
    case .systolic: return min(value + (up ? 10_000 : -10_000), 300_000)
    }
  }
}
