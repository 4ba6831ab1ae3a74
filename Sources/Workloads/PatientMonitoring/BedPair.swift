import Draws

/// Milliseconds.
let minuteMillis: Int64 = 60_000
let hourMillis: Int64 = 3_600_000

/// A critical-care bed and its step-down bed: who lies in them, known for any moment alone. Times
/// are milliseconds since 1970.
struct BedPair: Sendable {
  let pair: Int
  /// Mean time between boundaries.
  let spacing: Int64
  private let draws: DrawStream
  private let stays: DrawFamily
  private let settings: PatientSettings

  /// 26.4 hours.
  private static let shortest: Int64 = 95_040_000
  static let stayBits = 20

  init(pair: Int, families: PatientTables) {
    self.pair = pair
    settings = families.settings
    draws = families.pairs.stream(UInt64(pair))
    stays = families.stays.indexed(UInt64(pair))
    let place = families.spacings.stream(UInt64(pair)).below(100, 0)
    let doublings: Int64 = place < 10 ? 0 : place < 35 ? 1 : place < 65 ? 2 : place < 90 ? 3 : 4
    spacing = Self.shortest << doublings
  }

  /// When one patient follows another; at least 158 minutes apart.
  func boundary(_ k: Int64) -> Int64 {
    let width = spacing * 9 / 10
    let shift = Int64(draws.below(UInt64(width), UInt64(bitPattern: k)))
    return k * spacing + shift - width / 2
  }

  /// The stay that begins after boundary `k`.
  func stay(_ k: Int64) -> Stay {
    let draws = stays.stream(UInt64(bitPattern: k))
    let next = boundary(k + 1)
    let admitted = boundary(k) + 30 * minuteMillis
    var stay = Stay(
      id: Int64(pair) << Int64(Self.stayBits) | (k & (1 << Int64(Self.stayBits) - 1)), pair: pair,
      admitted: admitted, discharged: next - 45 * minuteMillis, draws: draws)
    if draws.below(10, 0) < 6 {
      stay.transferred = next - 45 * minuteMillis
      stay.discharged = boundary(k + 2) - 60 * minuteMillis
    } else if draws.word(1) < threshold(settings.wrongDischarge) {
      let wrong = stay.discharged - 25 * minuteMillis
      stay.wrongDischarge = wrong
      stay.cancelled = wrong + 3 * minuteMillis + Int64(draws.below(UInt64(12 * minuteMillis), 2))
    }
    if draws.word(3) < threshold(settings.scale2) {
      stay.scaleChanged =
        admitted + 10 * minuteMillis + Int64(draws.below(UInt64(30 * minuteMillis), 4))
    }
    return stay
  }

  /// The stays of which something may happen in [from, to): those present in it.
  func stays(from: Int64, to: Int64) -> [Stay] {
    var found: [Stay] = []
    let low = floorDivide(from, spacing) - 2
    for k in low...(floorDivide(to, spacing) + 1) {
      // A stay lasts from one boundary to the one after the next at most.
      if boundary(k) >= to || boundary(k + 2) <= from { continue }
      let stay = stay(k)
      if stay.admitted < to && stay.discharged > from { found.append(stay) }
    }
    return found
  }

  /// Who lies in the critical-care or the step-down bed at a moment.
  func occupant(stepDown: Bool, at millis: Int64) -> Stay? {
    stays(from: millis, to: millis + 1).first {
      guard let range = $0.presence(stepDown: stepDown) else { return false }
      return range.contains(millis)
    }
  }
}

/// A patient's stay. Times are milliseconds since 1970.
struct Stay: Sendable {
  var id: Int64
  var pair: Int
  var admitted: Int64
  var discharged: Int64
  /// From the critical-care bed to the step-down bed.
  var transferred: Int64?
  /// A discharge that was a mistake, and when it was taken back.
  var wrongDischarge: Int64?
  var cancelled: Int64?
  /// When the oxygen target became that of scale 2.
  var scaleChanged: Int64?
  /// Counters below 100 belong to `BedPair`.
  let draws: DrawStream

  init(id: Int64, pair: Int, admitted: Int64, discharged: Int64, draws: DrawStream) {
    self.id = id
    self.pair = pair
    self.admitted = admitted
    self.discharged = discharged
    self.draws = draws
  }

  func scale(at millis: Int64) -> Int64 {
    if let scaleChanged, millis >= scaleChanged { return 2 }
    return 1
  }

  /// When the patient lies in one of the two beds; nil if never.
  func presence(stepDown: Bool) -> Range<Int64>? {
    if !stepDown { return admitted..<(transferred ?? discharged) }
    guard let transferred else { return nil }
    return transferred..<discharged
  }

  func bed(stepDown: Bool) -> Int64 { Int64(2 * pair + (stepDown ? 1 : 0)) }
}
