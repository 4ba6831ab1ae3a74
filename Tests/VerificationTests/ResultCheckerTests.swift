import Bytes
import History
import Model
import Queries
import Scenarios
import Testing
import Verification

extension SmallRun {
  /// Each result observed, changed by `change`; nil leaves it out.
  mutating func observe(_ change: (Int, RowSummary) -> [RowSummary]) {
    for (place, row) in rows().enumerated() {
      replace("observed \(place)", with: observed(change(place, row), offset: place, at: 12))
    }
  }

  /// The engine computed without some events and with others twice: emits and shows what follows.
  mutating func compute(without missing: Set<EventID> = [], twice: Set<EventID> = []) {
    let wrong = rows(excluding: missing, repeating: twice)
    for place in rows().indices { remove("observed \(place)") }
    replace("emitted", with: emitted(wrong, in: 7, at: 9))
    for (place, row) in wrong.enumerated().reversed() {
      insert(after: "committed", observed([row], offset: place, at: 12))
    }
  }
}

@Suite struct ResultCheckerTests {
  @Test func `S2: a result seen twice, and its story`() throws {
    var run = SmallRun()
    let row = run.rows()[2]
    run.insert(
      after: "observed 3", run.number(.engineStopped, 0, at: 12).bare,
      run.number(.restored, 1, at: 12), run.emitted([row], in: 0, at: 12),
      run.observed([row], offset: 4, at: 12))
    let outcome = try run.judged(.init(sink: .append))
    #expect(outcome.found == ["S2 1"])
    #expect(outcome.verdict == .invalid)
    #expect(outcome.judgement.results.extra == 1)
    #expect(outcome.attributed(.sink) == 1)
    let story = outcome.anomaly("S2")?.witnesses.first
    let named =
      "\(hexadecimal(row.valueDigest).prefix(8)), last event \(row.lineage.text)"
    #expect(
      story?.story.map(\.sentence) == [
        "Task 0 handed [0, 10000000], value \(named), to the sink in transaction 7.",
        "Transaction 7 was committed.",
        "A reader of the results was given [0, 10000000], value \(named), at offset 2 of "
          + "partition 0.",
        "The engine stopped.", "The engine started from checkpoint 1.",
        "Task 0 handed [0, 10000000], value \(named), to the sink.",
        "A reader of the results was given [0, 10000000], value \(named), at offset 4 of "
          + "partition 0.",
      ])
    #expect(story?.conclusion == "So result [0, 10000000] was seen twice and is due once.")
    // At least once was promised and expected: the same fact, and no breach.
    let weaker = try run.judged(
      .init(guarantee: .atLeastOnce, sink: .append, expected: .atLeastOnce))
    #expect(weaker.found == ["S2 1"])
    #expect(weaker.verdict == .valid)
    // With an upsert sink an equal repeat is nothing.
    #expect(try run.judged(.init(sink: .upsert)).found == [])
  }

  @Test func `an upsert sink: the last value counts`() throws {
    var first = SmallRun()
    var wrong = first.rows()[1]
    wrong.valueDigest ^= 1
    let right = first.rows()[1]
    first.replace(
      "observed 1", with: first.observed([wrong], offset: 1, at: 12),
      first.observed([right], offset: 2, at: 12))
    #expect(try first.judged(.init(sink: .upsert)).verdict == .valid)
    var last = SmallRun()
    last.replace(
      "observed 1", with: last.observed([right], offset: 1, at: 12),
      last.observed([wrong], offset: 2, at: 12))
    let outcome = try last.judged(.init(sink: .upsert))
    #expect(outcome.found == ["E1 1"])
    #expect(outcome.verdict == .invalid)
  }

  @Test func `S1 and E2: handed over and not seen, and never made`() throws {
    var run = SmallRun()
    run.remove("observed 3")
    let lost = try run.judged()
    #expect(lost.found == ["S1 1"])
    #expect(lost.attributed(.sink) == 1)
    let kept = run.rows().dropLast()
    run.replace("emitted", with: run.emitted(Array(kept), in: 7, at: 9))
    let missing = try run.judged()
    #expect(missing.found == ["E2 1"])
    #expect(missing.attributed(.wrongLogic) == 1)
    #expect(missing.judgement.results.missing == 1)
    #expect(missing.judgement.results.found == 3)
    #expect(missing.verdict == .invalid)
  }

  @Test func `E1: right events, wrong value`() throws {
    var run = SmallRun()
    run.observe { place, row in
      var row = row
      if place == 0 { row.valueDigest ^= 1 }
      return [row]
    }
    let outcome = try run.judged()
    #expect(outcome.found == ["E1 1"])
    #expect(outcome.attributed(.wrongLogic) == 1)
    #expect(outcome.judgement.results.different == 1)
  }

  @Test func `E3: a result that is not due`() throws {
    var run = SmallRun()
    var writer = ByteWriter()
    writer.cell(9)
    writer.cell(0)
    var phantom = run.rows()[0]
    phantom.key = writer.array()
    run.insert(after: "observed 3", run.observed([phantom], offset: 4, at: 12))
    let outcome = try run.judged()
    #expect(outcome.found == ["E3 1"])
    #expect(outcome.attributed(.unexplained) == 1)
  }

  @Test func `E4: the engine left an event out, which is named`() throws {
    var run = SmallRun()
    run.compute(without: [EventID(source: 1, sequence: 4)])
    let outcome = try run.judged()
    #expect(outcome.found == ["E4 1"])
    #expect(outcome.attributed(.wrongLogic) == 1)
    #expect(
      outcome.anomaly("E4")?.witnesses.first?.conclusion
        == "So result [0, 0] was computed from 9 events, and 10 belong to it (event 1:4 was left "
        + "out).")
  }

  @Test func `E4 that follows from a loss is attributed to it`() throws {
    var run = SmallRun()
    run.compute(without: [EventID(source: 1, sequence: 19)])
    run.replace("polled 1@10", with: run.polled(1, 10, 1, Array(odds.dropLast()), at: 5))
    run.replace("end 1", with: end(1, 19))
    let outcome = try run.judged()
    #expect(outcome.found == ["L3 1", "E4 1"])
    #expect(outcome.attributed(.lostUpstream) == 1)
    #expect(outcome.verdict == .invalid)
    let most = Configuration(
      acknowledgement: .none, guarantee: .atMostOnce, expected: .atMostOnce)
    #expect(try run.judged(most).verdict == .valid)
  }

  @Test func `E4 that follows from a duplicate is attributed to it`() throws {
    var run = SmallRun()
    run.insert(after: "polled 1@10", run.polled(1, 20, 1, [19], at: 6))
    run.replace("end 1", with: end(1, 21))
    run.compute(twice: [EventID(source: 1, sequence: 19)])
    let outcome = try run.judged(.init(isIdempotent: false))
    #expect(outcome.found == ["L2 1", "E4 1"])
    #expect(outcome.attributed(.duplicateUpstream) == 1)
    #expect(outcome.verdict == .invalid)
    let least = Configuration(
      isIdempotent: false, guarantee: .atLeastOnce, expected: .atLeastOnce)
    #expect(try run.judged(least).verdict == .valid)
  }

  @Test func `a weak promise excuses over-counts after a restart, and nothing else`() throws {
    var run = SmallRun()
    run.compute(twice: [EventID(source: 1, sequence: 19)])
    let least = Configuration(
      guarantee: .atLeastOnce, sink: .append, expected: .atLeastOnce)
    #expect(try run.judged(least).verdict == .invalid)
    run.insert(
      after: "polled 1@10", run.number(.restored, 0, at: 6), run.polled(1, 19, 1, [19], at: 6))
    #expect(try run.judged(least).verdict == .valid)
    #expect(try run.judged().verdict == .invalid)
  }

  @Test func `T1: seen although its only transaction was aborted`() throws {
    var run = SmallRun()
    run.replace("committed", with: run.number(.aborted, 7, at: 11))
    #expect(try run.judged().found == ["T1 4"])
    // Emitted again in a transaction that was committed: as it should be.
    run.insert(
      after: "aborted 7", run.number(.transactionBegan, 8, at: 11),
      run.emitted(run.rows(), in: 8, at: 11), run.number(.committed, 8, at: 11))
    #expect(try run.judged().found == [])
  }

  @Test func `T13: decided both ways`() throws {
    var run = SmallRun()
    run.insert(after: "committed", run.number(.aborted, 7, at: 11))
    #expect(try run.judged().found.contains("T13 1"))
  }

  @Test func `S3: one result committed in two transactions`() throws {
    var run = SmallRun()
    let row = run.rows()[0]
    run.insert(
      after: "emitted", run.number(.transactionBegan, 8, at: 9), run.emitted([row], in: 8, at: 9))
    run.insert(after: "committed", run.number(.committed, 8, at: 11))
    run.insert(after: "observed 3", run.observed([row], offset: 4, at: 12))
    let outcome = try run.judged()
    #expect(outcome.found == ["S3 1"])
    #expect(outcome.verdict == .invalid)
    // The second transaction came after all was seen.
    var late = SmallRun()
    late.insert(
      after: "observed 3", late.number(.transactionBegan, 8, at: 12),
      late.emitted([row], in: 8, at: 12), late.number(.committed, 8, at: 12),
      late.observed([row], offset: 4, at: 12))
    #expect(try late.judged().found == ["S3 1"])
    // The second one aborted: as it should be.
    var aborted = SmallRun()
    aborted.insert(
      after: "emitted", aborted.number(.transactionBegan, 8, at: 9),
      aborted.emitted([row], in: 8, at: 9))
    aborted.insert(after: "committed", aborted.number(.aborted, 8, at: 11))
    #expect(try aborted.judged().found == [])
  }

  @Test func `S6: a commit before its checkpoint`() throws {
    var run = SmallRun()
    let checkpoint = run.steps.remove(at: run.index("checkpoint"))
    run.insert(after: "commit requested", checkpoint)
    #expect(try run.judged().found == ["S6 1"])
  }

  @Test func `E7: a watermark falls, but not over a restart`() throws {
    var run = SmallRun()
    run.insert(after: "watermark 18", run.watermark(17, at: 8))
    #expect(try run.judged().found == ["E7 1"])
    var restart = SmallRun()
    restart.insert(
      after: "watermark 18", restart.number(.engineStopped, 0, at: 8).bare,
      restart.number(.restored, 0, at: 8), restart.watermark(17, at: 8))
    #expect(try restart.judged().found == [])
  }

  /// Source 1 sends a last event of time 3; the engine has read 19 of its partition, so with the
  /// delay of 5 the watermark may be 14 at most.
  private func lateRun(watermark: Int64, operators: [PlanOperator]? = nil) -> SmallRun {
    var run = SmallRun(operators: operators)
    run.plan.watermarkDelay = ms(5)
    run.replace("watermark 18", with: run.watermark(14, at: 8))
    run.events.append(Small(3, 1, 20, [1, 1]))
    run.insert(
      after: "polled 1@10", run.sent(1, [20], at: 6), run.acknowledged(1, 20, 1, [20], at: 7),
      run.polled(1, 20, 1, [20], at: 7),
      Step(kind: .lateDropped, at: 7, name: "dropped") {
        $0.number(0)
        $0.number(1)
        $0.number(1)
        $0.number(20)
        $0.signed(watermark * .millisecond)
      })
    run.replace("end 1", with: end(1, 21))
    return run
  }

  @Test func `E5: a drop is legal exactly where the watermark proves it`() throws {
    let legal = try lateRun(watermark: 14).judged()
    #expect(legal.found == [])
    #expect(legal.verdict == .valid)
    #expect(legal.judgement.lateDropped == 1)
    #expect(legal.judgement.ledger.droppedLate == 1)
    #expect(legal.judgement.regimeIsComplete == false)
    #expect(legal.judgement.greatestDisorder == 16 * .millisecond)
    // The window [0, 10) was still open at 9, and 15 was less than the delay behind 19.
    for watermark: Int64 in [9, 15] {
      let illegal = try lateRun(watermark: watermark).judged()
      #expect(illegal.found == ["E4 1", "E5 1"])
      #expect(illegal.attributed(.droppedLate) == 1)
      #expect(illegal.verdict == .invalid)
    }
  }

  @Test func `E5: sliding windows, sessions and matches have bounds of their own`() throws {
    let gap = PlanOperator.session(0, key: [0], gap: 5 * .millisecond, [.count])
    let windows = PlanOperator.sliding(
      0, key: [0], size: 20 * .millisecond, slide: 10 * .millisecond, offset: 0, [.count])
    let match = PlanOperator.match(
      0, key: [0],
      Match(
        steps: [.and([])], within: 5 * .millisecond, contiguity: .strict,
        measures: [Measure(step: 0, column: 0), Measure(step: 0, column: 1)]))
    // The event has time 3: its first window is [-10, 10), and 3 + 5 would still join.
    for (step, last) in [(windows, 9), (gap, 8), (match, 3)] as [(PlanOperator, Int64)] {
      let illegal = try lateRun(watermark: last, operators: [step]).judged().found
      #expect(illegal.contains("E5 1"), "\(step)")
      let legal = try lateRun(watermark: last + 1, operators: [step]).judged().found
      #expect(!legal.contains { $0.hasPrefix("E5") }, "\(step)")
    }
  }

  @Test func `a late event that was not dropped counts`() throws {
    var run = lateRun(watermark: 14)
    run.remove("dropped")
    #expect(try run.judged().found == ["E4 1"])
  }
}
