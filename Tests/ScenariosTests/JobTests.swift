import Model
import Scenarios
import Testing

/// What a scenario says of a job of the user, and what is refused of it before anything runs.
@Suite struct JobTests {
  static let whole = file(
    "backbone: {kind: kafka}", "streams: {requests: {encoding: json}, copies: {encoding: json,",
    "  locator: 'field:value.id', isolation: read-uncommitted}}", "engine:", "  kind: external",
    "  external: {start: [a, 'b c'], ready: [r], stop: [s], kill: [k], restart: [t],",
    "    directory: jobs, environment: {A: 'x y'}, within: 5s, reads: [requests],",
    "    writes: [copies], flush: 2min, group: g, quiet: 3s}",
    "expect: {exactly_once: true, output: [{check: unique, stream: copies, by: [key],",
    "  where: {value.kind: ok}}, {check: count, stream: copies, per: [value.card],",
    "  by: [value.card, value.minute], window: 1min, equals: value.n, combine: sum},",
    "  {check: sum, stream: copies, of: value.amount, per: [key], by: [value.k],",
    "  equals: value.total}, {check: equal, stream: copies, by: [value.id], to: command,",
    "  run: [python3, map.py], ignore: [value.at]},",
    "  {check: equal, stream: copies, by: [key], to: twin}]}")

  private func job(_ external: String, _ rest: String...) -> String {
    file(
      "backbone: {kind: kafka}",
      "engine: {kind: external, external: {start: [a], reads: [requests], writes: [copies]"
        + "\(external)}}",
      rest.isEmpty
        ? "expect: {output: [{check: each-once, stream: copies}]}"
        : rest.joined(separator: "\n"))
  }

  private func refused(_ text: String, _ message: String, at: SourceLocation = #_sourceLocation) {
    let shown = complaints(text)
    #expect(shown.contains(message), "\(shown)", sourceLocation: at)
    let count = shown.split(separator: "\n").filter { $0.contains("error:") }.count
    #expect(count == 1, "\(shown)", sourceLocation: at)
  }

  @Test func `everything is read, and a printed scenario loads as the same`() throws {
    let scenario = try scenario(Self.whole)
    let job = try #require(scenario.engine.job)
    #expect(job.start == ["a", "b c"] && job.restart == ["t"] && job.group == .named("g"))
    #expect(job.writes.locator == .field(.value(["id"])) && !job.writes.isCommittedOnly)
    #expect(job.flush == 2 * .minute && job.within == 5 * .second)
    #expect(job.commands.map(\.name) == ["start", "ready", "stop", "kill", "restart"])
    #expect(scenario.clock == .wall)
    let checks = scenario.expect.output
    #expect(checks.map(\.name) == ["unique", "count", "sum", "equal", "equal"])
    #expect(checks[0].conditions == [.init(field: .value(["kind"]), value: "ok")])
    #expect(checks[3].command == ["python3", "map.py"])
    let again = try load(printScenario(scenario)).get().scenario
    #expect(again == scenario)
  }

  @Test func `the least that a job needs`() throws {
    let job = try #require(try scenario(self.job("")).engine.job)
    #expect(job.ready.isEmpty && job.group == .given && job.flush == nil)
    #expect(job.reads == StreamChoice(name: "requests"))
  }

  @Test func `what is missing is said`() {
    refused(
      file(
        "backbone: {kind: kafka}", "engine: {kind: external}",
        "expect: {output: [{check: each-once, stream: b}]}"),
      "engine.external is missing")
    refused(
      file(
        "backbone: {kind: kafka}",
        "engine: {kind: external, external: {reads: [a], writes: [b]}}",
        "expect: {output: [{check: each-once, stream: b}]}"), "engine.external.start is missing")
    refused(job("", "expect: {exactly_once: true}"), "nothing would be judged of the job")
    refused(job(", stop: []"), "a command needs a program")
  }

  @Test func `a job has its own system, sink, checkpoints and tasks`() {
    let embedded = job("").replacing("backbone: {kind: kafka}", with: "seed: 3")
    refused(embedded, "engine 'external' reads a real system, not backbone 'embedded'")
    let check = "expect: {output: [{check: each-once, stream: copies}]}"
    refused(job("", check, "sink: {kind: append}"), "sink does not belong to engine 'external'")
    refused(job("", check, "resources: {slots: 3}"), "resources.slots does not belong")
    refused(
      job("", check).replacing("kind: external,", with: "kind: external, restart_delay: 1s,"),
      "engine.restart_delay does not belong")
  }

  @Test func `streams must be those of the job, and tell what is compared`() {
    let check = "expect: {output: [{check: each-once, stream: copies}]}"
    refused(
      job("", check, "streams: {copied: {encoding: json}}"), "did you mean 'copies'?")
    refused(
      job("", "expect: {output: [{check: each-once, stream: copied}]}"),
      "the job has no such stream: 'copied'")
    refused(
      job("", check, "streams: {copies: {encoding: json, locator: digest}}"),
      "tell different things")
    refused(
      job("", check, "streams: {copies: {locator: header}}"), "have no headers in this version")
    refused(
      job("", check, "streams: {requests: {topic: mine}}"),
      "streams.requests.topic is not in this version")
    refused(
      job("", "expect: {output: [{check: unique, stream: copies, by: [value.id]}]}"),
      "fields of an output are read from json only")
    refused(job(", environment: {WEIR_RUN: x}"), "'WEIR_RUN' cannot be set")
    refused(
      job("").replacing("writes: [copies]", with: "writes: [copies, more]"), "2 streams")
  }

  @Test func `checks must say enough, and nothing that no one reads`() {
    let json = "streams: {copies: {encoding: json}}"
    func check(_ text: String) -> String { job("", "expect: {output: [\(text)]}", json) }
    refused(check("{check: unique, stream: copies}"), "expect.output.0.by is missing")
    refused(
      check("{check: unique, stream: copies, by: [id]}"), "'id' is no field")
    refused(
      check("{check: unique, stream: copies, by: [key], per: [key]}"),
      "expect.output.0.per belongs to check count, sum")
    refused(
      check(
        "{check: count, stream: copies, per: [key], by: [value.k], equals: value.n, window: 1s}"),
      "1 fields where 2 are wanted")
    refused(
      check("{check: equal, stream: copies, by: [key], to: oracle}"), "not in this version")
    refused(
      check("{check: equal, stream: copies, by: [key], to: command}"), "go together")
    refused(
      check("{check: equal, stream: copies, by: [key], to: elsewhere}"), "gives no rows")
    refused(
      check("{check: equal, stream: copies, by: [key], to: 'file:a.jsonl'}"),
      "rows of file:a.jsonl have no key")
    #expect(
      complaints(job(", flush: 1s"), [.trace("x.trace")])
        .contains("a trace has no events behind its last one"))
  }

  @Test func `faults of a job are those of its process`() {
    let faults = "faults: {plan: [{kind: crash, target: engine, at: 1s, for: 1s}]}"
    let check = "expect: {output: [{check: each-once, stream: copies}]}"
    #expect(complaints(job("", check, faults)) == "")
    refused(
      job("", check, faults.replacing("target: engine", with: "target: task-1")),
      "cannot be carried out on task-1")
  }
}
