import Bytes
import Draws
import Model
import Schemas

/// A workload file whose events are like those of one stream of a trace.
public struct TraceFit: Sendable {
  /// The text of the file.
  public var text: String
  /// Events per second of the trace, at which the file generates what was measured.
  public var perSecond: Double
  public var sources: Int
  /// What the form of workload files cannot say of the trace, one sentence each.
  public var shortcomings: [String]
}

/// Fits a workload file to a stream of a trace: times, keys and delays from every event, values
/// from at most 100,000 spread over all of it. Each field is taken for independent of the others.
/// Throws for a trace that cannot be read, and for a stream without exactly one schema.
public func fitWorkload(
  _ path: String, stream: String? = nil, name: String
) throws(TraceError) -> TraceFit {
  let reader = try TraceReader(path: path)
  let streams = reader.description.streams
  let number = stream.map { wanted in streams.firstIndex { $0.name == wanted } } ?? 0
  guard let number, streams.indices.contains(number) else {
    throw TraceError(.request, file: path, message: "the trace has no stream '\(stream ?? "")'")
  }
  guard streams[number].schemas.count == 1 else {
    throw TraceError(
      .request, file: path,
      message: "stream '\(streams[number].name)' has \(streams[number].schemas.count) schemas; "
        + "a workload file has one for each stream")
  }
  let schema: AvroSchema
  do throws(SchemaError) {
    schema = try AvroSchema.parse(streams[number].schemas[0].json)
  } catch {
    throw TraceError(
      .request, file: path, message: "its schema cannot be generated: \(error.message)")
  }
  var fitter = TraceFitter(schema: schema, name: name, stream: streams[number].name)
  try fitter.read(reader, number)
  let statistics = try traceStatistics(path, stream: streams[number].name)
  guard statistics.events > 1, statistics.span > 0 else {
    throw TraceError(.request, file: path, message: "fewer than two instants: nothing to fit")
  }
  return fitter.fit(statistics)
}

/// Gathers what the lines of a workload file need.
private struct TraceFitter {
  let schema: AvroSchema
  let name: String
  let stream: String
  private var samples: [FieldSample]
  private var keys: [UInt64: UInt64] = [:]
  private var keyed: UInt64 = 0
  private var delays = DelayCounts()
  private var sources: Set<UInt32> = []
  /// Event times are multiples of this many nanoseconds.
  private var grain: Int64 = 0
  /// How many events of a source have one time in a row, and the row that is going on.
  private var runs: [Int64] = []
  private var run: (source: UInt32, time: Int64, count: Int64) = (0, .min, 0)
  private static let mostValues: UInt64 = 100_000

  init(schema: AvroSchema, name: String, stream: String) {
    self.schema = schema
    self.name = name
    self.stream = stream
    samples = schema.fields.map { FieldSample($0) }
  }

  mutating func read(_ reader: TraceReader, _ number: Int) throws(TraceError) {
    let total = reader.blocks.reduce(UInt64(0)) {
      $0 + ($1.summary.stream == number ? UInt64($1.summary.count) : 0)
    }
    let step = max(1, total / Self.mostValues)
    var merge = try LaneMerge(
      reader, stream: reader.description.streams[number].name, columns: .all, from: .beginning)
    var place: UInt64 = 0
    while let (lane, event) = try merge.next() {
      let block = lane.block
      sources.insert(block.summary.source)
      count(block.summary.source, block.eventTime(at: event))
      grain = Self.divisor(grain, block.eventTime(at: event))
      if let key = block.key(at: event) {
        keys[digest64(key), default: 0] += 1
        keyed += 1
      }
      if let arrival = block.arrival(at: event) {
        delays.add(arrival &- block.eventTime(at: event))
      }
      let value = try lane.value(of: event, in: reader)
      defer { place += 1 }
      guard place % step == 0, let value, let schema = block.schema(at: event),
        let plan = reader.plans[number][schema]
      else { continue }
      let key = block.key(at: event).map { digest64($0) }
      let texts = value.withUnsafeBytes { bytes in
        AvroText(plan: plan, identity: block.identity(at: event), isPlain: true)
          .fields(UnsafeRawBufferPointer(rebasing: bytes[5...]))
      }
      for (index, text) in (texts ?? []).enumerated() where index < samples.count {
        samples[index].add(text, key: key)
      }
    }
  }

  private mutating func count(_ source: UInt32, _ time: Int64) {
    if run.count > 0 && run.source == source && run.time == time {
      run.count += 1
      return
    }
    if run.count > 0 { runs.append(run.count) }
    run = (source, time, 1)
  }

  /// Quantiles of batch sizes, when events share their times far more than a coarse clock explains.
  private func batches(_ statistics: TraceStatistics, rate: Double) -> [Int64] {
    guard let shared = statistics.sameStampShare, shared > 0.05, runs.count > 1 else { return [] }
    let r = rate * Double(max(grain, 1)) / 1e9
    let chance = r > 0 ? 1 - (1 - portableExp(-r)) / r : 0
    if chance > 0.7 * shared { return [] }
    let sorted = (runs + [run.count]).sorted()
    let steps = min(256, sorted.count - 1)
    return (0...steps).map { min(sorted[$0 * (sorted.count - 1) / steps], 10_000) }
  }

  private static func divisor(_ a: Int64, _ b: Int64) -> Int64 {
    var (x, y) = (a.magnitude, b.magnitude)
    while y != 0 { (x, y) = (y, x % y) }
    return Int64(clamping: x)
  }

  func fit(_ statistics: TraceStatistics) -> TraceFit {
    var shortcomings: [String] = []
    let time = schema.index(of: "event_time") ?? 2
    let rate = Double(statistics.events) * 1e9 / Double(statistics.span)
    var lines = [
      "# Fitted to \(FitText.plain(Double(statistics.events))) events of the stream "
        + "\(FitText.comment(stream)), \(FitText.decimal(rate)) a second.",
      "weir-workload: 1", "name: \(FitText.name(name))", "sources: \(max(sources.count, 1))",
    ]
    let keyField = samples.firstIndex {
      $0.followsKey && $0.canBeKey && keyed > 0 && $0.field.name != "source"
        && $0.field.name != "sequence"
    }
    if keyField != nil {
      let law = MemberLaw(counts: keys.values.sorted(by: >))
      lines += [
        "populations:",
        "  keys: {count: \(keys.count), exponent: \(FitText.decimal(law.exponent)), "
          + "shift: \(FitText.decimal(law.shift))}",
      ]
    } else if keyed > 0 {
      shortcomings.append("its keys stand in no field by themselves, so they are left out")
    }
    lines += [
      "streams:", "  \(FitText.name(stream)):", "    schema: '\(schema.json)'",
      "    event_time: \(schema.fields[time].name)",
    ]
    if let keyField { lines.append("    key: \(schema.fields[keyField].name)") }
    let sizes = batches(statistics, rate: rate)
    lines.append("    arrivals: \(FitText.arrivals(statistics, rate: rate, sizes: sizes))")
    lines += delayLines(&shortcomings)
    if grain >= 1_000_000 && grain > 1_000_000 {
      lines.append("    stamp: \(grain / 1_000_000)ms")
    }
    lines.append("    fields:")
    for (index, sample) in samples.enumerated()
    where index != time && schema.fields[index].name != "source"
      && schema.fields[index].name != "sequence"
    {
      let kernel =
        index == keyField ? "kernel: member, of: keys" : sample.kernel(&shortcomings)
      lines.append("      \(schema.fields[index].name): {\(kernel)}")
    }
    if let share = statistics.outOfOrderShare, share > 0.001 {
      shortcomings.append(
        "\(FitText.decimal(share * 100)) % of its events are out of order; those of the file are "
          + "in order within a source")
    }
    return TraceFit(
      text: lines.joined(separator: "\n") + "\n", perSecond: rate,
      sources: max(sources.count, 1), shortcomings: shortcomings)
  }

  private func delayLines(_ shortcomings: inout [String]) -> [String] {
    guard let median = delays.quantile(0.5), let high = delays.quantile(0.99), high > 0 else {
      return ["    delay: {median: 0ms, p99: 0ms}"]
    }
    let most = 200.0 * 1e6
    if high > most {
      shortcomings.append(
        "its events arrive up to \(FitText.decimal(high / 1e6)) ms late (99 %), those of a "
          + "workload file at most 200 ms")
    }
    let micros = [min(median, most), min(high, most)].map { Int64($0 / 1e3) }
    return ["    delay: {median: \(micros[0])us, p99: \(max(micros[1], micros[0]))us}"]
  }
}

/// Values of one field.
private struct FieldSample {
  let field: AvroField
  private var count = 0
  private var nulls = 0
  private var counts: [String: Int] = [:]
  /// Numbers in units of the field: whole, or millionths.
  private var numbers: [Int64] = []
  private var length = 0
  /// What each key's value was, until one key has two or two keys share one.
  private var ofKey: [UInt64: String] = [:]
  private var values: Set<String> = []
  private(set) var followsKey = true
  private static let mostTexts = 400

  init(_ field: AvroField) { self.field = field }

  private var plain: AvroType {
    if case .nullable(let inner, _) = field.type { inner } else { field.type }
  }

  var isWhole: Bool { plain == .int || plain == .long }

  var canBeKey: Bool { isWhole || field.type == .string }

  private var isFloating: Bool { plain == .float || plain == .double }

  mutating func add(_ text: String, key: UInt64?) {
    count += 1
    if text.isEmpty, case .nullable = field.type {
      nulls += 1
      followsKey = false
      return
    }
    if followsKey {
      if let key, ofKey[key] == text || (ofKey[key] == nil && values.insert(text).inserted) {
        ofKey[key] = text
      } else {
        followsKey = false
        ofKey = [:]
        values = []
      }
    }
    length += text.utf8.count
    if counts[text] != nil || counts.count < Self.mostTexts { counts[text, default: 0] += 1 }
    if isWhole, let number = Int64(text) { numbers.append(number) }
    if isFloating, let number = Double(text), number.magnitude < 1e12 {
      numbers.append(Int64((number * 1e6).rounded()))
    }
  }

  /// The mapping that fills the field.
  func kernel(_ shortcomings: inout [String]) -> String {
    let share = count == 0 ? 0 : Double(nulls) / Double(count)
    let end = share > 0 ? ", nulls: \(FitText.percent(share))" : ""
    return value(&shortcomings) + end
  }

  private func value(_ shortcomings: inout [String]) -> String {
    let ranked = counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
    let isClosed = counts.count < Self.mostTexts
    switch plain {
    case .timestampMillis, .timestampMicros: return "kernel: event-time"
    case .boolean, .enumeration:
      if ranked.isEmpty { break }
      return FitText.choice(ranked.map { ($0.key, $0.value) })
    case .int, .long, .float, .double:
      if numbers.isEmpty { return "kernel: constant, value: 0" }
      if isClosed, counts.count <= 32 || counts.count * 20 < count, !isFloating {
        return FitText.choice(ranked.map { ($0.key, $0.value) })
      }
      return FitText.quantiles(numbers, isFloating: isFloating)
    case .string, .bytes:
      let texts = ranked.prefix(200).filter { FitText.isPlain($0.key) }
      if isClosed, !texts.isEmpty { return FitText.choice(texts.map { ($0.key, $0.value) }) }
      let mean = count > nulls ? length / max(count - nulls, 1) : 8
      shortcomings.append("the texts of \(field.name) are letters of the mean length")
      return "kernel: letters, length: \(min(max(mean, 1), 256))"
    case .fixed: return "kernel: uniform, from: 0, to: 9223372036854775807"
    case .nullable: break
    }
    if case .enumeration(_, let symbols) = plain {
      return "kernel: constant, value: \(symbols.first ?? "")"
    }
    return "kernel: constant, value: false"
  }
}

/// The law of Zipf and Mandelbrot that has the shares of the most frequent member and of the most
/// frequent hundredth of all.
private struct MemberLaw {
  var exponent = 0.0
  var shift = 0.0

  init(counts: [UInt64]) {
    let all = Double(counts.reduce(0, +))
    guard counts.count > 1, all > 0 else { return }
    let few = max(1, (counts.count + 99) / 100)
    let top = Double(counts[0]) / all
    let part = Double(counts.prefix(few).reduce(0, +)) / all
    var best = Double.infinity
    for step in 0...60 {
      let s = Double(step) / 20
      for q in [0.0, 0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 1_024] {
        let (x, y) = Self.shares(counts.count, few, s, q)
        let (a, b) = (portableLog(x / top), portableLog(y / part))
        let miss = a * a + b * b
        if miss < best { (best, exponent, shift) = (miss, s, q) }
      }
    }
  }

  private static func shares(_ count: Int, _ few: Int, _ s: Double, _ q: Double) -> (
    top: Double, part: Double
  ) {
    func weight(_ rank: Double) -> Double { portableExp(-s * portableLog(rank + q)) }
    func sum(_ to: Int) -> Double {
      let exact = min(to, 64)
      var sum = 0.0
      for rank in 1...exact { sum += weight(Double(rank)) }
      if to > exact {
        let (a, b) = (Double(exact) + 0.5 + q, Double(to) + 0.5 + q)
        sum +=
          s == 1
          ? portableLog(b / a)
          : (portableExp((1 - s) * portableLog(b)) - portableExp((1 - s) * portableLog(a)))
            / (1 - s)
      }
      return sum
    }
    let all = sum(count)
    return (weight(1) / all, sum(few) / all)
  }
}
