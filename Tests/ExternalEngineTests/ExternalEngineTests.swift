import Backbones
import CShim
import Engines
import ExternalEngine
import Foundation
import Model
import Processes
import Scenarios
import Testing

/// A job made of shell commands in a folder of its own, and the engine that looks after it.
private struct World {
  let folder: String
  let run: String
  var plan: JobPlan

  init(_ start: [String], change: (inout JobChoice) -> Void = { _ in }) throws {
    run = UUID().uuidString
    folder = NSTemporaryDirectory() + "weir-job-" + run
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    var job = JobChoice(
      start: start, reads: StreamChoice(name: "requests"),
      writes: StreamChoice(name: "copies", encoding: .json))
    job.within = 20 * .second
    job.quiet = 1
    change(&job)
    plan = JobPlan(
      job: job, directory: folder, told: [("WEIR_RUN", run), ("WEIR_GROUP", "group")],
      log: folder + "/job.log", stateFolder: folder + "/state", partitions: 2, isCrashed: false,
      isPaused: false)
  }

  func text(_ name: String) -> String {
    (FileManager.default.contents(atPath: "\(folder)/\(name)")).map {
      String(decoding: $0, as: UTF8.self)
    } ?? ""
  }

  func remove() { try? FileManager.default.removeItem(atPath: folder) }

  var alive: Int { processes(having: "WEIR_RUN=\(run)").count(where: \.isAlive) }
}

/// Turns the watch until something is told; the time of the run is counted in turns.
private final class Turner {
  let engine: ExternalEngine
  var now = Instant.zero
  var told: [EngineReport] = []
  var commands: [Command] = []

  init(_ engine: ExternalEngine) { self.engine = engine }

  func order(_ order: EngineOrder) -> NodeOutcome {
    var outbox = EngineOutbox()
    defer { told += outbox.reports }
    return engine.carryOut(order, at: now, &outbox)
  }

  func turn(until done: () -> Bool) {
    for _ in 0..<1_000 where !done() {
      var outbox = EngineOutbox()
      now = now + 20 * .millisecond
      engine.fire(.watch, at: now, &outbox)
      told += outbox.reports
      commands += outbox.commands
      usleep(10_000)
    }
  }
}

@Suite(.serialized) struct ExternalEngineTests {
  @Test func `a job in the foreground is killed with all it started, and comes back`() throws {
    let world = try World(["sh", "-c", "echo begun $WEIR_GROUP >> lives; sleep 900 & sleep 900"])
    defer { world.remove() }
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    #expect(turner.order(.start) == .done)
    #expect(turner.told == [.running(tasks: 1)])
    #expect(world.alive >= 2)
    #expect(turner.order(.control(.crash)) == .underWay)
    turner.turn { turner.told.contains(.carriedOut(.crash, true)) }
    #expect(turner.told.contains(.stopped))
    #expect(turner.told.contains(.carriedOut(.crash, true)))
    #expect(world.alive == 0)
    #expect(turner.order(.control(.crash)) == .refused, "there is nothing to kill")
    #expect(turner.order(.control(.restart)) == .underWay)
    turner.turn { turner.told.contains(.carriedOut(.restart, true)) }
    #expect(turner.told.last == .carriedOut(.restart, true))
    #expect(world.text("lives") == "begun group\nbegun group\n")
    #expect(turner.order(.stop) == .underWay)
    turner.turn { engine.status.isGone }
    #expect(engine.status.isGone && world.alive == 0)
    #expect(!turner.told.contains { if case .ended = $0 { true } else { false } })
  }

  @Test func `a pause is confirmed by the state of the process`() throws {
    let world = try World(["sleep", "900"])
    defer { world.remove() }
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    _ = turner.order(.start)
    for (action, report) in [(NodeAction.pause, true), (.resume, true)] {
      #expect(turner.order(.control(action)) == .underWay)
      turner.turn { turner.told.contains(.carriedOut(action, report)) }
      #expect(turner.told.last == .carriedOut(action, report))
    }
  }

  @Test func `a job that ends by itself is told with its last words`() throws {
    let world = try World(["sh", "-c", "sleep 1.2; echo out of luck; exit 3"])
    defer { world.remove() }
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    turner.turn { engine.status.isGone }
    #expect(turner.told == [.ended("with code 3; it said: out of luck")])
    #expect(turner.order(.stop) == .done)
  }

  @Test func `a job that does not become ready is refused, and nothing of it is left`() throws {
    let broken = try World(["sh", "-c", "sleep 900 & echo no such table; exit 2"])
    defer { broken.remove() }
    #expect {
      try ExternalEngine(broken.plan)
    } throws: {
      ($0 as? JobProblem)?.message.contains("code 2 before it was ready; it said: no such table")
        ?? false
    }
    #expect(broken.alive == 0)
    let slow = try World(["sleep", "900"]) {
      $0.ready = ["false"]
      $0.within = 300 * .millisecond
    }
    defer { slow.remove() }
    #expect(throws: JobProblem.self) { try ExternalEngine(slow.plan) }
    #expect(slow.alive == 0)
    let missing = try World(["no-such-program-anywhere"])
    defer { missing.remove() }
    #expect {
      try ExternalEngine(missing.plan)
    } throws: { ($0 as? JobProblem)?.message.contains("was not found") ?? false }
  }

  @Test func `a job without process of its own needs commands for what the faults ask`() throws {
    var world = try World(["sh", "-c", "touch up; exit 0"]) { $0.ready = ["test", "-e", "up"] }
    defer { world.remove() }
    #expect(throws: JobProblem.self, "it cannot be stopped") { try ExternalEngine(world.plan) }
    world.plan.job.stop = ["rm", "up"]
    world.plan.isCrashed = true
    #expect(throws: JobProblem.self, "it cannot be crashed") { try ExternalEngine(world.plan) }
    world.plan.job.kill = ["rm", "up"]
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    #expect(turner.order(.control(.pause)) == .refused)
    #expect(turner.order(.control(.crash)) == .underWay)
    turner.turn { turner.told.contains(.carriedOut(.crash, true)) }
    #expect(turner.told.last == .carriedOut(.crash, true))
    #expect(world.text("up").isEmpty)
    #expect(turner.order(.control(.restart)) == .underWay)
    turner.turn { turner.told.contains(.carriedOut(.restart, true)) }
    #expect(turner.told.last == .carriedOut(.restart, true))
  }

  @Test func `a kill command that fails confirms nothing`() throws {
    let world = try World(["sleep", "900"]) { $0.kill = ["false"] }
    defer { world.remove() }
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    #expect(turner.order(.control(.crash)) == .underWay)
    turner.turn { !turner.told.isEmpty }
    #expect(turner.told == [.carriedOut(.crash, false)])
    #expect(world.alive == 1)
  }

  @Test func `it is drained when its group has committed and its output is quiet`() throws {
    let world = try World(["sleep", "900"])
    defer { world.remove() }
    let engine = try ExternalEngine(world.plan)
    defer { engine.close() }
    let turner = Turner(engine)
    #expect(turner.order(.drain(to: [3, 2])) == .done)
    var turns = 0
    turner.turn {
      turns += 1
      return turns > 30
    }
    #expect(engine.status.waitsFor.contains("committed no position"))
    #expect(turner.commands.contains { if case .fetchPositions = $0 { true } else { false } })
    var outbox = EngineOutbox()
    let client = ClientID(.consumer, 0)
    engine.receive(.positions(client, [3, 1], snapshot: 0), at: turner.now, &outbox)
    #expect(
      outbox.reports == [
        .committed(partition: 0, offset: 3), .committed(partition: 1, offset: 1),
      ])
    engine.receive(.endOffsets(client, .results, [4, 0]), at: turner.now, &outbox)
    turner.turn { true }
    #expect(engine.status.waitsFor.contains("1 of 2 records of partition 1"))
    engine.receive(.positions(client, [3, 2], snapshot: 0), at: turner.now, &outbox)
    engine.receive(.endOffsets(client, .results, [5, 0]), at: turner.now, &outbox)
    turner.turn { engine.status.isDrained }
    #expect(engine.status.isDrained)
    #expect(engine.status.processed == 5)
  }

  @Test func `what a Weir that is gone has left is ended by the next`() throws {
    let world = try World(["sleep", "900"])
    defer { world.remove() }
    let records = ProcessRecords(stateFolder: world.folder + "/state")
    let left = try Program(
      ["sleep", "900"], directory: world.folder, variables: ["WEIR_RUN=\(world.run)"],
      log: world.folder + "/log"
    ).start()
    try records.add(job: left, variable: "WEIR_RUN=\(world.run)")
    #expect(records.endLeftovers().isEmpty, "its Weir is alive")
    #expect(left.isAlive)
    let note = "\(world.folder)/state/processes/\(left.number)-\(left.start)"
    let text = world.text("state/processes/\(left.number)-\(left.start)")
    try text.replacing(/owner .*/, with: "owner 999999 1").write(
      toFile: note, atomically: true, encoding: .utf8)
    #expect(records.endLeftovers() == [left.number])
    _ = shim_wait(left.number, 1)
    #expect(!left.isAlive && world.alive == 0)
  }
}
