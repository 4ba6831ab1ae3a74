import Model

/// The consumer group of the embedded log: heartbeats, sessions, and who is told what.
extension EmbeddedLog {
  static let heartbeatInterval: Nanoseconds = 500 * .millisecond

  func handleGroup(_ command: Command, at now: Instant, outbox: inout Outbox) {
    var actions = ClientActions()
    let id: ClientID
    switch command {
    case .join(let client, let keepsPlace):
      id = client
      let slot = slot(client)
      if clients[slot].isMember { return }
      clients[slot].join(keepsPlace: keepsPlace, at: now, &actions)
      outbox.post(.beat(client, life: clients[slot].life), at: now + Self.heartbeatInterval)
    case .leave(let client):
      id = client
      clients[slot(client)].leave(at: now, &actions)
    case .commitAs(let members, let client, let transaction, let positions, let snapshot):
      id = client
      let content = RequestContent.endTransaction(
        clients[slot(client)].currentIdentity, transaction: transaction, commit: true,
        positions: positions, snapshot: snapshot, members: members)
      clients[slot(client)].call(content, at: now, &actions)
    default: preconditionFailure("a command that is not of the group")
    }
    carryOut(actions, of: id, at: now, outbox: &outbox)
  }

  /// A member says that it is there, and will again.
  func beat(_ id: ClientID, life: UInt32, at now: Instant, outbox: inout Outbox) {
    let slot = slot(id)
    if clients[slot].life != life || !clients[slot].isMember { return }
    var actions = ClientActions()
    clients[slot].beat(at: now, &actions)
    carryOut(actions, of: id, at: now, outbox: &outbox)
    outbox.post(.beat(id, life: life), at: now + Self.heartbeatInterval)
  }

  func arriveAtGroup(_ request: Request, at now: Instant, outbox: inout Outbox) {
    let departs = node.serveRequest(at: now)
    switch request.content {
    case .join(let keepsPlace):
      tell(node.group.join(request, keepsPlace: keepsPlace, at: now), departs, &outbox)
      if !watchesGroup {
        watchesGroup = true
        outbox.post(.watchGroup, at: now + Self.heartbeatInterval)
      }
    case .leave:
      let answers = node.group.leave(request, at: now)
      answer(request, .left, departs: departs, outbox: &outbox)
      tell(answers, departs, &outbox)
    case .heartbeat(let generation):
      let state = node.group.heartbeat(request, of: generation, at: now)
      answer(request, .alive(state), departs: departs, outbox: &outbox)
    default: preconditionFailure("a request that is not of the group")
    }
  }

  private func tell(
    _ answers: [GroupCoordinator.Answer], _ departs: Instant, _ outbox: inout Outbox
  ) {
    for one in answers {
      answer(one.request, .assigned(one.membership), departs: departs, outbox: &outbox)
    }
  }

  /// Looks for members that have died.
  func watchGroup(at now: Instant, outbox: inout Outbox) {
    if isUp { tell(node.group.expire(at: now), now, &outbox) }
    watchesGroup = !node.group.isEmpty
    if watchesGroup { outbox.post(.watchGroup, at: now + Self.heartbeatInterval) }
  }
}
