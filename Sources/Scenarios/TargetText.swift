import Model

/// `role [ "-" index from 1 ] | "leader(" stream "/" partition ")" | role ( "<->" | "->" ) role`.
/// The other targets of the grammar are named as not in this version.
public func parseTarget(_ text: String) throws(ValueRefusal) -> FaultTarget {
  for (arrow, bothWays) in [("<->", true), ("->", false)] {
    guard let range = text.firstRange(of: arrow) else { continue }
    let from = try role(String(text[..<range.lowerBound]), of: text)
    let to = try role(String(text[range.upperBound...]), of: text)
    return .link(from, to, bothWays: bothWays)
  }
  if text.hasPrefix("leader") { return try leader(text) }
  let name = text.prefix { !isDigit($0) }
  if name.last == "-", name.count > 1 {
    let digits = text[name.endIndex...]
    guard digits.allSatisfy(isDigit), digits.first != "0", let index = Int(digits),
      index <= 1_000_000
    else {
      throw ValueRefusal("\(quoted(text)) has no index", hint: "an index begins with 1: broker-1")
    }
    return .node(try role(String(name.dropLast()), of: text), index: index)
  }
  return .node(try role(text, of: text), index: nil)
}

private func leader(_ text: String) throws(ValueRefusal) -> FaultTarget {
  let open = text.dropFirst("leader".count)
  let inside = open.dropFirst().dropLast()
  guard open.first == "(", open.last == ")", let slash = inside.lastIndex(of: "/"),
    slash != inside.startIndex
  else {
    throw ValueRefusal(
      "\(quoted(text)) names no partition", hint: "write leader(STREAM/PARTITION)")
  }
  let digits = inside[inside.index(after: slash)...]
  guard !digits.isEmpty, digits.allSatisfy(isDigit), let partition = Int(digits),
    partition <= 1_000_000
  else {
    throw ValueRefusal(
      "\(quoted(text)) names no partition", hint: "partitions are counted from 0")
  }
  return .leader(stream: String(inside[..<slash]), partition: partition)
}

private func role(_ name: String, of text: String) throws(ValueRefusal) -> FaultTarget.Role {
  if let role = FaultTarget.Role(rawValue: name) { return role }
  if name == "registry" || name == "checkpoint-store" {
    throw ValueRefusal("target \(quoted(name)) is not in this version")
  }
  let known = FaultTarget.Role.allCases.map(\.rawValue)
  let near = nearestName(to: name, in: known)
  throw ValueRefusal(
    "no such target: \(quoted(text))",
    hint: near.map { "did you mean '\($0)'?" } ?? "roles are \(known.joined(separator: ", "))")
}
