import Model
import Queries
import Scenarios
import Schemas

/// Builds the operators of one query from its steps.
final class QueryBuilder {
  let log: ProblemLog
  let streams: [FileStream]
  private(set) var steps: [QueryReader.Step] = []
  private(set) var operators: [PlanOperator] = []
  private(set) var inputs: [PlanInput] = []
  /// A step could not be read: those behind it mean nothing.
  private(set) var isBroken = false

  static let kinds = [
    "read", "filter", "map", "union", "deduplicate", "tumbling", "sliding", "session", "total",
    "top", "interval_join", "as_of_join",
  ]

  init(log: ProblemLog, streams: [FileStream]) {
    self.log = log
    self.streams = streams
  }

  func add(_ node: YAMLNode, path: String) {
    if isBroken { return }
    guard
      let reader = MappingReader(node, path: path, known: Self.kinds + ["from", "as"], log: log)
    else {
      isBroken = true
      return
    }
    let chosen = reader.entries.filter { Self.kinds.contains($0.key) }
    guard chosen.count == 1 else {
      if chosen.count > 1 || reader.misspelt.isEmpty {
        log.add(
          reader.mark, "\(path): a step is one of \(Self.kinds.joined(separator: ", "))",
          hint: "\(chosen.count) of them stand here")
      }
      isBroken = true
      return
    }
    let source = reader.has("from") ? step(reader, "from") : steps.last
    if chosen[0].key != "read", source == nil {
      if !reader.has("from") {
        log.add(reader.mark, "\(path): no step before reads a stream", hint: "begin with read")
      }
      isBroken = true
      return
    }
    let before = operators.count
    let columns = make(chosen[0], reader, source)
    guard let columns, operators.count > before else {
      isBroken = true
      return
    }
    let name = reader.text("as") ?? chosen[0].key
    steps.append(
      QueryReader.Step(name: name, number: operators.count - 1, columns: columns))
  }

  private func step(_ reader: MappingReader, _ key: String) -> QueryReader.Step? {
    let names = steps.map(\.name)
    guard let name = reader.choice(key, among: names) else { return nil }
    return steps.last { $0.name == name }
  }

  private func make(
    _ entry: YAMLEntry, _ reader: MappingReader, _ source: QueryReader.Step?
  ) -> [NamedColumn]? {
    if entry.key == "read" { return read(reader) }
    guard let source else { return nil }
    switch entry.key {
    case "filter":
      guard let text = reader.text("filter") else { return nil }
      do throws(ExpressionRefusal) {
        let condition = try ExpressionText.condition(text, source.columns)
        operators.append(.filter(source.number, condition))
      } catch {
        log.add(entry.value.mark, "\(reader.path(of: "filter")): \(error.message)")
        return nil
      }
      return source.columns
    case "map": return map(reader, source)
    case "union": return union(reader, source)
    case "deduplicate": return deduplicate(reader, source)
    case "top": return top(reader, source)
    case "interval_join", "as_of_join": return join(entry.key, reader, source)
    default: return window(entry.key, reader, source)
    }
  }

  private func read(_ reader: MappingReader) -> [NamedColumn]? {
    guard let name = reader.choice("read", among: streams.map(\.name)),
      let stream = streams.first(where: { $0.name == name })
    else { return nil }
    let (columns, sources) = stream.columns
    if let known = inputs.firstIndex(where: { $0.stream == name }) {
      operators.append(.input(known))
    } else {
      operators.append(.input(inputs.count))
      inputs.append(
        PlanInput(
          stream: name, columns: sources, eventTime: stream.schema.fields[stream.timeField].name))
    }
    return columns
  }

  private func map(_ reader: MappingReader, _ source: QueryReader.Step) -> [NamedColumn]? {
    guard let entries = reader.freeMapping("map") else { return nil }
    var columns: [NamedColumn] = []
    var expressions: [Expression] = []
    for entry in entries {
      guard let text = entry.value.scalar else {
        log.add(entry.value.mark, "\(reader.path(of: "map")).\(entry.key): no expression")
        return nil
      }
      do throws(ExpressionRefusal) {
        let (expression, kind) = try ExpressionText.value(text, source.columns)
        expressions.append(expression)
        columns.append(NamedColumn(name: entry.key, kind: kind))
      } catch {
        log.add(entry.value.mark, "\(reader.path(of: "map")).\(entry.key): \(error.message)")
        return nil
      }
    }
    operators.append(.select(source.number, expressions))
    return columns
  }

  private func union(_ reader: MappingReader, _ source: QueryReader.Step) -> [NamedColumn]? {
    guard let names = reader.texts("union"), let mark = reader.entry("union")?.value.mark else {
      return nil
    }
    let parts = names.compactMap { name in steps.last { $0.name == name } }
    if parts.count != names.count || parts.isEmpty {
      log.add(mark, "\(reader.path(of: "union")): steps before this one are wanted, by name")
      return nil
    }
    if parts.contains(where: { $0.columns != parts[0].columns }) {
      log.add(
        mark, "\(reader.path(of: "union")): the steps have different columns",
        hint: "bring them to the same with map")
      return nil
    }
    operators.append(.union(parts.map(\.number)))
    return parts[0].columns
  }

  private func deduplicate(_ reader: MappingReader, _ source: QueryReader.Step) -> [NamedColumn]? {
    guard let inner = reader.mapping("deduplicate", known: ["by", "horizon"]) else { return nil }
    inner.require("by")
    inner.require("horizon", hint: "such as horizon: 60s")
    guard let by = columns(inner, "by", source), let horizon = inner.duration("horizon") else {
      return nil
    }
    operators.append(.deduplicate(source.number, by: by, horizon: horizon))
    return source.columns
  }

  private func top(_ reader: MappingReader, _ source: QueryReader.Step) -> [NamedColumn]? {
    guard let inner = reader.mapping("top", known: ["count", "group", "by"]) else { return nil }
    inner.require("count")
    inner.require("by", hint: "columns, a - before those that fall: by: [-total, player]")
    guard let count = inner.count("count"), let names = inner.texts("by") else { return nil }
    guard let group = inner.has("group") ? columns(inner, "group", source) : [] else { return nil }
    var order: [SortColumn] = []
    for name in names {
      let falls = name.hasPrefix("-")
      guard let column = column(falls ? String(name.dropFirst()) : name, "by", inner, source)
      else { return nil }
      order.append(SortColumn(column, descending: falls))
    }
    if !(1...100_000).contains(count), let mark = inner.entry("count")?.value.mark {
      log.add(mark, "\(inner.path(of: "count")): 1 to 100000 is wanted")
      return nil
    }
    operators.append(.topN(source.number, group: group, order: order, count: Int(count)))
    return source.columns + [NamedColumn(name: "rank", kind: .number)]
  }

  private func join(
    _ kind: String, _ reader: MappingReader, _ source: QueryReader.Step
  ) -> [NamedColumn]? {
    let known = ["with", "on", "lower", "upper", "kind", "back", "at"]
    guard let inner = reader.mapping(kind, known: known) else { return nil }
    inner.require("with", hint: "the name of the step on the right")
    inner.require("on", hint: "columns of the same names on both sides: on: [id]")
    let strays = kind == "as_of_join" ? ["lower", "upper"] : ["back", "at"]
    for key in strays {
      guard let entry = inner.entry(key) else { continue }
      log.add(entry.keyMark, "\(inner.path(of: key)) means nothing for \(kind)")
    }
    guard let right = step(inner, "with"), let leftKey = columns(inner, "on", source),
      let rightKey = columns(inner, "on", right)
    else { return nil }
    let isLeft = inner.choice("kind", among: ["inner", "left"]) == "left"
    if kind == "interval_join" {
      inner.require("lower", hint: "such as lower: -5s")
      inner.require("upper", hint: "such as upper: 5s")
      guard let lower = inner.value("lower", Self.signed),
        let upper = inner.value("upper", Self.signed)
      else { return nil }
      operators.append(
        .intervalJoin(
          IntervalJoin(
            left: source.number, right: right.number, leftKey: leftKey, rightKey: rightKey,
            lower: lower, upper: upper, kind: isLeft ? .left : .inner)))
    } else {
      operators.append(
        .asOfJoin(
          AsOfJoin(
            left: source.number, right: right.number, leftKey: leftKey, rightKey: rightKey,
            kind: isLeft || !inner.has("kind") ? .left : .inner, back: inner.duration("back"))))
    }
    let names = source.columns.map(\.name)
    return source.columns
      + right.columns.map { column in
        names.contains(column.name)
          ? NamedColumn(name: "\(right.name)_\(column.name)", kind: column.kind) : column
      }
  }

  private static func signed(_ text: String) throws(ValueRefusal) -> Nanoseconds {
    text.hasPrefix("-") ? -(try parseDuration(String(text.dropFirst()))) : try parseDuration(text)
  }

  func columns(_ reader: MappingReader, _ key: String, _ source: QueryReader.Step) -> [Int]? {
    guard let names = reader.texts(key) else { return nil }
    return names.compactMapAll { column($0, key, reader, source) }
  }

  func column(
    _ name: String, _ key: String, _ reader: MappingReader, _ source: QueryReader.Step
  ) -> Int? {
    if let index = source.columns.firstIndex(where: { $0.name == name }) { return index }
    guard let mark = reader.entry(key)?.value.mark else { return nil }
    let known = source.columns.map(\.name)
    log.add(
      mark, "\(reader.path(of: key)): step \(quoted(source.name)) has no column \(quoted(name))",
      hint: nearestName(to: name, in: known).map { "did you mean '\($0)'?" }
        ?? "it has \(known.joined(separator: ", "))")
    return nil
  }

  func append(_ planned: PlanOperator) { operators.append(planned) }
}

extension FileStream {
  /// The columns that a query sees of the stream, and where each comes from: the identity, then all
  /// fields that are numbers, enums, booleans or strings; at most 29 of them.
  var columns: (named: [NamedColumn], sources: [ColumnSource]) {
    var named = ["source", "sequence"].map { NamedColumn(name: $0, kind: .number) }
    var sources: [ColumnSource] = [.source, .sequence]
    for (field, kernel) in zip(schema.fields.dropFirst(2), kernels) where named.count < 31 {
      var type = field.type
      if case .nullable(let inner, _) = type { type = inner }
      switch type {
      case .int, .long, .timestampMillis, .timestampMicros, .boolean:
        sources.append(.field(field.name))
        named.append(NamedColumn(name: field.name, kind: .number))
      case .enumeration(_, let symbols):
        sources.append(.field(field.name))
        named.append(NamedColumn(name: field.name, kind: .names(symbols)))
      case .string:
        let isShort = kernel.kernel.longestText <= 7
        sources.append(isShort ? .text(field.name) : .textDigest(field.name))
        named.append(NamedColumn(name: field.name, kind: isShort ? .text : .digest))
      case .bytes, .float, .double, .fixed, .nullable: break
      }
    }
    return (named, sources)
  }
}

extension Kernel {
  /// Bytes of the longest string that it gives.
  var longestText: Int {
    switch self {
    case .texts(let texts, _): texts.map(\.utf8.count).max() ?? 0
    case .letters(let count): count
    case .member, .token, .counter: 20
    case .attribute(_, let inner): inner.longestText
    default: 0
    }
  }
}
