import Model

/// From the clock of a trace to that of a run: times are told from the first, gaps in which no lane
/// has anything are cut to the cap, and the rest is divided by the speed.
struct ReplaySchedule: Sendable {
  /// A stretch without any event that is longer than the cap.
  struct Gap: Hashable, Sendable {
    var from: Int64
    var to: Int64
  }

  let first: Int64
  /// Nil: as fast as possible, everything at instant zero.
  let speed: Ratio?
  /// Where what was cut ends, and how much has been cut up to there in all.
  private let ends: [Int64]
  private let removed: [Int64]

  init(first: Int64, speed: Ratio?, gaps: [Gap], cap: Int64) {
    self.first = first
    self.speed = speed
    var ends: [Int64] = []
    var removed: [Int64] = []
    var total: Int64 = 0
    for gap in gaps {
      total += gap.to - gap.from - cap
      ends.append(gap.to)
      removed.append(total)
    }
    self.ends = ends
    self.removed = removed
  }

  /// How much lies before a time that was cut out.
  private func cut(before time: Int64) -> Int64 {
    var low = 0
    var high = ends.count
    while low < high {
      let middle = (low + high) / 2
      if ends[middle] <= time { low = middle + 1 } else { high = middle }
    }
    return low == 0 ? 0 : removed[low - 1]
  }

  /// Run time in nanoseconds of a time of the trace, rounded down; times before the first are
  /// the first. Never falls as times rise.
  func instant(of time: Int64) -> Int64 {
    guard let speed else { return 0 }
    let elapsed = max(time, first) - first - cut(before: max(time, first))
    if speed.numerator == speed.denominator { return elapsed }
    let product = UInt64(elapsed).multipliedFullWidth(by: UInt64(speed.denominator))
    let divisor = UInt64(speed.numerator)
    if product.high >= divisor { return .max }
    return Int64(clamping: divisor.dividingFullWidth(product).quotient)
  }

  /// The stretches that are in both lists, each longer than the cap. Lists rise and do not overlap.
  static func common(_ a: [Gap], _ b: [Gap], cap: Int64) -> [Gap] {
    var both: [Gap] = []
    var i = 0
    var j = 0
    while i < a.count && j < b.count {
      let gap = Gap(from: max(a[i].from, b[j].from), to: min(a[i].to, b[j].to))
      if isLong(gap, cap) { both.append(gap) }
      if a[i].to < b[j].to { i += 1 } else { j += 1 }
    }
    return both
  }

  static func isLong(_ gap: Gap, _ cap: Int64) -> Bool {
    if gap.to <= gap.from { return false }
    let (length, overflow) = gap.to.subtractingReportingOverflow(gap.from)
    return overflow || length > cap
  }
}
