import Faults
import Model
import Scenarios
import Statistics

/// How the system came through each fault, from the backlog of the fine steps.
struct FaultAnalysis {
  private let recorder: Recorder
  private let plan: [PlannedFault]

  init(recorder: Recorder, plan: [PlannedFault]) {
    self.recorder = recorder
    self.plan = plan
  }

  var results: [FaultResult] {
    // What a fault of a node did to the backlog is not put down to a message fault that happens to
    // last at the same time.
    let nodes = plan.indices.filter { !plan[$0].isMessageFault }
    var taken: [Range<Int>] = []
    var recoveries: [Int: Recovery] = [:]
    for index in nodes + plan.indices.filter({ plan[$0].isMessageFault }) {
      let start = recorder.measureStart + plan[index].at
      let end = start + plan[index].duration
      let isNode = !plan[index].isMessageFault
      let recovery = recovery(from: start, to: end, leavingOut: isNode ? nil : taken)
      recoveries[index] = recovery
      if isNode {
        let over = max(recovery.caughtUp ?? recorder.measureEnd, end)
        taken.append(step(start)..<(step(over) + 2))
      }
    }
    return plan.indices.map { index in
      let fault = plan[index]
      let times = index < recorder.faultTimes.count ? recorder.faultTimes[index] : nil
      let start = recorder.measureStart + fault.at
      let end = start + fault.duration
      let recovery = recoveries[index] ?? Recovery(peak: 0, caughtUp: start, stall: 0)
      return FaultResult(
        letter: Self.letter(index), text: fault.text, start: fault.at, duration: fault.duration,
        drawn: fault.drawn, confirmed: times?.confirmed != nil, healed: times?.healed != nil,
        stall: recovery.stall, peakBacklog: recovery.peak,
        caughtUpAfterStart: recovery.caughtUp.map { $0 - start },
        recoveredAfterEnd: recovery.caughtUp.map { max(0, $0 - end) })
    }
  }

  /// Spans that are not calm: each fault until the system had caught up, from the start of the
  /// measure phase.
  var troubled: [Range<Nanoseconds>] {
    results.map { fault in
      let length = max(fault.duration, fault.caughtUpAfterStart ?? (.max / 4))
      return fault.start..<(fault.start + max(length, 1))
    }
  }

  /// A, B, ... by start; numbers beyond 26.
  static func letter(_ index: Int) -> String {
    index < 26 ? String(UnicodeScalar(UInt8(65 + index))) : String(index + 1)
  }

  private func step(_ instant: Instant) -> Int { Int(max(instant.ns, 0) / Recorder.fine) }

  private struct Recovery {
    var peak: UInt64
    var caughtUp: Instant?
    var stall: Nanoseconds
  }

  private func recovery(
    from start: Instant, to end: Instant, leavingOut others: [Range<Int>]?
  ) -> Recovery {
    var backlog = recorder.fineBacklog
    for range in others ?? [] where !range.isEmpty && range.lowerBound > 0 {
      // The backlog stands as it was while another fault had it.
      for place in range where place < backlog.count {
        backlog[place] = backlog[range.lowerBound - 1]
      }
    }
    let first = min(step(start), backlog.count)
    // The backlog of before: the highest of the second before the fault.
    let before = backlog[max(0, first - 50)..<first].max() ?? 0
    let last = min(step(end) + 1, backlog.count)
    var peak: UInt64 = 0
    var peakAt = first
    if others != nil { return sporadic(backlog[first..<last], before, start) }
    // The peak may come after the end: a restart takes its time, and then it is worked off.
    var place = first
    while place < backlog.count && (place <= last + 50 || backlog[place] > before) {
      if backlog[place] > peak { (peak, peakAt) = (backlog[place], place) }
      place += 1
    }
    let caught: Instant?
    if peak <= before {
      caught = start
    } else {
      let found = backlog[min(peakAt, backlog.count)...].firstIndex { $0 <= before }
      caught = found.map { Instant(ns: Int64($0 + 1) * Recorder.fine) }
    }
    let stall = stall(first, min(place, backlog.count))
    return Recovery(peak: peak, caughtUp: caught, stall: stall)
  }

  /// A message fault strikes now and then while it lasts: its recovery is the longest stretch in
  /// which the backlog stayed above that of before.
  private func sporadic(
    _ backlog: ArraySlice<UInt64>, _ before: UInt64, _ start: Instant
  ) -> Recovery {
    var longest = 0
    var current = 0
    for value in backlog {
      current = value > before ? current + 1 : 0
      longest = max(longest, current)
    }
    return Recovery(
      peak: backlog.max() ?? 0, caughtUp: start + Int64(longest) * Recorder.fine, stall: 0)
  }

  /// Longest time without a record read.
  private func stall(_ first: Int, _ end: Int) -> Nanoseconds {
    let read = recorder.fineRead
    var longest = 0
    var current = 0
    for place in max(first, 1)..<max(end, max(first, 1)) where place < read.count {
      current = read[place] == read[place - 1] ? current + 1 : 0
      longest = max(longest, current)
    }
    return longest < 2 ? 0 : Int64(longest) * Recorder.fine
  }
}
