import Model
import Queries
import Scenarios
import Testing
import Verification
import Workloads

private let minute = 60 * Nanoseconds.second

/// Scores and alarms worked out from the sentences of the page, each slot from all readings of its
/// stay, in the slowest way. Times are nanoseconds.
private struct PatientPage {
  private struct Reading {
    var known: Int64
    var taken: Int64
    var sign: Int
    var value: Int64
    /// What became of it, with the time at which that was known; nil: withdrawn.
    var changes: [(known: Int64, value: Int64?)] = []
    var id: Int64?
  }

  private struct Stay {
    var readings: [Reading] = []
    /// Time, kind, scale.
    var admissions: [(time: Int64, kind: Int64, scale: Int64)] = []
  }

  private var stays: [Int64: Stay] = [:]
  private let end: Int64
  let every = 5 * minute
  var orphans = 0

  /// Streams 0 adt, 1 observations, 2 vitals; events in event order.
  init(_ events: [Told]) {
    end = events.last?.time ?? 0
    let adt = events.filter { $0.stream == 0 }
    for event in events {
      let c = event.cells
      switch event.stream {
      case 0:
        stays[c[0] ?? 0, default: Stay()].admissions.append((event.time, c[1] ?? 0, c[4] ?? 1))
      case 1:
        let sign = c[2] == 3 ? 3 : Int((c[2] ?? 0) + 4)
        note(
          stay: c[1] ?? 0, sign, value: c[3], status: c[4] ?? 0, taken: (c[5] ?? 0) * .millisecond,
          id: c[0], event.time)
      default:
        if c[3] != 0 { continue }
        let taken = (c[4] ?? 0) * .millisecond
        guard let stay = Self.occupant(c[0] ?? 0, min(taken, event.time), adt) else {
          orphans += 1
          continue
        }
        note(stay: stay, Int(c[1] ?? 0), value: c[2], status: 0, taken: taken, id: nil, event.time)
      }
    }
  }

  /// The last word about a bed at or before a moment.
  private static func occupant(_ bed: Int64, _ time: Int64, _ adt: [Told]) -> Int64? {
    for event in adt.reversed() where event.time <= time {
      let c = event.cells
      if c[1] == 1 && c[3] == bed { return nil }
      if c[2] != bed { continue }
      if c[1] == 2 { return nil }
      if c[1] != 4 { return c[0] }
    }
    return nil
  }

  private mutating func note(
    stay: Int64, _ sign: Int, value: Int64?, status: Int64, taken: Int64, id: Int64?,
    _ known: Int64
  ) {
    var entry = stays[stay] ?? Stay()
    if status == 0 {
      entry.readings.append(
        Reading(known: known, taken: taken, sign: sign, value: value ?? 0, id: id))
    } else {
      for i in entry.readings.indices where entry.readings[i].id == id && id != nil {
        entry.readings[i].changes.append((known, status == 1 ? value : nil))
      }
    }
    stays[stay] = entry
  }

  private struct Slot {
    var points: [Int64?]
    var oldest: Int64?
    var floor: Int64 { points.reduce(0) { $0 + ($1 ?? 0) } }
    var missing: Int64 {
      points.enumerated().reduce(0) { $0 + ($1.element == nil ? 1 << Int64($1.offset) : 0) }
    }
    var isWhole: Bool { !points.contains(nil) }
    func reaches(_ level: Int) -> Bool {
      level == 1 ? floor >= 7 : floor >= 5 || points.contains(3)
    }
    var band: Int64 {
      if !isWhole { return 0 }
      if floor >= 7 { return 5 }
      if floor >= 5 { return 4 }
      return floor == 0 ? 1 : points.contains(3) ? 3 : 2
    }
  }

  /// Whether a stay is open at a moment, or has just been closed there.
  private func isOpen(_ stay: Stay, at time: Int64) -> Bool {
    let last = stay.admissions.last { $0.time <= time && [0, 2, 3].contains($0.kind) }
    return last.map { $0.kind != 2 } ?? false
  }

  private func slot(_ stay: Stay, at g: Int64) -> Slot {
    let valid: [Int64] = [5, 5, 5, 30, 270, 270, 270].map { $0 * minute }
    var values: [Int64?] = []
    var times: [Int64] = []
    for sign in 0..<7 {
      var best: (taken: Int64, value: Int64)?
      for reading in stay.readings where reading.sign == sign && reading.known <= g {
        if reading.taken <= g - valid[sign] || reading.taken > g { continue }
        let changes = reading.changes.filter { $0.known <= g }
        if changes.contains(where: { $0.value == nil }) { continue }
        if reading.taken >= best?.taken ?? .min {
          best = (reading.taken, changes.last?.value ?? reading.value)
        }
      }
      values.append(best?.value)
      if let best { times.append(best.taken) }
    }
    let scale = stay.admissions.last { $0.time <= g }?.scale ?? 1
    let points = (0..<7).map { sign -> Int64? in
      values[sign].map { Self.points(sign, $0, scale, onOxygen: (values[6] ?? 0) > 0) }
    }
    return Slot(points: points, oldest: times.min())
  }

  /// The number of bounds that a value is above picks its points.
  private static func points(
    _ sign: Int, _ value: Int64, _ scale: Int64, onOxygen: Bool
  ) -> Int64 {
    func pick(_ bounds: [Double], _ points: [Int64]) -> Int64 {
      points[bounds.count { Double(value) > $0 * 1_000 }]
    }
    switch sign {
    case 0: return pick([40, 50, 90, 110, 130], [3, 1, 0, 1, 2, 3])
    case 1: return pick([8, 11, 20, 24], [3, 1, 0, 2, 3])
    case 2 where scale == 1: return pick([91, 93, 95], [3, 2, 1, 0])
    case 2 where onOxygen: return pick([83, 85, 87, 92, 94, 96], [3, 2, 1, 0, 1, 2, 3])
    case 2: return pick([83, 85, 87], [3, 2, 1, 0])
    case 3: return pick([90, 100, 110, 219], [3, 2, 1, 0, 3])
    case 4: return pick([35, 36, 38, 39], [3, 1, 0, 1, 2])
    case 5: return value == 0 ? 0 : 3
    default: return value > 0 ? 2 : 0
    }
  }

  private func slots(_ id: Int64) -> [(g: Int64, slot: Slot)] {
    guard let stay = stays[id], let first = stay.admissions.first?.time else { return [] }
    var found: [(Int64, Slot)] = []
    var g = first / every * every
    while g <= end {
      if g >= first && isOpen(stay, at: g) { found.append((g, slot(stay, at: g))) }
      g += every
    }
    return found
  }

  func scores() -> [Answer] {
    stays.keys.sorted().flatMap { id in
      slots(id).map { g, slot in
        Answer(
          key: [id, g],
          value: [slot.isWhole ? slot.floor : nil, slot.floor, slot.missing] + slot.points
            + [slot.band, slot.oldest], time: g)
      }
    }
  }

  func alarms() -> [Answer] {
    stays.keys.sorted().flatMap { id in (0..<2).flatMap { alarms(id, level: $0) } }
  }

  private func alarms(_ id: Int64, level: Int) -> [Answer] {
    var answers: [Answer] = []
    var raised: Int64?
    var calm = 0
    var last = Int64.min
    var floor: Int64 = 0
    func add(_ phase: Int64, _ at: Int64, _ reason: Int64, _ floor: Int64) {
      answers.append(
        Answer(key: [id, Int64(level), raised, phase], value: [at, reason, floor], time: at))
    }
    /// A discharge between two slots ends what is active.
    func discharge(before g: Int64) {
      let away = stays[id]?.admissions.first {
        $0.kind == 2 && $0.time > last && $0.time <= g
      }
      if raised != nil, let away {
        add(1, away.time, 3, floor)
        raised = nil
      }
    }
    for (g, slot) in slots(id) {
      discharge(before: g)
      if raised == nil {
        if slot.reaches(level) {
          raised = g
          calm = 0
          add(0, g, slot.floor >= (level == 0 ? 5 : 7) ? 0 : 1, slot.floor)
        }
      } else {
        calm = slot.isWhole && !slot.reaches(level) ? calm + 1 : 0
        if calm == 3 {
          add(1, g, 2, slot.floor)
          raised = nil
        }
      }
      last = g
      floor = slot.floor
    }
    discharge(before: end)
    return answers
  }
}

@Suite struct PatientAnswerTests {
  private func patients(_ query: String) throws -> Workload {
    try Population.workload(
      "patient-monitoring", query, rate: 1_000,
      [
        ("pairs", .count(4)), ("correct", .ratio(Ratio(1, 10))), ("withdraw", .ratio(Ratio(1, 10))),
        ("probe_off", .count(300)), ("wrong_discharge", .ratio(Ratio(1, 2))),
        ("scale2", .ratio(Ratio(1, 2))),
      ])
  }

  /// Seven hours of four pairs.
  private let end = Instant(ns: 8 * .second)

  @Test func `scores are what the page says`() throws {
    let workload = try patients("scores")
    let page = PatientPage(try Population.events(workload, until: end))
    let scores = page.scores()
    #expect(scores.count > 150)
    let whole = scores.filter { $0.value[0] != nil }
    #expect(whole.count > scores.count / 4)
    #expect(scores.allSatisfy { (0...20).contains($0.value[1] ?? -1) })
    #expect(scores.allSatisfy { ($0.value[0] == nil) == ($0.value[2] != 0) })
    #expect(scores.allSatisfy { [nil, 0, 2].contains($0.value[9]) })
    let due = scores.map(\.text).sorted()
    #expect(Population.oracle(workload, until: end) == due)
    #expect(try Population.engine(workload, until: end, tasks: 2) == due)
  }

  @Test func `alarms are what the page says, and come in pairs`() throws {
    let workload = try patients("alarms")
    let alarms = PatientPage(try Population.events(workload, until: end)).alarms()
    #expect(alarms.count > 4)
    let due = alarms.map(\.text).sorted()
    #expect(Population.oracle(workload, until: end) == due)
    #expect(try Population.engine(workload, until: end, tasks: 1) == due)
    for (_, own) in Dictionary(grouping: alarms, by: { [$0.key[0], $0.key[1]] }) {
      let sorted = own.sorted { ($0.time, $0.key[3] ?? 0) < ($1.time, $1.key[3] ?? 0) }
      // START and END take turns, and an end is later than its start.
      for (i, alarm) in sorted.enumerated() {
        #expect(alarm.key[3] == Int64(i % 2))
        if i % 2 == 1 {
          #expect(alarm.key[2] == sorted[i - 1].key[2] && alarm.time > sorted[i - 1].time)
        }
      }
    }
  }

  @Test func `lactate around an alarm is the same in the engine and in the oracle`() throws {
    let workload = try Population.workload(
      "patient-monitoring", "screen", rate: 1_000,
      [("pairs", .count(4)), ("lab_rate", .count(1_000)), ("deterioration", .ratio(.one))])
    let due = Population.oracle(workload, until: end)
    #expect(due.count > 1)
    #expect(try Population.engine(workload, until: end, tasks: 2) == due)
  }

  /// Ten o'clock, in milliseconds since 1970.
  private let ten: Int64 = 36_000_000

  /// The readings of the page's example, of stay 9 in bed 4: admitted at 9:58.
  private func example(
    saturation: [(taken: Int64, value: Int64)] = [(3, 96_000), (4, 93_000)], oxygen: Bool = true,
    pulse: Int64 = 112_000, scale: Int64 = 1
  ) -> [Small] {
    var events: [Small] = []
    func add(_ stream: Int, _ at: Int64, _ cells: [Int64?]) {
      let sequence = UInt64(events.filter { $0.source == UInt32(stream) }.count)
      events.append(Small(at, UInt32(stream), sequence, cells, stream: stream))
    }
    add(0, ten - 120_000, [9, 0, 4, nil, scale])
    func chart(_ code: Int64, _ value: Int64) {
      add(1, ten + 60_000, [100 + code, 9, code, value, 0, ten + 30_000])
    }
    chart(0, 38_400)
    chart(1, 0)
    if oxygen { chart(2, 2_000) }
    chart(3, 105_000)
    func vital(_ code: Int64, _ minute: Int64, _ value: Int64) {
      add(2, ten + minute * 60_000 + 100, [4, code, value, 0, ten + minute * 60_000])
    }
    for (taken, value) in saturation { vital(2, taken, value) }
    vital(0, 4, pulse)
    vital(1, 4, 22_000)
    // Something at 10:06, so that the run lasts beyond the slot.
    vital(1, 6, 22_000)
    return events
  }

  /// Aggregate or null, floor, band at 10:05.
  private func score(_ events: [Small]) throws -> [Int64?] {
    let plan = try patients("scores").plan
    let slot = (ten + 300_000) * .millisecond
    let rows = Population.oracle(workload(events, plan), until: .distantFuture)
    let page = PatientPage(
      events.map {
        Told(
          stream: $0.stream, source: $0.source, sequence: $0.sequence,
          time: $0.time * .millisecond, cells: $0.columns)
      }.sorted { ($0.time, $0.source, $0.sequence) < ($1.time, $1.source, $1.sequence) })
    let scores = page.scores()
    #expect(rows == scores.map(\.text).sorted())
    let answer = try #require(scores.first { $0.key[1] == slot })
    return [answer.value[0], answer.value[1], answer.value[10]]
  }

  @Test func `the worked example, and what anomalies make of it`() throws {
    #expect(try score(example()) == [10, 10, 5])
    #expect(try score(example(scale: 2)) == [9, 9, 5])
    // 93 lost, 96 of 10:03 is still valid.
    #expect(try score(example(saturation: [(3, 96_000)])) == [8, 8, 5])
    #expect(try score(example(oxygen: false)) == [nil, 8, 0])
    // Read twice: the last value wins.
    #expect(
      try score(example(saturation: [(3, 96_000), (4, 93_000), (4, 93_000)])) == [10, 10, 5])
    // The older value arrives last.
    #expect(try score(example(saturation: [(4, 93_000), (3, 96_000)])) == [10, 10, 5])
    #expect(try score(example(pulse: 12_000)) == [11, 11, 5])
  }
}
