import CRdKafka
import Glibc

/// The names of all options that librdkafka knows for producers or for consumers, as the library
/// itself tells them, sorted.
public func clientOptionNames(ofProducers: Bool) -> [String] {
  var text: UnsafeMutablePointer<CChar>?
  var size = 0
  guard let file = open_memstream(&text, &size) else { return [] }
  rd_kafka_conf_properties_show(file)
  fclose(file)
  defer { free(text) }
  guard let text else { return [] }
  let other = ofProducers ? "C" : "P"
  var names: Set<String> = []
  for line in String(cString: text).split(separator: "\n") {
    let cells = line.split(separator: "|").map { cell in
      cell.split(separator: " ").joined(separator: " ")
    }
    guard cells.count >= 3, ["*", "P", "C"].contains(cells[1]), cells[1] != other,
      let name = cells.first, !name.isEmpty
    else { continue }
    names.insert(name)
  }
  return names.sorted()
}

/// Tries options on a configuration that is thrown away; says what is wrong with the first bad one.
public func checkClientOptions(_ options: [KafkaOption]) throws(KafkaProblem) {
  let configuration = rd_kafka_conf_new()
  defer { rd_kafka_conf_destroy(configuration) }
  var text = [CChar](repeating: 0, count: 512)
  for option in options
  where rd_kafka_conf_set(configuration, option.name, option.value, &text, text.count)
    != RD_KAFKA_CONF_OK
  {
    let reason = String(
      decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    throw KafkaProblem("\(option.name): '\(option.value)' is refused by librdkafka: \(reason)")
  }
}

/// Version of librdkafka, such as "2.0.2".
public var clientLibraryVersion: String { String(cString: rd_kafka_version_str()) }
