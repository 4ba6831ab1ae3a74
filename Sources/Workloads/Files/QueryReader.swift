import Model
import Queries
import Scenarios
import Schemas

/// Reads the queries of a workload file: steps that read a stream or each other, with columns by
/// name.
struct QueryReader {
  let log: ProblemLog
  let streams: [FileStream]

  /// Rows of one step: its number in the plan, and what its columns are called.
  struct Step {
    var name: String
    var number: Int
    var columns: [NamedColumn]
  }

  static let queryKeys = [
    "summary", "watermark_delay", "lateness", "resolution", "emission", "steps", "key", "value",
  ]

  func read(_ entries: [YAMLEntry]) -> [FileQuery] {
    entries.compactMap { entry in
      if entry.key == "copy" || entry.key == "count" {
        log.add(
          entry.keyMark, "queries.\(entry.key): every workload has that query",
          hint: "take another name")
        return nil
      }
      return query(entry)
    }
  }

  private func query(_ entry: YAMLEntry) -> FileQuery? {
    let path = "queries.\(entry.key)"
    guard let reader = MappingReader(entry.value, path: path, known: Self.queryKeys, log: log)
    else { return nil }
    reader.require("steps", hint: "write steps: [{read: \(streams[0].name)}, ...]")
    reader.require("key", hint: "columns of the last step that tell rows apart: key: [a]")
    reader.require("value", hint: "columns of the last step that are the result: value: [b]")
    let builder = QueryBuilder(log: log, streams: streams)
    for (number, node) in (reader.list("steps") ?? []).enumerated() {
      builder.add(node, path: "\(path).steps.\(number)")
    }
    guard let last = builder.steps.last, !builder.isBroken else { return nil }
    let emission = reader.choice("emission", among: ["final", "corrections"])
    guard let key = columns(reader, "key", last), let value = columns(reader, "value", last)
    else { return nil }
    let plan = Plan(
      name: entry.key, inputs: builder.inputs,
      watermarkDelay: reader.duration("watermark_delay") ?? 250 * .millisecond,
      allowedLateness: reader.duration("lateness") ?? 0,
      resolution: reader.duration("resolution") ?? .millisecond,
      emission: emission == "corrections" ? .corrections : .final, operators: builder.operators,
      keyColumns: key, valueColumns: value,
      labels: (key + value).map { Self.label(last.columns[$0]) })
    return FileQuery(
      name: entry.key, summary: reader.text("summary") ?? "Rows of \(entry.key)", plan: plan)
  }

  private func columns(_ reader: MappingReader, _ key: String, _ step: Step) -> [Int]? {
    guard let names = reader.texts(key), let mark = reader.entry(key)?.value.mark else {
      return nil
    }
    return names.compactMapAll { name in
      if let index = step.columns.firstIndex(where: { $0.name == name }) { return index }
      let known = step.columns.map(\.name)
      log.add(
        mark, "\(reader.path(of: key)): the last step has no column \(quoted(name))",
        hint: nearestName(to: name, in: known).map { "did you mean '\($0)'?" }
          ?? "it has \(known.joined(separator: ", "))")
      return nil
    }
  }

  private static func label(_ column: NamedColumn) -> ResultLabel {
    switch column.kind {
    case .number, .digest: ResultLabel(column.name)
    case .names(let names): ResultLabel(column.name, .names(names))
    case .text: ResultLabel(column.name, .text)
    }
  }
}

extension Array {
  /// What `transform` gives for each element; nil when it gives nil for one, after all were asked.
  func compactMapAll<Result>(_ transform: (Element) -> Result?) -> [Result]? {
    let results = map(transform)
    return results.contains { $0 == nil } ? nil : results.compactMap { $0 }
  }
}
