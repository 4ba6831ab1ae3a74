import Model

/// One line of `weir list keys`.
public struct GrammarLine: Hashable, Sendable {
  /// Keys joined by dots; an element of a list is `*`, a free name `NAME`.
  public var path: String
  /// Type and range, in a few words.
  public var type: String
  /// The default as written, or in words; nil without one.
  public var defaultText: String?
  /// In a few words.
  public var meaning: String
  /// False for keys that this version refuses, or that belong to kinds it has not.
  public var isAvailable: Bool
}

/// The keys at and below a path, in the order of the table; all of them without a path. Empty when
/// there is no such path.
public func grammarLines(below path: String? = nil) -> [GrammarLine] {
  var lines: [GrammarLine] = []
  for key in scenarioGrammar { collect(key, key.name, isAvailable: true, into: &lines) }
  guard let path else { return lines }
  return lines.filter { $0.path == path || $0.path.hasPrefix(path + ".") }
}

private func collect(
  _ key: GrammarKey, _ path: String, isAvailable: Bool, into lines: inout [GrammarLine]
) {
  let now = isAvailable && key.availability == .now
  lines.append(
    GrammarLine(
      path: path, type: key.type.text,
      defaultText: key.isRequired ? "required" : key.defaultText ?? key.defaultNote,
      meaning: key.meaning, isAvailable: now))
  collect(key.type, path, now, into: &lines)
}

private func collect(
  _ type: GrammarType, _ path: String, _ isAvailable: Bool, into lines: inout [GrammarLine]
) {
  switch type {
  case .section(let keys):
    for key in keys {
      collect(key, "\(path).\(key.name)", isAvailable: isAvailable, into: &lines)
    }
  case .list(let element): collect(element, "\(path).*", isAvailable, into: &lines)
  case .free(let value): collect(value, "\(path).NAME", isAvailable, into: &lines)
  case .expectations(let keys):
    for key in keys {
      collect(key, "\(path).\(key.name)", isAvailable: isAvailable, into: &lines)
    }
    for metric in scenarioMetrics {
      let values = metric.values.map(\.rawValue).joined(separator: " or ")
      lines.append(
        GrammarLine(
          path: "\(path).\(metric.name)", type: "threshold on a \(values)", defaultText: nil,
          meaning: metric.meaning, isAvailable: metric.isAvailable))
    }
  default: break
  }
}

/// `weir list keys [PATH]` as text, columns aligned; nil when there is no such path.
public func grammarText(below path: String? = nil) -> String? {
  let lines = grammarLines(below: path)
  if lines.isEmpty { return nil }
  let rows = lines.map { line in
    [
      line.path, line.type + (line.defaultText.map { " [\($0)]" } ?? ""),
      line.isAvailable ? line.meaning : "\(line.meaning) (not in this version)",
    ]
  }
  let pathWidth = rows.map(\.[0].count).max() ?? 0
  let typeWidth = min(44, rows.map(\.[1].count).max() ?? 0)
  func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
  return rows.map {
    "\(padded($0[0], pathWidth))  \(padded($0[1], typeWidth))  \($0[2])\n"
  }.joined()
}
