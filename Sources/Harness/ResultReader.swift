import Backbones
import Bytes
import Engines
import History
import Model
import Queries

/// Reads the result stream back, as a consumer of the results would, and writes down what it was
/// given. What is judged is what it saw.
struct ResultReader {
  private let client = ClientID(.reader, 0)
  private let history: HistoryWriter
  private let committedOnly: Bool
  private var positions: [Int64]
  private var ends: [Int64]?
  private(set) var rows: UInt64 = 0

  init(partitions: Int, committedOnly: Bool, history: HistoryWriter) {
    self.history = history
    self.committedOnly = committedOnly
    positions = Array(repeating: 0, count: partitions)
  }

  func start(_ outbox: inout [Command]) {
    for partition in positions.indices { poll(partition, &outbox) }
  }

  private func poll(_ partition: Int, _ outbox: inout [Command]) {
    outbox.append(
      .poll(
        client, .results, partition: partition, offset: positions[partition],
        committedOnly: committedOnly))
  }

  mutating func take(
    _ partition: Int, _ deliveries: [Delivery], next: Int64, at now: Instant,
    _ outbox: inout [Command]
  ) {
    for delivery in deliveries { record(delivery, partition, at: now) }
    positions[partition] = next
    poll(partition, &outbox)
  }

  private mutating func record(_ delivery: Delivery, _ partition: Int, at now: Instant) {
    var rows: [RowSummary] = []
    let batch = delivery.batch
    for index in delivery.first..<batch.count {
      do throws(DecodingError) {
        rows.append(try ResultRow(decoding: batch.value(index)).summary)
      } catch {
        history.begin(.undecodable, at: now)
        history.number(0)
        history.number(UInt64(partition))
        history.number(UInt64(delivery.baseOffset + Int64(index)))
        history.text("a result row that does not decode: \(error)")
      }
    }
    if rows.isEmpty { return }
    self.rows &+= UInt64(rows.count)
    history.begin(.observed, at: now)
    history.number(UInt64(partition))
    history.number(UInt64(delivery.baseOffset + Int64(delivery.first)))
    history.number(UInt64(rows.count))
    for row in rows { history.row(row) }
  }

  /// The stream ends here.
  mutating func finish(at offsets: [Int64]) { ends = offsets }

  /// True once everything up to the end was read.
  var isDone: Bool {
    guard let ends else { return false }
    for partition in ends.indices where positions[partition] < ends[partition] { return false }
    return true
  }
}
