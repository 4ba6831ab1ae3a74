extension Schema {
  /// Reads a schema in its JSON form, by the Avro specification 1.12: names, namespaces, aliases,
  /// references to types defined before, defaults that fit their type (a union's: any branch).
  /// Without `checkingDefaults` a default may be anything. Not in this version: protocols and the
  /// type error.
  public static func parse(
    _ json: String, checkingDefaults: Bool = true
  ) throws(SchemaError) -> Schema {
    var parser = SchemaParser()
    let root = try parser.type(try JSONParser.parse(json), in: "")
    let schema = Schema(root: root, definitions: parser.definitions.compactMap { $0 })
    if checkingDefaults { try schema.checkDefaults() }
    return schema
  }
}

/// Collects definitions while it walks through the document.
private struct SchemaParser {
  /// nil while a definition is being read.
  var definitions: [SchemaDefinition?] = []
  private var places: [String: Int] = [:]

  mutating func type(
    _ value: JSONValue, in namespace: String
  ) throws(SchemaError) -> SchemaType {
    switch value {
    case .string(let name): return try reference(name, attributes: [], in: namespace)
    case .array(let branches): return try union(branches, in: namespace)
    case .object(let members): return try object(value, members, in: namespace)
    default: throw SchemaError("a type is neither a name, a list nor an object")
    }
  }

  private func reference(
    _ text: String, attributes: [JSONValue.Member], in namespace: String
  ) throws(SchemaError) -> SchemaType {
    if let primitive = SchemaPrimitive(rawValue: text) {
      return .primitive(primitive, attributes: attributes)
    }
    let name = SchemaName(text, in: namespace)
    // As the Java library does: a name unknown in its namespace may be one without any.
    guard let place = places[name.description] ?? places[name.last], name.isValid else {
      throw SchemaError("the type \(text) is not known; define it where it is used first")
    }
    return .named(place)
  }

  private mutating func union(
    _ list: [JSONValue], in namespace: String
  ) throws(SchemaError) -> SchemaType {
    var branches: [SchemaType] = []
    var kinds: Set<String> = []
    for element in list {
      let branch = try type(element, in: namespace)
      let kind: String
      switch branch {
      case .primitive(let primitive, _): kind = primitive.rawValue
      case .array: kind = "array"
      case .map: kind = "map"
      case .named(let place): kind = "\(place)"
      case .union: throw SchemaError("a union stands directly in a union")
      }
      if !kinds.insert(kind).inserted { throw SchemaError("a union has one type twice") }
      branches.append(branch)
    }
    return .union(branches)
  }

  private mutating func object(
    _ value: JSONValue, _ members: [JSONValue.Member], in namespace: String
  ) throws(SchemaError) -> SchemaType {
    guard let kind = value["type"]?.text else {
      throw SchemaError("an object that stands for a type has no type, or one that is no name")
    }
    switch kind {
    case "array":
      guard let items = value["items"] else { throw SchemaError("an array has no items") }
      return .array(
        try type(items, in: namespace), attributes: rest(members, without: ["type", "items"]))
    case "map":
      guard let values = value["values"] else { throw SchemaError("a map has no values") }
      return .map(
        try type(values, in: namespace), attributes: rest(members, without: ["type", "values"]))
    case "record", "enum", "fixed":
      return try define(kind, value, members, in: namespace)
    case "error":
      throw SchemaError("the type error is not in this version; use record")
    default:
      return try reference(kind, attributes: rest(members, without: ["type"]), in: namespace)
    }
  }

  private func rest(
    _ members: [JSONValue.Member], without names: [String]
  ) -> [JSONValue.Member] {
    members.filter { member in !names.contains { same($0, member.name) } }
  }

  private mutating func define(
    _ kind: String, _ value: JSONValue, _ members: [JSONValue.Member], in namespace: String
  ) throws(SchemaError) -> SchemaType {
    guard let text = value["name"]?.text else { throw SchemaError("\(kind) without a name") }
    var inside = namespace
    if let told = value["namespace"] {
      guard let space = told.text else {
        throw SchemaError("the namespace of \(text) is no text")
      }
      inside = space
    }
    let name = SchemaName(text, in: inside)
    guard name.isValid, SchemaPrimitive(rawValue: name.description) == nil else {
      throw SchemaError(
        "the name \(name) of \(kind) is not allowed; use letters, digits and underlines")
    }
    if places[name.description] != nil { throw SchemaError("\(name) is defined twice") }
    let place = definitions.count
    if place == Schema.definitionLimit {
      throw SchemaError("more than \(Schema.definitionLimit) named types")
    }
    places[name.description] = place
    definitions.append(nil)
    var aliases: [SchemaName] = []
    for alias in try texts(value["aliases"] ?? .array([]), "aliases of \(name)") {
      aliases.append(SchemaName(alias, in: name.namespace))
    }
    if !aliases.allSatisfy(\.isValid) { throw SchemaError("an alias of \(name) is no name") }
    var known = ["type", "name", "namespace", "aliases"]
    let shape: SchemaDefinition.Shape
    switch kind {
    case "record":
      known.append("fields")
      shape = .record(try fields(value, of: name))
    case "enum":
      known += ["symbols", "default"]
      shape = try enumeration(value, of: name)
    default:
      known.append("size")
      guard case .number(let number)? = value["size"], let size = Int(number), size >= 0,
        size <= 1 << 20
      else { throw SchemaError("the size of \(name) is no number between 0 and 1048576") }
      shape = .fixed(size: size)
    }
    definitions[place] = SchemaDefinition(
      name: name, aliases: aliases, shape: shape, attributes: rest(members, without: known))
    return .named(place)
  }

  private func texts(_ value: JSONValue, _ what: String) throws(SchemaError) -> [String] {
    guard case .array(let list) = value else { throw SchemaError("the \(what) are no list") }
    let texts = list.compactMap(\.text)
    if texts.count != list.count { throw SchemaError("the \(what) are not all texts") }
    return texts
  }

  private func enumeration(
    _ value: JSONValue, of name: SchemaName
  ) throws(SchemaError) -> SchemaDefinition.Shape {
    let symbols = try texts(value["symbols"] ?? .null, "symbols of \(name)")
    if let bad = symbols.first(where: { !SchemaName.isPart($0) }) {
      throw SchemaError("the symbol \(bad) of \(name) is no name")
    }
    if Set(symbols).count != symbols.count { throw SchemaError("\(name) has a symbol twice") }
    guard let told = value["default"] else { return .enumeration(symbols: symbols, default: nil) }
    guard let symbol = told.text, symbols.contains(symbol) else {
      throw SchemaError("the default of \(name) is none of its symbols")
    }
    return .enumeration(symbols: symbols, default: symbol)
  }

  private mutating func fields(
    _ value: JSONValue, of record: SchemaName
  ) throws(SchemaError) -> [SchemaField] {
    guard case .array(let list)? = value["fields"] else {
      throw SchemaError("the record \(record) has no list of fields")
    }
    var fields: [SchemaField] = []
    var names: Set<String> = []
    for entry in list {
      guard case .object(let members) = entry, let name = entry["name"]?.text,
        let type = entry["type"]
      else { throw SchemaError("a field of \(record) has no name or no type") }
      if !SchemaName.isPart(name) { throw SchemaError("\(name) in \(record) is no name") }
      if !names.insert(name).inserted { throw SchemaError("\(record) has two fields \(name)") }
      let aliases = try texts(entry["aliases"] ?? .array([]), "aliases of \(record).\(name)")
      if !aliases.allSatisfy(SchemaName.isPart) {
        throw SchemaError("an alias of \(record).\(name) is no name")
      }
      fields.append(
        SchemaField(
          name: name, type: try self.type(type, in: record.namespace),
          defaultValue: entry["default"], aliases: aliases,
          attributes: rest(members, without: ["name", "type", "default", "aliases"])))
    }
    return fields
  }
}
