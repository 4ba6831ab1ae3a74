import Draws
import Model
import Scenarios

/// What a fault does to the run at one instant.
public enum FaultStep: Hashable, Sendable {
  case begin(Int)
  case end(Int)
}

extension PlannedFault {
  /// True for a fault that acts on messages rather than on a node.
  public var isMessageFault: Bool {
    switch kind {
    case .crash, .pause: false
    default: true
    }
  }

  /// In words, as reports and the terminal show it: "crash engine", "delay producer, 1/10".
  public var text: String {
    var text = "\(kind.rawValue) \(target.text)"
    if ratio != .one { text += ", \(ratio.numerator)/\(ratio.denominator)" }
    return text
  }
}

/// Draws the faults that a scenario leaves to the seed and writes them into the plan, sorted by
/// start. At most `atOnce` of the drawn ones overlap, and each ends within the measure phase. The
/// same scenario gives the same plan.
public func resolveFaults(of scenario: Scenario) -> FaultSection {
  var plan = scenario.faults.plan
  if let draw = scenario.faults.draw, let measure = scenario.phases.measure {
    plan.append(contentsOf: drawFaults(draw, measure: measure, seed: scenario.seed))
  }
  let sorted = plan.enumerated().sorted { a, b in
    a.element.at != b.element.at ? a.element.at < b.element.at : a.offset < b.offset
  }
  return FaultSection(plan: sorted.map(\.element), draw: nil)
}

private func drawFaults(
  _ draw: FaultDraw, measure: Nanoseconds, seed: UInt64
) -> [PlannedFault] {
  let family = DrawFamily(seed: seed, component: "faults", purpose: "draw")
  var drawn: [PlannedFault] = []
  let longest = min(draw.longest, measure / 2)
  if longest <= 0 || draw.kinds.isEmpty { return [] }
  for number in 0..<draw.count {
    // A few tries find a place that does not overlap too many others; the rest is left out.
    for attempt in 0..<16 {
      let stream = family.indexed(UInt64(number)).stream(UInt64(attempt))
      let kind = draw.kinds[Int(stream.below(UInt64(draw.kinds.count), 0))]
      let unit: Nanoseconds = .millisecond
      let steps = UInt64(max(longest / unit, 1))
      let duration = max(Int64(stream.below(steps, 1) + 1) * unit, min(longest, 100 * unit))
      let room = UInt64(max((measure - duration) / unit, 1))
      let at = Int64(stream.below(room, 2)) * unit
      let overlapping = drawn.filter { $0.at < at + duration && at < $0.at + $0.duration }.count
      if overlapping >= draw.atOnce { continue }
      drawn.append(drawnFault(kind, at: at, duration: duration, stream))
      break
    }
  }
  return drawn
}

private func drawnFault(
  _ kind: FaultKind, at: Nanoseconds, duration: Nanoseconds, _ stream: DrawStream
) -> PlannedFault {
  let target: FaultTarget
  switch kind {
  case .crash: target = .node(stream.word(3) & 1 == 0 ? .engine : .broker, index: nil)
  case .pause: target = .node(.broker, index: nil)
  case .partition: target = .link(.producer, .broker, bothWays: true)
  default: target = .node(.producer, index: nil)
  }
  var fault = PlannedFault(kind: kind, target: target, at: at, duration: duration, drawn: true)
  switch kind {
  case .delay, .duplicate:
    fault.ratio = Ratio(1, 10)
    fault.by = Spread(median: 20 * .millisecond, p99: 200 * .millisecond)
  case .drop, .dropResponse, .reorder: fault.ratio = Ratio(1, 20)
  default: break
  }
  return fault
}
