import Bytes
import History
import Model
import Queries
import Scenarios
import Testing
import Verification

/// Results that are corrected: the last row of a key counts, a tombstone withdraws it.
@Suite struct CorrectionTests {
  private func run(_ change: (inout SmallRun, [RowSummary]) -> Void) -> SmallRun {
    var run = SmallRun()
    run.plan.emission = .corrections
    change(&run, run.rows())
    return run
  }

  /// What an early version of a row looks like: fewer events, another value.
  private func early(_ row: RowSummary) -> RowSummary {
    let half = SmallRun().rows(
      excluding: Set(
        (0..<2).flatMap { lane in
          (0..<20).filter { $0 % 10 > 4 }.map {
            EventID(source: UInt32(lane), sequence: UInt64($0))
          }
        }))
    return half.first { $0.key == row.key } ?? row
  }

  private func tombstone(_ row: RowSummary) -> RowSummary {
    let row = ResultRow.tombstone(key: row.key, time: 5, lineage: row.lineage)
    return RowSummary(
      key: row.key, valueDigest: row.valueDigest, evidenceCount: 0, evidenceSum: 0, evidenceXor: 0,
      lineage: row.lineage)
  }

  @Test(arguments: [SinkKind.transactional, .upsert, .append])
  func `Q-31: earlier versions of a key are no difference, whichever comes last is`(
    sink: SinkKind
  ) throws {
    let right = run { run, rows in
      run.replace("emitted", with: run.emitted([early(rows[1])] + rows, in: 7, at: 9))
      run.replace(
        "observed 1", with: run.observed([early(rows[1])], offset: 1, at: 12),
        run.observed([rows[1]], offset: 2, at: 12))
    }
    let valid = try right.judged(.init(sink: sink))
    #expect(valid.found == [])
    #expect(valid.verdict == .valid)
    #expect(valid.judgement.results.due == 4)
    #expect(valid.judgement.results.found == 4)
    let wrong = run { run, rows in
      run.replace("emitted", with: run.emitted([early(rows[1])] + rows, in: 7, at: 9))
      run.replace(
        "observed 1", with: run.observed([rows[1]], offset: 1, at: 12),
        run.observed([early(rows[1])], offset: 2, at: 12))
    }
    let invalid = try wrong.judged(.init(sink: sink))
    #expect(invalid.found == (sink == .transactional ? ["E4 1", "S7 1"] : ["E4 1"]))
    #expect(invalid.verdict == .invalid)
    #expect(invalid.judgement.results.different == 1)
  }

  @Test func `a row that was replaced and handed over again is not out of order`() throws {
    let there = run { run, rows in
      run.replace(
        "emitted", with: run.emitted([rows[1], early(rows[1])] + rows, in: 7, at: 9))
      run.replace(
        "observed 1", with: run.observed([rows[1]], offset: 1, at: 12),
        run.observed([early(rows[1])], offset: 2, at: 12),
        run.observed([rows[1]], offset: 3, at: 12))
    }
    let found = try there.judged(.init(sink: .transactional)).found
    #expect(!found.contains { $0.hasPrefix("S7") }, "\(found)")
  }

  @Test func `a row that was withdrawn is missing, one that came again is not`() throws {
    let withdrawn = run { run, rows in
      run.insert(after: "observed 3", run.observed([tombstone(rows[2])], offset: 4, at: 12))
    }
    let outcome = try withdrawn.judged(.init(sink: .upsert))
    #expect(outcome.found == ["E2 1"])
    #expect(outcome.judgement.results.missing == 1)
    let back = run { run, rows in
      run.insert(
        after: "observed 3", run.observed([tombstone(rows[2])], offset: 4, at: 12),
        run.observed([rows[2]], offset: 5, at: 12))
    }
    #expect(try back.judged(.init(sink: .upsert)).found == [])
  }

  @Test func `Q-40, Q-41: a row that is not due must be withdrawn`() throws {
    func other(_ row: RowSummary) -> RowSummary {
      var row = row
      row.key = [1, 18, 1, 0]
      return row
    }
    let left = run { run, rows in
      run.insert(after: "observed 3", run.observed([other(rows[0])], offset: 4, at: 12))
    }
    let outcome = try left.judged(.init(sink: .upsert))
    #expect(outcome.found == ["E3 1"])
    #expect(outcome.attributed(.unexplained) == 1)
    let taken = run { run, rows in
      run.insert(
        after: "observed 3", run.observed([other(rows[0])], offset: 4, at: 12),
        run.observed([tombstone(other(rows[0]))], offset: 5, at: 12))
    }
    #expect(try taken.judged(.init(sink: .upsert)).found == [])
  }

  @Test func `a version that was never followed by the last one`() throws {
    let stale = run { run, rows in
      run.replace(
        "emitted", with: run.emitted([early(rows[3]), rows[0], rows[1], rows[2]], in: 7, at: 9))
      run.replace("observed 3", with: run.observed([early(rows[3])], offset: 3, at: 12))
    }
    let outcome = try stale.judged()
    #expect(outcome.found == ["E4 1"])
    #expect(outcome.verdict == .invalid)
    let none = run { run, rows in
      run.replace("emitted", with: run.emitted(Array(rows.dropLast()), in: 7, at: 9))
      run.remove("observed 3")
    }
    #expect(try none.judged().found == ["E2 1"])
  }

  @Test func `a wrong value and a lost event are told apart`() throws {
    let wrong = run { run, rows in
      var row = rows[1]
      row.valueDigest ^= 1
      run.replace("observed 1", with: run.observed([row], offset: 1, at: 12))
    }
    #expect(try wrong.judged(.init(sink: .upsert)).found == ["E1 1"])
    var lost = run { _, _ in }
    lost.compute(without: [EventID(source: 1, sequence: 4)])
    let outcome = try lost.judged()
    #expect(outcome.found == ["E4 1"])
    #expect(
      outcome.anomaly("E4")?.witnesses.first?.conclusion.contains("event 1:4 was left out") == true)
  }

  @Test func `T1: a version of an aborted transaction was shown`() throws {
    let shown = run { run, rows in
      run.insert(
        after: "transaction began", run.number(.transactionBegan, 8, at: 8),
        run.emitted([early(rows[0])], in: 8, at: 8), run.number(.aborted, 8, at: 9))
      run.replace(
        "observed 0", with: run.observed([early(rows[0])], offset: 0, at: 12),
        run.observed([rows[0]], offset: 1, at: 12))
    }
    #expect(try shown.judged().found == ["T1 1"])
    let hidden = run { run, rows in
      run.insert(
        after: "transaction began", run.number(.transactionBegan, 8, at: 8),
        run.emitted([early(rows[0])], in: 8, at: 8), run.number(.aborted, 8, at: 9))
    }
    #expect(try hidden.judged().found == [])
  }
}

/// Classes that the plans of several operators make possible: what must be found, and the nearest
/// that must not be.
@Suite struct WiderClassTests {
  @Test func `E6: a second result of a key, and the same one again`() throws {
    var run = SmallRun()
    var other = run.rows()[0]
    other.valueDigest ^= 1
    run.insert(after: "observed 3", run.observed([other], offset: 4, at: 12))
    let outcome = try run.judged(.init(sink: .append))
    #expect(outcome.found == ["E6 1"])
    #expect(outcome.verdict == .invalid)
    #expect(try SmallRun().judged(.init(sink: .append)).found == [])
  }

  @Test func `Q-122: a declared key that comes twice is a finding`() throws {
    var run = SmallRun()
    // The key alone, without the start of the window: two windows of each.
    run.plan.keyColumns = [0]
    run.plan.valueColumns = [1, 2]
    run.steps = run.steps.filter { $0.kind != .emitted && $0.kind != .observed }
    run.insert(after: "transaction began", run.emitted(run.rows(), in: 7, at: 9))
    run.insert(after: "committed", run.observed(run.rows(), offset: 0, at: 12))
    #expect(try run.judged().found == ["E6 2"])
    var natural = SmallRun()
    natural.plan.valueColumns = [0, 2]
    natural.steps = natural.steps.filter { $0.kind != .emitted && $0.kind != .observed }
    natural.insert(after: "transaction began", natural.emitted(natural.rows(), in: 7, at: 9))
    natural.insert(after: "committed", natural.observed(natural.rows(), offset: 0, at: 12))
    #expect(try natural.judged().found == [])
  }

  @Test func `E8: a watermark beyond everything read`() throws {
    var run = SmallRun()
    run.replace("watermark 18", with: run.watermark(19, at: 8))
    #expect(try run.judged().found == ["E8 1"])
    run.replace("watermark 19", with: run.watermark(18, at: 8))
    #expect(try run.judged().found == [])
  }

  @Test func `E9: an event in another window than its own`() throws {
    var run = SmallRun()
    let moved = EventID(source: 1, sequence: 4)
    let without = run.rows(excluding: [moved])
    let right = run.rows()
    let other = Evidence(source: moved.source, sequence: moved.sequence)
    let wrong = right.enumerated().map { place, row in
      var row = row
      if place == 0 { return without[0] }
      if place == 2 {
        row.evidenceCount += 1
        row.evidenceSum &+= other.sum
        row.evidenceXor ^= other.xor
        row.valueDigest ^= 1
      }
      return row
    }
    for place in right.indices { run.remove("observed \(place)") }
    run.replace("emitted", with: run.emitted(wrong, in: 7, at: 9))
    run.insert(after: "committed", run.observed(wrong, offset: 0, at: 12))
    let outcome = try run.judged()
    #expect(outcome.found == ["E4 2", "E9 1"])
    #expect(outcome.judgement.fact("E9")?.cases.first?.event == moved)
    var lost = SmallRun()
    lost.compute(without: [moved])
    #expect(try lost.judged().found == ["E4 1"])
  }

  @Test func `C1: a position that was not read to`() throws {
    var run = SmallRun()
    run.insert(
      after: "position",
      Step(kind: .positionCommitted, at: 12, name: "far") {
        $0.number(0)
        $0.number(21)
      })
    #expect(try run.judged().found == ["C1 1"])
    #expect(try SmallRun().judged().found == [])
  }

  @Test func `S4: a transaction whose checkpoint is complete is never committed`() throws {
    var run = SmallRun()
    let row = run.rows()
    run.remove("committed")
    let outcome = try run.judged()
    #expect(outcome.found == ["S4 1"])
    _ = row
    // Its checkpoint is not complete: then it may be given up.
    var early = SmallRun()
    early.insert(
      after: "committed", early.number(.transactionBegan, 9, at: 11),
      Step(kind: .commitRequested, at: 11, name: "requested 9") {
        $0.number(9)
        $0.number(2)
      }, early.number(.aborted, 9, at: 11))
    #expect(try early.judged().found == ["S6 1"])
  }

  @Test func `E17: a pair of a join is missing, and none is`() throws {
    let join = PlanOperator.intervalJoin(
      IntervalJoin(
        left: 0, right: 0, leftKey: [0], rightKey: [0], lower: 3 * .millisecond,
        upper: 3 * .millisecond))
    let all = PlanOperator.filter(1, .equal(.column(0), 0))
    var run = SmallRun(operators: [join, all])
    run.plan.keyColumns = [0, 1]
    #expect(run.rows().isEmpty)
    let even = PlanOperator.intervalJoin(
      IntervalJoin(
        left: 0, right: 0, leftKey: [0], rightKey: [0], lower: 18 * .millisecond,
        upper: 18 * .millisecond))
    run = SmallRun(operators: [even])
    // Per key: both lanes at 0 or 1 with both at 18 or 19.
    #expect(run.rows().count == 8)
    let whole = try run.judged()
    #expect(whole.found.filter { !$0.hasPrefix("E6") } == [])
    let kept = run.rows().dropLast()
    run.remove("observed 7")
    run.replace("emitted", with: run.emitted(Array(kept), in: 7, at: 9))
    #expect(try run.judged().found.filter { !$0.hasPrefix("E6") } == ["E17 1"])
  }

  @Test func `E15: a silence that was not told`() throws {
    let silence = PlanOperator.match(
      0, key: [0],
      Match(
        steps: [.equal(.column(1), 1)], within: 5 * .millisecond, contiguity: .relaxed,
        absence: MissingRow(.equal(.column(1), 1), within: 3 * .millisecond),
        measures: [Measure(step: 0, column: 0), Measure(step: 0, column: 1)]))
    var run = SmallRun(operators: [silence])
    #expect(run.rows().count == 2)
    #expect(try run.judged().found == [])
    run.remove("observed 1")
    run.replace("emitted", with: run.emitted([run.rows()[0]], in: 7, at: 9))
    #expect(try run.judged().found == ["E15 1"])
  }
}
