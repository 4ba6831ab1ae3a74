import Bytes
import Commands
import Draws
import Glibc
import Model
import Scenarios
import Statistics
import Synchronization
import Workloads

extension Session {
  /// `weir selftest determinism`: every way of making a block gives the same bytes.
  func selftestDeterminism() throws(Problems) -> ExitCode {
    let cases = try invocation.value("cases").map { (text) throws(Problems) in
      try read("cases", text, parseCount)
    }
    let seed = try invocation.value("seed").map { (text) throws(Problems) in
      try read("seed", text, parseSeed)
    }
    let drawn = try (0..<Int(cases ?? 2_000)).map { number throws(Problems) in
      try GenerationCase(number, seed: seed ?? 1)
    }
    let digests = drawn.map { $0.digest() }
    if invocation.has("digests") {
      console.result(digests.map { String($0, radix: 16) }.joined(separator: "\n") + "\n")
      return .holds
    }
    var differing: [(way: String, number: Int)] = []
    func hold(_ way: String, _ others: [UInt64]) {
      for (number, pair) in zip(digests, others).enumerated() where pair.0 != pair.1 {
        differing.append((way, number))
      }
    }
    hold("on other threads", onThreads(drawn))
    hold("after a restart, backwards", Self.backwards(drawn))
    hold("by its shard alone", drawn.map { $0.digest(sharded: true) })
    hold("in a fresh process", try inProcess(drawn.count, seed: seed ?? 1))
    say(drawn, differing)
    return differing.isEmpty ? .holds : .violated
  }

  private func onThreads(_ drawn: [GenerationCase]) -> [UInt64] {
    let work = SharedWork(drawn, threads: 4)
    var threads: [pthread_t] = []
    for _ in 0..<work.threads {
      var thread = pthread_t()
      let me = Unmanaged.passRetained(work).toOpaque()
      let status = pthread_create(&thread, nil, workOnCases, me)
      if status == 0 {
        threads.append(thread)
      } else {
        Unmanaged<SharedWork>.fromOpaque(me).release()
      }
    }
    for thread in threads { pthread_join(thread, nil) }
    // Without any thread nothing was made, and every digest differs.
    return work.digests.withLock { $0 }
  }

  private static func backwards(_ drawn: [GenerationCase]) -> [UInt64] {
    drawn.reversed().map { $0.digest(restarted: true) }.reversed()
  }

  private func inProcess(_ count: Int, seed: UInt64) throws(Problems) -> [UInt64] {
    let program = invocation.value("with") ?? "/proc/self/exe"
    let child = try ChildProcess.run([
      program, "selftest", "determinism", "--digests", "--cases", "\(count)", "--seed", "\(seed)",
    ])
    let digests = child.output.split(separator: "\n").compactMap { UInt64($0, radix: 16) }
    if child.code != 0 || digests.count != count {
      throw failure(
        "\(program) gave \(digests.count) digests of \(count), with exit code \(child.code)",
        hint: "it must be the same version of weir")
    }
    return digests
  }

  private func say(_ drawn: [GenerationCase], _ differing: [(way: String, number: Int)]) {
    let events = drawn.reduce(0) { $0 + $1.eventCount }
    if console.json {
      console.document(
        .object([
          ("schema", .string("weir-selftest/1")), ("cases", .integer(Int64(drawn.count))),
          ("events", .integer(Int64(events))), ("differing", .integer(Int64(differing.count))),
        ]))
      return
    }
    if !console.quiet || !differing.isEmpty {
      let style = NumberStyle.plain
      console.result(
        "\(style.count(UInt64(differing.count))) differing in \(style.count(UInt64(drawn.count))) "
          + "cases, \(style.count(UInt64(events))) events, each made five times\n")
    }
    for (way, number) in differing.prefix(10) {
      console.note("differs \(way): case \(number), \(drawn[number].text)")
    }
  }
}

/// Cases that several threads take one after the other.
private final class SharedWork: Sendable {
  let drawn: [GenerationCase]
  let threads: Int
  let digests: Mutex<[UInt64]>
  private let next = Mutex(0)

  init(_ drawn: [GenerationCase], threads: Int) {
    self.drawn = drawn
    self.threads = threads
    digests = Mutex([UInt64](repeating: 0, count: drawn.count))
  }

  func run() {
    while true {
      let number = next.withLock { next in
        defer { next += 1 }
        return next
      }
      if number >= drawn.count { return }
      let digest = drawn[number].digest()
      digests.withLock { $0[number] = digest }
    }
  }
}

private func workOnCases(_ work: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let work else { return nil }
  Unmanaged<SharedWork>.fromOpaque(work).takeRetainedValue().run()
  return nil
}

/// A configuration and a block of it, drawn by number.
private struct GenerationCase: Sendable {
  private let choice: WorkloadChoice
  private let kind: WorkloadKind
  private let seed: UInt64
  private let rate: Rate
  private let block: Int
  private let lane: Int
  private let workload: Workload

  init(_ number: Int, seed: UInt64) throws(Problems) {
    let draws = DrawFamily(seed: seed, component: "selftest", purpose: "generation").stream(
      UInt64(number))
    let kind = workloadKinds[Int(draws.below(UInt64(workloadKinds.count), 0))]
    let query = kind.queries[Int(draws.below(UInt64(kind.queries.count), 1))]
    self.kind = kind
    // A kind with sources in groups takes them in its own number.
    choice = WorkloadChoice(
      kind: kind.name, query: query.name, sources: kind.defaultSources,
      start: Timestamp(ns: (1_767_225_600 + Int64(draws.below(86_400, 2))) * .second),
      partitions: Int(draws.below(6, 3)) + 1)
    self.seed = draws.word(4) >> 1
    rate = Rate(count: Int64(draws.below(4_000, 5)) + 500, per: .second)
    // One case in four lies far out, where nothing could have been made before it; not farther than
    // the event time of a population that runs some thousand times faster than the run.
    block = Int(draws.below(draws.word(6) & 3 == 0 ? 1 << 20 : 64, 7))
    let made = try kind.make(choice, .constant(rate), self.seed)
    let sent = made.laneStream.indices.filter { made.laneStream[$0] != nil }
    lane = sent[Int(draws.below(UInt64(sent.count), 8))]
    workload = made
  }

  var text: String {
    "\(choice.kind) \(choice.query), seed \(seed), lane \(lane), block \(block)"
  }

  var eventCount: Int { workload.source.block(block, of: lane)?.count ?? 0 }

  /// Digest of everything that the block says. `restarted` makes the workload anew and asks for
  /// later blocks first; `sharded` asks a new one for the lanes of one shard alone.
  func digest(restarted: Bool = false, sharded: Bool = false) -> UInt64 {
    var source = workload.source
    if restarted || sharded {
      do throws(Problems) {
        source = try kind.make(choice, .constant(rate), seed).source
      } catch {
        return 0
      }
    }
    if restarted {
      _ = source.block(block + 1, of: lane)
      if block > 0 { _ = source.block(block - 1, of: lane) }
    }
    if sharded {
      for other in stride(from: lane % 3, to: source.laneCount, by: 3) where other != lane {
        if workload.laneStream[other] != nil { _ = source.block(block, of: other) }
      }
    }
    guard let made = source.block(block, of: lane) else { return 1 }
    return Self.digest(made)
  }

  private static func digest(_ block: EventBlock) -> UInt64 {
    var writer = ByteWriter(capacity: 64)
    let n = block.count
    writer.varint(UInt64(n))
    writer.varint(block.baseSequence)
    writer.word(digest64(block.intendedAt, n * 8))
    writer.word(digest64(block.eventTime, n * 8))
    writer.word(digest64(block.digest, n * 8))
    writer.word(digest64(block.keyLength, n * 2))
    writer.word(digest64(block.bytes, Int(block.start[n])))
    writer.word(digest64(block.nulls, n * 4))
    for column in block.columns { writer.word(digest64(column, n * 8)) }
    return digest64(writer.bytes)
  }
}
