import Model
import Statistics

/// Captions from fixed templates with the numbers in them; the summary prints the same sentences
/// where the page has charts.
extension Findings {
  /// "99 of 100 alerts are visible within 24.4 ms": the highest quantile with enough samples.
  func share(_ histogram: LatencyHistogram) -> String? {
    let noun = result.identity.resultNoun
    for (name, over, of) in [
      ("99 of 100", 99, 100), ("9 of 10", 90, 100), ("half of the", 50, 100),
    ] as [(String, UInt64, UInt64)] {
      if let value = quantile(histogram, over, of) {
        return "\(name) \(noun) are visible within \(style.duration(value))"
      }
    }
    return nil
  }

  var heatCaption: String {
    let all = result.latency.all
    if result.outcome.saturated {
      return "Latency has no steady value: it grows with the backlog."
    }
    if hasFaults {
      let longest = result.faults.max { $0.stall < $1.stall }
      let outside =
        share(result.latency.calm).map { "Outside the faults, \($0)." }
        ?? "Outside the faults there are too few \(result.identity.resultNoun) for a quantile."
      guard let longest, longest.stall > 0 else {
        let count = result.faults.count
        return "\(count) \(plural(count, "fault", "faults")), no stall. \(outside)"
      }
      let stall = style.duration(longest.stall)
      return "The longest stall is \(stall), in \(longest.letter). \(outside)"
    }
    guard let most = maximum(all) else { return "No latency was measured." }
    guard let share = share(all) else {
      return "The slowest of \(style.count(all.count)) took \(style.duration(most))."
    }
    return "\(share.capitalizedFirst); the slowest took \(style.duration(most))."
  }

  func heatDescription(_ bin: Nanoseconds) -> String {
    var text = "Each column is \(style.chosen(bin)) of instants at which results became visible, "
    text += "each row a tenth of a decade of latency, darkness the number of results. "
    if let most = maximum(result.latency.all) {
      let least = result.latency.all.minimum
      text += "In the measure phase values lie between \(style.duration(least)) "
      text += "and \(style.duration(most)). "
    }
    for fault in result.faults.prefix(8) {
      text += "Fault \(fault.letter) from \(style.instant(fault.start)) "
      text += "for \(style.duration(fault.duration)). "
    }
    return text
  }

  var percentileCaption: String {
    let all = result.latency.all
    let naive = result.latency.fromActualSend
    guard let most = maximum(all) else { return "No latency was measured." }
    for (name, _, over, of) in Findings.quantiles.reversed() where name != "p99.9" {
      guard let intended = quantile(all, over, of) else { continue }
      if let sent = quantile(naive, over, of), sent < intended - intended / 20 {
        return "A clock that starts at the actual send would report \(name) = "
          + "\(style.duration(sent)). Counted from the intended instant it is "
          + "\(style.duration(intended))."
      }
      let tail = "\(name) is \(style.duration(intended)), the maximum \(style.duration(most))"
      return naive.count > 0
        ? tail + "; a clock that starts at the actual send would say nearly the same."
        : tail + "."
    }
    return "\(style.count(all.count)) \(result.identity.resultNoun) are too few for a quantile; "
      + "the slowest took \(style.duration(most))."
  }

  var rateCaption: String {
    let rates = result.rates
    let open = rates.shape.hasPrefix("open")
    if result.outcome.saturated {
      return "The engine read \(style.rate(rates.achieved)) of \(style.rate(rates.offered)) "
        + "offered: the rest became backlog."
    }
    let longest = result.faults.max { $0.stall < $1.stall }
    if let longest, longest.stall > 0 {
      let start = open ? "The offered rate never gives way: reading" : "Reading"
      let end = open ? ", the load did not." : "."
      return "\(start) stopped for \(style.duration(longest.stall)) in \(longest.letter)" + end
    }
    guard let share = achievedShare else { return "Nothing was offered." }
    return "The engine read \(style.percent(share)) of what was offered, "
      + "\(style.rate(rates.achieved))."
  }

  var backlogCaption: String {
    let rates = result.rates
    let end =
      rates.backlogEnd == 0
      ? "none was left at the end" : "\(style.count(rates.backlogEnd)) were left at the end"
    if result.outcome.saturated {
      let growth = style.rate(rates.backlogGrowth * rates.offered)
      return "The backlog grew by \(growth), \(style.percent(rates.backlogGrowth)) of the offered "
        + "rate; \(end)."
    }
    let recovered = result.faults.filter { $0.caughtUpAfterStart != nil }
    if let never = result.faults.first(where: { $0.caughtUpAfterStart == nil }) {
      return "The backlog did not come back to its level before fault \(never.letter); \(end)."
    }
    if !recovered.isEmpty && recovered.count <= 3 {
      let parts = recovered.map {
        "\(text($0.caughtUpAfterStart)) after the start of \($0.letter)"
      }
      return "The backlog was back to normal " + parts.listed + "; \(end)."
    }
    if let slowest = slowestFault {
      return "The backlog was back to normal after each of \(result.faults.count) faults, at the "
        + "latest \(text(slowest.caughtUpAfterStart)) after the start of \(slowest.letter); \(end)."
    }
    if rates.backlogMaximum == 0 { return "No event waited at the end of any interval." }
    return "At most \(style.count(rates.backlogMaximum)) events waited; \(end)."
  }

  var stageCaption: String {
    let totals = result.latency.stages.map(\.histogram.total)
    let sum = totals.reduce(0, +)
    guard sum > 0,
      let most = result.latency.stages.max(by: {
        $0.histogram.total < $1.histogram.total
      })
    else { return "No time was measured in any stage." }
    let share = style.percent(most.histogram.total / sum)
    return "Most of the time, \(share), goes to the stage \(most.name): \(most.meaning)."
  }

  var latenessCaption: String {
    let late = result.harness.sendLateness
    let limit = style.chosen(result.harness.sendLatenessLimit)
    guard let p99 = quantile(late, 99, 100) else {
      return "Too few sends were late for a quantile; the limit is \(limit)."
    }
    let value = style.duration(p99, beside: result.harness.sendLatenessLimit)
    return p99 < result.harness.sendLatenessLimit
      ? "The harness kept its schedule: send lateness p99 is \(value), the limit \(limit)."
      : "The harness did not keep its schedule: send lateness p99 is \(value), the limit \(limit)."
  }
}

extension String {
  /// The first letter as a capital.
  var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}

extension [String] {
  /// "a, b and c".
  var listed: String {
    count < 2 ? joined() : dropLast().joined(separator: ", ") + " and " + self[count - 1]
  }
}
