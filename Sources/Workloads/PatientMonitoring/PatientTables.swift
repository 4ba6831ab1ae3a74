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
  /// Paths of the five numeric signs.
  let path: [StationaryPath]
  let outageLengths: QuantileTable
  let probeLengths: QuantileTable
  let entryDelays: QuantileTable
  let changeDelays: QuantileTable
  let admissionDelays: QuantileTable

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
  }
}
