import Bytes
import CShim
import History
import Model
import Scenarios
import Traces
import Workloads

/// How well a replay keeps the time of its trace. Events go from a trace into the null adapter; the
/// history says when each was handed over, the trace says when it was due.
extension Bench {
  /// The gaps between events, at four speeds in real time: the error that 99 % of them stay under.
  /// The target is a fiftieth of the 10 ms by which RIoTBench's generator lets events be early.
  static let replays = ["0.1x", "1x", "10x", "100x"].map { speed in
    Bench(
      name: "replay-\(speed)", unit: "us", target: 200, moreIsBetter: false, repetitions: 1
    ) { () throws(Problems) in
      let replay = try Replay(seconds: 20, speed: speed, clock: "wall", backbone: "\"null\"")
      let console = Console(json: false, quiet: false, verbose: false, color: "never")
      let rule = Replay.p99(of: Replay.ruleOfTenMilliseconds(replay.due), replay.due)
      console.result(
        "\(replay.due.count) events; the rule of 10 ms: \(rule) ns; handed over late: p50 "
          + "\(replay.lateness(1, 1...1)) ns\n")
      return Double(Replay.p99(of: replay.sent, replay.due)) / 1_000
    }
  }

  /// Ten minutes in real time: by how much the lateness at the end is above that at the start.
  static let replayDrift = Bench(
    name: "replay-drift", unit: "us", target: 1_000, moreIsBetter: false, repetitions: 1,
    isLong: true
  ) { () throws(Problems) in
    let replay = try Replay(seconds: 600, speed: "1x", clock: "wall", backbone: "\"null\"")
    let drift = replay.lateness(20, 20...20) - replay.lateness(20, 1...1)
    return Double(abs(drift)) / 1_000
  }

  /// An hour in virtual time: the greatest delay of an event beyond the one tick of the client.
  static let replayHour = Bench(
    name: "replay-hour", unit: "us", target: 0, moreIsBetter: false, repetitions: 1
  ) { () throws(Problems) in
    let replay = try Replay(
      seconds: 3_600, speed: "1x", clock: "virtual", backbone: "embedded", rate: 50)
    let tick = 5 * Nanoseconds.millisecond
    let worst = zip(replay.sent, replay.due).map { $0 - $1 - tick }.max() ?? 0
    return Double(max(worst, replay.scheduleError, 0)) / 1_000
  }
}

/// One replay and its instants, in the order in which the events were due.
private struct Replay {
  /// Run time at which each event was due, and at which it was handed over.
  var due: [Int64] = []
  var sent: [Int64] = []
  /// Greatest difference between the schedule and the arrival times of the trace at speed 1.
  var scheduleError: Int64 = 0

  /// Makes a trace that takes so many seconds at the speed, and replays it.
  init(
    seconds: Int64, speed: String, clock: String, backbone: String, rate: Int64 = 500
  ) throws(Problems) {
    let folder = try BenchFolder()
    defer { folder.remove() }
    let path = "\(folder.path)/replay.trace"
    guard let factor = try Self.scenario(speed: speed, clock, backbone, path).speed else {
      throw failure("a replay bench has a speed", code: .internalError)
    }
    let length = seconds * factor.numerator * .second / factor.denominator
    try Self.makeTrace(path, rate: rate, length: length)
    let loaded = try Self.scenario(speed: speed, clock, backbone, path).loaded
    _ = try execute(
      loaded, scenarioPath: path, overrides: [], command: "weir bench", folder: folder.path,
      progress: { _ in })
    try read(path, factor, folder.history)
  }

  private static func scenario(
    speed: String, _ clock: String, _ backbone: String, _ trace: String
  ) throws(Problems) -> (loaded: LoadedScenario, speed: Ratio?) {
    let text = """
      # Demonstrates: how a replay keeps time.
      weir: 1
      workload: {kind: pass-through, query: copy, trace: "\(trace)"}
      load: {shape: trace, speed: \(speed)}
      backbone: {kind: \(backbone)}
      clock: \(clock)
      resources: {partitions: 4}
      phases: {warm_up: 0s, measure: to-end, heal: 0s, limit: 30min}

      """
    let loaded = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get()
    guard case .trace(let speed, _) = loaded.scenario.load else { return (loaded, nil) }
    return (loaded, speed)
  }

  private static func makeTrace(
    _ path: String, rate: Int64, length: Nanoseconds
  ) throws(Problems) {
    let text = """
      # Demonstrates: events for a replay.
      weir: 1
      workload: {kind: pass-through, sources: 4}
      load: {shape: constant, rate: \(rate)/s}

      """
    let scenario = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get().scenario
    guard let kind = workloadKinds.first(where: { $0.name == "pass-through" }) else {
      throw failure("there is no workload pass-through", code: .internalError)
    }
    let workload = try kind.make(scenario.workload, scenario.load, scenario.seed)
    let stream = workload.streams[0]
    do throws(TraceError) {
      _ = try generateTrace(
        from: workload.source, stream: stream.name,
        schema: TraceSchema(id: stream.schemaID, json: stream.schema), origin: "bench",
        until: .instant(Instant(ns: length)), to: path)
    } catch {
      throw failure(error.text)
    }
  }

  private mutating func read(_ trace: String, _ speed: Ratio, _ history: String) throws(Problems) {
    var lanes: [[Int64]] = []
    do throws(TraceError) {
      let reader = try TraceReader(path: trace)
      let source = try TraceSource(
        reader, stream: nil, columns: [], options: TraceSource.Options(speed: speed))
      for lane in 0..<source.laneCount {
        var due: [Int64] = []
        var index = 0
        while let block = source.block(index, of: lane) {
          due += (0..<block.count).map { block.intendedAt[$0] }
          index += 1
        }
        lanes.append(due)
      }
      let times = reader.blocks.map(\.summary)
      let first = times.map(\.leastSendTime).min() ?? 0
      let last = times.map(\.greatestSendTime).max() ?? 0
      if speed == .one { scheduleError = abs((lanes.compactMap(\.last).max() ?? 0) - last + first) }
    } catch {
      throw failure(error.text)
    }
    let handed = try Self.handedOver(history, lanes: lanes.count)
    if handed.map(\.count) != lanes.map(\.count) {
      throw failure("not every event of the trace was sent, each once")
    }
    var events: [(due: Int64, sent: Int64)] = []
    for lane in lanes.indices {
      for (due, sent) in zip(lanes[lane], handed[lane]) { events.append((due, sent)) }
    }
    events.sort { $0.due < $1.due }
    due = events.map(\.due)
    sent = events.map(\.sent)
  }

  /// By lane, the instants at which its events were handed to the client, in their order.
  private static func handedOver(_ path: String, lanes: Int) throws(Problems) -> [[Int64]] {
    var handed = [[Int64]](repeating: [], count: lanes)
    do throws(HistoryError) {
      _ = try HistoryFile.read(path) { bytes, first, startAt in
        var cursor = EntryCursor(bytes, firstEntry: first, startAt: startAt)
        do throws(DecodingError) {
          while let kind = try cursor.next() {
            if kind != .sent {
              try cursor.skip(kind)
              continue
            }
            let at = cursor.at.ns
            _ = try cursor.signed()
            _ = try cursor.run { source, _ in
              if Int(source) < handed.count { handed[Int(source)].append(at) }
            }
          }
        } catch {
          return false
        }
        return true
      }
    } catch {
      throw failure(error.message)
    }
    return handed
  }

  /// The error that 99 % of the gaps between neighbours stay under or at.
  static func p99(of sent: [Int64], _ due: [Int64]) -> Int64 {
    let errors = due.indices.dropFirst().map {
      abs(sent[$0] - sent[$0 - 1] - (due[$0] - due[$0 - 1]))
    }.sorted()
    return errors.isEmpty ? 0 : errors[(errors.count * 99 + 99) / 100 - 1]
  }

  /// When events would be sent by a generator that sleeps only when it is more than 10 ms early,
  /// and else sends at once, on a machine where nothing else takes time.
  static func ruleOfTenMilliseconds(_ due: [Int64]) -> [Int64] {
    var now: Int64 = 0
    return due.map { due in
      if due - now > 10 * .millisecond { now = due }
      return now
    }
  }

  /// The median lateness of some of `parts` equal parts of the replay, counted from 1.
  func lateness(_ parts: Int, _ range: ClosedRange<Int>) -> Int64 {
    let from = due.count * (range.lowerBound - 1) / parts
    let to = max(due.count * range.upperBound / parts, from + 1)
    let late = (from..<min(to, due.count)).map { sent[$0] - due[$0] }.sorted()
    return late.isEmpty ? 0 : late[late.count / 2]
  }
}
