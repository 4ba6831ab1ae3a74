/// How Weir logs in to a cluster of the user. Secrets are named by where they are read from.
public struct SecurityChoice: Hashable, Sendable {
  public var tls = false
  /// A file of certificates to trust; nil: those of the system.
  public var authority: String?
  /// Of SASL, as librdkafka names it in capitals: `SCRAM-SHA-512`; nil: no log-in.
  public var mechanism: String?
  public var user: SecretPlace?
  public var password: SecretPlace?

  public init() {}
}

/// Whether an option of a client holds a secret, by its name.
public func isSecretOption(_ name: String) -> Bool {
  name == "sasl.username" || name.contains("password") || name.contains("secret")
    || name.hasSuffix("key.pem")
}

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

  /// What stands under `backbone.security`; nil when something in it is faulty.
  func securityChoice(_ bootstrap: String?) -> SecurityChoice? {
    let path = "backbone.security"
    guard let tls = root.truth("\(path).tls"),
      let authority = root.optional("\(path).ca", { $0.text("\(path).ca") }),
      let mechanism = root.optional("\(path).mechanism", { $0.text("\(path).mechanism") }),
      let user = root.optional("\(path).user", { $0.secret("\(path).user") }),
      let password = root.optional("\(path).password", { $0.secret("\(path).password") })
    else { return nil }
    guard let node = root.find(path).node else { return SecurityChoice() }
    if bootstrap == nil {
      log.add(
        node.keyMark, "\(path): a cluster that Weir launches asks for no log-in",
        hint: "write backbone.bootstrap, or leave security out")
    }
    if mechanism == nil, user != nil || password != nil {
      log.add(
        node.keyMark, "\(path): user and password need a mechanism",
        hint: "such as mechanism: scram-sha-512")
    }
    var choice = SecurityChoice()
    (choice.tls, choice.authority, choice.mechanism) = (tls, authority, mechanism?.uppercased())
    (choice.user, choice.password) = (user, password)
    return choice
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
        if isSecretOption(entry.name) {
          do throws(ValueRefusal) { _ = try parseSecret(text) } catch {
            log.hide(entry.node.mark)
            log.add(
              entry.node.mark, "backbone.kafka.\(name).\(entry.name): \(error.message)",
              hint: error.hint)
            return nil
          }
        }
        options.append(NamedText(name: entry.name, value: text))
      }
      return options
    }
  }
}
