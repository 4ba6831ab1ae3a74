/// Base64 with padding, RFC 4648 section 4.
func base64(_ bytes: [UInt8]) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  var text: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let piece = bytes[start..<min(start + 3, bytes.count)]
    var word: UInt32 = 0
    for byte in piece { word = (word << 8) | UInt32(byte) }
    word <<= UInt32(8 * (3 - piece.count))
    for position in 0..<4 {
      let digit = Int((word >> UInt32(18 - 6 * position)) & 63)
      text.append(position <= piece.count ? alphabet[digit] : UInt8(ascii: "="))
    }
  }
  return String(decoding: text, as: UTF8.self)
}
