import Model

/// How the events of a trace lie in time. Everything is told in event time.
public struct TraceStatistics: Hashable, Sendable {
  public var events: UInt64
  /// Greatest minus least event time.
  public var span: Nanoseconds
  /// Most events in one second, and in one minute, of those that begin at whole multiples.
  public var peakSecond: UInt64
  public var peakMinute: UInt64
  /// Variance over mean of the counts per second, and per minute, from the first such interval with
  /// an event to the last, empty ones included; nil when there are fewer than two intervals.
  public var dispersionSecond: Double?
  public var dispersionMinute: Double?
  /// Events whose time stamp is that of the event before, in send order.
  public var sameStamp: UInt64
  /// Events whose time is below the greatest one before, in send order.
  public var outOfOrder: UInt64

  public var perSecond: Double? { span > 0 ? Double(events) * 1e9 / Double(span) : nil }
  /// Share of `sameStamp` among the events that have one before.
  public var sameStampShare: Double? {
    events > 1 ? Double(sameStamp) / Double(events - 1) : nil
  }
  public var outOfOrderShare: Double? {
    events > 0 ? Double(outOfOrder) / Double(events) : nil
  }

  /// Two lines.
  public var text: String {
    func share(_ value: Double?) -> String { value.map { "\(threeDigits($0 * 100)) %" } ?? "-" }
    func figure(_ value: Double?) -> String { value.map(threeDigits) ?? "-" }
    return "rate        \(figure(perSecond))/s; peak \(grouped(peakSecond)) in 1 s, "
      + "\(grouped(peakMinute)) in 60 s; index of dispersion \(figure(dispersionSecond)) (1 s), "
      + "\(figure(dispersionMinute)) (60 s)\n"
      + "stamps      \(share(sameStampShare)) share their time stamp with the event before; "
      + "out of order \(outOfOrder == 0 ? "0" : share(outOfOrderShare))"
  }
}

/// Reads the times of all events, of all streams or of one.
public func traceStatistics(
  _ path: String, stream: String? = nil
) throws(TraceError) -> TraceStatistics {
  let reader = try TraceReader(path: path)
  var merge = try LaneMerge(reader, stream: stream, columns: .times, from: .beginning)
  var statistics = TraceStatistics(
    events: 0, span: 0, peakSecond: 0, peakMinute: 0, dispersionSecond: nil,
    dispersionMinute: nil, sameStamp: 0, outOfOrder: 0)
  var seconds = IntervalCounts(length: .second)
  var minutes = IntervalCounts(length: .minute)
  var last: Int64?
  var least = Int64.max
  var greatest = Int64.min
  while let (lane, event) = try merge.next() {
    let time = lane.block.eventTime(at: event)
    statistics.events += 1
    if time == last { statistics.sameStamp += 1 }
    if time < greatest { statistics.outOfOrder += 1 }
    last = time
    least = min(least, time)
    greatest = max(greatest, time)
    seconds.add(time)
    minutes.add(time)
  }
  if statistics.events == 0 { return statistics }
  let (span, overflow) = greatest.subtractingReportingOverflow(least)
  statistics.span = overflow ? .max : span
  (statistics.peakSecond, statistics.dispersionSecond) = seconds.result()
  (statistics.peakMinute, statistics.dispersionMinute) = minutes.result()
  return statistics
}

/// Counts of events per interval of event time.
private struct IntervalCounts {
  private let length: Int64
  private var counts: [Int64: UInt64] = [:]
  /// The interval met last, kept apart since the next event is mostly in it too.
  private var current: Int64 = 0
  private var inCurrent: UInt64 = 0

  init(length: Int64) { self.length = length }

  mutating func add(_ time: Int64) {
    let interval = floorDivide(time, length)
    if interval != current {
      settle()
      current = interval
    }
    inCurrent += 1
  }

  private mutating func settle() {
    if inCurrent > 0 { counts[current, default: 0] += inCurrent }
    inCurrent = 0
  }

  /// The greatest count, and variance over mean.
  mutating func result() -> (peak: UInt64, dispersion: Double?) {
    settle()
    // The order of a dictionary changes from run to run, and with it the last bits of a sum of
    // doubles: whole numbers come first.
    let filled = counts.sorted { $0.key < $1.key }
    guard let first = filled.first, let last = filled.last else { return (0, nil) }
    let peak = filled.map(\.value).max() ?? 0
    let n = Double(last.key - first.key) + 1
    if n < 2 { return (peak, nil) }
    var sum = 0.0
    var squares = 0.0
    for (_, count) in filled {
      sum += Double(count)
      squares += Double(count) * Double(count)
    }
    let mean = sum / n
    let variance = squares / n - mean * mean
    return (peak, variance / mean)
  }
}
