import Model

/// A scenario as the text of a file: an opening comment, every key that this version reads with its
/// value, in the order of the grammar, exactly. Loading the text gives the same scenario, except
/// that a draw whose faults are already in the plan is gone.
public func printScenario(_ scenario: Scenario) -> String {
  var text = comment(scenario.description)
  for key in scenarioGrammar { text += lines(key, path: key.name, scenario, indent: "") }
  return text
}

private func comment(_ description: String) -> String {
  var text = ""
  var line = "# Demonstrates:"
  let blanks: [Character] = [" ", "\t", "\n", "\r", "\r\n", "\u{85}", "\u{2028}", "\u{2029}"]
  for word in "\(description).".split(whereSeparator: blanks.contains) {
    if line.count + 1 + word.count > 100, line != "#" {
      text += line + "\n"
      line = "#"
    }
    line += " \(word)"
  }
  return text + line + "\n"
}

private func lines(_ key: GrammarKey, path: String, _ scenario: Scenario, indent: String) -> String
{
  if scenario.engine.job != nil, isStrange(toJobs: path) { return "" }
  switch (path, key.type) {
  case ("streams", _):
    let streams = scenario.engine.job.map { [$0.reads, $0.writes] } ?? []
    return block(key.name, indent, streams.map(streamText))
  case ("engine.external", _):
    return block(key.name, indent, scenario.engine.job.map(jobLines) ?? [])
  case ("workload.parameters", _):
    return block(
      key.name, indent,
      scenario.workload.parameters.map { "\($0.name): \(yamlScalar($0.value.text))" })
  case ("faults.plan", _):
    return block(key.name, indent, scenario.faults.plan.map { "- \(faultText($0))" })
  case ("faults.draw", _):
    guard let draw = scenario.faults.draw, !scenario.faults.plan.contains(where: \.drawn) else {
      return ""
    }
    let kinds = draw.kinds.map(\.rawValue).joined(separator: ", ")
    let longest = formatDuration(draw.longest)
    return block(
      key.name, indent,
      [
        "kinds: [\(kinds)]", "count: \(draw.count)", "longest: \(longest)",
        "at_once: \(draw.atOnce)",
      ])
  case ("expect", _): return block(key.name, indent, expectationLines(scenario.expect))
  case ("backbone.security", _) where scenario.backbone.security == SecurityChoice(): return ""
  case ("backbone.kafka", _) where scenario.backbone.kind != .kafka: return ""
  case ("backbone.kafka.broker", _):
    return block(key.name, indent, scenario.backbone.kafka.broker.map(optionText))
  case ("backbone.kafka.producer", _):
    return block(key.name, indent, scenario.backbone.kafka.producer.map(optionText))
  case ("backbone.kafka.consumer", _):
    return block(key.name, indent, scenario.backbone.kafka.consumer.map(optionText))
  case (_, .section(let keys)):
    let inner = keys.map { lines($0, path: "\(path).\($0.name)", scenario, indent: indent + "  ") }
      .joined()
    return inner.isEmpty ? "" : "\(indent)\(key.name):\n\(inner)"
  default:
    guard let value = resolvedText(path, scenario) else { return "" }
    return "\(indent)\(key.name): \(yamlScalar(value))\n"
  }
}

private func block(_ name: String, _ indent: String, _ lines: [String]) -> String {
  if lines.isEmpty { return "" }
  return "\(indent)\(name):\n" + lines.map { "\(indent)  \($0)\n" }.joined()
}

private func optionText(_ option: NamedText) -> String {
  "\(option.name): \(yamlScalar(option.value))"
}

private func faultText(_ fault: PlannedFault) -> String {
  var text = "{kind: \(fault.kind.rawValue), target: \(fault.target.text)"
  text += ", at: \(formatDuration(fault.at)), for: \(formatDuration(fault.duration))"
  switch fault.kind {
  case .crash, .pause, .partition: break
  case .drop, .delay, .duplicate, .reorder, .dropResponse:
    text += ", ratio: \(formatRatio(fault.ratio))"
    if let by = fault.by { text += ", by: \(formatSpread(by))" }
  }
  return text + (fault.drawn ? ", drawn: true}" : "}")
}

private func expectationLines(_ expect: Expectations) -> [String] {
  var lines: [String] = []
  switch expect.guarantee {
  case .exactlyOnce: lines.append("exactly_once: true")
  case .atLeastOnce: lines.append("at_least_once: true")
  case .atMostOnce: lines.append("at_most_once: true")
  case nil: break
  }
  if !expect.permit.isEmpty { lines.append("permit: [\(expect.permit.joined(separator: ", "))]") }
  lines += expect.thresholds.map { "\($0.metric): \"\($0.text)\"" }
  if !expect.output.isEmpty { lines.append("output:") }
  return lines + expect.output.map { "  - \(checkText($0))" }
}

extension Threshold {
  /// As written: `< 250ms`.
  public var text: String {
    let value =
      switch limit {
      case .duration(let length): formatDuration(length)
      case .count(let count): formatCount(count)
      case .ratio(let ratio): formatRatio(ratio)
      case .rate(let rate): formatRate(rate)
      case .size(let bytes): formatSize(bytes)
      }
    return "\(comparison.rawValue) \(value)"
  }
}

/// The value of a key as text, nil for keys that this scenario leaves open.
private func resolvedText(_ path: String, _ s: Scenario) -> String? {
  switch path {
  case "weir": "1"
  case "name": s.name
  case "seed": String(s.seed)
  case "demonstrates": s.demonstrates.rawValue
  case "workload.kind": s.workload.kind
  case "workload.query": s.workload.query
  case "workload.sources": String(s.workload.sources)
  case "workload.trace": s.workload.trace
  case "workload.start": formatInstant(s.workload.start)
  case "backbone.kind": s.backbone.kind.rawValue
  case "backbone.acks": s.backbone.acks.rawValue
  case "backbone.idempotent": String(s.backbone.idempotent)
  case "backbone.embedded.fsync": s.backbone.fsync.rawValue
  case "backbone.bootstrap": s.backbone.bootstrap
  case "backbone.security.tls": String(s.backbone.security.tls)
  case "backbone.security.ca": s.backbone.security.authority
  case "backbone.security.mechanism": s.backbone.security.mechanism?.lowercased()
  case "backbone.security.user": s.backbone.security.user?.text
  case "backbone.security.password": s.backbone.security.password?.text
  case "backbone.kafka.replication": s.backbone.kafka.replication.map(String.init)
  case "backbone.kafka.min_in_sync": s.backbone.kafka.minInSync.map(String.init)
  case "sink.kind": s.sink.kind.rawValue
  case "sink.stream": s.sink.stream
  case "resources.brokers": String(s.resources.brokers)
  case "resources.partitions": String(s.resources.partitions)
  case "resources.slots": String(s.resources.slots)
  case "faults.guard": "survivable"
  case "clock": s.clock.rawValue
  case "phases.warm_up": formatDuration(s.phases.warmUp)
  case "phases.measure": s.phases.measure.map(formatDuration) ?? "to-end"
  case "phases.heal": formatDuration(s.phases.heal)
  case "phases.drain": formatDuration(s.phases.drain)
  case "phases.limit": formatDuration(s.phases.limit)
  case "report.title": s.report.title
  case "report.interval": formatDuration(s.report.interval)
  default: loadText(path, s.load) ?? costText(path, s) ?? engineText(path, s.engine)
  }
}

private func loadText(_ path: String, _ load: LoadShape) -> String? {
  switch (path, load) {
  case ("load.shape", .constant): "constant"
  case ("load.rate", .constant(let rate)): formatRate(rate)
  case ("load.shape", .trace): "trace"
  case ("load.speed", .trace(let speed, _)): formatSpeed(speed)
  case ("load.idle_cap", .trace(_, let cap)): cap.map(formatDuration)
  default: nil
  }
}

private func costText(_ path: String, _ s: Scenario) -> String? {
  let spread: Spread? =
    switch path {
    case "backbone.costs.link": s.backbone.costs.link
    case "backbone.costs.request": s.backbone.costs.request
    case "backbone.costs.record": s.backbone.costs.record
    case "backbone.costs.batch": s.backbone.costs.batch
    case "backbone.costs.byte": s.backbone.costs.byte
    case "backbone.costs.fsync": s.backbone.costs.fsync
    case "engine.costs.record": s.engine.costs.record
    case "engine.costs.state": s.engine.costs.state
    case "engine.costs.checkpoint": s.engine.costs.checkpoint
    default: nil
    }
  return spread.map(formatSpread)
}

private func engineText(_ path: String, _ engine: EngineChoice) -> String? {
  switch path {
  case "engine.kind": engine.kind.rawValue
  case "engine.guarantee": engine.guarantee.rawValue
  case "engine.checkpoint_interval": formatDuration(engine.checkpointInterval)
  case "engine.restart_delay": formatDuration(engine.restartDelay)
  case "engine.watermark_delay": engine.watermarkDelay.map(formatDuration)
  case "engine.allowed_lateness": engine.allowedLateness.map(formatDuration)
  case "engine.embedded.strategy": engine.strategy.rawValue
  default: nil
  }
}

/// A text as a YAML scalar: plain where nothing in it could be read as syntax, else in double
/// quotes, ASCII only.
func yamlScalar(_ text: String) -> String {
  func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
    default: "._-/%:+".utf8.contains(byte)
    }
  }
  let startsPlain = text.utf8.first.map { isPlain($0) && !"%:-".utf8.contains($0) } ?? false
  if startsPlain, text.utf8.last != UInt8(ascii: ":"), text.utf8.allSatisfy(isPlain) { return text }
  var quoted = "\""
  for scalar in text.unicodeScalars {
    switch scalar.value {
    case 0x22, 0x5C: quoted += "\\\(scalar)"
    case 0x20...0x7E: quoted += String(scalar)
    default:
      let hex = String(scalar.value, radix: 16)
      quoted += "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
    }
  }
  return quoted + "\""
}
