import Draws

/// A merchant category of ISO 18245, and what payments there are like. All figures are assumed.
struct MerchantCategory: Sendable {
  var code: UInt64
  /// Share of the requests.
  var percent: Int
  /// Share of its requests with the card present; 62 % over all.
  var presentPercent: Int
  /// How much is spent there: the logarithm, before it is brought to mean 0 and variance 0.9.
  var level: Double

  static let count = 12
  static let all = [
    MerchantCategory(code: 5411, percent: 24, presentPercent: 64, level: 0.3),
    MerchantCategory(code: 5812, percent: 13, presentPercent: 70, level: 0.3),
    MerchantCategory(code: 5814, percent: 9, presentPercent: 75, level: -0.9),
    MerchantCategory(code: 5541, percent: 9, presentPercent: 80, level: 0.8),
    MerchantCategory(code: transit, percent: 8, presentPercent: 60, level: -1.6),
    MerchantCategory(code: 5912, percent: 6, presentPercent: 65, level: -0.2),
    MerchantCategory(code: 5311, percent: 6, presentPercent: 62, level: 0.7),
    MerchantCategory(code: 5732, percent: 4, presentPercent: 30, level: 1.5),
    MerchantCategory(code: 5816, percent: 7, presentPercent: 0, level: -1.1),
    MerchantCategory(code: cash, percent: 4, presentPercent: 98, level: 1.2),
    MerchantCategory(code: 4511, percent: 1, presentPercent: 60, level: 2.4),
    MerchantCategory(code: 5999, percent: 9, presentPercent: 60, level: 0.0),
  ]

  static let codes = all.map(\.code)
  static let transit: UInt64 = 4111
  static let cash: UInt64 = 6011
  static let transitIndex = 4

  /// The levels with mean 0 and variance 0.9 over the shares.
  static func logOffsets() -> [Double] {
    var mean = 0.0
    var square = 0.0
    for category in all {
      mean += Double(category.percent) / 100 * category.level
      square += Double(category.percent) / 100 * category.level * category.level
    }
    let scale = (0.9 / (square - mean * mean)).squareRoot()
    return all.map { ($0.level - mean) * scale }
  }
}
