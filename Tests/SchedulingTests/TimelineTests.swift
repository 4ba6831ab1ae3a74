import Draws
import Model
import Scheduling
import Testing

@Suite struct TimelineTests {
  @Test func `events of one instant come by priority, then as they were put in`() {
    var timeline = Timeline<Int>(capacity: 4)
    let at = Instant(ns: 10)
    timeline.schedule(1, at: at, .source)
    timeline.schedule(2, at: at, .timer)
    timeline.schedule(3, at: at, .fault)
    timeline.schedule(4, at: at, .timer)
    timeline.schedule(5, at: Instant(ns: 9), .source)
    timeline.schedule(6, at: at, .completion)
    timeline.schedule(7, at: at, .command)
    var order: [Int] = []
    while let event = timeline.next() { order.append(event) }
    #expect(order == [5, 3, 6, 7, 2, 4, 1])
    #expect(timeline.now == at)
    #expect(timeline.count == 0 && timeline.nextInstant == nil)
  }

  @Test func `an instant in the past is now`() {
    var timeline = Timeline<String>(capacity: 1)
    timeline.schedule("late", at: Instant(ns: 100), .timer)
    #expect(timeline.next() == "late")
    timeline.schedule("past", at: Instant(ns: 3), .timer)
    #expect(timeline.nextInstant == Instant(ns: 100))
    timeline.advance(to: Instant(ns: 50))
    #expect(timeline.now == Instant(ns: 100))
    timeline.advance(to: Instant(ns: 150))
    #expect(timeline.now == Instant(ns: 150))
  }

  private struct Item: Equatable {
    var at: Int64
    var priority: UInt64
    var number: Int
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `the order is that of a sorted list, whatever goes in and out`(seed: UInt64) {
    let draws = DrawFamily(seed: seed, component: "test", purpose: "timeline").stream(0)
    var counter: UInt64 = 0
    func draw(_ bound: UInt64) -> Int64 {
      counter += 1
      return Int64(draws.below(bound, counter))
    }
    let priorities: [Priority] = [.fault, .completion, .command, .timer, .source]
    var timeline = Timeline<Item>(capacity: 2)
    var model: [Item] = []
    var now: Int64 = 0
    for number in 0..<4_000 {
      if draw(5) < 3 {
        let priority = priorities[Int(draw(5))]
        let at = max(now, now + draw(40) - 3)
        let item = Item(at: at, priority: priority.rawValue, number: number)
        timeline.schedule(item, at: Instant(ns: at), priority)
        model.append(item)
      } else {
        let due = model.min {
          ($0.at, $0.priority, $0.number) < ($1.at, $1.priority, $1.number)
        }
        #expect(timeline.next() == due)
        if let due {
          now = due.at
          model.removeAll { $0 == due }
        }
      }
      #expect(timeline.count == model.count)
      #expect(timeline.nextInstant?.ns == model.map(\.at).min())
    }
  }

  /// Counts how many of its kind are alive.
  private final class Counted {
    nonisolated(unsafe) static var alive = 0
    init() { Self.alive += 1 }
    deinit { Self.alive -= 1 }
  }

  @Test func `events that are left are let go with the timeline`() {
    do {
      var timeline = Timeline<Counted>(capacity: 2)
      for ns in 0..<9 { timeline.schedule(Counted(), at: Instant(ns: Int64(ns)), .timer) }
      _ = timeline.next()
      #expect(Counted.alive == 8)
    }
    #expect(Counted.alive == 0)
  }

  @Test func `a virtual pacer never waits`() {
    var pacer = VirtualPacer()
    for second in 0..<5_000 {
      #expect(pacer.wait(until: Instant(ns: Int64(second) * .second)) == .due)
    }
    #expect(pacer.lateness == 0)
  }

  @Test func `a wall pacer comes when it is due, and tells how late`() {
    var pacer = WallPacer()
    defer { pacer.close() }
    let wanted = pacer.now + 300 * .microsecond
    #expect(pacer.wait(until: wanted) == .due)
    #expect(pacer.now >= wanted)
    #expect(pacer.wait(until: .zero) == .due)
    #expect(pacer.lateness >= 300 * .microsecond)
  }
}
