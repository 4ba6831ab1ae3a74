import History
import Model
import Queries
import Scenarios
import Testing
import Verification

/// Each test plants one anomaly in a small run; its twin beside it is the nearest clean run.
@Suite struct LogCheckerTests {
  @Test func `a run as it should be is valid, and its ledger adds up`() throws {
    let outcome = try SmallRun().judged()
    #expect(outcome.found == [])
    #expect(outcome.verdict == .valid)
    #expect(outcome.assessment.reason == "")
    #expect(outcome.judgement.ledger.sent == 40)
    #expect(outcome.judgement.ledger.read == 40)
    #expect(outcome.judgement.ledger.addsUp)
    #expect(outcome.judgement.results.due == 4)
    #expect(outcome.judgement.results.found == 4)
  }

  @Test func `the same in many blocks of the history`() throws {
    let outcome = try SmallRun().judged(flushEach: true)
    #expect(outcome.verdict == .valid)
  }

  @Test func `L1: acknowledged at one offset and read at another`() throws {
    var run = SmallRun()
    run.replace("acknowledged 0@10", with: run.acknowledged(0, 11, 1, evens, at: 4))
    let outcome = try run.judged()
    #expect(outcome.found == ["L1 10"])
    #expect(outcome.verdict == .invalid)
    let witness = outcome.anomaly("L1")?.witnesses.first
    #expect(witness?.story.count == 3)
    #expect(
      witness?.conclusion
        == "So event 1:0 was acknowledged at offset 11 of partition 0 and read at offset 10 of "
        + "partition 0.")
  }

  @Test func `L2: one event at two offsets, unless the offset is the same after a restart`() throws
  {
    var run = SmallRun()
    run.insert(after: "polled 1@10", run.polled(1, 20, 1, [19], at: 6))
    run.replace("end 1", with: end(1, 21))
    let outcome = try run.judged()
    #expect(outcome.found == ["L2 1"])
    #expect(outcome.anomaly("L2")?.witnesses.first?.events == [EventID(source: 1, sequence: 19)])
    #expect(outcome.verdict == .invalid)
    #expect(try run.judged(.init(isIdempotent: false)).verdict == .valid)

    var again = SmallRun()
    again.insert(
      after: "polled 1@10", again.number(.engineStopped, 0, at: 5).bare,
      again.number(.engineStarted, 1, at: 6), again.number(.restored, 0, at: 6),
      again.polled(1, 19, 1, [19], at: 6))
    let restart = try again.judged()
    #expect(restart.found == ["C4 1"])
    #expect(restart.verdict == .valid)
    #expect(restart.anomaly("C4")?.permitted == true)
  }

  @Test func `L8: read again without a restart`() throws {
    var run = SmallRun()
    run.insert(after: "polled 1@10", run.polled(1, 19, 1, [19], at: 6))
    let outcome = try run.judged()
    #expect(outcome.found == ["L8 1"])
    #expect(outcome.verdict == .invalid)
  }

  @Test func `L3: acknowledged, read past, and never there`() throws {
    var run = SmallRun()
    // The log lost the last event of partition 1; another stands in its place.
    run.replace("polled 1@10", with: run.polled(1, 10, 1, Array(odds.dropLast()), at: 5))
    run.replace("end 1", with: end(1, 19))
    let outcome = try run.judged()
    #expect(outcome.found == ["L3 1"])
    #expect(outcome.judgement.ledger.lost == 1)
    #expect(outcome.judgement.ledger.addsUp)
    #expect(outcome.verdict == .invalid)
    // What the log never promised is no breach of it.
    #expect(
      try run.judged(.init(acknowledgement: .none)).anomaly("L3")?.permitted == true)
  }

  @Test func `L4: not read because the reader did not come as far`() throws {
    var run = SmallRun()
    run.replace("polled 1@10", with: run.polled(1, 10, 1, Array(odds.dropLast()), at: 5))
    let outcome = try run.judged()
    #expect(outcome.found == ["L4 1"])
    #expect(outcome.judgement.ledger.unseen == 1)
    #expect(outcome.verdict == .unknown)
  }

  @Test func `C3: the reader jumped over a record, but not over an empty place`() throws {
    var run = SmallRun()
    run.replace("polled 0@10", with: run.polled(0, 11, 1, Array(evens.dropFirst()), at: 5))
    let outcome = try run.judged()
    #expect(outcome.found == ["C3 1"])
    #expect(outcome.verdict == .invalid)

    var empty = SmallRun()
    empty.replace("acknowledged 0@10", with: empty.acknowledged(0, 11, 1, evens, at: 4))
    empty.replace("polled 0@10", with: empty.polled(0, 11, 1, evens, at: 5))
    empty.replace("end 0", with: end(0, 21))
    #expect(try empty.judged().found == [])
  }

  @Test func `L12: read and never sent`() throws {
    var run = SmallRun()
    run.replace("sent 1", with: run.sent(1, Array(0..<19), at: 1))
    #expect(try run.judged().found.contains("L12 1"))
    var unplanned = SmallRun()
    unplanned.insert(after: "polled 1@10", unplanned.polled(1, 20, 1, [999_999], at: 6))
    unplanned.insert(after: "polled 1@20", unplanned.polled(1, 21, 9, [0], at: 6))
    unplanned.replace("end 1", with: end(1, 22))
    #expect(try unplanned.judged().found.contains("L12 2"))
  }

  @Test func `L13: an offset below one acknowledged before the send`() throws {
    var run = SmallRun()
    run.replace("sent 1", with: run.sent(1, Array(0..<20), at: 6))
    let late = run.steps.remove(at: run.index("sent 1"))
    run.steps.insert(late, at: run.index("polled 1@0") + 1)
    // Partition 0 was answered for source 1 before that, which is another anomaly: move it too.
    let answer = run.acknowledged(0, 10, 1, evens, at: 7)
    run.remove("acknowledged 0@10")
    let read = run.steps.remove(at: run.index("polled 0@10"))
    run.insert(after: "sent 1", answer, read)
    run.replace("acknowledged 1@10", with: run.acknowledged(1, 9, 1, odds, at: 7))
    let found = try run.judged().found
    #expect(found.contains("L13 1"))
    #expect(try !SmallRun().judged().found.contains("L13 1"))
  }

  @Test func `L14: an event behind a later one of its source`() throws {
    var run = SmallRun()
    run.replace(
      "polled 0@10", with: run.polled(0, 10, 1, [2], at: 5), run.polled(0, 11, 1, [0], at: 5),
      run.polled(0, 12, 1, Array(evens.dropFirst(2)), at: 5))
    run.replace(
      "acknowledged 0@10", with: run.acknowledged(0, 10, 1, [2], at: 4),
      run.acknowledged(0, 11, 1, [0], at: 4),
      run.acknowledged(0, 12, 1, Array(evens.dropFirst(2)), at: 4))
    let outcome = try run.judged()
    #expect(outcome.found == ["L14 1"])
    #expect(outcome.verdict == .invalid)
  }

  @Test func `C2: a committed position goes back`() throws {
    var run = SmallRun()
    run.insert(after: "position", position(0, 9))
    #expect(try run.judged().found == ["C2 1"])
    var same = SmallRun()
    same.insert(after: "position", position(0, 10))
    #expect(try same.judged().found == [])
  }

  @Test func `D1: one value differs`() throws {
    var run = SmallRun()
    run.replace("polled 0@10", with: run.polled(0, 10, 1, evens, at: 5, wrongBy: 1))
    let outcome = try run.judged()
    #expect(outcome.found == ["D1 1"])
    #expect(outcome.verdict == .invalid)
  }

  @Test func `D2: a record does not decode`() throws {
    var run = SmallRun()
    run.insert(
      after: "polled 1@10",
      Step(kind: .undecodable, at: 6, name: "undecodable") {
        $0.number(0)
        $0.number(1)
        $0.number(20)
        $0.text("magic byte 7")
      })
    run.replace("end 1", with: end(1, 21))
    #expect(try run.judged().found == ["D2 1"])
  }

  @Test func `T1: a failed send that is read; a failed one that is not is left out`() throws {
    var run = SmallRun()
    run.replace(
      "acknowledged 1@10", with: run.acknowledged(1, 10, 1, Array(odds.dropLast()), at: 4),
      run.outcome(.failed, 1, [19], at: 4))
    #expect(try run.judged().found == ["T1 1"])

    var absent = SmallRun()
    absent.events.removeAll { $0.source == 1 && $0.sequence == 19 }
    absent.replace("emitted", with: absent.emitted(absent.rows(), in: 7, at: 9))
    for (place, row) in absent.rows().enumerated() {
      absent.replace("observed \(place)", with: absent.observed([row], offset: place, at: 12))
    }
    absent.events = SmallRun().events
    absent.replace(
      "acknowledged 1@10", with: absent.acknowledged(1, 10, 1, Array(odds.dropLast()), at: 4),
      absent.outcome(.failed, 1, [19], at: 4))
    absent.replace("polled 1@10", with: absent.polled(1, 10, 1, Array(odds.dropLast()), at: 5))
    absent.replace("end 1", with: end(1, 19))
    let outcome = try absent.judged()
    #expect(outcome.found == [])
    #expect(outcome.verdict == .valid)
    #expect(outcome.judgement.ledger.failed == 1)
    #expect(outcome.judgement.ledger.addsUp)
  }

  @Test(arguments: [true, false])
  func `an unknown outcome counts exactly when it was read`(isThere: Bool) throws {
    var run = SmallRun()
    if !isThere {
      run.events.removeAll { $0.source == 1 && $0.sequence == 19 }
      run.replace("emitted", with: run.emitted(run.rows(), in: 7, at: 9))
      for (place, row) in run.rows().enumerated() {
        run.replace("observed \(place)", with: run.observed([row], offset: place, at: 12))
      }
      run.events = SmallRun().events
      run.replace("polled 1@10", with: run.polled(1, 10, 1, Array(odds.dropLast()), at: 5))
      run.replace("end 1", with: end(1, 19))
    }
    run.replace(
      "acknowledged 1@10", with: run.acknowledged(1, 10, 1, Array(odds.dropLast()), at: 4),
      run.outcome(.unknown, 1, [19], at: 4))
    let outcome = try run.judged()
    #expect(outcome.found == [])
    #expect(outcome.verdict == .valid)
    #expect(outcome.judgement.ledger.unknown == (isThere ? 0 : 1))
    #expect(outcome.judgement.ledger.addsUp)
  }

  /// 400 events of one lane in blocks of four; all is read but event 3, which comes at the end or
  /// never. Its block is let go long before.
  private func longRun(comesLate: Bool) -> SmallRun {
    var run = SmallRun()
    run.events = (0..<400).map { Small(Int64($0), 0, UInt64($0), [Int64($0 % 2), 1]) }
    run.partitions = 1
    run.steps = []
    run.add(.engineStarted, 0, "started") { $0.number(1) }
    for round in 0..<40 {
      let all = (0..<10).map { UInt64(round * 10 + $0) }
      let read = all.filter { $0 != 3 }
      let offset = round * 10 - (round > 0 ? 1 : 0)
      let at = Int64(round * 10 + 10)
      run.add(run.sent(0, all, at: at))
      run.add(run.acknowledged(0, offset, 0, read, at: at))
      run.add(run.polled(0, offset, 0, read, at: at))
      run.add(run.watermark(at - 6, at: at))
    }
    run.add(run.acknowledged(0, 399, 0, [3], at: 420))
    if comesLate { run.add(run.polled(0, 399, 0, [3], at: 421)) }
    run.add(.transactionBegan, 430, "transaction began") { $0.number(7) }
    run.add(run.emitted(run.rows(), in: 7, at: 431))
    run.add(.committed, 431, "committed") { $0.number(7) }
    run.add(run.observed(run.rows(), offset: 0, at: 432))
    run.add(
      Step(kind: .endOffset, at: 433, name: "end") {
        $0.number(0)
        $0.number(400)
      })
    run.add(
      Step(kind: .resultEndOffset, at: 433, name: "result end") {
        $0.number(0)
        $0.number(81)
      })
    run.add(.runEnded, 434, "run ended") {
      $0.number(1)
      $0.text("")
    }
    return run
  }

  @Test func `an event that comes long after its block was let go is known`() throws {
    let late = try longRun(comesLate: true).judged(flushEach: true)
    // Its place in the log is behind later events of its source.
    #expect(late.found == ["L14 1"])
    #expect(late.judgement.ledger.read == 400)
    #expect(late.judgement.ledger.addsUp)
    let never = try longRun(comesLate: false).judged(flushEach: true)
    #expect(never.found == ["L4 1"])
    #expect(never.judgement.ledger.unseen == 1)
    #expect(never.judgement.ledger.addsUp)
    var twice = longRun(comesLate: true)
    twice.insert(after: "polled 0@399", twice.polled(0, 400, 0, [9], at: 422))
    #expect(try twice.judged(flushEach: true).found == ["L2 1", "L14 1"])
  }

  @Test func `samples are told once per event and result`() throws {
    final class Counter: SampleRecorder {
      var acknowledged = 0
      var read = 0
      var results: [ResultSample] = []
      func acknowledged(intendedAt: Instant, at: Instant) { acknowledged += 1 }
      func read(count: Int, at: Instant) { read += count }
      func result(_ sample: ResultSample) { results.append(sample) }
    }
    let counter = Counter()
    _ = try SmallRun().judged(recorder: counter)
    #expect(counter.acknowledged == 40)
    #expect(counter.read == 40)
    #expect(counter.results.count == 4)
    #expect(counter.results[0].observedAt == Instant(ns: 12 * .millisecond))
    #expect(counter.results[0].emittedAt == Instant(ns: 9 * .millisecond))
    #expect(counter.results[0].sentAt == Instant(ns: 1 * .millisecond))
    #expect(counter.results[0].acknowledgedAt == Instant(ns: 3 * .millisecond))
  }
}

let evens = stride(from: 0, to: 20, by: 2).map { UInt64($0) }
let odds = stride(from: 1, to: 20, by: 2).map { UInt64($0) }

func end(_ partition: UInt64, _ offset: UInt64) -> Step {
  Step(kind: .endOffset, at: 13, name: "end \(partition)") {
    $0.number(partition)
    $0.number(offset)
  }
}

func position(_ partition: UInt64, _ offset: UInt64) -> Step {
  Step(kind: .positionCommitted, at: 12, name: "position again") {
    $0.number(partition)
    $0.number(offset)
  }
}

extension Step {
  /// The same without fields.
  var bare: Step { Step(kind: kind, at: at, name: name) { _ in } }
}
