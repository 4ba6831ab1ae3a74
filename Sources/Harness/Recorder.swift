import Bytes
import History
import Model
import Statistics
import Verification

/// Rates, backlog and latencies of a run, gathered from its history and from what the judge
/// matched.
final class Recorder: SampleRecorder {
  /// Counts of one interval, or of one fine step of it.
  struct Bin {
    var offered: UInt64 = 0
    var acknowledged: UInt64 = 0
    var through: UInt64 = 0
    var results: UInt64 = 0
    /// At the end of the interval.
    var backlogProducer: UInt64 = 0
    var backlogLog: UInt64 = 0
    var backlogEngine: UInt64 = 0
    var phase = ""
  }

  let interval: Nanoseconds
  /// False when nothing is ever read, so that nothing waits to be.
  private let delivers: Bool
  /// The engine is a job of the user.
  private let readsAreCommits: Bool
  /// Backlog is looked at this often to see when a system has caught up.
  static let fine: Nanoseconds = 20 * .millisecond

  private(set) var measureStart = Instant.zero
  private(set) var measureEnd = Instant.distantFuture
  private(set) var phaseStarts: [(name: String, at: Instant)] = []
  private(set) var faultTimes: [FaultTimes] = []
  private(set) var firstBin = 0
  private(set) var bins: [Bin] = []
  /// Backlog (producer and log) and records read so far, at the end of each fine step from zero.
  private(set) var fineBacklog: [UInt64] = []
  private(set) var fineRead: [UInt64] = []
  private(set) var endedAt = Instant.zero
  private(set) var runComplete = false
  private(set) var endReason = ""

  // Running sums
  private var sent: UInt64 = 0
  private var settled: UInt64 = 0
  private var read: UInt64 = 0
  private var ends: [Int64] = []
  private var positions: [Int64] = []
  private var buffered: UInt64 = 0
  private var current = Bin()
  private var phase = "warm-up"
  private var rowsSeen: UInt64 = 0
  private(set) var offeredInMeasure: UInt64 = 0
  private(set) var readInMeasure: UInt64 = 0

  // Latencies
  private(set) var all = LatencyHistogram()
  private(set) var fromActualSend = LatencyHistogram()
  private(set) var stageAck = LatencyHistogram()
  private(set) var stageEngine = LatencyHistogram()
  private(set) var stageSink = LatencyHistogram()
  /// By interval of visibility: everything, and only what was intended in the measure phase.
  private(set) var overTime: [Int: LatencyHistogram] = [:]
  private(set) var measuredOverTime: [Int: LatencyHistogram] = [:]

  struct FaultTimes {
    var requested: Instant
    var confirmed: Instant?
    var healed: Instant?
    var text: String
  }

  init(
    interval: Nanoseconds, measureStart: Instant, measureEnd: Instant, partitions: Int,
    delivers: Bool, readsAreCommits: Bool = false
  ) {
    self.interval = interval
    self.readsAreCommits = readsAreCommits
    self.delivers = delivers
    self.measureStart = measureStart
    self.measureEnd = measureEnd
    ends = Array(repeating: 0, count: partitions)
    positions = Array(repeating: 0, count: partitions)
    firstBin = -Int((measureStart.ns + interval - 1) / interval)
  }

  /// The interval of an instant, counted from the start of the measure phase.
  func bin(of instant: Instant) -> Int {
    let ns = instant - measureStart
    return Int(ns >= 0 ? ns / interval : (ns - interval + 1) / interval)
  }

  var backlog: UInt64 { (sent &- settled) &+ logBacklog }

  private var logBacklog: UInt64 {
    if !delivers { return 0 }
    var log: Int64 = 0
    for partition in ends.indices { log += max(0, ends[partition] - positions[partition]) }
    return UInt64(log)
  }

  // History

  func observe(block: UnsafeRawBufferPointer, firstEntry: UInt64, startAt: Instant) {
    var cursor = EntryCursor(block, firstEntry: firstEntry, startAt: startAt)
    do throws(DecodingError) {
      while let kind = try cursor.next() {
        moveOn(to: cursor.at)
        try take(kind, &cursor)
      }
    } catch {
      // The judge reads the same bytes and reports what is wrong with them.
    }
  }

  /// Closes the intervals that are over.
  private func moveOn(to instant: Instant) {
    if instant <= endedAt && !bins.isEmpty { return }
    while bins.count + firstBin < bin(of: instant) { closeBin() }
    let steps = Int(instant.ns / Self.fine)
    if fineBacklog.count < steps {
      let backlog = backlog
      while fineBacklog.count < steps {
        fineBacklog.append(backlog)
        fineRead.append(read)
      }
    }
    endedAt = max(endedAt, instant)
  }

  private func closeBin() {
    current.backlogProducer = sent &- settled
    current.backlogLog = logBacklog
    current.backlogEngine = buffered
    current.phase = phase
    bins.append(current)
    current = Bin()
  }

  private func take(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    switch kind {
    case .sent:
      let intended = Instant(ns: try cursor.signed())
      let count = UInt64(try cursor.run { _, _ in }.count)
      sent &+= count
      current.offered &+= count
      if intended >= measureStart && intended < measureEnd { offeredInMeasure &+= count }
    case .acknowledged:
      let partition = Int(try cursor.number())
      let base = Int64(bitPattern: try cursor.number())
      let count = try cursor.run { _, _ in }.count
      settled &+= UInt64(count)
      current.acknowledged &+= UInt64(count)
      // Below zero: the backbone does not tell where.
      if partition < ends.count && base >= 0 {
        ends[partition] = max(ends[partition], base + Int64(count))
      }
    case .failed, .unknown:
      _ = try cursor.text()
      settled &+= UInt64(try cursor.run { _, _ in }.count)
    case .polled:
      _ = try cursor.number()
      let partition = Int(try cursor.number())
      let offset = Int64(try cursor.number())
      _ = try cursor.word()
      let count = try cursor.run { _, _ in }.count
      if partition < positions.count { positions[partition] = offset + Int64(count) }
      current.through &+= UInt64(count)
      read &+= UInt64(count)
      if cursor.at >= measureStart && cursor.at < measureEnd { readInMeasure &+= UInt64(count) }
    case .observed:
      _ = try cursor.number()
      _ = try cursor.number()
      let rows = try cursor.number()
      rowsSeen &+= rows
      current.results &+= rows
      for _ in 0..<rows { _ = try cursor.row() }
    case .positionCommitted: try takePosition(&cursor)
    case .output:
      current.results += 1
      try cursor.skip(kind)
    case .buffered: buffered = try cursor.number()
    case .engineStopped: buffered = 0
    default: try takeRare(kind, &cursor)
    }
  }

  /// Of a job of the user only its committed positions tell how far it has come.
  private func takePosition(_ cursor: inout EntryCursor) throws(DecodingError) {
    let partition = Int(clamping: try cursor.number())
    let offset = Int64(clamping: try cursor.number())
    guard readsAreCommits, partition < positions.count, offset > positions[partition] else {
      return
    }
    let count = UInt64(offset - positions[partition])
    positions[partition] = offset
    current.through &+= count
    read &+= count
    if cursor.at >= measureStart && cursor.at < measureEnd { readInMeasure &+= count }
  }

  private func takeRare(_ kind: EntryKind, _ cursor: inout EntryCursor) throws(DecodingError) {
    switch kind {
    case .phase:
      phase = try cursor.text()
      phaseStarts.append((phase, cursor.at))
    case .faultRequested:
      let number = Int(try cursor.number())
      _ = try cursor.text()
      let text = try cursor.text()
      while faultTimes.count <= number {
        faultTimes.append(FaultTimes(requested: cursor.at, text: ""))
      }
      faultTimes[number] = FaultTimes(requested: cursor.at, text: text)
    case .faultConfirmed:
      let number = Int(try cursor.number())
      if number < faultTimes.count { faultTimes[number].confirmed = cursor.at }
    case .faultHealed:
      let number = Int(try cursor.number())
      if number < faultTimes.count { faultTimes[number].healed = cursor.at }
    case .runEnded:
      runComplete = try cursor.number() == 1
      endReason = try cursor.text()
      closeBin()
    default: try cursor.skip(kind)
    }
  }

  // Samples

  /// Stages are those of results, so that their times add up; single events are not sampled.
  func acknowledged(intendedAt: Instant, at: Instant) {}

  func read(count: Int, at: Instant) {}

  func result(_ sample: ResultSample) {
    let latency = sample.observedAt - sample.intendedAt
    let bin = bin(of: sample.observedAt)
    overTime[bin, default: LatencyHistogram()].record(latency)
    if sample.intendedAt < measureStart || sample.intendedAt >= measureEnd { return }
    all.record(latency)
    measuredOverTime[bin, default: LatencyHistogram()].record(latency)
    if let sentAt = sample.sentAt { fromActualSend.record(sample.observedAt - sentAt) }
    guard let acknowledgedAt = sample.acknowledgedAt, let emittedAt = sample.emittedAt else {
      return
    }
    stageAck.record(acknowledgedAt - sample.intendedAt)
    stageEngine.record(emittedAt - acknowledgedAt)
    stageSink.record(sample.observedAt - emittedAt)
  }
}
