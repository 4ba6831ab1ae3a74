import Model
import Queries
import Scenarios

/// Windows, sessions and totals of a workload file, and their aggregates.
extension QueryBuilder {
  private static let aggregateNames = [
    "count", "sum", "min", "max", "first", "last", "distinct", "mean", "arg_min", "arg_max",
    "quantile",
  ]

  /// Adds a window over a step; its columns, or nil when something is wrong with it.
  func window(
    _ kind: String, _ reader: MappingReader, _ source: QueryReader.Step
  ) -> [NamedColumn]? {
    let own: [String]
    switch kind {
    case "tumbling": own = ["size", "offset"]
    case "sliding": own = ["size", "slide", "offset"]
    case "session": own = ["gap"]
    default: own = []
    }
    guard let inner = reader.mapping(kind, known: ["key", "aggregates"] + own) else { return nil }
    for key in own where key != "offset" { inner.require(key, hint: "such as \(key): 10s") }
    inner.require("aggregates", hint: "such as aggregates: {n: count, total: sum(amount)}")
    guard let key = inner.has("key") ? columns(inner, "key", source) : [],
      let (aggregates, results) = aggregates(inner, source)
    else { return nil }
    let offset = inner.duration("offset") ?? 0
    var times: [String] = []
    switch kind {
    case "tumbling":
      guard let size = inner.duration("size") else { return nil }
      append(.tumbling(source.number, key: key, size: size, offset: offset, aggregates))
      times = ["start"]
    case "sliding":
      guard let size = inner.duration("size"), let slide = inner.duration("slide") else {
        return nil
      }
      append(
        .sliding(
          source.number, key: key, size: size, slide: slide, offset: offset, aggregates))
      times = ["start"]
    case "session":
      guard let gap = inner.duration("gap") else { return nil }
      append(.session(source.number, key: key, gap: gap, aggregates))
      times = ["start", "end"]
    default: append(.total(source.number, key: key, aggregates))
    }
    return key.map { source.columns[$0] } + times.map { NamedColumn(name: $0, kind: .number) }
      + results
  }

  private func aggregates(
    _ reader: MappingReader, _ source: QueryReader.Step
  ) -> ([Aggregate], [NamedColumn])? {
    guard let entries = reader.freeMapping("aggregates") else { return nil }
    var found: [Aggregate] = []
    var columns: [NamedColumn] = []
    for entry in entries {
      guard let text = entry.value.scalar,
        let (aggregate, kind) = aggregate(text, entry, reader, source)
      else { return nil }
      found.append(aggregate)
      columns.append(NamedColumn(name: entry.key, kind: kind))
      if case .mean = aggregate {
        columns.append(NamedColumn(name: "\(entry.key)_count", kind: .number))
      }
    }
    return (found, columns)
  }

  /// Reads `count`, `sum(amount)`, `arg_max(id, amount)`, `quantile(amount, 9/10)`.
  private func aggregate(
    _ text: String, _ entry: YAMLEntry, _ reader: MappingReader, _ source: QueryReader.Step
  ) -> (Aggregate, NamedColumn.Kind)? {
    let path = "\(reader.path(of: "aggregates")).\(entry.key)"
    func refuse(_ message: String, _ hint: String? = nil) -> (Aggregate, NamedColumn.Kind)? {
      log.add(entry.value.mark, "\(path): \(message)", hint: hint)
      return nil
    }
    let parts = text.split(separator: "(", maxSplits: 1)
    let name = parts.first.map { String($0) } ?? ""
    if !Self.aggregateNames.contains(name) {
      return refuse(
        "there is no aggregate \(quoted(name))",
        "one of \(Self.aggregateNames.joined(separator: ", "))")
    }
    if parts.count == 1 { return name == "count" ? (.count, .number) : refuse("of which column?") }
    guard parts[1].hasSuffix(")") else { return refuse("no closing bracket") }
    let arguments = parts[1].dropLast().split(separator: ",").map { part in
      String(part.drop { $0 == " " })
    }
    guard let first = arguments.first,
      let column = source.columns.firstIndex(where: { $0.name == first })
    else {
      return refuse(
        "there is no column \(quoted(arguments.first ?? ""))",
        "there are \(source.columns.map(\.name).joined(separator: ", "))")
    }
    let kind = source.columns[column].kind
    switch (name, arguments.count) {
    case ("count", 1): return (.countOf(column), .number)
    case ("sum", 1): return (.sum(column), .number)
    case ("mean", 1): return (.mean(column), .number)
    case ("distinct", 1): return (.distinct(column), .number)
    case ("min", 1): return (.min(column), kind)
    case ("max", 1): return (.max(column), kind)
    case ("first", 1): return (.first(column), kind)
    case ("last", 1): return (.last(column), kind)
    case ("arg_min", 2), ("arg_max", 2):
      guard let by = source.columns.firstIndex(where: { $0.name == arguments[1] }) else {
        return refuse("there is no column \(quoted(arguments[1]))")
      }
      return (name == "arg_min" ? .argMin(column, by: by) : .argMax(column, by: by), kind)
    case ("quantile", 2):
      let numbers = arguments[1].split(separator: "/").map { Int64($0) ?? 0 }
      guard numbers.count == 2, numbers[0] > 0, numbers[0] <= numbers[1] else {
        return refuse("\(quoted(arguments[1])) is no share", "such as quantile(amount, 9/10)")
      }
      return (.quantile(column, numerator: numbers[0], denominator: numbers[1]), kind)
    default: return refuse("\(name) does not take \(arguments.count) columns")
    }
  }
}
