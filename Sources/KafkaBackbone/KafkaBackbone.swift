import Backbones
import Bytes
import CRdKafka
import CShim
import Model
import Schemas

/// Kafka as a live adapter, through librdkafka: one producer for the whole load, one consumer for
/// each engine task, one transactional producer for the sink, one reader of results. Everything
/// that blocks is done by threads of the clients; all answers are taken by the loop.
public final class KafkaBackbone: LiveBackbone {
  public let settings: KafkaSettings
  private let mailbox = Mailbox()
  private let load: ProducerClient
  private let loadHandle: ClientHandle
  private let control: ControlClient
  private let topics: Topics
  private let cluster: Cluster?
  private var sink: SinkClient?
  private var sinkLife = Life()
  /// The sink has written in a transaction whose end is not known.
  private var isTransactionOpen = false
  private var readers: [(key: ReaderKey, client: ReaderClient)] = []
  private var members: [MemberClient] = []
  /// What members were lately, also those that are gone.
  private var identities: [GroupIdentity] = []
  /// Ends what was closed, where the loop does not wait for it.
  private let closer = Worker()
  private var ending: [Worker] = []
  private var isClosed = false
  private let ownsCluster: Bool
  private var statistics = BackboneUsage()

  private struct ReaderKey: Equatable {
    var client: ClientID
    var topic: Topic
    var committedOnly: Bool
  }

  /// Connects, and makes the topics of the run. `cluster` is what Weir launched, nil for a cluster
  /// of the user; `close` stops it unless it outlives this backbone.
  public init(
    _ settings: KafkaSettings, cluster: Cluster? = nil, ownsCluster: Bool = true
  ) throws(KafkaProblem) {
    self.settings = settings
    self.ownsCluster = ownsCluster
    self.cluster = cluster
    let controlHandle = try ClientConfiguration(settings.controlOptions).open(
      RD_KAFKA_CONSUMER)
    topics = Topics(handle: controlHandle)
    let endsHandle: ClientHandle
    do {
      try Self.prepare(topics, settings)
      endsHandle = try ClientConfiguration(settings.readerOptions(committedOnly: false))
        .open(RD_KAFKA_CONSUMER)
      loadHandle = try ClientConfiguration(settings.loadOptions).open(
        RD_KAFKA_PRODUCER, events: RD_KAFKA_EVENT_DR)
    } catch {
      controlHandle.destroy()
      throw error
    }
    load = ProducerClient(loadHandle, topics: settings.topics, wake: mailbox.descriptor)
    control = ControlClient(
      controlHandle, ends: endsHandle, topics: settings.topics,
      partitions: settings.partitionsOfTopics, mailbox: mailbox)
    cluster?.mailbox = mailbox
  }

  private static func prepare(
    _ topics: Topics, _ settings: KafkaSettings
  ) throws(KafkaProblem) {
    guard let brokers = topics.brokers(within: 10_000) else {
      throw KafkaProblem(
        "no broker answers at \(settings.bootstrap) within 10 s", isUnavailable: true)
    }
    if brokers.count < settings.replication {
      throw KafkaProblem(
        "\(settings.replication) copies were asked for, and the cluster has "
          + "\(brokers.count) broker\(brokers.count == 1 ? "" : "s")")
    }
    if !settings.makesTopics { return }
    for (name, partitions) in zip(settings.topics, settings.partitionsOfTopics) {
      try topics.create(
        [name], partitions: partitions, replication: settings.replication,
        options: [KafkaOption("min.insync.replicas", String(settings.minInSync))])
    }
  }

  public var descriptor: Int32 { mailbox.descriptor }

  public var capabilities: Capabilities {
    Capabilities(
      transactions: true, idempotence: settings.isIdempotent, reads: true, groups: true)
  }

  public var usage: BackboneUsage {
    var usage = statistics
    usage.bytes = load.bytes
    add(loadHandle.statistics, 0, to: &usage)
    if let sink { add(sink.statistics, 0, to: &usage) }
    for reader in readers { add(reader.client.statistics, reader.client.deliveries, to: &usage) }
    for member in members { add(member.statistics, member.deliveries, to: &usage) }
    usage.busy = cluster?.busy ?? 0
    return usage
  }

  private func add(
    _ client: ClientStatistics, _ deliveries: UInt64, to usage: inout BackboneUsage
  ) {
    usage.requests &+= client.requests
    usage.retries &+= client.retries
    usage.deliveries &+= deliveries
  }

  // From the harness

  public func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    switch command {
    case .submit(let client, let topic, let batches, _):
      if client.role == .sink {
        isTransactionOpen = settings.isTransactional
        openSink()?.submit(topic, batches, &outbox)
      } else {
        load.submit(client, topic, batches, &outbox)
      }
    case .poll(let client, let topic, let partition, let offset, let committedOnly):
      if topic == .input, let member = members.first(where: { $0.client == client }) {
        member.poll(partition, offset: offset)
      } else {
        openReader(client, topic, committedOnly)?.poll(partition, offset: offset)
      }
      // What was read ahead does not announce itself again.
      shim_eventfd_signal(mailbox.descriptor)
    case .initTransactions: openSink()?.start()
    case .commit(_, let transaction, let positions, let snapshot):
      openSink()?.commit(transaction, positions: positions, snapshot: snapshot)
    case .abort(_, let transaction): openSink()?.abort(transaction)
    case .commitPositions(let client, let positions, let snapshot):
      control.commitPositions(
        client, positions, snapshot: snapshot, members: members.compactMap(\.committer), sinkLife)
    case .fetchPositions(let client): control.fetchPositions(client, sinkLife)
    case .endOffsets(let client, let topic):
      control.endOffsets(
        client, topic, stableOnly: isTransactionOpen || settings.endsAreStable)
    case .close(let client): close(client)
    case .findLeader(let topic, let partition):
      // Of launched brokers alone is it known which node that is.
      control.findLeader(topic, partition, brokers: cluster?.count ?? 0)
    case .join(let client, let keepsPlace): join(client, keepsPlace)
    case .leave(let client): endMember(client, leaves: true)
    case .commitAs(let memberships, _, let transaction, let positions, let snapshot):
      let known = memberships.map { membership in
        let identity = identities.last {
          $0.client == membership.client && $0.generation == membership.generation
        }
        return CommitFor(
          identity: identity ?? GroupIdentity(strangerTo: settings.group, membership),
          partitions: membership.partitions)
      }
      openSink()?.commit(transaction, positions: positions, snapshot: snapshot, members: known)
    }
  }

  private func join(_ client: ClientID, _ keepsPlace: Bool) {
    if members.contains(where: { $0.client == client }) { return }
    do throws(KafkaProblem) {
      let options = settings.memberOptions(Int(client.index), keepsPlace: keepsPlace)
      let handle = try ClientConfiguration(options).open(
        RD_KAFKA_CONSUMER, events: RD_KAFKA_EVENT_REBALANCE)
      members.append(
        MemberClient(
          handle, client: client, topic: settings.topics[0], locate: { locateRecord($0) },
          wake: mailbox.descriptor))
    } catch {
      preconditionFailure("options that were good before: \(error.message)")
    }
  }

  private func endMember(_ client: ClientID, leaves: Bool) {
    for member in members where member.client == client {
      add(member.statistics, member.deliveries, to: &statistics)
      member.close(closer, leaves: leaves)
    }
    members.removeAll { $0.client == client }
  }

  private func openSink() -> SinkClient? {
    if let sink { return sink }
    do throws(KafkaProblem) {
      let handle = try ClientConfiguration(settings.sinkOptions).open(
        RD_KAFKA_PRODUCER, events: RD_KAFKA_EVENT_DR)
      let opened = SinkClient(
        handle, client: ClientID(.sink, 0), topics: settings.topics, group: settings.group,
        mailbox: mailbox)
      sink = opened
      return opened
    } catch {
      preconditionFailure("options that were good before: \(error.message)")
    }
  }

  private func openReader(
    _ client: ClientID, _ topic: Topic, _ committedOnly: Bool
  ) -> ReaderClient? {
    let key = ReaderKey(client: client, topic: topic, committedOnly: committedOnly)
    if let known = readers.first(where: { $0.key == key }) { return known.client }
    do throws(KafkaProblem) {
      let handle = try ClientConfiguration(settings.readerOptions(committedOnly: committedOnly))
        .open(RD_KAFKA_CONSUMER)
      let name = settings.topics[Int(topic.rawValue)]
      var locate: RecordLocator?
      if topic == .input { locate = settings.locate }
      let opened = ReaderClient(
        handle, client: client, topic: topic, name: name, locate: locate,
        wake: mailbox.descriptor)
      readers.append((key, opened))
      return opened
    } catch {
      preconditionFailure("options that were good before: \(error.message)")
    }
  }

  private func close(_ client: ClientID) {
    switch client.role {
    case .sink:
      sinkLife.end()
      sinkLife = Life()
      if let sink {
        add(sink.statistics, 0, to: &statistics)
        ending.append(sink.close())
      }
      sink = nil
    case .consumer, .reader:
      for reader in readers where reader.key.client == client {
        add(reader.client.statistics, reader.client.deliveries, to: &statistics)
        reader.client.close(closer)
      }
      readers.removeAll { $0.key.client == client }
      endMember(client, leaves: false)
    case .producer: load.mute(client)
    }
  }

  public func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {}

  public func collect(at now: Instant, outbox: inout Outbox) {
    shim_eventfd_drain(mailbox.descriptor)
    load.collect(&outbox)
    sink?.collect(&outbox)
    for reader in readers { reader.client.collect(&outbox) }
    for member in members { collect(member, &outbox) }
    for letter in mailbox.take() where letter.life?.isOver != true {
      note(letter.completion)
      outbox.post(letter.completion)
    }
  }

  private func collect(_ member: MemberClient, _ outbox: inout Outbox) {
    member.collect(&outbox)
    guard let identity = member.identity, !identities.contains(where: { $0 === identity }) else {
      return
    }
    identities.append(identity)
    if identities.count > 64 { identities.removeFirst() }
  }

  private func note(_ completion: Completion) {
    switch completion {
    case .committed(_, _, .acknowledged), .committed(_, _, .failed), .aborted,
      .transactionsReady(_, true):
      isTransactionOpen = false
    default: break
    }
  }

  // Nodes

  public func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome {
    guard let cluster, node < cluster.count else { return .refused }
    return cluster.begin(action, node: node) ? .underWay : .refused
  }

  /// Ends every client and waits for them, then the cluster if it is Weir's.
  public func close() {
    if isClosed { return }
    isClosed = true
    cluster?.resumeAll()
    close(ClientID(.sink, 0))
    for reader in readers { close(reader.key.client) }
    for member in members { endMember(member.client, leaves: true) }
    let handle = loadHandle
    closer.add { handle.destroy() }
    if settings.makesTopics && settings.removesTopics {
      let (topics, names) = (topics, settings.topics)
      control.add { topics.remove(names) }
    }
    ending.append(control.close())
    closer.end()
    for worker in ending + [closer] { worker.wait() }
    if ownsCluster { cluster?.close() }
  }
}

/// Weir's schemas begin with the source and the sequence number of an event, behind the frame.
package func locateRecord(_ value: UnsafeRawBufferPointer) -> (source: UInt32, sequence: UInt64)? {
  if Framing.schemaID(of: value) == nil { return nil }
  var reader = ByteReader(UnsafeRawBufferPointer(rebasing: value[Framing.length...]))
  do throws(DecodingError) {
    guard let source = UInt32(exactly: try reader.signed()) else { return nil }
    let sequence = try reader.signed()
    if sequence < 0 { return nil }
    return (source, UInt64(sequence))
  } catch {
    return nil
  }
}
