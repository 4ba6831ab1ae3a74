import Commands
import Testing

@Suite struct JSONTests {
  @Test func `what is written reads back the same`() throws {
    let value = JSONValue.object([
      ("text", .string("a\"b\\c\n\u{1}\u{e9}\u{1F600}")), ("count", .integer(-5)),
      ("measure", .decimal("1.25e-3")), ("list", .array([.bool(true), .null, .array([])])),
      ("empty", .object([])),
    ])
    let text = value.render()
    #expect(try JSONValue(parsing: text).render() == text)
    #expect(try JSONValue(parsing: "\"\\ud83d\\ude00\\u00e9\"").text == "\u{1F600}\u{e9}")
  }

  @Test(arguments: [
    "", "{", "[1,]", "{\"a\" 1}", "tru", "01x", "\"\\x\"", "\"\u{1}\"", "1 2", "\"\\ud800\"", "-",
    "{\"a\":1,}", "\"\\u+123\"", "[", "nul", "\"",
  ]) func `what is no JSON is refused`(text: String) {
    #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
  }

  @Test func `deep and damaged documents end in an error or a value`() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
    let text = Array(
      JSONValue.object([("a", .array([.string("b\u{e9}"), .integer(12)]))]).render())
    for cut in text.indices {
      _ = try? JSONValue(parsing: String(text[..<cut]))
      var other = text
      other[cut] = "}"
      _ = try? JSONValue(parsing: String(other))
    }
  }
}
