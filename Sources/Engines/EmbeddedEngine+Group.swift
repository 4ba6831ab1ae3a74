import Backbones
import History
import Model

/// The tasks as members of the consumer group of the run. The engine works while every task has
/// what belongs to it by one division; a division that begins takes all of it back to the last
/// commit, as a crash does, except that the members stay.
extension EmbeddedEngine {
  /// Begins a life: makes the sink the only one of its name, and then goes on as the group says.
  func getReady(_ outbox: inout EngineOutbox) {
    life &+= 1
    phase = .starting
    hasAskedPositions = false
    sinkIsReady = settings.sink != .transactional
    if !sinkIsReady { outbox.commands.append(.initTransactions(sinkClient)) }
    askPositions(&outbox)
  }

  /// Asks where to go on, once the sink is ready and every task has its partitions.
  func askPositions(_ outbox: inout EngineOutbox) {
    guard phase == .starting, sinkIsReady, !hasAskedPositions, isSettled else { return }
    hasAskedPositions = true
    outbox.commands.append(.fetchPositions(sinkClient))
  }

  /// Whether all tasks belong to one division, and each has the partitions whose state it keeps.
  var isSettled: Bool {
    if !settings.joinsGroup { return true }
    for task in tasks {
      guard let mine = memberships[task.number], mine.partitions == task.partitions,
        mine.generation == memberships[0]?.generation
      else { return false }
    }
    return true
  }

  func assigned(_ membership: Membership, _ outbox: inout EngineOutbox) {
    let task = Int(membership.client.index)
    guard phase != .stopped, membership.client.role == .consumer, task < memberships.count else {
      return
    }
    memberships[task] = membership
    askPositions(&outbox)
  }

  func revoked(_ client: ClientID, at now: Instant, _ outbox: inout EngineOutbox) {
    let task = Int(client.index)
    guard phase != .stopped, client.role == .consumer, task < memberships.count else { return }
    memberships[task] = nil
    let wasRunning = phase == .running
    if !wasRunning && !hasAskedPositions { return }
    if wasRunning {
      history.begin(.engineStopped, at: now)
      sink.crash()
      batch = nil
      isBatchDue = false
      for task in tasks.indices {
        work[task].removeAll()
        workHead[task] = 0
      }
    }
    outbox.commands.append(.close(sinkClient))
    getReady(&outbox)
  }
}
