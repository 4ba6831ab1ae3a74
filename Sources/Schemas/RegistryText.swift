extension Registry {
  /// The whole registry as lines of text, which `init(text:)` reads back. Equal registries have
  /// equal texts.
  public var text: String {
    var lines = ["weir-registry 1", "next \(nextID)"]
    if let globalLevel { lines.append("level \(globalLevel.rawValue)") }
    if let globalMode { lines.append("mode \(globalMode.rawValue)") }
    for schema in schemas { lines.append("schema \(schema.id) \(schema.text)") }
    for subject in entries {
      lines.append("subject \(subject.name)")
      if let level = subject.level { lines.append("level \(level.rawValue)") }
      if let mode = subject.mode { lines.append("mode \(mode.rawValue)") }
      for version in subject.versions {
        let deleted = version.isDeleted ? " deleted" : ""
        lines.append("version \(version.number) \(version.id)\(deleted)")
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Reads what `text` wrote; anything else is refused with the number of its line.
  public init(text: String) throws(SchemaError) {
    self.init()
    var number = 0
    var bytes = Array(text.utf8)
    guard bytes.popLast() == UInt8(ascii: "\n") else {
      throw SchemaError("the registry's text has no end of line at its end")
    }
    for line in bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let words = line.split(
        separator: UInt8(ascii: " "), maxSplits: 1, omittingEmptySubsequences: false)
      let rest = String(decoding: words.count > 1 ? words[1] : [], as: UTF8.self)
      let word = String(decoding: words.first ?? [], as: UTF8.self)
      let isGood = number == 1 ? word == "weir-registry" && rest == "1" : try read(word, rest)
      if !isGood {
        throw SchemaError(
          "line \(number) of the registry's text cannot be read: "
            + String(decoding: line.prefix(60), as: UTF8.self))
      }
    }
    if number < 2 || (schemas.last?.id ?? 0) >= nextID {
      throw SchemaError("the registry's text does not say the next id, or one that is taken")
    }
  }

  /// Takes one line; false when it cannot stand here.
  private mutating func read(_ word: String, _ rest: String) throws(SchemaError) -> Bool {
    switch word {
    case "next":
      guard let id = Int(rest), id > 0, id <= 1 << 32 else { return false }
      nextID = id
    case "level":
      guard let level = CompatibilityLevel(rawValue: rest) else { return false }
      if entries.isEmpty { globalLevel = level } else { entries[entries.count - 1].level = level }
    case "mode":
      guard let mode = RegistryMode(rawValue: rest) else { return false }
      if entries.isEmpty { globalMode = mode } else { entries[entries.count - 1].mode = mode }
    case "schema":
      let parts = rest.split(separator: " ", maxSplits: 1)
      guard parts.count == 2, let id = Int(parts[0]), id > schemas.last?.id ?? 0, entries.isEmpty
      else { return false }
      let text = String(parts[1])
      schemas.append(StoredSchema(id: id, schema: try Schema.parse(text), text: text))
    case "subject":
      if rest.isEmpty || !(entries.last.map { before($0.name, rest) } ?? true) { return false }
      entries.append(Subject(name: rest))
    case "version":
      let parts = rest.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 2 || parts.count == 3 && parts[2] == "deleted", let last = entries.last,
        let number = Int(parts[0]), number > last.versions.last?.number ?? 0,
        let id = Int(parts[1]), stored(id) != nil
      else { return false }
      entries[entries.count - 1].versions.append(
        Version(number: number, id: id, isDeleted: parts.count == 3))
    default: return false
    }
    return true
  }
}
