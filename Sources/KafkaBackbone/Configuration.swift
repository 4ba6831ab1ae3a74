import CRdKafka
import Glibc

/// Why something cannot be done with Kafka, in words for the user.
public struct KafkaProblem: Error, Hashable, Sendable {
  public var message: String
  /// True when it is Kafka that is not there or not ready, false when the request is wrong.
  public var isUnavailable: Bool

  public init(_ message: String, isUnavailable: Bool = false) {
    self.message = message
    self.isUnavailable = isUnavailable
  }
}

/// One option of a client or a broker, as it is written.
public struct KafkaOption: Hashable, Sendable {
  public var name: String
  public var value: String
  /// The value is never shown.
  public var isSecret: Bool

  public init(_ name: String, _ value: String, isSecret: Bool = false) {
    self.name = name
    self.value = value
    self.isSecret = isSecret
  }
}

/// What a client of librdkafka is made with. Later options win over earlier ones.
struct ClientConfiguration {
  var options: [KafkaOption]

  init(_ options: [KafkaOption]) { self.options = options }

  /// Makes the client. `events` are those of `rd_kafka_conf_set_events`.
  func open(_ kind: rd_kafka_type_t, events: Int32 = 0) throws(KafkaProblem) -> ClientHandle {
    let configuration = rd_kafka_conf_new()
    var text = [CChar](repeating: 0, count: 512)
    for option in options {
      let result = rd_kafka_conf_set(
        configuration, option.name, option.value, &text, text.count)
      if result != RD_KAFKA_CONF_OK {
        rd_kafka_conf_destroy(configuration)
        // The value may be a secret, and librdkafka may repeat it.
        throw KafkaProblem(
          option.isSecret
            ? "the value of \(option.name) is refused by librdkafka"
            : "\(option.name)=\(option.value): \(message(text))")
      }
    }
    rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
    rd_kafka_conf_set_events(configuration, events | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_STATS)
    guard let client = rd_kafka_new(kind, configuration, &text, text.count) else {
      rd_kafka_conf_destroy(configuration)
      throw KafkaProblem("a client cannot be made: \(message(text))")
    }
    return ClientHandle(client)
  }

  private func message(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

/// A client of librdkafka, whose functions may be called from every thread.
///
/// Unchecked: the pointer is that of a thread-safe object, and is let go once, by `destroy`.
final class ClientHandle: @unchecked Sendable {
  let pointer: OpaquePointer
  private var topics: [(name: String, pointer: OpaquePointer)] = []
  private var queues: [OpaquePointer] = []
  /// As the client told it last; only for the thread that takes its events.
  private(set) var statistics = ClientStatistics()

  init(_ pointer: OpaquePointer) { self.pointer = pointer }

  /// Waits for the threads of the client. What it has not sent is given up, as by a process that
  /// ends; called once, by the last user. A member of a group that says nothing ends as one that is
  /// killed: the group finds out by its silence.
  func destroy(says: Bool = true) {
    for queue in queues {
      rd_kafka_queue_io_event_enable(queue, -1, nil, 0)
      rd_kafka_queue_destroy(queue)
    }
    for topic in topics { rd_kafka_topic_destroy(topic.pointer) }
    rd_kafka_destroy_flags(pointer, says ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
  }

  /// Takes note of an event that is not for its user.
  func note(_ event: OpaquePointer) {
    guard rd_kafka_event_type(event) == RD_KAFKA_EVENT_STATS,
      let text = rd_kafka_event_stats(event)
    else { return }
    let bytes = UnsafeRawBufferPointer(start: text, count: strlen(text))
    if let told = ClientStatistics(bytes) { statistics = told }
  }

  /// The topic object of this client; only from the thread that owns the client.
  func topic(_ name: String) -> OpaquePointer {
    if let known = topics.first(where: { $0.name == name }) { return known.pointer }
    guard let topic = rd_kafka_topic_new(pointer, name, nil) else {
      preconditionFailure("librdkafka has no memory for a topic")
    }
    topics.append((name, topic))
    return topic
  }

  /// The queue of the client's events; writes to the descriptor when it stops being empty.
  func mainQueue(wake: Int32) -> OpaquePointer {
    guard let queue = rd_kafka_queue_get_main(pointer) else {
      preconditionFailure("every client has a main queue")
    }
    return keep(queue, wake)
  }

  /// The queue of what a consumer group tells its member.
  func consumerQueue(wake: Int32) -> OpaquePointer {
    guard let queue = rd_kafka_queue_get_consumer(pointer) else {
      preconditionFailure("every consumer has a queue")
    }
    return keep(queue, wake)
  }

  /// The queue of records of a partition that a group has assigned.
  func partitionQueue(_ topic: String, _ partition: Int32, wake: Int32) -> OpaquePointer {
    guard let queue = rd_kafka_queue_get_partition(pointer, topic, partition) else {
      preconditionFailure("every partition of a consumer has a queue")
    }
    // By itself, and not through the queue of the consumer.
    rd_kafka_queue_forward(queue, nil)
    return keep(queue, wake)
  }

  /// A queue for records of this client.
  func newQueue(wake: Int32) -> OpaquePointer {
    guard let queue = rd_kafka_queue_new(pointer) else {
      preconditionFailure("librdkafka has no memory for a queue")
    }
    return keep(queue, wake)
  }

  private func keep(_ queue: OpaquePointer, _ wake: Int32) -> OpaquePointer {
    var one: UInt64 = 1
    rd_kafka_queue_io_event_enable(queue, wake, &one, MemoryLayout<UInt64>.size)
    queues.append(queue)
    return queue
  }
}

/// The name of an error of librdkafka or of Kafka: `_MSG_TIMED_OUT`, `NOT_ENOUGH_REPLICAS`.
func name(of code: rd_kafka_resp_err_t) -> String { String(cString: rd_kafka_err2name(code)) }

/// What an error object says; the object is let go.
struct TransactionError {
  var text: String
  var isFatal: Bool
  var isRetriable: Bool
  var needsAbort: Bool

  init(taking error: OpaquePointer) {
    text = String(cString: rd_kafka_error_name(error))
    isFatal = rd_kafka_error_is_fatal(error) != 0
    isRetriable = rd_kafka_error_is_retriable(error) != 0
    needsAbort = rd_kafka_error_txn_requires_abort(error) != 0
    rd_kafka_error_destroy(error)
  }
}
