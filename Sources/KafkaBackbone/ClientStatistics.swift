/// What a client of librdkafka says of itself now and then, as JSON: the few figures of it that a
/// run reports.
package struct ClientStatistics: Hashable, Sendable {
  /// Requests sent to brokers, repeated ones included.
  package var requests: UInt64 = 0
  /// Requests sent again.
  package var retries: UInt64 = 0

  package init() {}

  /// Reads the text of the library: `tx` of the whole client, `txretries` of each broker. Nil when
  /// it is no such text.
  package init?(_ text: UnsafeRawBufferPointer) {
    var depth = 0
    var index = 0
    var name: Range<Int>?
    var hasRequests = false
    while index < text.count {
      switch text[index] {
      case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
      case UInt8(ascii: "\""):
        guard let end = Self.end(ofTextAt: index, in: text) else { return nil }
        name = index + 1..<end
        index = end
      case UInt8(ascii: ":"):
        guard let key = name else { return nil }
        name = nil
        let word = UnsafeRawBufferPointer(rebasing: text[key])
        if depth == 1 && word.elementsEqual("tx".utf8) {
          requests = Self.number(after: index, in: text)
          hasRequests = true
        } else if word.elementsEqual("txretries".utf8) {
          retries &+= Self.number(after: index, in: text)
        }
      default: break
      }
      index += 1
    }
    if !hasRequests || depth != 0 { return nil }
  }

  /// Where the text that begins at a quote ends.
  private static func end(ofTextAt start: Int, in text: UnsafeRawBufferPointer) -> Int? {
    var index = start + 1
    while index < text.count {
      if text[index] == UInt8(ascii: "\"") { return index }
      index += text[index] == UInt8(ascii: "\\") ? 2 : 1
    }
    return nil
  }

  private static func number(after colon: Int, in text: UnsafeRawBufferPointer) -> UInt64 {
    var index = colon + 1
    var value: UInt64 = 0
    while index < text.count && text[index] == UInt8(ascii: " ") { index += 1 }
    while index < text.count, (0x30...0x39).contains(text[index]) {
      value = value &* 10 &+ UInt64(text[index] - 0x30)
      index += 1
    }
    return value
  }
}
