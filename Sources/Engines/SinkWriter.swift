import Backbones
import Bytes
import History
import Model
import Queries

/// Writes result rows to the result stream: in the open transaction, or outside of any. Rows that
/// come out while a commit is under way wait for the next transaction, since one producer has one
/// transaction at a time.
struct SinkWriter {
  enum Phase: Equatable {
    case closed
    case open
    /// A checkpoint was taken; rows of before are on their way.
    case flushing
    /// The commit was asked for.
    case committing
  }

  private let client = ClientID(.sink, 0)
  private let partitions: Int
  private let isTransactional: Bool
  private let history: HistoryWriter
  private(set) var phase = Phase.closed
  /// Number of the open transaction; numbers rise over restarts.
  private(set) var transaction: UInt64 = 0
  /// Rows handed over and not yet acknowledged.
  private(set) var outstanding = 0
  private var waiting: [(task: Int, rows: [ResultRow])] = []
  private var sequence: UInt64 = 0

  init(partitions: Int, isTransactional: Bool, history: HistoryWriter) {
    self.partitions = partitions
    self.isTransactional = isTransactional
    self.history = history
  }

  /// Opens the next transaction, or just the stream; what waited goes out.
  mutating func open(at now: Instant, _ outbox: inout EngineOutbox) {
    phase = .open
    if isTransactional {
      transaction += 1
      history.begin(.transactionBegan, at: now)
      history.number(transaction)
    }
    let rows = waiting
    waiting.removeAll()
    for (task, rows) in rows { write(rows, task: task, at: now, &outbox) }
  }

  mutating func write(
    _ rows: [ResultRow], task: Int, at now: Instant, _ outbox: inout EngineOutbox
  ) {
    if rows.isEmpty { return }
    if phase != .open && isTransactional {
      waiting.append((task, rows))
      return
    }
    record(rows, task: task, at: now)
    var batches: [RecordBatch?] = Array(repeating: nil, count: partitions)
    var writer = ByteWriter(capacity: 256)
    for row in rows {
      writer.removeAll()
      writer.append(row.key)
      row.encode(into: &writer)
      let key = row.key.withUnsafeBytes { murmur2($0) }
      let partition = Int(key & 0x7fff_ffff) % partitions
      let batch =
        batches[partition]
        ?? RecordBatch(
          source: UInt32(task), partition: Int32(partition), capacity: rows.count,
          byteCapacity: rows.count * 64)
      batches[partition] = batch
      let bytes = writer.bytes
      batch.append(
        sequence: sequence, intendedAt: now.ns,
        keyAndValue: bytes.baseAddress!.assumingMemoryBound(to: UInt8.self),
        keyLength: UInt16(row.key.count), valueLength: bytes.count - row.key.count)
      sequence += 1
    }
    let ready = batches.compactMap { $0 }
    outstanding += rows.count
    outbox.commands.append(
      .submit(client, .results, ready, transaction: isTransactional ? transaction : 0))
  }

  private func record(_ rows: [ResultRow], task: Int, at now: Instant) {
    history.begin(.emitted, at: now)
    history.number(UInt64(task))
    history.number(isTransactional ? transaction : 0)
    history.number(UInt64(rows.count))
    for row in rows { history.row(row.summary) }
  }

  mutating func acknowledged(_ rows: Int) { outstanding -= rows }

  mutating func flush() { phase = .flushing }

  mutating func commit() { phase = .committing }

  /// The process died: what waited is lost, and what is under way is no concern of the next one.
  mutating func crash() {
    phase = .closed
    outstanding = 0
    waiting.removeAll()
  }
}

extension ResultRow {
  /// What the history keeps of the row.
  public var summary: RowSummary {
    RowSummary(
      key: key, valueDigest: valueDigest, evidenceCount: evidence.count,
      evidenceSum: evidence.sum, evidenceXor: evidence.xor, lineage: lineage)
  }
}
