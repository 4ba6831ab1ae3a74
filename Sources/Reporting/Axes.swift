import Model
import Statistics

/// The one time axis of all time charts of a page, and the columns that it is cut into.
struct TimeAxis {
  /// From the start of the measure phase.
  let start: Nanoseconds
  let end: Nanoseconds
  let bin: Nanoseconds
  let columns: Int

  /// Nil when a run has no samples.
  init?(_ result: RunResult) {
    let interval = max(result.rates.interval, 1)
    guard let first = result.rates.samples.first, let last = result.rates.samples.last else {
      return nil
    }
    let span = max(last.start + interval - first.start, interval)
    // The smallest of 1-2-5 times a power of ten that gives at most 180 columns of whole samples.
    var size: Nanoseconds = interval
    if span / size > 180 || !TimeAxis.isOnLadder(interval) {
      var power: Nanoseconds = 1_000_000
      search: while power < Nanoseconds.max / 100 {
        for factor in [1, 2, 5] as [Nanoseconds] {
          size = factor * power
          if size >= interval && size % interval == 0 && span / size < 180 { break search }
        }
        power *= 10
      }
      if size % interval != 0 { size = interval * (span / interval / 180 + 1) }
    }
    bin = size
    start = TimeAxis.floored(first.start, size)
    let count = (last.start + interval - start + size - 1) / size
    columns = Int(max(1, count))
    end = start + Nanoseconds(columns) * size
  }

  private static func isOnLadder(_ value: Nanoseconds) -> Bool {
    var rest = value
    while rest % 10 == 0 { rest /= 10 }
    return [1, 2, 5].contains(rest)
  }

  private static func floored(_ value: Nanoseconds, _ step: Nanoseconds) -> Nanoseconds {
    let rest = value % step
    return value - (rest < 0 ? rest + step : rest)
  }

  /// The column of an instant, kept inside the axis.
  func column(_ at: Nanoseconds) -> Int {
    min(max(Int((at - start) / bin), 0), columns - 1)
  }

  /// Position in percent of the width, kept inside the axis.
  func percent(_ at: Nanoseconds) -> Double {
    let bounded = min(max(at, start), end)
    return Double(bounded - start) * 100 / Double(end - start)
  }

  /// Left edge of a column, in a picture that is 1000 units wide.
  func x(_ column: Int) -> Double { Double(column) * 1000 / Double(columns) }

  /// Instants for ticks, at most seven, on whole minutes or seconds, and their decimals.
  var ticks: (at: [Nanoseconds], decimals: Int) {
    let second = Nanoseconds.second
    var steps: [Nanoseconds] = []
    for power in [1_000_000, 10_000_000, 100_000_000] as [Nanoseconds] {
      steps += [power, 2 * power, 5 * power]
    }
    steps += [1, 2, 5, 10, 15, 20, 30].map { $0 * second }
    steps += [1, 2, 5, 10, 15, 20, 30, 60, 120, 240, 360, 720].map { $0 * .minute }
    var step = steps.first { (end - start) / $0 <= 6 } ?? .day
    while (end - start) / step > 6 { step *= 2 }
    var at = TimeAxis.floored(start + step - 1, step)
    var list: [Nanoseconds] = []
    while at <= end {
      list.append(at)
      at += step
    }
    let decimals = step >= second ? 0 : step >= 100_000_000 ? 1 : step >= 10_000_000 ? 2 : 3
    return (list, decimals)
  }
}

/// What happened in each column of the time axis.
struct TimeBins {
  struct Column {
    var seconds = 0.0
    var offered: UInt64 = 0
    var acknowledged: UInt64 = 0
    var through: UInt64 = 0
    /// The sample with the greatest backlog, so that a peak is kept.
    var producer: UInt64 = 0
    var log: UInt64 = 0
    var engine: UInt64 = 0
    var latency = LatencyHistogram()

    var waiting: UInt64 { producer + log + engine }

    func perSecond(_ count: UInt64) -> Double { seconds > 0 ? Double(count) / seconds : 0 }
  }

  var columns: [Column]

  init(_ result: RunResult, _ axis: TimeAxis) {
    columns = Array(repeating: Column(), count: axis.columns)
    let seconds = Double(result.rates.interval) / 1e9
    for sample in result.rates.samples {
      let index = axis.column(sample.start)
      columns[index].seconds += seconds
      columns[index].offered += sample.offered
      columns[index].acknowledged += sample.acknowledged
      columns[index].through += sample.through
      let waiting = sample.backlogProducer + sample.backlogLog + sample.backlogEngine
      if waiting >= columns[index].waiting {
        columns[index].producer = sample.backlogProducer
        columns[index].log = sample.backlogLog
        columns[index].engine = sample.backlogEngine
      }
    }
    for interval in result.latency.overTime {
      columns[axis.column(interval.start)].latency.merge(interval.histogram)
    }
  }

  /// Histograms of other intervals in the same columns.
  static func merged(
    _ intervals: [LatencyResult.Interval], _ axis: TimeAxis
  ) -> [LatencyHistogram] {
    var merged = Array(repeating: LatencyHistogram(), count: axis.columns)
    for interval in intervals { merged[axis.column(interval.start)].merge(interval.histogram) }
    return merged
  }
}

/// A logarithmic axis of durations in rows of a tenth of a decade. Its ends stand on the 1-2-5
/// ladder, whose steps are rows 0, 3 and 7 of a decade to within half a percent.
struct LogAxis {
  let low: Int
  let high: Int

  /// Around values in nanoseconds, all of them above zero.
  init(from least: Nanoseconds, to most: Nanoseconds) {
    var low = LogAxis.row(max(least, 1))
    while ![0, 3, 7].contains(low % 10) { low -= 1 }
    var high = LogAxis.row(max(most, 1)) + 1
    while ![0, 3, 7].contains(high % 10) || high - low < 3 { high += 1 }
    self.low = low
    self.high = high
  }

  var rows: Int { high - low }

  static func row(_ value: Nanoseconds) -> Int {
    // Decades fall on whole rows; the small addend keeps 10, 100, ... in theirs.
    floored(log10(Double(max(value, 1))) * 10 + 1e-9)
  }

  /// Height above the foot of the axis as y of a picture `height` tall.
  func y(_ value: Nanoseconds, _ height: Double) -> Double {
    let row = log10(Double(max(value, 1))) * 10
    let bounded = min(max(row, Double(low)), Double(high))
    return (Double(high) - bounded) / Double(rows) * height
  }

  /// Decades, and the foot where it is not too near to one: label and y, at least `apart` px apart.
  func ticks(_ height: Double, apart: Double = 18) -> [(label: String, y: Double)] {
    var list: [(String, Double)] = []
    var decades = 1
    while Double(decades * 10) / Double(rows) * height < apart { decades += 1 }
    // Counted down from the highest decade, so that the great values keep their labels.
    var row = high - high % 10
    while row >= low {
      list.append((LogAxis.label(row), Double(high - row) / Double(rows) * height))
      row -= 10 * decades
    }
    // Steps of 2 and 5 between decades where there are few, then the ends.
    let between = rows <= 20 ? (low...high).filter { [3, 7].contains($0 % 10) }.reversed() : []
    for row in between + [low, high] {
      let y = Double(high - row) / Double(rows) * height
      if list.allSatisfy({ abs($0.1 - y) >= apart }) { list.append((LogAxis.label(row), y)) }
    }
    return list.sorted { $0.1 < $1.1 }
  }

  private static func label(_ row: Int) -> String {
    var value: Nanoseconds = [0: 1, 3: 2, 7: 5][row % 10] ?? 1
    for _ in 0..<(row / 10) { value *= 10 }
    let gap = "\u{A0}"
    if value >= 1_000_000_000 { return "\(NumberStyle.page.count(value / 1_000_000_000))\(gap)s" }
    if value >= 1_000_000 { return "\(value / 1_000_000)\(gap)ms" }
    if value >= 1_000 { return "\(value / 1_000)\(gap)\u{B5}s" }
    return "\(value)\(gap)ns"
  }
}

/// An axis of amounts from 0 to a step of the 1-2-5 ladder.
struct LinearAxis {
  let top: UInt64

  init(to most: Double) {
    var power: UInt64 = 1
    var chosen: UInt64 = 1
    search: while power < 1_000_000_000_000_000_000 {
      for factor in [1, 2, 5] as [UInt64] {
        chosen = factor * power
        if Double(chosen) >= most { break search }
      }
      power *= 10
    }
    top = max(chosen, 2)
  }

  func y(_ value: Double, _ height: Double) -> Double {
    (1 - min(max(value / Double(top), 0), 1)) * height
  }

  func ticks(_ unit: String, _ height: Double) -> [(label: String, y: Double)] {
    let style = NumberStyle.page
    let label = { (value: UInt64) in
      value == 0 ? "0" : style.short(value) + unit
    }
    var list = [(label(0), height), (label(top), 0)]
    if top % 2 == 0 { list.insert((label(top / 2), height / 2), at: 1) }
    return list
  }
}
