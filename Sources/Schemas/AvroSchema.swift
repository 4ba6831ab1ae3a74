/// Why a schema cannot be used; one line without a final full stop.
public struct SchemaError: Error, Hashable, Sendable {
  public var message: String

  public init(_ message: String) { self.message = message }
}

/// An Avro record schema, as far as streams of events need one: flat records.
public struct AvroSchema: Hashable, Sendable {
  public var name: String
  public var namespace: String?
  /// In the order of the encoding.
  public var fields: [AvroField]

  public init(name: String, namespace: String? = nil, fields: [AvroField]) {
    self.name = name
    self.namespace = namespace
    self.fields = fields
  }

  /// The position of a field, nil when the record has none of that name.
  public func index(of field: String) -> Int? {
    fields.firstIndex { $0.name.utf8.elementsEqual(field.utf8) }
  }

  /// Reads a schema in its JSON form. Types: int, long, boolean, float, double, string, bytes,
  /// fixed, enum, and a union of null and one of these; logical types timestamp-millis and
  /// timestamp-micros on long, others are read as their base. Anything else is refused by name.
  public static func parse(_ json: String) throws(SchemaError) -> AvroSchema {
    let document = try JSONParser.parse(json)
    guard document["type"]?.text == "record" else {
      throw SchemaError("the schema is not a record")
    }
    guard let name = document["name"]?.text else { throw SchemaError("the record has no name") }
    guard case .array(let list)? = document["fields"] else {
      throw SchemaError("the record \(name) has no list of fields")
    }
    var named: [NamedType] = []
    var fields: [AvroField] = []
    for entry in list {
      guard let field = entry["name"]?.text, let type = entry["type"] else {
        throw SchemaError("a field of \(name) has no name or no type")
      }
      if fields.contains(where: { $0.name == field }) {
        throw SchemaError("\(name) has two fields \(field)")
      }
      fields.append(
        AvroField(name: field, type: try parse(type, field: field, named: &named)))
    }
    return AvroSchema(name: name, namespace: document["namespace"]?.text, fields: fields)
  }

  private struct NamedType {
    var name: String
    var type: AvroType
  }

  private static func parse(
    _ value: JSONValue, field: String, named: inout [NamedType]
  ) throws(SchemaError) -> AvroType {
    switch value {
    case .string(let text):
      if let type = primitive(text) { return type }
      if let known = named.first(where: { $0.name == text }) { return known.type }
      throw SchemaError("the field \(field) has the type \(text), which is not in this version")
    case .array(let branches):
      return try union(branches, field: field, named: &named)
    case .object:
      return try complex(value, field: field, named: &named)
    default:
      throw SchemaError("the type of the field \(field) is neither a name, a list nor an object")
    }
  }

  private static func primitive(_ name: String) -> AvroType? {
    switch name {
    case "int": .int
    case "long": .long
    case "boolean": .boolean
    case "float": .float
    case "double": .double
    case "string": .string
    case "bytes": .bytes
    default: nil
    }
  }

  private static func union(
    _ branches: [JSONValue], field: String, named: inout [NamedType]
  ) throws(SchemaError) -> AvroType {
    let nulls = branches.map { $0.text == "null" }
    guard branches.count == 2, nulls[0] != nulls[1] else {
      throw SchemaError("the union of the field \(field) is not of null and one other type")
    }
    let type = try parse(branches[nulls[0] ? 1 : 0], field: field, named: &named)
    if case .nullable = type { throw SchemaError("a union in the union of the field \(field)") }
    return .nullable(type, nullFirst: nulls[0])
  }

  private static func complex(
    _ value: JSONValue, field: String, named: inout [NamedType]
  ) throws(SchemaError) -> AvroType {
    guard let kind = value["type"]?.text else {
      throw SchemaError("the type of the field \(field) has no name")
    }
    if kind == "long", let logical = value["logicalType"]?.text {
      switch logical {
      case "timestamp-millis": return .timestampMillis
      case "timestamp-micros": return .timestampMicros
      default: return .long
      }
    }
    if let type = primitive(kind) { return type }
    switch kind {
    case "enum":
      guard let name = value["name"]?.text, case .array(let list)? = value["symbols"] else {
        throw SchemaError("the enum of the field \(field) has no name or no symbols")
      }
      let symbols = list.compactMap(\.text)
      if symbols.isEmpty || symbols.count != list.count {
        throw SchemaError("the enum \(name) needs symbols, all of them texts")
      }
      named.append(NamedType(name: name, type: .enumeration(name: name, symbols: symbols)))
    case "fixed":
      guard let name = value["name"]?.text, case .number(let text)? = value["size"],
        let size = Int(text), size >= 0, size <= 1 << 20
      else { throw SchemaError("the fixed of the field \(field) needs a name and a size") }
      named.append(NamedType(name: name, type: .fixed(name: name, size: size)))
    default:
      throw SchemaError("the field \(field) has the type \(kind), which is not in this version")
    }
    return named[named.count - 1].type
  }
}

public struct AvroField: Hashable, Sendable {
  public var name: String
  public var type: AvroType

  public init(name: String, type: AvroType) {
    self.name = name
    self.type = type
  }
}

public indirect enum AvroType: Hashable, Sendable {
  case int, long, boolean, float, double, string, bytes
  /// Milliseconds, or microseconds, since 1970.
  case timestampMillis, timestampMicros
  case fixed(name: String, size: Int)
  case enumeration(name: String, symbols: [String])
  /// A union of null and another type, in the order told.
  case nullable(AvroType, nullFirst: Bool)
}
