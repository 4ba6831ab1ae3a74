import Bytes
import Draws

/// A test of a laboratory: its name, the median of its values, the deviation of their logarithm,
/// and their unit.
struct LabTest: Sendable {
  let name: String
  let median: Double
  let sigma: Double
  let unit: String
  /// As a plan reads the name.
  let digest: Int64

  init(_ name: String, _ median: Double, _ sigma: Double, _ unit: String) {
    self.name = name
    self.median = median
    self.sigma = sigma
    self.unit = unit
    digest = Int64(bitPattern: digest64(Array(name.utf8)))
  }
}

/// Sections of the laboratory in the order of the enum `section`, as the results of eICU have them.
struct LabSection: Sendable {
  /// Mean time between draws of a bed, minutes.
  let gap: Int64
  /// Delays of zero and below it, per ten thousand; median in milliseconds and deviation of the
  /// logarithm of the others.
  let zero: UInt64
  let negative: UInt64
  let median: Int64
  let sigma: Double
  /// Shares of panel sizes in per cent, the rest uniform.
  let sizes: [(percent: UInt64, sizes: ClosedRange<Int>)]
  let rest: ClosedRange<Int>
  let menu: [LabTest]

  static let chemistry = LabSection(
    gap: 1_000, zero: 1_400, negative: 140, median: 45 * minuteMillis, sigma: 0.81,
    sizes: [(18, 1...1), (35, 8...10), (18, 15...17)], rest: 2...27,
    menu: [
      LabTest("potassium", 3.9, 0.15, "mmol/L"), LabTest("sodium", 138, 0.04, "mmol/L"),
      LabTest("glucose", 124, 0.38, "mg/dL"), LabTest("chloride", 103.5, 0.07, "mmol/L"),
      LabTest("creatinine", 0.95, 0.72, "mg/dL"), LabTest("BUN", 20, 0.62, "mg/dL"),
      LabTest("calcium", 8.3, 0.09, "mg/dL"), LabTest("bicarbonate", 26, 0.23, "mmol/L"),
      LabTest("anion gap", 10, 0.47, "mmol/L"), LabTest("magnesium", 1.9, 0.21, "mg/dL"),
      LabTest("albumin", 2.8, 0.27, "g/dL"), LabTest("AST", 32, 1.20, "U/L"),
      LabTest("total protein", 6.2, 0.17, "g/dL"), LabTest("ALT", 26, 0.95, "U/L"),
      LabTest("alkaline phosphatase", 86, 0.48, "U/L"),
      LabTest("total bilirubin", 0.6, 0.85, "mg/dL"), LabTest("phosphate", 3.15, 0.37, "mg/dL"),
      LabTest("troponin I", 0.17, 1.99, "ng/mL"), LabTest("CPK", 133, 1.29, "U/L"),
    ] + others("chem", 20...27))

  static let haematology = LabSection(
    gap: 4_200, zero: 1_200, negative: 120, median: 32 * minuteMillis, sigma: 0.99,
    sizes: [(22, 1...2), (19, 9...10), (41, 13...16)], rest: 3...23,
    menu: [
      LabTest("Hgb", 9.8, 0.21, "g/dL"), LabTest("Hct", 30.2, 0.21, "%"),
      LabTest("platelets", 217, 0.52, "K/mcL"), LabTest("WBC", 9.7, 0.48, "K/mcL"),
      LabTest("RBC", 3.39, 0.20, "M/mcL"), LabTest("MCHC", 33, 0.04, "g/dL"),
      LabTest("MCV", 90, 0.07, "fL"), LabTest("MCH", 29.7, 0.09, "pg"),
      LabTest("RDW", 15, 0.14, "%"), LabTest("MPV", 9.7, 0.14, "fL"),
      LabTest("lymphocytes", 11, 0.75, "%"), LabTest("monocytes", 7, 0.60, "%"),
      LabTest("neutrophils", 78, 0.23, "%"), LabTest("PT", 15.2, 0.39, "s"),
      LabTest("INR", 1.3, 0.44, "ratio"), LabTest("PTT", 39.6, 0.45, "s"),
      LabTest("eosinophils", 1, 1, "%"),
    ] + others("haem", 18...23))

  static let gas = LabSection(
    gap: 2_900, zero: 3_200, negative: 40, median: 14 * minuteMillis, sigma: 1.3,
    sizes: [(18, 1...1), (35, 6...8)], rest: 2...15,
    menu: [
      LabTest("paCO2", 39, 0.31, "mmHg"), LabTest("pH", 7.37, 0.01, "pH"),
      LabTest("paO2", 93, 0.56, "mmHg"), LabTest("HCO3", 23, 0.39, "mmol/L"),
      LabTest("FiO2", 50, 0.35, "%"), LabTest("O2 saturation", 96, 0.06, "%"),
      LabTest("carboxyhaemoglobin", 0.9, 0.87, "%"), LabTest("methaemoglobin", 0.3, 0.82, "%"),
      LabTest("total CO2", 25, 0.31, "mmol/L"),
    ] + others("gas", 10...15))

  static let pointOfCare = LabSection(
    gap: 600, zero: 5_100, negative: 10, median: 16 * minuteMillis, sigma: 1.86,
    sizes: [(100, 1...1)], rest: 1...1,
    menu: [
      LabTest("bedside glucose", 138, 0.36, "mg/dL"), LabTest("osmolality", 281, 0.05, "mOsm/kg"),
      LabTest("TSH", 1.57, 1.01, "mIU/L"), LabTest("BNP", 478, 1.51, "pg/mL"),
      LabTest("CRP", 6.1, 1.62, "mg/dL"),
    ])

  static let all = [chemistry, haematology, gas, pointOfCare]

  static let lactate = LabTest("lactate", 1.97, 0.82, "mmol/L")

  private static func others(_ name: String, _ numbers: ClosedRange<Int>) -> [LabTest] {
    numbers.map { LabTest("\(name)-\($0)", 10, 0.5, "mg/dL") }
  }

  func size(_ word: UInt64) -> Int {
    var place = word.multipliedFullWidth(by: 100).high
    let inside = mix(word)
    for (percent, sizes) in sizes {
      if place < percent {
        return sizes.lowerBound + Int(inside.multipliedFullWidth(by: UInt64(sizes.count)).high)
      }
      place -= percent
    }
    return rest.lowerBound + Int(inside.multipliedFullWidth(by: UInt64(rest.count)).high)
  }
}
