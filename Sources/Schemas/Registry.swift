/// A schema registry in memory: subjects with numbered versions, one id per schema, compatibility
/// checked at registration. A value: the same requests in the same order give the same registry.
public struct Registry: Hashable, Sendable {
  /// A schema with its id; the text is the canonical one that equality is decided by.
  struct StoredSchema: Hashable, Sendable {
    var id: Int
    var schema: Schema
    var text: String
  }

  struct Version: Hashable, Sendable {
    var number: Int
    var id: Int
    var isDeleted: Bool
  }

  /// A subject stays as long as it has versions or settings of its own.
  struct Subject: Hashable, Sendable {
    var name: String
    /// By number.
    var versions: [Version] = []
    var level: CompatibilityLevel?
    var mode: RegistryMode?
  }

  /// Bytes of a schema's text; longer ones are error 42209.
  public static let textLimit = 1_000_000

  /// By id.
  var schemas: [StoredSchema] = []
  /// By the bytes of the names.
  var entries: [Subject] = []
  /// The id after the greatest one that was ever given out.
  var nextID = 1
  /// nil: BACKWARD, as registries begin.
  var globalLevel: CompatibilityLevel?
  var globalMode: RegistryMode?

  /// Empty, with the level BACKWARD and the mode READWRITE.
  public init() {}

  // Places and lookups shared by the requests.

  func place(of subject: String) -> Int? {
    let place = insertionPlace(of: subject)
    return place < entries.count && same(entries[place].name, subject) ? place : nil
  }

  private func insertionPlace(of subject: String) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if before(entries[middle].name, subject) { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// The place of the subject, which is made when there is none.
  mutating func makePlace(of subject: String) -> Int {
    if let place = place(of: subject) { return place }
    let place = insertionPlace(of: subject)
    entries.insert(Subject(name: subject), at: place)
    return place
  }

  func versions(_ subject: String) -> [Version] {
    place(of: subject).map { entries[$0].versions } ?? []
  }

  func stored(_ id: Int) -> StoredSchema? {
    var low = 0
    var high = schemas.count
    while low < high {
      let middle = (low + high) / 2
      if schemas[middle].id < id { low = middle + 1 } else { high = middle }
    }
    return low < schemas.count && schemas[low].id == id ? schemas[low] : nil
  }

  mutating func store(_ schema: StoredSchema) {
    schemas.insert(schema, at: schemas.firstIndex { $0.id > schema.id } ?? schemas.count)
  }

  /// Forgets the schemas that no subject has any more.
  mutating func dropUnused() {
    var used: Set<Int> = []
    for subject in entries {
      for version in subject.versions { used.insert(version.id) }
    }
    schemas.removeAll { !used.contains($0.id) }
  }

  func check(_ subject: String) throws(RegistryError) {
    let isPlain = subject.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }
    if subject.isEmpty || !isPlain || subject == "__GLOBAL" || subject == "__EMPTY" {
      throw RegistryError(
        .invalidSubject, "the subject \(quoted(subject)) is not allowed; use another name")
    }
  }

  func missing(_ subject: String) -> RegistryError {
    RegistryError(.subjectNotFound, "there is no subject \(quoted(subject))")
  }

  /// Parses a schema; the texts of equal ones are equal.
  func parse(
    _ text: String, normalise: Bool
  ) throws(RegistryError) -> (schema: Schema, text: String) {
    if text.utf8.count > Registry.textLimit {
      throw RegistryError(
        .schemaTooLarge,
        "the schema has \(text.utf8.count) bytes; at most \(Registry.textLimit) are allowed")
    }
    do {
      let schema = try Schema.parse(text)
      return (schema, schema.text(normalised: normalise))
    } catch {
      throw RegistryError(.invalidSchema, error.message)
    }
  }
}

extension Registry {
  /// Registers a schema and returns its version. An equal schema that is already there is returned
  /// as it is, unchecked; a soft-deleted one gets a new version and keeps its id. `normalise` sorts
  /// attributes before schemas are compared. `id` is only for the modes IMPORT and FORWARD; a
  /// `version` must be the next one, except in IMPORT.
  ///
  /// Errors: 409, 42201, 42205, 42207, 42208, 42209.
  public mutating func register(
    _ text: String, under subject: String, normalise: Bool = false, id: Int? = nil,
    version: Int? = nil
  ) throws(RegistryError) -> SubjectVersion {
    try check(subject)
    let mode = mode(inForceFor: subject)
    if mode.isReadOnly { throw refusal(mode, subject) }
    if id != nil, mode != .importing, mode != .forward {
      throw RegistryError(
        .operationNotPermitted, "\(subject) takes no id in the mode \(mode.rawValue); leave it out")
    }
    if mode == .importing, id == nil || version == nil {
      throw RegistryError(
        .operationNotPermitted, "\(subject) is in the mode IMPORT; give an id and a version")
    }
    let (schema, canonical) = try parse(text, normalise: normalise)
    if let known = find(canonical, in: versions(subject).filter({ !$0.isDeleted })) {
      if let id, id != known.id {
        throw RegistryError(
          .idDoesNotMatch, "\(subject) has this schema with the id \(known.id), not \(id)")
      }
      if mode != .importing || version == known.number {
        return SubjectVersion(
          subject: subject, version: known.number, id: known.id, isDeleted: false)
      }
    }
    if mode != .importing { try checkLevel(schema, under: subject) }
    let number = try newVersion(version, of: subject, mode: mode)
    let newID = try newID(id, for: canonical, schema)
    let place = makePlace(of: subject)
    let at = entries[place].versions.firstIndex { $0.number > number }
    entries[place].versions.insert(
      Version(number: number, id: newID, isDeleted: false),
      at: at ?? entries[place].versions.count)
    return SubjectVersion(subject: subject, version: number, id: newID, isDeleted: false)
  }

  /// The latest version of that schema.
  func find(_ canonical: String, in versions: [Version]) -> Version? {
    versions.last { version in stored(version.id).map { same($0.text, canonical) } ?? false }
  }

  func refusal(_ mode: RegistryMode, _ subject: String) -> RegistryError {
    RegistryError(
      .operationNotPermitted, "\(subject) is in the mode \(mode.rawValue); nothing is written")
  }

  private func checkLevel(_ schema: Schema, under subject: String) throws(RegistryError) {
    let level = level(inForceFor: subject)
    if let clash = clash(schema, versions(subject).filter { !$0.isDeleted }, level) {
      throw RegistryError(
        .incompatible,
        "the schema is not \(level.rawValue) with version \(clash.version) of \(subject): "
          + "\(clash.found[0])", clash.found)
    }
  }

  private func newVersion(
    _ told: Int?, of subject: String, mode: RegistryMode
  ) throws(RegistryError) -> Int {
    let known = versions(subject)
    let next = (known.last?.number ?? 0) + 1
    guard let told else { return next }
    if mode == .importing {
      if told < 1 || told > Int(Int32.max) || known.contains(where: { $0.number == told }) {
        throw RegistryError(
          .operationNotPermitted, "version \(told) of \(subject) is taken or no number")
      }
      return told
    }
    if told != next {
      throw RegistryError(
        .invalidSchema, "the version \(told) is not the next one of \(subject); that is \(next)")
    }
    return next
  }

  private mutating func newID(
    _ told: Int?, for canonical: String, _ schema: Schema
  ) throws(RegistryError) -> Int {
    if let told {
      if told < 1 || told > Int(Int32.max) {
        throw RegistryError(.operationNotPermitted, "the id \(told) is not allowed; use 1 or more")
      }
      if let other = stored(told) {
        if same(other.text, canonical) { return told }
        throw RegistryError(.operationNotPermitted, "the id \(told) is another schema's")
      }
    } else if let known = schemas.first(where: { same($0.text, canonical) }) {
      return known.id
    }
    let id = told ?? nextID
    store(StoredSchema(id: id, schema: schema, text: canonical))
    nextID = max(nextID, id + 1)
    return id
  }
}
