import Backbones
import Engines
import Harness
import Model
import Scenarios
import Statistics
import Testing

@Suite struct ProbeTests {
  @Test func probe() throws {
    func show(_ name: String, _ s: Scenario, log: Set<LogDefect> = [], engine: Set<EngineDefect> = []) {
      do {
        let r = try run(s, log: log, engine: engine)
        print("PROBE \(name): \(r.story) faults \(r.faults.map { "\($0.text) \($0.confirmed) \($0.healed)" }) events \(r.usage.events) cpu \(r.usage.cpu / .millisecond)")
      } catch { print("PROBE \(name): \(error)") }
    }
    show("plain", smallScenario())
    show("count", smallScenario("pass-through", query: "count"))
    show("copy", smallScenario("pass-through", query: "copy"))
    show("alerts", smallScenario(query: "alerts"))
    for kind in [FaultKind.dropResponse, .delay, .duplicate, .drop, .reorder] {
      for role in [FaultTarget.Role.producer, .consumer, .sink, .broker] {
        show("\(kind) \(role)", smallScenario(faults: [Fault.message(kind, role)]))
      }
    }
    show("crash engine", smallScenario(faults: [Fault.crash(.engine)]))
    show("crash broker", smallScenario(faults: [Fault.crash(.broker)]))
    show("pause", smallScenario(faults: [Fault.pause]))
    show("partition", smallScenario(faults: [Fault.partition]))
    show("append crash", smallScenario(sink: .append, faults: [Fault.crash(.engine)]))
    var s = smallScenario(faults: [Fault.message(.dropResponse)])
    s.backbone.idempotent = false
    show("non-idempotent", s)
    show("offbyone", smallScenario(), engine: [.ruleOffByOne])
    show("lostTimer", smallScenario("pass-through", query: "count"), engine: [.lostTimer])
    show("stale", smallScenario(faults: [Fault.crash(.engine)]), engine: [.staleRestore])
    show("stale count", smallScenario("pass-through", query: "count", faults: [Fault.crash(.engine)]), engine: [.staleRestore])
    show("skipsReplay", smallScenario(faults: [Fault.crash(.engine)]), engine: [.skipsReplay])
    show("skipsDedup", smallScenario(faults: [Fault.message(.dropResponse)]), log: [.skipsDeduplication])
    show("showsAborted", smallScenario(faults: [Fault.crash(.engine)]), log: [.showsAborted])
    show("dropsAck", smallScenario(), log: [.dropsAcknowledged])
    show("losesTail", smallScenario(faults: [Fault.crash(.broker)]), log: [.losesTail])
    show("reorders", smallScenario(), log: [.reorders])
    show("forgets", smallScenario(faults: [Fault.crash(.engine)]), log: [.forgetsPositions])
  }
}
