/// One class of anomalies: what it is called, what it means, and whether this version looks for it.
public struct AnomalyClass: Hashable, Sendable {
  /// A letter for the part (L log, T transactions, C consumers, E engine, S sink, D data, V
  /// liveness) and a number.
  public var id: String
  /// In kebab-case.
  public var name: String
  /// One line without full stop.
  public var definition: String
  public var isChecked: Bool

  public init(id: String, name: String, definition: String, isChecked: Bool) {
    self.id = id
    self.name = name
    self.definition = definition
    self.isChecked = isChecked
  }
}

/// Every class, in the order of reports.
public let catalogue: [AnomalyClass] =
  logClasses + transactionClasses + consumerClasses + engineClasses + sinkClasses + dataClasses

/// The class with this id, nil when there is none.
public func anomalyClass(_ id: String) -> AnomalyClass? { catalogue.first { $0.id == id } }

private func checked(_ id: String, _ name: String, _ definition: String) -> AnomalyClass {
  AnomalyClass(id: id, name: name, definition: definition, isChecked: true)
}

private func later(_ id: String, _ name: String, _ definition: String) -> AnomalyClass {
  AnomalyClass(id: id, name: name, definition: definition, isChecked: false)
}

private let logClasses: [AnomalyClass] = [
  checked(
    "L1", "inconsistent-offsets",
    "an event was acknowledged at one offset and read at another, or one offset holds two events"),
  checked("L2", "duplicate", "one event stands at two offsets of the log"),
  checked(
    "L3", "lost-write",
    "an event was acknowledged and is not in the log, although it was read past that place"),
  checked("L4", "unseen", "an event was acknowledged and not read by the end of the run"),
  later("L5", "int-poll-skip", "one poll jumps over a record of its partition"),
  later("L6", "int-nonmonotonic-poll", "one poll goes back in its partition"),
  later("L7", "poll-skip", "a reader's next poll jumps over a record"),
  checked(
    "L8", "nonmonotonic-poll",
    "a reader's next poll goes back, although it was not restored"),
  later("L9", "int-send-skip", "records of others stand between two sends of one transaction"),
  later("L10", "int-nonmonotonic-send", "two sends of one transaction land in reverse order"),
  later("L11", "nonmonotonic-send", "a later send of one producer lands before an earlier one"),
  checked("L12", "phantom", "a record was read that was never sent"),
  checked(
    "L13", "offset-regress-on-append",
    "a send is answered with an offset not above one acknowledged before it began"),
  checked(
    "L14", "reorder",
    "records of one source stand in a partition in another order than they were sent"),
  later("L15", "stale-end", "a reader is told an end of the log that is long out of date"),
  later(
    "L16", "truncated-tail",
    "records that were acknowledged and read are gone for a later reader"),
]

private let transactionClasses: [AnomalyClass] = [
  checked(
    "T1", "aborted-read",
    "something was read that only a failed send or an aborted transaction wrote"),
  later(
    "T2", "precommitted-read",
    "a transaction reads what it wrote itself before it was committed"),
  later("T3", "write-cycle", "two transactions wrote to two partitions in opposite orders"),
  later("T4", "circular-information-flow", "transactions read each other's writes in a circle"),
  later(
    "T5", "cycle-with-order",
    "a circle of writes and reads together with session or real-time order"),
  later("T6", "torn-transaction", "part of a transaction is visible and part is not"),
  later(
    "T7", "fractured-read",
    "a read sees part of a transaction on partitions it has read fully"),
  later("T8", "zombie-write", "a write of a fenced producer became visible"),
  later("T9", "hanging-transaction", "an open transaction without owner holds readers back"),
  later("T10", "wrong-transaction-decision", "a decision for one transaction decided another"),
  later(
    "T11", "offset-output-break",
    "input positions and outputs of one step were not committed together"),
  later("T12", "epoch-overflow", "epochs of one transactional producer do not rise"),
  checked("T13", "decision-flip", "one transaction was decided both ways"),
]

private let consumerClasses: [AnomalyClass] = [
  checked("C1", "committed-too-far", "a position was committed past what had been processed"),
  checked("C2", "offset-regress", "a committed position went down"),
  checked("C3", "restart-loss", "the engine's reader jumped over records, which nobody read"),
  checked("C4", "restart-duplicate", "records were read again after a restart"),
  later("C5", "abort-without-rewind", "after an abort the reader did not go back to its start"),
  later("C6", "split-ownership", "two members owned one partition at once"),
  later("C7", "ownership-hole", "a partition had no owner for too long"),
  later("C8", "redelivery-after-ack", "an acknowledged delivery came again"),
  later("C9", "redelivery-beyond-bound", "a message came more often than its failures explain"),
  later("C10", "early-redelivery", "a message came again while it was still held"),
  later("C11", "redelivered-flag-wrong", "a repeat was marked as first delivery, or the reverse"),
  later("C12", "stale-ack-accepted", "the acknowledgement of an old delivery was accepted"),
  later("C13", "order-break-after-redelivery", "a redelivery broke the order of its key"),
  later("C14", "dead-letter-loss", "a message left the queue and did not reach the dead letters"),
  later("C15", "dead-letter-duplicate", "a message is in the dead letters and was processed too"),
  later("C16", "queue-loss", "a drained queue lacks a message, or has one too many"),
  later("C17", "lost-by-position", "losses by where they lie in the order of their writer"),
  later("C18", "flutter", "an element was absent after it had been acknowledged, and came back"),
  later("C19", "shard-order-break", "a child shard was read before its parent ended"),
  later("C20", "lease-overlap", "two workers checkpointed one shard at once"),
]

private let engineClasses: [AnomalyClass] = [
  checked(
    "E1", "wrong-result",
    "a result was computed from the right events and has the wrong value"),
  checked("E2", "missing-result", "a result is due and did not come"),
  checked("E3", "phantom-result", "a result came that is not due"),
  checked("E4", "over-or-under-count", "a result was computed from too many or too few events"),
  checked(
    "E5", "illegal-late-drop",
    "an event was dropped as late although the recorded watermark does not prove it"),
  checked("E6", "late-change", "an event beyond the lateness changed a final result"),
  checked("E7", "watermark-regress", "the watermark of a running task went down"),
  checked("E8", "watermark-too-eager", "a watermark ran ahead of what had been read"),
  checked("E9", "window-membership", "an event is in the wrong windows"),
  later("E10", "sequence-break", "the sequence of a key has a gap or a repeat inside the engine"),
  later("E11", "stale-restore", "the state restored is not that of the checkpoint named"),
  later("E12", "partial-checkpoint", "a complete checkpoint lacks a part, or is not one cut"),
  later("E13", "barrier-overtaking", "a record behind the barrier is in the snapshot"),
  later("E14", "state-loss-at-rescale", "state of a key group was lost or doubled at a rescale"),
  checked("E15", "timer-loss", "a timer did not fire, or fired twice"),
  later("E16", "non-idempotent-retry", "a repeated batch has other contents"),
  checked("E17", "join-miss", "a pair of a join is missing or doubled"),
]

private let sinkClasses: [AnomalyClass] = [
  checked("S1", "sink-lost", "a result was handed to the sink and never seen there"),
  checked("S2", "sink-duplicate", "a result was seen twice at the sink and is due once"),
  checked("S3", "sink-double-commit", "one result was committed in two transactions"),
  checked("S4", "in-doubt-abandoned", "a transaction of a complete checkpoint was never committed"),
  later("S5", "orphan-left-open", "a transaction without checkpoint was left open"),
  checked(
    "S6", "commit-before-checkpoint",
    "a transaction was to be committed before its checkpoint was complete"),
  checked("S7", "sink-reorder", "results of one key stand in another order than they were made"),
  later(
    "S8", "acknowledged-source-unwritten-sink",
    "an input position was committed before its results were durable"),
]

private let dataClasses: [AnomalyClass] = [
  checked("D1", "corrupt", "the digest of values read differs from that of the values sent"),
  checked("D2", "schema-corrupt", "a record does not decode under its schema"),
  later("D3", "misrouted", "a record stands in another partition than its key belongs to"),
  later("D4", "truncated-record", "a record was cut or two were merged"),
  later("D5", "timestamp-altered", "a record's timestamp was changed"),
  later("D6", "compression-differs", "a record differs after compression and back"),
  later("D7", "header-loss", "a record lost its headers"),
  later("D8", "clock-skew-window", "an event was put into a window by a skewed clock"),
  later("D9", "key-collision", "keys of two tenants fell together"),
  later("V1", "no-progress", "nothing succeeded for too long after all faults were healed"),
  later("V2", "stuck-consumer", "the backlog grows while polls return nothing"),
  later("V3", "stuck-producer", "a producer gets no answers any more"),
  later("V4", "poison-loop", "one message is redelivered without bound"),
  later("V5", "slow-recovery", "recovery took longer than its bound"),
  later("V6", "metastable", "the load is back to normal and the latency is not"),
  later("V7", "unbounded-growth", "memory or a queue grows without bound"),
  later("V8", "unfair", "one key waits far longer than the others"),
  later("V9", "coordinated-omission", "the harness waited for the system when it should have sent"),
  checked("V10", "job-ended", "a job of the user ended although nothing had been asked of it"),
]
