import Backbones
import Model
import Scheduling
import Testing

/// The embedded log on a timeline of its own.
final class LogWorld {
  let log: EmbeddedLog
  private var timeline = Timeline<BackboneEvent>(capacity: 16)
  private var outbox = Outbox()
  var answers: [(at: Instant, completion: Completion)] = []

  init(_ settings: LogSettings, filter: (any WireFilter)? = nil) {
    log = EmbeddedLog(settings, consumers: 1, filter: filter)
  }

  var now: Instant { timeline.now }

  func ask(_ command: Command) {
    log.handle(command, at: now, outbox: &outbox)
    settle()
  }

  func control(_ action: NodeAction) -> Bool {
    defer { settle() }
    return log.control(action, node: 0, at: now, outbox: &outbox) == .done
  }

  func run(for length: Nanoseconds) {
    let end = now + length
    while let instant = timeline.nextInstant, instant <= end {
      if let event = timeline.next() { log.handle(event, at: now, outbox: &outbox) }
      settle()
    }
    timeline.advance(to: end)
  }

  private func settle() {
    for later in outbox.later { timeline.schedule(later.event, at: later.at, .completion) }
    for completion in outbox.completions { answers.append((now, completion)) }
    outbox.removeAll()
  }

  /// Outcomes of batches, in the order in which they were answered.
  var outcomes: [Outcome] {
    answers.compactMap {
      if case .submitted(_, _, _, let outcome) = $0.completion { outcome } else { nil }
    }
  }

  func submit(_ count: Int, first: UInt64 = 0) {
    ask(.submit(ClientID(.producer, 0), .input, [batch(count, first: first)], transaction: 0))
  }

  /// Sequences in a partition, by its reader.
  func read(_ topic: Topic = .input, from offset: Int64 = 0) -> [UInt64] {
    answers.removeAll()
    ask(.poll(ClientID(.reader, 0), topic, partition: 0, offset: offset, committedOnly: true))
    run(for: 2 * .second)
    for answer in answers {
      if case .polled(_, _, _, let deliveries, _) = answer.completion {
        return deliveries.flatMap { delivery in
          (delivery.first..<delivery.batch.count).map { delivery.batch.entries[$0].sequence }
        }
      }
    }
    return []
  }
}

/// Loses what it is told to.
final class Losing: WireFilter {
  var isActive = true
  var direction: WireCrossing.Direction?

  func fate(of crossing: WireCrossing, at now: Instant) -> Fate {
    crossing.direction == direction ? .drop : .pass
  }
}

@Suite struct EmbeddedLogTests {
  /// Constant costs, so that instants can be told.
  func settings(_ flush: LogSettings.Flush = .batch) -> LogSettings {
    var settings = LogSettings(
      inputPartitions: 1, resultPartitions: 1, producers: 1, flush: flush,
      link: (1_000_000, 1_000_000), request: (10_000, 10_000), record: (1_000, 1_000),
      batch: (5_000, 5_000), fsync: (3_000_000, 3_000_000), seed: 1)
    settings.trims = false
    return settings
  }

  @Test func `an acknowledgement costs the link twice, the service and the flush`() {
    let world = LogWorld(settings())
    world.submit(10)
    world.run(for: .second)
    #expect(world.outcomes == [.acknowledged(base: 0)])
    #expect(world.answers[0].at.ns == 2_000_000 + 10_000 + 10_000 + 5_000 + 3_000_000)
    let quick = LogWorld(settings(.never))
    quick.submit(10)
    quick.run(for: .second)
    #expect(quick.answers[0].at.ns == 2_000_000 + 25_000)
    #expect(quick.log.usage.busy == 25_000)
  }

  @Test func `one flush serves all that wait for it`() {
    let world = LogWorld(settings())
    for number in 0..<4 {
      world.submit(1, first: UInt64(number))
      world.run(for: 500 * .microsecond)
    }
    world.run(for: .second)
    let instants = world.answers.map(\.at)
    #expect(instants.count == 4)
    #expect(instants[0] < instants[1])
    #expect(instants[1] == instants[2] && instants[2] == instants[3])
  }

  @Test func `a crash before the flush loses what was not acknowledged, and it is sent again`() {
    let world = LogWorld(settings())
    world.submit(2)
    world.run(for: 2 * .millisecond)
    #expect(world.outcomes.isEmpty)
    #expect(world.control(.crash))
    #expect(!world.control(.crash), "it is dead already")
    #expect(!world.control(.pause))
    world.run(for: 100 * .millisecond)
    #expect(world.control(.restart))
    #expect(!world.control(.restart))
    world.run(for: 2 * .second)
    #expect(world.outcomes == [.acknowledged(base: 0)])
    #expect(world.log.usage.retries == 1)
    #expect(world.read() == [0, 1])
  }

  @Test func `a log that flushes now and then loses what it acknowledged`() {
    let world = LogWorld(settings(.interval(.second)))
    world.submit(2)
    world.run(for: 1_500 * .millisecond)
    world.submit(2, first: 2)
    world.run(for: 100 * .millisecond)
    #expect(world.outcomes == [.acknowledged(base: 0), .acknowledged(base: 2)])
    #expect(world.control(.crash) && world.control(.restart))
    #expect(world.read() == [0, 1])
    // The next batch does not follow what is left; then a new epoch begins.
    world.answers.removeAll()
    world.submit(1, first: 4)
    world.run(for: 2 * .second)
    guard case .unknown = world.outcomes.first else {
      Issue.record("\(world.outcomes)")
      return
    }
    world.answers.removeAll()
    world.submit(1, first: 5)
    world.run(for: 2 * .second)
    #expect(world.outcomes == [.acknowledged(base: 2)])
    #expect(world.read() == [0, 1, 5])
  }

  @Test func `what is not answered in time is sent again, and given up in the end`() {
    var settings = settings()
    settings.deliveryTimeout = 3 * .second
    let filter = Losing()
    filter.direction = .request
    let world = LogWorld(settings, filter: filter)
    world.submit(1)
    world.run(for: 1_900 * .millisecond)
    #expect(world.outcomes.isEmpty)
    #expect(world.log.usage.retries == 3)
    world.run(for: 2 * .second)
    #expect(world.outcomes == [.unknown("delivery timed out")])
    filter.isActive = false
    world.answers.removeAll()
    world.submit(1, first: 1)
    world.run(for: 3 * .second)
    world.submit(1, first: 2)
    world.run(for: 3 * .second)
    #expect(world.outcomes.last == .acknowledged(base: 0), "\(world.outcomes)")
  }

  @Test func `lost answers: one copy with numbers, several without`() {
    for isIdempotent in [true, false] {
      var settings = settings()
      settings.idempotent = isIdempotent
      let filter = Losing()
      filter.direction = .response
      let world = LogWorld(settings, filter: filter)
      world.submit(1)
      world.run(for: 1_200 * .millisecond)
      filter.isActive = false
      world.run(for: 2 * .second)
      #expect(world.outcomes.count == 1)
      #expect(world.read().count == (isIdempotent ? 1 : 4))
    }
  }

  @Test func `at most five requests are on their way`() {
    let filter = Losing()
    filter.direction = .request
    let world = LogWorld(settings(), filter: filter)
    for number in 0..<9 { world.submit(1, first: UInt64(number)) }
    #expect(world.log.usage.requests == 5)
    filter.isActive = false
    world.run(for: 3 * .second)
    #expect(world.outcomes.count == 9)
    #expect(world.read() == Array(0..<9))
  }

  @Test func `a pause holds requests back and answers them in order`() {
    let world = LogWorld(settings())
    #expect(world.control(.pause))
    #expect(!world.control(.pause))
    for number in 0..<3 { world.submit(1, first: UInt64(number)) }
    world.run(for: 300 * .millisecond)
    #expect(world.outcomes.isEmpty)
    #expect(world.control(.resume))
    #expect(!world.control(.resume))
    world.run(for: .second)
    #expect(world.outcomes == [0, 1, 2].map { .acknowledged(base: $0) })
  }

  @Test func `an idle poll is answered after half a second with nothing`() {
    let world = LogWorld(settings())
    world.ask(.poll(ClientID(.reader, 0), .input, partition: 0, offset: 0, committedOnly: true))
    world.run(for: 400 * .millisecond)
    #expect(world.answers.isEmpty)
    world.run(for: 200 * .millisecond)
    guard case .polled(_, _, _, let deliveries, let next)? = world.answers.first?.completion else {
      Issue.record("no answer")
      return
    }
    #expect(deliveries.isEmpty && next == 0)
  }

  @Test func `only the first node exists`() {
    var outbox = Outbox()
    let log = EmbeddedLog(settings(), consumers: 1)
    #expect(log.control(.crash, node: 1, at: .zero, outbox: &outbox) == .refused)
    #expect(
      log.capabilities
        == Capabilities(transactions: true, idempotence: true, reads: true, groups: true))
  }

  @Test func `delays have the median and the tail that were asked for`() {
    let table = DelayTable(median: 1_000, p99: 8_000)
    let values = (0..<256).map { table.draw(UInt64($0) << 56) }
    #expect(values == values.sorted())
    #expect(abs(values[127] - 1_000) < 20)
    #expect(abs(values[253] - 8_000) < 900)
    #expect(DelayTable(median: 5, p99: 5).draw(.max) == 5)
    #expect(DelayTable(median: 0, p99: 0).draw(7) == 0)
  }
}
