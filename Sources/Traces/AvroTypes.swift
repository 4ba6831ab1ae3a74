import Scenarios

/// The types of a stranger's Avro schema, as far as reading goes: logical types are left out, and
/// names may point back to a type that is still open.
final class AvroTypes {
  enum Node {
    case null, boolean, number, float, double, text
    case fixed(Int)
    case symbols([String])
    /// JSON of each name, and the type.
    case record([(name: String, type: Int)])
    case list(Int)
    case map(Int)
    case union([Int])
  }

  private(set) var nodes: [Node] = []
  private(set) var root = 0
  private var named: [String: Int] = [:]

  /// Throws what is wrong with the schema, as a text for people.
  init(_ schema: JSONTree) throws(RowDefect) {
    root = try add(schema, space: "", depth: 0)
    guard case .record = nodes[root] else { throw Self.refusal("it is no record") }
  }

  private static func refusal(_ message: String) -> RowDefect {
    RowDefect(kind: "schema", message: message, at: 0)
  }

  private func append(_ node: Node) -> Int {
    nodes.append(node)
    return nodes.count - 1
  }

  private func add(_ tree: JSONTree, space: String, depth: Int) throws(RowDefect) -> Int {
    if depth > 64 { throw Self.refusal("its types are too deep in each other") }
    switch tree {
    case .text(let name): return try reference(name, space)
    case .list(let branches):
      var places: [Int] = []
      for branch in branches { places.append(try add(branch, space: space, depth: depth + 1)) }
      if places.isEmpty { throw Self.refusal("it has a union of nothing") }
      return append(.union(places))
    case .object:
      guard let type = tree["type"] else { throw Self.refusal("a type is not said") }
      guard case .text(let kind) = type else {
        return try add(type, space: space, depth: depth + 1)
      }
      return try complex(tree, kind, space, depth)
    case .other: throw Self.refusal("a type is neither a name, a list nor an object")
    }
  }

  private func reference(_ name: String, _ space: String) throws(RowDefect) -> Int {
    switch name {
    case "null": return append(.null)
    case "boolean": return append(.boolean)
    case "int", "long": return append(.number)
    case "float": return append(.float)
    case "double": return append(.double)
    case "bytes", "string": return append(.text)
    default: break
    }
    if let place = named[full(name, space)] ?? named[name] { return place }
    throw Self.refusal("there is no type \(quoted(name))")
  }

  private func full(_ name: String, _ space: String) -> String {
    name.contains(".") || space.isEmpty ? name : "\(space).\(name)"
  }

  private func complex(
    _ tree: JSONTree, _ kind: String, _ space: String, _ depth: Int
  ) throws(RowDefect) -> Int {
    switch kind {
    case "array", "map":
      guard let items = tree[kind == "array" ? "items" : "values"] else {
        throw Self.refusal("\(kind) of nothing")
      }
      let inner = try add(items, space: space, depth: depth + 1)
      return append(kind == "array" ? .list(inner) : .map(inner))
    case "record", "error", "enum", "fixed": break
    default: return try reference(kind, space)
    }
    guard let name = tree["name"]?.text else { throw Self.refusal("a type without a name") }
    var inner = tree["namespace"]?.text ?? space
    if let dot = name.lastIndex(of: ".") { inner = String(name[..<dot]) }
    let place = append(.null)
    named[full(name, inner)] = place
    switch kind {
    case "fixed":
      guard let size = tree["size"]?.number, size >= 0, size <= 1 << 24 else {
        throw Self.refusal("the size of \(quoted(name))")
      }
      nodes[place] = .fixed(size)
    case "enum":
      guard case .list(let list)? = tree["symbols"] else {
        throw Self.refusal("the enum \(quoted(name)) has no symbols")
      }
      nodes[place] = .symbols(list.compactMap(\.text).map(jsonText))
    default:
      guard case .list(let list)? = tree["fields"] else {
        throw Self.refusal("the record \(quoted(name)) has no fields")
      }
      var fields: [(name: String, type: Int)] = []
      for field in list {
        guard let label = field["name"]?.text, let type = field["type"] else {
          throw Self.refusal("a field of \(quoted(name)) lacks its name or type")
        }
        fields.append((jsonText(label), try add(type, space: inner, depth: depth + 1)))
      }
      nodes[place] = .record(fields)
    }
    return place
  }
}

/// A JSON document, as far as a schema needs one.
indirect enum JSONTree {
  case text(String)
  case list([JSONTree])
  case object([(name: String, value: JSONTree)])
  /// A number, a truth or null, as it stands.
  case other(String)

  subscript(name: String) -> JSONTree? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  var text: String? {
    if case .text(let text) = self { return text }
    return nil
  }

  var number: Int? {
    if case .other(let text) = self { return Int(text) }
    return nil
  }

  /// Throws where it is no JSON.
  static func parse(_ bytes: UnsafeRawBufferPointer) throws(RowDefect) -> JSONTree {
    var scanner = JSONScanner(bytes)
    if !isText(bytes) { throw scanner.refusal("no UTF-8 text") }
    let tree = try value(&scanner, 0)
    scanner.space()
    if scanner.at < bytes.count { throw scanner.refusal("text after the document") }
    return tree
  }

  private static func value(
    _ scanner: inout JSONScanner, _ depth: Int
  ) throws(RowDefect) -> JSONTree {
    if depth > JSONLinesReader.mostDepth * 2 { throw scanner.refusal("nested too deep") }
    scanner.space()
    switch scanner.next {
    case UInt8(ascii: "\""): return .text(try string(&scanner))
    case UInt8(ascii: "["):
      var items: [JSONTree] = []
      scanner.at += 1
      scanner.space()
      if scanner.take(UInt8(ascii: "]")) { return .list([]) }
      repeat {
        items.append(try value(&scanner, depth + 1))
        scanner.space()
      } while scanner.take(UInt8(ascii: ","))
      if !scanner.take(UInt8(ascii: "]")) { throw scanner.refusal("a ']' is wanted here") }
      return .list(items)
    case UInt8(ascii: "{"): return .object(try members(&scanner, depth))
    default:
      let start = scanner.at
      switch scanner.next {
      case UInt8(ascii: "n"): try scanner.word("null")
      case UInt8(ascii: "t"): try scanner.word("true")
      case UInt8(ascii: "f"): try scanner.word("false")
      default: try scanner.number()
      }
      return .other(String(decoding: scanner.bytes[start..<scanner.at], as: UTF8.self))
    }
  }

  private static func members(
    _ scanner: inout JSONScanner, _ depth: Int
  ) throws(RowDefect) -> [(name: String, value: JSONTree)] {
    var members: [(name: String, value: JSONTree)] = []
    scanner.at += 1
    scanner.space()
    if scanner.take(UInt8(ascii: "}")) { return [] }
    repeat {
      scanner.space()
      let name = try string(&scanner)
      scanner.space()
      if !scanner.take(UInt8(ascii: ":")) { throw scanner.refusal("a ':' is wanted here") }
      members.append((name, try value(&scanner, depth + 1)))
      scanner.space()
    } while scanner.take(UInt8(ascii: ","))
    if !scanner.take(UInt8(ascii: "}")) { throw scanner.refusal("a '}' is wanted here") }
    return members
  }

  private static func string(_ scanner: inout JSONScanner) throws(RowDefect) -> String {
    let cell = try scanner.string("a string")
    let bytes = UnsafeRawBufferPointer(rebasing: scanner.bytes[cell.start..<cell.end])
    if cell.form == .plain { return String(decoding: bytes, as: UTF8.self) }
    var plain: [UInt8] = []
    unescape(bytes, into: &plain)
    return String(decoding: plain, as: UTF8.self)
  }
}
