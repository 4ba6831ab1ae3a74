import Model
import Scenarios
import Testing
import Verification

/// Every check of a job's output has a history that must fail it, and the nearest that must pass.
@Suite struct OutputCheckTests {
  private let source = FieldPath.value(["source"])
  private let sequence = FieldPath.value(["sequence"])

  // each-once

  @Test func `each-once: an output of every event passes, and the ledger adds up`() throws {
    let outcome = try JobRun(.eachOnce(.exactly)).judged()
    #expect(outcome.found == [])
    #expect(outcome.verdict == .valid, "\(outcome.assessment.reason)")
    #expect(outcome.judgement.results.due == 12)
    #expect(outcome.judgement.ledger.addsUp)
    #expect(outcome.judgement.ledger.rows.first?.name == "in the input")
  }

  @Test func `each-once: an event without output is lost, and named`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.outputs.remove(at: 8)
    let outcome = try run.judged()
    #expect(outcome.found == ["E2 1"])
    #expect(outcome.verdict == .invalid)
    let witness = outcome.anomaly("E2")?.witnesses.first
    #expect(witness?.events == [EventID(source: 1, sequence: 2)])
    #expect(
      witness?.conclusion
        == "So event 1:2 is in requests at offset 2 of partition 1, the job committed past it, "
        + "and no record of copies names it: it is lost.")
    #expect(
      witness?.story.map(\.sentence).suffix(2) == [
        "Weir read event 1:2 back from the input, at offset 2 of partition 1.",
        "Position 6 of partition 1 was committed.",
      ])
    #expect(outcome.attributed(.job) == 1)
    run.checks = [OutputCheck(kind: .eachOnce(.atMost), stream: "copies")]
    #expect(try run.judged().verdict == .valid)
    #expect(
      try JobRun(.eachOnce(.exactly)).judged(.init(expected: .atMostOnce, isJob: true)).verdict
        == .valid)
  }

  @Test func `each-once: two outputs of one event are doubled, and permitted at least once`()
    throws
  {
    var run = JobRun(.eachOnce(.exactly))
    run.outputs.append(run.outputs[3])
    let outcome = try run.judged()
    #expect(outcome.found == ["S2 1"])
    #expect(outcome.verdict == .invalid)
    let witness = outcome.anomaly("S2")?.witnesses.first
    #expect(witness?.events == [EventID(source: 0, sequence: 3)])
    #expect(
      witness?.conclusion
        == "So 2 records of copies name event 0:3: at offset 3 of partition 0, at offset 12 of "
        + "partition 0.")
    #expect(witness?.story.count == 5)
    #expect(try run.judged(.init(expected: .atLeastOnce, isJob: true)).verdict == .valid)
    run.checks = [OutputCheck(kind: .eachOnce(.atLeast), stream: "copies")]
    #expect(try run.judged().found == [])
    run.outputs.removeFirst()
    #expect(try run.judged(.init(expected: .atLeastOnce, isJob: true)).verdict == .invalid)
  }

  @Test func `each-once: an output without input is a phantom, unless it closes a window`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.outputs.append((nil, JobSource.value(0, 9)))
    #expect(try run.judged().found == ["E3 1"])
    run.flushed = [(0, 9)]
    #expect(try run.judged().verdict == .valid)
  }

  @Test func `each-once: an event that the log did not take is due to nobody`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.failed = [5]
    #expect(try run.judged().found == ["E3 1"], "its output has no input")
    run.outputs.remove(at: 5)
    #expect(try run.judged().verdict == .valid)
  }

  @Test func `each-once: by the same field of both streams, and by the bytes`() throws {
    for locator in [Locator.field(.value(["id"])), .digest] {
      var run = JobRun(.eachOnce(.exactly))
      run.reads.locator = locator
      run.writes.locator = locator
      #expect(try run.judged().verdict == .valid, "\(locator.text)")
      run.outputs[4].value = run.outputs[3].value
      let outcome = try run.judged()
      #expect(outcome.found == ["E2 1", "S2 1"], "\(locator.text)")
      #expect(
        outcome.anomaly("E2")?.witnesses.first?.events == [EventID(source: 0, sequence: 4)])
      #expect(
        outcome.anomaly("S2")?.witnesses.first?.events == [EventID(source: 0, sequence: 3)])
    }
  }

  @Test func `records that are no JSON, or name nothing, are damaged data`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.outputs.append((nil, "{\"source\": 1"))
    #expect(try run.judged().found == ["D2 1"])
    run.outputs[12].value = "{\"source\": 1}"
    let outcome = try run.judged()
    #expect(outcome.found == ["D2 1"])
    #expect(outcome.verdict == .invalid)
  }

  // unique

  @Test func `unique: two records that agree in all fields, and two that differ in one`() throws {
    var run = JobRun(.unique(by: [source, sequence]))
    #expect(try run.judged().verdict == .valid)
    run.outputs.append((nil, #"{"sequence": 2.0, "source": 1, "shop": "elsewhere"}"#))
    let outcome = try run.judged()
    #expect(outcome.found == ["S2 1"])
    #expect(
      outcome.anomaly("S2")?.witnesses.first?.conclusion
        == "So 2 records of copies have value.source, value.sequence = [1, 2]: at offset 8 of "
        + "partition 0, at offset 12 of partition 0.")
    run.checks[0].conditions = [.init(field: .value(["shop"]), value: "s0")]
    #expect(try run.judged().verdict == .valid, "the other record is not looked at")
  }

  // count and sum

  /// Totals by shop and minute as a job would write them.
  private func totals(_ kind: OutputCheck.Kind, _ change: (String) -> [String]) -> JobRun {
    var run = JobRun(kind)
    run.outputs = [("s0", 0, 4, 204), ("s1", 0, 2, 102), ("s0", 1, 2, 108), ("s1", 1, 4, 216)]
      .flatMap { shop, minute, count, cents -> [(String?, String)] in
        let at = (JobSource.start + Int64(minute) * 60_000_000_000) / 1_000_000
        let row =
          "{\"shop\":\"\(shop)\",\"minute\":\(at),\"count\":\(count),\"cents\":\(cents)}"
        return change(row).map { (nil, $0) }
      }
    return run
  }

  private func tally(
    _ equals: String, window: Nanoseconds? = .minute,
    _ combine: OutputCheck.Tally.Combine = .last
  ) -> OutputCheck.Tally {
    OutputCheck.Tally(
      per: [.value(["shop"])], window: window, by: [.value(["shop"]), .value(["minute"])],
      equals: .value([equals]), combine: combine)
  }

  @Test func `count: right, too few, too many, missing, and a row of nothing`() throws {
    let count = OutputCheck.Kind.count(tally("count"))
    #expect(try totals(count) { [$0] }.judged().verdict == .valid)
    let few = try totals(count) { [$0.replacing("\"count\":4", with: "\"count\":3")] }.judged()
    #expect(few.found == ["E4 2"])
    #expect(
      few.anomaly("E4")?.witnesses.first?.conclusion.hasPrefix(
        "So row [s0, 1767225600000000000] of copies says 3 where its inputs make 4, 1 too few: "
          + "inputs are lost. Its inputs: 0:0, 0:2, 1:0, 1:2.") == true)
    #expect(few.verdict == .invalid)
    let many = totals(count) { [$0.replacing("\"count\":2", with: "\"count\":5")] }
    #expect(try many.judged().found == ["E4 2"])
    #expect(try many.judged(.init(expected: .atLeastOnce, isJob: true)).verdict == .valid)
    #expect(
      try totals(count) { [$0.replacing("\"count\":4", with: "\"count\":3")] }
        .judged(.init(expected: .atLeastOnce, isJob: true)).verdict == .invalid)
    let missing = try totals(count) { $0.contains("\"count\":2") ? [] : [$0] }.judged()
    #expect(missing.found == ["E2 2"])
    let phantom = try totals(count) { [$0, $0.replacing("s0", with: "s7")] }.judged()
    #expect(phantom.found == ["E3 2"])
    let text = totals(count) { [$0.replacing("\"count\":2", with: "\"count\":\"two\"")] }
    #expect(try text.judged().found == ["E2 2", "D2 2"])
  }

  @Test func `count: corrections replace, parts are added`() throws {
    let twice = { (row: String) in
      [row.replacing("\"count\":4", with: "\"count\":1"), row]
    }
    #expect(try totals(.count(tally("count")), twice).judged().verdict == .valid)
    #expect(try totals(.count(tally("count", .sum)), twice).judged().found == ["E4 4"])
    let parts = { (row: String) in
      row.contains("\"count\":4")
        ? [
          row.replacing("\"count\":4", with: "\"count\":1"),
          row.replacing("\"count\":4", with: "\"count\":3"),
        ] : [row]
    }
    #expect(try totals(.count(tally("count", .sum)), parts).judged().verdict == .valid)
  }

  @Test func `sum: one lost and one doubled event cancel in the count alone`() throws {
    let sum = OutputCheck.Kind.sum(of: .value(["cents"]), tally("cents"))
    #expect(try totals(sum) { [$0] }.judged().verdict == .valid)
    var run = totals(sum) { [$0.replacing("204", with: "203")] }
    run.checks.append(OutputCheck(kind: .count(tally("count")), stream: "copies"))
    let outcome = try run.judged()
    #expect(outcome.found == ["E4 1"])
    #expect(outcome.verdict == .invalid)
    let rows = try totals(.sum(of: .value(["shop"]), tally("cents"))) { [$0] }.judged()
    #expect(rows.verdict == .unknown, "a text cannot be summed: \(rows.assessment.reason)")
  }

  @Test func `windows are told in any unit of time, and closing events may be in them`() throws {
    let count = OutputCheck.Kind.count(tally("count"))
    for (unit, divisor) in [("s", 1_000), ("us", 0), ("text", -1)] {
      let run = totals(count) { row in
        let minute = row.contains("1767225660000") ? 1 : 0
        let millis = 1_767_225_600_000 + minute * 60_000
        let told =
          divisor > 0
          ? "\(millis / divisor)"
          : divisor == 0 ? "\(millis * 1_000)" : "\"2026-01-01T00:0\(minute):00Z\""
        return [row.replacing("\(millis)", with: told)]
      }
      #expect(try run.judged().verdict == .valid, "\(unit)")
    }
    var run = totals(count) { [$0] }
    run.outputs.append((nil, #"{"shop":"s0","minute":1767225720000,"count":1,"cents":6}"#))
    #expect(try run.judged().found == ["E3 1"])
    run.flushed = [(0, 6)]
    #expect(try run.judged().verdict == .valid)
  }

  // equal

  private func equal(ignore: [FieldPath] = []) -> JobRun {
    var run = JobRun(.equal(by: [source, sequence], to: .file("rows.jsonl"), ignore: ignore))
    run.expected = run.outputs.map(\.value)
    return run
  }

  @Test func `equal: the same rows in another order and another spelling`() throws {
    var run = equal()
    run.outputs.reverse()
    run.outputs[0].value = run.outputs[0].value.replacing("{", with: "{ ")
    let outcome = try run.judged()
    #expect(outcome.verdict == .valid, "\(outcome.assessment.reason)")
    #expect(outcome.judgement.results.due == 12)
  }

  @Test func `equal: missing, doubled, changed and unexpected rows are told apart`() throws {
    var run = equal()
    run.outputs.remove(at: 11)
    run.outputs.append(run.outputs[0])
    run.outputs[2].value = run.outputs[2].value.replacing("\"cents\":2", with: "\"cents\":20")
    run.outputs.append((nil, JobSource.value(1, 9)))
    let outcome = try run.judged()
    #expect(outcome.found == ["E1 1", "E2 1", "E3 1", "S2 1"])
    #expect(outcome.verdict == .invalid)
    let changed = outcome.anomaly("E1")?.witnesses.first
    #expect(changed?.events == [EventID(source: 0, sequence: 2)])
    #expect(changed?.conclusion.contains("\"cents\":20") == true)
    #expect(outcome.anomaly("E2")?.witnesses.first?.events == [EventID(source: 1, sequence: 5)])
    #expect(outcome.anomaly("S2")?.witnesses.first?.events == [EventID(source: 0, sequence: 0)])
  }

  @Test func `equal: the key of a record is compared where both sides have one`() throws {
    var run = equal()
    run.outputs[3].key = "k"
    #expect(try run.judged().verdict == .valid, "rows of a file have none")
    run.checks[0].kind = .equal(by: [source, sequence], to: .twin, ignore: [])
    #expect(try run.judged().found == ["E1 1"])
    run.checks[0].kind = .equal(by: [source, sequence], to: .twin, ignore: [.key])
    #expect(try run.judged().verdict == .valid)
  }

  @Test func `equal: what may differ is not looked at`() throws {
    var run = equal(ignore: [.value(["cents"])])
    run.outputs[2].value = run.outputs[2].value.replacing("\"cents\":2", with: "\"cents\":20")
    #expect(try run.judged().verdict == .valid)
    run.outputs[2].value = run.outputs[2].value.replacing("\"shop\":\"s0\"", with: "\"shop\":\"x\"")
    #expect(try run.judged().found == ["E1 1"])
  }

  @Test func `equal: without rows, or with damaged ones, nothing is decided`() throws {
    var run = equal()
    run.expected = nil
    #expect(try run.judged().verdict == .unknown)
    run.expected = []
    run.problem = "the twin run was cut"
    let cut = try run.judged()
    #expect(cut.verdict == .unknown)
    #expect(cut.assessment.reason.contains("the twin run was cut"))
    run.problem = ""
    run.expected = ["{broken"]
    #expect(try run.judged().verdict == .unknown)
  }

  @Test func `equal: a row of an event that the log did not take is not wanted`() throws {
    var run = equal()
    run.failed = [4]
    run.outputs.remove(at: 4)
    #expect(try run.judged().verdict == .valid)
    run.failed = []
    #expect(try run.judged().found == ["E2 1"])
  }

  // The job

  @Test func `a job that ends by itself is a finding of its own`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.ended = "with code 3; it said: out of luck"
    let outcome = try run.judged()
    #expect(outcome.found == ["V10 1"])
    #expect(outcome.verdict == .invalid)
    #expect(try run.judged(.init(permit: ["V10"], isJob: true)).verdict == .valid)
  }

  @Test func `a job may commit before Weir has read as far`() throws {
    var run = JobRun(.eachOnce(.exactly))
    run.isAhead = true
    #expect(try run.judged().found == [])
  }

  @Test func `a damaged history is never valid`() throws {
    let run = JobRun(.eachOnce(.exactly))
    for place in stride(from: 60, to: 900, by: 71) {
      let outcome = try run.judged(damage: { bytes in
        if place < bytes.count { bytes[place] ^= 0x40 }
      })
      #expect(outcome.verdict != .valid, "byte \(place)")
    }
    #expect(try run.judged(damage: { $0.removeLast($0.count / 2) }).verdict == .unknown)
  }

  @Test func `classes that only an engine of Weir's shows do not apply to a job`() throws {
    let outcome = try JobRun(.eachOnce(.exactly)).judged()
    let states = Dictionary(
      uniqueKeysWithValues: outcome.assessment.classes.map { ($0.id, $0.state) })
    #expect(states["E7"] == .notApplicable && states["T13"] == .notApplicable)
    #expect(states["E2"] == .clean && states["L3"] == .clean && states["V10"] == .clean)
    let own = try SmallRun().judged()
    #expect(own.assessment.classes.first { $0.id == "V10" }?.state == .notApplicable)
  }
}
