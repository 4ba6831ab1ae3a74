import Draws

/// What is measured of a patient. Raw values are the positions in the points of NEWS2.
enum VitalSign: Int, CaseIterable, Sendable {
  case heartRate, respiration, saturation, systolic, temperature, consciousness, oxygen
}

/// The true course of a patient's vital signs: means of the stay, paths around them, and
/// deteriorations. Made for one stay; quick while times rise.
struct Physiology {
  private let means: [Double]
  private let paths: [DrawStream]
  private var cells: [StationaryPath.Cell]
  private let episodes: DrawStream
  private let tables: PatientTables
  private let admitted: Int64

  /// Hours in which a deterioration may begin, at most one.
  static let cellLength = 6 * hourMillis

  /// Standard deviation of the path, and what a severity of one adds, of the five numeric signs.
  private static let spread = [5, 1.2, 0.9, 7, 0.15]
  private static let effect = [11, 2.6, -1.4, -9, 0.3]
  private static let least = [20.0, 4, 50, 40, 26]
  private static let most = [290.0, 110, 100, 290, 44]

  init(_ stay: Stay, tables: PatientTables) {
    let normal = NormalTable.shared
    let frailty = normal.sample(stay.draws.word(100))
    func own(_ i: UInt64) -> Double { normal.sample(stay.draws.word(101 + i)) }
    let target = stay.scaleChanged == nil ? 0.0 : -5.5
    means = [
      84 + 10 * own(0) + 3 * frailty, 17.1 + 1.5 * own(1) + 0.7 * frailty,
      96.9 - frailty + target, 126 + 15 * own(2) - 2 * frailty, 36.9 + 0.32 * own(3),
    ]
    let family = tables.paths.indexed(UInt64(stay.id))
    paths = (0..<5).map { family.stream(UInt64($0)) }
    cells = [StationaryPath.Cell](repeating: StationaryPath.Cell(), count: 5)
    episodes = tables.deteriorations.stream(UInt64(stay.id))
    admitted = stay.admitted
    self.tables = tables
  }

  /// How ill a patient is: 0 to 3.
  func severity(at millis: Int64) -> Double {
    let cell = floorDivide(millis - admitted, Self.cellLength)
    return max(severity(at: millis, of: cell), severity(at: millis, of: cell - 1))
  }

  private func severity(at millis: Int64, of cell: Int64) -> Double {
    if cell < 0 { return 0 }
    let base = UInt64(cell) << 3
    if episodes.word(base) >= threshold(tables.settings.deterioration) { return 0 }
    let start =
      admitted + cell * Self.cellLength + Int64(episodes.below(UInt64(3 * hourMillis), base | 1))
    let worst = Double(episodes.word(base | 2) >> 11) * 0x1p-53 * 3
    let rise = 30 * minuteMillis + Int64(episodes.below(UInt64(90 * minuteMillis), base | 3))
    let hold = 60 * minuteMillis + Int64(episodes.below(UInt64(180 * minuteMillis), base | 4))
    let fall = 90 * minuteMillis
    let gone = millis - start
    if gone <= 0 || gone >= rise + hold + fall { return 0 }
    if gone < rise { return worst * Double(gone) / Double(rise) }
    if gone <= rise + hold { return worst }
    return worst * Double(rise + hold + fall - gone) / Double(fall)
  }

  /// A numeric sign in thousandths of its unit, rounded to what a device shows: whole units, a
  /// tenth of a degree.
  mutating func value(_ sign: VitalSign, at millis: Int64, severity: Double) -> Int64 {
    let i = sign.rawValue
    let path = tables.path[i].value(at: millis, paths[i], &cells[i])
    let raw = means[i] + Self.spread[i] * path + Self.effect[i] * severity
    let kept = min(max(raw, Self.least[i]), Self.most[i])
    if sign == .temperature { return Int64(kept * 10 + 0.5) * 100 }
    return Int64(kept + 0.5) * 1_000
  }
}
