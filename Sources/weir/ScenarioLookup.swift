import Commands
import Model
import Scenarios

/// A scenario that was found.
struct FoundScenario: Hashable {
  /// As it is shown in messages and opened.
  var path: String
  /// Path below `scenarios/` without `.yaml`, or the file's name.
  var name: String
}

/// Finds scenarios: a file, else a name below a `scenarios/` folder of the current folder, of
/// WEIR_HOME, or of the program.
struct ScenarioLookup {
  /// Folders that hold a `scenarios/` folder, without doubles.
  var homes: [String]

  init() {
    var found: [String] = []
    var real: [String] = []
    for home in ["."] + [variable("WEIR_HOME")].compactMap({ $0 }) + Self.programHomes() {
      guard let path = Files.realPath("\(home)/scenarios") else { continue }
      if real.contains(path) { continue }
      real.append(path)
      found.append(home)
    }
    homes = found
  }

  private static func programHomes() -> [String] {
    guard let program = Files.realPath("/proc/self/exe") else { return [] }
    let folder = Files.parent(program)
    return [folder, "\(folder)/../share/weir"]
  }

  /// All scenarios in all homes; the first home wins when two have the same name.
  func all() -> [FoundScenario] {
    var out: [FoundScenario] = []
    for home in homes {
      for name in Self.names(below: "\(home)/scenarios", prefix: "") {
        if out.contains(where: { $0.name == name }) { continue }
        let folder = home == "." ? "scenarios" : "\(home)/scenarios"
        out.append(FoundScenario(path: "\(folder)/\(name).yaml", name: name))
      }
    }
    return out.sorted { $0.name < $1.name }
  }

  private static func names(below folder: String, prefix: String, depth: Int = 0) -> [String] {
    if depth > 8 { return [] }
    var out: [String] = []
    for name in Files.names(in: folder) where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if name.hasSuffix(".yaml") && !name.hasSuffix(".workload.yaml") {
        out.append(prefix + name.dropLast(5))
      } else if Files.kind(path) == .folder {
        out += names(below: path, prefix: "\(prefix)\(name)/", depth: depth + 1)
      }
    }
    return out
  }

  /// The scenario that a word of the command line means.
  func find(_ word: String) throws(Problems) -> FoundScenario {
    if Files.kind(word) == .file {
      return FoundScenario(path: word, name: nameOf(file: word))
    }
    var wanted = word.hasSuffix(".yaml") ? String(word.dropLast(5)) : word
    if wanted.hasPrefix("scenarios/") { wanted.removeFirst("scenarios/".count) }
    let all = all()
    if let exact = all.first(where: { $0.name == wanted }) { return exact }
    let ends = all.filter { $0.name.hasSuffix("/\(wanted)") && !wanted.isEmpty }
    if ends.count == 1 { return ends[0] }
    if ends.count > 1 {
      let names = ends.map(\.name).joined(separator: ", ")
      throw failure(
        "'\(word)' can mean \(ends.count) scenarios: \(names)", hint: "give one of them")
    }
    throw notFound(word, wanted, all)
  }

  private func notFound(_ word: String, _ wanted: String, _ all: [FoundScenario]) -> Problems {
    let names = all.map(\.name)
    var near = nearestName(to: wanted, in: names)
    if near == nil, !wanted.contains("/") {
      let last = nearestName(to: wanted, in: names.map(Files.lastPart))
      near = last.flatMap { part in names.first { Files.lastPart($0) == part } }
    }
    var text = "no scenario '\(word)'"
    if let near { text += "; did you mean '\(near)'?" }
    let places =
      homes.isEmpty
      ? "no scenarios/ folder was found"
      : homes.map {
        "\($0 == "." ? "" : "\($0)/")scenarios/"
      }.joined(separator: ", ")
    return failure(
      "\(text)  Looked for a file, then in: \(places)", hint: "see all of them: weir list scenarios"
    )
  }

  /// Below a known `scenarios/` folder the path in it, elsewhere the file's own name.
  private func nameOf(file: String) -> String {
    let plain = Files.lastPart(file)
    let own = plain.hasSuffix(".yaml") ? String(plain.dropLast(5)) : plain
    guard let real = Files.realPath(file) else { return own }
    for home in homes {
      guard let root = Files.realPath("\(home)/scenarios"), real.hasPrefix(root + "/") else {
        continue
      }
      let below = real.dropFirst(root.count + 1)
      return String(below.hasSuffix(".yaml") ? below.dropLast(5) : below)
    }
    return own
  }
}
