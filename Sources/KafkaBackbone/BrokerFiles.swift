import Processes

/// Files and ports of one broker.
struct BrokerFiles: Sendable {
  /// Where clients connect, on loopback.
  let port: Int
  /// `server.properties` of the broker.
  let properties: String
  /// What it writes to stdout and stderr.
  let log: String
  private let text: String

  init(_ plan: ClusterPlan, _ index: Int, _ ports: [(client: Int, controller: Int)]) {
    port = ports[index].client
    let number = index + 1
    properties = "\(plan.dataFolder)/broker-\(number).properties"
    log = "\(plan.logFolder)/broker-\(number).log"
    let voters = ports.enumerated().map { "\($0.offset + 1)@127.0.0.1:\($0.element.controller)" }
    let copies = min(plan.brokers, 3)
    let inSync = copies > 1 ? 2 : 1
    var options = [
      KafkaOption("process.roles", "broker,controller"),
      KafkaOption("node.id", String(number)),
      KafkaOption("controller.quorum.voters", voters.joined(separator: ",")),
      KafkaOption(
        "listeners",
        "PLAINTEXT://127.0.0.1:\(port),CONTROLLER://127.0.0.1:\(ports[index].controller)"),
      KafkaOption("advertised.listeners", "PLAINTEXT://127.0.0.1:\(port)"),
      KafkaOption("controller.listener.names", "CONTROLLER"),
      KafkaOption(
        "listener.security.protocol.map", "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT"),
      KafkaOption("inter.broker.listener.name", "PLAINTEXT"),
      KafkaOption("log.dirs", "\(plan.dataFolder)/broker-\(number)"),
      KafkaOption("auto.create.topics.enable", "false"),
      // Tasks that start together are divided once.
      KafkaOption("group.initial.rebalance.delay.ms", "300"),
      KafkaOption("num.network.threads", "2"), KafkaOption("num.io.threads", "4"),
      KafkaOption("share.coordinator.state.topic.replication.factor", String(copies)),
      KafkaOption("share.coordinator.state.topic.min.isr", String(inSync)),
    ]
    for topic in ["offsets.topic", "transaction.state.log"] {
      options.append(KafkaOption("\(topic).replication.factor", String(copies)))
      options.append(KafkaOption("\(topic).num.partitions", "8"))
    }
    options.append(KafkaOption("transaction.state.log.min.isr", String(inSync)))
    // The last line of a name counts.
    text = (options + plan.options).map { "\($0.name)=\($0.value)\n" }.joined()
  }

  func write(_ plan: ClusterPlan) throws(KafkaProblem) { try writeFile(properties, text) }

  /// The last line of the log that says something.
  var lastWords: String {
    let rows = String(decoding: readFile(log) ?? [], as: UTF8.self).split(separator: "\n")
    let telling = rows.last { $0.contains("ERROR") || $0.contains("Exception") } ?? rows.last
    return telling.map { String($0.prefix(200)) } ?? "it wrote nothing"
  }
}
