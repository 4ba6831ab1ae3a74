import CRdKafka
import CShim

/// A record of a topic. The memory of key, value and headers is valid while the visitor runs.
public struct TopicRecord {
  public var partition: Int32
  public var offset: Int64
  /// Milliseconds since 1970, as the producer or the broker stamped it; nil without a stamp.
  public var milliseconds: Int64?
  public var key: UnsafeRawBufferPointer?
  public var value: UnsafeRawBufferPointer?
  fileprivate var message: UnsafeMutablePointer<rd_kafka_message_t>

  /// Names and values in their order; a value may be absent.
  public var headers: [(name: String, value: [UInt8]?)] {
    var list: OpaquePointer?
    guard rd_kafka_message_headers(message, &list) == RD_KAFKA_RESP_ERR_NO_ERROR, let list else {
      return []
    }
    var headers: [(name: String, value: [UInt8]?)] = []
    var name: UnsafePointer<CChar>?
    var value: UnsafeRawPointer?
    var size = 0
    while rd_kafka_header_get_all(list, headers.count, &name, &value, &size)
      == RD_KAFKA_RESP_ERR_NO_ERROR, let found = name
    {
      let bytes = value.map { Array(UnsafeRawBufferPointer(start: $0, count: size)) }
      headers.append((String(cString: found), bytes))
    }
    return headers
  }
}

/// Reads every partition of a topic that is there already, for recording it. Joins no group,
/// commits nothing, creates nothing.
public final class TopicReader {
  /// The offsets that a partition had when the reader was opened, for readers of committed records.
  public struct Extent: Hashable, Sendable {
    public var first: Int64
    /// One behind the last.
    public var end: Int64
  }

  /// By partition.
  public let extents: [Extent]
  private let handle: ClientHandle
  private let topic: String
  private let queue: OpaquePointer
  private let messages: UnsafeMutablePointer<UnsafeMutablePointer<rd_kafka_message_t>?>
  /// Where each partition goes on; what lies between records counts as passed.
  public private(set) var positions: [Int64] = []
  private var isStarted = false
  private static let recordsAtOnce = 4096

  /// Connects and asks for the extents. `options` are those of librdkafka and win over Weir's.
  public init(
    bootstrap: String, topic: String, options: [KafkaOption] = []
  ) throws(KafkaProblem) {
    self.topic = topic
    let all =
      [
        KafkaOption("bootstrap.servers", bootstrap), KafkaOption("client.id", "weir-record"),
        KafkaOption("enable.auto.commit", "false"),
        KafkaOption("enable.partition.eof", "true"),
        KafkaOption("auto.offset.reset", "error"), KafkaOption("fetch.wait.max.ms", "100"),
        KafkaOption("queued.max.messages.kbytes", "65536"),
        KafkaOption("isolation.level", "read_committed"),
      ] + options
    let handle = try ClientConfiguration(all).open(RD_KAFKA_CONSUMER)
    do throws(KafkaProblem) {
      extents = try Self.extents(handle, topic, bootstrap)
    } catch {
      handle.destroy()
      throw error
    }
    self.handle = handle
    guard let queue = rd_kafka_queue_new(handle.pointer) else {
      preconditionFailure("librdkafka has no memory for a queue")
    }
    self.queue = queue
    messages = .allocate(capacity: Self.recordsAtOnce)
    messages.initialize(repeating: nil, count: Self.recordsAtOnce)
    positions = extents.map(\.first)
  }

  deinit { messages.deallocate() }

  private static func extents(
    _ handle: ClientHandle, _ topic: String, _ bootstrap: String
  ) throws(KafkaProblem) -> [Extent] {
    let names = try topicNames(handle, bootstrap)
    guard let found = names.first(where: { $0.name == topic }) else {
      throw KafkaProblem(
        "the cluster at \(bootstrap) has no topic '\(topic)', but "
          + (names.isEmpty ? "none at all" : names.map(\.name).sorted().joined(separator: ", ")))
    }
    var extents: [Extent] = []
    for partition in 0..<found.partitions {
      var extent = Extent(first: 0, end: 0)
      var tries = 0
      while true {
        let code = rd_kafka_query_watermark_offsets(
          handle.pointer, topic, Int32(partition), &extent.first, &extent.end, 5_000)
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { break }
        tries += 1
        if tries == 4 {
          throw KafkaProblem(
            "partition \(partition) of \(topic) cannot be asked for its offsets: "
              + name(of: code), isUnavailable: true)
        }
      }
      extents.append(extent)
    }
    return extents
  }

  private static func topicNames(
    _ handle: ClientHandle, _ bootstrap: String
  ) throws(KafkaProblem) -> [(name: String, partitions: Int)] {
    var found: UnsafePointer<rd_kafka_metadata>?
    let code = rd_kafka_metadata(handle.pointer, 1, nil, &found, 10_000)
    guard code == RD_KAFKA_RESP_ERR_NO_ERROR, let found else {
      throw KafkaProblem(
        "no broker answers at \(bootstrap) within 10 s: \(name(of: code))", isUnavailable: true)
    }
    defer { rd_kafka_metadata_destroy(found) }
    return (0..<Int(found.pointee.topic_cnt)).map { index in
      let topic = found.pointee.topics[index]
      return (String(cString: topic.topic), Int(topic.partition_cnt))
    }
  }

  /// Begins to read, each partition from its offset on. Once.
  public func start(at offsets: [Int64]) {
    precondition(offsets.count == extents.count && !isStarted, "one offset a partition, once")
    isStarted = true
    positions = offsets
    for (partition, offset) in offsets.enumerated() {
      rd_kafka_consume_start_queue(handle.topic(topic), Int32(partition), offset, queue)
    }
  }

  /// Hands over what comes within the time, until `visit` returns false; the rest is then let go.
  /// Returns false when nothing came, not even the news that a partition has no more.
  public func read(
    within milliseconds: Int32, visit: (TopicRecord) throws(KafkaProblem) -> Bool
  ) throws(KafkaProblem) -> Bool {
    let count = rd_kafka_consume_batch_queue(queue, milliseconds, messages, Self.recordsAtOnce)
    if count <= 0 { return false }
    var isWanted = true
    var failed: KafkaProblem?
    var hasNews = false
    for index in 0..<count {
      guard let message = messages[index] else { continue }
      defer { rd_kafka_message_destroy(message) }
      if !isWanted || failed != nil { continue }
      do throws(KafkaProblem) {
        switch try take(message, visit) {
        case .news: hasNews = true
        case .nothing: break
        case .enough: isWanted = false
        }
      } catch {
        failed = error
      }
    }
    if let failed { throw failed }
    return hasNews
  }

  private enum Taken { case news, nothing, enough }

  private func take(
    _ message: UnsafeMutablePointer<rd_kafka_message_t>,
    _ visit: (TopicRecord) throws(KafkaProblem) -> Bool
  ) throws(KafkaProblem) -> Taken {
    let record = message.pointee
    let partition = Int(record.partition)
    switch record.err {
    case RD_KAFKA_RESP_ERR_NO_ERROR: break
    case RD_KAFKA_RESP_ERR__PARTITION_EOF:
      // The end may lie behind control records, which no reader is given.
      if positions.indices.contains(partition) {
        positions[partition] = max(positions[partition], record.offset)
      }
      return .news
    case RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
      RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION,
      RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
      throw KafkaProblem(
        "partition \(partition) of \(topic) cannot be read further: \(name(of: record.err))",
        isUnavailable: true)
    // Connections come and go; librdkafka tries again by itself.
    default: return .nothing
    }
    guard positions.indices.contains(partition), record.offset >= positions[partition] else {
      return .nothing
    }
    var kind = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE
    let stamp = rd_kafka_message_timestamp(message, &kind)
    let isStamped = kind != RD_KAFKA_TIMESTAMP_NOT_AVAILABLE && stamp >= 0
    let isWanted = try visit(
      TopicRecord(
        partition: record.partition, offset: record.offset,
        milliseconds: isStamped ? stamp : nil,
        key: record.key.map { UnsafeRawBufferPointer(start: $0, count: record.key_len) },
        value: record.payload.map { UnsafeRawBufferPointer(start: $0, count: record.len) },
        message: message))
    positions[partition] = record.offset + 1
    return isWanted ? .news : .enough
  }

  /// Ends the client; nothing may be asked of it afterwards.
  public func close() {
    if isStarted {
      for partition in extents.indices {
        rd_kafka_consume_stop(handle.topic(topic), Int32(partition))
      }
    }
    rd_kafka_queue_destroy(queue)
    handle.destroy()
  }
}
