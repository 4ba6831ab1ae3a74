import Bytes
import Schemas
import Testing

/// Records without what is dropped, and with pseudonyms; of every type, and of damaged bytes.
@Suite struct FieldMaskTests {
  static let schemaText = """
    {"type":"record","name":"Payment","fields":[
      {"name":"card","type":"long"},
      {"name":"holder","type":"string","default":"nobody"},
      {"name":"note","type":["null","string"]},
      {"name":"country","type":{"type":"enum","name":"Country","symbols":["CH","FR"]}},
      {"name":"token","type":{"type":"fixed","name":"Token","size":4}},
      {"name":"amount","type":"double"},
      {"name":"tags","type":{"type":"array","items":"string"}},
      {"name":"more","type":{"type":"map","values":"int"}},
      {"name":"home","type":"Country"},
      {"name":"at","type":{"type":"long","logicalType":"timestamp-micros"}}]}
    """

  private func key() throws -> PseudonymKey {
    try #require(PseudonymKey(Array("a key of many bytes".utf8)))
  }

  private func text(_ writer: inout ByteWriter, _ text: String) {
    writer.signed(Int64(text.utf8.count))
    writer.append(Array(text.utf8))
  }

  /// A record of the schema above.
  private func record(card: Int64 = 4711, note: String? = "secret note") -> [UInt8] {
    var out = ByteWriter()
    out.signed(card)
    text(&out, "Ada")
    out.signed(note == nil ? 0 : 1)
    if let note { text(&out, note) }
    out.signed(1)
    out.append([1, 2, 3, 4])
    out.word(0x3ff0_0000_0000_0000)
    out.signed(-2)
    out.signed(4)
    text(&out, "a")
    text(&out, "b")
    out.signed(0)
    out.signed(1)
    text(&out, "k")
    out.signed(7)
    out.signed(0)
    out.signed(0)
    out.signed(5_000)
    return out.array()
  }

  private func mask(
    _ fates: [String: FieldFate], time: String? = nil
  ) throws -> FieldMask {
    try FieldMask(try Schema.parse(Self.schemaText), timeField: time) { fates[$0] ?? .drop }
  }

  private func apply(_ mask: FieldMask, _ bytes: [UInt8]) throws -> ([UInt8], Int64?) {
    var out = ByteWriter()
    let key = try key()
    let time = try bytes.withUnsafeBytes { bytes in
      try mask.apply(to: bytes, key: key, into: &out)
    }
    return (out.array(), time)
  }

  @Test func `kept fields keep their bytes, and the schema only them`() throws {
    let mask = try mask(["card": .keep, "amount": .keep], time: "at")
    let (bytes, time) = try apply(mask, record())
    var wanted = ByteWriter()
    wanted.signed(4711)
    wanted.word(0x3ff0_0000_0000_0000)
    #expect(bytes == wanted.array())
    #expect(time == 5_000_000)
    #expect(
      mask.schema.canonicalForm
        == #"{"name":"Payment","type":"record","fields":[{"name":"card","type":"long"},"#
        + #"{"name":"amount","type":"double"}]}"#)
    #expect(mask.counts == (2, 0, 8))
  }

  @Test func `a type that is defined in a dropped field is defined where it is used next`() throws {
    let mask = try mask(["home": .keep])
    #expect(mask.schema.canonicalForm.contains(#""symbols":["CH","FR"]"#))
    _ = try Schema.parse(mask.schema.text())
    #expect(try apply(mask, record()).0 == [0])
  }

  @Test func `pseudonyms have a type of their own and are the same for the same value`() throws {
    let all: [String: FieldFate] = [
      "card": .pseudonym, "holder": .pseudonym, "note": .pseudonym, "country": .pseudonym,
      "token": .pseudonym,
    ]
    let mask = try mask(all)
    let key = try key()
    let (bytes, _) = try apply(mask, record())
    var wanted = ByteWriter()
    wanted.signed(key.number(for: Array("4711".utf8)))
    for value in ["Ada", "secret note", "FR"] {
      if value == "secret note" { wanted.signed(1) }
      wanted.signed(32)
      wanted.append(key.text(for: Array(value.utf8)))
    }
    wanted.signed(16)
    wanted.append(key.bytes(for: [1, 2, 3, 4]))
    #expect(bytes == wanted.array())
    let (null, _) = try apply(mask, record(note: nil))
    #expect(null.count == bytes.count - 33)
    let form = mask.schema.canonicalForm
    #expect(form.contains(#"{"name":"country","type":"string"}"#) && !form.contains("CH"))
    #expect(!mask.schema.text().contains("nobody"), "a default is a value too")
  }

  @Test func `what cannot have a pseudonym or a time is refused by name`() throws {
    for name in ["amount", "tags", "more"] {
      let error = #expect(throws: SchemaError.self) { try mask([name: .pseudonym]) }
      #expect(error?.message.contains("field \(name)") == true)
    }
    for name in ["holder", "nowhere"] {
      let error = #expect(throws: SchemaError.self) { try mask([:], time: name) }
      #expect(error?.message.contains(name) == true)
    }
    #expect(throws: SchemaError.self) {
      try FieldMask(try Schema.parse(#""string""#)) { _ in .keep }
    }
  }

  /// Every cut is refused; whatever a flipped bit makes of it, nothing crashes, and what is dropped
  /// is not written.
  @Test func `damaged records are refused or masked`() throws {
    let mask = try mask(["card": .keep, "holder": .pseudonym, "tags": .keep])
    let whole = record()
    for count in 0..<whole.count {
      #expect(throws: DecodingError.self) { try apply(mask, Array(whole[..<count])) }
    }
    #expect(throws: DecodingError.self) { try apply(mask, whole + [0]) }
    var refused = 0
    for bit in 0..<whole.count * 8 {
      var flipped = whole
      flipped[bit / 8] ^= 1 << UInt8(bit % 8)
      do {
        let (bytes, _) = try apply(mask, flipped)
        #expect(!contains(bytes, Array("secret".utf8)))
      } catch {
        refused += 1
      }
    }
    #expect(refused > whole.count)
  }

  private func contains(_ bytes: [UInt8], _ part: [UInt8]) -> Bool {
    bytes.indices.dropLast(part.count - 1).contains { bytes[$0...].starts(with: part) }
  }

  @Test func `of JSON only the named members are left`() throws {
    let key = try key()
    let fates: [String: FieldFate] = ["a": .keep, "b": .pseudonym, "c": .pseudonym]
    func masked(_ text: String) -> String? {
      Array(text.utf8).withUnsafeBytes { bytes in
        maskedJSON(bytes, key: key) { fates[$0] ?? .drop }
      }
    }
    let name = String(decoding: key.text(for: Array("Ada".utf8)), as: UTF8.self)
    let number = key.number(for: Array("7".utf8))
    #expect(
      masked(#" {"x":1,"a":{"deep":[1,2]},"b":"Ada","c":7} "#)
        == #"{"a":{"deep":[1,2]},"b":"\#(name)","c":\#(number)}"#)
    #expect(masked(#"{"b":null,"c":1.5}"#) == #"{"b":null}"#)
    for damaged in ["", "[1]", "{\"a\":1", "{\"a\":1,\"a\":2}", "\u{0}", "{\"a\":1}x"] {
      #expect(masked(damaged) == nil, "\(damaged)")
    }
  }
}
