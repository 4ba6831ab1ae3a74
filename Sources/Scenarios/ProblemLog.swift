import Model

/// Collects the problems of one input, in any order, and the places of secrets that no excerpt may
/// show. One log serves one reading; it is not shared between threads.
public final class ProblemLog {
  public private(set) var problems: [Problem] = []
  private var secrets: [YAMLMark] = []
  /// The order in which overrides were given, by what stands before the place of a problem.
  private var ranks: [String: Int] = [:]

  public init() {}

  /// True while nothing was reported.
  public var isEmpty: Bool { problems.isEmpty }

  /// Adds a problem whose place is already known.
  public func add(_ problem: Problem) { problems.append(problem) }

  /// Adds a problem at a place; the hint says what to do about it.
  public func add(_ mark: YAMLMark, _ message: String, hint: String? = nil) {
    problems.append(mark.problem(message, hint: hint))
  }

  /// A refused value at a place; the message begins with the name of its key.
  public func add(_ mark: YAMLMark, _ path: String, _ refusal: ValueRefusal) {
    add(mark, "\(path): \(refusal.message)", hint: refusal.hint)
  }

  /// Problems of this override come behind those of the overrides before it.
  func rank(_ source: YAMLSource) {
    if ranks[source.file] == nil { ranks[source.file] = ranks.count }
  }

  /// From now on the characters at this place are shown as stars.
  public func hide(_ mark: YAMLMark) { secrets.append(mark) }

  /// All problems in the order of their places: those of files first, by line and column, then
  /// those of overrides as they were given; secrets masked.
  public func ordered() -> [Problem] {
    let numbered = problems.enumerated().sorted { a, b in
      let (p, q) = (a.element, b.element)
      if (p.line == nil) != (q.line == nil) { return q.line == nil }
      if p.line == nil {
        return (ranks[p.file] ?? -1, p.column ?? 0, a.offset)
          < (ranks[q.file] ?? -1, q.column ?? 0, b.offset)
      }
      return (p.line ?? 0, p.column ?? 0, a.offset) < (q.line ?? 0, q.column ?? 0, b.offset)
    }
    var lines: [Int: String] = [:]
    return numbered.map { masked($0.element, &lines) }
  }

  private func masked(_ problem: Problem, _ lines: inout [Int: String]) -> Problem {
    var problem = problem
    guard let line = problem.line, let excerpt = problem.excerpt else {
      for secret in secrets where secret.source.isOverride && secret.source.file == problem.file {
        // The text of an override stands in quotes behind its option.
        let quote = problem.file.unicodeScalars.prefix { $0 != "'" }.count
        problem.file = stars(problem.file, [quote + secret.column], width: secret.width)
      }
      return problem
    }
    // One line can hold many problems and many secrets: it is masked once.
    if lines[line] == nil {
      var masked = excerpt
      for (width, columns) in secretColumns(line, problem.file) {
        masked = stars(masked, columns, width: width)
      }
      lines[line] = masked
    }
    problem.excerpt = lines[line]
    return problem
  }

  /// Where the secrets of a line begin, from 0, by their width.
  private func secretColumns(_ line: Int, _ file: String) -> [(width: Int, columns: Set<Int>)] {
    let here = secrets.filter { $0.line == line && $0.source.file == file }
    let byWidth = Dictionary(grouping: here, by: \.width)
    return byWidth.keys.sorted().map { width in
      (width, Set((byWidth[width] ?? []).map { $0.column - 1 }))
    }
  }
}

/// A text with stars in place of `width` characters from each of the indexes.
func stars(_ text: String, _ starts: Set<Int>, width: Int) -> String {
  var result = String.UnicodeScalarView()
  var hiddenUntil = 0
  for (offset, scalar) in text.unicodeScalars.enumerated() {
    if starts.contains(offset) { hiddenUntil = max(hiddenUntil, offset + width) }
    result.append(offset < hiddenUntil ? "*" : scalar)
  }
  return String(result)
}

/// Hides every value that is, or by its name may be, a secret: also under misspelt keys.
func hideSecrets(in node: YAMLNode, log: ProblemLog, key: String = "", inSecurity: Bool = false) {
  switch node.content {
  case .faulty: break
  case .scalar(let text, _):
    let isReference = text.hasPrefix("env:") || text.hasPrefix("file:")
    if !isReference, inSecurity || namesSecret(key) { hide(text, node.mark, log) }
  case .sequence(let elements):
    for element in elements { hideSecrets(in: element, log: log, key: key, inSecurity: inSecurity) }
  case .mapping(let entries):
    for entry in entries {
      let open = inSecurity && ["tls", "ca", "mechanism"].contains(entry.key)
      let below = inSecurity || nearestName(to: entry.key, in: ["security"]) != nil
      hideSecrets(in: entry.value, log: log, key: entry.key, inSecurity: below && !open)
    }
  }
}

private func namesSecret(_ key: String) -> Bool {
  let name = key.lowercased()
  return name == "user" || name.contains("pass") || name.contains("secret")
}

private func hide(_ text: String, _ mark: YAMLMark, _ log: ProblemLog) {
  if mark.width > 1 || text.unicodeScalars.count <= 1 {
    log.hide(mark)
    return
  }
  // Written over several lines: none of them is shown.
  let breaks = text.unicodeScalars.filter { $0 == "\n" }.count
  let last = min(mark.source.lines.count, mark.line + max(breaks, 1) + 1)
  var line = mark
  log.hide(YAMLMark(source: mark.source, line: line.line, column: line.column, width: 1 << 20))
  while line.line < last {
    line.line += 1
    log.hide(YAMLMark(source: mark.source, line: line.line, column: 1, width: 1 << 20))
  }
}

/// Masks what stands behind a secret's name in a line that could not be read as YAML.
func withoutSecrets(_ problem: Problem) -> Problem {
  guard let excerpt = problem.excerpt else { return problem }
  let lower = excerpt.lowercased()
  guard ["pass", "secret", "user"].contains(where: lower.contains) else { return problem }
  var problem = problem
  var hidden = false
  var result = String.UnicodeScalarView()
  for scalar in excerpt.unicodeScalars {
    result.append(hidden && scalar != " " ? "*" : scalar)
    if scalar == ":" { hidden = true }
  }
  problem.excerpt = String(result)
  problem.hint = nil
  return problem
}
