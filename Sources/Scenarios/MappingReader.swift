import Model

/// Walks one mapping against the names it may hold. Unknown keys are reported when it is made;
/// every reader reports what is wrong with its value and then gives nil, as it does for a key that
/// is not there. A value that was reported once is never reported again.
public struct MappingReader {
  /// Names of the keys down to this mapping, joined by dots; empty for the whole file.
  public let path: String
  /// Where the mapping begins.
  public let mark: YAMLMark
  /// Keys that are known, in the order of the file.
  public let entries: [YAMLEntry]
  /// Known names that unknown keys come close to: missing only because they are misspelt.
  public let misspelt: Set<String>
  /// False when the text behind this mapping was not read: nothing counts as missing then.
  public let isComplete: Bool
  private let log: ProblemLog

  /// Nil, and a problem unless there already is one, when the node is no mapping.
  public init?(
    _ node: YAMLNode, path: String, known: [String], isComplete: Bool = true, log: ProblemLog
  ) {
    guard let all = node.entries else {
      if !node.isFaulty {
        log.add(
          node.mark, "\(path.isEmpty ? "the file" : path): \(node.kindText) is no mapping of keys",
          hint: known.first.map { path.isEmpty ? "write \($0): ..." : "write {\($0): ...}" })
      }
      return nil
    }
    self.path = path
    self.mark = node.mark
    self.isComplete = isComplete
    self.log = log
    var entries: [YAMLEntry] = []
    var misspelt: Set<String> = []
    for entry in all {
      if known.contains(entry.key) {
        entries.append(entry)
        continue
      }
      let near = nearestName(to: entry.key, in: known)
      if let near { misspelt.insert(near) }
      log.add(
        entry.keyMark, "unknown key \(quoted(entry.key)) in \(path.isEmpty ? "the file" : path)",
        hint: near.map { "did you mean '\($0)'?" } ?? knownNames(known))
    }
    self.entries = entries
    self.misspelt = misspelt
  }

  /// The entry of a key, faulty or not.
  public func entry(_ key: String) -> YAMLEntry? { entries.first { $0.key == key } }

  /// Whether a key is given, faulty or not.
  public func has(_ key: String) -> Bool { entry(key) != nil }

  /// The path of a key of this mapping.
  public func path(of key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

  /// Reports a key that is not there, unless a misspelling or an early end explains it.
  public func require(_ key: String, hint: String? = nil) {
    if has(key) || misspelt.contains(key) || !isComplete { return }
    log.add(mark, "\(path(of: key)) is missing", hint: hint)
  }

  /// The value of a key as `parse` reads it.
  public func value<Value>(
    _ key: String, _ parse: (String) throws(ValueRefusal) -> Value
  ) -> Value? {
    guard let node = entry(key)?.value, let text = text(of: node, path(of: key)) else { return nil }
    do throws(ValueRefusal) {
      return try parse(text)
    } catch {
      log.add(node.mark, path(of: key), error)
      return nil
    }
  }

  /// The value as it stands, of any form.
  public func text(_ key: String) -> String? { value(key) { $0 } }
  /// A whole number from 0.
  public func count(_ key: String) -> Int64? { value(key, parseCount) }
  /// Nanoseconds, from 0 to 3650 days.
  public func duration(_ key: String) -> Nanoseconds? { value(key, parseDuration) }
  /// From 0 to 1.
  public func ratio(_ key: String) -> Ratio? { value(key, parseRatio) }
  /// Bytes, at most 1 TiB.
  public func size(_ key: String) -> Int64? { value(key, parseSize) }
  /// `true` or `false`.
  public func truth(_ key: String) -> Bool? { value(key, parseTruth) }
  /// RFC 3339 with zone.
  public func instant(_ key: String) -> Timestamp? { value(key, parseInstant) }

  /// One of the given names.
  public func choice(_ key: String, among names: [String]) -> String? {
    value(key) { (text) throws(ValueRefusal) in try parseChoice(text, among: names) }
  }

  /// The elements of a list.
  public func list(_ key: String) -> [YAMLNode]? {
    guard let node = entry(key)?.value, !node.isFaulty else { return nil }
    guard let elements = node.elements else {
      log.add(node.mark, "\(path(of: key)): \(node.kindText) is no list", hint: "write [a, b]")
      return nil
    }
    return elements
  }

  /// The elements of a list of texts; nil when one of them is none.
  public func texts(_ key: String) -> [String]? {
    guard let nodes = list(key) else { return nil }
    let texts = nodes.enumerated().map { text(of: $0.element, "\(path(of: key)).\($0.offset)") }
    return texts.contains(nil) ? nil : texts.compactMap { $0 }
  }

  /// A mapping below this one.
  public func mapping(_ key: String, known: [String]) -> MappingReader? {
    guard let node = entry(key)?.value else { return nil }
    return MappingReader(
      node, path: path(of: key), known: known, isComplete: isComplete, log: log)
  }

  /// A mapping whose names are free.
  public func freeMapping(_ key: String) -> [YAMLEntry]? {
    guard let node = entry(key)?.value, !node.isFaulty else { return nil }
    guard let entries = node.entries else {
      log.add(node.mark, "\(path(of: key)): \(node.kindText) is no mapping of keys")
      return nil
    }
    return entries
  }

  private func text(of node: YAMLNode, _ path: String) -> String? {
    if let text = node.scalar { return text }
    if !node.isFaulty { log.add(node.mark, "\(path): \(node.kindText) where a value is wanted") }
    return nil
  }
}

/// One of the given names, or a refusal that tells the nearest.
public func parseChoice(_ text: String, among names: [String]) throws(ValueRefusal) -> String {
  if names.contains(text) { return text }
  throw ValueRefusal(
    "no such choice: \(quoted(text))",
    hint: nearestName(to: text, in: names).map { "did you mean '\($0)'?" } ?? knownNames(names))
}

/// "one of a, b, c", as many as fit a line.
func knownNames(_ names: [String]) -> String? {
  guard let first = names.first else { return nil }
  var text = "one of \(first)"
  for name in names.dropFirst() {
    if text.count + name.count > 80 { return text + ", ..." }
    text += ", \(name)"
  }
  return names.count == 1 ? "only \(first) is known here" : text
}
