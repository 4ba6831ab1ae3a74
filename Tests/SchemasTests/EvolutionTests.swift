import Bytes
import Schemas
import Testing

/// What a reader of one version makes of a record of the other.
private enum Outcome: Hashable {
  case reads
  case deadLetter
}

private enum Kind: Hashable, CaseIterable {
  case compatible, backwardOnly, forwardOnly, breaking

  /// The levels that take v2 after v1; with one version the transitive ones are the same.
  var accepted: Set<CompatibilityLevel> {
    switch self {
    case .compatible: Set(CompatibilityLevel.allCases)
    case .backwardOnly: [.none, .backward, .backwardTransitive]
    case .forwardOnly: [.none, .forward, .forwardTransitive]
    case .breaking: [.none]
    }
  }
}

/// A change of the table of schema evolution, with one record of each version. `plain`: records
/// that do not carry what changed, where there are such; every reader reads them.
private struct Change {
  var name: String
  var kind: Kind
  var v1: String
  var v2: String
  var on1: [UInt8]
  var on2: [UInt8]
  var oldReads: Outcome
  var newReads: Outcome
  var plain1: [UInt8]?
  var plain2: [UInt8]?
}

private func bytes(_ numbers: Int64..., text: String? = nil) -> [UInt8] {
  var writer = ByteWriter()
  for number in numbers { writer.signed(number) }
  if let text {
    writer.signed(Int64(text.utf8.count))
    writer.append(Array(text.utf8))
  }
  return writer.array()
}

private func event(_ fields: String...) -> String {
  let identity = #"{"name":"source","type":"int"},{"name":"sequence","type":"long"}"#
  let all = ([identity] + fields).joined(separator: ",")
  return #"{"type":"record","name":"Event","namespace":"table","fields":[\#(all)]}"#
}

private func field(_ type: String, _ name: String = "amount", _ more: String = "") -> String {
  #"{"name":"\#(name)","type":\#(type)\#(more)}"#
}

private func entry(_ symbols: String) -> String {
  field(#"{"type":"enum","name":"Entry","symbols":[\#(symbols)]}"#, "entry")
}

private let changes = [
  Change(
    name: "add a field with default", kind: .compatible, v1: event(),
    v2: event(field("\"int\"", "tip", #","default":7"#)), on1: bytes(1, 2), on2: bytes(1, 2, 3),
    oldReads: .reads, newReads: .reads),
  Change(
    name: "int to long", kind: .backwardOnly, v1: event(field("\"int\"")),
    v2: event(field("\"long\"")), on1: bytes(1, 2, 3), on2: bytes(1, 2, 1 << 40),
    oldReads: .deadLetter, newReads: .reads),
  Change(
    name: "new enum symbol", kind: .backwardOnly, v1: event(entry(#""A","B""#)),
    v2: event(entry(#""A","B","C""#)), on1: bytes(1, 2, 1), on2: bytes(1, 2, 2),
    oldReads: .deadLetter, newReads: .reads, plain2: bytes(1, 2, 1)),
  Change(
    name: "rename with alias", kind: .backwardOnly, v1: event(field("\"int\"")),
    v2: event(field("\"int\"", "price", #","aliases":["amount"]"#)), on1: bytes(1, 2, 3),
    on2: bytes(1, 2, 3), oldReads: .deadLetter, newReads: .reads),
  Change(
    name: "drop a field without default", kind: .backwardOnly, v1: event(field("\"int\"")),
    v2: event(), on1: bytes(1, 2, 3), on2: bytes(1, 2), oldReads: .deadLetter, newReads: .reads),
  Change(
    name: "add a field without default", kind: .forwardOnly, v1: event(),
    v2: event(field("\"int\"")), on1: bytes(1, 2), on2: bytes(1, 2, 3), oldReads: .reads,
    newReads: .deadLetter),
  Change(
    name: "long to int", kind: .forwardOnly, v1: event(field("\"long\"")),
    v2: event(field("\"int\"")), on1: bytes(1, 2, 1 << 40), on2: bytes(1, 2, 3), oldReads: .reads,
    newReads: .deadLetter),
  Change(
    name: "drop an enum symbol", kind: .forwardOnly, v1: event(entry(#""A","B","C""#)),
    v2: event(entry(#""A","B""#)), on1: bytes(1, 2, 2), on2: bytes(1, 2, 1), oldReads: .reads,
    newReads: .deadLetter, plain1: bytes(1, 2, 1)),
  Change(
    name: "int to string", kind: .breaking, v1: event(field("\"int\"")),
    v2: event(field("\"string\"")), on1: bytes(1, 2, 3), on2: bytes(1, 2, text: "3"),
    oldReads: .deadLetter, newReads: .deadLetter),
  Change(
    name: "rename without alias", kind: .breaking, v1: event(field("\"int\"")),
    v2: event(field("\"int\"", "price")), on1: bytes(1, 2, 3), on2: bytes(1, 2, 3),
    oldReads: .deadLetter, newReads: .deadLetter),
]

private func outcome(
  _ bytes: [UInt8], reader: String, writer: String
) throws -> (outcome: Outcome, value: SchemaValue?) {
  let projection = Projection(reader: try Schema.parse(reader), writer: try Schema.parse(writer))
  do throws(ProjectionError) {
    let value = try read(bytes, projection)
    return (.reads, value)
  } catch {
    guard case .unreadable = error else {
      Issue.record("the bytes themselves are good: \(error)")
      return (.deadLetter, nil)
    }
    return (.deadLetter, nil)
  }
}

private func read(
  _ bytes: [UInt8], _ projection: Projection
) throws(ProjectionError) -> SchemaValue {
  let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
  defer { memory.deallocate() }
  memory.copyBytes(from: bytes)
  return try projection.read(UnsafeRawBufferPointer(memory))
}

@Suite struct EvolutionTests {
  @Test func `each kind of change is accepted at its levels and refused at the others`() throws {
    for change in changes {
      for level in CompatibilityLevel.allCases {
        var registry = Registry()
        try registry.setLevel(level.rawValue)
        let first = try registry.register(change.v1, under: "events-value")
        if change.kind.accepted.contains(level) {
          let second = try registry.register(change.v2, under: "events-value")
          #expect(second.version == 2 && second.id == first.id + 1, "\(change.name) \(level)")
        } else {
          let before = registry
          #expect {
            try registry.register(change.v2, under: "events-value")
          } throws: { error in
            let refusal = error as? RegistryError
            return refusal?.code == .incompatible && refusal?.incompatibilities.isEmpty == false
          }
          #expect(registry == before, "a refused schema changes nothing: \(change.name) \(level)")
        }
      }
    }
    #expect(Set(changes.map(\.kind)) == Set(Kind.allCases))
  }

  @Test func `readers of each version read the other or send it to the dead letters`() throws {
    for change in changes {
      let old = try outcome(change.on2, reader: change.v1, writer: change.v2)
      #expect(old.outcome == change.oldReads, "reader v1 on v2 data: \(change.name)")
      let new = try outcome(change.on1, reader: change.v2, writer: change.v1)
      #expect(new.outcome == change.newReads, "reader v2 on v1 data: \(change.name)")
      for value in [old.value, new.value] where value != nil {
        #expect(value?["source"] == .int(1) && value?["sequence"] == .long(2), "\(change.name)")
      }
      if let plain = change.plain1 {
        let read = try outcome(plain, reader: change.v2, writer: change.v1)
        #expect(read.outcome == .reads, "\(change.name)")
      }
      if let plain = change.plain2 {
        let read = try outcome(plain, reader: change.v1, writer: change.v2)
        #expect(read.outcome == .reads, "\(change.name)")
      }
      // Each version reads its own.
      #expect(try outcome(change.on1, reader: change.v1, writer: change.v1).outcome == .reads)
      #expect(try outcome(change.on2, reader: change.v2, writer: change.v2).outcome == .reads)
    }
  }

  @Test func `values come by name, by alias, promoted and from defaults`() throws {
    let added = changes[0]
    let value = try outcome(added.on1, reader: added.v2, writer: added.v1).value
    #expect(value?["tip"] == .int(7))
    let widened = changes[1]
    #expect(
      try outcome(widened.on1, reader: widened.v2, writer: widened.v1).value?["amount"] == .long(3))
    let renamed = changes[3]
    #expect(
      try outcome(renamed.on1, reader: renamed.v2, writer: renamed.v1).value?["price"] == .int(3))
  }
}
