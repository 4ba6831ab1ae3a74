import Bytes
import Draws
import Schemas
import Testing

/// A type that can be drawn, changed, written as a schema and filled with data.
private indirect enum Shape {
  case primitive(String)
  case array(Shape)
  case map(Shape)
  case union([Shape])
  case enumeration(name: String, symbols: Int, hasDefault: Bool)
  case fixed(name: String, size: Int)
  case record(name: String, fields: [Field])

  struct Field {
    var name: String
    var alias: String?
    var type: Shape
    /// In JSON.
    var fallback: String?
  }

  var json: String {
    switch self {
    case .primitive(let name): return "\"\(name)\""
    case .array(let items): return #"{"type":"array","items":\#(items.json)}"#
    case .map(let values): return #"{"type":"map","values":\#(values.json)}"#
    case .union(let branches): return "[" + branches.map(\.json).joined(separator: ",") + "]"
    case .enumeration(let name, let count, let hasDefault):
      let symbols = (0..<count).map { "\"S\($0)\"" }.joined(separator: ",")
      let fallback = hasDefault ? #","default":"S0""# : ""
      return #"{"type":"enum","name":"\#(name)","symbols":[\#(symbols)]\#(fallback)}"#
    case .fixed(let name, let size): return #"{"type":"fixed","name":"\#(name)","size":\#(size)}"#
    case .record(let name, let fields):
      let list = fields.map { field in
        let alias = field.alias.map { #","aliases":["\#($0)"]"# } ?? ""
        let fallback = field.fallback.map { ",\"default\":" + $0 } ?? ""
        return #"{"name":"\#(field.name)","type":\#(field.type.json)\#(alias)\#(fallback)}"#
      }
      return #"{"type":"record","name":"\#(name)","fields":[\#(list.joined(separator: ","))]}"#
    }
  }
}

private struct Drawer {
  let draws = DrawFamily(seed: 64, component: "schemas", purpose: "random").stream(0)
  var counter: UInt64 = 0
  var names = 0

  mutating func below(_ bound: Int) -> Int {
    counter += 1
    return Int(draws.below(UInt64(bound), counter))
  }

  mutating func name() -> String {
    names += 1
    return "N\(names)"
  }

  mutating func shape(_ depth: Int) -> Shape {
    let primitives = ["int", "long", "float", "double", "string", "bytes", "boolean", "null"]
    switch below(depth > 0 ? 14 : 8) {
    case 8: return .array(shape(depth - 1))
    case 9: return .map(shape(depth - 1))
    case 10:
      let other = shape(depth - 1)
      if case .union = other { return other }
      if case .primitive("null") = other { return other }
      return .union([.primitive("null"), other])
    case 11: return .enumeration(name: name(), symbols: 1 + below(3), hasDefault: below(2) == 0)
    case 12: return .fixed(name: name(), size: below(4))
    case 13: return record(depth - 1)
    case let place: return .primitive(primitives[min(place, 7)])
    }
  }

  mutating func record(_ depth: Int) -> Shape {
    let name = name()
    var fields: [Shape.Field] = []
    for place in 0..<below(5) { fields.append(Shape.Field(name: "f\(place)", type: shape(depth))) }
    return .record(name: name, fields: fields)
  }

  /// A change here and there, most of them such that the new schema reads the old one's data.
  mutating func changed(_ shape: Shape) -> Shape {
    switch shape {
    case .primitive(let name):
      if below(12) == 0 { return .primitive("long") }
      if below(8) == 0, name != "null" { return .union([.primitive("null"), shape]) }
      let wider = ["int": "double", "long": "float", "string": "bytes", "bytes": "string"]
      return .primitive(below(4) == 0 ? wider[name] ?? name : name)
    case .array(let items): return .array(changed(items))
    case .map(let values): return .map(changed(values))
    case .union(let branches):
      let other = changed(branches[1])
      if case .union = other { return shape }
      if below(12) == 0 { return other }
      return .union(below(2) == 0 ? [branches[0], other] : [other, branches[0]])
    case .enumeration(let name, let symbols, let hasDefault):
      return .enumeration(
        name: name, symbols: max(1, symbols + below(3) - 1), hasDefault: hasDefault)
    case .fixed(let name, let size):
      return .fixed(
        name: below(12) == 0 ? "Other" + name : name, size: size + (below(12) == 0 ? 1 : 0))
    case .record(let name, let fields):
      var new: [Shape.Field] = []
      for var field in fields where below(6) > 0 {
        field.type = changed(field.type)
        if below(5) == 0 {
          field.alias = below(4) == 0 ? nil : field.name
          field.name += "x"
        }
        new.insert(field, at: below(new.count + 1))
      }
      if below(3) == 0 {
        new.append(
          Shape.Field(
            name: "added", type: .primitive("int"), fallback: below(4) == 0 ? nil : "5"))
      }
      return .record(name: name, fields: new)
    }
  }

  mutating func write(_ shape: Shape, to out: inout ByteWriter) {
    switch shape {
    case .primitive("null"): break
    case .primitive("boolean"): out.byte(UInt8(below(2)))
    case .primitive("float"): out.word32(Float(below(100)).bitPattern)
    case .primitive("double"): out.word(Double(below(100)).bitPattern)
    case .primitive("string"), .primitive("bytes"):
      let count = below(4)
      out.signed(Int64(count))
      out.append([UInt8](repeating: UInt8(ascii: "a"), count: count))
    case .primitive: out.signed(Int64(below(1_000)) - 500)
    case .array(let inner), .map(let inner):
      let count = below(3)
      if count > 0 { out.signed(Int64(count)) }
      for _ in 0..<count {
        if case .map = shape { write(.primitive("string"), to: &out) }
        write(inner, to: &out)
      }
      out.signed(0)
    case .union(let branches):
      let branch = below(branches.count)
      out.signed(Int64(branch))
      write(branches[branch], to: &out)
    case .enumeration(_, let symbols, _): out.signed(Int64(below(symbols)))
    case .fixed(_, let size): out.append([UInt8](repeating: 7, count: size))
    case .record(_, let fields): for field in fields { write(field.type, to: &out) }
    }
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

@Suite struct RandomResolutionTests {
  @Test func `what resolves is read, and what is not read does not resolve`() throws {
    var drawer = Drawer()
    var resolved = 0
    var unreadable = 0
    for _ in 0..<1_000 {
      let old = drawer.record(3)
      let new = drawer.changed(old)
      let writer = try Schema.parse(old.json)
      let reader = try Schema.parse(new.json)
      let findings = resolve(reader: reader, writer: writer)
      if findings.isEmpty { resolved += 1 }
      for _ in 0..<3 {
        var out = ByteWriter()
        drawer.write(old, to: &out)
        let bytes = out.array()
        _ = try read(bytes, Projection(reader: writer, writer: writer))
        do throws(ProjectionError) {
          _ = try read(bytes, Projection(reader: reader, writer: writer))
        } catch .unreadable(let finding) {
          unreadable += 1
          #expect(!findings.isEmpty, "\(finding): \(old.json) through \(new.json)")
        } catch {
          Issue.record("good bytes are called damaged: \(error), \(old.json), \(new.json)")
        }
      }
    }
    #expect(resolved > 200 && resolved < 800, "both kinds are met: \(resolved)")
    #expect(unreadable > 200)
  }
}
