import Model

extension ScenarioBuilder {
  /// What is said of a job of the user: nil inside for another engine, nil outside when faulty.
  func jobChoice() -> JobChoice?? {
    guard root.choice("engine.kind", EngineKind.self) == .external else {
      if root.choice("engine.kind", EngineKind.self) == nil { return .none }
      refuseJobParts()
      return .some(nil)
    }
    checkSurroundings()
    guard let external = section("engine.external") else {
      if case .faulty = root.find("engine.external") { return .none }
      let mark = root.find("engine.kind").node?.mark ?? root.mark
      log.add(
        mark, "engine.external is missing: nothing says how the job is run",
        hint: "write external: {start: [...], reads: [...], writes: [...]}")
      return .none
    }
    let streams = streamChoices()
    let start = command("start")
    if start == [], case .absent = external.find("start") {
      log.add(external.mark, "engine.external.start is missing: nothing starts the job")
    }
    let reads = stream("reads", streams, external)
    let writes = stream("writes", streams, external)
    checkNames(streams, [reads?.name, writes?.name].compactMap { $0 })
    guard let start, let ready = command("ready"), let stop = command("stop"),
      let kill = command("kill"), let restart = command("restart"), let reads,
      let writes, let environment = variables(external),
      let directory = external.optional("directory", { $0.text("directory") }),
      let within = external.duration("within"), let quiet = external.duration("quiet"),
      let flush = external.optional("flush", { $0.duration("flush") }),
      let group = external.optional("group", { $0.text("group") })
    else { return .none }
    if flush != nil, root.text("load.shape") == "trace", let node = external.find("flush").node {
      log.add(
        node.keyMark, "engine.external.flush: a trace has no events behind its last one",
        hint: "leave it out")
    }
    return JobChoice(
      start: start, reads: reads, writes: writes, ready: ready, stop: stop, kill: kill,
      restart: restart, directory: directory, environment: environment, within: within,
      flush: flush,
      group: group.map { name in
        name == "none" ? JobChoice.GroupChoice.none : .named(name)
      } ?? .given, quiet: quiet)
  }

  private func section(_ path: String) -> ReadSection? {
    guard case .section(let section)? = root.find(path).value else { return nil }
    return section
  }

  /// Keys that only a job of the user understands.
  private func refuseJobParts() {
    if let node = root.find("streams").node {
      log.add(
        node.keyMark, "streams belongs to engine kind external",
        hint: "Weir's own engine reads and writes streams of the run: leave it out")
    }
    if case .given(let node) = root.find("expect"),
      case .expectations(let section, _) = node.value, let output = section.find("output").node
    {
      log.add(
        output.keyMark, "expect.output belongs to engine kind external",
        hint: "results of Weir's own engine are held against the oracle: leave it out")
    }
  }

  /// A job reads a real system, and has a sink, checkpoints and tasks of its own.
  private func checkSurroundings() {
    let mark = root.find("engine.kind").node?.mark ?? root.mark
    if let kind = root.choice("backbone.kind", BackboneKind.self), kind != .kafka {
      log.add(
        mark, "engine 'external' reads a real system, not backbone '\(kind.rawValue)'",
        hint: "write backbone: {kind: kafka}")
    }
    let others = [
      "sink", "engine.checkpoint_interval", "engine.restart_delay", "engine.watermark_delay",
      "engine.allowed_lateness", "engine.costs", "engine.embedded", "resources.slots",
    ]
    for path in others {
      if let node = root.find(path).node {
        log.add(
          node.keyMark, "\(path) does not belong to engine 'external'",
          hint: "that is the job's own matter: leave it out")
      }
    }
  }

  private func command(_ name: String) -> [String]? {
    switch root.find("engine.external.\(name)") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      let words = texts(node)
      if words.first?.isEmpty ?? true {
        log.add(
          node.mark, "engine.external.\(name): a command needs a program",
          hint: "such as [python3, job.py]")
        return nil
      }
      return words
    }
  }

  private func variables(_ external: ReadSection) -> [NamedText]? {
    switch external.find("environment") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      guard case .free(let entries) = node.value else { return nil }
      var variables: [NamedText] = []
      for entry in entries {
        guard case .text(let text) = entry.node.value else { return nil }
        if entry.name.hasPrefix("WEIR_") || entry.name.contains("=") {
          log.add(
            entry.node.keyMark, "engine.external.environment: \(quoted(entry.name)) cannot be set",
            hint: "names that begin with WEIR_ are set by Weir")
        }
        variables.append(NamedText(name: entry.name, value: text))
      }
      return variables
    }
  }

  // Streams.

  private func streamChoices() -> [StreamChoice]? {
    switch root.find("streams") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      guard case .free(let entries) = node.value else { return nil }
      let streams = entries.map { entry -> StreamChoice? in
        guard case .section(let section) = entry.node.value,
          let encoding = section.choice("encoding", StreamEncoding.self),
          let locator = locator(section), let isolation = section.text("isolation")
        else { return nil }
        return StreamChoice(
          name: entry.name, encoding: encoding, locator: locator,
          isCommittedOnly: isolation == "read-committed")
      }
      return streams.contains(nil) ? nil : streams.compactMap { $0 }
    }
  }

  private func locator(_ section: ReadSection) -> Locator? {
    guard let text = section.text("locator") else { return nil }
    do throws(ValueRefusal) {
      return try parseLocator(text)
    } catch {
      let mark = section.find("locator").node?.mark ?? section.mark
      log.add(mark, "\(section.path).locator", error)
      return nil
    }
  }

  /// The one stream that a job reads or writes.
  private func stream(
    _ key: String, _ streams: [StreamChoice]?, _ external: ReadSection
  ) -> StreamChoice? {
    switch external.find(key) {
    case .faulty: return nil
    case .absent, .byDefault:
      log.add(
        external.mark, "engine.external.\(key) is missing", hint: "write \(key): [STREAM]")
      return nil
    case .given(let node):
      let names = texts(node)
      guard names.count == 1, let name = names.first else {
        log.add(
          node.mark, "engine.external.\(key): \(names.count) streams; a job has one here",
          hint: "write \(key): [STREAM]")
        return nil
      }
      let chosen = streams?.first { $0.name == name } ?? StreamChoice(name: name)
      checkStream(chosen, isInput: key == "reads", at: node.mark)
      return streams == nil ? nil : chosen
    }
  }

  private func checkStream(_ stream: StreamChoice, isInput: Bool, at mark: YAMLMark) {
    if isInput && stream.encoding == .raw {
      log.add(
        mark, "streams.\(stream.name).encoding: Weir writes avro or json, not raw",
        hint: "write encoding: json")
    }
    if stream.encoding == .raw, stream.locator == .fields {
      log.add(
        mark, "streams.\(stream.name).locator: raw values have no fields",
        hint: "write locator: digest")
    }
    if !isInput, stream.encoding != .json, case .field(.value) = stream.locator {
      log.add(
        mark, "streams.\(stream.name).locator: fields of an output are read from json only",
        hint: "write encoding: json, or locator: fields or digest")
    }
  }

  private func checkNames(_ streams: [StreamChoice]?, _ used: [String]) {
    if used.count == 2, used[0] == used[1], let node = root.find("engine.external.writes").node {
      log.add(
        node.mark, "engine.external.writes: the job would read what it writes",
        hint: "name another stream")
    }
    guard used.count == 2, let streams, case .free(let entries)? = root.find("streams").value else {
      return
    }
    for stream in streams where !used.contains(stream.name) {
      guard let entry = entries.first(where: { $0.name == stream.name }) else { continue }
      let near = nearestName(to: stream.name, in: used)
      log.add(
        entry.node.keyMark, "streams.\(stream.name) is neither read nor written by the job",
        hint: near.map { "did you mean '\($0)'?" }
          ?? "its streams: \(used.joined(separator: ", "))")
    }
  }
}
