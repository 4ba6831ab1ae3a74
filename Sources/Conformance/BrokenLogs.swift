import Backbones
import Model

/// A backbone that does one thing wrong on purpose, and the check that must reject it.
public struct BrokenLog: Sendable {
  /// As it is named in lists.
  public var name: String
  /// What it does wrong, one sentence without full stop.
  public var sentence: String
  /// Id of the check that must fail; others may.
  public var rejectedBy: String
  public var subject: ConformanceSubject
}

/// Backbones that the suite must reject, each by name.
public let brokenLogs: [BrokenLog] = [
  planted(
    .skipsDeduplication, "a repeated batch is appended again", "idempotence.lost-response"),
  planted(
    .showsAborted, "records of aborted transactions are shown to committed-only readers",
    "transactions.aborted-hidden"),
  planted(
    .dropsAcknowledged, "one batch in a thousand is acknowledged and not kept",
    "durability.acknowledged-readable"),
  planted(.losesTail, "a crash loses what was acknowledged", "restart.acknowledged-survives"),
  planted(.reorders, "two neighbouring batches change places", "ordering.one-producer"),
  planted(
    .forgetsPositions, "a commit keeps the output and forgets the input positions",
    "positions.commit-with-transaction"),
  distorted(
    "acknowledges-elsewhere", "acknowledgements name the offset behind the record",
    "durability.offset-is-place"
  ) { completion in
    if case .submitted(let client, let topic, let batch, .acknowledged(let base)) = completion {
      return [.submitted(client, topic, batch, .acknowledged(base: base + 1))]
    }
    return [completion]
  },
  distorted(
    "delivers-twice", "a poll is given its first batch twice", "ordering.one-producer"
  ) { completion in
    if case .polled(let client, let topic, let partition, let deliveries, let next) = completion {
      let again = Array(deliveries.prefix(1)) + deliveries
      return [.polled(client, topic, partition: partition, again, next: next)]
    }
    return [completion]
  },
  distorted(
    "skips-on-reading", "a poll of several batches is not given the last one",
    "durability.acknowledged-readable"
  ) { completion in
    if case .polled(let client, let topic, let partition, let deliveries, let next) = completion,
      deliveries.count > 2
    {
      let fewer = Array(deliveries.dropLast())
      return [.polled(client, topic, partition: partition, fewer, next: next)]
    }
    return [completion]
  },
  distorted(
    "forgets-snapshots", "positions come back without the number of their snapshot",
    "positions.snapshot-travels"
  ) { completion in
    if case .positions(let client, let positions, _) = completion {
      return [.positions(client, positions, snapshot: 0)]
    }
    return [completion]
  },
  distorted(
    "miscounts-the-end", "end offsets are one too high", "reading.end-offsets"
  ) { completion in
    if case .endOffsets(let client, let topic, let offsets) = completion {
      return [.endOffsets(client, topic, offsets.map { $0 == 0 ? 0 : $0 + 1 })]
    }
    return [completion]
  },
  tampered("commits-aborts", "an abort is carried out as a commit", "transactions.aborted-hidden") {
    if case .abort(let client, let transaction) = $0 {
      return .commit(client, transaction: transaction, positions: [0, 0], snapshot: 0)
    }
    return $0
  },
  tampered(
    "ignores-isolation", "committed-only readers are served as all others",
    "transactions.open-hidden"
  ) {
    if case .poll(let client, let topic, let partition, let offset, _) = $0 {
      return .poll(client, topic, partition: partition, offset: offset, committedOnly: false)
    }
    return $0
  },
  tampered(
    "commits-for-anyone", "positions are committed for members that are none any more",
    "groups.old-generation"
  ) {
    if case .commitAs(_, let client, let transaction, let positions, let snapshot) = $0 {
      return .commit(client, transaction: transaction, positions: positions, snapshot: snapshot)
    }
    return $0
  },
  distorted(
    "assigns-twice", "every member is assigned all partitions", "groups.join"
  ) { completion in
    if case .assigned(let given) = completion {
      return [
        .assigned(Membership(given.client, generation: given.generation, partitions: [0, 1]))
      ]
    }
    return [completion]
  },
  tampered(
    "writes-outside", "records of a transaction are written outside of it",
    "transactions.open-holds-back"
  ) {
    if case .submit(let client, let topic, let batches, _) = $0 {
      return .submit(client, topic, batches, transaction: 0)
    }
    return $0
  },
]

private func planted(
  _ defect: LogDefect, _ sentence: String, _ rejectedBy: String
) -> BrokenLog {
  BrokenLog(
    name: defect.rawValue, sentence: sentence, rejectedBy: rejectedBy,
    subject: .embedded(name: defect.rawValue) { $0.defects = [defect] })
}

private func distorted(
  _ name: String, _ sentence: String, _ rejectedBy: String,
  _ distort: @escaping @Sendable (Completion) -> [Completion]
) -> BrokenLog {
  wrapped(name, sentence, rejectedBy, tamper: { $0 }, distort: distort)
}

private func tampered(
  _ name: String, _ sentence: String, _ rejectedBy: String,
  _ tamper: @escaping @Sendable (Command) -> Command
) -> BrokenLog {
  wrapped(name, sentence, rejectedBy, tamper: tamper, distort: { [$0] })
}

private func wrapped(
  _ name: String, _ sentence: String, _ rejectedBy: String,
  tamper: @escaping @Sendable (Command) -> Command,
  distort: @escaping @Sendable (Completion) -> [Completion]
) -> BrokenLog {
  let sound = ConformanceSubject.embedded(name: name)
  let subject = ConformanceSubject(name: name, hasWire: true, hasNodes: true) {
    (shape, filter) throws(CheckFailure) in
    DistortedBackbone(try sound.make(shape, filter), tamper: tamper, distort: distort)
  }
  return BrokenLog(name: name, sentence: sentence, rejectedBy: rejectedBy, subject: subject)
}

/// A sound backbone behind a liar: commands and answers are changed on their way.
private final class DistortedBackbone: Backbone {
  private let inner: any Backbone
  private let tamper: (Command) -> Command
  private let distort: (Completion) -> [Completion]

  init(
    _ inner: any Backbone, tamper: @escaping (Command) -> Command,
    distort: @escaping (Completion) -> [Completion]
  ) {
    self.inner = inner
    self.tamper = tamper
    self.distort = distort
  }

  var capabilities: Capabilities { inner.capabilities }
  var usage: BackboneUsage { inner.usage }

  private func change(_ outbox: inout Outbox, from first: Int) {
    let answers = Array(outbox.completions[first...])
    outbox.completions.removeSubrange(first...)
    for answer in answers { outbox.completions.append(contentsOf: distort(answer)) }
  }

  func handle(_ command: Command, at now: Instant, outbox: inout Outbox) {
    let first = outbox.completions.count
    inner.handle(tamper(command), at: now, outbox: &outbox)
    change(&outbox, from: first)
  }

  func handle(_ event: BackboneEvent, at now: Instant, outbox: inout Outbox) {
    let first = outbox.completions.count
    inner.handle(event, at: now, outbox: &outbox)
    change(&outbox, from: first)
  }

  func control(
    _ action: NodeAction, node: Int, at now: Instant, outbox: inout Outbox
  ) -> NodeOutcome {
    let first = outbox.completions.count
    let done = inner.control(action, node: node, at: now, outbox: &outbox)
    change(&outbox, from: first)
    return done
  }
}
