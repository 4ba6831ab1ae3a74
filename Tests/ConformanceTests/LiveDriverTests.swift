import Backbones
import CShim
import Conformance
import Model
import Scheduling
import Testing

/// A live adapter whose system is the embedded log in virtual time: answers wait behind a
/// descriptor, as those of a network client do.
private final class FarLog: LiveBackbone {
  let descriptor = shim_eventfd_create()
  private let log: any Backbone
  private var timeline = Timeline<BackboneEvent>(capacity: 16)
  private var waiting: [Completion] = []
  private var inner = Outbox()

  init(_ log: any Backbone) { self.log = log }

  deinit { shim_close(descriptor) }

  var capabilities: Capabilities { log.capabilities }
  var usage: BackboneUsage { log.usage }

  func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    log.handle(command, at: timeline.now, outbox: &inner)
    repeat {
      for later in inner.later { timeline.schedule(later.event, at: later.at, .completion) }
      waiting += inner.completions
      inner.removeAll()
      guard let event = timeline.next() else { break }
      log.handle(event, at: timeline.now, outbox: &inner)
    } while true
    if !waiting.isEmpty { shim_eventfd_signal(descriptor) }
  }

  func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {
    Issue.record("a live adapter has no events of its own")
  }

  func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome { .refused }

  func close() {}

  func collect(at now: Instant, outbox: inout Outbox) {
    shim_eventfd_drain(descriptor)
    for completion in waiting { outbox.post(completion) }
    waiting.removeAll()
  }
}

@Suite struct LiveDriverTests {
  let live = ConformanceSubject(name: "far", hasWire: false, hasNodes: true) {
    (shape, _) throws(CheckFailure) in
    FarLog(try ConformanceSubject.embedded().make(shape, nil))
  }

  @Test(arguments: ["records.", "positions.", "durability.", "ordering.dense"])
  func `the suite drives a live adapter through its descriptor`(prefix: String) {
    let report = runConformance(subject: live, only: prefix)
    #expect(report.conforms, "\(report.failed)")
    #expect(report.passedCount == report.lines.count)
  }

  @Test func `what a node will not do is skipped with the reason`() {
    let report = runConformance(subject: live, only: "restart.twice")
    #expect(report.lines.count == 1)
    guard case .skipped(let reason) = report.lines[0].outcome else {
      Issue.record("\(report.lines[0].outcome)")
      return
    }
    #expect(!reason.isEmpty)
    #expect(report.code == .inconclusive && !report.conforms)
  }
}
