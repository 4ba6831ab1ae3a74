import Foundation
import Model

/// How many random cases each property is tried on: more with WEIR_CASES.
enum CaseCount {
  static let all =
    ProcessInfo.processInfo.environment["WEIR_CASES"].flatMap { Int($0) } ?? 10_000
}

enum RandomEvents {
  /// Events in their order of arrival, with ties, nulls and disorder. Lanes belong to the streams
  /// in turn.
  static func arrivals(
    _ dice: inout Dice, disorder: Int, streams: Int = 1, markers: Bool = false
  ) -> [Small] {
    let lanes = streams + dice.below(3)
    var next = [UInt64](repeating: 0, count: lanes)
    var base: Int64 = -20
    return (0..<6 + dice.below(40)).map { _ in
      base += Int64(dice.below(3))
      let lane = dice.below(lanes)
      next[lane] += 1
      let key: Int64? = dice.below(8) == 0 ? nil : Int64(dice.below(3))
      let value: Int64? = dice.below(9) == 0 ? nil : Int64(dice.below(5))
      var event = Small(
        base - Int64(dice.below(disorder)), UInt32(lane), next[lane] - 1,
        [key, value, Int64(dice.below(40))], stream: lane % streams)
      event.isMarker = markers && dice.below(12) == 0
      return event
    }
  }
}
