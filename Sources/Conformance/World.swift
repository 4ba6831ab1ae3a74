import Backbones
import Model
import Scheduling

/// A backbone, its clients and a clock: what the body of a check drives. The same loop serves a
/// model in virtual time, a model under the wall clock, and a live adapter.
final class ConformanceWorld {
  let shape = ConformanceShape()
  let backbone: any Backbone
  /// Decides what becomes of messages; nil where there is no wire to act on.
  let wire: ScriptedWire?

  private let live: (any LiveBackbone)?
  private var timeline = Timeline<BackboneEvent>(capacity: 64)
  private var pacer: any Pacer
  private var outbox = Outbox()
  private var inbox: [Completion] = []
  private var lastNumber: UInt64 = 0

  /// How long an answer may take before its absence is a failure.
  static let patience: Nanoseconds = 30 * .second

  init(_ subject: ConformanceSubject) throws(CheckFailure) {
    wire = subject.hasWire ? ScriptedWire() : nil
    backbone = try subject.make(shape, wire)
    live = backbone as? any LiveBackbone
    if let live {
      pacer = WallPacer(descriptors: [live.descriptor])
    } else if subject.isPaced {
      pacer = WallPacer()
    } else {
      pacer = VirtualPacer()
    }
  }

  func close() {
    (pacer as? WallPacer)?.close()
    live?.close()
  }

  var now: Instant { timeline.now }

  /// A number that no other record of this world has.
  func nextNumber() -> UInt64 {
    lastNumber += 1
    return lastNumber
  }

  // Time

  func ask(_ command: Command) {
    backbone.handle(command, at: now, outbox: &outbox)
    settle()
  }

  /// Lets time pass.
  func idle(_ length: Nanoseconds) throws(CheckFailure) {
    _ = try run(until: now + length) { false }
  }

  /// Does something to the only node.
  func control(_ action: NodeAction) throws(CheckFailure) {
    let outcome = backbone.control(action, node: 0, at: now, outbox: &outbox)
    settle()
    var happened = outcome == .done
    if outcome == .underWay {
      happened = try answer("\(action) of the node") { completion -> Bool? in
        if case .controlled(action, 0, let happened) = completion { return happened }
        return nil
      }
    }
    if !happened { throw .impossible("the node would not \(action)") }
  }

  /// Runs until `isDone` or the deadline; true when it was done.
  private func run(
    until deadline: Instant, _ isDone: () -> Bool
  ) throws(CheckFailure) -> Bool {
    while !isDone() {
      let next = min(timeline.nextInstant ?? deadline, deadline)
      switch pacer.wait(until: next) {
      case .completions(let instant):
        timeline.advance(to: instant)
        live?.collect(at: now, outbox: &outbox)
      case .interrupted: throw .impossible("the suite was interrupted")
      case .due:
        guard let instant = timeline.nextInstant, instant <= deadline else {
          timeline.advance(to: deadline)
          return isDone()
        }
        if let event = timeline.next() { backbone.handle(event, at: now, outbox: &outbox) }
      }
      settle()
    }
    return true
  }

  private func settle() {
    for later in outbox.later {
      timeline.schedule(later.event, at: later.at, .completion)
    }
    inbox.append(contentsOf: outbox.completions)
    outbox.removeAll()
  }

  /// The first answer that `pick` takes, now or later; it is removed.
  func answer<T>(
    _ what: String, within limit: Nanoseconds = patience, _ pick: (Completion) -> T?
  ) throws(CheckFailure) -> T {
    var found: T?
    let came = try run(until: now + limit) {
      for (index, completion) in inbox.enumerated() {
        if let value = pick(completion) {
          inbox.remove(at: index)
          found = value
          return true
        }
      }
      return false
    }
    guard came, let found else {
      throw .violated("no answer to \(what) within \(limit / .millisecond) ms")
    }
    return found
  }

  /// Whether an answer that `pick` takes is there already; it stays.
  func holds(_ pick: (Completion) -> Bool) -> Bool { inbox.contains(where: pick) }
}

/// What becomes of the messages of a check: rules, tried in order.
final class ScriptedWire: WireFilter {
  struct Rule {
    var role: ClientRole
    var direction: WireCrossing.Direction
    var content: WireCrossing.Content
    /// Messages that the rule lets pass first.
    var skip = 0
    /// Messages that it then acts on.
    var count = 1
    var fate: Fate
  }

  private var rules: [Rule] = []

  var isActive: Bool { !rules.isEmpty }

  func add(_ rule: Rule) { rules.append(rule) }

  func fate(of crossing: WireCrossing, at now: Instant) -> Fate {
    for index in rules.indices {
      let rule = rules[index]
      if rule.role != crossing.role || rule.direction != crossing.direction
        || rule.content != crossing.content
      {
        continue
      }
      if rule.skip > 0 {
        rules[index].skip -= 1
        return .pass
      }
      rules[index].count -= 1
      if rules[index].count == 0 { rules.remove(at: index) }
      return rule.fate
    }
    return .pass
  }
}

extension ConformanceWorld {
  /// Acts on messages of a role to come; nothing where there is no wire.
  func onWire(
    _ role: ClientRole, _ direction: WireCrossing.Direction, _ content: WireCrossing.Content,
    skip: Int = 0, count: Int = 1, _ fate: Fate
  ) throws(CheckFailure) {
    guard let wire else { throw .impossible("there is no wire to act on") }
    wire.add(
      .init(
        role: role, direction: direction, content: content, skip: skip, count: count, fate: fate))
  }
}
