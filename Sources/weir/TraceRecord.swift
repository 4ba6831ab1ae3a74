import CShim
import Commands
import KafkaBackbone
import Model
import Scenarios
import Statistics
import Traces

extension Session {
  func traceRecord() throws(Problems) -> ExitCode {
    let plan = try RecordPlan(self)
    let out = try required("out")
    if out == "-" { throw failure("a trace is written to a file, not to stdout") }
    let isResumed = try prepareFile(out)
    shim_watch_interrupts()
    let reader: TopicReader
    do throws(KafkaProblem) {
      reader = try TopicReader(
        bootstrap: plan.bootstrap, topic: plan.topic, options: plan.client)
    } catch {
      throw recordProblem(error)
    }
    defer { reader.close() }
    let writer: CaptureWriter
    do throws(TraceError) {
      writer = try CaptureWriter(path: out, settings: plan.settings, resuming: isResumed)
    } catch {
      throw failure(error.text)
    }
    var recording = Recording(plan: plan, reader: reader, writer: writer)
    let stop = recording.run(console)
    let written: TraceSummary
    do throws(TraceError) {
      written = try writer.finish()
    } catch {
      throw failure(error.text)
    }
    return report(recording, written, stop)
  }

  /// Nothing that is there is overwritten; `--resume` goes on with it, also with what a recording
  /// that was killed left under its working name. True when there is something to go on with.
  private func prepareFile(_ out: String) throws(Problems) -> Bool {
    let partial = out + ".partial"
    let (whole, cut) = (Files.kind(out) != .missing, Files.kind(partial) != .missing)
    if !invocation.has("resume") {
      if !whole && !cut { return false }
      throw failure(
        "\(whole ? out : partial) is there already",
        hint: "to go on with it: --resume; to begin anew: remove it")
    }
    if whole && cut {
      throw failure("both \(out) and \(partial) are there", hint: "remove one of them")
    }
    if cut {
      do throws(TraceError) {
        if try CaptureWriter.isEmpty(partial) { return false }
      } catch {
        throw failure(error.text)
      }
      try Files.move(partial, to: out)
      console.note("going on with what a stopped recording left in \(partial)")
    }
    return whole || cut
  }

  private func report(
    _ recording: Recording, _ written: TraceSummary, _ stop: Recording.Stop
  ) -> ExitCode {
    let counts = recording.writer.counts
    let code: ExitCode
    switch stop {
    case .asked: code = .holds
    case .interrupted: code = .interrupted
    case .failed(let problems):
      code = problems.code
      console.diagnostic(ProblemText.render(problems, program: "weir", color: console.colorErrors))
    }
    if recording.missing > 0 {
      console.note(
        "weir: warning: \(NumberStyle.plain.count(recording.missing)) records that the topic has "
          + "no more lie before what was recorded")
    }
    if console.json {
      let number = { (count: UInt64) in JSONValue.integer(Int64(clamping: count)) }
      console.document(
        .object([
          ("schema", .string("weir-trace-record/1")),
          ("exit_code", .integer(Int64(code.rawValue))),
          ("records", number(counts.records)), ("undecodable", number(counts.undecodable)),
          ("partitions", .integer(Int64(recording.reader.extents.count))),
          ("fields_kept", .integer(Int64(counts.keptFields))),
          ("fields_pseudonym", .integer(Int64(counts.pseudonymFields))),
          ("fields_dropped", .integer(Int64(counts.droppedFields))),
          ("missing", number(recording.missing)),
          ("bytes", number(written.bytes)),
        ]))
    } else if !console.quiet || code != .holds {
      console.result(sentence(counts, recording) + "\n")
    }
    return code
  }

  private func sentence(_ counts: CaptureCounts, _ recording: Recording) -> String {
    let style = NumberStyle.plain
    let partitions = recording.reader.extents.count
    var text = "\(style.count(counts.records)) record\(counts.records == 1 ? "" : "s") of "
    text += "\(style.count(partitions)) partition\(partitions == 1 ? "" : "s")"
    let settings = recording.plan.settings
    if settings.decoding != .raw {
      text += ", \(style.count(counts.undecodable)) of them undecodable"
      if counts.undecodable > 0 {
        text += settings.rules.keepsUndecodable ? " and kept as bytes" : " and left out"
      }
    }
    if settings.rules.isNone { return text }
    text += "; \(counts.keptFields) field\(counts.keptFields == 1 ? "" : "s") kept, "
    text += "\(counts.pseudonymFields) pseudonym\(counts.pseudonymFields == 1 ? "" : "s")"
    return text + ", \(counts.droppedFields) dropped"
  }
}

private func recordProblem(_ problem: KafkaProblem) -> Problems {
  failure(problem.message, code: problem.isUnavailable ? .unavailable : .usage)
}

/// What the command line asks of a recording.
private struct RecordPlan {
  var bootstrap: String
  var topic: String
  var settings: CaptureSettings
  var client: [KafkaOption]
  var limit: UInt64?
  var length: Nanoseconds?
  var endsAtEnd: Bool
  var beginsAtEnd: Bool

  init(_ session: Session) throws(Problems) {
    let invocation = session.invocation
    let url = try session.required("backbone")
    let scheme = "kafka://"
    guard url.hasPrefix(scheme), url.count > scheme.count else {
      throw failure(
        "--backbone '\(url)' names no cluster to record from",
        hint: "write kafka://HOST:PORT; this version records from Kafka")
    }
    bootstrap = String(url.dropFirst(scheme.count))
    topic = try session.required("topic")
    limit = invocation.count("limit")
    if let text = invocation.value("for") {
      length = try session.read("for", text, parseDuration)
    }
    endsAtEnd = invocation.has("to-end")
    if limit == nil && length == nil && !endsAtEnd {
      throw failure(
        "weir trace record needs an end: --for DURATION, --limit N or --to-end")
    }
    switch invocation.value("from") ?? "beginning" {
    case "beginning": beginsAtEnd = false
    case "end": beginsAtEnd = true
    case let other:
      throw failure("--from '\(other)': no such place", hint: "one of: beginning, end")
    }
    client = try Self.client(invocation.values("client"))
    settings = CaptureSettings(
      stream: topic, decoding: try Self.decoding(invocation))
    settings.timeField = invocation.value("time")
    do throws(ValueRefusal) {
      settings.rules = try MaskRules(
        allowed: Self.names(invocation.value("allow")),
        pseudonyms: Self.names(invocation.value("pseudonym")))
    } catch {
      throw failure("--allow and --pseudonym: \(error.message)")
    }
    if let text = invocation.value("key") { settings.key = try readPseudonymKey(text) }
    if settings.key == nil && !settings.rules.pseudonyms.isEmpty {
      throw failure(
        "--pseudonym needs a key", hint: "give --key env:NAME or --key file:PATH")
    }
  }

  private static func names(_ text: String?) -> [String] {
    guard let text else { return [] }
    return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  private static func decoding(_ invocation: Invocation) throws(Problems) -> CaptureDecoding {
    var schemas: [CaptureSchema] = []
    for text in invocation.values("avsc") {
      var (id, path): (UInt32?, String) = (nil, text)
      if let equals = text.firstIndex(of: "="), let number = UInt32(text[..<equals]) {
        (id, path) = (number, String(text[text.index(after: equals)...]))
      }
      schemas.append(CaptureSchema(id: id, json: try Files.text(path, limit: 1 << 20)))
    }
    switch invocation.value("decode") {
    case "avro" where schemas.isEmpty:
      throw failure("--decode avro needs the schema of the values", hint: "give --avsc FILE")
    case "json" where !schemas.isEmpty, "raw" where !schemas.isEmpty:
      throw failure("--avsc is of --decode avro")
    case "json": return .json
    case "raw": return .raw
    default: return schemas.isEmpty ? .raw : .avro(schemas)
    }
  }

  /// Options of the client; what stands in the environment is not told in messages.
  private static func client(_ texts: [String]) throws(Problems) -> [KafkaOption] {
    let known = clientOptionNames(ofProducers: false)
    var options: [KafkaOption] = []
    for text in texts {
      guard let equals = text.firstIndex(of: "=") else {
        throw failure("--client: there is no '=' in it", hint: "write NAME=VALUE")
      }
      let name = String(text[..<equals])
      if !known.contains(name) {
        let near = nearestName(to: name, in: known).map { "; did you mean '\($0)'?" } ?? ""
        throw failure("--client: librdkafka has no option '\(name)'\(near)")
      }
      var value = String(text[text.index(after: equals)...])
      if value.hasPrefix("env:") {
        guard let found = variable(String(value.dropFirst(4))) else {
          throw failure("--client \(name): the variable \(value.dropFirst(4)) is not set")
        }
        value = found
      }
      options.append(KafkaOption(name, value))
    }
    return options
  }
}

/// Records until it is to stop.
private struct Recording {
  let plan: RecordPlan
  let reader: TopicReader
  let writer: CaptureWriter
  /// Records that the topic no longer had where the recording was to go on.
  private(set) var missing: UInt64 = 0
  /// Without any answer for so long, and with something still to come, the cluster is gone.
  private static let patience: UInt64 = 30_000_000_000

  enum Stop {
    case asked, interrupted
    case failed(Problems)
  }

  init(plan: RecordPlan, reader: TopicReader, writer: CaptureWriter) {
    self.plan = plan
    self.reader = reader
    self.writer = writer
  }

  mutating func run(_ console: Console) -> Stop {
    reader.start(at: offsets())
    let began = shim_monotonic_ns()
    var heard = began
    while true {
      if shim_interrupt_count() > 0 { return .interrupted }
      if let limit = plan.limit, writer.counts.records >= limit { return .asked }
      if plan.endsAtEnd && isAtEnd { return .asked }
      let now = shim_monotonic_ns()
      if let length = plan.length, now - began >= UInt64(max(length, 0)) { return .asked }
      do throws(Problems) {
        if try step() {
          heard = now
        } else if plan.endsAtEnd && now - heard > Self.patience {
          throw failure(
            "nothing came from \(plan.bootstrap) for 30 s, and the end is not reached",
            code: .unavailable)
        }
      } catch {
        return .failed(error)
      }
    }
  }

  /// Where each partition begins: after what the file has, else where asked.
  private mutating func offsets() -> [Int64] {
    var offsets: [Int64] = []
    for (partition, extent) in reader.extents.enumerated() {
      let usual = plan.beginsAtEnd ? extent.end : extent.first
      let wanted = writer.nextOffsets[Int32(partition)] ?? usual
      if wanted < extent.first { missing += UInt64(extent.first - wanted) }
      offsets.append(max(wanted, extent.first))
    }
    return offsets
  }

  private var isAtEnd: Bool {
    zip(reader.positions, reader.extents).allSatisfy { $0 >= $1.end }
  }

  private func step() throws(Problems) -> Bool {
    var refused: TraceError?
    let isNews: Bool
    do throws(KafkaProblem) {
      isNews = try reader.read(within: 100) { record in
        do throws(TraceError) {
          try take(record)
        } catch {
          refused = error
          return false
        }
        return plan.limit.map { writer.counts.records < $0 } ?? true
      }
    } catch {
      throw recordProblem(error)
    }
    if let refused { throw failure(refused.text) }
    return isNews
  }

  private func take(_ record: TopicRecord) throws(TraceError) {
    if plan.endsAtEnd, record.offset >= reader.extents[Int(record.partition)].end { return }
    try writer.append(
      CapturedRecord(
        partition: record.partition, offset: record.offset,
        time: record.milliseconds.map { $0.multipliedReportingOverflow(by: 1_000_000) }
          .flatMap { $0.overflow ? nil : $0.partialValue },
        key: record.key, value: record.value,
        headers: record.headers.map { TraceHeader(name: $0.name, value: $0.value) }))
  }
}
