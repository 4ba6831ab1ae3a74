import CRdKafka
import KafkaBackbone
import Testing

/// A record for a topic of a test.
struct FedRecord {
  var partition: Int32
  var key: [UInt8]?
  var value: [UInt8]?
  var milliseconds: Int64
  var headers: [(name: String, value: [UInt8]?)] = []
}

/// Writes records into a topic and waits until they are there.
func feed(_ bootstrap: String, _ topic: String, _ records: [FedRecord]) throws {
  var text = [CChar](repeating: 0, count: 512)
  let configuration = rd_kafka_conf_new()
  rd_kafka_conf_set_log_cb(configuration) { _, _, _, _ in }
  rd_kafka_conf_set(configuration, "bootstrap.servers", bootstrap, &text, text.count)
  let producer = try #require(
    rd_kafka_new(RD_KAFKA_PRODUCER, configuration, &text, text.count))
  defer { rd_kafka_destroy(producer) }
  for record in records { try send(producer, topic, record) }
  #expect(rd_kafka_flush(producer, 30_000) == RD_KAFKA_RESP_ERR_NO_ERROR)
}

private func send(_ producer: OpaquePointer, _ topic: String, _ record: FedRecord) throws {
  let headers = rd_kafka_headers_new(record.headers.count)
  for header in record.headers {
    rd_kafka_header_add(
      headers, header.name, -1, header.value ?? [], header.value?.count ?? 0)
    if header.value == nil {
      rd_kafka_header_remove(headers, header.name)
      rd_kafka_header_add(headers, header.name, -1, nil, 0)
    }
  }
  var (key, value) = (record.key ?? [], record.value ?? [])
  let failed = topic.withCString { topic in
    key.withUnsafeMutableBytes { key in
      value.withUnsafeMutableBytes { value in
        var fields = [rd_kafka_vu_t](repeating: rd_kafka_vu_t(), count: 7)
        fields[0].vtype = RD_KAFKA_VTYPE_TOPIC
        fields[0].u.cstr = topic
        fields[1].vtype = RD_KAFKA_VTYPE_PARTITION
        fields[1].u.i32 = record.partition
        fields[2].vtype = RD_KAFKA_VTYPE_KEY
        fields[2].u.mem.ptr = record.key == nil ? nil : key.baseAddress
        fields[2].u.mem.size = key.count
        fields[3].vtype = RD_KAFKA_VTYPE_VALUE
        fields[3].u.mem.ptr = record.value == nil ? nil : value.baseAddress
        fields[3].u.mem.size = value.count
        fields[4].vtype = RD_KAFKA_VTYPE_TIMESTAMP
        fields[4].u.i64 = record.milliseconds
        fields[5].vtype = RD_KAFKA_VTYPE_HEADERS
        fields[5].u.headers = headers
        fields[6].vtype = RD_KAFKA_VTYPE_MSGFLAGS
        fields[6].u.i = RD_KAFKA_MSG_F_COPY
        return rd_kafka_produceva(producer, fields, fields.count)
      }
    }
  }
  #expect(failed == nil)
  if let failed { rd_kafka_error_destroy(failed) }
}

/// Reads a topic to its end and hands over everything.
func readToEnd(_ reader: TopicReader, from offsets: [Int64]? = nil) throws -> [ReadRecord] {
  reader.start(at: offsets ?? reader.extents.map(\.first))
  var found: [ReadRecord] = []
  var idle = 0
  while idle < 300, !zip(reader.positions, reader.extents).allSatisfy({ $0 >= $1.end }) {
    let isNews = try reader.read(within: 100) { (record) throws(KafkaProblem) in
      found.append(ReadRecord(record))
      return true
    }
    idle = isNews ? 0 : idle + 1
  }
  return found
}

/// A copy of a record that was read.
struct ReadRecord {
  var partition: Int32
  var offset: Int64
  var milliseconds: Int64?
  var key: [UInt8]?
  var value: [UInt8]?
  var headers: [(name: String, value: [UInt8]?)]

  init(_ record: TopicRecord) {
    partition = record.partition
    offset = record.offset
    milliseconds = record.milliseconds
    key = record.key.map(Array.init)
    value = record.value.map(Array.init)
    headers = record.headers
  }
}
