import Model

/// Keys that a job of the user does not understand.
func isStrange(toJobs path: String) -> Bool {
  path == "sink" || path.hasPrefix("engine.costs") || path == "engine.embedded"
    || path == "resources.slots" || path == "engine.checkpoint_interval"
    || path == "engine.restart_delay" || path == "engine.watermark_delay"
    || path == "engine.allowed_lateness"
}

func streamText(_ stream: StreamChoice) -> String {
  let isolation = stream.isCommittedOnly ? "read-committed" : "read-uncommitted"
  return "\(yamlScalar(stream.name)): {encoding: \(stream.encoding.rawValue), "
    + "locator: \(yamlScalar(stream.locator.text)), isolation: \(isolation)}"
}

func jobLines(_ job: JobChoice) -> [String] {
  var lines = job.commands.map { "\($0.name): \(wordList($0.line))" }
  if let directory = job.directory { lines.append("directory: \(yamlScalar(directory))") }
  if !job.environment.isEmpty {
    lines.append("environment:")
    lines += job.environment.map { "  \(yamlScalar($0.name)): \(yamlScalar($0.value))" }
  }
  lines.append("within: \(formatDuration(job.within))")
  lines.append("reads: \(wordList([job.reads.name]))")
  lines.append("writes: \(wordList([job.writes.name]))")
  if let flush = job.flush { lines.append("flush: \(formatDuration(flush))") }
  switch job.group {
  case .given: break
  case .named(let name): lines.append("group: \(yamlScalar(name))")
  case .none: lines.append("group: none")
  }
  return lines + ["quiet: \(formatDuration(job.quiet))"]
}

func checkText(_ check: OutputCheck) -> String {
  var parts = ["check: \(check.name)", "stream: \(yamlScalar(check.stream))"]
  if !check.conditions.isEmpty {
    let conditions = check.conditions.map {
      "\(yamlScalar($0.field.text)): \(yamlScalar($0.value))"
    }
    parts.append("where: {\(conditions.joined(separator: ", "))}")
  }
  switch check.kind {
  case .unique(let by): parts.append("by: \(fieldList(by))")
  case .eachOnce(let times): parts.append("times: \(times.rawValue)")
  case .count(let tally): parts += tallyParts(tally)
  case .sum(let of, let tally): parts += tallyParts(tally) + ["of: \(yamlScalar(of.text))"]
  case .equal(let by, let source, let ignore):
    parts += ["by: \(fieldList(by))", "to: \(yamlScalar(source.text))"]
    if case .command(let line) = source { parts.append("run: \(wordList(line))") }
    if !ignore.isEmpty { parts.append("ignore: \(fieldList(ignore))") }
  }
  return "{\(parts.joined(separator: ", "))}"
}

private func tallyParts(_ tally: OutputCheck.Tally) -> [String] {
  var parts = ["by: \(fieldList(tally.by))", "equals: \(yamlScalar(tally.equals.text))"]
  parts.append("per: \(fieldList(tally.per))")
  if let window = tally.window { parts.append("window: \(formatDuration(window))") }
  return parts + ["combine: \(tally.combine.rawValue)"]
}

private func wordList(_ words: [String]) -> String {
  "[\(words.map(yamlScalar).joined(separator: ", "))]"
}

private func fieldList(_ fields: [FieldPath]) -> String { wordList(fields.map(\.text)) }
