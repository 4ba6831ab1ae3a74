import Model

/// A scenario that passed every check.
public struct LoadedScenario: Sendable {
  /// Every default filled in, every override applied; draws not yet carried out.
  public var scenario: Scenario
  /// The scenario with every default and override written out, as `weir run --print` shows it.
  public var resolved: String
}

/// Reads, overrides and checks a scenario. `file` is what the user called it, `name` the default of
/// its `name` key (made a name where it is none). All problems are found in one go, in file order;
/// nothing is read besides `bytes`.
public func loadScenario(
  bytes: [UInt8], file: String, name: String, overrides: [ScenarioOverride] = [],
  catalog: ScenarioCatalog
) -> Result<LoadedScenario, Problems> {
  let reading = parseYAML(bytes, file: file)
  let log = ProblemLog()
  for problem in reading.problems {
    log.add(reading.isComplete ? problem : withoutSecrets(problem))
  }
  guard var root = reading.root else {
    if log.isEmpty {
      log.add(
        Problem(
          file: file, message: "the file has no keys", hint: "begin with a comment, then weir: 1"))
    }
    return .failure(Problems(log.ordered()))
  }
  let applier = OverrideApplier(catalog: catalog, log: log)
  if root.entries != nil {
    for override in overrides {
      log.rank(override.source)
      applier.apply(override, to: &root)
    }
  }
  hideSecrets(in: root, log: log)
  if let later = laterVersion(root) { return .failure(Problems([later])) }
  if reading.openingComment == nil {
    log.add(
      YAMLMark(source: reading.source), "the file has no opening comment",
      hint: "begin with: # Demonstrates: ... and one sentence")
  }
  if let entries = root.entries, entries.first?.key != "weir",
    let weir = entries.first(where: { $0.key == "weir" })
  {
    log.add(weir.keyMark, "weir: 1 is not the first key", hint: "begin the file with it")
  }
  let workload = root["workload"]?["kind"]?.scalar.flatMap { catalog.workload($0) }
  let reader = GrammarReader(
    catalog: catalog, workload: workload, isComplete: reading.isComplete, log: log)
  guard let section = reader.section(root, scenarioGrammar, path: "") else {
    return .failure(Problems(log.ordered()))
  }
  let builder = ScenarioBuilder(
    root: section, nodes: root, name: safeName(name),
    description: reading.openingComment.map(descriptionSentence), workloadKind: workload,
    log: log)
  let scenario = builder.build()
  guard log.isEmpty else { return .failure(Problems(log.ordered())) }
  guard let scenario else { preconditionFailure("a scenario without problems is complete") }
  return .success(LoadedScenario(scenario: scenario, resolved: printScenario(scenario)))
}

/// Applies overrides to a scenario that is already resolved, such as that of an earlier run.
public func overrideScenario(
  _ scenario: Scenario, with overrides: [ScenarioOverride], catalog: ScenarioCatalog
) -> Result<LoadedScenario, Problems> {
  loadScenario(
    bytes: Array(printScenario(scenario).utf8), file: scenario.name, name: scenario.name,
    overrides: overrides, catalog: catalog)
}

/// Of a file of a later grammar nothing else is said: its keys mean what this version cannot know.
private func laterVersion(_ root: YAMLNode) -> Problem? {
  guard let node = root["weir"], let text = node.scalar, text != "1", !text.isEmpty,
    text.allSatisfy(isDigit), text.first != "0"
  else { return nil }
  do throws(ValueRefusal) {
    _ = try readScalar(text, as: .version)
    return nil
  } catch {
    return node.mark.problem("weir: \(error.message)", hint: error.hint)
  }
}

/// The first sentence of an opening comment, without "Demonstrates:" and the full stop.
func descriptionSentence(_ comment: String) -> String {
  var text = comment[...]
  if text.hasPrefix("Demonstrates: ") { text = text.dropFirst("Demonstrates: ".count) }
  var end = text.startIndex
  while end < text.endIndex {
    let next = text.index(after: end)
    if ".!?".contains(text[end]), next == text.endIndex || text[next] == " " {
      text = text[..<next]
      break
    }
    end = next
  }
  return String(text.last == "." ? text.dropLast() : text)
}
