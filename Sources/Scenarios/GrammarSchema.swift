import Model

/// The grammar as a JSON Schema (draft 2020-12) for editors. Editors guess types, so that numbers
/// and text are allowed alike; `weir run` stays the judge. Keys that this version refuses are left
/// out. With a catalogue, its workloads and their parameters are listed.
public func scenarioJSONSchema(catalog: ScenarioCatalog? = nil) -> String {
  let members: [(String, JSONText)] = [
    ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
    ("title", .string("Weir scenario")),
  ]
  guard case .object(let body) = schema(of: .section(scenarioGrammar), catalog) else { return "" }
  return JSONText.object(members + body).text(indent: "") + "\n"
}

/// Just enough JSON to write one, with its members in order.
private indirect enum JSONText {
  case string(String)
  case literal(String)
  case array([JSONText])
  case object([(String, JSONText)])

  func text(indent: String) -> String {
    let inner = indent + "  "
    switch self {
    case .string(let text): return jsonString(text)
    case .literal(let text): return text
    case .array(let elements):
      return "[" + elements.map { $0.text(indent: inner) }.joined(separator: ", ") + "]"
    case .object(let members):
      if members.isEmpty { return "{}" }
      let lines = members.map { "\(inner)\(jsonString($0.0)): \($0.1.text(indent: inner))" }
      return "{\n" + lines.joined(separator: ",\n") + "\n\(indent)}"
    }
  }
}

private func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x22, 0x5C: result += "\\\(scalar)"
    case 0x20...0x7E: result += String(scalar)
    default:
      for unit in String(scalar).utf16 {
        let hex = String(unit, radix: 16)
        result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
      }
    }
  }
  return result + "\""
}

/// Keys of kinds that cannot be chosen may stand in a file only in a mapping of their own.
private func isWritable(_ key: GrammarKey) -> Bool {
  switch key.availability {
  case .now: true
  case .later: false
  case .otherKind: key.belonging == nil
  }
}

private func schema(of type: GrammarType, _ catalog: ScenarioCatalog?) -> JSONText {
  switch type {
  case .section(let keys):
    return object(keys.filter(isWritable).map { member($0, catalog) }, keys)
  case .expectations(let keys):
    let fixed = keys.filter(isWritable).map { member($0, catalog) }
    let metrics = scenarioMetrics.filter(\.isAvailable).map { metric -> (String, JSONText) in
      (
        metric.name,
        .object([
          ("type", .string("string")), ("pattern", .string("^(<=?|>=?|=) ?[0-9]")),
          ("description", .string(metric.meaning)),
        ])
      )
    }
    return object(fixed + metrics, keys)
  case .list(let element):
    return .object([("type", .string("array")), ("items", schema(of: element, catalog))])
  case .free(let value):
    return .object([
      ("type", .string("object")), ("additionalProperties", schema(of: value, catalog)),
    ])
  case .parameters:
    guard let catalog else { return .object([("type", .string("object"))]) }
    return .object([
      ("anyOf", .array(catalog.workloads.map { schema(of: .section(parameterKeys($0)), nil) }))
    ])
  case .workload:
    guard let catalog else { return .object([("type", .string("string"))]) }
    return .object([("enum", .array(catalog.workloads.map { .string($0.name) }))])
  case .choice(let choices):
    let names = choices.filter(\.isAvailable).map(\.name)
    let numbers = names.filter { $0.allSatisfy(isDigit) }
    return .object([
      ("enum", .array(names.map { .string($0) } + numbers.map { .literal($0) }))
    ])
  case .truth:
    return .object([
      (
        "enum",
        .array([.literal("true"), .literal("false"), .string("true"), .string("false")])
      )
    ])
  case .version: return .object([("enum", .array([.literal("1"), .string("1")]))])
  case .anything: return .object([])
  default: return .object([("type", .array([.string("string"), .string("number")]))])
  }
}

private func member(_ key: GrammarKey, _ catalog: ScenarioCatalog?) -> (String, JSONText) {
  guard case .object(var members) = schema(of: key.type, catalog) else {
    return (key.name, .object([]))
  }
  let fallback = (key.defaultText ?? key.defaultNote).map { " [\($0)]" } ?? ""
  members.append(("description", .string("\(key.meaning)\(fallback); \(key.type.text)")))
  return (key.name, .object(members))
}

private func object(_ properties: [(String, JSONText)], _ keys: [GrammarKey]) -> JSONText {
  var members: [(String, JSONText)] = [
    ("type", .string("object")), ("additionalProperties", .literal("false")),
    ("properties", .object(properties)),
  ]
  let required = keys.filter { $0.isRequired && $0.belonging == nil }.map(\.name)
  if !required.isEmpty { members.append(("required", .array(required.map { .string($0) }))) }
  return .object(members)
}
