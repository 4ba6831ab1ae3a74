/// A series of requests that belong together. Times are in slots of 1,024 stamps; the gaps between
/// the steps of all stories of one kind that begin in one slot of a lane are the same number of
/// slots, so that the steps in a block are found without making the stories.
enum StoryKind: Int, CaseIterable, Sendable {
  /// One card, eight requests within a minute.
  case burst
  /// Two tiny payments, then three large ones.
  case drain
  /// At home, and minutes later three times a thousand kilometres away.
  case clone
  /// Forty cards tried at one merchant.
  case merchantTest
  /// Honest: the same request again after a decline.
  case retry
  /// Honest: public transport.
  case taps

  var steps: Int {
    switch self {
    case .burst: 8
    case .drain: 5
    case .clone: 4
    case .merchantTest: 48
    case .retry: 2
    case .taps: 3
    }
  }

  var isFraud: Bool { rawValue <= StoryKind.merchantTest.rawValue }

  /// Stories for each fraudulent request, or for each honest request in a story.
  var storiesPerRequest: Double {
    switch self {
    case .burst: 2.0 / 100
    case .drain: 4.0 / 100
    case .clone: 4.0 / 100
    case .merchantTest: 1.0 / 100
    case .retry: 300.0 / 900
    case .taps: 100.0 / 900
    }
  }

  /// Least gap in slots before a step above 0, and how many gaps there are to choose from.
  @inline(__always) func gap(before step: Int) -> (least: Int, choices: UInt64) {
    switch self {
    case .burst: (2, 6)
    case .drain: step == 1 ? (30, 87) : (20, 68)
    case .clone: step == 1 ? (293, 293) : (5, 26)
    case .merchantTest: (4, 2)
    case .retry: (15, 44)
    case .taps: (59, 352)
    }
  }

  /// Slots between the first step and the last, at most.
  var longest: Int {
    (1..<steps).reduce(0) { sum, step in
      let gap = gap(before: step)
      return sum + gap.least + Int(gap.choices) - 1
    }
  }
}
