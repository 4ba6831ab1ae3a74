import Bytes
import CShim
import Model
import Queries
import Scenarios
import Statistics
import Traces
import Workloads

/// How fast traces are written, read, replayed and searched. What they take beside other formats is
/// told by `Benchmarks/traces`.
extension Bench {
  static let traces = [traceWrite, traceDecode, traceReplay, traceSeek]

  private static let events = 400_000

  /// Card payments that are there already, as bytes on the wire, into a trace.
  static let traceWrite = Bench(
    name: "trace-write", unit: "events/CPU-s", target: 4_200_000, moreIsBetter: true,
    repetitions: 7
  ) { () throws(Problems) in
    let folder = try BenchFolder()
    defer { folder.remove() }
    let payments = try makePayments()
    return try perSecond { () throws(TraceError) in
      try write(payments, to: folder.trace)
    }
  }

  /// From the file to typed columns of everything that an event has.
  static let traceDecode = Bench(
    name: "trace-decode", unit: "events/CPU-s", target: 12_500_000, moreIsBetter: true,
    repetitions: 7
  ) { () throws(Problems) in
    let folder = try BenchFolder()
    defer { folder.remove() }
    let payments = try makePayments()
    try asProblems { () throws(TraceError) in try write(payments, to: folder.trace) }
    return try perSecond { () throws(TraceError) in
      let reader = try TraceReader(path: folder.trace)
      for block in reader.blocks.indices { _ = try reader.block(block) }
    }
  }

  /// From the file to batches that can be sent, at full speed, and to nobody: in percent of the
  /// speed of `trace-decode`, measured in turns.
  static let traceReplay = Bench(
    name: "trace-replay", unit: "%", target: 80, moreIsBetter: true, repetitions: 7
  ) { () throws(Problems) in
    let folder = try BenchFolder()
    defer { folder.remove() }
    let workload = try makePayments()
    try asProblems { () throws(TraceError) in try write(workload, to: folder.trace) }
    var decoding: UInt64 = 0
    var replaying: UInt64 = 0
    for _ in 0..<5 {
      let start = shim_process_cpu_ns()
      try asProblems { () throws(TraceError) in
        let reader = try TraceReader(path: folder.trace)
        for block in reader.blocks.indices { _ = try reader.block(block) }
      }
      let middle = shim_process_cpu_ns()
      try asProblems { () throws(TraceError) in
        let source = try TraceSource(
          TraceReader(path: folder.trace), stream: nil, columns: workload.columns,
          options: TraceSource.Options(speed: nil))
        for lane in 0..<source.laneCount {
          var index = 0
          while source.block(index, of: lane) != nil { index += 1 }
        }
        if let failure = source.failure { throw failure }
      }
      decoding += middle - start
      replaying += shim_process_cpu_ns() - middle
    }
    return Double(decoding) * 100 / Double(max(replaying, 1))
  }

  /// The first event at an instant, in a trace of a hundred million events that is opened for it:
  /// the median of 21 instants, in wall time.
  static let traceSeek = Bench(
    name: "trace-seek-100M", unit: "ms", target: 5, moreIsBetter: false, repetitions: 1
  ) { () throws(Problems) in
    let folder = try BenchFolder()
    defer { folder.remove() }
    let count = 100_000_000
    try asProblems { () throws(TraceError) in try writeReadings(count, to: folder.trace) }
    var times: [UInt64] = []
    for round in 0..<21 {
      let place = Int64(round * 37 % 21) * Int64(count / 21) + 12_345
      let instant = Timestamp(ns: readingsStart + place * 1_000_000)
      var found = ""
      let start = shim_monotonic_ns()
      try asProblems { () throws(TraceError) in
        try traceLines(folder.trace, from: .eventTime(instant), limit: 1) { line in
          found = line
          return true
        }
      }
      times.append(shim_monotonic_ns() - start)
      if !found.contains("\"event_time\":\"\(formatInstant(instant))\"") {
        throw failure("the seek found \(found)", code: .internalError)
      }
    }
    return Double(times.sorted()[10]) / 1e6
  }

  /// Generated payments, by lane.
  private struct Payments {
    var blocks: [EventBlock]
    var stream: String
    var schema: TraceSchema
    var columns: [ColumnSource]
  }

  private static func makePayments() throws(Problems) -> Payments {
    let text = """
      # Demonstrates: how fast traces are.
      weir: 1
      seed: 42
      workload: {kind: fraud-detection, sources: 8}
      load: {shape: constant, rate: 20k/s}

      """
    let scenario = try loadScenario(
      bytes: Array(text.utf8), file: "bench", name: "bench", catalog: Catalogue.forLoader
    ).get().scenario
    guard let kind = workloadKinds.first(where: { $0.name == scenario.workload.kind }) else {
      throw failure("no workload for the bench", code: .internalError)
    }
    let workload = try kind.make(scenario.workload, scenario.load, scenario.seed)
    var blocks: [EventBlock] = []
    for lane in 0..<workload.source.laneCount {
      var count = 0
      var index = 0
      while count < events / workload.source.laneCount,
        let block = workload.source.block(index, of: lane)
      {
        blocks.append(block)
        count += block.count
        index += 1
      }
    }
    return Payments(
      blocks: blocks, stream: workload.stream,
      schema: TraceSchema(id: workload.schemaID, json: workload.schema),
      columns: workload.plan.input.columns)
  }

  private static func write(_ payments: Payments, to path: String) throws(TraceError) {
    let writer = try TraceWriter(path: path)
    let stream = writer.addStream(TraceStream(name: payments.stream, schemas: [payments.schema]))
    for block in payments.blocks {
      for event in 0..<block.count {
        let start = block.bytes + Int(block.start[event])
        let key = block.keyLength[event] == .max ? 0 : Int(block.keyLength[event])
        let size = Int(block.start[event + 1] - block.start[event])
        try writer.append(
          stream: stream, source: block.lane, sequence: block.baseSequence + UInt64(event),
          eventTime: block.eventTime[event], arrival: block.intendedAt[event],
          key: UnsafeRawBufferPointer(start: start, count: key),
          value: UnsafeRawBufferPointer(start: start + key, count: size - key))
      }
    }
    _ = try writer.finish()
  }

  /// Payments for each second of CPU of the work.
  private static func perSecond(
    _ work: () throws(TraceError) -> Void
  ) throws(Problems) -> Double {
    let start = shim_process_cpu_ns()
    try asProblems(work)
    return Double(events) * 1e9 / Double(shim_process_cpu_ns() - start)
  }

  private static func asProblems(
    _ work: () throws(TraceError) -> Void
  ) throws(Problems) {
    do throws(TraceError) {
      try work()
    } catch {
      throw failure(error.text)
    }
  }

  private static let readingsStart: Int64 = 1_700_000_000_000_000_000

  /// A reading each millisecond, of four sources in turn.
  private static func writeReadings(_ count: Int, to path: String) throws(TraceError) {
    let schema = """
      {"type":"record","name":"reading","fields":[{"name":"source","type":"int"},
      {"name":"sequence","type":"long"},{"name":"value","type":"long"}]}
      """
    let writer = try TraceWriter(path: path)
    let stream = writer.addStream(
      TraceStream(name: "readings", schemas: [TraceSchema(id: 1, json: schema)]))
    var value = ByteWriter()
    for number in 0..<count {
      let source = number % 4
      value.removeAll()
      value.byte(0)
      value.word32(UInt32(1).byteSwapped)
      value.signed(Int64(source))
      value.signed(Int64(number / 4))
      value.signed(Int64(number % 1_009))
      try writer.append(
        stream: stream, source: UInt32(source), sequence: UInt64(number / 4),
        eventTime: readingsStart + Int64(number) * 1_000_000, key: nil, value: value.bytes)
    }
    _ = try writer.finish()
  }
}

extension BenchFolder {
  var trace: String { "\(path)/bench.trace" }
}
