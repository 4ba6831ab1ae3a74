import Backbones
import CShim
import Engines
import Faults
import History
import Model
import Scenarios
import Scheduling
import Statistics

/// The one loop: takes the next event, waits for it as the pacer says, and hands it on. Virtual,
/// paced and live runs differ in the pacer and in what fills the port, and nowhere else.
final class RunLoop {
  let parts: RunParts
  var timeline = Timeline<RunEvent>()
  private var pacer: any Pacer
  private let live: (any LiveBackbone)?
  var outbox = Outbox()
  var engineOutbox = EngineOutbox()
  var commands: [Command] = []

  var phases: PhasePlan
  private var phase = RunPhase.warmUp
  var drain = Drain.notYet
  var isFinished = false
  private var complete = true
  private var endReason = ""
  private(set) var interruptedAt: Instant?
  /// Actual minus intended send in real time, outside of the history.
  private(set) var sendLateness = LatencyHistogram()
  /// Faults whose time has come.
  private(set) var requested: Set<Int> = []
  private(set) var confirmed: Set<Int> = []
  private(set) var healed: Set<Int> = []
  /// What a live backbone was asked to do to a node and has not said the end of.
  var underWay: [(action: NodeAction, node: Int, index: Int, starts: Bool)] = []
  /// The broker that leads the partition that a fault names, once that is known.
  var leaders: [Int: Int] = [:]
  private var lastCollect = Instant.zero
  private let progress: ((RunProgress) -> Void)?
  private var nextProgress: UInt64 = 0
  private var reportsNow = false

  init(
    _ parts: RunParts, pacer: any Pacer, phases: PhasePlan, progress: ((RunProgress) -> Void)?
  ) {
    self.parts = parts
    self.pacer = pacer
    self.phases = phases
    self.progress = progress
    live = parts.backbone as? any LiveBackbone
  }

  /// Runs to the end. Returns the instant at which it ended.
  func run() throws(RunFailure) -> Instant {
    begin()
    while !isFinished, let instant = timeline.nextInstant {
      switch pacer.wait(until: instant) {
      case .completions(let now):
        timeline.advance(to: now)
        try collect(at: now)
      case .interrupted(let now):
        timeline.advance(to: min(now, instant))
        interrupt(at: timeline.now)
        try settle(at: timeline.now)
      case .due:
        guard let event = timeline.next() else { break }
        var now = timeline.now
        if live != nil {
          now = now + pacer.lateness
          timeline.advance(to: now)
        }
        try handle(event, at: now)
        if live != nil, now - lastCollect > .millisecond { try collect(at: now) }
      }
      report()
    }
    if !isFinished { finish(complete: false, "nothing was left to happen", at: timeline.now) }
    return timeline.now
  }

  // Set-up

  private func begin() {
    for lane in 0..<parts.load.laneCount {
      timeline.schedule(.load(lane), at: parts.load.firstTick(of: lane), .source)
    }
    timeline.schedule(.phase(.warmUp), at: .zero, .fault)
    timeline.schedule(.phase(.measure), at: phases.measureStart, .fault)
    timeline.schedule(.phase(.heal), at: phases.healStart, .fault)
    timeline.schedule(.phase(.drain), at: phases.drainStart, .fault)
    for (index, fault) in parts.faults.enumerated() {
      let start = phases.measureStart + fault.at
      timeline.schedule(.fault(.begin(index)), at: start, .fault)
      timeline.schedule(.fault(.end(index)), at: start + fault.duration, .fault)
    }
  }

  // Events

  private func handle(_ event: RunEvent, at now: Instant) throws(RunFailure) {
    switch event {
    case .phase(let next): enter(next, at: now)
    case .load(let lane):
      if let next = parts.load.send(lane: lane, at: now, outbox: &commands) {
        timeline.schedule(.load(lane), at: next, .source)
      }
      if pacer.lateness > 0 || live != nil { recordLateness() }
    case .backbone(let event): parts.backbone.handle(event, at: now, outbox: &outbox)
    case .engine(let timer):
      do throws(PlanError) {
        try parts.engine?.fire(timer, at: now, &engineOutbox)
      } catch {
        throw .internalError(error.message)
      }
    case .fault(.begin(let index)): beginFault(index, at: now)
    case .fault(.end(let index)): endFault(index, at: now)
    case .drainLimit:
      finish(complete: false, "the drain limit was reached: \(drainState)", at: now)
    }
    try settle(at: now)
  }

  /// Of every event: a sender that falls behind hands over ever more at once, and looks at its
  /// lanes ever more seldom.
  private func recordLateness() {
    let late = live == nil ? 0 : parts.load.lastLateness
    sendLateness.record(
      max(pacer.lateness, late, 1), times: UInt64(max(parts.load.lastHanded, 1)))
  }

  private func collect(at now: Instant) throws(RunFailure) {
    lastCollect = now
    live?.collect(at: now, outbox: &outbox)
    try settle(at: now)
  }

  /// Carries out what was posted until nothing more is.
  private func settle(at now: Instant) throws(RunFailure) {
    while true {
      if !engineOutbox.isEmpty {
        for (timer, at) in engineOutbox.timers { timeline.schedule(.engine(timer), at: at, .timer) }
        commands.append(contentsOf: engineOutbox.commands)
        let reports = engineOutbox.reports
        engineOutbox.removeAll()
        for report in reports { take(report, at: now) }
      }
      if !commands.isEmpty {
        let batch = commands
        commands.removeAll(keepingCapacity: true)
        for command in batch { parts.backbone.handle(command, at: now, outbox: &outbox) }
      }
      if outbox.isEmpty { break }
      for later in outbox.later {
        timeline.schedule(.backbone(later.event), at: later.at, .completion)
      }
      let completions = outbox.completions
      outbox.removeAll()
      for completion in completions { try route(completion, at: now) }
      if completions.isEmpty && commands.isEmpty && engineOutbox.isEmpty { break }
    }
    if parts.messageFaults.isActive { noteMessageFaults(at: now) }
    if drain != .notYet { goOnDraining(at: now) }
  }

  private func route(_ completion: Completion, at now: Instant) throws(RunFailure) {
    do throws(PlanError) {
      switch completion {
      case .submitted(let client, _, let batch, let outcome) where client.role == .producer:
        if client == parts.flush?.client {
          parts.flush?.finish(batch, outcome)
        } else {
          parts.load.finish(batch, outcome, at: now)
        }
      case .polled(let client, _, let partition, let deliveries, let next)
      where client.role == .reader:
        if client == parts.reader.client {
          parts.reader.take(partition, deliveries, next: next, at: now, &commands)
        } else {
          parts.auditor?.take(partition, deliveries, next: next, at: now, &commands)
        }
      case .endOffsets(let client, let topic, let offsets) where client.role == .reader:
        take(ends: offsets, of: topic, at: now)
      case .leader(let topic, let partition, let node):
        leaderFound(topic, partition, node, at: now)
      case .controlled(let action, let node, let happened):
        controlled(action, node, happened, at: now)
      default:
        try parts.engine?.receive(completion, at: now, &engineOutbox)
      }
    } catch {
      throw .internalError(error.message)
    }
  }

  // Phases

  private func enter(_ next: RunPhase, at now: Instant) {
    if next != .warmUp
      && RunPhase.allCases.firstIndex(of: next)! <= RunPhase.allCases.firstIndex(of: phase)!
    {
      return
    }
    phase = next
    parts.history.begin(.phase, at: now)
    parts.history.text(next.rawValue)
    switch next {
    case .warmUp:
      _ = parts.engine?.carryOut(.start, at: now, &engineOutbox)
      if parts.engine != nil { parts.reader.start(&commands) }
      parts.auditor?.start(&commands)
    case .measure, .heal: break
    case .drain:
      drain = .waitingForSends
      timeline.schedule(.drainLimit, at: now + (phases.drainLimit - phases.drainStart), .fault)
    }
  }

  /// The user asked for an end: no more load, faults are healed, and what is there is drained.
  private func interrupt(at now: Instant) {
    if interruptedAt != nil { return }
    interruptedAt = now
    reportsNow = true
    parts.history.begin(.interrupted, at: now)
    parts.load.endOfLoad = min(parts.load.endOfLoad, now)
    for index in parts.faults.indices where confirmed.contains(index) && !healed.contains(index) {
      endFault(index, at: now)
    }
    phases = PhasePlan(
      measureStart: phases.measureStart, healStart: now, drainStart: now,
      drainLimit: now + 10 * .second)
    for next in [RunPhase.measure, .heal, .drain] { enter(next, at: now) }
  }

  // Faults

  private func beginFault(_ index: Int, at now: Instant) {
    if interruptedAt != nil { return }
    let fault = parts.faults[index]
    requested.insert(index)
    parts.history.begin(.faultRequested, at: now)
    parts.history.number(UInt64(index))
    parts.history.text(fault.kind.rawValue)
    parts.history.text(fault.text)
    if fault.isMessageFault {
      parts.messageFaults.begin(fault, index: index)
    } else if case .leader(let stream, let partition) = fault.target {
      let topic = parts.topic(of: stream)
      parts.backbone.handle(
        .findLeader(topic, partition: partition), at: now, outbox: &outbox)
    } else if carryOut(index, starts: true, at: now) == .done {
      confirm(index, at: now)
    }
  }

  private func endFault(_ index: Int, at now: Instant) {
    if healed.contains(index) { return }
    let fault = parts.faults[index]
    if fault.isMessageFault {
      noteMessageFaults(at: now)
      parts.messageFaults.end(index: index)
    } else if !confirmed.contains(index) || carryOut(index, starts: false, at: now) != .done {
      return
    }
    heal(index, at: now)
  }

  private func heal(_ index: Int, at now: Instant) {
    healed.insert(index)
    parts.history.begin(.faultHealed, at: now)
    parts.history.number(UInt64(index))
  }

  func confirm(_ index: Int, at now: Instant) {
    confirmed.insert(index)
    parts.history.begin(.faultConfirmed, at: now)
    parts.history.number(UInt64(index))
  }

  private func noteMessageFaults(at now: Instant) {
    for index in parts.messageFaults.takeConfirmed() { confirm(index, at: now) }
  }

  /// A live backbone says when what it began has happened.
  func controlled(_ action: NodeAction, _ node: Int, _ happened: Bool, at now: Instant) {
    let waiting = underWay.firstIndex { $0.action == action && $0.node == node }
    guard let waiting else { return }
    let fault = underWay.remove(at: waiting)
    if !happened { return }
    if fault.starts {
      confirm(fault.index, at: now)
      endIfOver(fault.index, at: now)
    } else {
      heal(fault.index, at: now)
    }
  }

  /// A fault may have been meant to end before it was confirmed.
  func endIfOver(_ index: Int, at now: Instant) {
    let planned = parts.faults[index]
    if interruptedAt != nil || phases.measureStart + planned.at + planned.duration <= now {
      endFault(index, at: now)
    }
  }

  // Progress

  private func report() {
    guard let progress else { return }
    nextProgress &+= 1
    if nextProgress & 0x3ff != 0 && !reportsNow { return }
    reportsNow = false
    progress(
      RunProgress(
        phase: phase.rawValue, now: timeline.now, endOfLoad: phases.drainStart,
        sent: parts.load.sent, read: parts.engine?.status.processed ?? 0,
        backlog: parts.load.sent &- min(parts.engine?.status.processed ?? 0, parts.load.sent),
        faultsSoFar: confirmed.count, faultsPlanned: parts.faults.count))
  }
}
