import Draws
import Schemas
import Testing

private func record(_ fields: String...) -> String {
  let list = fields.map { "{\"name\":\($0)}" }.joined(separator: ",")
  return #"{"type":"record","name":"R","fields":[\#(list)]}"#
}

private let v1 = record(#""a","type":"int""#)
private let v2 = record(#""a","type":"int""#, #""b","type":"int","default":0"#)
private let v3 = record(#""a","type":"int""#, #""b","type":"int""#)
private let other = record(#""a","type":"string""#)

private func refuses(
  _ code: RegistryError.Code, _ body: () throws -> Void,
  at location: SourceLocation = #_sourceLocation
) {
  do {
    try body()
    Issue.record("nothing was refused, expected \(code)", sourceLocation: location)
  } catch {
    #expect((error as? RegistryError)?.code == code, "\(error)", sourceLocation: location)
  }
}

@Suite struct RegistryTests {
  @Test func `the same schema has one id, under one subject and under another`() throws {
    var registry = Registry()
    let first = try registry.register(v1, under: "s")
    #expect(first == SubjectVersion(subject: "s", version: 1, id: 1, isDeleted: false))
    let spaced = v1.replacing(",", with: " ,\n ")
    #expect(try registry.register(spaced, under: "s") == first)
    let second = try registry.register(v2, under: "s")
    #expect(second.id == 2 && second.version == 2)
    #expect(try registry.register(v2, under: "t").id == 2)
    #expect(try registry.register(v1, under: "s") == first, "an old version is found unchecked")
    #expect(try registry.uses(of: 2).map(\.subject) == ["s", "t"])
    #expect(registry.subjects() == ["s", "t"])
    #expect(registry.subjects(prefix: "t") == ["t"])
    #expect(try Schema.parse(try registry.text(1)) == (try registry.schema(1)))
    #expect(try registry.lookUp(v2, under: "s") == second)
    refuses(.schemaNotFound) { _ = try registry.lookUp(other, under: "s") }
    refuses(.subjectNotFound) { _ = try registry.lookUp(v1, under: "u") }
    refuses(.schemaNotFound) { _ = try registry.schema(3) }
  }

  @Test func `the order of attributes counts unless it is normalised`() throws {
    let one = #"{"type":"int","x":1,"y":2}"#
    let two = #"{"type":"int","y":2,"x":1}"#
    var registry = Registry()
    _ = try registry.register(one, under: "s")
    #expect(try registry.register(two, under: "s").version == 2)
    var normalised = Registry()
    _ = try normalised.register(one, under: "s", normalise: true)
    #expect(try normalised.register(two, under: "s", normalise: true).version == 1)
  }

  @Test func `a soft-deleted schema comes back as a new version with its old id`() throws {
    var registry = Registry()
    try registry.setLevel("NONE")
    for schema in [v1, v2, v3] { _ = try registry.register(schema, under: "s") }
    #expect(try registry.delete(.latest, of: "s") == 3)
    #expect(try registry.version(.latest, of: "s").version == 2)
    #expect(try registry.text(3) == Schema.parse(v3).text(), "old data stays readable")
    refuses(.versionNotFound) { _ = try registry.version(.number(3), of: "s") }
    #expect(try registry.version(.number(3), of: "s", deleted: true).isDeleted)
    refuses(.versionSoftDeleted) { _ = try registry.delete(.number(3), of: "s") }
    refuses(.versionNotSoftDeleted) {
      _ = try registry.delete(.number(2), of: "s", permanent: true)
    }
    let again = try registry.register(v3, under: "s")
    #expect(again.version == 4 && again.id == 3)
    #expect(try registry.versions(of: "s") == [1, 2, 4])
    #expect(try registry.versions(of: "s", deleted: true) == [1, 2, 3, 4])
    // Permanently deleted at the end, a number is given again.
    _ = try registry.delete(.number(4), of: "s")
    _ = try registry.delete(.number(4), of: "s", permanent: true)
    #expect(try registry.register(other, under: "s").version == 4)
  }

  @Test func `a subject is deleted softly, then permanently, and its ids with it`() throws {
    var registry = Registry()
    _ = try registry.register(v1, under: "s")
    _ = try registry.register(v2, under: "s")
    _ = try registry.register(v1, under: "t")
    try registry.setLevel("FULL", of: "s")
    refuses(.subjectNotFound) { _ = try registry.delete("u") }
    refuses(.subjectNotSoftDeleted) { _ = try registry.delete("s", permanent: true) }
    #expect(try registry.delete("s") == [1, 2])
    refuses(.subjectSoftDeleted) { _ = try registry.delete("s") }
    refuses(.levelNotConfigured) { _ = try registry.level(of: "s") }
    refuses(.subjectNotFound) { _ = try registry.versions(of: "s") }
    #expect(registry.subjects() == ["t"])
    #expect(registry.subjects(deleted: true) == ["s", "t"])
    #expect(try registry.uses(of: 2) == [])
    #expect(try registry.delete("s", permanent: true) == [1, 2])
    refuses(.schemaNotFound) { _ = try registry.schema(2) }
    _ = try registry.schema(1)
    #expect(try registry.register(v2, under: "s").id == 3, "ids are not given twice")
  }

  @Test func `only versions that are not deleted count, and transitive levels count them all`()
    throws
  {
    var registry = Registry()
    for schema in [v1, v2, v3] { _ = try registry.register(schema, under: "s") }
    // Each reads the one before; the third does not read the first.
    #expect(try registry.incompatibilities(of: v3, under: "s", version: .number(2)) == [])
    #expect(
      try registry.incompatibilities(of: v3, under: "s", version: .number(1)).map(\.path) == ["/b"])
    var strict = Registry()
    try strict.setLevel("BACKWARD_TRANSITIVE", of: "s")
    for schema in [v1, v2] { _ = try strict.register(schema, under: "s") }
    refuses(.incompatible) { _ = try strict.register(v3, under: "s") }
    #expect(!(try strict.incompatibilities(of: v3, under: "s")).isEmpty)
    _ = try strict.delete(.number(1), of: "s")
    #expect(try strict.incompatibilities(of: v3, under: "s") == [])
    #expect(try strict.register(v3, under: "s").version == 3)
    // Under BACKWARD, deleting the latest moves the check to the one before.
    refuses(.incompatible) { _ = try registry.register(other, under: "s") }
    for number in 1...3 { _ = try registry.delete(.number(number), of: "s") }
    #expect(try registry.register(other, under: "s").version == 4)
  }

  @Test func `a test of compatibility registers nothing`() throws {
    let registry = Registry()
    #expect(try registry.incompatibilities(of: v1, under: "s", version: .latest) == [])
    refuses(.versionNotFound) {
      _ = try registry.incompatibilities(of: v1, under: "s", version: .number(1))
    }
    refuses(.invalidSchema) {
      _ = try registry.incompatibilities(of: "{", under: "s", version: .latest)
    }
    #expect(registry == Registry())
  }

  @Test func `levels are a subject's own or the global one`() throws {
    var registry = Registry()
    #expect(registry.level == .backward)
    refuses(.levelNotConfigured) { _ = try registry.level(of: "s") }
    #expect(try registry.level(of: "s", defaultToGlobal: true) == .backward)
    refuses(.invalidLevel) { try registry.setLevel("backward") }
    try registry.setLevel("FULL", of: "s")
    try registry.setLevel("NONE")
    #expect(registry.level(inForceFor: "s") == .full)
    #expect(registry.level(inForceFor: "t") == .none)
    #expect(try registry.removeLevel(of: "s") == .full)
    #expect(registry.level(inForceFor: "s") == .none)
    refuses(.levelNotConfigured) { _ = try registry.removeLevel(of: "s") }
  }

  @Test func `modes allow and refuse writing`() throws {
    var registry = Registry()
    refuses(.invalidMode) { try registry.setMode("WRITE") }
    refuses(.modeNotConfigured) { _ = try registry.mode(of: "s") }
    _ = try registry.register(v1, under: "s")
    refuses(.operationNotPermitted) { _ = try registry.register(v2, under: "s", id: 9) }
    refuses(.invalidSchema) { _ = try registry.register(v2, under: "s", version: 3) }
    try registry.setMode("READONLY", of: "s")
    refuses(.operationNotPermitted) { _ = try registry.register(v2, under: "s") }
    refuses(.operationNotPermitted) { _ = try registry.delete("s") }
    refuses(.operationNotPermitted) { _ = try registry.delete(.latest, of: "s") }
    refuses(.operationNotPermitted) { try registry.setLevel("NONE", of: "s") }
    _ = try registry.register(v2, under: "t")
    #expect(try registry.removeMode(of: "s") == .readOnly)
    try registry.setMode("READWRITE", of: "s")
    try registry.setMode("READONLY_OVERRIDE")
    refuses(.operationNotPermitted) { _ = try registry.register(v2, under: "s") }
    try registry.setMode("READWRITE")
    refuses(.operationNotPermitted) { try registry.setMode("IMPORT", of: "s") }
    try registry.setMode("IMPORT", of: "s", force: true)
    refuses(.operationNotPermitted) { _ = try registry.register(other, under: "s") }
    refuses(.operationNotPermitted) {
      _ = try registry.register(other, under: "s", id: 1, version: 7)
    }
    refuses(.idDoesNotMatch) { _ = try registry.register(v1, under: "s", id: 5, version: 1) }
    let imported = try registry.register(other, under: "s", id: 70, version: 7)
    #expect(imported.id == 70 && imported.version == 7)
    #expect(try registry.register("\"int\"", under: "u").id == 71)
  }

  @Test func `what cannot be a request is refused by its code`() throws {
    var registry = Registry()
    refuses(.invalidSchema) { _ = try registry.register("\"integer\"", under: "s") }
    refuses(.invalidSubject) { _ = try registry.register(v1, under: "") }
    refuses(.invalidSubject) { _ = try registry.register(v1, under: "a\u{7}") }
    refuses(.schemaTooLarge) {
      _ = try registry.register(String(repeating: " ", count: 1_000_001), under: "s")
    }
    #expect(registry == Registry())
    for text in ["0", "-2", "x", "2147483648", ""] {
      refuses(.invalidVersion) { _ = try VersionName(text) }
    }
    #expect(try VersionName("-1") == .latest)
    #expect(try VersionName("12") == .number(12))
    #expect(RegistryError.Code.incompatible.status == 409)
    #expect(RegistryError.Code.versionNotFound.status == 404)
    #expect(RegistryError.Code.invalidMode.status == 422)
  }

  @Test func `random requests keep numbers and ids in order, and end the same twice`() throws {
    let draws = DrawFamily(seed: 63, component: "registry", purpose: "requests").stream(0)
    let schemas = [v1, v2, v3, other, "\"int\"", "\"long\"", "{", #"{"type":"int","x":1}"#]
    func run() throws -> Registry {
      var registry = Registry()
      for counter in 0..<UInt64(1_500) {
        let pick = { (bound: UInt64, place: UInt64) in draws.below(bound, 4 * counter + place) }
        let subject = ["a", "b", "c"][Int(pick(3, 0))]
        do throws(RegistryError) {
          switch pick(10, 1) {
          case 0: _ = try registry.delete(subject, permanent: pick(2, 2) == 0)
          case 1, 2, 3:
            let version = VersionName.number(1 + Int(pick(9, 2)))
            _ = try registry.delete(version, of: subject, permanent: pick(2, 3) == 0)
          case 4:
            let level = CompatibilityLevel.allCases[Int(pick(7, 2))]
            try registry.setLevel(level.rawValue, of: pick(3, 3) == 0 ? nil : subject)
          default: _ = try registry.register(schemas[Int(pick(8, 2))], under: subject)
          }
        } catch {
          #expect(error.code.status >= 404)
        }
        for name in registry.subjects(deleted: true) {
          let numbers = try registry.versions(of: name, deleted: true)
          #expect(numbers == numbers.sorted() && Set(numbers).count == numbers.count)
          for number in numbers {
            let version = try registry.version(.number(number), of: name, deleted: true)
            #expect(try registry.uses(of: version.id, deleted: true).contains(version))
          }
        }
      }
      return registry
    }
    let registry = try run()
    #expect(try run() == registry)
    #expect(try Registry(text: registry.text) == registry)
  }

  @Test func `a registry is written as text and read back, or refused with the line`() throws {
    var registry = Registry()
    _ = try registry.register(v1, under: "a b-value")
    _ = try registry.register(v2, under: "a b-value")
    _ = try registry.delete(.number(1), of: "a b-value")
    try registry.setLevel("FORWARD", of: "é")
    try registry.setMode("IMPORT", of: "é")
    try registry.setLevel("NONE")
    let text = registry.text
    #expect(try Registry(text: text) == registry)
    #expect(try Registry(text: Registry().text) == Registry())
    let damages = [
      ("version 2 2", "version 2 3"), ("version 2 2", "version 1 2"), ("next 3", "next 2"),
      ("level NONE", "level none"), ("subject é", "subject A"), ("schema 2 {", "schema 2 {{"),
      ("weir-registry 1", "weir-registry 2"), (" deleted", " gone"),
      ("mode IMPORT\n", "mode IMPORT"),
    ]
    for (good, bad) in damages {
      #expect(text.contains(good), "\(good)")
      #expect(throws: SchemaError.self, "\(bad)") {
        try Registry(text: text.replacing(good, with: bad))
      }
    }
    for length in 0..<text.utf8.count {
      do throws(SchemaError) {
        let cut = try Registry(text: String(decoding: text.utf8.prefix(length), as: UTF8.self))
        #expect(try Registry(text: cut.text) == cut)
      } catch {
        #expect(!error.message.isEmpty)
      }
    }
  }
}
