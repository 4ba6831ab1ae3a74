extension Registry {
  struct Clash {
    var version: Int
    var found: [Incompatibility]
  }

  /// The newest version that the schema does not agree with at this level; nil when all is well.
  func clash(_ schema: Schema, _ versions: [Version], _ level: CompatibilityLevel) -> Clash? {
    for version in level.isTransitive ? versions.reversed() : versions.suffix(1) {
      guard let old = stored(version.id) else { continue }
      var found: [Incompatibility] = []
      if level.isBackward { found += resolve(reader: schema, writer: old.schema) }
      if level.isForward { found += resolve(reader: old.schema, writer: schema) }
      if !found.isEmpty { return Clash(version: version.number, found: found) }
    }
    return nil
  }

  /// Tests a schema against one version at the level in force; registers nothing. Empty:
  /// compatible, which it always is with the latest version of a subject that has none.
  ///
  /// Errors: 40402 for a number that is not there, 42201, 42209.
  public func incompatibilities(
    of text: String, under subject: String, version name: VersionName, normalise: Bool = false
  ) throws(RegistryError) -> [Incompatibility] {
    let (schema, _) = try parse(text, normalise: normalise)
    let live = versions(subject).filter { !$0.isDeleted }
    let compared: [Version]
    switch name {
    case .latest: compared = live.suffix(1)
    case .number(let number):
      compared = live.filter { $0.number == number }
      if compared.isEmpty {
        throw RegistryError(.versionNotFound, "\(subject) has no version \(number)")
      }
    }
    return clash(schema, compared, level(inForceFor: subject))?.found ?? []
  }

  /// Tests a schema against all the versions that count at the level in force, as a registration
  /// would; registers nothing. Empty: compatible. Errors: 42201, 42209.
  public func incompatibilities(
    of text: String, under subject: String, normalise: Bool = false
  ) throws(RegistryError) -> [Incompatibility] {
    let (schema, _) = try parse(text, normalise: normalise)
    let live = versions(subject).filter { !$0.isDeleted }
    return clash(schema, live, level(inForceFor: subject))?.found ?? []
  }
}

extension Registry {
  /// The level for all subjects without their own.
  public var level: CompatibilityLevel { globalLevel ?? .backward }

  /// The level that a registration under this subject is held to.
  public func level(inForceFor subject: String) -> CompatibilityLevel {
    place(of: subject).flatMap { entries[$0].level } ?? level
  }

  /// The subject's own level; without one the global one if asked for, else error 40408.
  public func level(
    of subject: String, defaultToGlobal: Bool = false
  ) throws(RegistryError) -> CompatibilityLevel {
    if let own = place(of: subject).flatMap({ entries[$0].level }) { return own }
    if defaultToGlobal { return level }
    throw RegistryError(.levelNotConfigured, "\(subject) has no compatibility level of its own")
  }

  /// Sets the level of a subject, or without one of all the others. Versions that are already there
  /// are not checked again. Errors: 42203, 42205, 42208.
  public mutating func setLevel(
    _ text: String, of subject: String? = nil
  ) throws(RegistryError) {
    guard let level = CompatibilityLevel(rawValue: text) else {
      let known = CompatibilityLevel.allCases.map(\.rawValue).joined(separator: ", ")
      throw RegistryError(.invalidLevel, "the level \(text) is not known; use one of \(known)")
    }
    guard let subject else {
      if mode.isReadOnly { throw refusal(mode, "the registry") }
      globalLevel = level
      return
    }
    try check(subject)
    let mode = mode(inForceFor: subject)
    if mode.isReadOnly { throw refusal(mode, subject) }
    let place = makePlace(of: subject)
    entries[place].level = level
  }

  /// Takes a subject's own level away and returns it. Errors: 40408, 42205.
  public mutating func removeLevel(of subject: String) throws(RegistryError) -> CompatibilityLevel {
    let old = try level(of: subject)
    let mode = mode(inForceFor: subject)
    if mode.isReadOnly { throw refusal(mode, subject) }
    if let place = place(of: subject) { entries[place].level = nil }
    dropEmpty()
    return old
  }

  /// The mode for all subjects without their own.
  public var mode: RegistryMode { globalMode ?? .readWrite }

  /// The mode that requests to this subject are held to.
  public func mode(inForceFor subject: String) -> RegistryMode {
    if mode == .readOnlyOverride { return mode }
    return place(of: subject).flatMap { entries[$0].mode } ?? mode
  }

  /// The subject's own mode; without one the global one if asked for, else error 40409.
  public func mode(
    of subject: String, defaultToGlobal: Bool = false
  ) throws(RegistryError) -> RegistryMode {
    if let own = place(of: subject).flatMap({ entries[$0].mode }) { return own }
    if defaultToGlobal { return mode }
    throw RegistryError(.modeNotConfigured, "\(subject) has no mode of its own")
  }

  /// Sets the mode of a subject, or without one of the registry. IMPORT needs a subject without
  /// versions, or a registry without any, unless it is forced. Errors: 42204, 42205, 42208.
  public mutating func setMode(
    _ text: String, of subject: String? = nil, force: Bool = false
  ) throws(RegistryError) {
    guard let mode = RegistryMode(rawValue: text) else {
      let known = RegistryMode.allCases.map(\.rawValue).joined(separator: ", ")
      throw RegistryError(.invalidMode, "the mode \(text) is not known; use one of \(known)")
    }
    if let subject { try check(subject) }
    let used = subject.map { versions($0) } ?? entries.flatMap(\.versions)
    if mode == .importing, !force, used.contains(where: { !$0.isDeleted }) {
      throw RegistryError(
        .operationNotPermitted,
        "\(subject ?? "the registry") has versions; delete them first, or force the mode IMPORT")
    }
    guard let subject else {
      globalMode = mode
      return
    }
    let place = makePlace(of: subject)
    entries[place].mode = mode
  }

  /// Takes a subject's own mode away and returns it. Error: 40409.
  public mutating func removeMode(of subject: String) throws(RegistryError) -> RegistryMode {
    let old = try mode(of: subject)
    if let place = place(of: subject) { entries[place].mode = nil }
    dropEmpty()
    return old
  }

  mutating func dropEmpty() {
    entries.removeAll { $0.versions.isEmpty && $0.level == nil && $0.mode == nil }
  }
}
