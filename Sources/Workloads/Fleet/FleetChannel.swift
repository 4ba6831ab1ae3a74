import Draws

/// When a vehicle reports and when its reports are sent: one slot of four hours of its day alone.
/// Sends are in milliseconds since 1970.
struct FleetChannel {
  private let families: FleetFamilies
  private let settings: FleetSettings
  private let gaps: GapTable
  private let delays: QuantileTable
  private let shortOutages: QuantileTable
  private let longOutages: QuantileTable

  private static let longestDelay: Int64 = 12_000
  /// Records a second when a history is flushed.
  static let flushSpacing: Int64 = 50
  /// Seconds kept free around the border of what is too late.
  private static let slack = 600

  struct Report {
    var second: Int
    var send: Int64
    /// Its number in the slot; a copy has that of its original.
    var number: Int
    var isHistory: Bool
  }

  init(settings: FleetSettings, families: FleetFamilies) {
    self.settings = settings
    self.families = families
    gaps = GapTable()
    delays = QuantileTable(range: 0...Self.longestDelay) { p in
      900 * portableExp(0.8 * normalQuantile(p))
    }
    shortOutages = QuantileTable(range: 120...1_500) { 120 * portableExp($0 * portableLog(12.5)) }
    longOutages = QuantileTable(range: 7_200...12_600) {
      7_200 * portableExp($0 * portableLog(1.75))
    }
  }

  /// How long after the start of a slot anything of it may be sent, in seconds: an outage, its
  /// history lag, a flush of at most as many records as there are seconds / 2, a feed gap.
  static func reach(_ settings: FleetSettings) -> Int {
    FleetDay.slot + settings.historyLag.upperBound + FleetDay.slot / 2 / 20
      + settings.unacked / 20 + feedGap + 1
  }

  private struct Outage {
    var from: Int
    var to: Int
    var flush: Int
    /// Seconds in which the device is silent, so that nothing is nearly too late.
    var silence: Range<Int>
  }

  private func outage(_ day: FleetDay, _ slot: Int) -> Outage? {
    let draws = families.outage.indexed(UInt64(day.vehicle))
      .indexed(UInt64(bitPattern: Int64(day.day))).stream(UInt64(slot))
    if draws.word(0) >= threshold(settings.deadSpot) { return nil }
    let isLong = draws.word(1) < threshold(settings.deadSpotLong)
    let length = Int((isLong ? longOutages : shortOutages).sample(draws.word(2)))
    let start = day.start + slot * FleetDay.slot
    let from = start + Int(draws.below(UInt64(FleetDay.slot - length), 3))
    let lag = settings.historyLag
    let flush =
      from + length + lag.lowerBound + Int(draws.below(UInt64(lag.count), 4))
    let border = flush - settings.lateAfter
    let silence =
      isLong ? (border - Self.slack - settings.longestGap)..<(border + Self.slack) : 0..<0
    return Outage(from: from, to: from + length, flush: flush, silence: silence)
  }

  /// The reports of a slot: live ones in order, then copies and history in order.
  func reports(_ day: FleetDay, slot: Int, into reports: inout [Report]) {
    reports.removeAll(keepingCapacity: true)
    let start = day.start + slot * FleetDay.slot
    let end = min(start + FleetDay.slot, day.end)
    if start >= end { return }
    let outage = outage(day, slot)
    let draws = families.report.indexed(UInt64(day.vehicle))
      .indexed(UInt64(bitPattern: Int64(day.day))).stream(UInt64(slot))
    let modes = families.mode.stream(UInt64(day.vehicle))
    var kept: [(second: Int, number: Int)] = []
    var lastSend = Int64.min
    var second = start
    var number = 0
    while second < end {
      if let outage, outage.from <= second && second < outage.to {
        if !outage.silence.contains(second) { kept.append((second, number)) }
      } else {
        let ready = Int64(second) * 1_000 + delays.sample(draws.word(UInt64(number) << 3 | 1))
        // In order within the channel, over the border to the next slot as well.
        lastSend = max(lastSend, min(ready, max(Int64(end), Int64(second)) * 1_000))
        reports.append(
          Report(second: second, send: feed(lastSend), number: number, isHistory: false))
      }
      let isSteady = modes.word(UInt64(second / 3_600)) >> 63 == 0
      second += gaps.sample(
        draws.word(UInt64(number) << 3), draws.word(UInt64(number) << 3 | 2), isSteady)
      number += 1
    }
    if let outage { flush(outage, kept, into: &reports) }
  }

  private func flush(
    _ outage: Outage, _ kept: [(second: Int, number: Int)], into reports: inout [Report]
  ) {
    if kept.isEmpty { return }
    let before = reports.prefix { $0.second < outage.from }.suffix(settings.unacked)
    var send = Int64(outage.flush) * 1_000
    for original in Array(before) {
      var copy = original
      copy.send = feed(send)
      reports.append(copy)
      send += Self.flushSpacing
    }
    for (second, number) in kept {
      reports.append(Report(second: second, send: feed(send), number: number, isHistory: true))
      send += Self.flushSpacing
    }
  }

  /// Seconds that the feed of the whole fleet may be held.
  static let feedGap = 110
  /// Slots of a day that may hold one gap each.
  private static let feedSlots = 25

  /// The whole feed is held now and then: what comes in a gap is sent at its end.
  private func feed(_ send: Int64) -> Int64 {
    if settings.feedGaps == 0 { return send }
    let length = Int64(86_400_000 / Self.feedSlots)
    let slot = floorDivide(send, length)
    let counter = UInt64(bitPattern: slot) &* 4
    if families.feed.below(UInt64(Self.feedSlots), counter) >= UInt64(settings.feedGaps) {
      return send
    }
    let held = 60_000 + Int64(families.feed.below(50_001, counter &+ 1))
    let from = slot * length + Int64(families.feed.below(UInt64(length - held), counter &+ 2))
    return send >= from && send < from + held ? from + held : send
  }
}

/// Seconds from one report to the next, as measured on the buses of Capital Metro.
struct GapTable {
  private let kinds: AliasTable
  private let body: QuantileTable

  private static let atoms: [(seconds: Int, share: Double)] = [
    (119, 0.0860), (90, 0.0574), (30, 0.0234), (89, 0.0090), (121, 0.0087), (60, 0.0064),
    (29, 0.0045),
  ]
  /// Of the gaps that are no atoms: body, 122..140 s, 141..300 s, above.
  private static let rest = [0.3045, 0.015, 0.006, 0.0018]
  private static let bodyKnots: [(p: Double, seconds: Double)] = [
    (0, 2), (0.05, 14), (0.1, 21), (0.2, 32), (0.3, 39), (0.4, 47), (0.5, 55), (0.6, 65),
    (0.7, 75), (0.8, 86), (0.9, 102), (0.95, 110), (1, 118),
  ]

  init() {
    kinds = AliasTable(weights: Self.atoms.map(\.share) + Self.rest)
    body = QuantileTable(range: 2...119) { p in
      for (a, b) in zip(Self.bodyKnots, Self.bodyKnots.dropFirst()) where p <= b.p {
        return a.seconds + (b.seconds - a.seconds) * (p - a.p) / (b.p - a.p)
      }
      return 118
    }
  }

  func sample(_ word: UInt64, _ second: UInt64, _ isSteady: Bool) -> Int {
    // 84 or 20 % of the gaps are 120 s.
    if word & 0xffff < (isSteady ? 55_050 : 13_107) { return 120 }
    let kind = kinds.pick(second)
    if kind < Self.atoms.count { return Self.atoms[kind].seconds }
    let place = (word >> 16) << 16
    func among(_ range: ClosedRange<Int>) -> Int {
      range.lowerBound + Int(place.multipliedFullWidth(by: UInt64(range.count)).high)
    }
    switch kind - Self.atoms.count {
    case 0: return Int(body.sample(place))
    case 1: return among(122...140)
    case 2: return among(141...300)
    default:
      let part = Double(place >> 11) * 0x1p-53
      return Int(300 * portableExp(part * portableLog(12)))
    }
  }
}
