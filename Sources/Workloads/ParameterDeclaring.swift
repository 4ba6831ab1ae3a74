import Model
import Scenarios

/// Parameters by the kind of their values.
extension WorkloadParameter {
  static func count(
    _ name: String, _ value: Int64, _ range: ClosedRange<Int64>, unit: String, _ meaning: String,
    _ origin: String
  ) -> Self {
    Self(
      name: name, defaultValue: .count(value), minimum: .count(range.lowerBound),
      maximum: .count(range.upperBound), unit: unit, meaning: meaning, origin: origin)
  }

  static func ratio(
    _ name: String, _ value: Ratio, most: Ratio = .one, _ meaning: String, _ origin: String
  ) -> Self {
    Self(
      name: name, defaultValue: .ratio(value), minimum: .ratio(.zero), maximum: .ratio(most),
      unit: "ratio", meaning: meaning, origin: origin)
  }

  static func duration(
    _ name: String, _ value: Nanoseconds, _ range: ClosedRange<Nanoseconds>, _ meaning: String,
    _ origin: String
  ) -> Self {
    Self(
      name: name, defaultValue: .duration(value), minimum: .duration(range.lowerBound),
      maximum: .duration(range.upperBound), unit: "duration", meaning: meaning, origin: origin)
  }
}
