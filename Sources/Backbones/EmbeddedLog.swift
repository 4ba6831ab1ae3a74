import Draws
import Model

/// The embedded log: clients, one broker node, and the wire between them. The reference that other
/// backbones are compared with.
///
/// One owner, one thread; everything it does follows from the calls it gets.
public final class EmbeddedLog: Backbone {
  private let settings: LogSettings
  var node: LogNode
  var clients: [LogClient] = []
  private var firstClient: [Int] = []
  private let filter: (any WireFilter)?

  private let link: DelayTable
  private let delays: DrawStream
  private var draws: UInt64 = 0
  /// Last arrival in each direction of each client: a connection keeps its order.
  private var lastArrival: [Int64] = []
  private var lastReturn: [Int64] = []

  private var nodeLife: UInt32 = 0
  private var isDown = false
  private var pausedSince: Instant?
  private var heldRequests: [Request] = []
  private var heldResponses: [Response] = []
  private var parked: [Request] = []
  private var statistics = BackboneUsage()
  /// True while an event to look for dead members is on the timeline.
  var watchesGroup = false

  var isUp: Bool { !isDown && pausedSince == nil }

  private static let watchInterval: Nanoseconds = 50 * .millisecond

  /// `consumers` is the number of engine tasks. The filter is asked about every message.
  public init(_ settings: LogSettings, consumers: Int, filter: (any WireFilter)? = nil) {
    self.settings = settings
    self.filter = filter
    node = LogNode(settings)
    link = DelayTable(median: settings.link.0, p99: settings.link.1)
    delays = DrawFamily(seed: settings.seed, component: "backbone", purpose: "link").stream(0)
    let partitions = max(settings.inputPartitions, settings.resultPartitions)
    func add(_ role: ClientRole, _ count: Int, producerID: (Int) -> Int32?) {
      firstClient.append(clients.count)
      for index in 0..<count {
        clients.append(
          LogClient(
            ClientID(role, index), producerID: producerID(index), partitions: partitions,
            settings: settings))
      }
    }
    add(.producer, settings.producers) { Int32($0) }
    add(.consumer, consumers) { _ in nil }
    // Outside of transactions the sink is an idempotent producer of its own.
    add(.sink, 1) { _ in Int32(settings.producers + 1) }
    add(.reader, 1) { _ in nil }
    lastArrival = Array(repeating: 0, count: clients.count)
    lastReturn = Array(repeating: 0, count: clients.count)
  }

  public var capabilities: Capabilities {
    Capabilities(transactions: true, idempotence: true, reads: true, groups: true)
  }

  public var usage: BackboneUsage {
    var usage = statistics
    usage.retainedBytes = node.retainedBytes
    usage.busy = node.busy
    for client in clients { usage.retries += client.retries }
    return usage
  }

  func slot(_ id: ClientID) -> Int { firstClient[Int(id.role.rawValue)] + Int(id.index) }

  // From the harness

  public func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    var actions = ClientActions()
    let id: ClientID
    switch command {
    case .submit(let client, let topic, let batches, let transaction):
      id = client
      clients[slot(id)].submit(topic, batches, transaction: transaction, at: now, &actions)
    case .poll(let client, let topic, let partition, let offset, let committedOnly):
      id = client
      let content = RequestContent.fetch(
        topic, partition: partition, offset: offset, committedOnly: committedOnly)
      clients[slot(id)].call(content, at: now, &actions)
    case .initTransactions(let client):
      id = client
      clients[slot(id)].call(.initProducer, at: now, &actions)
    case .commit(let client, let transaction, let positions, let snapshot):
      id = client
      let content = RequestContent.endTransaction(
        clients[slot(id)].currentIdentity, transaction: transaction, commit: true,
        positions: positions, snapshot: snapshot)
      clients[slot(id)].call(content, at: now, &actions)
    case .abort(let client, let transaction):
      id = client
      let content = RequestContent.endTransaction(
        clients[slot(id)].currentIdentity, transaction: transaction, commit: false,
        positions: [], snapshot: 0)
      clients[slot(id)].call(content, at: now, &actions)
    case .commitPositions(let client, let positions, let snapshot):
      id = client
      let content = RequestContent.commitPositions(positions: positions, snapshot: snapshot)
      clients[slot(id)].call(content, at: now, &actions)
    case .fetchPositions(let client):
      id = client
      clients[slot(id)].call(.fetchPositions, at: now, &actions)
    case .endOffsets(let client, let topic):
      id = client
      clients[slot(id)].call(.endOffsets(topic), at: now, &actions)
    case .close(let client):
      clients[slot(client)].close()
      return
    case .findLeader(let topic, let partition):
      return outbox.post(.leader(topic, partition: partition, node: isDown ? nil : 0))
    case .join, .leave, .commitAs: return handleGroup(command, at: now, outbox: &outbox)
    }
    carryOut(actions, of: id, at: now, outbox: &outbox)
  }

  func carryOut(
    _ actions: ClientActions, of id: ClientID, at now: Instant, outbox: inout Outbox
  ) {
    for completion in actions.completions { outbox.post(completion) }
    for request in actions.requests { send(request, at: now, outbox: &outbox) }
    let slot = slot(id)
    if clients[slot].isWaiting && !clients[slot].watched {
      clients[slot].watched = true
      outbox.post(.watchdog(id), at: now + Self.watchInterval)
    }
  }

  // The wire

  private func delay() -> Nanoseconds {
    draws &+= 1
    return link.draw(delays.word(draws))
  }

  private func fate(_ request: Request, _ direction: WireCrossing.Direction, at now: Instant)
    -> Fate
  {
    guard let filter, filter.isActive, request.client.role != .reader else { return .pass }
    let crossing = WireCrossing(
      role: request.client.role, client: request.client.index, direction: direction,
      content: request.content.kind)
    return filter.fate(of: crossing, at: now)
  }

  private func send(_ request: Request, at now: Instant, outbox: inout Outbox) {
    statistics.requests &+= 1
    let slot = slot(request.client)
    switch fate(request, .request, at: now) {
    case .drop: break
    case .delay(let extra): outbox.post(.arrives(request), at: now + delay() + extra)
    case .pass:
      lastArrival[slot] = max(lastArrival[slot], (now + delay()).ns)
      outbox.post(.arrives(request), at: Instant(ns: lastArrival[slot]))
    case .duplicate(let after):
      lastArrival[slot] = max(lastArrival[slot], (now + delay()).ns)
      outbox.post(.arrives(request), at: Instant(ns: lastArrival[slot]))
      outbox.post(.arrives(request), at: Instant(ns: lastArrival[slot]) + after)
    }
  }

  func answer(
    _ request: Request, _ content: ResponseContent, departs: Instant, outbox: inout Outbox
  ) {
    let response = Response(
      request: request, content: content, departsAt: departs, nodeLife: nodeLife)
    outbox.post(.departs(response), at: departs)
  }

  private func depart(_ response: Response, at now: Instant, outbox: inout Outbox) {
    if response.nodeLife != nodeLife || isDown { return }
    if pausedSince != nil {
      heldResponses.append(response)
      return
    }
    let slot = slot(response.request.client)
    switch fate(response.request, .response, at: now) {
    case .drop: break
    case .delay(let extra): outbox.post(.returns(response), at: now + delay() + extra)
    case .pass, .duplicate:
      // A client ignores the second copy of an answer.
      lastReturn[slot] = max(lastReturn[slot], (now + delay()).ns)
      outbox.post(.returns(response), at: Instant(ns: lastReturn[slot]))
    }
  }

  public func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {
    switch event.content {
    case .arrives(let request): arrive(request, at: now, outbox: &outbox)
    case .departs(let response): depart(response, at: now, outbox: &outbox)
    case .returns(let response):
      var actions = ClientActions()
      clients[slot(response.request.client)].receive(response, at: now, &actions)
      carryOut(actions, of: response.request.client, at: now, outbox: &outbox)
    case .watchdog(let id):
      var actions = ClientActions()
      clients[slot(id)].watched = false
      clients[slot(id)].watch(at: now, &actions)
      carryOut(actions, of: id, at: now, outbox: &outbox)
    case .beat(let id, let life): beat(id, life: life, at: now, outbox: &outbox)
    case .watchGroup: watchGroup(at: now, outbox: &outbox)
    case .unpark(let request):
      guard let index = parked.firstIndex(where: { $0 === request }) else { return }
      parked.remove(at: index)
      guard case .fetch(_, _, let offset, _) = request.content else { return }
      answer(request, .fetched([], next: offset), departs: now, outbox: &outbox)
    }
  }

  // The node

  private func arrive(_ request: Request, at now: Instant, outbox: inout Outbox) {
    if isDown { return }
    if pausedSince != nil {
      heldRequests.append(request)
      return
    }
    switch request.content {
    case .produce(let topic, let batches, let producer, let transaction):
      for outgoing in batches { statistics.bytes &+= UInt64(outgoing.batch.byteCount) }
      let (results, departs) = node.produce(
        topic, batches, producer, number: transaction, at: now)
      answer(request, .produced(results), departs: departs, outbox: &outbox)
      wakeReaders(of: topic, at: departs, outbox: &outbox)
    case .fetch:
      if !serveFetch(request, at: now, outbox: &outbox) { park(request, at: now, &outbox) }
    case .initProducer:
      let (identity, departs) = node.initProducer(at: now)
      answer(request, .producerReady(identity), departs: departs, outbox: &outbox)
      wakeReaders(of: .results, at: departs, outbox: &outbox)
    case .endTransaction(
      let producer, let number, let commit, let positions, let snapshot, let members):
      let end = node.endTransaction(
        producer, number, commit: commit, positions: positions, snapshot: snapshot,
        members: members, at: now)
      let content = ResponseContent.transactionEnded(committed: end.committed, end.error)
      answer(request, content, departs: end.departs, outbox: &outbox)
      wakeReaders(of: .results, at: end.departs, outbox: &outbox)
    case .commitPositions(let positions, let snapshot):
      let departs = node.commitPositions(positions, snapshot: snapshot, at: now)
      answer(request, .positionsCommitted, departs: departs, outbox: &outbox)
    case .fetchPositions:
      let (positions, snapshot, departs) = node.committedPositions(at: now)
      let content = ResponseContent.positions(positions, snapshot: snapshot)
      answer(request, content, departs: departs, outbox: &outbox)
    case .endOffsets(let topic):
      let (offsets, departs) = node.endOffsets(topic, at: now)
      answer(request, .endOffsets(offsets), departs: departs, outbox: &outbox)
    case .join, .leave, .heartbeat: arriveAtGroup(request, at: now, outbox: &outbox)
    }
  }

  private func serveFetch(_ request: Request, at now: Instant, outbox: inout Outbox) -> Bool {
    guard case .fetch(let topic, let partition, let offset, let committedOnly) = request.content
    else { return true }
    guard
      let read = node.fetch(
        topic, partition, from: offset, committedOnly: committedOnly, at: now)
    else { return false }
    for delivery in read.deliveries {
      statistics.deliveries &+= UInt64(delivery.batch.count - delivery.first)
    }
    answer(
      request, .fetched(read.deliveries, next: read.next), departs: read.departs, outbox: &outbox)
    return true
  }

  private func park(_ request: Request, at now: Instant, _ outbox: inout Outbox) {
    guard case .fetch(let topic, let partition, _, _) = request.content else { return }
    parked.removeAll { other in
      guard other.client == request.client else { return false }
      if case .fetch(topic, partition, _, _) = other.content { return true }
      return false
    }
    parked.append(request)
    outbox.post(.unpark(request), at: now + LogClient.parkLimit)
  }

  /// Answers those that wait for records of a topic, once these are visible.
  private func wakeReaders(of topic: Topic, at visible: Instant, outbox: inout Outbox) {
    var index = 0
    while index < parked.count {
      if case .fetch(topic, _, _, _) = parked[index].content,
        serveFetch(parked[index], at: visible, outbox: &outbox)
      {
        parked.remove(at: index)
      } else {
        index += 1
      }
    }
  }

  public func control(
    _ action: NodeAction, node index: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome {
    if index != 0 { return .refused }
    switch action {
    case .crash:
      if isDown { return .refused }
      node.crash(at: now)
      nodeLife &+= 1
      (isDown, pausedSince) = (true, nil)
      parked.removeAll()
      heldRequests.removeAll()
      heldResponses.removeAll()
    case .restart:
      if !isDown { return .refused }
      isDown = false
      node.resume(at: now)
    case .pause:
      if isDown || pausedSince != nil { return .refused }
      pausedSince = now
    case .resume:
      if pausedSince == nil { return .refused }
      pausedSince = nil
      node.resume(at: now)
      let responses = heldResponses
      let requests = heldRequests
      heldResponses.removeAll()
      heldRequests.removeAll()
      for response in responses { depart(response, at: now, outbox: &outbox) }
      for request in requests { arrive(request, at: now, outbox: &outbox) }
    }
    return .done
  }
}
