import Model
import Scenarios
import Schemas

/// Reads a `*.workload.yaml`. Throws all its mistakes at once, each with line and column.
public func parseWorkloadFile(_ bytes: [UInt8], file: String) throws(Problems) -> WorkloadFile {
  let reading = parseYAML(bytes, file: file)
  let log = ProblemLog()
  for problem in reading.problems { log.add(problem) }
  guard let root = reading.root else {
    if log.isEmpty {
      log.add(
        Problem(
          file: file, message: "the workload is empty",
          hint: "weir workload new --schema ORDER.avsc writes one to begin with"))
    }
    throw Problems(log.ordered())
  }
  let reader = WorkloadFileReader(log: log, summary: reading.openingComment ?? "")
  let workload = reader.read(root, isComplete: reading.isComplete)
  guard log.isEmpty, let workload else { throw Problems(log.ordered()) }
  return workload
}

/// Walks the sections of a workload file.
struct WorkloadFileReader {
  let log: ProblemLog
  let summary: String

  /// Ids of the schemas of user workloads: the first, and those of the streams behind it.
  static let firstSchemaID: UInt32 = 20_001

  func read(_ root: YAMLNode, isComplete: Bool) -> WorkloadFile? {
    let known = ["weir-workload", "name", "sources", "populations", "streams", "queries"]
    guard
      let reader = MappingReader(root, path: "", known: known, isComplete: isComplete, log: log)
    else { return nil }
    reader.require("weir-workload", hint: "begin with weir-workload: 1")
    reader.require("name", hint: "write name: orders")
    reader.require("streams", hint: "write streams: {orders: {schema: ..., fields: ...}}")
    _ = reader.value("weir-workload") { (text) throws(ValueRefusal) in
      if text != "1" { throw ValueRefusal("\(quoted(text)) is no version of the form", hint: "1") }
      return text
    }
    let name = reader.value("name", Self.name)
    let sources = reader.value("sources") { (text) throws(ValueRefusal) in
      let count = try parseCount(text)
      if (1...1_024).contains(count) { return Int(count) }
      throw ValueRefusal("\(count) sources", hint: "1 to 1024")
    }
    let populations = populations(reader)
    let streams = streams(reader, populations)
    guard let name, let streams, !streams.isEmpty else { return nil }
    var workload = WorkloadFile(
      name: name, summary: summary.isEmpty ? "A workload of a file" : sentence(summary),
      streams: streams, populations: populations, queries: [], sources: sources ?? 4)
    let queries = QueryReader(log: log, streams: streams)
    workload.queries = queries.read(reader.freeMapping("queries") ?? [])
    return workload
  }

  private func sentence(_ comment: String) -> String {
    comment.hasSuffix(".") ? String(comment.dropLast()) : comment
  }

  private static func name(_ text: String) throws(ValueRefusal) -> String {
    let fits = text.utf8.allSatisfy {
      ($0 >= 97 && $0 <= 122) || ($0 >= 48 && $0 <= 57) || $0 == UInt8(ascii: "-")
    }
    if fits, !text.isEmpty, text.utf8.count <= 60 { return text }
    throw ValueRefusal("\(quoted(text)) is no name", hint: "small letters, digits and -")
  }

  // Populations

  private func populations(_ reader: MappingReader) -> [Population] {
    (reader.freeMapping("populations") ?? []).compactMap { entry in
      let path = "populations.\(entry.key)"
      guard
        let inner = MappingReader(
          entry.value, path: path, known: ["count", "exponent", "shift"], log: log)
      else { return nil }
      inner.require("count", hint: "how many there are: count: 10k")
      let count = inner.value("count") { (text) throws(ValueRefusal) in
        let count = try parseCount(text)
        if count < 1 || count > 1 << 40 {
          throw ValueRefusal("\(count) members", hint: "1 to 2^40")
        }
        return UInt64(count)
      }
      let exponent = inner.value("exponent") { (text) throws(ValueRefusal) in
        try Self.decimal(text, 0...10)
      }
      let shift = inner.value("shift") { (text) throws(ValueRefusal) in
        try Self.decimal(text, 0...1_000_000_000)
      }
      return Population(
        name: entry.key, count: count ?? 1, exponent: exponent ?? 0, shift: shift ?? 0)
    }
  }

  /// A decimal number such as `1.07`, within a range.
  static func decimal(
    _ text: String, _ range: ClosedRange<Double>
  ) throws(ValueRefusal) -> Double {
    let plain = text.utf8.allSatisfy { ($0 >= 48 && $0 <= 57) || $0 == 45 || $0 == 46 }
    guard plain, let number = Double(text), number.isFinite else {
      throw ValueRefusal("\(quoted(text)) is no decimal number", hint: "such as 1.07")
    }
    if range.contains(number) { return number }
    throw ValueRefusal(
      "\(text) is outside its range", hint: "\(range.lowerBound) to \(range.upperBound)")
  }

  // Streams

  private func streams(_ reader: MappingReader, _ populations: [Population]) -> [FileStream]? {
    guard let entries = reader.freeMapping("streams") else { return nil }
    if entries.isEmpty || entries.count > 16 {
      log.add(reader.mark, "streams: \(entries.count) of them", hint: "1 to 16")
    }
    // Queries mean nothing while a stream is missing.
    return entries.enumerated().map { number, entry in
      stream(entry, number, populations)
    }.compactMapAll { $0 }
  }

  private func stream(
    _ entry: YAMLEntry, _ number: Int, _ populations: [Population]
  ) -> FileStream? {
    let path = "streams.\(entry.key)"
    let known = [
      "schema", "event_time", "key", "share", "arrivals", "delay", "stamp", "markers", "fields",
    ]
    guard let reader = MappingReader(entry.value, path: path, known: known, log: log) else {
      return nil
    }
    reader.require("schema", hint: "the Avro schema as JSON, in quotes or below |")
    reader.require("event_time", hint: "the field that is the event's time")
    reader.require("fields", hint: "write fields: {name: {kernel: ...}}")
    guard let schema = reader.value("schema", Self.schema) else { return nil }
    let names = schema.fields.map(\.name)
    let time = reader.value("event_time") { (text) throws(ValueRefusal) in
      let index = try Self.index(text, names)
      if index < 2 { throw ValueRefusal("\(quoted(text)) is the identity of an event") }
      switch schema.fields[index].type {
      case .timestampMillis, .timestampMicros, .long: return index
      default: throw ValueRefusal("\(quoted(text)) is no timestamp and no long")
      }
    }
    let key = reader.value("key") { (text) throws(ValueRefusal) in
      let index = try Self.index(text, names)
      if index < 2 { throw ValueRefusal("\(quoted(text)) is the identity of an event, no key") }
      if case .nullable = schema.fields[index].type {
        throw ValueRefusal("\(quoted(text)) may be null, and a key may not")
      }
      return index
    }
    let share = reader.value("share") { (text) throws(ValueRefusal) in
      try Self.decimal(text, 0.000_001...1_000)
    }
    guard let time else { return nil }
    let kernels = KernelReader(log: log, schema: schema, time: time, populations: populations)
      .read(reader)
    let stamp = reader.value("stamp") { (text) throws(ValueRefusal) in
      let length = try parseDuration(text)
      if length >= .millisecond, length <= .day, length % .millisecond == 0 {
        return length / .millisecond
      }
      throw ValueRefusal("\(text) is no stamp", hint: "whole milliseconds, 1ms to 1d")
    }
    guard let kernels else { return nil }
    return FileStream(
      name: entry.key, schema: schema, schemaJSON: schema.json,
      schemaID: Self.firstSchemaID + UInt32(number), timeField: time, keyField: key,
      share: share ?? 1, arrivals: arrivals(reader) ?? .random,
      batchSizes: batchSizes(reader), delay: delay(reader),
      stamp: stamp ?? 1,
      markers: markers(reader, schema), kernels: kernels)
  }

  static func index(_ text: String, _ names: [String]) throws(ValueRefusal) -> Int {
    if let index = names.firstIndex(of: text) { return index }
    throw ValueRefusal(
      "there is no field \(quoted(text))",
      hint: nearestName(to: text, in: names).map { "did you mean '\($0)'?" })
  }

  /// Every record begins with the two fields of its identity: they are put before the others.
  private static func schema(_ text: String) throws(ValueRefusal) -> AvroSchema {
    do throws(SchemaError) {
      var schema = try AvroSchema.parse(text)
      let identity = [
        AvroField(name: "source", type: .int), AvroField(name: "sequence", type: .long),
      ]
      if Array(schema.fields.prefix(2)) != identity {
        if schema.fields.contains(where: { $0.name == "source" || $0.name == "sequence" }) {
          throw SchemaError(
            "its fields source and sequence are not the first two, an int and a long")
        }
        schema.fields = identity + schema.fields
      }
      if schema.fields.count < 3 { throw SchemaError("the record has no fields") }
      return schema
    } catch {
      throw ValueRefusal("no schema that can be used: \(error.message)")
    }
  }

  private func arrivals(_ reader: MappingReader) -> FileStream.Arrivals? {
    let keys = ["kind", "rate", "dispersion", "sizes"]
    guard let inner = reader.mapping("arrivals", known: keys) else { return nil }
    inner.require("kind", hint: "one of even, random, bursty")
    let kind = inner.choice("kind", among: ["even", "random", "bursty"])
    for key in ["rate", "dispersion"] {
      guard kind != "bursty", kind != nil, let entry = inner.entry(key) else { continue }
      log.add(entry.keyMark, "\(inner.path(of: key)) belongs to the kind bursty")
    }
    switch kind {
    case "even": return .even
    case "bursty":
      inner.require("rate", hint: "the rate at which it was measured: rate: 12/s")
      inner.require("dispersion", hint: "such as {1s: 1.9, 10s: 7.4}")
      var points: [FileStream.Dispersion] = []
      for entry in inner.freeMapping("dispersion") ?? [] {
        if let point = dispersion(entry, inner) { points.append(point) }
      }
      points.sort { $0.window < $1.window }
      guard let rate = inner.value("rate", parseRate), !points.isEmpty else { return nil }
      return .bursty(rate: rate.perSecond, points)
    default: return .random
    }
  }

  private func batchSizes(_ reader: MappingReader) -> [Int64] {
    guard case .mapping? = reader.entry("arrivals")?.value.content,
      let node = reader.entry("arrivals")?.value["sizes"]
    else { return [] }
    let sizes = (node.elements ?? []).compactMap { $0.scalar.flatMap { Int64($0) } }
    let fits = sizes.allSatisfy { (1...10_000).contains($0) } && sizes == sizes.sorted()
    if sizes.count < 2 || sizes.count > 1_025 || sizes.count != node.elements?.count || !fits {
      log.add(
        node.mark, "\(reader.path(of: "arrivals")).sizes: 2 to 1025 sizes that never fall",
        hint: "quantiles at equal steps, each 1 to 10000: [1, 1, 2, 9]")
      return []
    }
    if reader.entry("arrivals")?.value["kind"]?.scalar == "even" {
      log.add(node.mark, "\(reader.path(of: "arrivals")).sizes: the kind even has no batches")
    }
    return sizes
  }

  private func dispersion(_ entry: YAMLEntry, _ inner: MappingReader) -> FileStream.Dispersion? {
    let path = inner.path(of: "dispersion")
    do throws(ValueRefusal) {
      let window = try parseDuration(entry.key)
      if window < .second || window > .hour {
        throw ValueRefusal("a window of \(entry.key)", hint: "1s to 1h")
      }
      guard let text = entry.value.scalar else {
        throw ValueRefusal("\(entry.value.kindText) is no index of dispersion")
      }
      return FileStream.Dispersion(window: window, index: try Self.decimal(text, 1...1_000_000))
    } catch {
      log.add(entry.keyMark, "\(path).\(entry.key)", error)
      return nil
    }
  }

  private func markers(_ reader: MappingReader, _ schema: AvroSchema) -> FileStream.Markers? {
    guard let inner = reader.mapping("markers", known: ["field", "symbol", "every"]) else {
      return nil
    }
    inner.require("field", hint: "an enum of the schema")
    inner.require("symbol", hint: "its symbol for markers")
    let names = schema.fields.map(\.name)
    let field = inner.value("field") { (text) throws(ValueRefusal) in
      let index = try Self.index(text, names)
      if case .enumeration = schema.fields[index].type { return index }
      throw ValueRefusal("\(quoted(text)) is no enum")
    }
    let every = inner.duration("every") ?? 100 * .millisecond
    if every < 100 * .millisecond || every % .millisecond != 0 {
      log.add(inner.mark, "\(inner.path(of: "every")): whole milliseconds from 100ms are wanted")
    }
    guard let field, case .enumeration(_, let symbols) = schema.fields[field].type,
      let symbol = inner.choice("symbol", among: symbols)
    else { return nil }
    return FileStream.Markers(
      field: field, symbol: Int64(symbols.firstIndex(of: symbol) ?? 0), every: every)
  }

  private func delay(_ reader: MappingReader) -> Spread {
    let standard = Spread(median: 20 * .millisecond, p99: 60 * .millisecond)
    guard let inner = reader.mapping("delay", known: ["median", "p99"]) else { return standard }
    inner.require("median")
    let median = inner.duration("median") ?? standard.median
    let p99 = inner.duration("p99") ?? 3 * median
    if median > 200 * .millisecond || p99 > 200 * .millisecond {
      log.add(inner.mark, "\(inner.path): above 200ms", hint: "it holds back 200ms at most")
    }
    if p99 < median { log.add(inner.mark, "\(inner.path): p99 is below the median") }
    return Spread(median: median, p99: p99)
  }
}
