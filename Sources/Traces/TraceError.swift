/// Why a trace cannot be written or read: which file, which block, which bytes, and what is wrong
/// there.
public struct TraceError: Error, Hashable, Sendable {
  public enum Reason: Hashable, Sendable {
    /// The system refused: cannot be opened, read, written, renamed.
    case file
    /// The file does not begin as a trace does, or has a later version of the format.
    case notATrace
    /// The file ends inside a frame, or without its index.
    case truncated
    /// Bytes do not agree with their checksum or with the format.
    case damaged
    /// What was asked for cannot be done with this trace.
    case request
  }

  public var reason: Reason
  public var file: String
  /// From 0; nil when the mistake is in no block.
  public var block: Int?
  /// The bytes that cannot be trusted; nil when no bytes are meant.
  public var bytes: Range<UInt64>?
  /// What was found, in one line without a final full stop.
  public var message: String

  public init(
    _ reason: Reason, file: String, block: Int? = nil, bytes: Range<UInt64>? = nil,
    message: String
  ) {
    self.reason = reason
    self.file = file
    self.block = block
    self.bytes = bytes
    self.message = message
  }

  /// One line for people: place, what was found.
  public var text: String {
    var place = file
    if let block { place += ": block \(block)" }
    if let bytes {
      place += " (bytes \(grouped(bytes.lowerBound)) to \(grouped(bytes.upperBound)))"
    }
    return "\(place): \(message)"
  }
}

/// 1234567 as 1,234,567.
func grouped(_ number: some BinaryInteger) -> String {
  let digits = String(number.magnitude)
  var out = number < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { out.append(",") }
    out.append(digit)
  }
  return out
}
