import Draws

/// Named draws and tables that all makers of the workload share.
///
/// Unchecked: filled once, before anyone reads it.
final class PatientTables: @unchecked Sendable {
  let settings: PatientSettings
  let pairs: DrawFamily
  let spacings: DrawFamily
  let stays: DrawFamily
  let paths: DrawFamily
  let deteriorations: DrawFamily
  let monitors: DrawFamily
  let panels: DrawFamily
  let probes: DrawFamily
  let outages: DrawFamily
  let rounds: DrawFamily
  let admissions: DrawFamily
  let labs: DrawFamily
  /// Paths of the five numeric signs.
  let path: [StationaryPath]
  let outageLengths: QuantileTable
  let probeLengths: QuantileTable
  let entryDelays: QuantileTable
  let changeDelays: QuantileTable
  let admissionDelays: QuantileTable
  /// By section of the laboratory.
  let labDelays: [QuantileTable]
  /// The power tail of delays: from six hours on, exponent 0.86.
  let longLabDelays: QuantileTable
  let labChangeDelays: QuantileTable
  let apartDelays: QuantileTable
  /// Chances of at most 0, 1, 2, ... draws in a cell.
  let fewDraws: [UInt64]
  let someDraws: [UInt64]
  let manyDraws: [UInt64]

  static let longestOutage = 15 * minuteMillis
  static let longestProbe = 60 * minuteMillis
  static let longestChange = 6 * hourMillis

  init(seed: UInt64, settings: PatientSettings) {
    func family(_ purpose: String) -> DrawFamily {
      DrawFamily(seed: seed, component: "healthcare.monitoring", purpose: purpose)
    }
    self.settings = settings
    pairs = family("boundary")
    spacings = family("spacing")
    stays = family("stay")
    paths = family("path")
    deteriorations = family("deterioration")
    monitors = family("monitor")
    panels = family("panel")
    probes = family("probe")
    outages = family("outage")
    rounds = family("round")
    admissions = family("adt")
    labs = family("labs")
    path = [
      StationaryPath(tau: 30 * minuteMillis, step: 5 * minuteMillis),
      StationaryPath(tau: 20 * minuteMillis, step: 5 * minuteMillis),
      StationaryPath(tau: 20 * minuteMillis, step: 5 * minuteMillis),
      StationaryPath(tau: 60 * minuteMillis, step: 10 * minuteMillis),
      StationaryPath(tau: 600 * minuteMillis, step: 60 * minuteMillis),
    ]
    outageLengths = logNormalTable(median: minuteMillis, sigma: 0.9, most: Self.longestOutage)
    probeLengths = logNormalTable(median: 5 * minuteMillis, sigma: 0.8, most: Self.longestProbe)
    entryDelays = logNormalTable(
      median: settings.entryDelay, sigma: 0.9, most: settings.longestEntry)
    changeDelays = logNormalTable(
      median: 20 * minuteMillis, sigma: 1, most: Self.longestChange)
    admissionDelays = logNormalTable(
      median: settings.adtDelay, sigma: 0.8, most: settings.longestADT)
    labDelays = LabSection.all.map {
      logNormalTable(median: $0.median, sigma: $0.sigma, most: LabMaker.oldest)
    }
    longLabDelays = QuantileTable(range: 0...LabMaker.oldest) { p in
      Double(6 * hourMillis) * portableExp(-portableLog(1 - p) / 0.86)
    }
    labChangeDelays = logNormalTable(
      median: 3 * hourMillis, sigma: 1, most: LabMaker.longestChange - 1)
    apartDelays = logNormalTable(
      median: 12 * minuteMillis, sigma: 0.9, most: LabMaker.longestApart - 1)
    fewDraws = Self.poisson(0.3)
    someDraws = Self.poisson(1)
    manyDraws = Self.poisson(1.98)
  }

  private static func poisson(_ mean: Double) -> [UInt64] {
    var chance = portableExp(-mean)
    var sum = 0.0
    return (0..<12).map { n in
      sum += chance
      chance *= mean / Double(n + 1)
      return threshold(sum)
    }
  }
}
