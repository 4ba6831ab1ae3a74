import Model

/// What the coordinator says to a member that is alive.
package enum MemberState: Hashable {
  case stable
  /// The partitions are divided anew: join again.
  case rebalancing
  /// It was taken for dead, or another one has its place.
  case unknown
}

/// The coordinator of the one consumer group of the log: KAF-47, 48 and 50, eager, with the two
/// steps of joining in one. It takes (request, now) and returns whom to answer and how; it knows no
/// wire and no clock.
struct GroupCoordinator {
  struct Answer {
    var request: Request
    var membership: Membership
  }

  private struct Member {
    var client: ClientID
    var life: UInt32
    var keepsPlace: Bool
    var lastSeen: Instant
    var partitions: [Int] = []
    /// Its request to join, while it waits for the others.
    var joining: Request?
  }

  private let partitions: Int
  private let sessionTimeout: Nanoseconds
  /// In the order in which partitions are dealt out.
  private var members: [Member] = []
  private var generation: Int64 = 0
  private var isRebalancing = false

  init(partitions: Int, sessionTimeout: Nanoseconds) {
    self.partitions = partitions
    self.sessionTimeout = sessionTimeout
  }

  var isEmpty: Bool { members.isEmpty }

  mutating func join(_ request: Request, keepsPlace: Bool, at now: Instant) -> [Answer] {
    let known = members.firstIndex {
      $0.client == request.client
        && ($0.life == request.life || ($0.keepsPlace && keepsPlace))
    }
    guard let known else {
      members.append(
        Member(
          client: request.client, life: request.life, keepsPlace: keepsPlace, lastSeen: now,
          joining: request))
      members.sort { ($0.client.index, $0.life) < ($1.client.index, $1.life) }
      isRebalancing = true
      return divide(at: now)
    }
    members[known].life = request.life
    members[known].lastSeen = now
    if !isRebalancing { return [Answer(request: request, membership: membership(known))] }
    members[known].joining = request
    return divide(at: now)
  }

  private func membership(_ index: Int) -> Membership {
    Membership(
      members[index].client, generation: generation, partitions: members[index].partitions)
  }

  /// Divides the partitions once every member has joined again.
  private mutating func divide(at now: Instant) -> [Answer] {
    if members.contains(where: { $0.joining == nil }) { return [] }
    isRebalancing = false
    generation += 1
    var answers: [Answer] = []
    for index in members.indices {
      members[index].partitions = (0..<partitions).filter { $0 % members.count == index }
      members[index].lastSeen = now
      if let request = members[index].joining {
        answers.append(Answer(request: request, membership: membership(index)))
      }
      members[index].joining = nil
    }
    return answers
  }

  mutating func heartbeat(_ request: Request, of asked: Int64, at now: Instant) -> MemberState {
    let known = members.firstIndex { $0.client == request.client && $0.life == request.life }
    guard let known else { return .unknown }
    members[known].lastSeen = now
    if isRebalancing { return .rebalancing }
    return asked == generation ? .stable : .unknown
  }

  mutating func leave(_ request: Request, at now: Instant) -> [Answer] {
    let before = members.count
    members.removeAll { $0.client == request.client && $0.life == request.life }
    return before == members.count ? [] : shrink(at: now)
  }

  /// Takes those for dead who were not heard of for too long.
  mutating func expire(at now: Instant) -> [Answer] {
    let before = members.count
    members.removeAll { $0.joining == nil && now - $0.lastSeen >= sessionTimeout }
    return before == members.count ? [] : shrink(at: now)
  }

  private mutating func shrink(at now: Instant) -> [Answer] {
    isRebalancing = true
    return divide(at: now)
  }

  /// Sessions begin anew: the coordinator was away, not the members.
  mutating func refresh(at now: Instant) {
    for index in members.indices {
      members[index].lastSeen = now
      members[index].joining = nil
    }
  }

  /// Whether all of them are members as the group is now (KAF-48).
  func admits(_ memberships: [Membership]) -> Bool {
    memberships.allSatisfy { asked in
      asked.generation == generation
        && members.contains { $0.client == asked.client && $0.partitions == asked.partitions }
    }
  }
}
