/// Why a reader's schema cannot read what another one wrote, and where in the reader's schema.
public struct Incompatibility: Hashable, Sendable, CustomStringConvertible {
  /// The names that registries use.
  public enum Reason: String, Hashable, Sendable, CaseIterable {
    case nameMismatch = "NAME_MISMATCH"
    case fixedSizeMismatch = "FIXED_SIZE_MISMATCH"
    case missingEnumSymbols = "MISSING_ENUM_SYMBOLS"
    case fieldWithoutDefault = "READER_FIELD_MISSING_DEFAULT_VALUE"
    case typeMismatch = "TYPE_MISMATCH"
    case missingUnionBranch = "MISSING_UNION_BRANCH"
    /// Several fields of the writer are the one field of the reader, by name and aliases.
    case ambiguousAlias = "AMBIGUOUS_FIELD_ALIAS"
  }

  public var reason: Reason
  /// "/" for the whole schema, else names of fields and of parts, as "/amount/items".
  public var path: String
  /// What was found; one line without a final full stop.
  public var detail: String

  public var description: String { "\(reason.rawValue) at \(path): \(detail)" }
}

/// What keeps `reader` from reading all that `writer` can write, by the resolution rules of the
/// Avro specification as registries apply them: names compare without namespaces; logical types,
/// documentation and the order of fields do not matter. Empty: it reads everything. At most 100
/// findings, the nearest to the root first.
public func resolve(reader: Schema, writer: Schema) -> [Incompatibility] {
  var resolution = Resolution(reader: reader, writer: writer)
  resolution.refute()
  return resolution.report()
}

/// Named types are compared in pairs. Every pair is taken for compatible until it is refuted, which
/// may refute the pairs that lean on it: so recursive schemas end, at any depth and without
/// recursion here beyond one definition.
private struct Resolution {
  struct Pair: Hashable {
    var reader: Int
    var writer: Int
  }

  struct Place {
    var pair: Pair
    var path: String
  }

  let reader: Schema
  let writer: Schema
  private var refuted: Set<Pair> = []
  private var seen: Set<Pair> = []
  /// Who leans on a pair. Only looked up, never walked through.
  private var dependents: [Pair: [Pair]] = [:]
  private var queue: [Pair] = []
  private var current: Pair?
  private var findings: [Incompatibility] = []
  private var places: [Place] = []
  private var isReporting = false
  /// Above 0 inside the branches of a reader's union, of which one is enough.
  private var trials = 0

  init(reader: Schema, writer: Schema) {
    self.reader = reader
    self.writer = writer
  }

  mutating func refute() {
    _ = reads(reader.root, writer.root, "")
    while let pair = queue.popLast() {
      if refuted.contains(pair) { continue }
      current = pair
      if definition(pair, "") { continue }
      refuted.insert(pair)
      queue += dependents[pair] ?? []
    }
  }

  mutating func report() -> [Incompatibility] {
    isReporting = true
    seen = []
    if reads(reader.root, writer.root, "") { return [] }
    var next = 0
    // Breadth first finds the shortest path to each pair; the bounds keep odd schemas short.
    while next < places.count, next < 10_000, findings.count < 100 {
      let place = places[next]
      next += 1
      _ = definition(place.pair, place.path)
    }
    if findings.isEmpty { find(.typeMismatch, "", "the schemas differ further down") }
    return Array(findings.prefix(100))
  }

  private mutating func find(_ reason: Incompatibility.Reason, _ path: String, _ detail: String) {
    if !isReporting || trials > 0 { return }
    findings.append(
      Incompatibility(reason: reason, path: path.isEmpty ? "/" : path, detail: detail))
  }

  private mutating func reads(_ r: SchemaType, _ w: SchemaType, _ path: String) -> Bool {
    if case .union(let branches) = w {
      var all = true
      for branch in branches where !reads(r, branch, path) { all = false }
      return all
    }
    if case .union(let branches) = r {
      var any = false
      trials += 1
      for branch in branches where reads(branch, w, path) { any = true }
      trials -= 1
      if !any {
        find(.missingUnionBranch, path, "no branch of the reader reads \(writer.kind(of: w))")
      }
      return any
    }
    switch (r, w) {
    case (.primitive(let a, _), .primitive(let b, _)) where a.reads(b): return true
    case (.array(let a, _), .array(let b, _)): return reads(a, b, path + "/items")
    case (.map(let a, _), .map(let b, _)): return reads(a, b, path + "/values")
    case (.named(let a), .named(let b))
    where reader.definitions[a].shape.isLike(writer.definitions[b].shape):
      return pair(Pair(reader: a, writer: b), path)
    default:
      find(
        .typeMismatch, path,
        "the reader's \(reader.kind(of: r)) does not read \(writer.kind(of: w))")
      return false
    }
  }

  private mutating func pair(_ pair: Pair, _ path: String) -> Bool {
    let isNew = !seen.contains(pair)
    if isReporting {
      if !refuted.contains(pair) { return true }
      if isNew, trials == 0 {
        seen.insert(pair)
        places.append(Place(pair: pair, path: path))
      }
      return false
    }
    if isNew {
      seen.insert(pair)
      queue.append(pair)
    }
    if let current { dependents[pair, default: []].append(current) }
    return !refuted.contains(pair)
  }

  private mutating func definition(_ pair: Pair, _ path: String) -> Bool {
    let r = reader.definitions[pair.reader]
    let w = writer.definitions[pair.writer]
    var good = true
    if !r.answers(to: w.name) {
      find(.nameMismatch, path, "the reader expects \(r.name), the writer has \(w.name)")
      good = false
    }
    switch (r.shape, w.shape) {
    case (.fixed(let a), .fixed(let b)):
      if a == b { return good }
      find(.fixedSizeMismatch, path, "the reader expects \(a) bytes, the writer has \(b)")
      return false
    case (.enumeration(let a, let fallback), .enumeration(let b, _)):
      let known = Set(a)
      let missing = b.filter { !known.contains($0) }
      if missing.isEmpty || fallback != nil { return good }
      find(
        .missingEnumSymbols, path,
        "\(r.name) of the reader has no \(missing.joined(separator: ", ")) and no default")
      return false
    case (.record(let a), .record(let b)):
      return fields(a, b, path) && good
    default: return false
    }
  }

  private mutating func fields(_ r: [SchemaField], _ w: [SchemaField], _ path: String) -> Bool {
    var good = true
    let index = SchemaField.places(w)
    for field in r {
      let inside = path + "/" + field.name
      let sources = field.sources(in: index)
      if sources.count > 1 {
        let names = sources.map { w[$0].name }.joined(separator: ", ")
        find(.ambiguousAlias, inside, "the fields \(names) of the writer are all this one")
        good = false
      } else if let source = sources.first {
        if !reads(field.type, w[source].type, inside) { good = false }
      } else if field.defaultValue == nil, reader.enumDefault(field.type) == nil {
        find(.fieldWithoutDefault, inside, "the writer has no such field and it has no default")
        good = false
      }
    }
    return good
  }
}

extension SchemaPrimitive {
  /// True when a value written as `writer` is read as this one, as it is or promoted.
  func reads(_ writer: SchemaPrimitive) -> Bool {
    switch (writer, self) {
    case (.int, .long), (.int, .float), (.int, .double), (.long, .float), (.long, .double),
      (.float, .double), (.string, .bytes), (.bytes, .string):
      true
    default: writer == self
    }
  }
}

extension SchemaDefinition {
  /// By the last part of the name, or by the full name in an alias.
  func answers(to other: SchemaName) -> Bool {
    name.last == other.last || aliases.contains(other)
  }
}

extension SchemaDefinition.Shape {
  func isLike(_ other: SchemaDefinition.Shape) -> Bool {
    switch (self, other) {
    case (.record, .record), (.enumeration, .enumeration), (.fixed, .fixed): true
    default: false
    }
  }
}

extension SchemaField {
  static func places(_ fields: [SchemaField]) -> [String: Int] {
    var places: [String: Int] = [:]
    for (place, field) in fields.enumerated() { places[field.name] = place }
    return places
  }

  /// The writer's fields that this one of the reader takes, by name, then by aliases.
  func sources(in writer: [String: Int]) -> [Int] {
    var sources: [Int] = []
    for name in [name] + aliases {
      if let place = writer[name], !sources.contains(place) { sources.append(place) }
    }
    return sources
  }
}

extension Schema {
  /// The default symbol of an enum type, nil for other types and without one.
  func enumDefault(_ type: SchemaType) -> String? {
    guard case .named(let place) = type,
      case .enumeration(_, let fallback) = definitions[place].shape
    else { return nil }
    return fallback
  }

  /// How a message calls a type.
  func kind(of type: SchemaType) -> String {
    switch type {
    case .primitive(let primitive, _): return primitive.rawValue
    case .array: return "array"
    case .map: return "map"
    case .union: return "union"
    case .named(let place):
      switch definitions[place].shape {
      case .record: return "record \(definitions[place].name)"
      case .enumeration: return "enum \(definitions[place].name)"
      case .fixed: return "fixed \(definitions[place].name)"
      }
    }
  }
}
