import Model

/// One option that changes a scenario before it is checked. Options are applied from left to right;
/// mistakes are placed in their text.
public struct ScenarioOverride: Hashable, Sendable {
  enum Action: Hashable, Sendable {
    case set
    case unset
    /// Sets one key to the text as it stands.
    case shorthand(path: String)
    case backbone
    case trace
  }

  let option: String
  let text: String
  let action: Action

  /// What `--set PATH=` gives to a path; nil for another one.
  public func assigned(to path: String) -> String? {
    guard action == .set, text.hasPrefix(path + "=") else { return nil }
    return String(text.dropFirst(path.utf8.count + 1))
  }

  /// `--set PATH=VALUE`.
  public static func set(_ assignment: String) -> ScenarioOverride {
    .init(option: "--set", text: assignment, action: .set)
  }

  /// `--unset PATH`: back to the default.
  public static func unset(_ path: String) -> ScenarioOverride {
    .init(option: "--unset", text: path, action: .unset)
  }

  /// `--seed N`; `random` is the caller's to draw.
  public static func seed(_ text: String) -> ScenarioOverride {
    .init(option: "--seed", text: text, action: .shorthand(path: "seed"))
  }

  /// `--clock virtual|wall`.
  public static func clock(_ text: String) -> ScenarioOverride {
    .init(option: "--clock", text: text, action: .shorthand(path: "clock"))
  }

  /// `--backbone KIND` or `--backbone KIND://HOST:PORT`.
  public static func backbone(_ text: String) -> ScenarioOverride {
    .init(option: "--backbone", text: text, action: .backbone)
  }

  /// `--engine KIND`.
  public static func engine(_ text: String) -> ScenarioOverride {
    .init(option: "--engine", text: text, action: .shorthand(path: "engine.kind"))
  }

  /// `--trace FILE`: its events, at its own instants; the load gives up its shape.
  public static func trace(_ text: String) -> ScenarioOverride {
    .init(option: "--trace", text: text, action: .trace)
  }

  /// `--speed FACTOR|max`; the load must follow a trace.
  public static func speed(_ text: String) -> ScenarioOverride {
    .init(option: "--speed", text: text, action: .shorthand(path: "load.speed"))
  }

  /// What stands before the place of a mistake: `--set 'load.rat=5k/s'`.
  var source: YAMLSource { YAMLSource(file: "\(option) '\(text)'") }
}

/// A key or an index on the way to a value.
private struct PathStep {
  var name: String
  var mark: YAMLMark
  var isElement: Bool
}

/// Applies overrides to the tree of a file.
struct OverrideApplier {
  let catalog: ScenarioCatalog
  let log: ProblemLog

  func apply(_ override: ScenarioOverride, to root: inout YAMLNode) {
    switch override.action {
    case .set: set(override, &root)
    case .unset: unset(override, &root)
    case .shorthand(let path): put(override, path, override.text, &root)
    case .trace: setTrace(override, &root)
    case .backbone:
      guard let range = override.text.firstRange(of: "://") else {
        put(override, "backbone.kind", override.text, &root)
        return
      }
      put(override, "backbone.kind", String(override.text[..<range.lowerBound]), &root)
      put(
        override, "backbone.bootstrap", String(override.text[range.upperBound...]), &root,
        column: override.text.unicodeScalars.distance(
          from: override.text.startIndex, to: range.upperBound) + 1)
    }
  }

  private func set(_ override: ScenarioOverride, _ root: inout YAMLNode) {
    guard let equals = override.text.firstIndex(of: "=") else {
      log.add(
        YAMLMark(source: override.source), "there is no '=' in it", hint: "write PATH=VALUE")
      return
    }
    let path = String(override.text[..<equals])
    let text = String(override.text[override.text.index(after: equals)...])
    guard let steps = steps(path, override, from: .section(scenarioGrammar)) else { return }
    let column = path.unicodeScalars.count + 2
    let value = value(text, override, path, column: column)
    var node: YAMLNode? = root
    insert(value, at: steps[...], into: &node, path: "")
    root = node ?? root
  }

  private func put(
    _ override: ScenarioOverride, _ path: String, _ text: String, _ root: inout YAMLNode,
    column: Int = 1
  ) {
    let mark = YAMLMark(
      source: override.source, column: column, width: text.unicodeScalars.count)
    let steps = path.split(separator: ".").map {
      PathStep(name: String($0), mark: mark, isElement: false)
    }
    var value = YAMLNode(.scalar(text, quoted: false), mark: mark)
    if text.isEmpty {
      log.add(mark, "\(path) has no value")
      value.content = .faulty
    }
    var node: YAMLNode? = root
    insert(value, at: steps[...], into: &node, path: "")
    root = node ?? root
  }

  /// The trace gives the instants, so keys of other shapes go.
  private func setTrace(_ override: ScenarioOverride, _ root: inout YAMLNode) {
    let mark = YAMLMark(source: override.source, width: override.text.unicodeScalars.count)
    put(override, "workload.trace", override.text, &root)
    let load = root["load"]
    if load?["shape"]?.scalar == "trace" { return }
    let shape = YAMLEntry(
      key: "shape", keyMark: mark, value: YAMLNode(.scalar("trace", quoted: false), mark: mark))
    let kept = load?.entries?.filter { ["speed", "idle_cap"].contains($0.key) } ?? []
    let step = PathStep(name: "load", mark: mark, isElement: false)
    var node: YAMLNode? = root
    insert(
      YAMLNode(.mapping([shape] + kept), mark: mark), at: [step][...], into: &node, path: "")
    root = node ?? root
  }

  // Values.

  private func value(
    _ text: String, _ override: ScenarioOverride, _ path: String, column: Int
  ) -> YAMLNode {
    let mark = YAMLMark(
      source: override.source, column: column, width: text.unicodeScalars.count)
    if text.isEmpty {
      log.add(mark, "\(path) has no value", hint: "--unset \(path) goes back to the default")
      return YAMLNode(.faulty, mark: mark)
    }
    let key = path.split(separator: ".").last.map(String.init) ?? ""
    let isSecurity = path.hasPrefix("backbone.security")
    var node = YAMLNode(.scalar(text, quoted: false), mark: mark)
    if let first = text.first, "[{\"'".contains(first) {
      var parser = YAMLParser(
        source: override.source, columnOffset: column - 1, lines: splitYAMLLines(text),
        path: path.split(separator: ".").map(String.init))
      node = parser.parse(Array(text.utf8)) ?? YAMLNode(.faulty, mark: mark)
      for problem in parser.problems { log.add(problem) }
      let lower = override.text.lowercased()
      if parser.stopped, ["pass", "secret", "user"].contains(where: lower.contains) {
        log.hide(mark)
      }
      if parser.stopped { node.content = .faulty }
    }
    hideSecrets(in: node, log: log, key: key, inSecurity: isSecurity)
    return node
  }

  // Paths.

  /// The steps of a path, looked up in the grammar so that free names keep their dots.
  private func steps(
    _ path: String, _ override: ScenarioOverride, from type: GrammarType
  ) -> [PathStep]? {
    var steps: [PathStep] = []
    var type = type
    var rest = path[...]
    var column = 1
    repeat {
      let (name, next, isElement) = step(rest, type)
      let mark = YAMLMark(
        source: override.source, column: column, width: name.unicodeScalars.count)
      if name.isEmpty {
        log.add(mark, "the path \(quoted(path)) has an empty name")
        return nil
      }
      steps.append(PathStep(name: String(name), mark: mark, isElement: isElement))
      type = next
      rest = rest.dropFirst(name.count)
      column += name.unicodeScalars.count
      if rest.isEmpty { return steps }
      rest = rest.dropFirst()
      column += 1
    } while true
  }

  private func step(
    _ rest: Substring, _ type: GrammarType
  ) -> (name: Substring, next: GrammarType, isElement: Bool) {
    let first = rest.prefix { $0 != "." }
    switch type {
    case .section(let keys):
      return (first, keys.first { $0.name == first }?.type ?? .anything, false)
    case .expectations(let keys):
      if let key = keys.first(where: { $0.name == first }) { return (first, key.type, false) }
      return (rest, .anything, false)
    case .free(let value):
      if case .section = value { return (first, value, false) }
      return (rest, .anything, false)
    case .parameters: return (rest, .anything, false)
    case .list(let element): return (first, element, true)
    default: return (first, .anything, false)
    }
  }

  private func insert(
    _ value: YAMLNode, at steps: ArraySlice<PathStep>, into node: inout YAMLNode?, path: String
  ) {
    guard let step = steps.first else {
      node = value
      return
    }
    let below = path.isEmpty ? step.name : "\(path).\(step.name)"
    let rest = steps.dropFirst()
    if step.isElement {
      insertElement(value, step, rest, into: &node, path: path)
      return
    }
    var entries = node?.entries ?? []
    let mark = node?.entries == nil ? step.mark : node?.mark ?? step.mark
    if let index = entries.firstIndex(where: { $0.key == step.name }) {
      var inner: YAMLNode? = entries[index].value
      insert(value, at: rest, into: &inner, path: below)
      if let inner { entries[index].value = inner }
    } else {
      var inner: YAMLNode?
      insert(value, at: rest, into: &inner, path: below)
      guard let inner else { return }
      entries.append(YAMLEntry(key: step.name, keyMark: step.mark, value: inner))
    }
    node = YAMLNode(.mapping(entries), mark: mark)
  }

  private func insertElement(
    _ value: YAMLNode, _ step: PathStep, _ rest: ArraySlice<PathStep>,
    into node: inout YAMLNode?, path: String
  ) {
    var elements = node?.elements ?? []
    let mark = node?.elements == nil ? step.mark : node?.mark ?? step.mark
    let below = "\(path).\(step.name)"
    if step.name == "+" {
      var inner: YAMLNode?
      insert(value, at: rest, into: &inner, path: below)
      guard let inner else { return }
      elements.append(inner)
    } else {
      guard let index = elementIndex(step, of: elements, path: path) else { return }
      var inner: YAMLNode? = elements[index]
      insert(value, at: rest, into: &inner, path: below)
      if let inner { elements[index] = inner }
    }
    node = YAMLNode(.sequence(elements), mark: mark)
  }

  private func elementIndex(_ step: PathStep, of elements: [YAMLNode], path: String) -> Int? {
    let isNumber = step.name.allSatisfy(isDigit)
    guard isNumber, let index = Int(step.name) else {
      log.add(
        step.mark, "\(quoted(step.name)) is no index of \(path)",
        hint: "elements are counted from 0; + appends one")
      return nil
    }
    if index < elements.count { return index }
    let length = "\(elements.count) element\(elements.count == 1 ? "" : "s")"
    log.add(
      step.mark, "\(path) has \(length); there is none at \(step.name)",
      hint: "elements are counted from 0; + appends one")
    return nil
  }

  // Back to defaults.

  private func unset(_ override: ScenarioOverride, _ root: inout YAMLNode) {
    guard let steps = steps(override.text, override, from: .section(scenarioGrammar)),
      isKnown(steps, in: root)
    else { return }
    remove(steps[...], from: &root, path: "")
  }

  /// Reports the first step that the grammar does not know.
  private func isKnown(_ steps: [PathStep], in root: YAMLNode) -> Bool {
    var type = GrammarType.section(scenarioGrammar)
    var path = ""
    for step in steps {
      let known = names(of: type, in: root)
      if let known, !known.contains(step.name) {
        log.add(
          step.mark,
          "unknown key \(quoted(step.name)) in \(path.isEmpty ? "the file" : path)",
          hint: nearestName(to: step.name, in: known).map { "did you mean '\($0)'?" }
            ?? knownNames(known))
        return false
      }
      type = self.step(step.name[...], type).next
      path = path.isEmpty ? step.name : "\(path).\(step.name)"
    }
    return true
  }

  /// The names that may stand here; nil where they are free.
  private func names(of type: GrammarType, in root: YAMLNode) -> [String]? {
    switch type {
    case .section(let keys): return keys.map(\.name)
    case .expectations(let keys): return keys.map(\.name) + scenarioMetrics.map(\.name)
    case .parameters:
      let kind = root["workload"]?["kind"]?.scalar.flatMap { catalog.workload($0) }
      return kind?.parameters.map(\.name)
    default: return nil
    }
  }

  private func remove(_ steps: ArraySlice<PathStep>, from node: inout YAMLNode, path: String) {
    guard let step = steps.first else { return }
    let rest = steps.dropFirst()
    let below = path.isEmpty ? step.name : "\(path).\(step.name)"
    if step.isElement {
      guard var elements = node.elements,
        let index = elementIndex(step, of: elements, path: path)
      else { return }
      if rest.isEmpty {
        elements.remove(at: index)
      } else {
        remove(rest, from: &elements[index], path: below)
      }
      node.content = .sequence(elements)
      return
    }
    guard var entries = node.entries,
      let index = entries.firstIndex(where: { $0.key == step.name })
    else { return }
    if rest.isEmpty {
      entries.remove(at: index)
    } else {
      remove(rest, from: &entries[index].value, path: below)
    }
    node.content = .mapping(entries)
  }
}
