import Bytes
import Model

/// Reads the key of pseudonyms from where the command line says: `env:NAME` or `file:PATH`. One
/// line end at the end of a file does not count. The key is never told in a message.
func readPseudonymKey(_ text: String) throws(Problems) -> PseudonymKey {
  var bytes: [UInt8]
  if text.hasPrefix("env:") {
    let name = String(text.dropFirst(4))
    guard let value = variable(name) else {
      throw failure("--key: the environment variable \(name) is not set")
    }
    bytes = Array(value.utf8)
  } else if text.hasPrefix("file:") {
    bytes = try Files.read(String(text.dropFirst(5)), limit: 1 << 16)
    if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
    if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
  } else {
    throw failure(
      "--key names neither a variable nor a file",
      hint: "write env:NAME or file:PATH, so that the key stands in no command line")
  }
  guard let key = PseudonymKey(bytes) else {
    throw failure(
      "--key: \(bytes.count) bytes are too few, \(PseudonymKey.leastBytes) are the least",
      hint: "make one: head -c 32 /dev/urandom > key.bin, then --key file:key.bin")
  }
  return key
}
