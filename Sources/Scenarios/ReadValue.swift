import Model

/// A value of the file after its key gave it a type.
indirect enum ReadValue {
  /// Reported; whatever would need it is left out.
  case faulty
  /// Checked, but no part of this version reads it.
  case unused
  case seed(UInt64)
  case text(String)
  case truth(Bool)
  case count(Int64)
  case duration(Nanoseconds)
  case toEnd
  case spread(Spread)
  case size(Int64)
  case rate(Rate)
  case ratio(Ratio)
  case speed(Ratio?)
  case instant(Timestamp)
  case target(FaultTarget)
  case secret(SecretPlace)
  case section(ReadSection)
  case list([ReadNode])
  /// A mapping with free names, in the order of the file.
  case free([(name: String, node: ReadNode)])
  case expectations(ReadSection, [Threshold])
}

/// A value with its place.
struct ReadNode {
  var value: ReadValue
  var mark: YAMLMark
  var keyMark: YAMLMark

  var isFaulty: Bool {
    if case .faulty = value { true } else { false }
  }
}

/// A mapping whose keys stand in the grammar.
struct ReadSection {
  var path: String
  var mark: YAMLMark
  var keys: [GrammarKey]
  var nodes: [String: ReadNode]
  /// Keys that are absent only because they are misspelt or were not read.
  var doubtful: Set<String>

  /// What is known of a key of this section or of one below, by its path from here.
  func find(_ path: String) -> Found {
    let names = path.split(separator: ".").map(String.init)
    return Self.find(names[...], section: self, keys: keys)
  }

  enum Found {
    case faulty
    /// Not given, and no default in the table.
    case absent
    case given(ReadNode)
    case byDefault(ReadValue)

    var value: ReadValue? {
      switch self {
      case .given(let node): node.value
      case .byDefault(let value): value
      case .faulty, .absent: nil
      }
    }

    var node: ReadNode? {
      if case .given(let node) = self { node } else { nil }
    }
  }

  private static func find(
    _ names: ArraySlice<String>, section: ReadSection?, keys: [GrammarKey]
  ) -> Found {
    guard let name = names.first, let key = keys.first(where: { $0.name == name }) else {
      preconditionFailure("the grammar has no key '\(names.joined(separator: "."))'")
    }
    if section?.doubtful.contains(name) == true { return .faulty }
    let node = section?.nodes[name]
    if node?.isFaulty == true { return .faulty }
    if names.count == 1 {
      if let node { return .given(node) }
      guard let text = key.defaultText else { return .absent }
      do throws(ValueRefusal) {
        return .byDefault(try readScalar(text, as: key.type))
      } catch {
        preconditionFailure("the default of '\(name)' is no value of its type: \(error.message)")
      }
    }
    guard case .section(let below) = key.type else {
      preconditionFailure("'\(name)' is no section of the grammar")
    }
    var inner: ReadSection?
    if case .section(let section)? = node?.value { inner = section }
    return find(names.dropFirst(), section: inner, keys: below)
  }

  func count(_ path: String) -> Int64? {
    if case .count(let value)? = find(path).value { value } else { nil }
  }

  func duration(_ path: String) -> Nanoseconds? {
    if case .duration(let value)? = find(path).value { value } else { nil }
  }

  func text(_ path: String) -> String? {
    if case .text(let value)? = find(path).value { value } else { nil }
  }

  func truth(_ path: String) -> Bool? {
    if case .truth(let value)? = find(path).value { value } else { nil }
  }

  func secret(_ path: String) -> SecretPlace? {
    if case .secret(let value)? = find(path).value { value } else { nil }
  }

  func ratio(_ path: String) -> Ratio? {
    if case .ratio(let value)? = find(path).value { value } else { nil }
  }

  func spread(_ path: String) -> Spread? {
    if case .spread(let value)? = find(path).value { value } else { nil }
  }

  func rate(_ path: String) -> Rate? {
    if case .rate(let value)? = find(path).value { value } else { nil }
  }

  func choice<Choice: RawRepresentable>(
    _ path: String, _ type: Choice.Type
  ) -> Choice? where Choice.RawValue == String {
    text(path).flatMap { Choice(rawValue: $0) }
  }

  /// For keys without default: nil inside when it is not given, nil outside when it is faulty.
  func optional<Value>(_ path: String, _ read: (ReadSection) -> Value?) -> Value?? {
    switch find(path) {
    case .faulty: .none
    case .absent: .some(nil)
    case .given, .byDefault: read(self).map { .some($0) } ?? .none
    }
  }
}
