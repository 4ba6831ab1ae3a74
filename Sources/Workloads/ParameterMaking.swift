import Model
import Scenarios

/// A parameter that counts something.
func count(
  _ name: String, _ value: Int64, _ range: ClosedRange<Int64>, _ unit: String, _ meaning: String,
  _ origin: String
) -> WorkloadParameter {
  WorkloadParameter(
    name: name, defaultValue: .count(value), minimum: .count(range.lowerBound),
    maximum: .count(range.upperBound), unit: unit, meaning: meaning, origin: origin)
}

/// A parameter that is a share, from 0 to `most`.
func share(
  _ name: String, _ value: Ratio, most: Ratio = .one, _ meaning: String, _ origin: String
) -> WorkloadParameter {
  WorkloadParameter(
    name: name, defaultValue: .ratio(value), minimum: .ratio(.zero), maximum: .ratio(most),
    unit: "ratio", meaning: meaning, origin: origin)
}

/// A parameter that is a length of time; its default is assumed.
func duration(
  _ name: String, _ value: Nanoseconds, _ range: ClosedRange<Nanoseconds>, _ meaning: String
) -> WorkloadParameter {
  WorkloadParameter(
    name: name, defaultValue: .duration(value), minimum: .duration(range.lowerBound),
    maximum: .duration(range.upperBound), unit: "duration", meaning: meaning, origin: "assumed")
}
