import Commands
import Model
import Scenarios

/// One thing that `weir list` knows.
struct ListItem {
  var name: String
  /// Second column: domain, availability, default; may be empty.
  var kind: String
  var text: String
  /// Told when the item is named.
  var details: [(name: String, text: String)] = []
}

extension Session {
  func list() throws(Problems) -> ExitCode {
    guard let kind = invocation.arguments.first else {
      try overview()
      return .holds
    }
    if invocation.has("schema") {
      if kind != "keys" { throw failure("--schema goes with: weir list keys") }
      console.result(scenarioJSONSchema(catalog: Catalogue.forLoader))
      return .holds
    }
    let catalogue = Catalogue(console)
    var items = try catalogue.items(kind)
    var detailed = false
    if invocation.arguments.count > 1 {
      let name = invocation.arguments[1]
      let chosen = Self.choose(name, items)
      if chosen.isEmpty {
        var text = "no \(name) in weir list \(kind)"
        if let near = nearestName(to: name, in: items.map(\.name)) {
          text += "; did you mean '\(near)'?"
        }
        throw failure("\(text)  All of them: weir list \(kind)")
      }
      items = chosen
      detailed = chosen.count == 1
    }
    if console.json {
      console.document(document(kind, items))
    } else {
      console.result(detailed ? page(items[0]) : table(items))
    }
    return .holds
  }

  /// The item of that name, else those that begin with it or stand below it.
  private static func choose(_ name: String, _ items: [ListItem]) -> [ListItem] {
    if let exact = items.first(where: { $0.name == name }) {
      let below = items.filter { $0.name.hasPrefix(name + ".") }
      return [exact] + below
    }
    return items.filter {
      $0.name.hasPrefix(name) || $0.kind == name || $0.name.hasSuffix("/" + name)
    }
  }

  private func table(_ items: [ListItem]) -> String {
    let first = min(items.map(\.name.count).max() ?? 0, 44) + 2
    let second = items.map(\.kind.count).max() ?? 0
    return items.map { item in
      let kind = second == 0 ? "" : padded(item.kind, second + 2)
      return trimmedRight(padded(item.name, first - 1) + " " + kind + item.text) + "\n"
    }.joined()
  }

  private func page(_ item: ListItem) -> String {
    var out = "\(item.name)\(item.kind.isEmpty ? "" : "  (\(item.kind))")\n  \(item.text)\n"
    let width = min(item.details.map(\.name.count).max() ?? 0, 40) + 2
    for detail in item.details { out += "  \(padded(detail.name, width))\(detail.text)\n" }
    return out
  }

  private func document(_ kind: String, _ items: [ListItem]) -> JSONValue {
    .object([
      ("schema", .string("weir-list/1")), ("kind", .string(kind)),
      (
        "items",
        .array(
          items.map { item in
            .object([
              ("name", .string(item.name)), ("kind", .string(item.kind)),
              ("text", .string(item.text)),
              (
                "details",
                .array(
                  item.details.map {
                    .object([("name", .string($0.name)), ("text", .string($0.text))])
                  })
              ),
            ])
          })
      ),
    ])
  }

  private func overview() throws(Problems) {
    let catalogue = Catalogue(console)
    let workloads = try catalogue.items("workloads")
    let scenarios = ScenarioLookup().all().count
    let names = { (kind: String) throws(Problems) -> String in
      try catalogue.items(kind).map(\.name).joined(separator: "  ")
    }
    let checked = try catalogue.items("checkers")
    let counts = "\(checked.filter { $0.kind == "checked" }.count) of \(checked.count) classes"
    if console.json {
      let kinds = listKinds.filter { $0 != "scenarios" }
      var members: [(String, JSONValue)] = [("schema", .string("weir-list/1"))]
      for kind in kinds {
        members.append((kind, .array(try catalogue.items(kind).map { .string($0.name) })))
      }
      members.append(
        ("scenarios", .array(ScenarioLookup().all().map { .string($0.name) })))
      console.document(.object(members))
      return
    }
    var out = ""
    var domains: [String] = []
    for item in workloads where !domains.contains(item.kind) { domains.append(item.kind) }
    for (index, domain) in domains.enumerated() {
      let own = workloads.filter { $0.kind == domain }.map(\.name).joined(separator: "  ")
      out += padded(index == 0 ? "WORKLOADS" : "", 12) + padded(domain, 12) + own + "\n"
    }
    out += padded("BACKBONES", 12) + (try names("backbones")) + "\n"
    out += padded("ENGINES", 12) + (try names("engines")) + "\n"
    out += padded("FAULTS", 12) + (try names("faults")) + "\n"
    out += padded("CHECKERS", 12) + "\(counts) of anomalies: weir list checkers\n"
    out += padded("SCENARIOS", 12) + "\(scenarios): weir list scenarios\n"
    out += padded("KEYS, COSTS", 12) + "of a scenario, with defaults: weir list keys [SECTION]\n"
    console.result(out)
  }
}
