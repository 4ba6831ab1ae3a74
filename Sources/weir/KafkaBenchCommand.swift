import CShim
import Commands
import KafkaBackbone
import Model
import Scenarios
import Statistics

extension Session {
  /// Launches one broker and lets every party work on it in turns.
  func kafkaBench() throws(Problems) -> ExitCode {
    if invocation.arguments.count > 1 {
      throw failure("bench: kafka runs by itself, without other benches")
    }
    let repetitions = invocation.count("repeat").map { Int($0) } ?? 5
    let load = Machine.load
    let base = Files.realPath(variable("TMPDIR") ?? "/tmp") ?? "/tmp"
    let folder = "\(base)/weir-bench-kafka-\(shim_process_id())-\(shim_monotonic_ns())"
    try Files.makeFolder(folder)
    defer { Files.removeTree(folder) }
    let cluster = try KafkaSystem.launch(
      for: "bench kafka", brokers: 1, folder: folder,
      options: [
        KafkaOption("auto.create.topics.enable", "true"),
        KafkaOption("num.partitions", String(KafkaBench.partitions)),
        KafkaOption("log.segment.delete.delay.ms", "1000"),
      ], niceness: 0)
    defer { cluster.close() }
    let peers = KafkaPeers(bootstrap: cluster.bootstrap)
    var figures = KafkaFigures()
    var own: [Double] = []
    // The first repetition warms the broker up and is thrown away.
    var warm = KafkaFigures()
    console.detail("bench kafka, warming up")
    try peers.turn(0, size: 100, into: &warm)
    for number in 1...repetitions {
      for size in [100, 1_024] {
        console.detail("bench kafka, \(size) B, repetition \(number) of \(repetitions)")
        try peers.turn(number, size: size, into: &figures)
      }
      own.append(try measure(Bench.nullBackbone).value)
    }
    return report(figures, middle(own), repetitions, load)
  }

  private func report(
    _ figures: KafkaFigures, _ own: Double, _ repetitions: Int, _ load: String
  ) -> ExitCode {
    let ratios = KafkaBench.comparisons.map { figures.ratio($0) }
    var missed = own > (Bench.nullBackbone.target ?? own)
    for (comparison, ratio) in zip(KafkaBench.comparisons, ratios) {
      if let target = comparison.target, ratio < target { missed = true }
    }
    let code: ExitCode = missed && invocation.has("require") ? .missed : .holds
    if console.json {
      console.document(document(figures, ratios, own, load, code))
    } else if !console.quiet || code != .holds {
      console.result(table(figures, ratios, own, repetitions, load))
    }
    return code
  }

  private func table(
    _ figures: KafkaFigures, _ ratios: [Double], _ own: Double, _ repetitions: Int, _ load: String
  ) -> String {
    let style = NumberStyle.plain
    func cells(_ figure: KafkaBench.Figure) -> String {
      "\(style.short(UInt64(figure.perSecond)))/s, \(style.three(figure.cpu)) CPU-s"
    }
    var out = line("work", "Weir", "peer", "", "ratio", "target", "")
    for (comparison, ratio) in zip(KafkaBench.comparisons, ratios) {
      let target = comparison.target
      out += line(
        comparison.work.text, cells(figures.median(comparison.work, .weir)),
        comparison.peer.rawValue, cells(figures.median(comparison.work, comparison.peer)),
        style.decimal(ratio, 2), target.map { ">= \(style.decimal($0, 2))" } ?? "-",
        target.map { ratio >= $0 ? "met" : "MISSED" } ?? "")
    }
    let limit = Bench.nullBackbone.target ?? 0
    out += line(
      "harness alone", "\(style.three(own)) ns CPU an event", "-", "-", "-",
      "<= \(style.three(limit))", own <= limit ? "met" : "MISSED")
    return out
      + "CPU-s of the client process for a million records, of Java with its start; ratio: "
      + "median of \(repetitions) pairs in turns\n"
      + "\(Machine().cores) cores, load \(load) before; \(Machine.build) build\n"
  }

  private func line(_ cells: String...) -> String {
    let widths = [16, 26, 29, 26, 8, 9, 0]
    return trimmedRight(zip(cells, widths).map { padded($0, $1) }.joined()) + "\n"
  }

  private func document(
    _ figures: KafkaFigures, _ ratios: [Double], _ own: Double, _ load: String, _ code: ExitCode
  ) -> JSONValue {
    func number(_ value: Double) -> JSONValue { .decimal("\(value)") }
    func samples(_ work: KafkaBench.Work, _ party: KafkaBench.Party) -> JSONValue {
      .array(
        figures.all(work, party).map {
          .object([
            ("records_per_second", number($0.perSecond)),
            ("cpu_seconds_per_million", number($0.cpu)),
          ])
        })
    }
    let rows = zip(KafkaBench.comparisons, ratios).map { comparison, ratio in
      JSONValue.object([
        ("work", .string(comparison.work.text)), ("peer", .string(comparison.peer.rawValue)),
        ("ratio", number(ratio)), ("target", comparison.target.map(number) ?? .null),
        ("met", comparison.target.map { .bool(ratio >= $0) } ?? .null),
        ("weir_samples", samples(comparison.work, .weir)),
        ("peer_samples", samples(comparison.work, comparison.peer)),
      ])
    }
    return .object([
      ("schema", .string("weir-bench-kafka/1")),
      ("exit_code", .integer(Int64(code.rawValue))),
      ("version", .string(weirVersion)), ("build", .string(Machine.build)),
      ("load_before", .string(load)), ("comparisons", .array(rows)),
      ("harness_ns_per_event", number(own)),
      ("harness_target", Bench.nullBackbone.target.map(number) ?? .null),
    ])
  }
}

/// Everyone who works on the broker of the bench.
struct KafkaPeers {
  let bootstrap: String

  /// One repetition: every party once, in an order that turns round every time. Kafka's reader
  /// reads what Weir wrote. The topics go at the end.
  func turn(_ number: Int, size: Int, into figures: inout KafkaFigures) throws(Problems) {
    let run = KafkaSystem.runName()
    let topics = (
      weir: "weir-\(run)-events", bare: "bare-\(run)", tool: "tool-\(run)",
      results: "weir-\(run)-results"
    )
    for step in 0..<3 {
      switch (step + number) % 3 {
      case 0: try weirAndReader(run, topics.weir, size, number, &figures)
      case 1: try bare(topics.bare, size, &figures)
      default: try producerTool(topics.tool, size, &figures)
      }
    }
    do throws(KafkaProblem) {
      try removeTopics(
        [topics.weir, topics.bare, topics.tool, topics.results], bootstrap: bootstrap)
    } catch {
      throw KafkaSystem.problems(error)
    }
  }

  private func weirAndReader(
    _ run: String, _ topic: String, _ size: Int, _ number: Int, _ figures: inout KafkaFigures
  ) throws(Problems) {
    let out = try child(["/proc/self/exe", "__bench", "kafka-send", bootstrap, run, String(size)])
    for line in out.output.split(separator: "\n") {
      let words = line.split(separator: " ")
      guard words.count == 4, let events = Double(words[1]), let wall = Double(words[2]),
        let cpu = Double(words[3])
      else { throw failure("the bench printed '\(line)'", code: .internalError) }
      let work: KafkaBench.Work = words[0] == "send" ? .send(size) : .read(size)
      figures.add(work, .weir, events: events, wall: wall, cpu: cpu)
    }
    try consumerTool(topic, size, &figures)
  }

  private func bare(
    _ topic: String, _ size: Int, _ figures: inout KafkaFigures
  ) throws(Problems) {
    let out = try child(["/proc/self/exe", "__bench", "kafka-bare", bootstrap, topic, String(size)])
    let words = out.output.split(whereSeparator: { $0 == " " || $0 == "\n" })
    guard words.count == 4, let events = Double(words[1]), let wall = Double(words[2]),
      let cpu = Double(words[3])
    else { throw failure("the bench printed '\(out.output)'", code: .internalError) }
    figures.add(.send(size), .bare, events: events, wall: wall, cpu: cpu)
  }

  /// The rate that the tool prints; its start of Java does not count in it.
  private func producerTool(
    _ topic: String, _ size: Int, _ figures: inout KafkaFigures
  ) throws(Problems) {
    let count = KafkaBench.count(size)
    let out = try tool(
      "kafka-producer-perf-test.sh",
      [
        "--topic", topic, "--num-records", String(count), "--record-size", String(size),
        "--throughput", "-1", "--producer-props", "bootstrap.servers=\(bootstrap)", "acks=all",
      ])
    // "2000000 records sent, 712345.1 records/sec (67.9 MB/sec), ..."
    let last = out.output.split(separator: "\n").last { $0.contains("records sent") } ?? ""
    let words = last.split(separator: " ")
    guard let place = words.firstIndex(where: { $0.hasPrefix("records/sec") }), place > 0,
      let rate = Double(words[place - 1])
    else { throw failure("kafka-producer-perf-test.sh printed '\(last)'", code: .unavailable) }
    figures.add(
      .send(size), .producerTool, events: Double(count), wall: Double(count) * 1e9 / rate,
      cpu: Double(out.cpu))
  }

  /// The rate of fetching that the tool prints, without the time to join its group.
  private func consumerTool(
    _ topic: String, _ size: Int, _ figures: inout KafkaFigures
  ) throws(Problems) {
    let count = KafkaBench.count(size)
    let out = try tool(
      "kafka-consumer-perf-test.sh",
      [
        "--bootstrap-server", bootstrap, "--topic", topic, "--messages", String(count),
        "--timeout", "60000",
      ])
    // start, end, MB, MB/s, records, records/s, rebalance ms, fetch ms, fetch MB/s, fetch records/s
    let last = out.output.split(separator: "\n").last ?? ""
    let cells = last.split(separator: ",").map { $0.filter { $0 != " " } }
    guard cells.count == 10, let events = Double(cells[4]), let rate = Double(cells[9]) else {
      throw failure("kafka-consumer-perf-test.sh printed '\(last)'", code: .unavailable)
    }
    figures.add(
      .read(size), .consumerTool, events: events, wall: events * 1e9 / rate, cpu: Double(out.cpu))
  }

  private func tool(_ name: String, _ words: [String]) throws(Problems) -> ChildProcess {
    guard let home = KafkaSystem.installation?.home else {
      throw failure("Kafka was found and is gone", code: .unavailable)
    }
    return try child(["\(home)/bin/\(name)"] + words)
  }

  private func child(_ line: [String]) throws(Problems) -> ChildProcess {
    let out = try ChildProcess.run(line)
    if out.code == 0 { return out }
    let words = (out.errors.isEmpty ? out.output : out.errors).split(separator: "\n")
    throw failure(
      "\(line[0]) ended with \(out.code): \(words.first.map(String.init) ?? "without a word")",
      code: ExitCode(rawValue: out.code) ?? .unavailable)
  }
}
