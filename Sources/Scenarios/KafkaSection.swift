extension ScenarioBuilder {
  /// What stands under `backbone.kafka`; nil when something in it is faulty.
  func kafkaChoice() -> KafkaChoice? {
    guard
      let replication = root.optional(
        "backbone.kafka.replication", { $0.count("backbone.kafka.replication") }),
      let minInSync = root.optional(
        "backbone.kafka.min_in_sync", { $0.count("backbone.kafka.min_in_sync") }),
      let broker = options("broker"), let producer = options("producer"),
      let consumer = options("consumer")
    else { return nil }
    if let replication, let minInSync, minInSync > replication,
      let node = root.find("backbone.kafka.min_in_sync").node
    {
      log.add(
        node.mark,
        "backbone.kafka.min_in_sync: \(minInSync) copies cannot be written where there are "
          + "\(replication)", hint: "write at most \(replication)")
    }
    if let replication, root.find("backbone.bootstrap").node == nil,
      root.text("backbone.kind") == BackboneKind.kafka.rawValue,
      let brokers = root.count("resources.brokers"), replication > brokers,
      let node = root.find("backbone.kafka.replication").node
    {
      log.add(
        node.mark,
        "backbone.kafka.replication: \(replication) copies need as many brokers, not \(brokers)",
        hint: "write resources.brokers: \(replication)")
    }
    return KafkaChoice(
      replication: replication.map { Int($0) }, minInSync: minInSync.map { Int($0) },
      broker: broker, producer: producer, consumer: consumer)
  }

  private func options(_ name: String) -> [NamedText]? {
    switch root.find("backbone.kafka.\(name)") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      guard case .free(let entries) = node.value else { return nil }
      var options: [NamedText] = []
      for entry in entries {
        guard case .text(let text) = entry.node.value else { return nil }
        options.append(NamedText(name: entry.name, value: text))
      }
      return options
    }
  }
}
