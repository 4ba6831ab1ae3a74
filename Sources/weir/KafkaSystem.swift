import CShim
import Commands
import Conformance
import Glibc
import KafkaBackbone
import Model
import Scenarios
import Workloads

/// Kafka for a run: where it is found, how it is set up, and what is said when it is not there.
struct KafkaSystem {
  let scenario: Scenario
  /// Input streams; the topic has `resources.partitions` partitions for each.
  let inputs: Int
  /// The folder of the run while it is filled.
  let folder: String

  /// Where an installed Kafka is looked for.
  static var places: [(origin: String, place: String?)] {
    [
      ("KAFKA_HOME", variable("KAFKA_HOME")),
      ("WEIR_SYSTEMS/kafka", variable("WEIR_SYSTEMS").map { "\($0)/kafka" }),
    ]
  }

  static var installation: KafkaInstallation? {
    KafkaInstallation(lookingIn: places.compactMap { $0.place.flatMap(Files.realPath) })
  }

  /// The version that stands in the names of its files; nil when none does.
  static func version(in home: String) -> String? {
    let jar = Files.names(in: "\(home)/libs").first {
      $0.hasPrefix("kafka-clients-") && $0.hasSuffix(".jar")
    }
    return jar.map { String($0.dropFirst("kafka-clients-".count).dropLast(".jar".count)) }
  }

  /// Where notes about running processes are kept.
  static var stateFolder: String {
    if let folder = variable("XDG_STATE_HOME") { return "\(folder)/weir" }
    return "\(variable("HOME") ?? "/tmp")/.local/state/weir"
  }

  func open() throws(Problems) -> KafkaBackbone {
    if let bootstrap = scenario.backbone.bootstrap {
      return try connect(bootstrap, cluster: nil)
    }
    let cluster = try Self.launch(
      for: scenario.name, brokers: scenario.resources.brokers, folder: folder,
      options: options(scenario.backbone.kafka.broker))
    do throws(Problems) {
      return try connect(cluster.bootstrap, cluster: cluster)
    } catch {
      cluster.close()
      throw error
    }
  }

  /// Says at once, before anything is run, that the Kafka of a scenario is nowhere.
  static func require(for scenario: Scenario) throws(Problems) {
    if scenario.backbone.bootstrap != nil || installation != nil { return }
    throw notFound(scenario.name, scenario.resources.brokers)
  }

  /// Starts a private cluster for what is called `name`.
  static func launch(
    for name: String, brokers: Int, folder: String, options: [KafkaOption] = [],
    niceness: Int32? = nil
  ) throws(Problems) -> Cluster {
    guard let installation = Self.installation else { throw notFound(name, brokers) }
    _ = Cluster.endLeftovers(stateFolder: Self.stateFolder)
    let here = Files.realPath(folder) ?? folder
    shim_watch_interrupts()
    var plan = ClusterPlan(
      installation: installation, brokers: brokers,
      dataFolder: "\(here)/kafka", logFolder: "\(here)/logs", stateFolder: Self.stateFolder,
      options: options)
    if let niceness { plan.niceness = niceness }
    do throws(KafkaProblem) {
      return try Cluster(plan)
    } catch {
      throw problems(error)
    }
  }

  /// A broker of its own for the conformance suite; each check has topics and a group of its own.
  static func conformanceSubject(_ cluster: Cluster) -> ConformanceSubject {
    ConformanceSubject(name: "kafka", hasWire: false, hasNodes: true) {
      (shape, _) throws(CheckFailure) in
      let settings = KafkaSettings(
        bootstrap: cluster.bootstrap, run: runName(), streams: ("requests", "results"),
        partitions: shape.inputPartitions, replication: 1, minInSync: 1, acks: "all",
        isIdempotent: true, isTransactional: true)
      do throws(KafkaProblem) {
        return try KafkaBackbone(settings, cluster: cluster, ownsCluster: false)
      } catch {
        throw .impossible(error.message)
      }
    }
  }

  private func connect(_ bootstrap: String, cluster: Cluster?) throws(Problems) -> KafkaBackbone {
    let settings = try settings(bootstrap, isLaunched: cluster != nil)
    do throws(KafkaProblem) {
      return try KafkaBackbone(settings, cluster: cluster)
    } catch {
      throw Self.problems(error)
    }
  }

  private func settings(
    _ bootstrap: String, isLaunched: Bool
  ) throws(Problems) -> KafkaSettings {
    let backbone = scenario.backbone
    let copies = backbone.kafka.replication ?? min(scenario.resources.brokers, 3)
    var settings = KafkaSettings(
      bootstrap: bootstrap, run: Self.runName(), streams: streams,
      partitions: scenario.resources.partitions, replication: copies,
      minInSync: backbone.kafka.minInSync ?? (copies > 1 ? 2 : 1), acks: backbone.acks.rawValue,
      isIdempotent: backbone.idempotent,
      isTransactional: scenario.sink.kind == .transactional && scenario.engine.job == nil)
    settings.partitions *= inputs
    settings.resultPartitions = scenario.resources.partitions
    if let job = scenario.engine.job { adapt(&settings, to: job) }
    settings.producer = try clientOptions(backbone.kafka.producer)
    settings.consumer = try clientOptions(backbone.kafka.consumer)
    settings.security = try securityOptions(backbone.security)
    settings.removesTopics = !isLaunched
    return settings
  }

  private var streams: (input: String, results: String) {
    if let job = scenario.engine.job { return (job.reads.name, job.writes.name) }
    return (inputStream(besideResults: scenario.sink.stream), scenario.sink.stream)
  }

  /// What a job of the user is given, and how Weir looks at it.
  private func adapt(_ settings: inout KafkaSettings, to job: JobChoice) {
    if case .named(let group) = job.group { settings.jobGroup = group }
    settings.endsAreStable = job.writes.isCommittedOnly
    if job.reads.encoding == .json { settings.locate = { locateJSON($0) } }
  }

  private func options(_ given: [NamedText]) -> [KafkaOption] {
    given.map { KafkaOption($0.name, $0.value) }
  }

  /// Keeps this run apart from every other on the same cluster.
  static func runName() -> String {
    var bytes = [UInt8](repeating: 0, count: 4)
    getentropy(&bytes, bytes.count)
    return bytes.map {
      let digits = String($0, radix: 16)
      return digits.count == 1 ? "0\(digits)" : digits
    }.joined()
  }

  static func problems(_ problem: KafkaProblem) -> Problems {
    let code: ExitCode =
      shim_interrupt_count() > 0 ? .interrupted : problem.isUnavailable ? .unavailable : .usage
    return failure(problem.message, code: code)
  }

  private static func notFound(_ name: String, _ count: Int) -> Problems {
    let brokers = count == 1 ? "a Kafka broker" : "\(count) Kafka brokers"
    let looked = Self.places.map { "\($0.origin) (\($0.place ?? "not set"))" }
    return failure(
      "\(name) needs \(brokers), and Kafka was not found",
      hint: """
        looked in: \(looked.joined(separator: ", "))
        to fix: set KAFKA_HOME to an unpacked Apache Kafka (weir doctor --need kafka), or use a \
        cluster of yours:
                weir run \(name) --set backbone.bootstrap=HOST:PORT
        or the model, no server: weir run \(name) --backbone embedded
        """, code: .unavailable)
  }
}
