import Model

/// Holds a tree of nodes against the grammar: every unknown key, wrong kind, refused value and
/// key of another version becomes a problem.
struct GrammarReader {
  let catalog: ScenarioCatalog
  /// The kind that the file chooses, nil when it chooses none that exists.
  let workload: WorkloadKindDescription?
  let isComplete: Bool
  let log: ProblemLog

  func section(_ node: YAMLNode, _ keys: [GrammarKey], path: String) -> ReadSection? {
    let names = keys.map(\.name)
    guard
      let reader = MappingReader(
        node, path: path, known: names, isComplete: isComplete, log: log)
    else { return nil }
    var section = ReadSection(
      path: path, mark: node.mark, keys: keys, nodes: [:], doubtful: reader.misspelt)
    if !isComplete { section.doubtful.formUnion(names.filter { !reader.has($0) }) }
    for entry in reader.entries {
      guard let key = keys.first(where: { $0.name == entry.key }) else { continue }
      let below = reader.path(of: key.name)
      if let chosen = strangeChoice(of: key, reader) {
        refuseStranger(entry, key, chosen, path: below)
        continue
      }
      if key.availability == .later, !entry.value.isFaulty {
        log.add(entry.keyMark, "\(below) is not in this version", hint: "leave it out")
      }
      var value = read(entry.value, key.type, path: below)
      if key.availability == .later { value = .faulty }
      section.nodes[key.name] = ReadNode(
        value: value, mark: entry.value.mark, keyMark: entry.keyMark)
    }
    for key in keys where key.isRequired && strangeChoice(of: key, reader) == nil {
      if let belonging = key.belonging, reader.entry(belonging.selector) == nil { continue }
      if reader.has(key.name) { continue }
      reader.require(key.name, hint: example(of: key))
      section.doubtful.insert(key.name)
    }
    return section
  }

  /// The choice beside a key, if it is one that the key does not belong to.
  private func strangeChoice(of key: GrammarKey, _ reader: MappingReader) -> String? {
    guard let belonging = key.belonging,
      let chosen = reader.entry(belonging.selector)?.value.scalar
    else { return nil }
    return belonging.values.contains(chosen) ? nil : chosen
  }

  private func refuseStranger(
    _ entry: YAMLEntry, _ key: GrammarKey, _ chosen: String, path: String
  ) {
    guard let belonging = key.belonging else { return }
    // A choice that does not exist was reported itself.
    let all = allChoices(beside: key)
    if !all.isEmpty, !all.contains(chosen) { return }
    log.add(
      entry.keyMark,
      "\(path) belongs to \(belonging.selector) \(belonging.values.joined(separator: ", "))",
      hint: "the \(belonging.selector) here is \(shortened(chosen)): leave it out")
  }

  private func allChoices(beside key: GrammarKey) -> [String] {
    for keys in [loadKeys, plannedFaultKeys, outputKeys]
    where keys.contains(where: { $0.name == key.name && $0.belonging == key.belonging }) {
      guard
        case .choice(let choices)? = keys.first(where: { $0.name == key.belonging?.selector })?
          .type
      else { continue }
      return choices.map(\.name)
    }
    return []
  }

  func read(_ node: YAMLNode, _ type: GrammarType, path: String) -> ReadValue {
    if node.isFaulty { return .faulty }
    switch type {
    case .section(let keys):
      return section(node, keys, path: path).map { .section($0) } ?? .faulty
    case .list(let element): return list(node, element, path: path)
    case .free(let value): return free(node, value, path: path)
    case .expectations(let keys): return expectations(node, keys, path: path)
    case .parameters: return parameters(node, path: path)
    case .anything: return .unused
    default: return scalar(node, type, path: path)
    }
  }

  private func scalar(_ node: YAMLNode, _ type: GrammarType, path: String) -> ReadValue {
    guard let text = node.scalar else {
      log.add(node.mark, "\(path): \(node.kindText) where one value is wanted", hint: type.text)
      return .faulty
    }
    do throws(ValueRefusal) {
      if case .workload = type { return .text(try readWorkload(text)) }
      let value = try readScalar(text, as: type)
      if case .anomaly = type, !catalog.anomalies.isEmpty, !catalog.anomalies.contains(text) {
        throw ValueRefusal("no such anomaly: \(quoted(text))", hint: "see weir list checkers")
      }
      return value
    } catch {
      log.add(node.mark, path, error)
      return .faulty
    }
  }

  private func readWorkload(_ text: String) throws(ValueRefusal) -> String {
    let existing = catalog.workloads.map(\.name)
    if existing.contains(text) { return text }
    if text.hasSuffix(".workload.yaml") {
      throw ValueRefusal(
        "there is no such file: \(quoted(text))",
        hint: "weir workload new makes one; it is looked for beside the scenario")
    }
    if knownWorkloadKinds.contains(text) {
      throw ValueRefusal("\(quoted(text)) is not in this version", hint: knownNames(existing))
    }
    let near = nearestName(to: text, in: existing + knownWorkloadKinds)
    throw ValueRefusal(
      "no such choice: \(quoted(text))",
      hint: near.map { "did you mean '\($0)'?" } ?? knownNames(existing))
  }

  private func list(_ node: YAMLNode, _ element: GrammarType, path: String) -> ReadValue {
    guard let elements = node.elements else {
      log.add(
        node.mark, "\(path): \(node.kindText) is no list", hint: "write [...], also for one element"
      )
      return .faulty
    }
    return .list(
      elements.enumerated().map { index, node in
        ReadNode(
          value: read(node, element, path: "\(path).\(index)"), mark: node.mark,
          keyMark: node.mark)
      })
  }

  private func free(_ node: YAMLNode, _ type: GrammarType, path: String) -> ReadValue {
    guard let entries = node.entries else {
      log.add(node.mark, "\(path): \(node.kindText) is no mapping of names")
      return .faulty
    }
    let known = catalog.names(below: path)
    var found: [(name: String, node: ReadNode)] = []
    for entry in entries {
      if !known.isEmpty && !known.contains(entry.key) {
        log.add(
          entry.keyMark, "unknown option \(quoted(entry.key)) in \(path)",
          hint: nearestName(to: entry.key, in: known).map { "did you mean '\($0)'?" })
      }
      let value = read(entry.value, type, path: "\(path).\(entry.key)")
      found.append(
        (entry.key, ReadNode(value: value, mark: entry.value.mark, keyMark: entry.keyMark)))
    }
    return .free(found)
  }

  private func parameters(_ node: YAMLNode, path: String) -> ReadValue {
    guard let workload else {
      if node.entries == nil { _ = section(node, [], path: path) }
      return .faulty
    }
    return section(node, parameterKeys(workload), path: path).map { .section($0) } ?? .faulty
  }

  private func expectations(
    _ node: YAMLNode, _ keys: [GrammarKey], path: String
  ) -> ReadValue {
    let metrics = scenarioMetrics.map(\.name)
    guard let entries = node.entries else {
      _ = section(node, keys, path: path)
      return .faulty
    }
    let fixed = entries.filter { entry in keys.contains { $0.name == entry.key } }
    var fixedNode = node
    fixedNode.content = .mapping(fixed)
    guard let section = section(fixedNode, keys, path: path) else { return .faulty }
    var thresholds: [Threshold] = []
    for entry in entries where !keys.contains(where: { $0.name == entry.key }) {
      if let metric = scenarioMetrics.first(where: { $0.name == entry.key }) {
        if let threshold = threshold(entry, metric, path: "\(path).\(entry.key)") {
          thresholds.append(threshold)
        }
      } else if entry.key.hasPrefix("probe.") {
        log.add(entry.keyMark, "\(path).\(shortened(entry.key)) is not in this version")
      } else {
        let near = nearestName(to: entry.key, in: keys.map(\.name) + metrics)
        let longer = metrics.first { $0.hasPrefix(entry.key + ".") }
        log.add(
          entry.keyMark, "unknown key \(quoted(entry.key)) in \(path)",
          hint: (near ?? longer).map { "did you mean '\($0)'?" }
            ?? "invariants and metrics: weir list keys expect")
      }
    }
    return .expectations(section, thresholds)
  }

  private func threshold(_ entry: YAMLEntry, _ metric: GrammarMetric, path: String) -> Threshold? {
    if entry.value.isFaulty { return nil }
    if !metric.isAvailable {
      log.add(entry.keyMark, "\(path) is not in this version", hint: "leave it out")
      return nil
    }
    guard let text = entry.value.scalar else {
      log.add(
        entry.value.mark, "\(path): \(entry.value.kindText) where a threshold is wanted",
        hint: "such as \"< 250ms\"")
      return nil
    }
    do throws(ValueRefusal) {
      return try readThreshold(text, metric)
    } catch {
      log.add(entry.value.mark, path, error)
      return nil
    }
  }
}

/// The keys below `workload.parameters` for a kind.
func parameterKeys(_ workload: WorkloadKindDescription) -> [GrammarKey] {
  workload.parameters.map { parameter in
    let type: GrammarType
    switch parameter.type {
    case .count(let range): type = .count(range)
    case .ratio: type = .ratio
    case .duration(let range): type = .duration(range)
    case .choice(let names): type = available(names)
    }
    return GrammarKey(
      parameter.name, type, default: parameter.defaultValue.text, parameter.meaning)
  }
}

/// What to write for a key that is missing.
private func example(of key: GrammarKey) -> String? {
  switch key.type {
  case .rate: "such as \(key.name): 20k/s"
  case .version: "begin with weir: 1"
  case .choice, .workload: "\(key.name): \(key.type.text)"
  case .duration: "such as \(key.name): 20s"
  case .target: "such as \(key.name): broker-1"
  case .list: "such as \(key.name): [delay]"
  default: nil
  }
}
