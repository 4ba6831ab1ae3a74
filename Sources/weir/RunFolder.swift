import Commands
import Glibc
import Model
import Scenarios

/// A folder of one run. It is filled beside its place as `.partial-...` and appears under its own
/// name only when it is whole.
struct RunFolder {
  /// Where it is filled.
  let partial: String
  private let parent: String
  /// The place asked for by `--out`; nil: named by the history hash.
  private let wanted: String?

  /// Makes the partial folder. Fails before anything is run when the place is taken by something
  /// that is not a run folder.
  init(scenario: String, out: String?) throws(Problems) {
    wanted = out.map { $0.count > 1 && $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
    if let wanted {
      try Self.refuseForeign(wanted)
      parent = Files.parent(wanted)
    } else {
      parent = "reports/\(scenario)"
    }
    do {
      try Files.makeFolder(parent)
      partial = try Self.claim(parent)
    } catch {
      let hint = "give a folder that can be written: --out DIR"
      throw Problems(error.list.map { Problem(file: $0.file, message: $0.message, hint: hint) })
    }
  }

  /// A folder beside a run, for a repetition of it that is thrown away.
  init(beside run: String) throws(Problems) {
    wanted = nil
    parent = Files.parent(run)
    partial = try Self.claim(parent)
  }

  private static func claim(_ parent: String) throws(Problems) -> String {
    var number = UInt32(truncatingIfNeeded: getpid())
    while true {
      let digits = String(number, radix: 16)
      let zeros = String(repeating: "0", count: 8 - digits.count)
      let path = "\(parent)/.partial-\(zeros)\(digits)"
      if mkdir(path, 0o755) == 0 { return path }
      // Left behind by a process of the same number that was killed.
      if errno != EEXIST {
        throw failure("the folder \(path) cannot be made: \(Files.reason(errno))")
      }
      number &+= 0x0100_0000
    }
  }

  /// Something at the place that is neither a run folder nor empty is not replaced.
  private static func refuseForeign(_ path: String) throws(Problems) {
    switch Files.kind(path) {
    case .missing: return
    case .file:
      throw failure("\(path) is in the way: it is a file", hint: "give a folder to --out")
    case .folder:
      if isRun(path) || Files.names(in: path).isEmpty { return }
      throw failure(
        "\(path) is in the way: it is a folder, but not one of a run",
        hint: "give a new folder, an empty one or a run folder to --out")
    }
  }

  /// True for a folder that Weir wrote: it holds a resolved scenario and a history or a result.
  static func isRun(_ path: String) -> Bool {
    let names = Files.names(in: path)
    return names.contains("scenario.yaml")
      && (names.contains("history.weir") || names.contains("result.json"))
  }

  /// Puts the folder in its place, over an older run. Returns the place.
  func finish(hash: String) throws(Problems) -> String {
    let target = wanted ?? "\(parent)/\(hash.prefix(8))"
    try Self.refuseForeign(target)
    if Files.kind(target) == .folder {
      let old = partial + ".old"
      try Files.move(target, to: old)
      do {
        try Files.move(partial, to: target)
      } catch {
        try Files.move(old, to: target)
        throw error
      }
      Files.removeTree(old)
    } else {
      try Files.move(partial, to: target)
    }
    return target
  }

  /// Takes back what was written, with the folders above it that hold nothing else.
  func discard() {
    Files.removeTree(partial)
    var folder = parent
    while folder.hasPrefix("reports") && rmdir(folder) == 0 { folder = Files.parent(folder) }
  }

  func write(_ bytes: [UInt8], as name: String) throws(Problems) {
    try Files.write(bytes, to: "\(partial)/\(name)")
  }
}

/// Finds runs by folder or by the first digits of their hash.
enum RunLookup {
  /// All run folders below `reports/`, sorted.
  static func all(below folder: String = "reports", depth: Int = 0) -> [String] {
    if depth > 8 { return [] }
    var out: [String] = []
    for name in Files.names(in: folder) where !name.hasPrefix(".") {
      let path = "\(folder)/\(name)"
      if Files.kind(path) != .folder { continue }
      if RunFolder.isRun(path) {
        out.append(path)
      } else {
        out += all(below: path, depth: depth + 1)
      }
    }
    return out
  }

  /// The run folder that a word means.
  static func find(_ word: String) throws(Problems) -> String {
    let word = word.count > 1 && word.hasSuffix("/") ? String(word.dropLast()) : word
    if Files.kind(word) == .folder {
      if RunFolder.isRun(word) { return word }
      throw failure(
        "\(word) is not a run folder: scenario.yaml and history.weir or result.json are missing")
    }
    let runs = all()
    let digits = word.lowercased()
    if word.count >= 2, digits.allSatisfy(\.isHexDigit) {
      let found = runs.filter {
        let name = Files.lastPart($0)
        return name.hasPrefix(digits) || digits.count > 8 && digits.hasPrefix(name)
      }
      if found.count == 1 { return found[0] }
      if found.count > 1 {
        throw failure(
          "'\(word)' can mean \(found.count) runs: \(found.joined(separator: ", "))",
          hint: "give more digits, or the folder")
      }
    }
    var text = "no run '\(word)'"
    if let near = nearestName(to: digits, in: runs.map(Files.lastPart)) {
      text += "; did you mean '\(near)'?"
    }
    text +=
      runs.isEmpty
      ? "  There are no runs below reports/" : "  Looked for a folder, then below reports/"
    throw failure(text, hint: "make one: weir demo")
  }
}
