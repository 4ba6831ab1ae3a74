import Backbones
import Foundation
import KafkaBackbone
import Model
import Testing

/// A cluster that Weir did not start: here one that the test has started.
enum OwnCluster {
  static let installation: KafkaInstallation? = {
    let variables = ProcessInfo.processInfo.environment
    let beside = WeirProcess.checkout.deletingLastPathComponent()
      .appendingPathComponent("shared/systems/kafka").path
    return KafkaInstallation(
      lookingIn: [
        variables["KAFKA_HOME"], variables["WEIR_SYSTEMS"].map { "\($0)/kafka" }, beside,
      ].compactMap { $0 })
  }()
}

@Suite(
  .serialized,
  .enabled(if: OwnCluster.installation != nil, "no Kafka in KAFKA_HOME nor WEIR_SYSTEMS/kafka"))
struct OwnClusterTests {
  private static let scenario = """
    # Demonstrates: a short run on a cluster that is there.
    weir: 1
    workload: {kind: pass-through, sources: 2}
    load: {shape: constant, rate: 200/s}
    backbone: {kind: kafka}
    resources: {partitions: 2, slots: 2}
    sink: {kind: transactional, stream: theirs}
    engine: {checkpoint_interval: 200ms}
    phases: {warm_up: 1s, measure: 3s, heal: 1s, drain: 60s}
    expect: {exactly_once: true, send_lateness.p99: "< 5s"}

    """

  @Test func `runs leave nothing behind, and touch nothing that was there`() throws {
    let scratch = try Scratch()
    let path = { (name: String) in scratch.folder.appendingPathComponent(name).path }
    let cluster = try Cluster(
      ClusterPlan(
        installation: try #require(OwnCluster.installation), brokers: 1,
        dataFolder: path("data"), logFolder: path("logs"), stateFolder: path("state"),
        options: []))
    defer { cluster.close() }
    var settings = KafkaSettings(
      bootstrap: cluster.bootstrap, run: "mine", streams: ("requests", "theirs"), partitions: 3,
      replication: 1, minInSync: 1, acks: "all", isIdempotent: true, isTransactional: false)
    settings.removesTopics = false
    let theirs = try KafkaBackbone(settings, cluster: nil)
    defer { theirs.close() }
    let before = try #require(try own(cluster))
    #expect(before == ["weir-mine-requests", "weir-mine-theirs"])
    _ = try scratch.write(Self.scenario, to: "own.yaml")
    for number in 1...2 {
      let run = try WeirProcess.run(
        [
          "run", "own.yaml", "--set", "backbone.bootstrap=\(cluster.bootstrap)", "--out",
          "r\(number)",
        ],
        in: scratch.folder)
      // A machine too busy for real time makes a run say nothing; it cleans up all the same.
      #expect(run.code == 0 || run.code == 4, "\(run.output)\(run.errors)")
      #expect(!run.output.contains("INVALID"), "\(run.output)")
      #expect(try own(cluster) == before)
    }
    #expect(!FileManager.default.fileExists(atPath: path("r1/kafka")), "no broker was launched")
  }

  /// Without the topics that Kafka keeps for itself.
  private func own(_ cluster: Cluster) throws -> [String]? {
    try topicNames(bootstrap: cluster.bootstrap)?.filter { !$0.hasPrefix("__") }
  }

  @Test func `nothing runs where nobody answers`() throws {
    let scratch = try Scratch()
    _ = try scratch.write(Self.scenario, to: "own.yaml")
    let run = try WeirProcess.run(
      ["run", "own.yaml", "--set", "backbone.bootstrap=127.0.0.1:1"], in: scratch.folder)
    #expect(run.code == 69)
    #expect(run.errors.contains("no broker answers at 127.0.0.1:1"), "\(run.errors)")
  }

  @Test func `secrets reach neither the copies of a scenario nor messages`() throws {
    let scratch = try Scratch()
    let text = Self.scenario.replacingOccurrences(
      of: "{kind: kafka}",
      with: """
        {kind: kafka, bootstrap: '127.0.0.1:1', security: {mechanism: plain, user: 'env:WEIR_U', \
        password: 'file:secret'}}
        """)
    _ = try scratch.write(text, to: "own.yaml")
    _ = try scratch.write("hunter2\n", to: "secret")
    let unset = try WeirProcess.run(["run", "own.yaml"], in: scratch.folder)
    #expect(unset.code == 64)
    #expect(unset.errors.contains("read from WEIR_U, which is not set"), "\(unset.errors)")
    let run = try WeirProcess.run(
      ["run", "own.yaml", "--verbose"], in: scratch.folder, environment: ["WEIR_U": "bob-17"])
    #expect(run.code == 69, "\(run.errors)")
    let printed = try WeirProcess.run(["run", "own.yaml", "--print"], in: scratch.folder)
    #expect(printed.output.contains("password: file:secret"), "\(printed.output)")
    for said in [run.errors, run.output, printed.output] {
      #expect(!said.contains("hunter2") && !said.contains("bob-17"), "\(said)")
    }
  }
}
