/// The default name of a scenario: its path below the last folder called `scenarios`, elsewhere the
/// name of the file; without `.yaml`. Always a name that the grammar takes.
public func scenarioName(ofPath path: String) -> String {
  let parts = path.split(separator: "/").map(String.init)
  var kept = parts.suffix(1)
  if let folder = parts.dropLast().lastIndex(of: "scenarios") { kept = parts[(folder + 1)...] }
  var name = kept.joined(separator: "/")
  if name.hasSuffix(".yaml") { name.removeLast(".yaml".count) }
  return safeName(name)
}

/// Where a path that stands in a scenario may be, in the order in which to try: as it is when it is
/// absolute; else from the folder of the scenario, then from the folder that holds `scenarios`.
public func candidatePaths(_ path: String, ofScenario scenarioPath: String) -> [String] {
  if path.hasPrefix("/") { return [path] }
  var folders = scenarioPath.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    .map(String.init)
  func joined() -> String { (folders + [path]).joined(separator: "/") }
  var candidates = [joined()]
  if let folder = folders.lastIndex(of: "scenarios") {
    folders = Array(folders[..<folder])
    candidates.append(joined())
  }
  return candidates
}

/// A text made a name: what is no letter, digit, `.`, `_` or `-` becomes `-`.
func safeName(_ text: String) -> String {
  let parts = text.split(separator: "/").map { part in
    let letters = part.utf8.map { isNameCharacter($0) ? Character(Unicode.Scalar($0)) : "-" }
    return letters.first == "." ? "-" + String(letters.dropFirst()) : String(letters)
  }
  let name = String(parts.joined(separator: "/").prefix(200))
  return name.isEmpty ? "scenario" : name.last == "/" ? String(name.dropLast()) : name
}
