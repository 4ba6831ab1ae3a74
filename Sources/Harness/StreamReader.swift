import Backbones
import Bytes
import Engines
import History
import Model
import Queries

/// Reads a stream back from its beginning, as a consumer of it would, and writes down what it was
/// given. What is judged is what it saw.
struct StreamReader {
  /// What stands in the stream, and so in the history.
  enum Content {
    /// Rows of Weir's own engine.
    case rows
    /// Records of a job of the user, kept as they are.
    case output
    /// The events of the run.
    case events
  }

  let client: ClientID
  private let topic: Topic
  private let content: Content
  private let history: HistoryWriter
  private let committedOnly: Bool
  private var positions: [Int64]
  private var ends: [Int64]?

  init(
    _ content: Content, partitions: Int, committedOnly: Bool, history: HistoryWriter
  ) {
    self.content = content
    self.history = history
    self.committedOnly = committedOnly
    switch content {
    case .rows, .output: (client, topic) = (ClientID(.reader, 0), .results)
    case .events: (client, topic) = (ClientID(.reader, 1), .input)
    }
    positions = Array(repeating: 0, count: partitions)
  }

  func start(_ outbox: inout [Command]) {
    for partition in positions.indices { poll(partition, &outbox) }
  }

  private func poll(_ partition: Int, _ outbox: inout [Command]) {
    outbox.append(
      .poll(
        client, topic, partition: partition, offset: positions[partition],
        committedOnly: committedOnly))
  }

  mutating func take(
    _ partition: Int, _ deliveries: [Delivery], next: Int64, at now: Instant,
    _ outbox: inout [Command]
  ) {
    for delivery in deliveries {
      switch content {
      case .rows: recordRows(delivery, partition, at: now)
      case .output: recordOutput(delivery, partition, at: now)
      case .events: recordEvents(delivery, partition, at: now)
      }
    }
    positions[partition] = next
    // Behind the end of the events stand those that only close windows.
    if case .events = content, isDone { return }
    poll(partition, &outbox)
  }

  private func recordRows(_ delivery: Delivery, _ partition: Int, at now: Instant) {
    var rows: [RowSummary] = []
    let batch = delivery.batch
    for index in delivery.first..<batch.count {
      do throws(DecodingError) {
        rows.append(try ResultRow(decoding: batch.value(index)).summary)
      } catch {
        refuse(
          partition, delivery.baseOffset + Int64(index),
          "a result row that does not decode: \(error)", at: now)
      }
    }
    if rows.isEmpty { return }
    history.begin(.observed, at: now)
    history.number(UInt64(partition))
    history.number(UInt64(delivery.baseOffset + Int64(delivery.first)))
    history.number(UInt64(rows.count))
    for row in rows { history.row(row) }
  }

  private func refuse(_ partition: Int, _ offset: Int64, _ reason: String, at now: Instant) {
    history.begin(.undecodable, at: now)
    history.number(0)
    history.number(UInt64(partition))
    history.number(UInt64(offset))
    history.text(reason)
  }

  private func recordOutput(_ delivery: Delivery, _ partition: Int, at now: Instant) {
    let batch = delivery.batch
    for index in delivery.first..<batch.count {
      let key = batch.key(index)
      history.begin(.output, at: now)
      history.number(UInt64(partition))
      history.number(UInt64(delivery.baseOffset + Int64(index)))
      history.number(key == nil ? 0 : 1)
      history.bytes(key.map { [UInt8]($0) } ?? [])
      history.bytes([UInt8](batch.value(index)))
    }
  }

  private func recordEvents(_ delivery: Delivery, _ partition: Int, at now: Instant) {
    let batch = delivery.batch
    var last = batch.count
    if let ends { last = min(last, Int(max(0, ends[partition] - delivery.baseOffset))) }
    if delivery.first >= last { return }
    if batch.source == .max {
      for index in delivery.first..<last {
        refuse(
          partition, delivery.baseOffset + Int64(index), "no identity is found in it", at: now)
      }
      return
    }
    var sum: UInt64 = 0
    for index in delivery.first..<last { sum &+= digest64(batch.value(index)) }
    history.begin(.readBack, at: now)
    history.number(0)
    history.number(UInt64(partition))
    history.number(UInt64(delivery.baseOffset + Int64(delivery.first)))
    history.word(sum)
    history.run(of: batch, from: delivery.first, count: last - delivery.first)
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
