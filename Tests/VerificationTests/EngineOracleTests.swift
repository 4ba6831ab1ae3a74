import Engines
import Model
import Queries
import Testing
import Verification
import Workloads

/// Engine and oracle share the plan types and nothing else: random plans over random traces, late
/// and in disorder, with crashes, must give the same rows in both.
@Suite struct EngineOracleTests {
  static let perPart = CaseCount.all / 8

  final class Rows { var texts: [String] = [] }

  private func text(_ key: [UInt8], _ digest: UInt64, _ time: Int64, _ e: Evidence) -> String {
    key.withUnsafeBytes(cellText) + " \(digest) at \(time / .millisecond) of \(e)"
  }

  private func oracle(_ load: Workload, _ drops: [EngineDriver.Drop]) -> [String] {
    let rows = Rows()
    let oracle = Oracle(workload: load, endOfLoad: nil) { row in
      rows.texts.append(text([UInt8](row.key), row.valueDigest, row.time, row.evidence))
    }
    for drop in drops {
      _ = oracle.drop(drop.event, time: .max, at: drop.step, watermark: drop.watermark)
    }
    oracle.finish()
    return rows.texts.sorted()
  }

  @Test(arguments: 0..<8) func `random plans over random traces give the same rows`(part: Int)
    throws
  {
    var late = 0
    var refused = 0
    var withRows = 0
    for number in 0..<Self.perPart {
      let seed = number * 8 + part
      var plans = RandomPlans(Dice(seed))
      let isLossy = plans.dice.below(2) == 0
      let disorder = 1 + plans.dice.below(12)
      let lateness = Int64(plans.dice.below(2) * plans.dice.below(6))
      let arrivals = RandomEvents.arrivals(&plans.dice, disorder: disorder)
      var made: (Plan, EngineDriver)?
      while made == nil {
        let plan = plans.plan(delay: Int64(isLossy ? disorder / 3 : disorder), lateness: lateness)
        // Beside a session that is closed the rules leave a choice.
        if isLossy && plans.hasSession { continue }
        do {
          made = (plan, try EngineDriver(plan, arrivals))
        } catch is PlanError { refused += 1 }
      }
      guard let (plan, driver) = made else { continue }
      var crashes: [Int: Int] = [:]
      for _ in 0..<plans.dice.below(3) {
        crashes[plans.dice.below(arrivals.count)] = plans.dice.below(20)
      }
      let pause = Set((0..<plans.dice.below(30)).map { _ in plans.dice.below(arrivals.count) })
      driver.run(crashes: crashes, pause: pause)
      let load = workload(arrivals, plan)
      let due = oracle(load, driver.drops)
      let got = driver.rows.map { text($0.key, $0.valueDigest, $0.time, $0.evidence) }.sorted()
      #expect(got == due, "seed \(seed), crashes \(crashes), plan \(plan.operators)")
      if got != due { return }
      var naive = NaiveOracle(plan: plan)
      for drop in driver.drops { naive.drops[drop.step, default: [:]][drop.event] = drop.watermark }
      let plain = naive.rows(arrivals)
        .map { text($0.key, $0.digest, $0.time, $0.evidence) }.sorted()
      #expect(plain == due, "naive, seed \(seed), plan \(plan.operators)")
      if plain != due { return }
      late += driver.drops.count
      if !due.isEmpty { withRows += 1 }
    }
    #expect(late > Self.perPart / 10, "the traces are late")
    #expect(withRows > Self.perPart * 2 / 5, "the plans have results")
    #expect(refused < Self.perPart * 2, "the plans run")
  }

  /// A case of the wider vocabulary: several streams and tasks, joins, results that are corrected.
  private struct WideCase {
    var plan: Plan
    var arrivals: [Small]
    var tasks: Int
    var isLossy: Bool
  }

  private func wideCase(_ plans: inout RandomPlans) -> WideCase {
    plans.isWide = true
    plans.streams = 1 + plans.dice.below(3)
    let isLossy = plans.dice.below(3) == 0
    let disorder = 1 + plans.dice.below(12)
    let lateness = Int64(plans.dice.below(2) * plans.dice.below(6))
    let arrivals = RandomEvents.arrivals(
      &plans.dice, disorder: disorder, streams: plans.streams)
    var plan = plans.plan(
      delay: Int64(isLossy ? disorder / 3 : disorder), lateness: lateness)
    if plans.dice.below(2) == 0 { plan.emission = .corrections }
    // Rows of one key would replace each other where results are corrected.
    plan.keyColumns = plan.valueColumns
    if plans.dice.below(3) == 0 {
      for input in plan.inputs.indices { plan.inputs[input].recordKey = [0] }
    }
    return WideCase(
      plan: plan, arrivals: arrivals, tasks: 1 + plans.dice.below(3), isLossy: isLossy)
  }

  /// What counts in the end.
  private func table(_ rows: [ResultRow], _ emission: Emission) -> [String] {
    func line(_ row: ResultRow) -> String {
      text(row.key, row.valueDigest, row.time, row.evidence)
    }
    if emission == .final { return rows.map(line).sorted() }
    var last: [[UInt8]: ResultRow] = [:]
    for row in rows { last[row.key] = row }
    return last.values.filter { !$0.isTombstone }.map(line).sorted()
  }

  @Test(arguments: 0..<8)
  func `random plans of several streams, in several tasks, give the same rows`(part: Int) throws {
    var refused = 0
    var ambiguous = 0
    for number in 0..<Self.perPart {
      let seed = number * 8 + part
      var plans = RandomPlans(Dice(100_000 + seed))
      let one = wideCase(&plans)
      if one.isLossy && plans.hasSession { continue }
      let driver: EngineDriver
      do {
        driver = try EngineDriver(one.plan, one.arrivals, tasks: one.tasks)
      } catch is PlanError {
        refused += 1
        continue
      }
      var crashes: [Int: Int] = [:]
      for _ in 0..<plans.dice.below(3) {
        crashes[plans.dice.below(one.arrivals.count)] = plans.dice.below(20)
      }
      let pause = Set((0..<plans.dice.below(20)).map { _ in plans.dice.below(one.arrivals.count) })
      driver.run(crashes: crashes, pause: pause)
      let due = oracle(workload(one.arrivals, one.plan), driver.drops)
      let keys = due.map { $0.prefix { $0 != "]" } }
      if one.plan.emission == .corrections && Set(keys).count < keys.count {
        ambiguous += 1
        continue
      }
      let got = table(driver.rows, one.plan.emission)
      #expect(
        got == due,
        """
        seed \(100_000 + seed), tasks \(one.tasks), lossy \(one.isLossy), late \
        \(driver.drops.count), L \(one.plan.allowedLateness / .millisecond), \
        \(one.plan.emission), plan \(one.plan.operators)
        """
      )
      if got != due { return }
    }
    #expect(refused < Self.perPart / 2, "the plans run")
    #expect(ambiguous < Self.perPart / 2, "the rows can be told apart")
  }

  @Test func `a planted defect does not give the same rows`() throws {
    var dice = Dice(5)
    let arrivals = RandomEvents.arrivals(&dice, disorder: 4)
    let silence = PlanOperator.match(
      0, key: [0],
      Match(
        steps: [.atLeast(.column(1), 1)], within: 5 * .millisecond, contiguity: .relaxed,
        absence: MissingRow(.atLeast(.column(1), 4), within: 3 * .millisecond), measures: []))
    let plan = plan(3, [silence], key: [0], value: [], delay: 5)
    func rows(_ defects: Set<EngineDefect>) throws -> [String] {
      let driver = try EngineDriver(plan, arrivals, defects: defects)
      driver.run(crashes: [:], pause: [])
      return driver.rows.map { text($0.key, $0.valueDigest, $0.time, $0.evidence) }.sorted()
    }
    let due = oracle(workload(arrivals, plan), [])
    #expect(try rows([]) == due)
    #expect(try rows([.lostTimer]) != due)
  }

  @Test func `a drop that is not told is a difference`() throws {
    let events = [Small(0, 0, 0, [1]), Small(30, 0, 1, [1]), Small(2, 0, 2, [1])]
    let windows = PlanOperator.sliding(
      0, key: [0], size: 10 * .millisecond, slide: 5 * .millisecond, offset: 0, [.count])
    let plan = plan(1, [windows], key: [0, 1], value: [2])
    let driver = try EngineDriver(plan, events)
    driver.run(crashes: [:], pause: [])
    let got = driver.rows.map { text($0.key, $0.valueDigest, $0.time, $0.evidence) }.sorted()
    #expect(driver.drops.count == 1)
    #expect(got == oracle(workload(events, plan), driver.drops))
    #expect(got != oracle(workload(events, plan), []))
  }
}
