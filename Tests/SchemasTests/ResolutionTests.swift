import Schemas
import Testing

private typealias Reason = Incompatibility.Reason

private func record(_ fields: String, name: String = "R", more: String = "") -> String {
  #"{"type":"record","name":"\#(name)","fields":[\#(fields)]\#(more)}"#
}

private func enumeration(_ symbols: String, name: String = "E", more: String = "") -> String {
  let list = symbols.map { "\"\($0)\"" }.joined(separator: ",")
  return #"{"type":"enum","name":"\#(name)","symbols":[\#(list)]\#(more)}"#
}

private func found(_ reader: String, _ writer: String) throws -> [Incompatibility] {
  resolve(reader: try Schema.parse(reader), writer: try Schema.parse(writer))
}

/// A reader that cannot read the writer, why and where, and the nearest reader that can.
private struct Twin {
  var bad: String
  var good: String
  var writer: String
  var reason: Reason
  var path: String
}

private let twins = [
  Twin(bad: "\"int\"", good: "\"double\"", writer: "\"long\"", reason: .typeMismatch, path: "/"),
  Twin(bad: "\"null\"", good: "\"string\"", writer: "\"bytes\"", reason: .typeMismatch, path: "/"),
  Twin(
    bad: #"{"type":"array","items":"float"}"#, good: #"{"type":"array","items":"double"}"#,
    writer: #"{"type":"array","items":"double"}"#, reason: .typeMismatch, path: "/items"),
  Twin(
    bad: #"{"type":"map","values":"int"}"#, good: #"{"type":"map","values":"bytes"}"#,
    writer: #"{"type":"map","values":"string"}"#, reason: .typeMismatch, path: "/values"),
  Twin(
    bad: #"{"type":"fixed","name":"F","size":2}"#, good: #"{"type":"fixed","name":"F","size":1}"#,
    writer: #"{"type":"fixed","name":"x.F","size":1}"#, reason: .fixedSizeMismatch, path: "/"),
  Twin(
    bad: #"{"type":"fixed","name":"G","size":1,"aliases":["F"]}"#,
    good: #"{"type":"fixed","name":"G","size":1,"aliases":["x.F"]}"#,
    writer: #"{"type":"fixed","name":"x.F","size":1}"#, reason: .nameMismatch, path: "/"),
  Twin(
    bad: enumeration("A"), good: enumeration("CBA"), writer: enumeration("AB"),
    reason: .missingEnumSymbols, path: "/"),
  Twin(
    bad: enumeration("A"), good: enumeration("A", more: #","default":"A""#),
    writer: enumeration("AB"), reason: .missingEnumSymbols, path: "/"),
  Twin(
    bad: enumeration("A", name: "G"), good: enumeration("A", name: "G", more: #","aliases":["E"]"#),
    writer: enumeration("A"), reason: .nameMismatch, path: "/"),
  Twin(
    bad: record("", name: "Q"), good: record("", name: "other.R"), writer: record(""),
    reason: .nameMismatch, path: "/"),
  Twin(
    bad: record(#"{"name":"a","type":"int"}"#),
    good: record(#"{"name":"a","type":"int","default":1}"#), writer: record(""),
    reason: .fieldWithoutDefault, path: "/a"),
  Twin(
    bad: record(#"{"name":"a","type":\#(enumeration("A"))}"#),
    good: record(#"{"name":"a","type":\#(enumeration("A", more: #","default":"A""#))}"#),
    writer: record(""), reason: .fieldWithoutDefault, path: "/a"),
  Twin(
    bad: record(#"{"name":"b","type":"int"}"#),
    good: record(#"{"name":"b","type":"int","aliases":["a"]}"#),
    writer: record(#"{"name":"a","type":"int"}"#), reason: .fieldWithoutDefault, path: "/b"),
  Twin(
    bad: record(#"{"name":"c","type":"int","aliases":["a","b"]}"#),
    good: record(#"{"name":"c","type":"int","aliases":["a","d"]}"#),
    writer: record(#"{"name":"a","type":"int"},{"name":"b","type":"int"}"#),
    reason: .ambiguousAlias, path: "/c"),
  Twin(
    bad: "\"int\"", good: #"["null","int"]"#, writer: #"["null","int"]"#, reason: .typeMismatch,
    path: "/"),
  Twin(
    bad: #"["null","string"]"#, good: #"["null","double"]"#, writer: "\"int\"",
    reason: .missingUnionBranch, path: "/"),
  Twin(
    bad: #"["null","int"]"#, good: #"["string","int","null"]"#, writer: #"["null","string"]"#,
    reason: .missingUnionBranch, path: "/"),
  Twin(
    bad: enumeration("A"), good: record("", name: "E"), writer: record("", name: "E"),
    reason: .typeMismatch, path: "/"),
]

/// A change and whether the new schema reads the old one's data (backward), and the other way.
private struct Change {
  var old: String
  var new: String
  var backward: Bool
  var forward: Bool
}

private let base = #"{"name":"a","type":"int"}"#
private let changes = [
  Change(  // Add, and the other way round remove, a field with a default.
    old: record(base), new: record(base + #",{"name":"b","type":"int","default":0}"#),
    backward: true, forward: true),
  Change(  // Add a field without default.
    old: record(base), new: record(base + #",{"name":"b","type":"int"}"#), backward: false,
    forward: true),
  Change(  // Remove one.
    old: record(base + #",{"name":"b","type":"int"}"#), new: record(base), backward: true,
    forward: false),
  Change(  // Add a default to a field.
    old: record(base), new: record(#"{"name":"a","type":"int","default":1}"#), backward: true,
    forward: true),
  Change(
    old: record(base), new: record(#"{"name":"a","type":"long"}"#), backward: true,
    forward: false),
  Change(
    old: record(base), new: record(#"{"name":"a","type":["null","int"]}"#), backward: true,
    forward: false),
  Change(old: #"["null","int"]"#, new: #"["int"]"#, backward: false, forward: true),
  Change(old: enumeration("A"), new: enumeration("AB"), backward: true, forward: false),
  Change(
    old: enumeration("A", more: #","default":"A""#), new: enumeration("AB"), backward: true,
    forward: true),
  Change(old: enumeration("AB"), new: enumeration("A"), backward: false, forward: true),
  Change(
    old: enumeration("AB"), new: enumeration("A", more: #","default":"A""#), backward: true,
    forward: true),
  Change(
    old: record(base), new: record(#"{"name":"b","type":"int","aliases":["a"]}"#), backward: true,
    forward: false),
  Change(old: record(base), new: record(base, name: "S"), backward: false, forward: false),
  Change(
    old: record(base), new: record(base, name: "S", more: #","aliases":["R"]"#), backward: true,
    forward: false),
  Change(old: record(base), new: record(base, name: "n.R"), backward: true, forward: true),
  Change(
    old: record(base + #",{"name":"b","type":"long"}"#),
    new: record(
      #"{"name":"b","type":{"type":"long","logicalType":"timestamp-micros"}},"# + base,
      more: #","doc":"other""#), backward: true, forward: true),
]

@Suite struct ResolutionTests {
  @Test func `each rule finds a reader that breaks it and passes the nearest`() throws {
    for twin in twins {
      let bad = try found(twin.bad, twin.writer)
      #expect(bad.map(\.reason) == [twin.reason], "\(twin)")
      #expect(bad.map(\.path) == [twin.path], "\(twin)")
      #expect(try found(twin.good, twin.writer) == [], "\(twin)")
    }
  }

  @Test func `every primitive reads what it may and nothing else`() throws {
    let promoted = [
      "int": ["long", "float", "double"], "long": ["float", "double"], "float": ["double"],
      "string": ["bytes"], "bytes": ["string"],
    ]
    for writer in SchemaPrimitive.allCases.map(\.rawValue) {
      for reader in SchemaPrimitive.allCases.map(\.rawValue) {
        let may = reader == writer || promoted[writer]?.contains(reader) == true
        #expect(try found("\"\(reader)\"", "\"\(writer)\"").isEmpty == may, "\(writer) \(reader)")
      }
    }
  }

  @Test func `changes pass in the directions that registries tell`() throws {
    for change in changes {
      #expect(try found(change.new, change.old).isEmpty == change.backward, "\(change)")
      #expect(try found(change.old, change.new).isEmpty == change.forward, "\(change)")
    }
  }

  @Test func `all findings of a schema are told with their places`() throws {
    let inner = { (type: String) in record(#"{"name":"x","type":\#(type)}"#, name: "Inner") }
    let reader = record(
      #"{"name":"a","type":"int"},"#
        + #"{"name":"b","type":{"type":"array","items":\#(inner("\"int\""))}},"#
        + #"{"name":"c","type":"int"}"#)
    let writer = record(
      #"{"name":"a","type":"string"},"#
        + #"{"name":"b","type":{"type":"array","items":\#(inner("\"long\""))}}"#)
    #expect(try found(reader, writer).map(\.path) == ["/a", "/c", "/b/items/x"])
  }

  @Test func `recursive schemas end, and a fault in the circle is found`() throws {
    let list = { (type: String) in
      record(#"{"name":"next","type":["null","R"]},{"name":"x","type":\#(type)}"#)
    }
    #expect(try found(list("\"long\""), list("\"int\"")) == [])
    let bad = try found(list("\"int\""), list("\"long\""))
    #expect(bad.contains { $0.path == "/x" && $0.reason == .typeMismatch })
  }

  @Test func `a fault far down refutes a union that only a trial reached`() throws {
    // The reader's first branch is refuted late, by a record that both branches lean on.
    let schema = { (type: String) in
      #"[{"type":"record","name":"C","fields":[{"name":"x","type":\#(type)}]},"#
        + #"{"type":"record","name":"B","fields":[{"name":"c","type":"C"}]},"#
        + #"{"type":"record","name":"A","#
        + #""fields":[{"name":"b","type":"B"},{"name":"c","type":"C"}]}]"#
    }
    #expect(try found(schema("\"long\""), schema("\"int\"")) == [])
    let bad = try found(schema("\"int\""), schema("\"long\""))
    #expect(bad.count == 3)
    #expect(bad.allSatisfy { $0.reason == .missingUnionBranch })
  }

  @Test func `circles of different lengths end`() throws {
    // All records are called R, so that 13 times 11 pairs meet.
    let circle = { (length: Int, last: String, rest: String) in
      var next = "n0.R"
      for place in (0..<length).reversed() {
        let type = place == length - 1 ? last : rest
        let inner = place == length - 1 ? "\"\(next)\"" : next
        next =
          #"{"type":"record","name":"n\#(place).R","fields":[{"name":"x","type":"\#(type)"},"#
          + #"{"name":"next","type":["null",\#(inner)]}]}"#
      }
      return next
    }
    #expect(try found(circle(13, "long", "long"), circle(11, "int", "int")) == [])
    let bad = try found(circle(13, "int", "int"), circle(11, "long", "int"))
    #expect(!bad.isEmpty && bad.count <= 100)
  }
}
