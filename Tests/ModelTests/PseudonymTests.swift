import Bytes
import Testing

@Suite struct PseudonymTests {
  private func hexadecimal(_ bytes: [UInt8]) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  /// Cases 1 and 6 of RFC 4231: a short key, and one longer than a block.
  @Test func `the authentication code is HMAC-SHA-256`() throws {
    let short = try #require(PseudonymKey([UInt8](repeating: 0x0b, count: 20)))
    #expect(
      hexadecimal(short.authentication(of: Array("Hi There".utf8)))
        == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")
    let long = try #require(PseudonymKey([UInt8](repeating: 0xaa, count: 131)))
    let text = "Test Using Larger Than Block-Size Key - Hash Key First"
    #expect(
      hexadecimal(long.authentication(of: Array(text.utf8)))
        == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
  }

  @Test func `equal values are equal, others differ, and so does every key`() throws {
    let key = try #require(PseudonymKey(Array("0123456789abcdef".utf8)))
    let other = try #require(PseudonymKey(Array("0123456789abcdeg".utf8)))
    let value = Array("4711".utf8)
    #expect(key.text(for: value) == key.text(for: value) && key.text(for: value).count == 32)
    #expect(key.text(for: value) != key.text(for: Array("4712".utf8)))
    #expect(key.text(for: value) != other.text(for: value) && key.check != other.check)
    #expect(key.number(for: value) >= 0 && key.number(for: value) < 1 << 62)
    #expect(PseudonymKey(Array("0123456789abcde".utf8)) == nil)
  }
}
