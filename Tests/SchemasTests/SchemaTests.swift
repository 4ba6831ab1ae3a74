import Draws
import Schemas
import Testing

/// Fingerprints published with the Avro specification (its shared test data), as signed numbers.
private let published: [(schema: String, canonical: String, fingerprint: Int64)] = [
  (#""null""#, #""null""#, 7_195_948_357_588_979_594),
  (#"{"type": "boolean"}"#, #""boolean""#, -6_970_731_678_124_411_036),
  (#"{"type": "int"}"#, #""int""#, 8_247_732_601_305_521_295),
  (#" "long" "#, #""long""#, -3_434_872_931_120_570_953),
  (#""float""#, #""float""#, 5_583_340_709_985_441_680),
  (#""double""#, #""double""#, -8_181_574_048_448_539_266),
  (
    #"{"type": "bytes", "logicalType": "decimal", "precision": 4}"#, #""bytes""#,
    5_746_618_253_357_095_269
  ),
  (#""string""#, #""string""#, -8_142_146_995_180_207_161),
  ("[ ]", "[]", -1_241_056_759_729_112_623),
  (#"[ {"type":"int"} ]"#, #"["int"]"#, -5_232_228_896_498_058_493),
  (#"["int", {"type": "boolean"}]"#, #"["int","boolean"]"#, 5_392_556_393_470_105_090),
  (
    #"{"type": "record", "doc": "d", "aliases": ["bar"], "name": "foo", "fields": []}"#,
    #"{"name":"foo","type":"record","fields":[]}"#, -4_824_392_279_771_201_922
  ),
  (
    #"{"type": "record", "namespace": "x.y", "name": "foo", "fields": []}"#,
    #"{"name":"x.y.foo","type":"record","fields":[]}"#, 5_916_914_534_497_305_771
  ),
  (
    #"{"type": "record", "namespace": "x.y", "name": "a.b.foo", "fields": []}"#,
    #"{"name":"a.b.foo","type":"record","fields":[]}"#, -4_616_218_487_480_524_110
  ),
  (
    #"{"name":"foo","type":"record","fields":[{"type":"boolean","order":"ignore","name":"f1"}]}"#,
    #"{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"}]}"#,
    7_843_277_075_252_814_651
  ),
  (
    #"""
    {"type": "record", "name": "foo", "fields": [
      {"name": "f1", "default": true, "type": "boolean"},
      {"name": "f2", "doc": "d", "type": "int"}]}
    """#,
    #"{"name":"foo","type":"record","fields":[{"name":"f1","type":"boolean"},"#
      + #"{"name":"f2","type":"int"}]}"#, -4_860_222_112_080_293_046
  ),
  (
    #"{"symbols": ["A1"], "name": "foo", "type": "enum"}"#,
    #"{"name":"foo","type":"enum","symbols":["A1"]}"#, -6_342_190_197_741_309_591
  ),
  (
    #"{"symbols": ["A1", "A2"], "default": "A2", "name": "x.y.z.foo", "type": "enum"}"#,
    #"{"name":"x.y.z.foo","type":"enum","symbols":["A1","A2"]}"#, -4_448_647_247_586_288_245
  ),
  (
    #"{"size": 15, "name": "foo", "type": "fixed"}"#,
    #"{"name":"foo","type":"fixed","size":15}"#, 1_756_455_273_707_447_556
  ),
  (
    #"{"size": 32, "name": "foo", "namespace": "x.y.z", "type": "fixed"}"#,
    #"{"name":"x.y.z.foo","type":"fixed","size":32}"#, -3_064_184_465_700_546_786
  ),
  (
    #"{"items": {"type": "null"}, "type": "array"}"#, #"{"type":"array","items":"null"}"#,
    -589_620_603_366_471_059
  ),
  (
    #"{"values": "string", "type": "map"}"#, #"{"type":"map","values":"string"}"#,
    -8_732_877_298_790_414_990
  ),
  (
    #"""
    {"type": "record", "name": "PigValue",
     "fields": [{"type": ["null", "int", "long", "PigValue"], "name": "value"}]}
    """#,
    #"{"name":"PigValue","type":"record","fields":[{"name":"value","#
      + #""type":["null","int","long","PigValue"]}]}"#, -1_759_257_747_318_642_341
  ),
]

/// A schema that is refused, what the message has to say, and the nearest one that is taken.
private let twins: [(bad: String, says: String, good: String)] = [
  (#"{"type":"record","fields":[]}"#, "name", #"{"type":"record","name":"R","fields":[]}"#),
  (#"{"type":"record","name":"R"}"#, "fields", #"{"type":"record","name":"R","fields":[]}"#),
  (
    #"{"type":"record","name":"1R","fields":[]}"#, "1R",
    #"{"type":"record","name":"R1","fields":[]}"#
  ),
  (
    #"{"type":"record","name":"a..R","fields":[]}"#, "a..R",
    #"{"type":"record","name":"a.R","fields":[]}"#
  ),
  (
    #"{"type":"fixed","name":"int","size":1}"#, "int", #"{"type":"fixed","name":"a.int","size":1}"#
  ),
  (#"{"type":"fixed","name":"F","size":-1}"#, "size", #"{"type":"fixed","name":"F","size":0}"#),
  (
    #"{"type":"enum","name":"E","symbols":["A","A"]}"#, "twice",
    #"{"type":"enum","name":"E","symbols":["A","B"]}"#
  ),
  (
    #"{"type":"enum","name":"E","symbols":["A-B"]}"#, "A-B",
    #"{"type":"enum","name":"E","symbols":["A_B"]}"#
  ),
  (
    #"{"type":"enum","name":"E","symbols":["A"],"default":"B"}"#, "default",
    #"{"type":"enum","name":"E","symbols":["A"],"default":"A"}"#
  ),
  (#"["int","int"]"#, "twice", #"["int","long"]"#),
  (#"["int",["long"]]"#, "union", #"["int","long"]"#),
  (
    #"[{"type":"array","items":"int"},{"type":"array","items":"long"}]"#, "twice",
    #"[{"type":"array","items":"int"},{"type":"map","values":"long"}]"#
  ),
  (#"{"type":"array"}"#, "items", #"{"type":"array","items":"int"}"#),
  (#"{"type":"map","values":"Nothing"}"#, "Nothing", #"{"type":"map","values":"null"}"#),
  (#"{"type":"error","name":"E","fields":[]}"#, "not in this version", #""null""#),
  (#"{"type":{"type":"int"}}"#, "type", #"{"type":"int"}"#),
  (
    #"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":2}]"#, "twice",
    #"[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"a.F","size":2}]"#
  ),
  (
    #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#,
    "two fields",
    #"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"b","type":"int"}]}"#
  ),
  (#"{"type":"int","type":"int"}"#, "second member", #"{"type":"int","tipe":"int"}"#),
  (#"{"type":"int","x":01}"#, "begins with 0", #"{"type":"int","x":0.1e+5}"#),
  (#"{"type":"int","x":-}"#, "digits", #"{"type":"int","x":-0}"#),
  (#"{"type":"int","x":"\ud83d"}"#, "surrogate", #"{"type":"int","x":"\ud83d\ude00"}"#),
  (#"{"type":"int","x":"\u+123"}"#, "escape", #"{"type":"int","x":"\u0123"}"#),
]

/// A default that does not fit, and one that does.
private let defaults: [(type: String, bad: String, good: String)] = [
  ("\"int\"", "2147483648", "-2147483648"), ("\"long\"", "1.0", "9223372036854775807"),
  ("\"double\"", "\"1\"", "1"), ("\"boolean\"", "0", "false"), ("\"null\"", "0", "null"),
  ("\"string\"", "1", "\"1\""), ("\"bytes\"", #""\u0100""#, #""\u00ff""#),
  ("[\"null\",\"int\"]", "\"x\"", "7"), (#"{"type":"array","items":"int"}"#, "[null]", "[1]"),
  (#"{"type":"map","values":"int"}"#, "[]", #"{"a":1}"#),
  (#"{"type":"enum","name":"E","symbols":["A"]}"#, "\"B\"", "\"A\""),
  (#"{"type":"fixed","name":"F","size":2}"#, "\"a\"", "\"ab\""),
  (
    #"{"type":"record","name":"S","fields":[{"name":"x","type":"int"}]}"#, "{}", #"{"x":1}"#
  ),
]

private func record(_ type: String, default value: String) -> String {
  #"{"type":"record","name":"R","fields":[{"name":"f","type":\#(type),"default":\#(value)}]}"#
}

@Suite struct SchemaTests {
  @Test func `canonical forms and fingerprints are those that were published`() throws {
    for example in published {
      let schema = try Schema.parse(example.schema)
      #expect(schema.canonicalForm == example.canonical)
      #expect(Int64(bitPattern: schema.fingerprint) == example.fingerprint, "\(example.canonical)")
      #expect(try Schema.parse(example.canonical).canonicalForm == example.canonical)
    }
  }

  @Test func `each rule for schemas refuses one that breaks it and takes the nearest`() throws {
    for twin in twins {
      #expect { try Schema.parse(twin.bad) } throws: { error in
        (error as? SchemaError)?.message.contains(twin.says) == true
      }
      _ = try Schema.parse(twin.good)
    }
    for twin in defaults {
      #expect(throws: SchemaError.self, "\(twin)") {
        try Schema.parse(record(twin.type, default: twin.bad))
      }
      _ = try Schema.parse(record(twin.type, default: twin.good))
      _ = try Schema.parse(record(twin.type, default: twin.bad), checkingDefaults: false)
    }
  }

  @Test func `names are read in their namespaces`() throws {
    let schema = try Schema.parse(
      #"""
      {"type": "record", "name": "a.Outer", "aliases": ["Old", "b.Older"], "fields": [
        {"name": "x", "type": {"type": "fixed", "name": "Inner", "size": 1}},
        {"name": "y", "type": "Inner"}, {"name": "z", "type": "a.Inner"},
        {"name": "w", "type": {"type": "fixed", "name": "Bare", "namespace": "", "size": 2}},
        {"name": "v", "type": "Bare"}]}
      """#)
    #expect(schema.definitions.map(\.name.description) == ["a.Outer", "a.Inner", "Bare"])
    #expect(schema.definitions[0].aliases.map(\.description) == ["a.Old", "b.Older"])
    guard case .record(let fields) = schema.definitions[0].shape else { return }
    #expect(fields.map(\.type) == [.named(1), .named(1), .named(1), .named(2), .named(2)])
    #expect(try Schema.parse(schema.text()) == schema)
  }

  @Test func `the whole text keeps what the canonical form drops`() throws {
    let text =
      #"{"type":"record","name":"R","aliases":["Q"],"fields":[{"name":"t","type":{"type":"long","#
      + #""logicalType":"timestamp-millis"},"default":0,"aliases":["u"],"doc":"é \"\\\u0001"}],"#
      + #""doc":"d","b":{"y":1,"x":[null,true]},"a":1.50}"#
    let schema = try Schema.parse(text)
    #expect(schema.text() == text)
    let sorted = #""a":1.50,"b":{"x":[null,true],"y":1},"doc":"d"}"#
    #expect(schema.text(normalised: true).hasSuffix(sorted))
    #expect(
      schema.canonicalForm == #"{"name":"R","type":"record","fields":[{"name":"t","type":"long"}]}"#
    )
  }

  @Test func `a recursive default that stands for endless values is refused`() throws {
    let text = { (value: String) in
      #"{"type":"record","name":"R","fields":["#
        + #"{"name":"a","type":["null","R"],"default":\#(value)},"#
        + #"{"name":"b","type":["null","R"],"default":\#(value)}]}"#
    }
    #expect(throws: SchemaError.self) {
      try Schema.parse(text("{}").replacing(#"["null","R"]"#, with: "\"R\""))
    }
    _ = try Schema.parse(text("null"))
  }

  @Test func `random and damaged schemas are refused or read, and printed the same again`() throws {
    let draws = DrawFamily(seed: 61, component: "schemas", purpose: "damage").stream(0)
    var counter: UInt64 = 0
    func below(_ bound: Int) -> Int {
      counter += 1
      return Int(draws.below(UInt64(bound), counter))
    }
    let sources = published.map { Array($0.schema.utf8) } + twins.map { Array($0.good.utf8) }
    let alphabet = Array(#"{}[]",:\u0123eE.-+ntypeintfieldsnamesymbols"#.utf8)
    var read = 0
    for _ in 0..<3_000 {
      var bytes = sources[below(sources.count)]
      for _ in 0..<below(3) where !bytes.isEmpty {
        let at = below(bytes.count)
        switch below(4) {
        case 0: bytes.remove(at: at)
        case 1: bytes.insert(alphabet[below(alphabet.count)], at: at)
        case 2: bytes[at] = UInt8(below(256))
        default: bytes.removeSubrange(at...)
        }
      }
      do throws(SchemaError) {
        let schema = try Schema.parse(String(decoding: bytes, as: UTF8.self))
        read += 1
        #expect(try Schema.parse(schema.text()) == schema)
        #expect(resolve(reader: schema, writer: schema).isEmpty)
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
    #expect(read > 100)
  }
}
