import Model

/// Reads the checks of `expect.output` and holds them against the streams of the job.
struct OutputReader {
  let log: ProblemLog
  /// Nil when what is said of the job is faulty.
  let job: JobChoice?

  func read(_ node: ReadNode) -> [OutputCheck]? {
    guard case .list(let elements) = node.value else { return nil }
    let checks = elements.map { element -> OutputCheck? in
      guard case .section(let section) = element.value else { return nil }
      return check(section)
    }
    return checks.contains(nil) ? nil : checks.compactMap { $0 }
  }

  private func check(_ section: ReadSection) -> OutputCheck? {
    checkStream(section)
    let kind = kind(section)
    guard let kind, let stream = section.text("stream"), let conditions = conditions(section)
    else { return nil }
    let check = OutputCheck(kind: kind, stream: stream, conditions: conditions)
    checkEncodings(check, section)
    return check
  }

  private func kind(_ section: ReadSection) -> OutputCheck.Kind? {
    switch section.text("check") {
    case "unique": return fields("by", section).map { .unique(by: $0) }
    case "each-once":
      return section.choice("times", OutputCheck.Times.self).map { .eachOnce($0) }
    case "count": return tally(section).map { .count($0) }
    case "sum":
      guard let tally = tally(section), let of = field("of", section) else { return nil }
      return .sum(of: of, tally)
    case "equal": return equal(section)
    default: return nil
    }
  }

  private func equal(_ section: ReadSection) -> OutputCheck.Kind? {
    let command: [String]
    switch section.find("run") {
    case .faulty: return nil
    case .absent, .byDefault: command = []
    case .given(let node): command = words(node)
    }
    guard let by = fields("by", section), let ignore = fields("ignore", section, isOptional: true),
      let text = section.text("to"), let mark = section.find("to").node?.mark
    else { return nil }
    if (text == "command") != !command.isEmpty {
      log.add(
        mark, "\(section.path): to: command and run: [...] go together",
        hint: "write to: command, run: [PROGRAM, ARGUMENTS]")
      return nil
    }
    do throws(ValueRefusal) {
      let source = try parseRowSource(text, command: command)
      if by.contains(.key), !hasKeys(source) {
        throw ValueRefusal(
          "rows of \(source.text) have no key", hint: "name rows by fields of their value")
      }
      return .equal(by: by, to: source, ignore: ignore)
    } catch {
      log.add(mark, "\(section.path).to", error)
      return nil
    }
  }

  private func hasKeys(_ source: OutputCheck.RowSource) -> Bool {
    switch source {
    case .twin, .run: true
    case .file, .command: false
    }
  }

  private func tally(_ section: ReadSection) -> OutputCheck.Tally? {
    guard let per = fields("per", section), let by = fields("by", section),
      let equals = field("equals", section),
      let combine = section.choice("combine", OutputCheck.Tally.Combine.self),
      let window = section.optional("window", { $0.duration("window") })
    else { return nil }
    let wanted = per.count + (window == nil ? 0 : 1)
    if by.count != wanted, let mark = section.find("by").node?.mark {
      let start = window == nil ? "" : ", and one for the start of the window"
      log.add(
        mark, "\(section.path).by: \(by.count) fields where \(wanted) are wanted",
        hint: "one for each of per\(start)")
      return nil
    }
    return OutputCheck.Tally(per: per, window: window, by: by, equals: equals, combine: combine)
  }

  // Fields.

  private func fields(
    _ key: String, _ section: ReadSection, isOptional: Bool = false
  ) -> [FieldPath]? {
    switch section.find(key) {
    case .faulty: return nil
    case .absent, .byDefault: return isOptional ? [] : nil
    case .given(let node):
      guard case .list(let elements) = node.value else { return nil }
      if elements.isEmpty {
        log.add(node.mark, "\(section.path).\(key): the list is empty", hint: "such as [key]")
        return nil
      }
      let fields = elements.map { field($0, "\(section.path).\(key)") }
      return fields.contains(nil) ? nil : fields.compactMap { $0 }
    }
  }

  private func field(_ key: String, _ section: ReadSection) -> FieldPath? {
    section.find(key).node.flatMap { field($0, "\(section.path).\(key)") }
  }

  private func field(_ node: ReadNode, _ path: String) -> FieldPath? {
    guard case .text(let text) = node.value else { return nil }
    do throws(ValueRefusal) {
      return try parseField(text)
    } catch {
      log.add(node.mark, path, error)
      return nil
    }
  }

  private func words(_ node: ReadNode) -> [String] {
    guard case .list(let elements) = node.value else { return [] }
    return elements.compactMap { if case .text(let text) = $0.value { text } else { nil } }
  }

  private func conditions(_ section: ReadSection) -> [OutputCheck.Condition]? {
    switch section.find("where") {
    case .faulty: return nil
    case .absent, .byDefault: return []
    case .given(let node):
      guard case .free(let entries) = node.value else { return nil }
      var conditions: [OutputCheck.Condition] = []
      for entry in entries {
        guard case .text(let value) = entry.node.value else { return nil }
        do throws(ValueRefusal) {
          conditions.append(.init(field: try parseField(entry.name), value: value))
        } catch {
          log.add(entry.node.keyMark, "\(section.path).where", error)
          return nil
        }
      }
      return conditions
    }
  }

  // Streams.

  private func checkStream(_ section: ReadSection) {
    guard let job else { return }
    for (key, wanted) in [("stream", job.writes.name), ("reads", job.reads.name)] {
      guard let node = section.find(key).node, case .text(let name) = node.value, name != wanted
      else { continue }
      log.add(
        node.mark, "\(section.path).\(key): the job has no such stream: \(quoted(name))",
        hint: "did you mean '\(wanted)'?")
    }
  }

  /// Fields of an output are read from JSON; its event time is nobody's business.
  private func checkEncodings(_ check: OutputCheck, _ section: ReadSection) {
    guard let job else { return }
    var outputs = check.conditions.map(\.field)
    switch check.kind {
    case .unique(let by): outputs += by
    case .eachOnce: checkLocators(job, section)
    case .count(let tally), .sum(_, let tally): outputs += tally.by + [tally.equals]
    case .equal(let by, _, let ignore):
      outputs += by + ignore
      if job.writes.encoding != .json {
        log.add(
          section.mark, "\(section.path): rows are compared in json only",
          hint: "write streams.\(job.writes.name).encoding: json")
      }
    }
    if outputs.contains(.eventTime) {
      log.add(
        section.mark, "\(section.path): event_time of an output is not in this version",
        hint: "take a field of its value")
    }
    if job.writes.encoding != .json, outputs.contains(where: { $0 != .key }) {
      log.add(
        section.mark, "\(section.path): fields of an output are read from json only",
        hint: "write streams.\(job.writes.name).encoding: json")
    }
  }

  /// Both streams must tell identities that can be compared.
  private func checkLocators(_ job: JobChoice, _ section: ReadSection) {
    let fits =
      switch (job.reads.locator, job.writes.locator) {
      case (.fields, .fields), (.digest, .digest), (.field, .field): true
      default: false
      }
    if fits { return }
    log.add(
      section.mark,
      "\(section.path): locator \(job.reads.locator.text) of \(job.reads.name) and locator "
        + "\(job.writes.locator.text) of \(job.writes.name) tell different things",
      hint: "give both streams the same kind of locator")
  }
}
