extension Registry {
  /// The subjects with a version, in the order of the bytes of their names. `deleted`: also those
  /// whose versions are all soft-deleted.
  public func subjects(deleted: Bool = false, prefix: String = "") -> [String] {
    entries.filter { entry in
      entry.name.utf8.starts(with: prefix.utf8)
        && entry.versions.contains { deleted || !$0.isDeleted }
    }.map(\.name)
  }

  /// The numbers of a subject's versions, ascending. Error: 40401.
  public func versions(
    of subject: String, deleted: Bool = false
  ) throws(RegistryError) -> [Int] {
    let found = versions(subject).filter { deleted || !$0.isDeleted }
    if found.isEmpty { throw missing(subject) }
    return found.map(\.number)
  }

  /// One version of a subject. Errors: 40401, 40402.
  public func version(
    _ name: VersionName, of subject: String, deleted: Bool = false
  ) throws(RegistryError) -> SubjectVersion {
    let found = versions(subject).filter { deleted || !$0.isDeleted }
    guard let latest = found.last else { throw missing(subject) }
    switch name {
    case .latest: return told(latest, subject)
    case .number(let number):
      guard let version = found.first(where: { $0.number == number }) else {
        throw RegistryError(.versionNotFound, "\(subject) has no version \(number)")
      }
      return told(version, subject)
    }
  }

  private func told(_ version: Version, _ subject: String) -> SubjectVersion {
    SubjectVersion(
      subject: subject, version: version.number, id: version.id, isDeleted: version.isDeleted)
  }

  /// The version that a schema has under a subject. Errors: 40401, 40403, 42201, 42209.
  public func lookUp(
    _ text: String, under subject: String, normalise: Bool = false, deleted: Bool = false
  ) throws(RegistryError) -> SubjectVersion {
    let (_, canonical) = try parse(text, normalise: normalise)
    let known = versions(subject).filter { deleted || !$0.isDeleted }
    if known.isEmpty { throw missing(subject) }
    guard let version = find(canonical, in: known) else {
      throw RegistryError(.schemaNotFound, "\(subject) does not have this schema")
    }
    return told(version, subject)
  }

  /// The schema with that id, also when all its versions are soft-deleted. Error: 40403.
  public func schema(_ id: Int) throws(RegistryError) -> Schema {
    guard let stored = stored(id) else {
      throw RegistryError(.schemaNotFound, "there is no schema with the id \(id)")
    }
    return stored.schema
  }

  /// The canonical text of the schema with that id. Error: 40403.
  public func text(_ id: Int) throws(RegistryError) -> String {
    guard let stored = stored(id) else {
      throw RegistryError(.schemaNotFound, "there is no schema with the id \(id)")
    }
    return stored.text
  }

  /// Where the schema with that id is used, by subject, then version. Error: 40403.
  public func uses(
    of id: Int, deleted: Bool = false
  ) throws(RegistryError) -> [SubjectVersion] {
    _ = try schema(id)
    var uses: [SubjectVersion] = []
    for entry in entries {
      for version in entry.versions where version.id == id && (deleted || !version.isDeleted) {
        uses.append(told(version, entry.name))
      }
    }
    return uses
  }
}

extension Registry {
  /// Deletes all versions of a subject and returns their numbers. Softly: they are hidden, their
  /// ids still answer, and the subject's own level and mode go. Permanently, after that: ids that
  /// are used nowhere else are gone. Errors: 40401, 40404, 40405, 42205.
  public mutating func delete(
    _ subject: String, permanent: Bool = false
  ) throws(RegistryError) -> [Int] {
    let mode = mode(inForceFor: subject)
    if mode.isReadOnly { throw refusal(mode, subject) }
    guard let place = place(of: subject), !entries[place].versions.isEmpty else {
      throw missing(subject)
    }
    let live = entries[place].versions.filter { !$0.isDeleted }.map(\.number)
    if permanent {
      if !live.isEmpty {
        throw RegistryError(
          .subjectNotSoftDeleted, "\(subject) is not soft-deleted; delete it softly first")
      }
      let numbers = entries[place].versions.map(\.number)
      entries[place].versions = []
      dropEmpty()
      dropUnused()
      return numbers
    }
    if live.isEmpty {
      throw RegistryError(
        .subjectSoftDeleted, "\(subject) is already soft-deleted; delete it permanently")
    }
    for index in entries[place].versions.indices {
      entries[place].versions[index].isDeleted = true
    }
    entries[place].level = nil
    entries[place].mode = nil
    return live
  }

  /// Deletes one version and returns its number; permanently only after softly. Errors: 40401,
  /// 40402, 40406, 40407, 42205.
  public mutating func delete(
    _ name: VersionName, of subject: String, permanent: Bool = false
  ) throws(RegistryError) -> Int {
    let mode = mode(inForceFor: subject)
    if mode.isReadOnly { throw refusal(mode, subject) }
    guard let place = place(of: subject), let last = entries[place].versions.last else {
      throw missing(subject)
    }
    let number: Int
    switch name {
    case .number(let told): number = told
    case .latest:
      let live = entries[place].versions.last { !$0.isDeleted }
      if live == nil, !permanent { throw missing(subject) }
      number = (live ?? last).number
    }
    guard let index = entries[place].versions.firstIndex(where: { $0.number == number }) else {
      throw RegistryError(.versionNotFound, "\(subject) has no version \(number)")
    }
    let isDeleted = entries[place].versions[index].isDeleted
    if permanent {
      if !isDeleted {
        throw RegistryError(
          .versionNotSoftDeleted,
          "version \(number) of \(subject) is not soft-deleted; delete it softly first")
      }
      entries[place].versions.remove(at: index)
      dropEmpty()
      dropUnused()
    } else {
      if isDeleted {
        throw RegistryError(
          .versionSoftDeleted,
          "version \(number) of \(subject) is already soft-deleted; delete it permanently")
      }
      entries[place].versions[index].isDeleted = true
    }
    return number
  }
}
