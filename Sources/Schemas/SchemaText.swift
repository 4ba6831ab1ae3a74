extension Schema {
  /// The parsing canonical form of the Avro specification: what an encoding depends on and nothing
  /// else, in one spelling.
  public var canonicalForm: String {
    var printer = SchemaPrinter(schema: self, form: .canonical)
    return printer.text(root, in: "")
  }

  /// The schema as JSON with everything that was told, in one order: equal texts are the same
  /// schema to a registry. `normalised`: attributes are sorted by name too.
  public func text(normalised: Bool = false) -> String {
    var printer = SchemaPrinter(schema: self, form: normalised ? .normalised : .whole)
    return printer.text(root, in: "")
  }

  /// CRC-64-AVRO of the parsing canonical form, as the Avro specification defines it.
  public var fingerprint: UInt64 { fingerprint64(canonicalForm.utf8) }
}

/// The Rabin fingerprint of the Avro specification, section "Schema fingerprints".
func fingerprint64(_ bytes: some Sequence<UInt8>) -> UInt64 {
  let empty: UInt64 = 0xc15d_213a_a4d7_a795
  var fingerprint = empty
  for byte in bytes {
    var word = (fingerprint ^ UInt64(byte)) & 0xff
    for _ in 0..<8 { word = word & 1 == 1 ? word >> 1 ^ empty : word >> 1 }
    fingerprint = fingerprint >> 8 ^ word
  }
  return fingerprint
}

private struct SchemaPrinter {
  enum Form {
    case canonical, whole, normalised
  }

  let schema: Schema
  let form: Form
  private var printed: Set<Int> = []

  init(schema: Schema, form: Form) {
    self.schema = schema
    self.form = form
  }

  mutating func text(_ type: SchemaType, in namespace: String) -> String {
    switch type {
    case .primitive(let primitive, let attributes):
      let name = quoted(primitive.rawValue)
      let rest = texts(attributes)
      return rest.isEmpty ? name : object(["\"type\":" + name] + rest)
    case .array(let items, let attributes):
      return object(
        ["\"type\":\"array\"", "\"items\":" + text(items, in: namespace)] + texts(attributes))
    case .map(let values, let attributes):
      return object(
        ["\"type\":\"map\"", "\"values\":" + text(values, in: namespace)] + texts(attributes))
    case .union(let branches):
      var texts: [String] = []
      for branch in branches { texts.append(text(branch, in: namespace)) }
      return "[" + texts.joined(separator: ",") + "]"
    case .named(let place):
      let definition = schema.definitions[place]
      if !printed.insert(place).inserted { return quoted(definition.name.description) }
      return text(definition, in: namespace)
    }
  }

  private mutating func text(_ definition: SchemaDefinition, in namespace: String) -> String {
    let name = definition.name
    var parts: [String]
    let kind: String
    switch definition.shape {
    case .record: kind = "\"type\":\"record\""
    case .enumeration: kind = "\"type\":\"enum\""
    case .fixed: kind = "\"type\":\"fixed\""
    }
    if form == .canonical {
      parts = ["\"name\":" + quoted(name.description), kind]
    } else {
      parts = [kind, "\"name\":" + quoted(name.last)]
      if name.namespace != namespace { parts.append("\"namespace\":" + quoted(name.namespace)) }
      if !definition.aliases.isEmpty {
        parts.append("\"aliases\":" + list(definition.aliases.map { alias($0, of: name) }))
      }
    }
    switch definition.shape {
    case .record(let fields):
      var texts: [String] = []
      for field in fields { texts.append(text(field, in: name.namespace)) }
      parts.append("\"fields\":[" + texts.joined(separator: ",") + "]")
    case .enumeration(let symbols, let fallback):
      parts.append("\"symbols\":" + list(symbols))
      if form != .canonical, let fallback { parts.append("\"default\":" + quoted(fallback)) }
    case .fixed(let size): parts.append("\"size\":\(size)")
    }
    return object(parts + texts(definition.attributes))
  }

  /// A name without a dot would be read in the namespace of its definition.
  private func alias(_ alias: SchemaName, of name: SchemaName) -> String {
    alias.namespace == name.namespace ? alias.last : alias.description
  }

  private mutating func text(_ field: SchemaField, in namespace: String) -> String {
    var parts = [
      "\"name\":" + quoted(field.name), "\"type\":" + text(field.type, in: namespace),
    ]
    if form != .canonical {
      if let value = field.defaultValue {
        parts.append("\"default\":" + value.text(sorted: form == .normalised))
      }
      if !field.aliases.isEmpty { parts.append("\"aliases\":" + list(field.aliases)) }
      parts += texts(field.attributes)
    }
    return object(parts)
  }

  private func texts(_ attributes: [JSONValue.Member]) -> [String] {
    switch form {
    case .canonical: []
    case .whole: attributes.map { $0.text(sorted: false) }
    case .normalised:
      attributes.sorted { before($0.name, $1.name) }.map { $0.text(sorted: true) }
    }
  }

  private func object(_ parts: [String]) -> String { "{" + parts.joined(separator: ",") + "}" }

  private func list(_ texts: [String]) -> String {
    "[" + texts.map(quoted).joined(separator: ",") + "]"
  }
}
