import CShim
import Commands
import Harness
import KafkaBackbone
import Model
import Scenarios
import Statistics

/// `weir bench kafka`: sending and reading through Weir beside Kafka's own tools and beside the
/// plainest loop over the same client library, on one private broker, one after the other in turns.
struct KafkaBench {
  static let name = "kafka"

  /// Who does the work of one part.
  enum Party: String, CaseIterable {
    case weir = "Weir"
    case bare = "bare librdkafka loop"
    case producerTool = "kafka-producer-perf-test.sh"
    case consumerTool = "kafka-consumer-perf-test.sh"
  }

  /// One part of a repetition as it was measured.
  struct Figure {
    var perSecond: Double
    /// CPU seconds of the client process for a million records.
    var cpu: Double
  }

  enum Work: Hashable {
    case send(Int)
    case read(Int)

    var text: String {
      switch self {
      case .send(let size): "produce \(size) B"
      case .read(let size): "consume \(size) B"
      }
    }
  }

  /// A row of the table: Weir beside one peer.
  struct Comparison {
    var work: Work
    var peer: Party
    /// Least ratio of records per second; nil: only reported.
    var target: Double?
  }

  static let comparisons = [
    Comparison(work: .send(100), peer: .producerTool, target: 2.2),
    Comparison(work: .send(1_024), peer: .producerTool, target: 1.8),
    Comparison(work: .send(100), peer: .bare, target: 0.85),
    Comparison(work: .send(1_024), peer: .bare, target: 0.85),
    Comparison(work: .read(100), peer: .consumerTool, target: 1),
    Comparison(work: .read(1_024), peer: .consumerTool, target: nil),
  ]

  static let partitions = 4

  /// Records of one part, by their size.
  static func count(_ size: Int) -> Int { size > 500 ? 200_000 : 1_000_000 }

  // One part, in a process of its own

  /// The parts that run in a process of Weir's own: `kafka-send BOOTSTRAP RUN SIZE` and
  /// `kafka-bare BOOTSTRAP TOPIC SIZE`. Each prints lines `WORK EVENTS WALL-NS CPU-NS`.
  static func repeatPart(_ part: String, _ words: [String], _ console: Console) -> ExitCode {
    guard words.count == 3, let size = Int(words[2]) else {
      console.diagnostic("weir: error: no such bench\n")
      return .usage
    }
    do throws(Problems) {
      let lines =
        part == "kafka-bare"
        ? try sendBare(words[0], words[1], size) : try sendAndRead(words[0], words[1], size)
      console.result(lines)
      return .holds
    } catch {
      console.report(error)
      return error.code
    }
  }

  /// Client options of both, so that they differ in nothing else.
  private static func settings(_ bootstrap: String, _ run: String) -> KafkaSettings {
    var settings = KafkaSettings(
      bootstrap: bootstrap, run: run, streams: ("events", "results"), partitions: partitions,
      replication: 1, minInSync: 1, acks: "all", isIdempotent: true, isTransactional: false)
    settings.removesTopics = false
    return settings
  }

  private static func sendBare(
    _ bootstrap: String, _ topic: String, _ size: Int
  ) throws(Problems) -> String {
    var (wall, cpu): (UInt64, UInt64) = (0, 0)
    do throws(KafkaProblem) {
      try BareProducer.send(
        count(size), size: size, topic: topic, settings: settings(bootstrap, "bare")
      ) {
        wall = shim_monotonic_ns()
        cpu = shim_process_cpu_ns()
      }
    } catch {
      throw KafkaSystem.problems(error)
    }
    return "send \(count(size)) \(shim_monotonic_ns() - wall) \(shim_process_cpu_ns() - cpu)\n"
  }

  private static func sendAndRead(
    _ bootstrap: String, _ run: String, _ size: Int
  ) throws(Problems) -> String {
    let folder = try BenchFolder()
    defer { folder.remove() }
    let loaded = try loadScenario(
      bytes: Array(scenario(size).utf8), file: "bench", name: "bench",
      catalog: Catalogue.forLoader
    ).get()
    let backbone: KafkaBackbone
    do throws(KafkaProblem) {
      backbone = try KafkaBackbone(settings(bootstrap, run))
    } catch {
      throw KafkaSystem.problems(error)
    }
    defer { backbone.close() }
    do throws(RunFailure) {
      let bench = try PortBench(loaded.scenario, historyPath: folder.history)
      let sent = try bench.send(to: backbone)
      let read = try bench.read(sent.events, from: backbone)
      return "send \(sent.events) \(sent.wall) \(sent.cpu)\n"
        + "read \(read.events) \(read.wall) \(read.cpu)\n"
    } catch {
      throw weir.problems(error)
    }
  }

  /// More than a broker takes, so that the client is always behind; values of about `size` bytes.
  private static func scenario(_ size: Int) -> String {
    // Frame, source, sequence, time, key and length of the payload take the rest.
    let payload = size - 22
    let rate = size > 500 ? 500_000 : 3_000_000
    let length = Double(count(size)) / Double(rate)
    return """
      # Demonstrates: what sending and reading cost.
      weir: 1
      workload: {kind: pass-through, query: copy, sources: 4, parameters: {payload: \(payload)}}
      load: {shape: constant, rate: \(rate / 1_000)k/s}
      backbone: {kind: "null"}
      clock: wall
      resources: {partitions: \(partitions)}
      phases: {warm_up: 0s, measure: \(Int(length * 1_000))ms, heal: 0s, drain: 120s}

      """
  }
}

/// Records per second and CPU of every party, by work.
struct KafkaFigures {
  private var found: [(work: KafkaBench.Work, party: KafkaBench.Party, figure: KafkaBench.Figure)] =
    []

  mutating func add(
    _ work: KafkaBench.Work, _ party: KafkaBench.Party, events: Double, wall: Double, cpu: Double
  ) {
    found.append(
      (work, party, KafkaBench.Figure(perSecond: events * 1e9 / wall, cpu: cpu / events / 1e3)))
  }

  func all(_ work: KafkaBench.Work, _ party: KafkaBench.Party) -> [KafkaBench.Figure] {
    found.filter { $0.work == work && $0.party == party }.map(\.figure)
  }

  func median(_ work: KafkaBench.Work, _ party: KafkaBench.Party) -> KafkaBench.Figure {
    let figures = all(work, party)
    return KafkaBench.Figure(
      perSecond: middle(figures.map(\.perSecond)), cpu: middle(figures.map(\.cpu)))
  }

  /// The median of the ratios of neighbours: what both met in the same minute.
  func ratio(_ comparison: KafkaBench.Comparison) -> Double {
    let pairs = zip(all(comparison.work, .weir), all(comparison.work, comparison.peer))
    return middle(pairs.map { $0.perSecond / $1.perSecond })
  }
}

/// The median; of an even count the mean of the two in the middle. 0 of nothing.
func middle(_ values: [Double]) -> Double {
  let sorted = values.sorted()
  if sorted.isEmpty { return 0 }
  let half = sorted.count / 2
  return sorted.count % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2
}
