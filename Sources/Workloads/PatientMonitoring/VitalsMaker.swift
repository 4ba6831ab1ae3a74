import Draws

/// A value that a monitor sends. Times are milliseconds since 1970.
struct VitalReading {
  var bed: Int64
  var code: VitalCode
  /// Thousandths of the unit; nil where the probe is off.
  var value: Int64?
  /// By the monitor's own clock.
  var takenAt: Int64
  var sentAt: Int64
}

/// Symbols of the enum `code` of vitals, in their order.
enum VitalCode: Int64 {
  case heartRate, respiration, saturation, systolic, heartbeat
}

/// The monitors of a pair of beds: panels at a steady beat while a patient is connected.
struct VitalsMaker {
  private let tables: PatientTables
  private let settings: PatientSettings

  /// Panels from one blood pressure to the next.
  private static let pressureEvery: Int64 = 15
  private static let jitter: Int64 = 200
  private static let outageSlot = 12 * hourMillis
  /// How much faster than time a flush runs.
  private static let flushSpeed: Int64 = 20
  private static let wardPairs = 6

  init(_ tables: PatientTables) {
    self.tables = tables
    settings = tables.settings
  }

  private struct Outage {
    var start: Int64
    var length: Int64

    func send(_ taken: Int64, _ usual: Int64) -> Int64 {
      taken < start ? usual : max(usual, start + length + (taken - start) / VitalsMaker.flushSpeed)
    }

    /// When what is sent may be late, a second to spare.
    var touched: Range<Int64> { start..<(start + length * 20 / 19 + 2_000) }
  }

  private func outage(ward: Int, slot: Int64) -> Outage? {
    let draws = tables.outages.indexed(UInt64(ward)).stream(UInt64(bitPattern: slot))
    if draws.word(0) >= threshold(settings.outage) { return nil }
    let length = tables.outageLengths.sample(draws.word(1))
    let free = UInt64(Self.outageSlot - length)
    return Outage(start: slot * Self.outageSlot + Int64(draws.below(free, 2)), length: length)
  }

  /// Everything that both beds' monitors send in [from, to).
  func readings(_ pair: BedPair, from: Int64, to: Int64, into made: inout [VitalReading]) {
    let ward = pair.pair / Self.wardPairs
    var outages: [Outage] = []
    var reach: Int64 = 1_000
    let low = floorDivide(from - 2 * PatientTables.longestOutage, Self.outageSlot)
    for slot in low...floorDivide(to, Self.outageSlot) {
      guard let outage = outage(ward: ward, slot: slot) else { continue }
      if outage.touched.lowerBound >= to || outage.touched.upperBound <= from { continue }
      outages.append(outage)
      reach = 2 * PatientTables.longestOutage
    }
    for stay in pair.stays(from: from - reach, to: to) {
      for stepDown in [false, true] {
        guard let presence = stay.presence(stepDown: stepDown) else { continue }
        let connected = presence.lowerBound + Self.connection(stay, stepDown)
        let first = max(connected, from - reach)
        let last = min(presence.upperBound, to)
        if first >= last { continue }
        panels(
          stay, bed: stay.bed(stepDown: stepDown), connected: connected..<presence.upperBound,
          first: first, last: last, sent: from..<to, outages, into: &made)
      }
    }
  }

  /// Two to eight minutes after admission, one to four after a transfer.
  private static func connection(_ stay: Stay, _ stepDown: Bool) -> Int64 {
    stepDown
      ? minuteMillis + Int64(stay.draws.below(UInt64(3 * minuteMillis), 111))
      : 2 * minuteMillis + Int64(stay.draws.below(UInt64(6 * minuteMillis), 110))
  }

  private func panels(
    _ stay: Stay, bed: Int64, connected: Range<Int64>, first: Int64, last: Int64,
    sent: Range<Int64>, _ outages: [Outage], into made: inout [VitalReading]
  ) {
    let monitor = tables.monitors.stream(UInt64(bed))
    let draws = tables.panels.stream(UInt64(bed))
    let every = settings.vitalEvery
    let phase = Int64(monitor.below(UInt64(every), 0))
    let jitter = min(Self.jitter, every / 3)
    let clock = MonitorClock(monitor, settings)
    var body = Physiology(stay, tables: tables)
    let probes = ProbeStates(bed: bed, tables: tables)
    let low = floorDivide(first - phase, every)
    let high = floorDivide(last - phase, every) + 1
    for n in low...high {
      let base = UInt64(bitPattern: n) << 3
      let taken = phase + n * every - jitter + Int64(draws.below(UInt64(2 * jitter + 1), base))
      if !connected.contains(taken) { continue }
      var sentAt = taken + 40 + Int64(draws.below(211, base | 1))
      for outage in outages { sentAt = outage.send(taken, sentAt) }
      if !sent.contains(sentAt) { continue }
      let stamp = clock.stamp(taken)
      let severity = body.severity(at: taken)
      func add(_ code: VitalCode, _ value: Int64?) {
        made.append(
          VitalReading(bed: bed, code: code, value: value, takenAt: stamp, sentAt: sentAt))
      }
      for code in [VitalCode.heartRate, .respiration, .saturation] {
        let sign = VitalSign.allCases[Int(code.rawValue)]
        let isOff = probes.isOff(code, at: taken)
        add(code, isOff ? nil : body.value(sign, at: taken, severity: severity))
      }
      if (n &+ bed) % Self.pressureEvery == 0 && draws.below(100, base | 2) >= 3 {
        add(.systolic, body.value(.systolic, at: taken, severity: severity))
      }
    }
  }
}

/// The clock of a monitor: wrong by an offset, set once a day, drifting between.
struct MonitorClock {
  private let offset: Int64
  /// Parts per billion.
  private let drift: Int64
  private let phase: Int64
  private static let day: Int64 = 86_400_000

  init(_ draws: DrawStream, _ settings: PatientSettings) {
    let wide = Double(settings.clockOffset)
    offset = Int64(wide * min(max(NormalTable.shared.sample(draws.word(1)), -5), 5))
    let most = settings.clockDrift * 1_000
    drift = Int64(draws.below(UInt64(2 * most + 1), 2)) - most
    phase = Int64(draws.below(UInt64(Self.day), 3))
  }

  func stamp(_ millis: Int64) -> Int64 {
    let sinceSync = (millis - phase) - floorDivide(millis - phase, Self.day) * Self.day
    return millis + offset + sinceSync * drift / 1_000_000_000
  }
}

/// Whether a probe of a bed is off: at most one episode an hour and sign.
struct ProbeStates {
  private let draws: [DrawStream]
  private let tables: PatientTables
  private static let hourly = [0.06, 0.08, 0.25]

  init(bed: Int64, tables: PatientTables) {
    let family = tables.probes.indexed(UInt64(bed))
    draws = (0..<3).map { family.stream(UInt64($0)) }
    self.tables = tables
  }

  func isOff(_ code: VitalCode, at millis: Int64) -> Bool {
    let i = Int(code.rawValue)
    let slot = floorDivide(millis, hourMillis)
    let chance = threshold(min(1, Self.hourly[i] * tables.settings.probeOff))
    for slot in [slot - 1, slot] {
      let base = UInt64(bitPattern: slot) << 2
      if draws[i].word(base) >= chance { continue }
      let start = slot * hourMillis + Int64(draws[i].below(UInt64(hourMillis), base | 1))
      let length = tables.probeLengths.sample(draws[i].word(base | 2))
      if millis >= start && millis < start + length { return true }
    }
    return false
  }
}
